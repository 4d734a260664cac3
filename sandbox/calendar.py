"""The company's calendar: planned nights, local days as instants, exchange rates per weekday."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from sandbox.catalogue import BUSINESS_ZONE
from sandbox.model import FxRate

HISTORY_DAYS = 120
NIGHTS = 3
#: Days off in 2026 by the government's calendar, Tết first; no other year is played.
DAYS_OFF = {date(2026, number, day) for number, days in {
    1: (1,), 2: (16, 17, 18, 19, 20), 4: (26, 27, 30), 5: (1,), 8: (31,), 9: (1, 2), 11: (24,)}.items() for day in days}


def midnight(day: date, zone: str) -> datetime:
    """The instant at which a local day begins, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def local_date(moment: datetime, zone: str) -> date:
    """The calendar day of an instant in a zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def nights(last: date, count: int = NIGHTS) -> tuple[datetime, ...]:
    """The `as_of` of consecutive nights, oldest first: 02:00 in the business zone, the last one on `last`."""
    return tuple(midnight(last - timedelta(days=back), BUSINESS_ZONE) + timedelta(hours=2)
                 for back in range(count - 1, -1, -1))


def first_day(planned: tuple[datetime, ...]) -> date:
    """The first day of history: the first night reads exactly `HISTORY_DAYS` full days of the business zone."""
    return local_date(planned[0], BUSINESS_ZONE) - timedelta(days=HISTORY_DAYS)


def off_the_minute(moment: datetime) -> datetime:
    """Whole seconds, and never second zero: no event coincides with a night's `as_of`."""
    whole = moment.replace(microsecond=0)
    return whole if whole.second else whole + timedelta(seconds=1)


def rates(rng: Random, first: date, last: date) -> tuple[FxRate, ...]:
    """One whole USD to VND rate per weekday, from ten days before the history; a weekend publishes none."""
    rate, found = 26_100, []
    for offset in range(-10, (last - first).days + 1):
        day = first + timedelta(days=offset)
        rate = min(27_500, max(25_000, rate + rng.randint(-40, 45)))
        if day.weekday() < 5:
            found.append(FxRate(day, "USD", "VND", Decimal(rate)))
    return tuple(found)
