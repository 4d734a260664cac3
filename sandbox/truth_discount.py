"""Truth of the discounts: what was let off, and how far that went beyond what had been agreed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sandbox.facts import Key
from sandbox.truth_events import Win
from sandbox.truth_ledger import Ledger
from sandbox.truth_origin import folded
from sandbox.truth_roi import Cells, month
from sandbox.truth_shares import SMALL_SAMPLE


@dataclass(frozen=True)
class Offer:
    """A promotion that both departments approved; `campaign` is an id or a name, None means any."""

    name: str
    campaign: str | None
    first: date
    last: date
    most: Decimal


#: What stands in the demo's file of promotions.
OFFERS = (
    Offer("Thanh lý cuối hè", "CLEARANCE sale", date(2026, 8, 1), date(2026, 10, 31), Decimal("0.1")),
    Offer("Sofa tháng mười", "21000000001", date(2026, 10, 1), date(2026, 10, 31), Decimal("0.08")),
    Offer("Khách mới tháng chín", None, date(2026, 9, 1), date(2026, 9, 30), Decimal("0.05")))
_NONE = Offer("(none)", None, date.min, date.max, Decimal(0))
_MILLIONTH = Decimal("0.000001")


def discounts(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per salesperson, campaign and month: list prices and discounts, where the CRM knows them."""
    groups: defaultdict[Key, list[Win]] = defaultdict(list)
    for win in ledger.wins:
        groups[win.crm, win.deal.owner_id, *win.campaign, month(win.day).isoformat()].append(win)
    for key, group in groups.items():
        known = [win for win in group if not win.deal.hides_discount]
        off = sum((win.deal.discount * win.unit for win in known), Decimal(0))
        listed = sum((win.deal.list_amount * win.unit for win in known), Decimal(0))
        margins = [win.margin for win in group if win.margin is not None]
        yield key, {
            "won_deal_count": len(group), "discount_known_count": len(known), "margin_known_count": len(margins),
            "discounted_deal_count": sum(win.deal.discount > 0 for win in known),
            "revenue_reporting_amount": sum((win.revenue for win in group), Decimal(0)),
            "gross_margin_reporting_amount": sum(margins, Decimal(0)) if margins else None,
            "list_reporting_amount": listed if known else None, "discount_reporting_amount": off if known else None,
            "discount_rate": float(off / listed) if len(known) >= SMALL_SAMPLE else None,
            "is_small_sample": len(known) < SMALL_SAMPLE}


def excesses(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per won deal with more discount than the best promotion of its campaign and day allows: how much more."""
    for win in ledger.wins:
        deal, offer = win.deal, _best(ledger, win)
        allowed = (deal.list_amount * offer.most).quantize(_MILLIONTH, ROUND_HALF_UP)
        excess = deal.discount - allowed
        if excess > 0 and not deal.hides_discount:
            yield (deal.crm, deal.deal_id), {
                "owner_id": deal.owner_id, "platform": win.campaign[0], "campaign_id": win.campaign[2],
                "closed_day": win.day.isoformat(), "promotion_name": offer.name, "list_amount": deal.list_amount,
                "discount_amount": deal.discount, "allowed_amount": allowed, "excess_amount": excess,
                "excess_reporting_amount": excess * win.unit, "currency_code": deal.currency}


def _best(ledger: Ledger, win: Win) -> Offer:
    fits = [offer for offer in OFFERS if offer.first <= win.day <= offer.last and (
        offer.campaign is None or offer.campaign == win.campaign[2]
        or win.campaign in ledger.directory.names.get(folded(offer.campaign), ()))]
    return min(fits, key=lambda offer: (-offer.most, offer.name), default=_NONE)
