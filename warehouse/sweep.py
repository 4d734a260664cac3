"""Records that vanished at a vendor who tells of no deletion: found by their absence from a whole list of keys.

A record is never removed here, only marked: its history stays, and a key that comes back clears the mark. What this
very run read counts as there whatever the list says: the two are read side by side, and one may be newer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from connectors.base import Slice
from crosscheck.tables import Table
from warehouse import ddl, dirty, ops

COLUMN = "is_archived"


def swept(job: Slice) -> Table:
    """The table whose rows a stream of keys tells about."""
    stream = job.stream.sweeps
    if stream is None:
        raise ValueError(f"{job.stream.name} is no stream of keys")
    return stream.primary.table


def held(job: Slice, run_id: str) -> sa.ColumnElement[bool]:
    """The staged rows that a list of keys is asked about: those of its stream that this run did not read itself."""
    row = ddl.table(swept(job))
    tonight = sa.select(ops.slice_.c.slice_id).where(ops.slice_.c.run_id == run_id,
                                                     ops.slice_.c.stream_key == job.swept_key)
    return sa.and_(row.c.stream_key == job.swept_key, row.c.slice_id.not_in(tonight))


def listed(job: Slice, schema: str | None = None) -> sa.ColumnElement[bool]:
    """Whether the list names the staged row's key: the list that is held, or in `incoming` the one of tonight."""
    row, key = ddl.table(swept(job)), ddl.table(job.stream.primary.table, schema)
    same = (row.c[name] == key.c[name] for name in swept(job).key)
    return sa.exists().where(key.c.stream_key == job.stream_key, *same).correlate(row)


def sweep(conn: sa.Connection, wh: object, run_id: str, jobs: Sequence[Slice]) -> None:
    """Archive what the staged lists of keys lack, and bring back what they name again; told and marked like any change.

    Belongs behind the replacement of all rows of the night, in its transaction.
    """
    for job in (one for one in jobs if one.stream.sweeps is not None):
        row, there = ddl.table(swept(job)), listed(job)
        differs = sa.and_(held(job, run_id), sa.or_(row.c[COLUMN] & there, ~row.c[COLUMN] & ~there))
        dirty.mark(conn, wh, row.name, sa.select(row).where(differs))
        columns = [column.name for column in ops.restatement.columns]
        conn.execute(sa.insert(ops.restatement).from_select(columns, _told(job, run_id, differs)))
        conn.execute(sa.update(row).where(differs).values({COLUMN: ~row.c[COLUMN]}))


def _told(job: Slice, run_id: str, differs: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The restatement of each row, as brought by the list of keys."""
    record = swept(job)
    row = ddl.table(record)
    key: sa.ColumnElement[Any] = row.c[record.key[0]]
    for name in record.key[1:]:
        key = key.concat("|").concat(row.c[name])
    texts = [sa.literal(text, sa.Text) for text in (run_id, job.slice_id, record.name)]
    old, new = (sa.cast(value, sa.Text) for value in (row.c[COLUMN], ~row.c[COLUMN]))
    return sa.select(*texts, key, sa.cast(sa.null(), sa.Date), sa.literal(COLUMN, sa.Text), old, new,
                     sa.literal("changed", sa.Text)).where(differs)
