"""Correlations of interactions with what came so many weeks later, and how far each can be trusted.

Weeks are no independent witnesses: a good month makes four good neighbours. So the interval counts as many weeks as
their likeness leaves (Bartlett's formula of the first order), and never more than there are. All sums are of whole
numbers, hence exact; floats come last.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from operator import mul
from typing import TYPE_CHECKING, Any

from crosscheck.fields.engagement import ENGAGEMENT_MEASURES, LAG_OUTCOMES
from warehouse.shims import WILSON_Z

if TYPE_CHECKING:
    import pyarrow as pa

Campaign = tuple[str, str, str]
#: What happened in each week.
Weeks = Mapping[date, int]
#: Pairs, the share of them that is independent, correlation, its bounds, the caveat.
Found = tuple[int, float | None, float | None, float | None, float | None, str]

MOST_WEEKS = 8
#: Two lines that merely rise are left with three effective weeks, however long they are, and correlate perfectly.
ENOUGH, ENOUGH_EFFECTIVE = 12, 6
EVERY: Campaign = ("(all)", "(all)", "(all)")
_NAMES = ("platform", "account_id", "campaign_id", "engagement_measure", "lag_outcome", "lag_weeks", "week_count",
          "effective_week_rate", "correlation_ratio", "correlation_least_ratio", "correlation_most_ratio", "caveat")
_INDEPENDENT = 3  # Fisher's transformation takes as many away


class Series:
    """The weeks of a campaign: what was done with its content (only weeks of which it is known), and what came."""

    def __init__(self) -> None:
        self.engaged: dict[str, dict[date, int]] = {name: defaultdict(int) for name in ENGAGEMENT_MEASURES}
        self.came: dict[str, dict[date, int]] = {name: defaultdict(int) for name in LAG_OUTCOMES}

    def add(self, week: date, engaged: Sequence[int | None], came: Sequence[int]) -> None:
        """A week's row; None is unknown."""
        for (_, weeks), number in zip(self.engaged.items(), engaged, strict=True):
            if number is not None:
                weeks[week] += number
        for (_, weeks), number in zip(self.came.items(), came, strict=True):
            weeks[week] += number


def lagged(rows: Sequence[Any]) -> pa.Table:
    """One row per campaign, measure, outcome and lag with any pair of weeks; `rows` as `complete_week` selects them."""
    import pyarrow as pa

    from crosscheck.fields import FIELDS
    from crosscheck.tables import arrow_type

    schema = pa.schema([pa.field(name, arrow_type(FIELDS[name].kind)) for name in _NAMES])
    found = list(_lagged(rows))
    return pa.table([[row[place] for row in found] for place in range(len(_NAMES))], schema=schema)


def _lagged(rows: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    told: defaultdict[Campaign, Series] = defaultdict(Series)
    last = dict.fromkeys(LAG_OUTCOMES, date.min)
    for platform, account_id, campaign_id, week, is_grown, *numbers in rows:
        for outcome in LAG_OUTCOMES:
            if is_grown or outcome != "qualified":
                last[outcome] = max(last[outcome], week)
        told[platform, account_id, campaign_id].add(
            week, numbers[:len(ENGAGEMENT_MEASURES)], numbers[len(ENGAGEMENT_MEASURES):])
    for key, series in told.items():
        for measure, weeks in series.engaged.items():
            for outcome in LAG_OUTCOMES if any(weeks.values()) else ():
                for lag in range(MOST_WEEKS + 1):
                    pairs = _pairs(weeks, series.came[outcome], lag, last[outcome])
                    if pairs:
                        yield (*key, measure, outcome, lag, *correlated(*zip(*pairs, strict=True)))


def _pairs(weeks: Weeks, came: Weeks, lag: int, last: date) -> list[tuple[int, int]]:
    """What was done in a week with what came so many weeks later, in the order of weeks."""
    later, latest = timedelta(weeks=lag), last - timedelta(weeks=lag) if last > date.min else last
    return [(number, came.get(week + later, 0)) for week, number in sorted(weeks.items()) if week <= latest]


def correlated(x: Sequence[int], y: Sequence[int]) -> Found:
    """The correlation of neighbouring weeks' numbers, if there are enough of them."""
    size = len(x)
    if size < ENOUGH:
        return size, None, None, None, None, "too_few_weeks"
    off_x, off_y = _deviations(x), _deviations(y)
    square_x, square_y = sum(map(mul, off_x, off_x)), sum(map(mul, off_y, off_y))
    if not square_x or not square_y:
        return size, None, None, None, None, "no_variation"
    alike = sum(map(mul, off_x, off_x[1:])) / square_x * (sum(map(mul, off_y, off_y[1:])) / square_y)
    share = (1 - max(alike, 0)) / (1 + max(alike, 0))
    if size * share < ENOUGH_EFFECTIVE:
        return size, share, None, None, None, "too_few_weeks"
    value = sum(map(mul, off_x, off_y)) / math.sqrt(square_x) / math.sqrt(square_y)
    return size, share, max(-1.0, min(1.0, value)), *_bounds(value, size * share), "correlation_not_cause"


def _deviations(numbers: Sequence[int]) -> list[int]:
    """How far each is from the mean, times how many there are: whole numbers."""
    total, size = sum(numbers), len(numbers)
    return [number * size - total for number in numbers]


def _bounds(value: float, effective: float) -> tuple[float, float]:
    """Fisher's interval; of a perfect correlation it is the point."""
    if abs(value) >= 1:
        point = math.copysign(1.0, value)
        return point, point
    middle, spread = math.atanh(value), WILSON_Z / math.sqrt(effective - _INDEPENDENT)
    return math.tanh(middle - spread), math.tanh(middle + spread)
