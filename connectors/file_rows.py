"""One page of cells into canonical frames: pure, and every row that does not fit is set aside with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from connectors.base import Mapped, Slice
from connectors.file_cells import Cell, Condition, constant
from connectors.file_derived import Derive
from connectors.file_formats import Chunk, Row
from connectors.file_mapping import FileMapping, FileStream, Target
from connectors.file_numbers import UnreadableError
from connectors.file_parsers import default_for, reader
from crosscheck.tables import TECHNICAL, Column, Kind
from crosscheck.windows import local_day

Values = list[Any]
_MISSING = object()


@dataclass
class _Rows:
    """The rows of a page that have the header's length, by column; `bad` grows while columns are read."""

    columns: Mapping[str, tuple[str | None, ...]]
    numbers: list[int]
    bad: dict[int, tuple[str, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.numbers)

    def column(self, name: str) -> tuple[str | None, ...]:
        """The texts of a column; nulls where this page has none of the name."""
        return self.columns.get(name) or (None,) * len(self)

    def refuse(self, place: int, reason: str, where: str) -> None:
        """The first reason of a row stays."""
        self.bad.setdefault(place, (reason, where))

    def require(self, values: Values, places: list[int], where: str) -> None:
        """Refuse the rows whose value is missing."""
        for place in places:
            if values[place] is None:
                self.refuse(place, "empty", where)

    def holds(self, conditions: Mapping[str, Condition], place: int) -> bool:
        """Whether the row satisfies all conditions."""
        return not conditions or holds(conditions, lambda name: self.column(name)[place])


def holds(conditions: Mapping[str, Condition], cell: Callable[[str], str | None]) -> bool:
    """Whether a row satisfies all conditions; `cell` gives the text of a column."""
    for name, condition in conditions.items():
        value = (cell(name) or "").strip()
        if not value if condition == "non_empty" else value not in condition:
            return False
    return True


def read_cell(cell: Cell, column: Column, mapping: FileMapping) -> Callable[[str | None], Any]:
    """The function from a cell's text to the column's value, or UnreadableError; null where the mapping says so."""
    kind = column.field.kind
    default = None if cell.default is None else constant(cell.default, kind)
    if cell.values is None:
        zone = ZoneInfo(cell.time_zone or mapping.time_zone)
        parse = reader(cell.parse or default_for(kind) or "text", kind, zone, cell.scale)
    else:
        known = {text: constant(value, kind) for text, value in cell.values.items()}
        parse = partial(_translate, known, _MISSING if cell.otherwise is None else constant(cell.otherwise, kind))

    def read(text: str | None) -> Any:
        trimmed = None if text is None else text.strip()
        return default if trimmed is None or trimmed in cell.null else parse(trimmed)

    return read


def map_chunk(stream: FileStream, mapping: FileMapping, job: Slice, chunk: Chunk, derive: Derive) -> Mapped:
    """The canonical frames of a page, its quarantine, and the columns nobody mapped or set aside by name."""
    rows, ragged = _split(chunk)
    page = _Page(mapping, job, rows, derive)
    filled = [(target, *page.fill(target)) for target in stream.outputs]
    frames = {target.table: _frame(target, wanted, values, rows, primary=target is stream.outputs[0])
              for target, wanted, values in filled}
    refused = [(rows.numbers[place], *reason) for place, reason in rows.bad.items()]
    refused += [(number, "ragged", "") for number in ragged]
    known = stream.sources | stream.ignore.keys() | {here for join in stream.join for here in join.take.values()}
    drift = tuple(sorted(name for name in chunk.columns if name not in known and _says_something(name, rows)))
    return Mapped(frames, pd.DataFrame(sorted(refused), columns=["row_no", "reason", "field"]), drift)


def _says_something(name: str, rows: _Rows) -> bool:
    """A column without a name and without a value is an export's margin, not drift."""
    return not name.startswith("(column ") or any(rows.column(name))


def _split(chunk: Chunk) -> tuple[_Rows, list[int]]:
    width = len(chunk.columns)
    good: list[tuple[int, Row]] = []
    ragged: list[int] = []
    for number, row in enumerate(chunk.rows, start=1):
        if len(row) == width:
            good.append((number, row))
        else:
            ragged.append(number)
    by_column = zip(*(row for _, row in good), strict=True) if good else [() for _ in chunk.columns]
    return _Rows(dict(zip(chunk.columns, by_column, strict=True)), [number for number, _ in good]), ragged


class _Page:
    """One page on its way into the tables of its stream."""

    def __init__(self, mapping: FileMapping, job: Slice, rows: _Rows, derive: Derive) -> None:
        self._mapping, self._job, self._rows, self._derive = mapping, job, rows, derive

    def fill(self, target: Target) -> tuple[list[int], dict[str, Values]]:
        """The places of the rows that a table takes, and its columns over all rows."""
        rows, columns = self._rows, target.record.columns
        wanted = [place for place in range(len(rows)) if rows.holds(target.where, place)]
        values = {column.name: self._values(target.columns[column.name], column, wanted)
                  for column in columns if column.name in target.columns}
        self._derive(target, self._job, values, rows.column, len(rows))
        for column in columns:
            if column.required and column.name not in TECHNICAL:
                cell = target.columns.get(column.name)
                rows.require(values[column.name], wanted, (cell.source if cell else None) or column.name)
        return wanted, values

    def _values(self, cell: Cell, column: Column, wanted: list[int]) -> Values:
        rows = self._rows
        if cell.source is None:
            return [self._fixed(cell, column)] * len(rows)
        read, known = read_cell(cell, column, self._mapping), dict[str | None, Any]()
        texts, values = rows.column(cell.source), list[Any]([None] * len(rows))
        for place in wanted:
            if cell.when and not rows.holds(cell.when, place):
                continue
            text = texts[place]
            if text not in known:
                known[text] = _attempt(read, text)
            if isinstance(known[text], UnreadableError):
                rows.refuse(place, known[text].reason, cell.source)
            else:
                values[place] = known[text]
        return values

    def _fixed(self, cell: Cell, column: Column) -> Any:
        if not cell.as_of:
            return constant(cell.const, column.field.kind)
        at = self._job.as_of
        return at if column.field.kind is Kind.INSTANT else local_day(at, self._mapping.time_zone)


def _attempt(read: Callable[[str | None], Any], text: str | None) -> Any:
    try:
        return read(text)
    except UnreadableError as error:
        return error


def _translate(known: Mapping[str, Any], otherwise: Any, text: str) -> Any:
    value = known.get(text, otherwise)
    if value is _MISSING:
        raise UnreadableError("unknown_value")
    return value


def _frame(target: Target, wanted: list[int], values: Mapping[str, Values], rows: _Rows, *,
           primary: bool) -> pd.DataFrame:
    """The good rows. A further table has one row per key: the first of the page speaks for the others."""
    places = [place for place in wanted if place not in rows.bad]
    names = [column.name for column in target.record.columns if column.name not in TECHNICAL]
    nothing = [None] * len(rows)
    data = {name: pd.Series([values.get(name, nothing)[place] for place in places], dtype=object) for name in names}
    frame = pd.DataFrame({**data, "row_no": pd.Series([rows.numbers[place] for place in places], dtype="int64")})
    return frame if primary else frame.drop_duplicates(list(target.record.key), ignore_index=True)
