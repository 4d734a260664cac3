"""What either department promised the other: per month for the company, and per campaign in its charter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from crosscheck.fields.agreements import PROMISES, Promise
from crosscheck.rules.figures import currency
from crosscheck.rules.reader import HEAD, SIGNATORIES, Head, Reading

_CHARTER = ("name", "platform", "campaign", "first_day", "last_day", "objective", "message")


@dataclass(frozen=True)
class Agreement:
    """What was promised of one period: by name of the promise, how much. A charter names its campaign as well."""

    name: str
    first_day: date
    last_day: date
    promised: Mapping[str, Decimal]
    signed_by: Mapping[str, str | None]
    platform: str | None = None
    campaign: str | None = None
    objective: str | None = None
    message: str | None = None
    portrait_version: str | None = None

    @property
    def is_draft(self) -> bool:
        """Whether a signature is missing."""
        return not all(self.signed_by.get(side) for side in SIGNATORIES)


@dataclass(frozen=True)
class Commitments:
    """Every promise, and the currency of all budgets: months first, then charters, each as they are listed."""

    head: Head
    currency: str
    agreements: tuple[Agreement, ...]


def commitments(read: Reading) -> Commitments:
    """The promises of a file."""
    needed = ("currency", "months", "campaigns")
    read.keys((*HEAD, *needed), required=needed)
    listed, signed_by = read.mapping("months"), read.signatures()
    months = tuple(_month(listed, key, signed_by) for key in listed.tree)
    each = read.mappings("campaigns")
    charters = tuple(_charter(one) for one in each)
    for place, one in enumerate(each):
        if charters[place].name in [other.name for other in (*months, *charters[:place])]:
            raise one.wrong("name", f"name: {charters[place].name!r} stands twice")
    return Commitments(read.head(), currency(read), months + charters)


def _month(listed: Reading, key: str, signed_by: Mapping[str, str | None]) -> Agreement:
    first, inner = listed.month(key), listed.mapping(key)
    inner.keys(SIGNATORIES)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return Agreement(key, first, last, dict(_promised(inner, PROMISES)), signed_by)


def _charter(read: Reading) -> Agreement:
    read.keys((*_CHARTER, "portrait_version", "signed_by", *SIGNATORIES), required=_CHARTER)
    if read.day("last_day") < read.day("first_day"):
        raise read.wrong("last_day", "last_day is before first_day")
    promised = dict(_promised(read, tuple(each for each in PROMISES if each.is_of_campaigns)))
    texts = {key: read.text(key) for key in ("name", "platform", "campaign", "objective", "message")}
    drawn = read.text("portrait_version") if read.has("portrait_version") else None
    return Agreement(first_day=read.day("first_day"), last_day=read.day("last_day"), promised=promised,
                     signed_by=read.signatures(), portrait_version=drawn, **texts)


def _promised(read: Reading, known: tuple[Promise, ...]) -> Iterator[tuple[str, Decimal]]:
    """What either side promised; neither has to."""
    for side in SIGNATORIES:
        if not read.has(side):
            continue
        words = {each.name: each for each in known if each.side == side}
        given = read.mapping(side)
        given.keys(words)
        for name in given.tree:
            counted = Decimal(given.whole(name, 0)) if words[name].kind == "count" else None
            share = 1 if words[name].kind == "share" else None
            yield name, given.number(name, high=share) if counted is None else counted
