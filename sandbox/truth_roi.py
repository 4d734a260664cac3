"""Truth, fifth part: the campaign ROI marts on their three date bases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from sandbox.facts import Key, Value
from sandbox.truth_events import Head, Win
from sandbox.truth_ledger import Books, Ledger
from sandbox.truth_origin import CampaignKey
from sandbox.truth_spend import Spend

HORIZONS = (30, 60, 90)
Cells = dict[str, Value]


@dataclass
class Group:
    """All that one row of a ROI mart sums up."""

    spend: list[Spend] = field(default_factory=list)
    leads: int = 0
    heads: list[Head] = field(default_factory=list)
    new_customers: int = 0
    wins: list[Win] = field(default_factory=list)


Groups = defaultdict[tuple[CampaignKey, date], Group]


def month(day: date) -> date:
    """The first day of the day's month."""
    return day.replace(day=1)


def month_end(first: date) -> date:
    """The last day of the month that begins on `first`."""
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def ratio(part: Decimal | None, whole: Decimal | int | None) -> float | None:
    """Part by whole; None when the part is unknown or the whole is nothing."""
    return None if part is None or not whole else float(part / whole)


def daily(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign and day: spend by its own day, leads by creation, wins by closing."""
    for (campaign, day), group in _calendar(ledger, lambda day: day).items():
        cells = {**_reported(group), **_shown(group), **_leads(group, None), **_outcome(group)}
        yield (*campaign, day.isoformat()), cells


def cohort(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign, month of creation and horizon: what the month's leads became within so many days."""
    for (campaign, first), group in _by_creation(ledger, month).items():
        for days in HORIZONS:
            timely = [win for head in group.heads for win in head.wins if win.at <= head.lead.created + timedelta(days)]
            customers = sum(head.within("closed", days) for head in group.heads)
            row = Group(group.spend, group.leads, group.heads, customers, timely)
            cells = {**_shown(row), **_leads(row, days), **_outcome(row)}
            cells["is_matured"] = month_end(first) + timedelta(days) < ledger.today
            yield (*campaign, first.isoformat(), str(days)), cells


def closed(ledger: Books) -> Iterator[tuple[Key, Cells]]:
    """Per campaign and calendar month: the money out, who came and what was signed in that month."""
    for (campaign, first), group in _calendar(ledger, month).items():
        yield (*campaign, first.isoformat()), {**_shown(group), **_leads(group, None), **_outcome(group)}


def _by_creation(ledger: Books, place: Callable[[date], date]) -> Groups:
    """Spend by its day and leads by their creation; no wins yet."""
    groups: Groups = defaultdict(Group)
    for (campaign, day), one in ledger.spend.items():
        groups[campaign, place(day)].spend.append(one)
    for entry in ledger.leads:
        groups[entry.campaign, place(entry.day)].leads += 1
    for head in ledger.heads.values():
        groups[head.campaign, place(head.day)].heads.append(head)
    return groups


def _calendar(ledger: Books, place: Callable[[date], date]) -> Groups:
    """Everything by its own day: wins by closing, and each new customer by the first of them."""
    groups = _by_creation(ledger, place)
    for win in ledger.wins:
        groups[win.campaign, place(win.day)].wins.append(win)
    for head in ledger.heads.values():
        if head.wins:
            groups[head.campaign, place(head.wins[0].day)].new_customers += 1
    return groups


def _shown(group: Group) -> Cells:
    """What was paid and shown for it; nothing known is nothing, not zero."""
    known = [one for one in group.spend if not one.is_remainder]
    return {"spend_reporting_amount": _spent(group),
            "impression_count": sum(one.impressions for one in known) if known else None,
            "click_count": sum(one.clicks for one in known) if known else None}


def _reported(group: Group) -> Cells:
    """What only a single day can tell: the account's own money, the engagement and the platform's claims."""
    cells: Cells = dict.fromkeys(("spend_amount", "currency_code", "engagement_count", "claimed_conversion_count",
                                  "claimed_value_amount"))
    for one in group.spend:
        cells |= {"spend_amount": one.amount, "currency_code": one.currency}
        if not one.is_remainder:
            cells |= {"engagement_count": one.engagements, "claimed_conversion_count": one.claimed,
                      "claimed_value_amount": one.claimed_value}
    return cells


def _leads(group: Group, days: int | None) -> Cells:
    qualified = sum(head.is_qualified(days) for head in group.heads)
    return {"lead_count": group.leads, "unique_lead_count": len(group.heads), "qualified_count": qualified,
            "cpl_amount": ratio(_spent(group), len(group.heads)), "cpql_amount": ratio(_spent(group), qualified)}


def _outcome(group: Group) -> Cells:
    spent, revenue = _spent(group), _total(win.revenue for win in group.wins)
    margins = [win.margin for win in group.wins if win.margin is not None]
    knows_all = len(margins) == len(group.wins)
    return {
        "won_count": group.new_customers, "won_deal_count": len(group.wins), "revenue_reporting_amount": revenue,
        "gross_margin_reporting_amount": _total(margins) if margins or knows_all else None,
        "margin_known_count": len(margins),
        "cac_media_amount": ratio(spent, group.new_customers),
        "roas_ratio": ratio(revenue, spent),
        "roi_ratio": ratio(_total(margins) - (spent or 0), spent) if knows_all else None,
        "roi_revenue_ratio": ratio(revenue - (spent or 0), spent)}


def _spent(group: Group) -> Decimal | None:
    """Spend in reporting currency; None when no platform reported any."""
    return _total(one.reporting for one in group.spend) if group.spend else None


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
