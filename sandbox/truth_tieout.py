"""Truth of the ties: the same wins told in six ways, and every lead that a night has read accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from sandbox.calendar import local_date
from sandbox.facts import Key
from sandbox.truth_events import Win
from sandbox.truth_ledger import Ledger
from sandbox.truth_roi import Cells, month
from sandbox.truth_sourcing import DEFINITIONS


def tieout(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per month and statement: what is told, what the CRM holds, and what explains the rest."""
    for first in {month(win.day) for win in ledger.wins}:
        wins = [win for win in ledger.wins if month(win.day) == first]
        known = [win for win in wins if win.head is not None]
        for way in ("close_date", "cohort", *DEFINITIONS):
            told = known if way == "cohort" else wins
            yield (first.isoformat(), f"won_by_{way}"), {
                **_numbers("told", told), **_numbers("crm", wins), **_numbers("difference", []),
                **_numbers("explained", [win for win in wins if win not in told]),
                "explanation": None if len(told) == len(wins) else "no_known_lead"}
    yield from _leads(ledger)


def _numbers(way: str, wins: Iterable[Win]) -> Cells:
    revenues = [win.revenue for win in wins]
    return {f"{way}_count": len(revenues), f"{way}_reporting_amount": sum(revenues, Decimal(0))}


def _leads(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    told = Counter(month(entry.day) for entry in ledger.leads)
    read: Counter[date] = Counter()
    merged: Counter[date] = Counter()
    for record in (*ledger.trials, *(record for one in ledger.origins.values() for record in one.records)):
        first = month(local_date(record.created, ledger.zone))
        read[first] += 1
        merged[first] += record.merged_at is not None and record.merged_at <= ledger.as_of
    for first, count in read.items():
        yield (first.isoformat(), "leads_in"), {
            "told_count": told[first], "crm_count": count, "explained_count": merged[first], "difference_count": 0,
            "explanation": "merged_away" if merged[first] else None,
            **dict.fromkeys(f"{way}_reporting_amount" for way in ("told", "crm", "explained", "difference"))}
