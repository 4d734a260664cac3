"""What the nightly report says, as plain values: read once from the published tables, shown in any language.

A value that the tables hide (too small a sample, too little on record) is null here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from warehouse.marts.leak_causes import SET_ASIDE

Row = Mapping[str, Any]
#: Causes that are nobody's loss: who bought, who may still buy, what is a lead by name only.
NO_LOSS = ("won", "still_open", *SET_ASIDE)


@dataclass(frozen=True)
class Rate:
    """A share of 1 with its Wilson bounds; null where a mart would hide it."""

    hits: int
    of: int
    value: float | None
    low: float | None
    high: float | None

    def differs(self, other: Rate | None) -> bool:
        """Whether the intervals lie apart: the only difference that is worth a word."""
        if other is None or None in (self.low, self.high, other.low, other.high):
            return False
        assert self.low is not None
        assert self.high is not None
        assert other.low is not None
        assert other.high is not None
        return self.low > other.high or self.high < other.low


@dataclass(frozen=True)
class Leak:
    """One cause of `leak_waterfall`, summed over campaigns and months."""

    cause: str
    owner: str
    cause_no: int
    leads: int
    margin: Decimal | None

    @property
    def is_loss(self) -> bool:
        """Whether somebody lost these leads."""
        return self.cause not in NO_LOSS


@dataclass(frozen=True)
class Loss:
    """What one owner's steps lost."""

    owner: str
    leads: int
    margin: Decimal | None


@dataclass(frozen=True)
class Waterfall:
    """Where the leads of the newest mature months went. `unpriced` are months in which nobody won: no money there."""

    months: tuple[date, ...]
    horizon_days: int | None
    leaks: tuple[Leak, ...]
    unpriced: tuple[date, ...]

    @property
    def leads(self) -> int:
        """All leads of the months, those by name only among them."""
        return sum(leak.leads for leak in self.leaks)

    @property
    def won(self) -> int:
        """Leads whose person bought within the horizon of the lead; whoever bought before it came is none of them."""
        return sum(leak.leads for leak in self.leaks if leak.cause == "won")

    @property
    def losses(self) -> list[Loss]:
        """By owner, the largest first: by money where there is some, else by leads."""
        owners = dict.fromkeys(leak.owner for leak in self.leaks if leak.is_loss and leak.leads)
        found = [self._of(owner) for owner in owners]
        return sorted(found, key=lambda one: (one.margin or 0, one.leads), reverse=True)

    def _of(self, owner: str) -> Loss:
        mine = [leak for leak in self.leaks if leak.owner == owner and leak.is_loss]
        known = [leak.margin for leak in mine if leak.margin is not None]
        return Loss(owner, sum(leak.leads for leak in mine), sum(known, Decimal()) if known else None)


@dataclass(frozen=True)
class Ratio:
    """One of the five ratios, over the newest mature weeks and those before."""

    name: str
    now: Rate
    before: Rate | None

    @property
    def change(self) -> float | None:
        """By how much of 1 it moved, where both are shown."""
        if self.before is None or self.now.value is None or self.before.value is None:
            return None
        return self.now.value - self.before.value


@dataclass(frozen=True)
class Ratios:
    """The five ratios of the company, with how much of it sales recorded."""

    weeks: tuple[date, ...]
    weeks_before: tuple[date, ...]
    ratios: tuple[Ratio, ...]
    coverage: Rate | None


@dataclass(frozen=True)
class Returns:
    """Money and outcomes of a campaign, or of all of them, in the months that are named."""

    platform: str
    account_id: str
    campaign_id: str
    name: str
    spend: Decimal | None
    leads: int
    qualified: int
    won: int
    deals: int
    margins_known: int
    revenue: Decimal | None
    margin: Decimal | None
    cpl: Decimal | None
    cpql: Decimal | None
    roi: float | None


@dataclass(frozen=True)
class Campaigns:
    """The cohort view of the newest mature months, its total, and the closed view of all published months."""

    months: tuple[date, ...]
    horizon_days: int | None
    total: Returns | None
    each: tuple[Returns, ...]
    closed_roi: Mapping[tuple[str, str, str], Any]


@dataclass(frozen=True)
class Week:
    """Cost and gross profit of the leads that came in a week; profit is null unless every won deal's is known."""

    start: date
    is_matured: bool
    spend: Decimal | None
    margin: Decimal | None
    deals: int
    margins_known: int


@dataclass(frozen=True)
class Delay:
    """How a delay fell into the bands, over the newest mature months of the sources that record it."""

    name: str
    clock: str
    started: int
    shares: Mapping[str, Rate]


@dataclass(frozen=True)
class Band:
    """What became of the leads that waited so long."""

    name: str
    leads: int
    reached: Rate
    closed: Rate


@dataclass(frozen=True)
class Speed:
    """Speed to lead: the delays, the company's own response curve, and the sources about which nothing is said."""

    months: tuple[date, ...]
    delays: tuple[Delay, ...]
    curve: tuple[Band, ...]


@dataclass(frozen=True)
class Discounts:
    """Discounts by month and by campaign, and what was beyond every promotion."""

    months: tuple[date, ...]
    by_month: Sequence[Row]
    by_campaign: Sequence[Row]
    off_promotion: Mapping[date, Row]


@dataclass(frozen=True)
class Changes:
    """Why published numbers changed: by metric and cause, and the largest of them one by one."""

    compared_day: date | None
    summed: Sequence[Row]
    largest: Sequence[Row]


@dataclass(frozen=True)
class Tonight:
    """What the ledger knows of the published run: gates, row accounting, what was kept out, the runs before."""

    run_id: str
    as_of: datetime
    gates: Sequence[Row] = ()
    broken: Sequence[Row] = ()
    accounting: Sequence[Row] = ()
    kept_out: Sequence[Row] = ()
    runs: Sequence[Row] = ()


@dataclass(frozen=True)
class Facts:
    """Everything that the report says."""

    company: str
    tonight: Tonight
    freshness: Sequence[Row]
    rules: Sequence[Row]
    waterfall: Waterfall
    ratios: Ratios
    by_campaign: Sequence[Row]
    campaigns: Campaigns
    weeks: tuple[Week, ...]
    speed: Speed
    not_published: Sequence[Row]
    sourcing_months: tuple[date, ...]
    sourcing: Sequence[Row]
    discounts: Discounts
    promises: Sequence[Row]
    charters: Sequence[Row]
    contradictions: Sequence[Row]
    changes: Changes
