"""Business seconds between instants: each instant looks its day up, once."""

from __future__ import annotations

import sqlalchemy as sa

from warehouse import ddl
from warehouse.shims import Expression, date_add_seconds, day_plus, seconds_between
from warehouse.staging.base import Selectable
from warehouse.staging.records import BUSINESS_CLOCK

#: Days in which a promise in business time falls due, the longest holidays included.
_LONGEST = 31


def whole_second(moment: Expression) -> Expression:
    """The instant without fractions of a second: then delays are whole numbers, the same by either clock."""
    return sa.cast(sa.func.date_trunc(sa.literal_column("'second'"), moment), sa.DateTime())


def with_business(origin: Selectable, moment: Expression, name: str) -> tuple[sa.Join, Expression]:
    """Rows with the calendar's day of an instant (of whole seconds), and how much business time has passed by then.

    Null for an instant outside the calendar. `name` tells this look-up from the others of a row.
    """
    day = ddl.table(BUSINESS_CLOCK).alias(name)
    second = sa.cast(seconds_between(sa.cast(day.c.utc_day, sa.DateTime()), moment), sa.BigInteger())
    parts = [sa.func.greatest(sa.func.least(second, day.c[f"closes_{n}_seconds"]) - day.c[f"opens_{n}_seconds"], 0,
                              type_=sa.BigInteger()) for n in (1, 2)]
    joined = origin.outerjoin(day, day.c.utc_day == sa.cast(moment, sa.Date()))
    return joined, day.c.before_seconds + parts[0] + parts[1]


def business_due(rows: Selectable, since: Expression, passed: Expression) -> tuple[sa.Join, Expression]:
    """Rows with the day on which so much business time has passed, and the instant at which it has: the earliest.

    Looked for from the day of `since` on, for as long as no business is closed; null beyond. The days are joined one by
    one: PostgreSQL would compare every row with every day of the calendar.
    """
    day, ahead = ddl.table(BUSINESS_CLOCK).alias("due_day"), _offsets()
    within = passed - day.c.before_seconds
    first = day.c.closes_1_seconds - day.c.opens_1_seconds
    whole = first + day.c.closes_2_seconds - day.c.opens_2_seconds
    days = ahead.join(day, sa.true())
    joined = rows.outerjoin(days, sa.and_(
        day_plus(day.c.utc_day, -ahead.c.ahead) == sa.cast(since, sa.Date()), within > 0, within <= whole))
    second = sa.case((within <= first, day.c.opens_1_seconds + within), else_=day.c.opens_2_seconds + within - first)
    return joined, date_add_seconds(sa.cast(day.c.utc_day, sa.DateTime()), second)


def _offsets() -> sa.Subquery:
    numbers = (sa.select(sa.literal_column(str(days), sa.Integer()).label("ahead")) for days in range(_LONGEST + 1))
    return sa.union_all(*numbers).subquery("ahead")
