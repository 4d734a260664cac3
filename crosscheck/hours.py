"""When somebody is there to answer: weekdays, hours, and the days off of a country, Tết included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class BusinessHours:
    """Weekdays (0 is Monday), from and until, the country whose public holidays are days off, and further days off."""

    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5)
    opens: time = time(8)
    closes: time = time(17, 30)
    country: str = "VN"
    holidays: tuple[date, ...] = ()

    def open_days(self, first: date, last: date, zone: str) -> Iterator[tuple[datetime, datetime]]:
        """Opening and closing, naive UTC, of each working day from `first` to `last` in a zone."""
        place, off = ZoneInfo(zone), {*self.holidays, *self._public(first.year, last.year)}
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            if day.weekday() in self.weekdays and day not in off:
                yield _utc(day, self.opens, place), _utc(day, self.closes, place)

    def _public(self, first: int, last: int) -> set[date]:
        import holidays

        return set(holidays.country_holidays(self.country, years=range(first, last + 1))) if self.country else set()


def _utc(day: date, hour: time, place: ZoneInfo) -> datetime:
    return datetime.combine(day, hour, place).astimezone(UTC).replace(tzinfo=None)
