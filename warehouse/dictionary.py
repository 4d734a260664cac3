"""The dictionary: every table and every ratio, printed from the records that make them.

`python -m warehouse.dictionary` writes it; a test compares it with the records of today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from crosscheck.canonical import CANONICAL
from crosscheck.tables import TECHNICAL, Column, Field, Kind, Table
from warehouse import ddl
from warehouse.marts import MARTS, Mart
from warehouse.metrics import METRICS, Metric
from warehouse.staging.records import DERIVED

_ROOT = Path(__file__).resolve().parents[1]
_GENERATED = "<!-- Written by `make docs` from the records; edit those. -->"
_PHYSICAL = {Kind.TEXT: "text", Kind.ID: "text", Kind.COUNT: "bigint", Kind.QUANTITY: "decimal(18,6)",
             Kind.RATE: "double", Kind.INSTANT: "timestamp, UTC", Kind.DAY: "date", Kind.FLAG: "boolean"}
#: Which date places a number, in words.
BASES = {"spend": "the ad account's own day of the spend", "cohort": "the day of the lead's creation, business zone",
          "worked": "the instant of the touch, UTC", "closed": "the day the deal closed, business zone",
          "created": "the day the record was created, business zone"}

_TABLES_INTRO = (
    "Published tables first, then what they are made of. Columns marked (key) together name a row. A date basis says "
    "which date places a number:")
_VALUES_INTRO = (
    "Amounts are decimals with their currency beside them, shares lie between 0 and 1, and what was not reported is "
    "null, never 0.")
_ARCHIVE_INTRO = (
    "Every published table again, under its own name, with two more columns: which rows came (`side` 1) and went (-1) "
    "with which publication (`publication_no`, as in `ops.publication`). The published rows, minus what came since, "
    "plus what went since, are what was published then: `crosscheck as-of` does that sum.")
_STAGING_INTRO = (
    "What every connector maps its vendor onto. Each row also carries "
    f"{', '.join(f'`{name}`' for name in TECHNICAL)}: its place in landing.")
_METRICS_INTRO = (
    "Each ratio is defined once, in `warehouse/metrics.py`, and recomputed from summed parts wherever it is published. "
    "To get one for other rows, sum numerator and denominator first, then divide; a mean of ratios is another number. "
    "A ratio over nothing is null.")
_METRICS_END = (
    "Shares of leads have Wilson 95 % bounds beside them (`_low`, `_high`) and are null below 20 unique leads, except "
    "`coverage_rate` and `verdict_rate`; `given_won_rate` and `company_won_rate` rest on the whole company's leads and "
    "have no bounds; shares of spend are null below 20 unique leads too. "
    "`roi_ratio` rests on gross margin; `roi_revenue_ratio` on revenue, and is named so.")


def documents() -> dict[str, str]:
    """Each generated file by its path from the project's root."""
    return {"docs/tables.md": tables(), "docs/metrics.md": metrics()}


def tables() -> str:
    """The tables that are published, and those behind them."""
    return _page(_tables())


def metrics() -> str:
    """The ratios: formula, unit, when null, where published."""
    return _page(_metrics())


def _page(lines: Iterable[str]) -> str:
    return "\n".join((_GENERATED, *lines)).rstrip() + "\n"


def _tables() -> Iterator[str]:
    yield from ("# Tables", "", _TABLES_INTRO, "")
    yield from (f"- **{name}**: {meaning}." for name, meaning in BASES.items())
    yield from ("", _VALUES_INTRO, "", "# Published (`mart`)")
    for mart in MARTS:
        yield from _mart(mart)
    yield from ("", "# Archive (`archive`)", "", _ARCHIVE_INTRO)
    yield from ("", "# Staging (`staging`)", "", _STAGING_INTRO)
    for record in CANONICAL:
        yield from _table(record)
    yield from ("", "# Kept by the build (`staging`)")
    for record in DERIVED:
        yield from _table(record)


def _mart(mart: Mart) -> Iterator[str]:
    yield from _table(mart.record)
    yield from ("", f"**How to read it.** {' '.join(mart.prose.split())}")
    if mart.checks:
        yield from ("", "Checked before publication, row by row:", "")
        yield from (f"- {check.name} ({check.severity}): `{check.predicate}`" for check in mart.checks)


def _table(record: Table) -> Iterator[str]:
    yield from ("", f"## {record.full_name}", "", record.grain)
    if record.notes:
        yield from ("", record.notes)
    yield from ("", "| column | type | unit | basis | meaning |", "|---|---|---|---|---|")
    yield from (_row(record, column) for column in record.columns if column.name not in TECHNICAL)


def _row(record: Table, column: Column) -> str:
    field = column.field
    name = f"`{column.name}`" + (" (key)" if column.name in record.key else "")
    allowed = f" One of: {', '.join(field.allowed)}." if field.allowed else ""
    return f"| {name} | {physical(record, field)} | {field.unit} | {column.basis} | {field.meaning}{allowed} |"


def physical(record: Table, field: Field) -> str:
    """The type of a table's column, as an analyst meets it."""
    width = ddl.sql_type(Kind.MONEY, record.layer)
    return _PHYSICAL.get(field.kind, f"decimal({width.precision},{width.scale})")


def _metrics() -> Iterator[str]:
    yield from ("# Metrics", "", _METRICS_INTRO, "",
                "| metric | formula | unit | null | meaning | published in |", "|---|---|---|---|---|---|")
    yield from (_metric(metric) for metric in METRICS)
    yield from ("", _METRICS_END)


def _metric(metric: Metric) -> str:
    places = ", ".join(f"`{mart.name}`" for mart in MARTS if metric.name in mart.record.by_name)
    return (f"| `{metric.name}` | `{metric.formula}` | {metric.unit} | {metric.null_rule} | {metric.meaning} | "
            f"{places} |")


def write(root: Path = _ROOT) -> None:
    """Write every generated file."""
    for path, text in documents().items():
        (root / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
