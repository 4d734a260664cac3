"""Truth of the money on unfit people: each month's spend, divided evenly among its first leads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal, localcontext

from sandbox.facts import Key
from sandbox.truth_events import Head
from sandbox.truth_ledger import Ledger
from sandbox.truth_origin import CampaignKey
from sandbox.truth_roi import Cells, month, month_end, ratio
from sandbox.truth_shares import SMALL_SAMPLE, wilson

WASTE_DAYS = 30
#: In the order in which the spend is cut: who fits the first group is in no later one.
GROUPS = ("invalid_contact", "wrong_target", "unjudged", "judged_fit")
_JUDGED = ("hot", "potential", "lost", "closed")
_MILLIONTH = Decimal("0.000001")


@dataclass
class _Month:
    spend: list[Decimal] = field(default_factory=list)
    leads: int = 0
    heads: list[Head] = field(default_factory=list)


def waste(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign and month: the spend, the leads of the month, and the money on each group of them."""
    months: defaultdict[tuple[CampaignKey, date], _Month] = defaultdict(_Month)
    for (campaign, day), one in ledger.spend.items():
        months[campaign, month(day)].spend.append(one.reporting)
    for entry in ledger.leads:
        months[entry.campaign, month(entry.day)].leads += 1
    for head in ledger.heads.values():
        months[head.campaign, month(head.day)].heads.append(head)
    for (campaign, first), group in months.items():
        matured = month_end(first) + timedelta(WASTE_DAYS) < ledger.today
        yield (*campaign, first.isoformat()), {
            "horizon_days": WASTE_DAYS, "is_matured": matured, "reporting_currency_code": ledger.currency,
            **_counts(group), **_money(group), **_shares(group)}


def group_of(head: Head) -> str:
    """The one group of a person: a dead number first, because it tells nothing about the portrait."""
    for state in ("invalid_contact", "wrong_target"):
        if head.within(state, WASTE_DAYS):
            return state
    return "judged_fit" if any(head.within(state, WASTE_DAYS) for state in _JUDGED) else "unjudged"


def divide(spend: Decimal, sizes: Sequence[int]) -> list[Decimal]:
    """The spend by groups of these sizes; the borders between groups are cut down to a millionth."""
    with localcontext(prec=60):
        borders = [(spend * sum(sizes[:upto]) / sum(sizes)).quantize(_MILLIONTH, ROUND_FLOOR)
                   for upto in range(1, len(sizes))]
    return [after - before for before, after in zip([Decimal(0), *borders], [*borders, spend], strict=True)]


def _counts(group: _Month) -> Cells:
    people = group.heads
    found = {state: sum(head.within(state, WASTE_DAYS) for head in people)
             for state in ("invalid_contact", "wrong_target")}
    sizes = _sizes(group)
    return {"lead_count": group.leads, "unique_lead_count": len(people),
            "covered_lead_count": sum(head.is_recorded for head in people),
            **{f"{state}_count": count for state, count in found.items()},
            "unfit_count": sizes[0] + sizes[1], "unjudged_count": sizes[2],
            "is_small_sample": len(people) < SMALL_SAMPLE}


def _sizes(group: _Month) -> list[int]:
    places = [group_of(head) for head in group.heads]
    return [places.count(name) for name in GROUPS]


def _money(group: _Month) -> Cells:
    """Nothing is known of the parts where nothing was spent or nobody came; spend for nobody stands by itself."""
    spend = sum(group.spend, Decimal(0)) if group.spend else None
    cells: Cells = dict.fromkeys(f"{name}_spend_amount" for name in (*GROUPS, "unfit"))
    cells |= {"spend_reporting_amount": spend, "cpl_amount": ratio(spend, len(group.heads)),
              "spend_without_lead_amount": None if spend is None else Decimal(0) if group.heads else spend}
    if spend is None or not group.heads:
        return cells
    parts = divide(spend, _sizes(group))
    cells |= {f"{name}_spend_amount": part for name, part in zip(GROUPS, parts, strict=True)}
    return cells | {"unfit_spend_amount": parts[0] + parts[1]}


def _shares(group: _Month) -> Cells:
    size, sizes = len(group.heads), _sizes(group)
    cells: Cells = dict.fromkeys(("unfit_rate", "unfit_rate_low", "unfit_rate_high", "invalid_contact_spend_rate",
                                  "wrong_target_spend_rate", "unfit_spend_rate", "verdict_rate", "coverage_rate"))
    if size:
        cells["verdict_rate"] = (size - sizes[2]) / size
        cells["coverage_rate"] = sum(head.is_recorded for head in group.heads) / size
    if size >= SMALL_SAMPLE:
        unfit = sizes[0] + sizes[1]
        cells["unfit_rate"] = unfit / size
        cells["unfit_rate_low"], cells["unfit_rate_high"] = wilson(unfit, size)
        spend = sum(group.spend, Decimal(0))
        for name, part in zip(("invalid_contact", "wrong_target"), divide(spend, sizes), strict=False):
            cells[f"{name}_spend_rate"] = ratio(part, spend)
        cells["unfit_spend_rate"] = ratio(sum(divide(spend, sizes)[:2], Decimal(0)), spend)
    return cells
