"""The business calendar as rows, so that SQL counts business seconds by two look-ups and a subtraction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import pyarrow as pa
import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.hours import BusinessHours
from warehouse import ddl, dirty
from warehouse.load import load_rows
from warehouse.staging.records import BUSINESS_DAY

_DAY = timedelta(days=1)
_CLOSED = (0, 0)
#: A UTC day, the business seconds before it, and when it opens and closes, twice, in seconds of the day.
Row = tuple[date, int, int, int, int, int]


def refresh_calendar(conn: sa.Connection, hours: BusinessHours, zone: str, as_of: datetime) -> None:
    """Keep the days from the oldest lead's year to the end of next year; mark everything when a known day differs."""
    lead, table = ddl.table(LEAD), ddl.table(BUSINESS_DAY)
    oldest = conn.scalar(sa.select(sa.func.min(lead.c.created_day))) or as_of.date()
    wanted = list(calendar(hours, zone, date(oldest.year, 1, 1) - _DAY, date(as_of.year + 1, 12, 31)))
    there = [tuple(row) for row in conn.execute(sa.select(table).order_by(table.c.utc_day))]
    if wanted == there:
        return
    known = {row[0]: row[2:] for row in there}
    if any(known.get(row[0], row[2:]) != row[2:] for row in wanted):
        dirty.mark_all(conn)
    conn.execute(sa.delete(table))
    columns = zip(BUSINESS_DAY.arrow(), zip(*wanted, strict=True), strict=True)
    load_rows(conn, table, pa.table({field.name: pa.array(values, field.type) for field, values in columns}))


def calendar(hours: BusinessHours, zone: str, first: date, last: date) -> Iterator[Row]:
    """One row per UTC day; business seconds are counted from `first` on."""
    openings, before = _openings(hours, zone, first, last), 0
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        one, two = [*openings[day], _CLOSED, _CLOSED][:2]
        yield day, before, *one, *two
        before += one[1] - one[0] + two[1] - two[0]


def _openings(hours: BusinessHours, zone: str, first: date, last: date) -> defaultdict[date, list[tuple[int, int]]]:
    """What of the working days lies in each UTC day: an opening across midnight is cut in two."""
    found: defaultdict[date, list[tuple[int, int]]] = defaultdict(list)
    for opens, closes in hours.open_days(first - _DAY, last + _DAY, zone):
        start = opens
        while start < closes:
            midnight = datetime.combine(start.date(), time())
            end = min(closes, midnight + _DAY)
            found[start.date()].append((int((start - midnight).total_seconds()), int((end - midnight).total_seconds())))
            start = end
    return found
