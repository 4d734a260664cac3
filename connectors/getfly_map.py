"""Getfly records to canonical rows. Ids come as text or numbers, local times without an offset, money in VND."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Slice
from connectors.crm import (
    LeadFacts,
    Rejected,
    Row,
    Rows,
    answer_rows,
    as_is,
    campaign_link,
    deal_dates,
    instant,
    lead_rows,
    money,
    must,
)
from connectors.people import Hasher
from connectors.utm import tidy

CURRENCY = "VND"
NEW, APPROVED, CANCELLED = "1", "2", "3"
FIELDS = {
    "accounts": ("id", "account_code", "account_name", "email", "phone_office", "account_source", "relation_id",
                 "relation_name", "account_manager", "created_at", "updated_at", "detail_custom_fields"),
    "sale_orders": ("id", "order_code", "real_amount", "f_amount", "discount_amount", "account_id", "order_date",
                    "created_at", "updated_at", "status", "assigned_user", "custom_fields"),
    "account_keys": ("id",),
    "order_keys": ("id",),
}
_CUSTOM = {
    "accounts": frozenset({"utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "gclid", "gbraid",
                           "wbraid", "fbclid", "ttclid", "fb_lead_id", "landing_url", "campaign_code",
                           "origin_declared", "form_id"}),
    "sale_orders": frozenset({"campaign_code", "gross_margin", "lost_reason", "returned_amount"}),
}
#: Sent whether asked for or not, and not needed.
_IGNORED = frozenset({"total_revenue", "vat_amount", "account_email", "account_phone", "order_details"})


def account_rows(job: Slice, hasher: Hasher, zone: ZoneInfo, asked: Iterable[str], record: dict[str, Any]) -> Rows:
    """One account: the lead, its relation as of its last change, its answers, and its raw contact data."""
    custom, lead_id = _custom(record, "detail_custom_fields"), _id(record, "id")
    created, updated = _moment(record, "created_at", zone), _moment(record, "updated_at", zone, "created_at")
    lead = LeadFacts(
        lead_id=lead_id, email=as_is(record.get("email")), phone=as_is(record.get("phone_office")),
        created_at=created, updated_at=updated, url=tidy(custom.get("landing_url")), fields=custom,
        crm_campaign=tidy(custom.get("campaign_code")))
    rows = lead_rows(job, hasher, lead, vendor_lead_id=tidy(custom.get("fb_lead_id")),
                     form_id=tidy(custom.get("form_id")), owner_id=tidy(record.get("account_manager")),
                     recorded_source=_sources(record), self_declared_origin=tidy(custom.get("origin_declared")))
    key = {"source": job.source, "lead_id": lead_id}
    return {**rows, "lead_status": _relation(job, record, lead_id, updated),
            "portrait_answer": answer_rows(key, custom, asked)}


def _relation(job: Slice, record: dict[str, Any], lead_id: str, updated: datetime) -> list[Row]:
    relation = tidy(record.get("relation_name"))
    if relation is None:
        return []
    return [{"source": job.source, "lead_id": lead_id, "status_field": "relation_name", "status": relation,
             "entered_at": updated, "is_inferred": True}]


def order_rows(job: Slice, zone: ZoneInfo, record: dict[str, Any]) -> Rows:
    """One sale order: won when approved, on its order date; lost when cancelled, at its last change."""
    custom, status = _custom(record, "custom_fields"), _id(record, "status")
    created, updated = _moment(record, "created_at", zone), _moment(record, "updated_at", zone, "created_at")
    closed_at = updated if status == CANCELLED else None
    if status == APPROVED:
        closed_at = _moment(record, "order_date", zone)
    campaign = tidy(custom.get("campaign_code"))
    row = {
        "source": job.source, "deal_id": _id(record, "id"), "lead_id": _lead(record), "stage": status,
        "is_won": status == APPROVED, "is_lost": status == CANCELLED, "is_archived": False, "updated_at": updated,
        "deal_amount": money(record.get("real_amount"), "real_amount"), "currency_code": CURRENCY,
        "discount_amount": money(record.get("discount_amount"), "discount_amount"),
        "gross_margin_amount": money(custom.get("gross_margin"), "custom_fields.gross_margin"),
        "owner_id": tidy(record.get("assigned_user")), "lost_reason": tidy(custom.get("lost_reason")),
        "order_kind": "order", "paid_amount": money(record.get("f_amount"), "f_amount"),
        "returned_amount": money(custom.get("returned_amount"), "custom_fields.returned_amount"),
        **campaign_link(campaign), **deal_dates(job, created, closed_at)}
    return {"deal": [row], "deal_win": [_win(row)]}


def _win(deal: Row) -> Row:
    """Whether the order stands as won, since its last change: a version of ours, for Getfly tells no history."""
    is_won = deal["is_won"]
    return {"source": deal["source"], "deal_id": deal["deal_id"], "entered_at": deal["updated_at"], "is_won": is_won,
            "is_inferred": True, "closed_at": deal["closed_at"] if is_won else None,
            "closed_day": deal["closed_day"] if is_won else None}


def key_rows(job: Slice, record: dict[str, Any]) -> Rows:
    """One key of an account or order that there is."""
    table = job.stream.primary.table
    _, own = table.key
    return {table.name: [{"source": job.source, own: _id(record, "id")}]}


def drift(kind: str, records: Iterable[dict[str, Any]], asked: Iterable[str]) -> Iterator[str]:
    """Keys that nobody maps, custom fields included."""
    holder = "detail_custom_fields" if kind == "accounts" else "custom_fields"
    known, own = {*FIELDS[kind], *_IGNORED}, {*_CUSTOM.get(kind, ()), *asked}
    for record in records:
        yield from record.keys() - known
        custom = record.get(holder)
        if isinstance(custom, dict):
            yield from (f"{holder}.{name}" for name in custom.keys() - own)


def _moment(record: dict[str, Any], field: str, zone: ZoneInfo, otherwise: str = "") -> datetime:
    """A required instant; `otherwise` names the field that stands in when the vendor left this one empty."""
    moment = instant(record.get(field), field, zone)
    if moment is None and otherwise:
        moment = instant(record.get(otherwise), otherwise, zone)
    if moment is None:
        raise Rejected("missing", field)
    return moment


def _custom(record: dict[str, Any], field: str) -> dict[str, Any]:
    """Custom fields; a tenant without any sends an empty list."""
    found = record.get(field) or {}
    if not isinstance(found, dict):
        raise Rejected("not an object", field)
    return found


def _id(record: dict[str, Any], field: str) -> str:
    """An id as text, whether the shape at hand has it as text or as a number."""
    return str(must(tidy(record.get(field)), field))


def _sources(record: dict[str, Any]) -> str | None:
    """The ids of the account's sources in ascending order, with commas: somebody may tick several, and mostly none."""
    found = record.get("account_source") or []
    ids = {tidy(one) for one in (found if isinstance(found, list) else [found])} - {None}
    return ",".join(sorted(map(str, ids))) or None


def _lead(record: dict[str, Any]) -> str | None:
    """The order's account; 0 is how Getfly says none."""
    lead_id = tidy(record.get("account_id"))
    return None if lead_id in (None, "0") else lead_id
