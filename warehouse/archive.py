"""The archive: what was believed on any day, kept as the differences between publications.

Schema `archive` has a log per mart: the rows that came with a publication, and those that went. An older state is the
published one, minus what came since, plus what went since. So a row is written when it changes and not once a night,
nothing that was written is touched again, and what is published today is not kept twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any

import sqlalchemy as sa

from crosscheck.errors import ConfigError
from crosscheck.tables import Table
from warehouse import ddl, ops
from warehouse.marts import MARTS, BuiltMart
from warehouse.staging.base import netted


def tables() -> Iterator[sa.Table]:
    """Every log."""
    return (ddl.log(mart.record) for mart in MARTS)


def next_no(conn: sa.Connection) -> int:
    """The number of the publication that is being made, from 1."""
    return int(conn.scalar(sa.select(sa.func.max(ops.publication.c.publication_no))) or 0) + 1


def note(conn: sa.Connection, number: int, mart: BuiltMart) -> None:
    """Log how the partitions that are being replaced will differ; called before they are. The first one differs from
    nothing, which nobody asks for.
    """
    if number == 1 or mart.partitions == ():
        return
    shown, fresh, into = ddl.table(mart.table, "mart"), ddl.table(mart.table, "mart_next"), ddl.log(mart.table)
    changed = netted((sa.select(fresh), 1), (sa.select(shown).where(mart.replaced(shown)), -1))
    rows = changed.add_columns(sa.literal(number, sa.BigInteger()))
    conn.execute(sa.insert(into).from_select(into.c.keys(), rows))


def state(record: Table, number: int) -> sa.Select[Any]:
    """The rows of a mart as the publication of that number left them."""
    logged, shown = ddl.log(record), sa.select(ddl.table(record, "mart"))
    since = sa.select(*(logged.c[column.name] for column in record.columns)).where(logged.c.publication_no > number)
    rows = netted((shown, 1), *((since.where(logged.c.side == side), -side) for side in (1, -1)))
    return rows.with_only_columns(*(column for column in rows.selected_columns if column.name != "side"))


def prune(conn: sa.Connection, number: int, as_of: datetime, days: int) -> None:
    """Forget publications older than so many days before this one (`number`), never the one right before it."""
    p, oldest = ops.publication.c, as_of - timedelta(days=days)
    kept = conn.scalar(sa.select(sa.func.min(p.publication_no)).where(sa.or_(p.as_of >= oldest,
                                                                              p.publication_no >= number - 1)))
    if conn.execute(sa.update(ops.publication).where(p.publication_no < kept).values(publication_no=None)).rowcount:
        for logged in tables():
            conn.execute(sa.delete(logged).where(logged.c.publication_no <= kept))


def held_on(conn: sa.Connection, day: date) -> sa.Row[Any]:
    """The publication that readers had at the end of a day of the business zone: its run_id, as_of, publication_no.

    A run whose clock was set back replaced what was published all the same: it counts from the clock before it on.
    Raises ConfigError for a day before the first one that is still archived.
    """
    p = ops.publication.c
    numbered = sa.select(p.run_id, p.as_of, p.publication_no, p.business_day).where(p.publication_no.is_not(None))
    known = conn.execute(numbered.order_by(p.publication_no)).all()
    days = list(accumulate((row.business_day for row in known), max))
    if not days or days[0] > day:
        raise ConfigError(f"nothing that was published by {day} is archived",
                          fix=f"the archive begins on {days[0]}" if days else "crosscheck run")
    return known[bisect_right(days, day) - 1]
