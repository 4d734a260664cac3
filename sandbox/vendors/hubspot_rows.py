"""HubSpot's records as it stores them: properties as text, their history, and who is linked with whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

from sandbox.answers import PROPERTIES as ANSWERS
from sandbox.model import Call, Deal, Lead, Meeting, Note, StatusChange
from sandbox.view import deal_updated_at, ended
from sandbox.wire import Row, words
from sandbox.world import World, is_won

CRM = "hubspot"
DISPOSITIONS = {
    "answered": "f240bbac-87c9-4f6e-bf70-924b57d47db7", "busy": "9d9162e7-6cf3-4944-bf63-4dff82258764",
    "no_answer": "73a0d17f-1163-4015-bdd5-ec830791da20", "voicemail": "b2cf5968-551e-4856-9783-52b3da59a7d0",
    "wrong_number": "17b47fee-58de-441e-a44c-c6300d46f273",
}
STAGES = {"appointmentscheduled": "Appointment Scheduled", "qualifiedtobuy": "Qualified To Buy",
          "presentationscheduled": "Presentation Scheduled", "decisionmakerboughtin": "Decision Maker Bought-In",
          "contractsent": "Contract Sent", "closedwon": "Closed Won", "closedlost": "Closed Lost"}
PROPERTIES = {kind: words(text) for kind, text in {
    "contacts": """email phone firstname createdate lastmodifieddate lifecyclestage hs_lead_status hubspot_owner_id
        hs_object_id hs_analytics_source hs_analytics_first_url hs_google_click_id hs_facebook_click_id utm_source
        utm_medium utm_campaign utm_content utm_term fb_lead_id campaign_name how_did_you_hear form_id
        hs_merged_object_ids portrait_region portrait_purpose portrait_budget portrait_decides""",
    "deals": """dealname amount deal_currency_code dealstage pipeline closedate hs_is_closed_won hs_is_closed
        createdate hs_lastmodifieddate hubspot_owner_id hs_object_id discount_amount gross_margin closed_lost_reason
        campaign_name returned_amount""",
    "meetings": """hs_timestamp hs_meeting_start_time hs_meeting_end_time hs_meeting_outcome hs_meeting_title
        hubspot_owner_id hs_createdate hs_lastmodifieddate hs_object_id""",
    "notes": "hs_timestamp hs_note_body hubspot_owner_id hs_createdate hs_lastmodifieddate hs_object_id",
    "calls": """hs_timestamp hs_call_duration hs_call_direction hs_call_disposition hs_call_status hs_call_title
        hubspot_owner_id hs_createdate hs_lastmodifieddate hs_object_id hs_call_recording_url""",
}.items()}
DEFAULTS = {kind: words(text) for kind, text in {
    "contacts": "createdate email firstname hs_object_id lastmodifieddate",
    "deals": "amount closedate createdate dealname dealstage hs_lastmodifieddate hs_object_id pipeline",
    **dict.fromkeys(("calls", "meetings", "notes"), "hs_createdate hs_lastmodifieddate hs_object_id"),
}.items()}
TYPES = {"contacts": "contact", "deals": "deal", "calls": "call", "meetings": "meeting", "notes": "note"}


@dataclass(frozen=True)
class Record:
    """One object of the CRM. `links` maps another object type to ids; `history` is newest first."""

    id: str
    created: datetime
    updated: datetime
    archived_at: datetime | None
    properties: dict[str, str | None]
    history: dict[str, list[Row]] = field(default_factory=dict)
    links: dict[str, list[str]] = field(default_factory=dict)


def iso(instant: datetime) -> str:
    """An instant as HubSpot writes it."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


def records(world: World) -> dict[str, dict[str, Record]]:
    """All records by object type and id, in the order of their ids."""
    leads, deals = world.leads[CRM], world.deals[CRM]
    of_lead: dict[str, list[str]] = defaultdict(list)
    for deal in deals.values():
        of_lead[deal.lead_id or ""].append(deal.deal_id)
    return {
        "contacts": _index(_contact(world, lead, of_lead[lead.lead_id]) for lead in leads.values()),
        "deals": _index(_deal(world, deal) for deal in deals.values()),
        "calls": _index(_call(call, lead) for lead in leads.values() for call in lead.calls),
        "meetings": _index(_meeting(met, lead) for lead in leads.values() for met in lead.meetings),
        "notes": _index(_note(note, lead) for lead in leads.values() for note in lead.notes),
    }


def number(text: str) -> tuple[int, str]:
    """A sort key under which ids count as numbers."""
    return (int(text), "") if text.isdigit() else (0, text)


def _index(found: Iterable[Record]) -> dict[str, Record]:
    return {one.id: one for one in sorted(found, key=lambda one: number(one.id))}


