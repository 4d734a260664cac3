"""Business seconds between instants: each instant looks its day up, once."""

from __future__ import annotations

import sqlalchemy as sa

from warehouse import ddl
from warehouse.shims import Expression, seconds_between
from warehouse.staging.base import Selectable
from warehouse.staging.records import BUSINESS_CLOCK


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
