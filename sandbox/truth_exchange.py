"""Truth of the daily exchange: what either side gave on each day that is over, and owed when it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sandbox.calendar import local_date, midnight
from sandbox.facts import Key
from sandbox.truth_feedback import VERDICTS
from sandbox.truth_ledger import Ledger
from sandbox.truth_roi import Cells
from sandbox.truth_sla import breaches

_OWED = ("leads_worked", "lost_reasons", "appeal_answers")
Given = Iterator[tuple[str, str, date]]
#: Who owes what since which day, and until before which day; None: to this day.
Debts = Iterator[tuple[str, str, date, date | None]]


def exchanged(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per day, side and item."""
    given = Counter(fact for facts in (_brought(ledger), _worked(ledger), _reasons(ledger), _appealed(ledger))
                    for fact in facts)
    owed: Counter[tuple[str, str, date]] = Counter()
    for side, item, first, until in (*_waiting(ledger), *_unexplained(ledger), *_unanswered(ledger)):
        for number in range(((until or ledger.today) - first).days):
            owed[side, item, first + timedelta(days=number)] += 1
    for side, item, day in {*given, *owed}:
        if day < ledger.today:
            yield (day.isoformat(), side, item), {
                "given_count": given[side, item, day],
                "still_owed_count": owed[side, item, day] if item in _OWED else None,
                "begins_at": _text(midnight(day, ledger.zone)),
                "ends_at": _text(midnight(day + timedelta(days=1), ledger.zone))}


def _brought(ledger: Ledger) -> Given:
    for head in ledger.heads.values():
        yield "marketing", "leads", head.day
        if head.is_qualified(None):
            yield "marketing", "qualified_leads", head.day
    for (_, day), spent in ledger.spend.items():
        if spent.reporting > 0 and not spent.is_remainder:
            yield "marketing", "campaigns", day


def _worked(ledger: Ledger) -> Given:
    for head in ledger.heads.values():
        for day in {local_date(at, ledger.zone) for at in head.touched}:
            yield "sales", "leads_worked", day
        for state in VERDICTS:
            if state in head.states and state not in head.appealed:
                yield "sales", "verdicts", local_date(head.states[state], ledger.zone)
    for work in ledger.calls:
        if work.call.direction == "outbound":
            yield "sales", "calls", work.day
    for day in ledger.told.met:
        yield "sales", "meetings", day
    for piece in ledger.told.pieces:
        if piece.kind == "note":
            yield "sales", "notes", local_date(piece.at, ledger.zone)


def _reasons(ledger: Ledger) -> Given:
    for deal, at in ledger.lost:
        if deal.lost_reason is not None:
            yield "sales", "lost_reasons", local_date(at, ledger.zone)


def _unexplained(ledger: Ledger) -> Debts:
    """Lost deals without a reason, of CRMs that know of reasons."""
    telling = {deal.crm for deal, _ in ledger.lost if deal.lost_reason is not None}
    for deal, at in ledger.lost:
        if deal.lost_reason is None and deal.crm in telling:
            yield "sales", "lost_reasons", local_date(at, ledger.zone), None


def _waiting(ledger: Ledger) -> Debts:
    """Every broken promise, from the day on which the attempt was due."""
    for _, breach in breaches(ledger):
        due, tried = (local_date(datetime.fromisoformat(f"{at}+00:00"), ledger.zone) if at else None
                      for at in (breach["due_at"], breach["responded_at"]))
        if due is not None:
            yield str(breach["owed_by"]), "leads_worked", due, tried


def _appealed(ledger: Ledger) -> Given:
    for side, other, filed, signed in _appeals(ledger):
        yield side, "appeals", filed
        if signed is not None:
            yield other, "appeal_answers", signed


def _unanswered(ledger: Ledger) -> Debts:
    """Each appeal, from the day on which it was filed until the other side signs."""
    for _, other, filed, signed in _appeals(ledger):
        yield other, "appeal_answers", filed, signed


def _appeals(ledger: Ledger) -> Iterator[tuple[str, str, date, date | None]]:
    """Who filed, who has to answer, and the days of both."""
    for appeal in ledger.company.appeals:
        if appeal.filed_at <= ledger.as_of:
            is_signed = appeal.signed_at is not None and appeal.signed_at <= ledger.as_of
            signed = local_date(appeal.signed_at, ledger.zone) if appeal.signed_at and is_signed else None
            other = "marketing" if appeal.side == "sales" else "sales"
            yield appeal.side, other, local_date(appeal.filed_at, ledger.zone), signed


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()
