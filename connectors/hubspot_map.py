"""HubSpot records to canonical rows. Every property is text or null; instants are ISO with an offset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from connectors.base import Slice
from connectors.crm import (
    LeadFacts,
    Rejected,
    Row,
    Rows,
    answer_rows,
    as_is,
    campaign_link,
    day_in,
    deal_dates,
    instant,
    lead_rows,
    money,
    must,
)
from connectors.hubspot_wire import Envelope
from connectors.people import Hasher
from connectors.utm import tidy

STATUS_FIELDS = ("lifecyclestage", "hs_lead_status")
#: Properties of which the past is asked for, too.
HISTORY = {"contacts": STATUS_FIELDS, "deals": ("hs_is_closed_won",)}
PROPERTIES = {
    "contacts": (
        "email", "phone", "createdate", "lastmodifieddate", *STATUS_FIELDS, "hubspot_owner_id", "hs_analytics_source",
        "hs_analytics_first_url", "hs_google_click_id", "hs_facebook_click_id", "utm_source", "utm_medium",
        "utm_campaign", "utm_content", "utm_term", "fb_lead_id", "campaign_name", "how_did_you_hear", "form_id",
        "hs_merged_object_ids"),
    "deals": (
        "dealname", "amount", "deal_currency_code", "dealstage", "pipeline", "closedate", "hs_is_closed_won",
        "hs_is_closed", "createdate", "hs_lastmodifieddate", "hubspot_owner_id", "discount_amount", "gross_margin",
        "closed_lost_reason", "campaign_name", "returned_amount"),
    "calls": (
        "hs_timestamp", "hs_call_direction", "hs_call_duration", "hs_call_disposition", "hs_call_status",
        "hs_createdate", "hs_lastmodifieddate", "hubspot_owner_id", "hs_call_recording_url"),
    "meetings": (
        "hs_timestamp", "hs_meeting_start_time", "hs_meeting_end_time", "hs_meeting_outcome", "hs_createdate",
        "hs_lastmodifieddate", "hubspot_owner_id"),
    # What a note says is never asked for: that there is one is all that anybody counts.
    "notes": ("hs_timestamp", "hs_createdate", "hs_lastmodifieddate", "hubspot_owner_id"),
}
#: The dispositions that every portal has; a portal's own ones are unknown and stay null.
DISPOSITIONS = {
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": "answered",
    "9d9162e7-6cf3-4944-bf63-4dff82258764": "busy",
    "73a0d17f-1163-4015-bdd5-ec830791da20": "no_answer",
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "no_answer",  # a message left with somebody else
    "b2cf5968-551e-4856-9783-52b3da59a7d0": "voicemail",
    "17b47fee-58de-441e-a44c-c6300d46f273": "wrong_number",
}
MEETING_OUTCOMES = frozenset({"scheduled", "completed", "rescheduled", "no_show", "canceled"})
_NOT_REACHED = {"BUSY": "busy", "NO_ANSWER": "no_answer", "MISSED": "no_answer"}
_KEYS = frozenset({"id", "properties", "propertiesWithHistory", "createdAt", "updatedAt", "archived", "archivedAt",
                   "associations", "url", "objectWriteTraceId"})

#: Properties that HubSpot sends whatever is asked for.
_UNASKED = frozenset({"hs_object_id", "createdate", "lastmodifieddate", "hs_createdate", "hs_lastmodifieddate",
                      "firstname", "lastname"})


def contact_rows(job: Slice, hasher: Hasher, asked: Iterable[str], record: dict[str, Any]) -> Rows:
    """One contact: the lead, its status history, whom it absorbed, its answers, and its raw contact data."""
    values, lead_id = _properties(record), _id(record)
    updated = must(instant(values.get("lastmodifieddate") or record.get("updatedAt"), "lastmodifieddate"),
                   "lastmodifieddate")
    lead = LeadFacts(
        lead_id=lead_id, email=as_is(values.get("email")), phone=as_is(values.get("phone")),
        created_at=must(instant(values.get("createdate") or record.get("createdAt"), "createdate"), "createdate"),
        updated_at=updated, url=tidy(values.get("hs_analytics_first_url")),
        fields=values | {"gclid": values.get("hs_google_click_id"), "fbclid": values.get("hs_facebook_click_id")},
        crm_campaign=tidy(values.get("campaign_name")), is_archived=bool(record.get("archived")))
    rows = lead_rows(job, hasher, lead, vendor_lead_id=tidy(values.get("fb_lead_id")),
                     form_id=tidy(values.get("form_id")), owner_id=tidy(values.get("hubspot_owner_id")),
                     recorded_source=tidy(values.get("hs_analytics_source")),
                     self_declared_origin=tidy(values.get("how_did_you_hear")))
    key = {"source": job.source, "lead_id": lead_id}
    return {**rows,
            "lead_status": [key | status for status in _history(record, values, updated)],
            "portrait_answer": answer_rows(key, values, asked),
            "lead_merge": [{"source": job.source, "lead_id": gone, "merged_into_id": lead_id}
                           for gone in _merged(values, lead_id)]}


def _history(record: dict[str, Any], values: dict[str, Any], updated: Any) -> list[Row]:
    """Every value a status property ever had; only where HubSpot kept no history, the current one at last change."""
    history = record.get("propertiesWithHistory") or {}
    found: dict[tuple[str, str, Any], bool] = {}
    for field in STATUS_FIELDS:
        versions = history.get(field)
        for version in versions or []:
            if (status := tidy(version.get("value"))) is not None:
                entered = must(instant(version.get("timestamp"), f"{field}.timestamp"), f"{field}.timestamp")
                found[field, status, entered] = False
        if versions is None and (status := tidy(values.get(field))) is not None:
            found[field, status, updated] = True
    return [{"status_field": field, "status": status, "entered_at": entered, "is_inferred": inferred}
            for (field, status, entered), inferred in found.items()]


def _merged(values: dict[str, Any], survivor: str) -> list[str]:
    ids = (part.strip() for part in str(values.get("hs_merged_object_ids") or "").split(";"))
    return sorted({part for part in ids if part and part != survivor})


def deal_rows(job: Slice, record: dict[str, Any], lead_id: str | None) -> Rows:
    """One deal, as last seen. A deal without a linked contact keeps its place: its lead is null."""
    values = _properties(record)
    is_won, is_closed = _flag(values, "hs_is_closed_won"), _flag(values, "hs_is_closed")
    closed_at = instant(values.get("closedate"), "closedate") if is_closed or is_won else None
    if is_won:
        must(closed_at, "closedate")
    amount = money(values.get("amount"), "amount")
    campaign = tidy(values.get("campaign_name"))
    created = must(instant(values.get("createdate") or record.get("createdAt"), "createdate"), "createdate")
    row = {
        "source": job.source, "deal_id": _id(record), "lead_id": lead_id, "stage": tidy(values.get("dealstage")),
        "is_won": is_won, "is_lost": is_closed and not is_won, "is_archived": bool(record.get("archived")),
        "updated_at": must(instant(values.get("hs_lastmodifieddate") or record.get("updatedAt"),
                                   "hs_lastmodifieddate"), "hs_lastmodifieddate"),
        "deal_amount": amount, "currency_code": _currency(values, job, needed=amount is not None),
        "discount_amount": money(values.get("discount_amount"), "discount_amount"),
        "gross_margin_amount": money(values.get("gross_margin"), "gross_margin"),
        "owner_id": tidy(values.get("hubspot_owner_id")), "lost_reason": tidy(values.get("closed_lost_reason")),
        "order_kind": "deal", "returned_amount": money(values.get("returned_amount"), "returned_amount"),
        **campaign_link(campaign), **deal_dates(job, created, closed_at)}
    return {"deal": [row], "deal_win": list(_wins(job, record))}


def _wins(job: Slice, record: dict[str, Any]) -> Iterator[Row]:
    """When the deal became won, and ceased to be; nothing where HubSpot kept no history: a cancellation is not seen."""
    versions = (record.get("propertiesWithHistory") or {}).get("hs_is_closed_won") or []
    told = {must(instant(version.get("timestamp"), "hs_is_closed_won.timestamp"), "hs_is_closed_won.timestamp"):
            _flag(version, "value") for version in reversed(versions)}  # newest first: of one instant it counts
    for entered_at, is_won in told.items():
        closed_at = entered_at if is_won else None
        yield {"source": job.source, "deal_id": _id(record), "entered_at": entered_at, "is_won": is_won,
               "is_inferred": False, "closed_at": closed_at, "closed_day": day_in(closed_at, job.business_zone)}


def _currency(values: dict[str, Any], job: Slice, *, needed: bool) -> str | None:
    """The deal's own currency; HubSpot leaves it empty in portals with a single one."""
    code = tidy(values.get("deal_currency_code")) or job.account.currency_code
    return str(must(code, "deal_currency_code")) if needed else code


