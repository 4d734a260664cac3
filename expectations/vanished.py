"""Whether a list of keys may be believed: a short list would archive everything that it forgot to name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from connectors.base import Slice
from crosscheck.settings import Gates
from crosscheck.tables import Table
from expectations.rules import Fact, Severity, flag
from expectations.volume import FLOOR
from warehouse import ddl
from warehouse.sweep import COLUMN, held, listed, swept


def facts(record: Table, jobs: Sequence[Slice], gates: Gates) -> list[Fact]:
    """The fact about one incoming table of keys: few records vanish in a night, and never all."""
    lists = [job for job in jobs if job.stream.sweeps is not None and job.stream.primary.table.name == record.name]
    if not lists:
        return []
    counted = sa.union_all(*(_counted(job) for job in lists)).cte("vanished")
    had, gone = counted.c.rows_held, counted.c.rows_gone
    many = sa.and_(gone >= FLOOR, gone > had * gates.vanished_share)
    everything = sa.and_(gone > had * gates.vanished_share, gone == had)
    evaluated = sa.select(sa.func.sum(had)).select_from(counted)
    return [Fact(record.name, "few records vanish", Severity.FAIL, sa.select(counted).where(sa.or_(many, everything)),
                 evaluated, f"more than {gates.vanished_share:.0%} of what is held is missing from the list of keys")]


def _counted(job: Slice) -> sa.Select[Any]:
    """What staging holds of the swept stream, and how much of it neither the keys nor tonight's rows name."""
    record = swept(job)
    row, fresh = ddl.table(record), ddl.table(record, "incoming")
    same = (row.c[name] == fresh.c[name] for name in record.key)
    brought = sa.exists().where(fresh.c.stream_key == job.swept_key, *same).correlate(row)
    gone = sa.and_(~listed(job, "incoming"), ~brought)
    return sa.select(sa.literal(job.stream_key, sa.Text).label("stream_key"), sa.func.count().label("rows_held"),
                     sa.func.coalesce(sa.func.sum(flag(gone)), 0).label("rows_gone"),
                     ).where(held(job, job.run_id), ~row.c[COLUMN])
