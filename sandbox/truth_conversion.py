"""Truth of what salespeople made of their leads: won, beside what anybody would have won of the same campaigns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal

from sandbox.facts import Key
from sandbox.truth_events import Head
from sandbox.truth_ledger import Ledger
from sandbox.truth_origin import CampaignKey
from sandbox.truth_roi import HORIZONS, Cells
from sandbox.truth_shares import SMALL_SAMPLE, wilson

_MILLIONTH, _ADDED = Decimal("0.000001"), 10


def conversion(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per salesperson, quarter and horizon."""
    quarters: defaultdict[date, list[Head]] = defaultdict(list)
    for head in ledger.heads.values():
        quarters[_quarter(head.day)].append(head)
    for first, company in quarters.items():
        theirs: defaultdict[tuple[str, str], list[Head]] = defaultdict(list)
        for head in company:
            theirs[head.lead.crm, head.lead.owner_id or "(none)"].append(head)
        for days in HORIZONS:
            is_over = _quarter(first + timedelta(days=93)) + timedelta(days=days - 1) < ledger.today
            for who, heads in theirs.items():
                yield (*who, first.isoformat(), str(days)), {"is_matured": is_over, **_cells(heads, company, days)}


def _quarter(day: date) -> date:
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def _is_advised(head: Head, days: int) -> bool:
    return head.within("reached", days) and not any(win.at < head.lead.created for win in head.wins)


def _is_won(head: Head, days: int) -> bool:
    return bool(head.wins) and timedelta(0) <= head.wins[0].at - head.lead.created <= timedelta(days=days)


def _cells(heads: Sequence[Head], company: Sequence[Head], days: int) -> Cells:
    advised = [head for head in heads if _is_advised(head, days)]
    won, given = sum(_is_won(head, days) for head in advised), _promised(heads, company, days)
    expected = _promised(advised, [head for head in company if _is_advised(head, days)], days)
    bought = sum(_is_won(head, days) for head in company)
    return {"unique_lead_count": len(heads), "advised_count": len(advised), "advised_won_count": won,
            "reached_count": sum(head.within("reached", days) for head in heads),
            "attempted_count": sum(head.within("reached", days) or head.within("attempted", days)
                                   or any(at <= head.lead.created + timedelta(days=days) for at in head.touched)
                                   for head in heads),
            "expected_won_count": expected, "given_won_count": given,
            "given_won_rate": float(given) / len(heads) if len(company) >= SMALL_SAMPLE else None,
            "company_lead_count": len(company), "company_won_count": bought,
            "company_won_rate": bought / len(company) if len(company) >= SMALL_SAMPLE else None,
            "is_small_sample": len(advised) < SMALL_SAMPLE,
            **_shares(won, len(advised), float(expected))}


def _promised(heads: Sequence[Head], company: Sequence[Head], days: int) -> Decimal:
    """Campaign by campaign the company's share of wins, for as many leads as these."""
    outcomes: defaultdict[CampaignKey, list[bool]] = defaultdict(list)
    for head in company:
        outcomes[head.campaign].append(_is_won(head, days))
    total = Decimal(0)
    for campaign, known in outcomes.items():
        mine = sum(head.campaign == campaign for head in heads)
        total += (Decimal(sum(known) * mine) / len(known)).quantize(_MILLIONTH, ROUND_FLOOR)
    return total


def _shares(won: int, advised: int, expected: float) -> Cells:
    names = ("advised_won_rate", "advised_won_rate_low", "advised_won_rate_high")
    ratios = ("won_to_expected_ratio", "won_to_expected_least_ratio", "won_to_expected_most_ratio")
    if advised < SMALL_SAMPLE:
        return dict.fromkeys((*names, *ratios, "shrunk_ratio"))
    shares = won / advised, *wilson(won, advised)
    return {**dict(zip(names, shares, strict=True)), "shrunk_ratio": (won + _ADDED) / (expected + _ADDED),
            **{name: share * advised / expected if expected else None
               for name, share in zip(ratios, shares, strict=True)}}
