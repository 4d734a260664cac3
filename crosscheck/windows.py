"""Windows: closed intervals of account-local days. Time is an argument everywhere below the flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crosscheck.errors import ConfigError


@dataclass(frozen=True, order=True)
class Window:
    """Closed interval of account-local days.

    >>> str(Window(date(2026, 11, 1), date(2026, 11, 3)))
    '2026-11-01..2026-11-03'
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ConfigError(f"window ends before it starts: {self.first}..{self.last}")

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def days(self) -> int:
        """How many days, both ends counted."""
        return (self.last - self.first).days + 1

    @classmethod
    def parse(cls, text: str) -> Window:
        """The inverse of `str`."""
        first, _, last = text.partition("..")
        return cls(date.fromisoformat(first), date.fromisoformat(last))

    def chunks(self, days: int) -> Iterator[Window]:
        """Consecutive pieces of at most `days` days, oldest first.

        >>> [str(w) for w in Window(date(2026, 1, 1), date(2026, 1, 5)).chunks(3)]
        ['2026-01-01..2026-01-03', '2026-01-04..2026-01-05']
        """
        first = self.first
        while first <= self.last:
            last = min(first + timedelta(days=days - 1), self.last)
            yield Window(first, last)
            first = last + timedelta(days=1)


def utc(moment: datetime) -> datetime:
    """An instant in UTC; a naive one is refused, because nobody knows which day it is."""
    if moment.tzinfo is None:
        raise ConfigError(f"instant without a zone: {moment.isoformat()}")
    return moment.astimezone(UTC)


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day of an instant in a zone.

    >>> local_day(datetime(2026, 11, 21, 19, 0, tzinfo=UTC), "Asia/Ho_Chi_Minh")
    datetime.date(2026, 11, 22)
    """
    return utc(moment).astimezone(ZoneInfo(zone)).date()


def midnight(day: date, zone: str) -> datetime:
    """The instant at which a calendar day begins in a zone.

    >>> midnight(date(2026, 11, 22), "Asia/Ho_Chi_Minh").isoformat()
    '2026-11-21T17:00:00+00:00'
    """
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def last_full_day(as_of: datetime, zone: str) -> date:
    """Yesterday, where the account lives: the newest day a platform can have finished."""
    return local_day(as_of, zone) - timedelta(days=1)


def nightly(as_of: datetime, zone: str, *, covered_to: date | None, lookback: int, history: int) -> Window:
    """What a night reads of a `window` stream.

    The lookback re-reads what the vendor restates; a gap after missed nights is covered by starting at the
    first missing day; a stream never read before starts `history` days back.
    """
    last = last_full_day(as_of, zone)
    if covered_to is None:
        return Window(last - timedelta(days=history - 1), last)
    first = min(last - timedelta(days=lookback - 1), covered_to + timedelta(days=1))
    return Window(first, last)
