"""Truth of the interactions: what people did with the content each week, what came of people, and how both went along.

The correlation is the standard library's; its interval is written from the definitions.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import correlation, mean

from sandbox.facts import Key, Value
from sandbox.model import Company
from sandbox.truth_events import Head
from sandbox.truth_origin import CampaignKey
from sandbox.truth_shares import Z
from sandbox.truth_spend import is_hidden, newest

Cells = dict[str, Value]
Interactions = dict[tuple[CampaignKey, date], Counter[str]]
_DAYS, _LAGS, _ENOUGH, _ENOUGH_EFFECTIVE = 30, 9, 12, 6
_INTERACTIONS = ("reaction", "comment", "share", "save")
_COMPANY: CampaignKey = ("(all)", "(all)", "(all)")


def interactions(company: Company, as_of: datetime) -> Interactions:
    """Per campaign and week of the account's days: how often each thing was done, in the newest version of all days."""
    hidden = {campaign.campaign_id for campaign in company.campaigns if is_hidden(campaign, as_of)}
    found: defaultdict[tuple[CampaignKey, date], Counter[str]] = defaultdict(Counter)
    for row in newest(company, as_of):
        if row.campaign_id not in hidden:
            found[(row.platform, row.account_id, row.campaign_id), _monday(row.day)].update(row.engagements)
    return dict(found)


@dataclass
class Week:
    """One campaign's week."""

    done: Counter[str] | None = None
    leads: int = 0
    qualified: int = 0
    won: int = 0

    def measure(self, name: str, platform: str) -> int | None:
        """What was done, by one of the three measures; None where the platform tells nothing of the kind."""
        if self.done is None:
            return None
        tells = {"interaction": platform == "meta_ads", "video_view": True, "platform_total": platform == "google_ads"}
        kinds = {"interaction": _INTERACTIONS, "video_view": ("video_view",), "platform_total": ("engagement",)}
        return sum(self.done[kind] for kind in kinds[name]) if tells[name] else None


Weeks = dict[tuple[CampaignKey, date], Week]


def weeks_of(found: Interactions, heads: Iterable[Head]) -> Weeks:
    """Interactions, leads by creation, and new customers by their first deal's closing."""
    weeks: defaultdict[tuple[CampaignKey, date], Week] = defaultdict(Week)
    for key, done in found.items():
        weeks[key].done = done
    for head in heads:
        weeks[head.campaign, _monday(head.day)].leads += 1
        weeks[head.campaign, _monday(head.day)].qualified += head.is_qualified(_DAYS)
        if head.wins:
            weeks[head.campaign, _monday(head.wins[0].day)].won += 1
    return dict(weeks)


def weekly(weeks: Weeks, today: date) -> Iterator[tuple[Key, Cells]]:
    """Per campaign and week: what was done with its content, and what came."""
    for (campaign, monday), week in weeks.items():
        done = week.done or Counter()
        told = _INTERACTIONS if campaign[0] == "meta_ads" else ()
        yield (*campaign, monday.isoformat()), {
            **{f"{kind}_count": done[kind] if kind in told and kind in done else None for kind in _INTERACTIONS},
            **{f"{name}_count": week.measure(name, campaign[0])
               for name in ("interaction", "video_view", "platform_total")},
            "unique_lead_count": week.leads, "qualified_count": week.qualified, "won_count": week.won,
            "is_matured": not week.leads or _is_grown(monday, today)}


def lags(weeks: Weeks, today: date) -> Iterator[tuple[Key, Cells]]:
    """Per campaign and for the company, by measure, outcome and lag: how both went along."""
    over = {key: week for key, week in weeks.items() if key[1] + timedelta(days=7) < today}
    last = max(monday for _, monday in over)
    grown = max((monday for _, monday in over if _is_grown(monday, today)), default=date.min)
    outcomes = {"lead": ("leads", last), "qualified": ("qualified", grown), "won": ("won", last)}
    for campaign in {key for key, _ in over} | {_COMPANY}:
        mine = [(*key, week) for key, week in over.items() if campaign in (key[0], _COMPANY)]
        for measure in ("interaction", "video_view", "platform_total"):
            done = _added((monday, week.measure(measure, key[0])) for key, monday, week in mine)
            for outcome, (name, newest_week) in outcomes.items():
                came = _added((monday, getattr(week, name)) for _, monday, week in mine)
                for lag in range(_LAGS) if any(done.values()) else ():
                    pairs = [(done[monday], came.get(monday + timedelta(days=7 * lag), 0)) for monday in sorted(done)
                             if monday + timedelta(days=7 * lag) <= newest_week]
                    if pairs:
                        yield (*campaign, measure, outcome, str(lag)), _told(pairs)


def _added(numbers: Iterable[tuple[date, int | None]]) -> dict[date, int]:
    sums: Counter[date] = Counter()
    for monday, number in numbers:
        if number is not None:
            sums[monday] += number
    return dict(sums)


def _told(pairs: list[tuple[int, int]]) -> Cells:
    x, y = ([float(number) for number in column] for column in zip(*pairs, strict=True))
    cells: Cells = {"week_count": len(pairs), "effective_week_rate": None, "correlation_ratio": None,
                    "correlation_least_ratio": None, "correlation_most_ratio": None, "caveat": "too_few_weeks"}
    if len(pairs) < _ENOUGH:
        return cells
    if len(set(x)) == 1 or len(set(y)) == 1:
        return cells | {"caveat": "no_variation"}
    alike = max(_own(x) * _own(y), 0.0)
    effective = len(pairs) * (1 - alike) / (1 + alike)
    if effective < _ENOUGH_EFFECTIVE:
        return cells | {"effective_week_rate": effective / len(pairs)}
    found, spread = correlation(x, y), Z / math.sqrt(effective - 3)
    grown = (1 + found) / (1 - found)
    low, high = (grown * math.exp(2 * side) for side in (-spread, spread))
    return cells | {"effective_week_rate": effective / len(pairs), "correlation_ratio": found,
                    "caveat": "correlation_not_cause",
                    "correlation_least_ratio": (low - 1) / (low + 1), "correlation_most_ratio": (high - 1) / (high + 1)}


def _own(numbers: list[float]) -> float:
    """How much each number is like the one before it."""
    middle = mean(numbers)
    off = [number - middle for number in numbers]
    return sum(one * other for one, other in pairwise(off)) / sum(one * one for one in off)


def _is_grown(monday: date, today: date) -> bool:
    return monday + timedelta(days=6 + _DAYS) < today


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
