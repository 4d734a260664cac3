"""Truth of what a new customer costs, month by month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from sandbox.facts import Key
from sandbox.truth_ledger import Ledger
from sandbox.truth_roi import Cells, month, month_end, ratio

#: What stands in the demo's file of costs: marketing and sales.
COSTS: Mapping[date, tuple[Decimal | None, Decimal | None]] = {
    date(2026, 8, 1): (Decimal(62_000_000), Decimal(88_000_000)),
    date(2026, 9, 1): (Decimal(62_000_000), Decimal(91_500_000)),
    date(2026, 10, 1): (Decimal(64_500_000), None)}


def cac(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per month of the company."""
    begun = {first for first in COSTS if first <= ledger.today}
    for first in {month(day) for _, day in ledger.spend} | {month(win.day) for win in ledger.wins} | begun:
        wins = [win for win in ledger.wins if month(win.day) == first]
        new = sum(bool(head.wins) and month(head.wins[0].day) == first for head in ledger.heads.values())
        revenue, media = sum((win.revenue for win in wins), Decimal(0)), media_of(ledger, first)
        cost = loaded(ledger, first)
        yield (first.isoformat(),), {
            "spend_reporting_amount": media, **cost, "won_count": new, "won_deal_count": len(wins),
            "revenue_reporting_amount": revenue, "is_month_over": month_end(first) < ledger.today,
            "cac_media_amount": ratio(media, new), "mer_ratio": ratio(revenue, media),
            "cac_loaded_amount": None if cost["loaded_missing"] else ratio(_all(ledger, first), new)}


def media_of(ledger: Ledger, first: date) -> Decimal | None:
    """The media of a month; None where no platform told any."""
    told = [one.reporting for (_, day), one in ledger.spend.items() if month(day) == first]
    return sum(told, Decimal(0)) if told else None


def loaded(ledger: Ledger, first: date) -> Cells:
    """All costs of a month, or what they lack."""
    marketing, sales = COSTS.get(first, (None, None)) if first <= ledger.today else (None, None)
    lacks = [word for word, is_there in (
        ("month_not_over", month_end(first) < ledger.today), ("media_spend", media_of(ledger, first) is not None),
        ("marketing_cost", marketing is not None), ("sales_cost", sales is not None)) if not is_there]
    return {"marketing_cost_amount": marketing, "sales_cost_amount": sales,
            "loaded_missing": lacks[0] if lacks else None,
            "loaded_cost_amount": None if lacks else _all(ledger, first)}


def _all(ledger: Ledger, first: date) -> Decimal:
    return sum((cost for cost in (media_of(ledger, first), *COSTS[first]) if cost is not None), Decimal(0))
