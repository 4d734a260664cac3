"""Truth of how long salespeople keep at it: what became of each lead's calls within thirty days."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction

from sandbox.facts import Key
from sandbox.truth_cases import LEAK_DAYS, Case
from sandbox.truth_leaks import FAIR_CALLS, FAIR_DAYS, dead_at
from sandbox.truth_ledger import Ledger
from sandbox.truth_roi import Cells, month, month_end
from sandbox.truth_shares import SMALL_SAMPLE, wilson

#: As many of a source's leads must have a call on record before its calls are told.
_ENOUGH = Fraction(6, 10)
_NEVER = 1_000_000


def followed(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per salesperson and mature month, of the CRMs that keep calls."""
    months: defaultdict[tuple[str, date], list[Case]] = defaultdict(list)
    for case in ledger.cases:
        if case.head is not None:
            months[case.lead.crm, month(case.day)].append(case)
    for (crm, first), group in months.items():
        is_mature = month_end(first) + timedelta(days=LEAK_DAYS) < ledger.today
        if is_mature and sum(bool(case.touches) for case in group) >= _ENOUGH * len(group):
            for owner in {case.lead.owner_id for case in group}:
                mine = [case for case in group if case.lead.owner_id == owner]
                yield (crm, owner or "(none)", first.isoformat()), _cells(mine)


def _cells(mine: Sequence[Case]) -> Cells:
    states = Counter(_state(case) for case in mine)
    owed = states["fair_effort"] + states["given_up"] + states["untouched"]
    cells: Cells = {f"{state}_count": states[state]
                    for state in ("reached", "settled", "fair_effort", "given_up", "untouched")}
    touches = sum(len(case.touches) for case in mine)
    return cells | {
        "unique_lead_count": len(mine), "owed_count": owed, "horizon_days": LEAK_DAYS, "touch_count": touches,
        "touches_per_lead_ratio": touches / len(mine), "left_count": sum(_is_left(case) for case in mine),
        "is_small_sample": owed < SMALL_SAMPLE, **_share(states["fair_effort"], owed), **_medians(mine)}


def _share(fair: int, owed: int) -> Cells:
    names = ("fair_effort_rate", "fair_effort_rate_low", "fair_effort_rate_high")
    if owed < SMALL_SAMPLE:
        return dict.fromkeys(names)
    return dict(zip(names, (fair / owed, *wilson(fair, owed)), strict=True))


def _is_lost(case: Case) -> bool:
    return case.state("lost") is not None or any(case.lead.created <= at <= case.end for at, _ in case.lost)


def _is_settled(case: Case) -> bool:
    before = any(win.at < case.lead.created for win in (case.head.wins if case.head else ()))
    return bool(case.sold) or before or dead_at(case) is not None or _is_lost(case) \
        or case.state("wrong_target") is not None


def _state(case: Case) -> str:
    if case.state("reached"):
        return "reached"
    if _is_settled(case):
        return "settled"
    calls = case.touches
    if len(calls) >= FAIR_CALLS and calls[-1] - calls[0] >= timedelta(days=FAIR_DAYS):
        return "fair_effort"
    return "given_up" if case.tried else "untouched"


def _is_left(case: Case) -> bool:
    reached = case.state("reached")
    if reached is None or _is_settled(case) or case.state("hot") or case.state("potential"):
        return False
    return not any(at > reached for at in case.touches) and not any(
        case.lead.created <= at <= case.end for at in case.begun)


def _medians(mine: Sequence[Case]) -> Cells:
    """The call by which half were reached, if who never was is never reached, and if they were by one call more."""
    told = [(case.state("reached"), case.touches) for case in mine if _state(case) != "settled"]
    until = sorted(_NEVER if at is None else sum(call <= at for call in calls) for at, calls in told)
    least = sorted(len(calls) + 1 if at is None else sum(call <= at for call in calls) for at, calls in told)
    if len(told) < SMALL_SAMPLE:
        return {"p50_touch_count": None, "p50_least_touch_count": None}
    half = (len(told) + 1) // 2 - 1
    return {"p50_touch_count": None if until[half] == _NEVER else until[half], "p50_least_touch_count": least[half]}
