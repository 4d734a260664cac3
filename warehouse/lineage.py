"""Where every published column comes from, read out of the selects that make it; drawn as docs/images/lineage.svg.

`python -m warehouse.lineage` draws it again. What a column is computed of counts, not what filters its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from html import escape
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import AliasedReturnsRows

from crosscheck.rules import default_rules
from crosscheck.settings import Settings
from warehouse.build import context
from warehouse.marts import MARTS, Mart

Origin = tuple[str, str]
PATH = Path(__file__).resolve().parents[1] / "docs/images/lineage.svg"
_AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
_NOTHING = "a rule, a constant, or how many rows"
_LINE, _WIDTH, _GAP, _TOP = 24, 210, 190, 56


def lineage(mart: Mart) -> dict[str, frozenset[Origin]]:
    """By column of a mart, the columns of staging and of earlier marts that it is computed of, as (table, column)."""
    chosen = mart.select(context(Settings(), _AS_OF, rules=default_rules()))
    seen: dict[tuple[int, str], frozenset[Origin]] = {}
    return {name: _of(chosen, name, seen) for name in mart.record.by_name}


def _of(rows: sa.FromClause | sa.SelectBase, name: str, seen: dict[tuple[int, str], frozenset[Origin]]
        ) -> frozenset[Origin]:
    """The origins of a column of a table, an alias, or a select."""
    if isinstance(rows, sa.Table):
        return frozenset({(rows.fullname, name)})
    if isinstance(rows, AliasedReturnsRows):
        return _of(rows.element, name, seen)  # type: ignore[arg-type]
    if (id(rows), name) not in seen:
        seen[id(rows), name] = frozenset()  # a cycle adds nothing
        seen[id(rows), name] = frozenset(origin for value in _values(rows, name) for origin in _parts(value, seen))
    return seen[id(rows), name]


def _values(rows: sa.FromClause | sa.SelectBase, name: str) -> Iterator[sa.ColumnElement[object]]:
    """What a select gives under a name: one expression, or one of each select that is stacked."""
    if isinstance(rows, sa.CompoundSelect):
        at = list(rows.selected_columns.keys()).index(name)
        yield from (list(one.selected_columns)[at] for one in rows.selects if hasattr(one, "selected_columns"))
    elif isinstance(rows, sa.Select):
        yield rows.selected_columns[name]


def _parts(value: sa.ColumnElement[object], seen: dict[tuple[int, str], frozenset[Origin]]) -> Iterator[Origin]:
    for element in visitors.iterate(value):
        table = getattr(element, "table", None)
        if isinstance(element, sa.ColumnClause) and table is not None:
            yield from _of(table, element.key, seen)


@cache
def _all() -> Mapping[str, Mapping[str, frozenset[Origin]]]:
    return {mart.name: lineage(mart) for mart in MARTS}


def drawn() -> str:
    """The picture: staging, the marts that others read, the marts for readers; each mart tells its columns' origins."""
    reads = {name: sorted({table for origins in columns.values() for table, _ in origins} - {f"mart.{name}"})
             for name, columns in _all().items()}
    read = {table.removeprefix("mart.") for tables in reads.values() for table in tables if table.startswith("mart.")}
    layers = [sorted({table for tables in reads.values() for table in tables if not table.startswith("mart.")}),
              [f"mart.{name}" for name in reads if name in read],
              [f"mart.{name}" for name in reads if name not in read]]
    at = {table: (20 + layer * (_WIDTH + _GAP), _TOP + place * _LINE)
          for layer, tables in enumerate(layers) for place, table in enumerate(tables)}
    height = _TOP + max(map(len, layers)) * _LINE + 10
    lines = [_edge(at[table], at[f"mart.{name}"]) for name, tables in reads.items() for table in tables if table in at]
    heads = [f'<text x="{20 + layer * (_WIDTH + _GAP)}" y="34" class="head">{text}</text>' for layer, text in enumerate(
        ("Staged records and what the build keeps", "Published, and read by other tables", "Published"))]
    return "\n".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {3 * _WIDTH + 2 * _GAP + 40} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12"><title>Where published tables come from</title>',
        "<style>rect{fill:#fff;stroke:#8a94a0}path{fill:none;stroke:#8a94a0;stroke-opacity:.35}.head{font-weight:600}"
        "svg{background:#fff}g:hover rect{fill:#eef3f8}</style>",
        *heads, *lines, *(_box(table, *at[table]) for table in at), "</svg>", ""))


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    """A curve to the right; between tables of one layer it bends out on the right."""
    (x, y), (to, down) = (start[0] + _WIDTH, start[1] + 9), (end[0], end[1] + 9)
    if start[0] == end[0]:
        bend = x + 20 + abs(down - y) // 12
        return f'<path d="M{x},{y} C{bend},{y} {bend},{down} {x},{down}"/>'
    middle = (x + to) // 2
    return f'<path d="M{x},{y} C{middle},{y} {middle},{down} {to},{down}"/>'


def _box(table: str, x: int, y: int) -> str:
    name = table.removeprefix("mart.").removeprefix("staging.")
    columns = _all().get(name, {}) if table.startswith("mart.") else {}
    told = "\n".join(f"{column} ← {', '.join(sorted(map('.'.join, origins))) or _NOTHING}"
                     for column, origins in columns.items())
    return (f'<g><title>{escape(f"{table}{chr(10)}{told}".strip())}</title><rect x="{x}" y="{y}" width="{_WIDTH}" '
            f'height="18" rx="4"/><text x="{x + 8}" y="{y + 13}">{escape(name)}</text></g>')


if __name__ == "__main__":
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(drawn(), encoding="utf-8")
