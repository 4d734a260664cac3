"""Days of the business zone as expressions on instants: no engine is asked about time zones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from warehouse.shims import Expression, date_add_seconds
from warehouse.staging.base import Context

#: Nobody's records are older; instants before are read as if the zone had never been otherwise.
_SINCE = 2000
#: No zone changes its offset and takes that back within less.
_STEP = timedelta(days=7)


def local_date(ctx: Context, moment: Expression) -> Expression:
    """The calendar day of an instant in the business zone."""
    *changes, (_, last) = _offsets(ctx.time_zone, ctx.as_of.year)
    days = [(moment < sa.literal(until, sa.DateTime()), _moved(moment, offset)) for until, offset in changes]
    return sa.cast(sa.case(*days, else_=_moved(moment, last)) if days else _moved(moment, last), sa.Date())


def midnight(ctx: Context, day: Expression) -> Expression:
    """The instant at which a day of the business zone begins."""
    *changes, (_, last) = _offsets(ctx.time_zone, ctx.as_of.year)
    start = sa.cast(day, sa.DateTime())
    instants = [(day <= sa.literal((until + timedelta(seconds=offset)).date(), sa.Date()), _moved(start, -offset))
                for until, offset in changes]
    return sa.case(*instants, else_=_moved(start, -last)) if instants else _moved(start, -last)


def _moved(moment: Expression, seconds: int) -> Expression:
    return date_add_seconds(moment, sa.literal_column(str(seconds)))


@cache
def _offsets(zone: str, year: int) -> tuple[tuple[datetime, int], ...]:
    """The zone's seconds ahead of UTC, each with the instant (naive UTC) until which it held; the last one holds on."""
    return tuple(_changes(ZoneInfo(zone), datetime(_SINCE, 1, 1, tzinfo=UTC), datetime(year + 2, 1, 1, tzinfo=UTC)))


def _changes(zone: ZoneInfo, moment: datetime, end: datetime) -> Iterator[tuple[datetime, int]]:
    while moment < end:
        after = moment + _STEP
        if _ahead(zone, after) != _ahead(zone, moment):
            yield _change(zone, moment, after).replace(tzinfo=None), _ahead(zone, moment)
        moment = after
    yield end.replace(tzinfo=None), _ahead(zone, end)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second of another offset between two instants."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if _ahead(zone, middle) == _ahead(zone, before):
            before = middle
        else:
            after = middle
    return after


def _ahead(zone: ZoneInfo, moment: datetime) -> int:
    return int((moment.astimezone(zone).utcoffset() or timedelta()).total_seconds())