def _contact(world: World, lead: Lead, deals: list[str]) -> Record:
    updated, gone = world.updated_at[CRM, lead.lead_id], world.absorbed.get((CRM, lead.lead_id), [])
    query = {name: values[-1] for name, values in parse_qs(urlsplit(lead.url or "").query).items()}
    properties = {
        "hs_object_id": lead.lead_id, "email": lead.email, "phone": lead.phone, "firstname": lead.name,
        "createdate": iso(lead.created), "lastmodifieddate": iso(updated), "hubspot_owner_id": lead.owner_id,
        "hs_analytics_source": lead.recorded_source, "hs_analytics_first_url": lead.url,
        "hs_google_click_id": query.get("gclid"), "hs_facebook_click_id": query.get("fbclid"),
        "fb_lead_id": lead.vendor_lead_id, "campaign_name": lead.crm_campaign,
        "how_did_you_hear": lead.declared_origin, "form_id": lead.form_id,
        **{ANSWERS[CRM][one.field]: one.value for one in lead.answers},
        "hs_merged_object_ids": ";".join(one.lead_id for one in gone) or None,
        **{f"utm_{name}": query.get(f"utm_{name}") for name in ("source", "medium", "campaign", "content", "term")},
    }
    absorbed = [one for other in gone for one in other.statuses if one.at <= world.now]
    history = _history(tuple(sorted((*lead.statuses, *absorbed), key=lambda one: one.at)))  # own values stay current
    links = {"deals": deals, "calls": [call.call_id for call in lead.calls],
             "meetings": [met.meeting_id for met in lead.meetings], "notes": [note.note_id for note in lead.notes]}
    current = _current(_history(lead.statuses))
    return Record(lead.lead_id, lead.created, updated, lead.archived_at, properties | current, history, links)


def _deal(world: World, deal: Deal) -> Record:
    updated, closed = deal_updated_at(deal, world.now), deal.won_at or deal.lost_at
    history = _history((*deal.stage_changes, *_wins(deal)))
    properties = {
        "hs_object_id": deal.deal_id, "dealname": f"Deal {deal.deal_id}", "amount": _money(deal.amount),
        "deal_currency_code": deal.currency, "pipeline": "default", "closedate": iso(closed) if closed else None,
        "hs_is_closed_won": str(is_won(deal)).lower(), "hs_is_closed": str(closed is not None).lower(),
        "createdate": iso(deal.created), "hs_lastmodifieddate": iso(updated), "hubspot_owner_id": deal.owner_id,
        "discount_amount": _money(None if deal.hides_discount else deal.discount), "gross_margin": _money(deal.margin),
        "closed_lost_reason": deal.lost_reason, "campaign_name": deal.crm_campaign,
        "returned_amount": _money(deal.returned),
    }
    links = {"contacts": [deal.lead_id] if deal.lead_id else []}
    return Record(deal.deal_id, deal.created, updated, deal.archived_at, properties | _current(history), history, links)


def _wins(deal: Deal) -> Iterator[StatusChange]:
    """The past of hs_is_closed_won, which follows the stage."""
    before = None
    for change in sorted(deal.stage_changes, key=lambda change: change.at):
        if (value := str(change.value == "closedwon").lower()) != before:
            yield StatusChange(change.at, "hs_is_closed_won", value)
        before = value


def _call(call: Call, lead: Lead) -> Record:
    properties: dict[str, str | None] = {
        "hs_object_id": call.call_id, "hs_timestamp": iso(call.at), "hs_call_duration": str(call.seconds * 1000),
        "hs_call_direction": call.direction.upper(), "hs_call_disposition": DISPOSITIONS.get(call.outcome),
        "hs_call_status": "COMPLETED" if call.outcome == "answered" else "NO_ANSWER", "hs_call_title": "Call",
        "hubspot_owner_id": call.owner_id, "hs_createdate": iso(call.at), "hs_lastmodifieddate": iso(call.at),
        "hs_call_recording_url": f"https://app.hubspot.com/recordings/{call.call_id}?t=x" if call.is_recorded else None,
    }
    return Record(call.call_id, call.at, call.at, None, properties, {}, {"contacts": [lead.lead_id]})


def _meeting(met: Meeting, lead: Lead) -> Record:
    over = ended(met)
    properties: dict[str, str | None] = {
        "hs_object_id": met.meeting_id, "hs_timestamp": iso(met.at), "hs_meeting_start_time": iso(met.at),
        "hs_meeting_end_time": iso(over), "hs_meeting_outcome": met.outcome.upper(), "hs_meeting_title": "Meeting",
        "hubspot_owner_id": met.owner_id, "hs_createdate": iso(over), "hs_lastmodifieddate": iso(over)}
    return Record(met.meeting_id, over, over, None, properties, {}, {"contacts": [lead.lead_id]})


def _note(note: Note, lead: Lead) -> Record:
    properties: dict[str, str | None] = {
        "hs_object_id": note.note_id, "hs_timestamp": iso(note.at), "hs_note_body": f"<p>{note.text}</p>",
        "hubspot_owner_id": note.owner_id, "hs_createdate": iso(note.at), "hs_lastmodifieddate": iso(note.at)}
    return Record(note.note_id, note.at, note.at, None, properties, {}, {"contacts": [lead.lead_id]})


def _history(changes: tuple[StatusChange, ...]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for change in reversed(changes):
        found[change.field].append({"value": change.value, "timestamp": iso(change.at), "sourceType": "CRM_UI",
                                    "sourceId": "userId:70", "updatedByUserId": 70})
    return dict(found)


def _current(history: dict[str, list[Row]]) -> dict[str, str | None]:
    return {name: str(entries[0]["value"]) for name, entries in history.items()}


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
