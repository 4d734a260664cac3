"""From a page's columns to checked frames: casts in Arrow, bad cells set aside with a reason, never a float for money.

A vendor row with one bad cell leaves every table together, so that received = mapped + quarantined holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import Mapped, Stream
from crosscheck.errors import DataError
from crosscheck.money import decimal
from crosscheck.tables import TECHNICAL, Column, Kind, Table, arrow_type
from crosscheck.windows import Window

Bad = tuple[int, str, str]  # row_no, reason, field
QUARANTINE = pa.schema([("row_no", pa.int64()), ("reason", pa.string()), ("field", pa.string())])
_MICRO = pa.scalar(Decimal("0.000001"), pa.decimal128(7, 6))


def arrow_frame(table: pa.Table) -> pd.DataFrame:
    """The same columns, Arrow-backed in pandas: ids stay text, nulls stay nulls, decimals stay exact."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def sanitised(values: Sequence[str | None]) -> pa.Array:
    r"""Text that every engine stores: a lone surrogate or NUL becomes its visible escape (`\ud800`, `\u0000`).

    >>> sanitised(["a\x00b", None]).to_pylist()
    ['a\\u0000b', None]
    """
    try:
        array = pa.array(values, pa.string())
    except UnicodeEncodeError:
        array = pa.array([v if v is None else v.encode("utf-8", "backslashreplace").decode() for v in values])
    return without_nul(array)


def without_nul(array: pa.Array) -> pa.Array:
    """The array with NUL written out; the usual array is returned as it is."""
    if pc.any(pc.match_substring(array, "\0")).as_py():
        return pc.replace_substring(array, "\0", "\\u0000")
    return array


class Draft:
    """Rows of one canonical table in the making. `row_no` says which vendor row each came from (1-based)."""

    def __init__(self, table: Table, row_no: Sequence[int] | pa.Array) -> None:
        self.table = table
        self.row_no = row_no if isinstance(row_no, pa.Array) else pa.array(row_no, pa.int64())
        self.bad: list[Bad] = []
        self._columns: dict[str, pa.Array] = {}

    def put(self, name: str, values: Sequence[Any] | pa.Array) -> Draft:
        """A column from the vendor's texts, by the kind of its field; a cell that cannot be one is set aside."""
        kind = self.table.by_name[name].field.kind
        self._columns[name] = self._converted(name, values, kind)
        return self

    def const(self, name: str, value: Any) -> Draft:
        """The same value in every row."""
        kind = arrow_type(self.table.by_name[name].field.kind)
        self._columns[name] = pa.repeat(pa.scalar(value, kind), len(self.row_no))
        return self

    def within(self, name: str, window: Window) -> Draft:
        """Set aside the rows whose day nobody asked for: they would double what another slice brings."""
        days = self._columns[name]
        outside = pc.or_(pc.less(days, pa.scalar(window.first)), pc.greater(days, pa.scalar(window.last)))
        stray = self.row_no.filter(pc.fill_null(outside, pa.scalar(value=False))).to_pylist()
        self.bad += [(row, "day outside the window asked for", name) for row in stray]
        return self

    def micros(self, name: str, values: Sequence[str | None]) -> Draft:
        """Money in millionths, as a 64-bit integer in text."""
        whole = self._each(name, values, pa.int64(), int)
        try:
            exact = pc.multiply(pc.cast(whole, pa.decimal128(19, 0)), _MICRO)
            self._columns[name] = pc.cast(exact, arrow_type(Kind.MONEY))
        except pa.ArrowInvalid:
            texts = [None if v is None else str(Decimal(v).scaleb(-6)) for v in whole.to_pylist()]
            self._columns[name] = self._converted(name, texts, Kind.MONEY)
        return self

    def table_rows(self) -> pa.Table:
        """All rows, also those with bad cells; required nulls are noted as bad here."""
        arrays = {c.name: self._filled(c) for c in self.table.columns if c.name not in TECHNICAL}
        return pa.table({**arrays, "row_no": self.row_no})

    def _filled(self, column: Column) -> pa.Array:
        array = self._columns.get(column.name)
        if array is None:
            array = pa.nulls(len(self.row_no), arrow_type(column.field.kind))
        if column.required and array.null_count:
            missing = self.row_no.filter(pc.is_null(array)).to_pylist()
            noted = {row for row, _, field in self.bad if field == column.name}
            self.bad += [(row, "required value is missing", column.name) for row in missing if row not in noted]
        return array

    def _converted(self, name: str, values: Sequence[Any] | pa.Array, kind: Kind) -> pa.Array:
        if isinstance(values, pa.Array):
            values = values if values.type == arrow_type(kind) else values.to_pylist()
        if isinstance(values, pa.Array):
            return without_nul(values) if kind in (Kind.TEXT, Kind.ID) else values
        if kind in (Kind.TEXT, Kind.ID):
            return sanitised(values)
        return self._each(name, values, arrow_type(kind), _PARSERS[kind])

    def _each(self, name: str, values: Sequence[Any], kind: Any, parse: Callable[[Any], Any]) -> pa.Array:
        """Cast the whole column in Arrow; only where that fails, look for the bad cells one by one."""
        is_text = isinstance(next((value for value in values if value is not None), ""), str)
        try:
            return pc.cast(pa.array(values, pa.string()), kind) if is_text else pa.array(values, kind)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            return pa.array([self._one(index, name, value, kind, parse) for index, value in enumerate(values)], kind)

    def _one(self, index: int, name: str, value: Any, kind: Any, parse: Callable[[Any], Any]) -> Any:
        if value is None:
            return None
        try:
            return pa.scalar(parse(value), kind).as_py()
        except (ValueError, TypeError, OverflowError, DataError, pa.ArrowException):
            self.bad.append((self.row_no[index].as_py(), "value does not fit its column", name))
            return None