def call_rows(job: Slice, record: dict[str, Any], lead_id: str | None) -> Rows:
    """One call, on the one contact it is primarily linked with."""
    values = _properties(record)
    outcome = DISPOSITIONS.get(str(values.get("hs_call_disposition") or "").lower())
    return _activity(
        job, record, lead_id, "call",
        direction={"INBOUND": "inbound", "OUTBOUND": "outbound"}.get(str(values.get("hs_call_direction"))),
        outcome=outcome or _NOT_REACHED.get(str(values.get("hs_call_status"))), duration_seconds=_seconds(values),
        has_recording=tidy(values.get("hs_call_recording_url")) is not None)


def meeting_rows(job: Slice, record: dict[str, Any], lead_id: str | None) -> Rows:
    """One meeting, when it was to begin; its outcome says whether it was held."""
    values = _properties(record)
    begun, ended = (instant(values.get(name), name) for name in ("hs_meeting_start_time", "hs_meeting_end_time"))
    outcome = str(values.get("hs_meeting_outcome") or "").lower()
    length = int((ended - begun).total_seconds()) if begun and ended and ended >= begun else None
    return _activity(job, record, lead_id, "meeting", begun, duration_seconds=length,
                     outcome=outcome if outcome in MEETING_OUTCOMES else None)


