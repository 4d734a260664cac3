"""Truth of the orders brought home: what was won, and what of it was cancelled, deleted, sent back or never paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sandbox.calendar import local_date
from sandbox.facts import Key
from sandbox.model import Company, Deal
from sandbox.truth_events import Head, Rates
from sandbox.truth_origin import CampaignKey, Directory
from sandbox.truth_people import LeadKey
from sandbox.truth_persons import heads
from sandbox.truth_shares import SMALL_SAMPLE

Cells = dict[str, int | Decimal | float | bool | str | None]
_NOTHING = Decimal(0)


@dataclass(frozen=True)
class Order:
    """One order of which the nights could know that it was won."""

    deal: Deal
    campaign: CampaignKey
    day: date
    fate: str
    unit: Decimal  # of the order's currency, in the reporting one
    returned: Decimal | None
    paid: Decimal | None

    @property
    def value(self) -> Decimal:
        """The amount in reporting currency."""
        return self.deal.amount * self.unit


def orders(company: Company, nights: Sequence[datetime], found: Mapping[LeadKey, Head], directory: Directory,
           rates: Rates) -> list[Order]:
    """Every order that was won by the last night, as far as its CRM or an earlier night tells of it."""
    first = {key: (head.crm, head.lead_id) for key, head in heads(company.leads, nights).items()}
    known = []
    for deal in company.deals:
        if deal.won_at is None or not _is_seen(deal, deal.won_at, nights):
            continue
        key = first[deal.crm, deal.lead_id] if deal.lead_id is not None else None
        campaign = directory.of_orphan(deal.crm_campaign) if key is None else found[key].campaign
        day = local_date(deal.won_at, company.business_zone)
        back = deal.returned if deal.returned_at is not None and deal.returned_at <= nights[-1] else None
        paid = deal.amount - deal.unpaid if deal.crm == "getfly" else None
        known.append(Order(deal, campaign, day, _fate(deal, nights[-1]),
                           rates.convert(Decimal(1), deal.currency, day), back, paid))
    return known


def _is_seen(deal: Deal, won: datetime, nights: Sequence[datetime]) -> bool:
    """HubSpot remembers every win; of Getfly a night must have seen the order while it was approved and there."""
    if deal.crm == "hubspot":
        return won <= nights[-1]
    ends = [end for end in (deal.cancelled_at, deal.archived_at) if end is not None]
    return any(won <= night and all(night < end for end in ends) for night in nights)


def _fate(deal: Deal, night: datetime) -> str:
    if deal.cancelled_at is not None and deal.cancelled_at <= night:
        return "cancelled"
    return "deleted" if deal.archived_at is not None and deal.archived_at <= night else "standing"


def listed(found: Sequence[Order]) -> Iterator[tuple[Key, Cells]]:
    """Per order: when it was won, what became of it, and its money."""
    for order in found:
        deal = order.deal
        yield (deal.crm, deal.deal_id), {
            "owner_id": deal.owner_id, "platform": order.campaign[0], "account_id": order.campaign[1],
            "campaign_id": order.campaign[2], "closed_day": order.day.isoformat(), "order_state": order.fate,
            "order_kind": "deal" if deal.crm == "hubspot" else "order", "is_history_known": True,
            "deal_reporting_amount": order.value, "returned_amount": order.returned,
            "returned_reporting_amount": None if order.returned is None else order.returned * order.unit}


def outcomes(found: Sequence[Order]) -> Iterator[tuple[Key, Cells]]:
    """Per salesperson, campaign and month of the win: what was brought home, and what stayed."""
    groups: defaultdict[Key, list[Order]] = defaultdict(list)
    for order in found:
        month = order.day.replace(day=1).isoformat()
        groups[order.deal.crm, order.deal.owner_id, *order.campaign, month].append(order)
    for key, group in groups.items():
        by_fate = {fate: [order for order in group if order.fate == fate]
                   for fate in ("standing", "cancelled", "deleted")}
        stands = by_fate["standing"]
        back = [order.returned * order.unit for order in stands if order.returned is not None]
        told = [(order.paid * order.unit, order.value) for order in stands if order.paid is not None]
        gross, gone = _sum(group), _sum(by_fate["cancelled"]) + _sum(by_fate["deleted"])
        net = gross - gone - sum(back, _NOTHING)
        paid, payable = (sum(column, _NOTHING) for column in zip(*told, strict=True)) if told else (None, None)
        yield key, {
            "order_count": len(group), "standing_count": len(stands), "cancelled_count": len(by_fate["cancelled"]),
            "deleted_count": len(by_fate["deleted"]), "history_known_count": len(group),
            "return_known_count": len(back), "returned_count": sum(amount > 0 for amount in back),
            "payment_known_count": len(told), "unpaid_count": sum(amount == 0 for amount, _ in told),
            "gross_reporting_amount": gross, "cancelled_reporting_amount": _sum(by_fate["cancelled"]),
            "deleted_reporting_amount": _sum(by_fate["deleted"]), "net_reporting_amount": net,
            "returned_reporting_amount": sum(back, _NOTHING) if back else None,
            "paid_reporting_amount": paid, "payable_reporting_amount": payable,
            "is_small_sample": len(group) < SMALL_SAMPLE,
            "kept_ratio": float(net / gross) if len(group) >= SMALL_SAMPLE else None,
            "paid_ratio": float(paid / payable) if paid is not None and payable and len(told) >= SMALL_SAMPLE else None}


def _sum(found: Sequence[Order]) -> Decimal:
    return sum((order.value for order in found), _NOTHING)