def _instant(value: str | datetime) -> datetime:
    """An instant in UTC without a zone mark, as the warehouse stores it; a naive text is taken for UTC."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _day(value: str | date) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _flag(value: Any) -> bool:
    known = {"true": True, "false": False, "1": True, "0": False}
    return known[str(value).lower()] if str(value).lower() in known else _refuse(value)


def _refuse(_: Any) -> bool:
    raise ValueError("not a flag")


_PARSERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.COUNT: int, Kind.MONEY: decimal, Kind.QUANTITY: decimal, Kind.RATE: float,
    Kind.INSTANT: _instant, Kind.DAY: _day, Kind.FLAG: _flag,
}


def assemble(drafts: Iterable[Draft], *, bad: Iterable[Bad] = (), drift: Iterable[str] = ()) -> Mapped:
    """Frames of all drafts without the vendor rows that are bad in any of them; those go to quarantine once each."""
    drafts = list(drafts)
    tables = {draft.table.name: draft.table_rows() for draft in drafts}
    reasons: dict[int, Bad] = {}
    for note in [*bad, *(note for draft in drafts for note in draft.bad)]:
        reasons.setdefault(note[0], note)
    frames = {name: arrow_frame(without(rows, reasons)) for name, rows in tables.items()}
    return Mapped(frames, quarantine(reasons.values()), tuple(sorted(set(drift))))


def without(rows: pa.Table, refused: Mapping[int, Bad]) -> pa.Table:
    """The rows of the vendor rows that nobody refused."""
    if not refused:
        return rows
    return rows.filter(pc.invert(pc.is_in(rows["row_no"], pa.array(list(refused), pa.int64()))))


def quarantine(bad: Iterable[Bad]) -> pd.DataFrame:
    """The quarantine frame: row_no, reason, field; no values."""
    rows = sorted(bad)
    columns = [pa.array([row[i] for row in rows], kind) for i, kind in enumerate(QUARANTINE.types)]
    return arrow_frame(pa.table(columns, schema=QUARANTINE))


def nothing(stream: Stream) -> Mapped:
    """What a page without rows becomes."""
    return assemble(Draft(output.table, []) for output in stream.outputs)