def note_rows(job: Slice, record: dict[str, Any], lead_id: str | None) -> Rows:
    """One note: that somebody wrote it, and when."""
    return _activity(job, record, lead_id, "note")


def _activity(job: Slice, record: dict[str, Any], lead_id: str | None, kind: str, at: Any = None, **more: Any) -> Rows:
    """What a person did, on one contact. What is on nobody cannot tell how a lead was treated."""
    values = _properties(record)
    if lead_id is None:
        raise Rejected("no lead", "associations.contacts")
    occurred_at = at or must(instant(values.get("hs_timestamp"), "hs_timestamp"), "hs_timestamp")
    row = {"source": job.source, "activity_id": _id(record), "lead_id": lead_id, "activity_kind": kind,
           "occurred_at": occurred_at, "occurred_day": day_in(occurred_at, job.business_zone), "is_automatic": False,
           "actor_id": tidy(values.get("hubspot_owner_id")), **more}
    return {"activity": [row]}


def _seconds(values: dict[str, Any]) -> int | None:
    """HubSpot counts milliseconds."""
    text = tidy(values.get("hs_call_duration"))
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise Rejected("not a duration", "hs_call_duration")
    return int(text) // 1000


def drift(asked: Iterable[str], page: Envelope) -> Iterator[str]:
    """Keys that nobody maps: a renamed property would show here before it shows as a null column."""
    known = {*asked, *_UNASKED}
    for record in page.records:
        yield from record.keys() - _KEYS
        yield from (f"properties.{name}" for name in (record.get("properties") or {}).keys() - known)


def _properties(record: dict[str, Any]) -> dict[str, Any]:
    values = record.get("properties")
    if not isinstance(values, dict):
        raise Rejected("missing", "properties")
    return values


def _id(record: dict[str, Any]) -> str:
    return str(must(record.get("id"), "id"))


def _flag(values: dict[str, Any], name: str) -> bool:
    return str(values.get(name) or "").lower() == "true"
