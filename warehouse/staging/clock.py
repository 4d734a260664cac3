"""The business calendar as rows, so that SQL counts business seconds by two look-ups and a subtraction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from importlib.metadata import version

import pyarrow as pa
import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.rules import BusinessHours
from warehouse import ddl
from warehouse.load import load_arrow
from warehouse.staging.records import BUSINESS_CLOCK

_DAY = timedelta(days=1)
_CLOSED = (0, 0)
#: A UTC day, the business seconds before it, and when it opens and closes, twice, in seconds of the day.
Row = tuple[date, int, int, int, int, int]


def library() -> str:
    """The version of what knows the public holidays: decrees move them, and releases follow."""
    return f"holidays {version('holidays')}"


def refresh_clock(conn: sa.Connection, hours: BusinessHours, zone: str, as_of: datetime) -> None:
    """Fill the days from the oldest lead's year to the end of next year, unless they are there.

    Whoever changes what the business hours follow from must empty the table: only its ends are looked at.
    """
    lead, table = ddl.table(LEAD), ddl.table(BUSINESS_CLOCK)
    oldest = conn.scalar(sa.select(sa.func.min(lead.c.created_day))) or as_of.date()
    first, last = date(oldest.year, 1, 1) - _DAY, date(as_of.year + 1, 12, 31)
    if conn.execute(sa.select(sa.func.min(table.c.utc_day), sa.func.max(table.c.utc_day))).one() == (first, last):
        return
    conn.execute(sa.delete(table))
    columns = zip(BUSINESS_CLOCK.arrow(), zip(*calendar(hours, zone, first, last), strict=True), strict=True)
    load_arrow(conn, table, pa.table({field.name: pa.array(values, field.type) for field, values in columns}))


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
