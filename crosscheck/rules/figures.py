"""The agreed figures: horizons, what either department costs, and which promotions were approved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from crosscheck.rules.reader import HEAD, Head, Reading

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Horizons:
    """After how many days cohorts are compared; after how many the leak waterfall judges a lead."""

    head: Head
    days: tuple[int, ...]
    leak_days: int


@dataclass(frozen=True)
class MonthlyCost:
    """What people and tools cost in one month, media excluded; None where nobody wrote it down."""

    marketing: Decimal | None
    sales: Decimal | None


@dataclass(frozen=True)
class Costs:
    """Costs by first day of month, and the margin of a deal whose own is unknown (None: it stays unknown)."""

    head: Head
    currency: str
    default_margin_rate: Decimal | None
    months: Mapping[date, MonthlyCost]


@dataclass(frozen=True)
class Promotion:
    """A discount that was agreed: for one campaign (id or name; None: any), from first to last day, at most so much."""

    name: str
    campaign: str | None
    first_day: date
    last_day: date
    most_discount_rate: Decimal


@dataclass(frozen=True)
class Promotions:
    """Every approved promotion."""

    head: Head
    promotions: tuple[Promotion, ...]


def horizons(read: Reading) -> Horizons:
    """The horizons of a file."""
    read.keys((*HEAD, "days", "leak_days"), required=("days", "leak_days"))
    return Horizons(read.head(), read.wholes("days"), read.whole("leak_days"))


def costs(read: Reading) -> Costs:
    """The costs of a file."""
    read.keys((*HEAD, "currency", "default_margin_rate", "months"), required=("currency", "months"))
    rate = read.number("default_margin_rate", high=1) if read.has("default_margin_rate") else None
    listed = read.mapping("months")
    return Costs(read.head(), currency(read), rate,
                 {listed.month(month): _cost(listed.mapping(month)) for month in listed.tree})


def currency(read: Reading) -> str:
    """The currency of a file's amounts."""
    if not _CURRENCY.fullmatch(code := read.text("currency")):
        raise read.wrong("currency", "currency: three capital letters of ISO 4217, as in VND")
    return code


def _cost(read: Reading) -> MonthlyCost:
    read.keys(("marketing", "sales"))
    return MonthlyCost(*(read.number(side) if read.has(side) else None for side in ("marketing", "sales")))


def promotions(read: Reading) -> Promotions:
    """The promotions of a file."""
    read.keys((*HEAD, "promotions"), required=("promotions",))
    each = read.mappings("promotions")
    found = tuple(_promotion(one) for one in each)
    for place, one in enumerate(each):
        if found[place].name in [other.name for other in found[:place]]:
            raise one.wrong("name", f"name: {found[place].name!r} stands twice")
    return Promotions(read.head(), found)


def _promotion(read: Reading) -> Promotion:
    needed = ("name", "first_day", "last_day", "most_discount_rate")
    read.keys((*needed, "campaign"), required=needed)
    if read.day("last_day") < read.day("first_day"):
        raise read.wrong("last_day", "last_day is before first_day")
    return Promotion(read.text("name"), read.text("campaign") if read.has("campaign") else None,
                     read.day("first_day"), read.day("last_day"), read.number("most_discount_rate", high=1))
