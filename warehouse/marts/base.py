"""What a mart is.

A mart is one file: RECORD, `select`, CHECKS, PROSE. Its select reads staging, steps (named intermediate tables, made
once per build) and marts that come earlier in MARTS. The same select runs on every engine, whole or for the
partitions that changed. What SQL cannot compute it takes from `Context.computed`, as rows like any others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from crosscheck.tables import Table
from warehouse import ddl
from warehouse.shims import Expression, last_day, start_of
from warehouse.staging.base import Context, Step
from warehouse.staging.names import campaign_version, with_name


@dataclass(frozen=True)
class Check:
    """A predicate that holds for each row of the mart; null counts as a failure. `severity` is fail or warn."""

    name: str
    predicate: str
    severity: str = "fail"


@dataclass(frozen=True)
class Partition:
    """How a mart is cut for rebuilding: its date column, the length of a piece, the bases that place its numbers."""

    column: str
    unit: str
    bases: tuple[str, ...]


#: From a published row to the rows of `lead_fact`, `deal_fact` and `ad_daily` that it counts, by table name.
Evidence = Callable[[Mapping[Any, Any]], Mapping[str, Expression]]


def everything(_: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The evidence of a row that counts leads, deals and spend alike."""
    return {"lead_fact": sa.true(), "deal_fact": sa.true(), "ad_daily": sa.true()}


@dataclass(frozen=True)
class Mart:
    """One published table. Without a partition it is built whole each night.

    `stale` selects partitions whose published rows would read differently today though no source row changed:
    a cohort has matured, a campaign got a name. `evidence` says what a row counts, beyond the campaign, source and
    period that it shares with its evidence; of a table that is not named it counts nothing. `is_exact`: it names the
    evidence by itself, and shares nothing with it. `is_of_one_night`: after an eventful night a quiet one has little to
    tell, so fewer rows are no loss.
    """

    record: Table
    select: Step
    prose: str
    checks: tuple[Check, ...] = ()
    partition: Partition | None = None
    stale: Step | None = None
    evidence: Evidence = everything
    is_exact: bool = False
    is_of_one_night: bool = False

    @property
    def name(self) -> str:
        """The table's name."""
        return self.record.name

    def start(self, day: Expression) -> Expression:
        """The partition in which a day lies."""
        unit = self.partition.unit if self.partition else "day"
        return day if unit == "day" else start_of(unit, day)


@dataclass(frozen=True)
class BuiltMart:
    """What publication has to replace: the partitions of a mart that `mart_next` now holds; None: all of it.

    `is_of_one_night` as the mart says.
    """

    table: Table
    partition_column: str | None = None
    partitions: tuple[date, ...] | None = None
    rows: int = 0
    is_of_one_night: bool = False

    def replaced(self, shown: sa.FromClause) -> Expression:
        """Whether a published row lies in what is replaced."""
        if self.partitions is None or self.partition_column is None:
            return sa.true()
        return shown.c[self.partition_column].in_(self.partitions)


def arrange(record: Table, values: Mapping[str, Expression]) -> list[sa.Label[Any]]:
    """The columns of a record in order, from expressions by name, each cast to its kind where it differs."""
    return [_typed(values[c.name], ddl.sql_type(c.field.kind)).label(c.name) for c in record.columns]


def _typed(value: Expression, kind: Any) -> Expression:
    return value if type(value.type) is type(kind) else sa.cast(value, kind)


def stale_names(ctx: Context, record: Table, column: str, unit: str) -> sa.Select[Any]:
    """Partitions with published rows whose campaign has another name by now."""
    there = ddl.table(record, "mart")
    joined, name = with_name(there, last_day(unit, there.c[column]), ctx.step(campaign_version))
    return sa.select(there.c[column]).select_from(joined).where(there.c.campaign_name.is_distinct_from(name)).distinct()
