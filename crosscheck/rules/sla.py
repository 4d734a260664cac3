"""How soon a new lead is to be worked on, by its kind; what a fair effort is before it may be called unreachable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from crosscheck.errors import ConfigError
from crosscheck.rules.reader import HEAD, Head, Reading

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_WHEN = ("sources", "forms", "landing_pages")


@dataclass(frozen=True)
class BusinessHours:
    """When somebody is there to answer: weekdays (0 is Monday), from and until, and days on which nobody is.

    Beside `holidays` these are the public ones of `country` (an ISO code; empty: none).
    """

    weekdays: tuple[int, ...]
    opens: time
    closes: time
    holidays: tuple[date, ...]
    country: str = ""

    @property
    def minutes(self) -> int:
        """How long a working day is."""
        return (self.closes.hour - self.opens.hour) * 60 + self.closes.minute - self.opens.minute

    def open_days(self, first: date, last: date, zone: str) -> Iterator[tuple[datetime, datetime]]:
        """Opening and closing, naive UTC, of each working day from `first` to `last` in a zone."""
        place = ZoneInfo(zone)
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            off = day in self.holidays or day in _public(self.country, day.year)
            if day.weekday() in self.weekdays and not off:
                yield _utc(day, self.opens, place), _utc(day, self.closes, place)


@cache
def _public(country: str, year: int) -> frozenset[date]:
    """The public holidays of a year."""
    if not country:
        return frozenset()
    from holidays import country_holidays  # takes a while, and most commands do not ask

    try:
        return frozenset(country_holidays(country, years=year))
    except NotImplementedError:
        raise ConfigError(f"sla.yaml: no holidays are known of country {country!r}",
                          fix="give its ISO code, as in VN, or list its days under holidays") from None


def _utc(day: date, hour: time, place: ZoneInfo) -> datetime:
    return datetime.combine(day, hour, place).astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class LeadKind:
    """A kind of lead and the minutes until its first attempt, by the clock or in business hours.

    A lead is of this kind when each list of `when` names it (sources, forms, landing_pages: host and path, or how they
    begin). The last kind has none: it takes all leads that no other took.
    """

    name: str
    minutes: int
    in_business_hours: bool
    when: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Sla:
    """The agreed promise. The first kind that fits a lead is its kind."""

    head: Head
    hours: BusinessHours
    kinds: tuple[LeadKind, ...]
    fair_attempts: int
    fair_days: int


def sla(read: Reading) -> Sla:
    """The promise of a file."""
    needed = ("business_hours", "kinds", "fair_effort")
    read.keys((*HEAD, *needed), required=needed)
    fair = read.mapping("fair_effort")
    fair.keys(("attempts", "days"), required=("attempts", "days"))
    hours = _hours(read.mapping("business_hours"))
    return Sla(read.head(), hours, _kinds(read, hours), fair.whole("attempts"), fair.whole("days"))


def _hours(read: Reading) -> BusinessHours:
    needed = ("days", "from", "until", "holidays")
    read.keys((*needed, "country"), required=needed)
    if strange := [day for day in read.texts("days") if day not in _WEEKDAYS]:
        raise read.wrong("days", f"days: unknown {strange[0]!r}; there are {', '.join(_WEEKDAYS)}")
    opens, closes = _hour(read, "from"), _hour(read, "until")
    if opens >= closes:
        raise read.wrong("until", "until must be later than from")
    return BusinessHours(tuple(_WEEKDAYS.index(day) for day in read.texts("days")), opens, closes,
                         read.days("holidays"), read.text("country") if read.has("country") else "")


def _hour(read: Reading, key: str) -> time:
    if not _HOUR.fullmatch(text := read.text(key)):
        raise read.wrong(key, f'{key} is an hour of the day, as in "08:00"')
    return time.fromisoformat(text)


def _kinds(read: Reading, hours: BusinessHours) -> tuple[LeadKind, ...]:
    each = read.mappings("kinds")
    kinds = tuple(_kind(one) for one in each)
    for one, kind, is_last in zip(each, kinds, (*[False] * (len(each) - 1), True), strict=True):
        if kind.in_business_hours and kind.minutes > hours.minutes:
            raise one.wrong("minutes", f"minutes: a business day has {hours.minutes}, a promise cannot be longer")
        if one.has("when") == is_last:
            raise one.wrong("kind", f"{kind.name}: the last kind, and no other, has no `when`: it takes all other "
                                    "leads")
    if len({kind.name for kind in kinds}) != len(kinds) or not kinds:
        raise read.wrong("kinds", "kinds: give at least one, none of them twice")
    return kinds


def _kind(read: Reading) -> LeadKind:
    read.keys(("kind", "minutes", "clock", "when"), required=("kind", "minutes", "clock"))
    clock = read.choice("clock", ("always", "business"))
    return LeadKind(read.text("kind"), read.whole("minutes"), clock == "business",
                    _when(read) if read.has("when") else {})


def _when(read: Reading) -> dict[str, tuple[str, ...]]:
    lists = read.mapping("when")
    lists.keys(_WHEN)
    if not lists.tree:
        raise read.wrong("when", f"when: give one of {', '.join(_WHEN)}")
    return {name: lists.texts(name) for name in lists.tree}
