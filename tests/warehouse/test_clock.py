"""The business calendar: the engine's business seconds are those that one counts opening by opening."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from crosscheck.errors import ConfigError
from crosscheck.rules import BusinessHours, default_rules
from warehouse import ddl
from warehouse.engine import Warehouse
from warehouse.staging.clock import calendar, refresh_clock
from warehouse.staging.hours import with_business
from warehouse.staging.records import BUSINESS_CLOCK

AS_OF = datetime(2026, 6, 20, 19)  # noqa: DTZ001
LATE = BusinessHours((0, 1, 2, 4, 5, 6), time(9, 15), time(22, 45), (date(2026, 3, 9),), "US")
PLACES = [(default_rules().sla.hours, "Asia/Ho_Chi_Minh"), (LATE, "America/Los_Angeles")]


def passed(hours: BusinessHours, zone: str, start: datetime, end: datetime) -> int:
    """Business seconds between two instants, opening by opening."""
    days = hours.open_days(start.date() - timedelta(days=2), end.date() + timedelta(days=2), zone)
    both = (min(end, closes) - max(start, opens) for opens, closes in days)
    return int(sum((max(timedelta(), each) for each in both), timedelta()).total_seconds())


@pytest.mark.parametrize(("hours", "zone"), PLACES, ids=["home", "across_midnight"])
def test_two_look_ups_and_a_subtraction(wh: Warehouse, hours: BusinessHours, zone: str) -> None:
    """For random pairs of instants, changes of the clock and Tết among them."""
    chance = random.Random(5)
    starts = [datetime(2026, 1, 2) + timedelta(seconds=chance.randrange(150 * 86_400)) for _ in range(120)]  # noqa: DTZ001
    pairs = [(start, start + timedelta(seconds=chance.randrange(1, 9 * 86_400))) for start in starts]
    wh.write(lambda conn: refresh_clock(conn, hours, zone, AS_OF))
    row = sa.union_all(*(sa.select(*(sa.cast(sa.literal(value), kind).label(name) for name, value, kind in (
        ("place", place, sa.Integer()), ("start", start, sa.DateTime()), ("finish", finish, sa.DateTime()))))
        for place, (start, finish) in enumerate(pairs))).subquery("pairs")
    origin, before = with_business(row, row.c.start, "one")
    origin, until = with_business(origin, row.c.finish, "two")
    query = sa.select(until - before).select_from(origin).order_by(row.c.place)
    with wh.engine.connect() as conn:
        found = list(conn.scalars(query))
    assert found == [passed(hours, zone, start, finish) for start, finish in pairs]


def test_the_calendar_reaches_from_the_oldest_lead_to_the_next_year(wh: Warehouse) -> None:
    """Without a lead it begins this year; it is made once, and again when the year turns."""
    hours, day = default_rules().sla.hours, ddl.table(BUSINESS_CLOCK).c.utc_day
    for at, last in ((AS_OF, 2027), (AS_OF, 2027), (AS_OF.replace(year=2027), 2028)):
        wh.write(lambda conn, at=at: refresh_clock(conn, hours, "Asia/Ho_Chi_Minh", at))
        with wh.engine.connect() as conn:
            assert conn.execute(sa.select(sa.func.min(day), sa.func.max(day))).one() == (
                date(at.year - 1, 12, 31), date(last, 12, 31))


def test_days_off() -> None:
    """Sundays, the country's holidays (Tết, and a day moved by decree) and the company's own; a country must be one."""
    hours = default_rules().sla.hours
    shut = {day for day, _, opens, closes, *_ in calendar(hours, "Asia/Ho_Chi_Minh", date(2026, 2, 1), date(2026, 9, 5))
            if opens == closes and day.weekday() != 6}
    assert shut == {date(2026, month, day) for month, days in {
        2: (16, 17, 18, 19, 20), 4: (27, 30), 5: (1,), 8: (31,), 9: (1, 2)}.items() for day in days}
    with pytest.raises(ConfigError, match="no holidays are known of country 'XX'"):
        list(calendar(BusinessHours((0,), time(8), time(9), (), "XX"), "UTC", date(2026, 1, 1), date(2026, 1, 2)))
