"""Truth of the attribution: each deal, divided among its touches by every rule, with fractions instead of floats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise, permutations
from math import floor

from sandbox.facts import Key, Value
from sandbox.truth_chain import Effects
from sandbox.truth_origin import CampaignKey
from sandbox.truth_ways import LOOKBACK, Way, Ways

UNATTRIBUTED: CampaignKey = ("(none)", "", "(unattributed)")
Cells = dict[str, Value]
_MILLION = 1_000_000
_DAY = 86_400


def weights(way: Way, effects: Mapping[CampaignKey, Decimal | None]) -> dict[str, list[Fraction]]:
    """By model, what each touch is credited with; nothing at all where the model credits none."""
    size, last = len(way.touches), len(way.touches) - 1
    if not size:
        return {}
    paid = [place for place, touch in enumerate(way.touches) if touch.is_paid]
    traced = [place for place, touch in enumerate(way.touches) if not touch.is_direct]
    found = {"first_touch": _all_to(0, size), "last_touch": _all_to(last, size),
             "last_non_direct": _all_to(traced[-1] if traced else last, size),
             "linear": [Fraction(1, size)] * size, "u_shaped": _positions(size), "w_shaped": _milestones(way),
             "time_decay": _decay(way), "markov": _markov(way, effects), "shapley": _shapley(way)}
    if paid:
        found |= {"first_paid": _all_to(paid[0], size), "last_paid": _all_to(paid[-1], size)}
    return found


def _all_to(winner: int, size: int) -> list[Fraction]:
    return [Fraction(place == winner) for place in range(size)]


def _positions(size: int) -> list[Fraction]:
    if size <= 2:
        return [Fraction(1, size)] * size
    return [Fraction(2, 5), *[Fraction(1, 5 * (size - 2))] * (size - 2), Fraction(2, 5)]


def _milestones(way: Way) -> list[Fraction]:
    """The first touch, the carrying lead's own, the last one before the deal was opened; the rest share a tenth."""
    size = len(way.touches)
    carrying = [place for place, touch in enumerate(way.touches) if (touch.lead.crm, touch.lead.lead_id) == way.carrier]
    opening = [place for place, touch in enumerate(way.touches) if touch.lead.created <= way.deal.created]
    marks = [0, carrying[-1] if carrying else 0, opening[-1] if opening else 0]
    others = [place for place in range(size) if place not in marks]
    each = Fraction(3, 10) if others else Fraction(1, 3)
    return [Fraction(1, 10 * len(others)) if place in others else each * marks.count(place) for place in range(size)]


def _decay(way: Way) -> list[Fraction]:
    """Half every seven days, counted in whole millionths of a touch at the closing."""
    parts = []
    with localcontext(prec=40):
        for touch in way.touches:
            lives = Decimal((way.at - touch.lead.created).total_seconds()) / (7 * _DAY)
            parts.append(floor(Decimal(2) ** -lives * _MILLION + Decimal("0.5")))
    return [Fraction(part, sum(parts)) for part in parts]


def _markov(way: Way, effects: Mapping[CampaignKey, Decimal | None]) -> list[Fraction]:
    known = {touch.campaign: Fraction(effects.get(touch.campaign) or 0) for touch in way.touches}
    total = sum(known.values())
    if not total:
        return [Fraction(1, len(way.touches))] * len(way.touches)
    return _on_last(way, {campaign: effect / total for campaign, effect in known.items()})


def _shapley(way: Way) -> list[Fraction]:
    """By the definition: whoever completes the deal's campaigns earns it, on average over all orders of joining."""
    needed = sorted({touch.campaign for touch in way.touches})
    orders = list(permutations(needed))
    completed = [order[-1] for order in orders]
    return _on_last(way, {campaign: Fraction(completed.count(campaign), len(orders)) for campaign in needed})


def _on_last(way: Way, parts: Mapping[CampaignKey, Fraction]) -> list[Fraction]:
    last = {touch.campaign: place for place, touch in enumerate(way.touches)}
    return [parts[touch.campaign] if last[touch.campaign] == place else Fraction(0)
            for place, touch in enumerate(way.touches)]


def divide(amount: Decimal, parts: Sequence[Fraction]) -> list[Decimal]:
    """An amount by parts that add up to 1: borders are cut down to a millionth."""
    borders = [floor(Fraction(amount) * sum(parts[:upto]) * _MILLION) for upto in range(len(parts) + 1)]
    return [Decimal(after - before).scaleb(-6) for before, after in pairwise(borders)]


MODELS = ("first_touch", "last_touch", "last_non_direct", "first_paid", "last_paid", "linear", "u_shaped", "w_shaped",
          "time_decay", "markov", "shapley")


def credited(ways: Ways, effects: Effects, currency: str) -> Iterator[tuple[Key, Cells]]:
    """Per deal, model and credited touch: its part and its share of the money."""
    for way in ways.deals:
        month = way.day.replace(day=1)
        shared: Cells = {"close_month": month.isoformat(), "path_touch_count": len(way.touches),
                         "lookback_days": LOOKBACK.days, "reporting_currency_code": currency}
        by_model = weights(way, effects.get(month, {}))
        for model in MODELS:
            parts = by_model.get(model)
            for number, cells in [(0, _nobody(way))] if parts is None else _shares(way, parts):
                yield (way.deal.crm, way.deal.deal_id, model, str(number)), shared | cells


def _nobody(way: Way) -> Cells:
    return _place(UNATTRIBUTED) | {
        "touch_source": None, "touch_lead_id": None, "touch_at": None, "attribution_weight": Decimal(1),
        "attributed_reporting_amount": way.amount}


def _shares(way: Way, parts: Sequence[Fraction]) -> Iterator[tuple[int, Cells]]:
    """The credited touches by their number on the way."""
    shares = zip(way.touches, parts, divide(Decimal(1), parts), divide(way.amount, parts), strict=True)
    for number, (touch, part, weight, amount) in enumerate(shares, 1):
        if part:
            at = touch.lead.created.astimezone(UTC).replace(tzinfo=None).isoformat()
            yield number, _place(touch.campaign) | {
                "touch_source": touch.lead.crm, "touch_lead_id": touch.lead.lead_id, "touch_at": at,
                "attribution_weight": weight, "attributed_reporting_amount": amount}


def _place(campaign: CampaignKey) -> Cells:
    return dict(zip(("platform", "account_id", "campaign_id"), campaign, strict=True))


def summary(rows: Mapping[Key, Cells]) -> Iterator[tuple[Key, Cells]]:
    """Per model, campaign and month: deals, parts of deals and money."""
    deals: defaultdict[Key, set[Key]] = defaultdict(set)
    sums: defaultdict[Key, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    currency = {}
    for (crm, deal, model, _), cells in rows.items():
        key = (model, *(str(cells[name]) for name in ("platform", "account_id", "campaign_id", "close_month")))
        deals[key].add((crm, deal))
        currency[key] = cells["reporting_currency_code"]
        for place, name in enumerate(("attribution_weight", "attributed_reporting_amount")):
            value = cells[name]
            sums[key][place] += value if isinstance(value, Decimal) else 0
    for key, (weight, amount) in sums.items():
        yield key, {"touched_deal_count": len(deals[key]), "attributed_deal_count": weight,
                    "attributed_reporting_amount": amount, "reporting_currency_code": currency[key]}
