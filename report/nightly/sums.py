"""How the report sums published rows: parts first, then the agreed metrics over them. No formula is made here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from report.nightly.facts import Rate, Row
from warehouse.ddl import table
from warehouse.marts.lead_quality import SMALL
from warehouse.metrics import Metric, bounds
from warehouse.shims import Expression, count, total
from warehouse.trace import find


def mart(name: str) -> sa.Table:
    """A published table, by its name."""
    return table(find(name).record)


def rows(conn: sa.Connection, query: sa.Select[Any]) -> list[Row]:
    """What a query says, row by row."""
    return [dict(row) for row in conn.execute(query).mappings()]


def newest(conn: sa.Connection, column: Any, limit: int, *where: Any) -> tuple[date, ...]:
    """The newest days of a column, oldest first."""
    found = conn.scalars(sa.select(column).where(*where).distinct().order_by(column.desc()).limit(limit))
    return tuple(sorted(found))


def summed(of: sa.Table, parts: Iterable[str], by: Sequence[Any] = (), where: Sequence[Any] = ()) -> sa.Select[Any]:
    """The sums of columns, counts as counts and money as money; null where nothing is known."""
    sums = [(total if name.endswith("_amount") else count)(of.c[name]).label(name) for name in parts]
    return sa.select(*by, *sums).where(*where).group_by(*by)


def rated(sums: sa.Select[Any], metrics: Iterable[Metric], of: str) -> sa.Select[Any]:
    """Sums with shares of them and their bounds; shares are null where `of` is below the marts' small sample."""
    row = sums.subquery("row")
    known: dict[str, Expression] = dict(row.c.items())
    shown = []
    for metric in metrics:
        low, high = bounds(metric, known)
        for end, value in {"": metric.expression(known), "_low": low, "_high": high}.items():
            shown.append(sa.case((known[of] >= SMALL, value)).label(f"{metric.name}{end}"))
    return sa.select(row, *shown)


def shown(sums: sa.Select[Any], metric: Metric, of: str) -> sa.Select[Any]:
    """Sums with one metric of amounts, which has no bounds; null where `of` is below the marts' small sample."""
    row = sums.subquery("row")
    known: dict[str, Expression] = dict(row.c.items())
    return sa.select(row, sa.case((known[of] >= SMALL, metric.expression(known))).label(metric.name))


def rate(row: Row, metric: Metric) -> Rate:
    """A share as `rated` has it."""
    hits, of = row[metric.numerator[0]], row[metric.denominator]
    return Rate(hits or 0, of or 0, *(row[f"{metric.name}{end}"] for end in ("", "_low", "_high")))
