"""Truth, fifth part: the campaign ROI marts on their three date bases, and the tie between two of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from sandbox.facts import Key, Value
from sandbox.truth_events import Head, Win
from sandbox.truth_ledger import Ledger
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


def month(day: date) -> date:
    """The first day of the day's month."""
    return day.replace(day=1)


def month_end(first: date) -> date:
    """The last day of the month that begins on `first`."""
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def ratio(part: Decimal | int, whole: Decimal | int | None) -> float | None:
    """Part by whole; None when there is no whole."""
    return float(Decimal(part) / Decimal(whole)) if whole else None


def daily(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign and day: spend by its own day, leads by creation, wins by closing."""
    groups: defaultdict[tuple[CampaignKey, date], Group] = defaultdict(Group)
    for key, one in ledger.spend.items():
        groups[key].spend.append(one)
    for campaign, day in ledger.lead_days:
        groups[campaign, day].leads += 1
    for head in ledger.heads.values():
        groups[head.campaign, head.day].heads.append(head)
    _add_wins(groups, ledger, lambda day: day)
    for (campaign, day), group in groups.items():
        yield (*campaign, day.isoformat()), {**_reported(group), **_leads(group, None), **_outcome(group)}


def cohort(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign, month of creation and horizon: what the month's leads became within so many days."""
    groups: defaultdict[tuple[CampaignKey, date], Group] = defaultdict(Group)
    for (campaign, day), one in ledger.spend.items():
        groups[campaign, month(day)].spend.append(one)
    for campaign, day in ledger.lead_days:
        groups[campaign, month(day)].leads += 1
    for head in ledger.heads.values():
        groups[head.campaign, month(head.day)].heads.append(head)
    for (campaign, first), group in groups.items():
        for days in HORIZONS:
            timely = [win for head in group.heads for win in head.wins if win.at <= head.lead.created + timedelta(days)]
            customers = sum(head.within("closed", days) for head in group.heads)
            row = Group(group.spend, group.leads, group.heads, customers, timely)
            cells = {**_paid(row), **_leads(row, days), **_outcome(row)}
            cells["is_matured"] = month_end(first) + timedelta(days) < ledger.today
            yield (*campaign, first.isoformat(), str(days)), cells


def closed(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign and month of closing: the money out and the money in of that month."""
    for (campaign, first), group in _closed_groups(ledger).items():
        yield (*campaign, first.isoformat()), {**_paid(group), **_outcome(group)}


def tieout(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per month of closing: the wins of all campaigns, of all cohorts with those of no lead, and of the CRM."""
    months = {month(win.day) for win in ledger.wins} | {first for _, first in _closed_groups(ledger)}
    for first in months:
        wins = [win for win in ledger.wins if month(win.day) == first]
        parts = {"closed_view": wins, "cohort_view": [win for win in wins if win.head is not None],
                 "unlinked": [win for win in wins if win.head is None], "crm": wins, "difference": []}
        cells: Cells = {}
        for name, part in parts.items():
            cells[f"{name}_deal_count"] = len(part)
            cells[f"{name}_revenue_reporting_amount"] = sum((win.revenue for win in part), Decimal(0))
        yield (first.isoformat(),), cells


def _closed_groups(ledger: Ledger) -> Mapping[tuple[CampaignKey, date], Group]:
    groups: defaultdict[tuple[CampaignKey, date], Group] = defaultdict(Group)
    for (campaign, day), one in ledger.spend.items():
        groups[campaign, month(day)].spend.append(one)
    _add_wins(groups, ledger, month)
    return groups


def _add_wins(groups: defaultdict[tuple[CampaignKey, date], Group], ledger: Ledger,
              place: Callable[[date], date]) -> None:
    """Places every win by its day, and every new customer by the day of the first win."""
    for win in ledger.wins:
        groups[win.campaign, place(win.day)].wins.append(win)
    for head in ledger.heads.values():
        if head.wins:
            groups[head.campaign, place(head.wins[0].day)].new_customers += 1


def _paid(group: Group) -> Cells:
    """What was paid and shown for it; nothing known is nothing, not zero."""
    known = [one for one in group.spend if not one.is_remainder]
    cells: Cells = {
        "spend_amount": sum((one.amount for one in group.spend), Decimal(0)) if group.spend else None,
        "spend_reporting_amount": sum((one.reporting for one in group.spend), Decimal(0)) if group.spend else None}
    if known or not group.spend:
        cells["impression_count"] = sum(one.impressions for one in known) if known else None
        cells["click_count"] = sum(one.clicks for one in known) if known else None
    return cells


def _reported(group: Group) -> Cells:
    """`_paid` with what only a single day can tell: the currency, the engagement and the platform's own claims."""
    cells = _paid(group)
    for one in group.spend:
        cells["currency_code"] = one.currency
    if "click_count" in cells:
        one_day = group.spend[0] if group.spend else None
        cells["engagement_count"] = one_day.engagements if one_day else None
        cells["claimed_conversion_count"] = one_day.claimed if one_day else None
        cells["claimed_value_amount"] = one_day.claimed_value if one_day else None
    return cells


def _leads(group: Group, days: int | None) -> Cells:
    spent = sum((one.reporting for one in group.spend), Decimal(0)) if group.spend else None
    qualified = sum(head.is_qualified(days) for head in group.heads)
    return {"lead_count": group.leads, "unique_lead_count": len(group.heads), "qualified_count": qualified,
            "cpl_amount": None if spent is None else ratio(spent, len(group.heads)),
            "cpql_amount": None if spent is None else ratio(spent, qualified)}


def _outcome(group: Group) -> Cells:
    spent = sum((one.reporting for one in group.spend), Decimal(0)) if group.spend else None
    revenue = _total(win.revenue for win in group.wins)
    margins = [win.margin for win in group.wins if win.margin is not None]
    margin = _total(margins)
    knows_all = len(margins) == len(group.wins)
    return {
        "won_count": group.new_customers, "won_deal_count": len(group.wins), "revenue_reporting_amount": revenue,
        "gross_margin_reporting_amount": margin, "margin_known_count": len(margins),
        "cac_media_amount": None if spent is None else ratio(spent, group.new_customers),
        "roas_ratio": ratio(revenue, spent),
        "roi_ratio": ratio(margin - (spent or 0), spent) if knows_all else None,
        "roi_revenue_ratio": ratio(revenue - (spent or 0), spent)}


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
