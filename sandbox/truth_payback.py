"""Truth of when a month's money comes back: its leads' margins, month after month, against its costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from sandbox.facts import Key
from sandbox.truth_cac import loaded, media_of
from sandbox.truth_events import Head, Win
from sandbox.truth_ledger import Ledger
from sandbox.truth_roi import Cells, month, month_end

#: What stands in the demo's file of costs.
ASSUMED_RATE = Decimal("0.3")


def payback(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per month of creation and age, up to the running month."""
    cohorts: defaultdict[date, list[Head]] = defaultdict(list)
    for head in ledger.heads.values():
        cohorts[month(head.day)].append(head)
    named = set(cohorts) | {month(day) for _, day in ledger.spend} | {month(one.day) for one in ledger.leads}
    for first in named:
        heads, cost = cohorts.get(first, []), loaded(ledger, first)
        costs = {"media": media_of(ledger, first), "loaded": cost["loaded_cost_amount"]}
        wins, since = [win for head in heads for win in head.wins], dict.fromkeys(costs, -1)
        for age, last in enumerate(_ends(first, ledger.today)):
            done, is_over = [win for win in wins if win.day <= last], last < ledger.today
            margin = _known(done) + _assumed(done)
            words: Cells = {}
            for kind, whole in costs.items():
                if since[kind] < 0 and is_over and isinstance(whole, Decimal) and margin >= whole:
                    since[kind] = age
                words[f"{kind}_payback_months"] = since[kind] if since[kind] >= 0 else None
                words[f"{kind}_payback"] = ("paid_back" if since[kind] >= 0 else "cost_unknown" if whole is None
                                            else "open" if is_over else "running")
            yield (first.isoformat(), str(age)), {
                "is_month_over": is_over, "unique_lead_count": len(heads), "spend_reporting_amount": costs["media"],
                **cost, **words, **_brought(done)}


def _ends(first: date, today: date) -> Iterator[date]:
    """The last day of each month from a cohort's own to the running one."""
    while first <= today:
        yield (last := month_end(first))
        first = date.fromordinal(last.toordinal() + 1)


def _known(wins: Sequence[Win]) -> Decimal:
    return sum((win.margin for win in wins if win.margin is not None), Decimal(0))


def _assumed(wins: Sequence[Win]) -> Decimal:
    return sum((win.revenue * ASSUMED_RATE for win in wins if win.margin is None), Decimal(0))


def _brought(wins: Sequence[Win]) -> Cells:
    known = sum(win.margin is not None for win in wins)
    return {"won_deal_count": len(wins), "margin_known_count": known, "margin_missing_count": 0,
            "revenue_reporting_amount": sum((win.revenue for win in wins), Decimal(0)),
            "gross_margin_reporting_amount": _known(wins) if known or not wins else None,
            "assumed_margin_amount": _assumed(wins)}
