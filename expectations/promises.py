"""What a table's record promises of the whole table, and of a mart's columns: a question for the key, one for the rest.

A mart is made by our own selects: a broken promise is the fault of a definition, so what matters is that none is broken
and in which columns. Asking column by column, as gate 1 asks of what vendors send, would cost seconds every night.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """One fact for the key and one for all rules that the record's columns have; subjects are columns."""
    table = ddl.table(mart.table, "mart_next")
    rules = [rule for rule in derive(mart.table, as_of=as_of, expect_rows=False) if rule.failing is not None]
    return [_unique(mart.table, table), _kept(table, rules)]


def _unique(record: Table, table: sa.Table) -> Fact:
    key = [table.c[name] for name in record.key]
    repeated = sa.select(sa.func.count().label("same")).select_from(table).group_by(*key).having(sa.func.count() > 1)
    return Fact(table.name, "key is unique", Severity.FAIL, repeated, _rows(table),
                f"several rows have the same {', '.join(record.key)}")


def _kept(table: sa.Table, rules: list[Rule]) -> Fact:
    """Every column is looked at in one pass over the table; which ones are wrong is asked only when any is."""
    wrong = [sa.func.sum(flag(rule.failing(table))) for rule in rules if rule.failing]
    count = sum((sa.case((rows > 0, 1), else_=0) for rows in wrong), start=sa.literal_column("0", sa.BigInteger()))
    return Fact(table.name, "every column keeps its record", Severity.FAIL, lambda: _broken(table, rules, wrong),
                _rows(table), "a column is not what the table's record says", count=sa.select(count).select_from(table))


def _broken(table: sa.Table, rules: list[Rule], wrong: Sequence[sa.ColumnElement[int]]) -> sa.Select[tuple[str, int]]:
    broken = sa.select(*(rows.label(f"n_{at}") for at, rows in enumerate(wrong))).cte(f"{table.name}_broken")
    named = [sa.select(sa.literal(rule.name).label("rule"), broken.c[f"n_{at}"].label("rows_wrong"))
             .where(broken.c[f"n_{at}"] > 0) for at, rule in enumerate(rules)]
    return sa.select(sa.union_all(*named).subquery())


def _rows(table: sa.Table) -> sa.Select[tuple[int]]:
    return sa.select(sa.func.count()).select_from(table)
