"""What a table's record promises of the table as a whole, and of a mart's columns: one question per kind of promise.

A mart is made by our own selects: a broken promise is the fault of a definition, so what matters is that none is broken
and in which columns. Asking column by column, as gate 1 asks of what vendors send, would cost seconds every night.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from crosscheck.tables import Table
from expectations.derive import MUST_SPEAK, derive
from expectations.rules import Fact, Rule, Severity, flag
from warehouse import ddl
from warehouse.marts.base import BuiltMart


def whole(record: Table, *, expect_rows: bool) -> list[Fact]:
    """The facts of a staging table: gate 1 has judged every single row on its way in."""
    table = ddl.table(record)
    found = [_unique(record, table)]
    if expect_rows:
        none = sa.func.count() == 0
        found.append(Fact(record.name, "has rows", Severity.FAIL, _rows(table).having(none), _rows(table),
                          "no rows where rows are expected"))
        found += [Fact(record.name, f"{name} speaks", Severity.FAIL,
                       _rows(table).having(sa.func.count(table.c[name]) == 0), _rows(table), "null in every row")
                  for name in MUST_SPEAK.get(record.name, ())]
    return found


def facts(mart: BuiltMart, as_of: datetime) -> list[Fact]:
    """One fact for the key and one for each kind of rule that the record's columns have; subjects are columns."""
    table = ddl.table(mart.table, "mart_next")
    kinds: dict[str, list[Rule]] = {}
    for rule in derive(mart.table, as_of=as_of, expect_rows=False):
        if rule.failing is not None:
            kinds.setdefault(rule.name.removeprefix(f"{rule.column} "), []).append(rule)
    return [_unique(mart.table, table), *(_kind(table, kind, rules) for kind, rules in kinds.items())]


def _unique(record: Table, table: sa.Table) -> Fact:
    key = [table.c[name] for name in record.key]
    repeated = sa.select(sa.func.count().label("same")).select_from(table).group_by(*key).having(sa.func.count() > 1)
    return Fact(table.name, "key is unique", Severity.FAIL, repeated, _rows(table),
                f"several rows have the same {', '.join(record.key)}")


def _kind(table: sa.Table, kind: str, rules: list[Rule]) -> Fact:
    """Every column is looked at in one pass over the table."""
    broken = sa.select(*(sa.func.sum(flag(rule.failing(table))).label(rule.column)
                         for rule in rules if rule.failing)).cte(f"{table.name}_{kind.replace(' ', '_')}")
    named = [sa.select(sa.literal(rule.column).label("column_name"), broken.c[rule.column].label("rows_wrong"))
             .where(broken.c[rule.column] > 0) for rule in rules]
    return Fact(table.name, f"every column {kind}", Severity.FAIL, sa.select(sa.union_all(*named).subquery()),
                _rows(table), f"a column does not keep what the table's record says: {kind}")


def _rows(table: sa.Table) -> sa.Select[tuple[int]]:
    return sa.select(sa.func.count()).select_from(table)
