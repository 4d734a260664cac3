"""Truth of the broken promises: whose first attempt came later than an hour of business time, and who had the lead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sandbox.facts import Key
from sandbox.truth_events import Head
from sandbox.truth_ledger import Ledger
from sandbox.truth_roi import Cells, month
from sandbox.truth_speed import open_seconds, published, shifts

ALLOWED = 3_600


def breaches(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """One row per lead, of CRMs that keep their calls; only the promise for ordinary forms names any lead."""
    shown = published(ledger)
    for head in ledger.heads.values():
        if head.lead.crm in shown["whole"]:
            tried = min((at for at in head.touched + head.answered if at >= head.lead.created), default=None)
            if open_seconds(head.lead.created, tried or ledger.as_of) > ALLOWED:
                yield (head.lead.crm, head.lead.lead_id), _breach(head, tried, head.lead.crm in shown["routing"])


def _breach(head: Head, tried: datetime | None, is_routed: bool) -> Cells:
    lead, due = head.lead, due_at(head.lead.created)
    given = min((at for at in head.assigned if at >= lead.created), default=None)
    if given is not None and tried is not None:
        given = min(given, tried)
    action = None
    if tried is None:
        action = "assign" if given is None and is_routed else "attempt"
    return {
        **dict(zip(("platform", "account_id", "campaign_id"), head.campaign, strict=True)), "owner_id": lead.owner_id,
        "created_day": head.day.isoformat(), "cohort_month": month(head.day).isoformat(), "lead_kind": "form",
        "clock": "business_hours", "allowed_seconds": ALLOWED, "due_at": _text(due), "responded_at": _text(tried),
        "is_waiting": tried is None, "owed_by": _owed_by(given, tried, due, is_routed), "next_action": action,
        "late_seconds": None if tried is None else int((tried - due).total_seconds()),
        "late_business_seconds": None if tried is None else open_seconds(due, tried)}


def _owed_by(given: datetime | None, tried: datetime | None, due: datetime, is_routed: bool) -> str:
    if given is not None:
        return "sales" if given <= due else "routing"
    return "routing" if tried is None and is_routed else "unknown"


def due_at(created: datetime) -> datetime:
    """The instant at which the allowed time has passed: shift by shift, until it is used up."""
    left = timedelta(seconds=ALLOWED)
    for opens, closes in shifts(created, created + timedelta(days=31)):
        begins = max(opens, created)
        if closes - begins >= left:
            return begins + left
        left -= max(timedelta(), closes - begins)
    raise ValueError(f"no business hours within a month of {created}")


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None).isoformat()
