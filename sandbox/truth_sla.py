"""Truth of the broken promises: whose first attempt came later than it was due, and who had the lead then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sandbox.facts import Key
from sandbox.truth_cases import Case
from sandbox.truth_events import Head
from sandbox.truth_ledger import Ledger
from sandbox.truth_roi import Cells, month
from sandbox.truth_speed import open_seconds, published


def breaches(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """One row per first lead, of CRMs that keep their calls."""
    shown = published(ledger)
    for case in ledger.cases:
        if case.head is not None and case.lead.crm in shown["whole"]:
            tried = _first(case.head.touched + case.head.answered, case.lead.created)
            if (tried or ledger.as_of) > case.due:
                yield (case.lead.crm, case.lead.lead_id), _breach(
                    case, case.head, tried, is_routed=case.lead.crm in shown["routing"])


def _first(moments: list[datetime], since: datetime) -> datetime | None:
    return min((at for at in moments if at >= since), default=None)


def _breach(case: Case, head: Head, tried: datetime | None, *, is_routed: bool) -> Cells:
    given = _first(head.assigned, case.lead.created)
    if given is not None and tried is not None:
        given = min(given, tried)
    action = None
    if tried is None:
        action = "assign" if given is None and is_routed else "attempt"
    return {
        **dict(zip(("platform", "account_id", "campaign_id"), case.campaign, strict=True)),
        "owner_id": case.lead.owner_id or None, "created_day": case.day.isoformat(),
        "cohort_month": month(case.day).isoformat(), "lead_kind": "hot" if case.is_hot else "form",
        "due_at": _text(case.due), "responded_at": _text(tried), "is_waiting": tried is None,
        "owed_by": _owed_by(given, tried, case.due, is_routed=is_routed), "next_action": action,
        "late_seconds": None if tried is None else int((tried - case.due).total_seconds()),
        "late_business_seconds": None if tried is None else open_seconds(case.due, tried)}


def _owed_by(given: datetime | None, tried: datetime | None, due: datetime, *, is_routed: bool) -> str:
    if given is not None:
        return "sales" if given <= due else "routing"
    return "routing" if tried is None and is_routed else "unknown"


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None).isoformat()
