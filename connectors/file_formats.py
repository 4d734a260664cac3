"""Files into chunks of text cells: CSV, TSV, Excel, JSON lines, Parquet, from any fsspec address.

Every cell becomes text or null, whatever the format typed it as; the mapping's parsers give it a type again.
A file is read in chunks, so memory does not grow with it.
"""

from __future__ import annotations

import csv
import io
import json
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import IO, Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.utils.exceptions import InvalidFileException

from connectors.file_mapping import FileShape
from crosscheck.errors import ConfigError, DataError

Row = list[str | None]
#: A cell beyond this is not a cell but a quote that nobody closed.
LONGEST_CELL = 16 * 1024 * 1024
_BY_EXTENSION = {"csv": "csv", "txt": "csv", "tsv": "tsv", "xlsx": "excel", "xlsm": "excel", "jsonl": "jsonl",
                 "ndjson": "jsonl", "parquet": "parquet"}
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows under one header. A row whose length differs from the header's is ragged."""

    columns: tuple[str, ...]
    rows: list[Row]


def chunks(file: IO[bytes], name: str, shape: FileShape, size: int) -> Iterator[Chunk]:
    """The file in chunks of at most `size` rows; at least one chunk, so that a header alone is seen too.

    Raises ConfigError for a format or encoding that cannot be read, DataError for a broken file.
    """
    form = shape.format or _BY_EXTENSION.get(name.rpartition(".")[2].lower())
    if form is None:
        raise ConfigError(f"{name}: the extension names no format",
                          fix="declare format: csv, tsv, excel, jsonl or parquet")
    readers: dict[str, Callable[[IO[bytes], str, FileShape, int], Iterator[Chunk]]] = {
        "csv": _delimited, "tsv": _delimited, "excel": _excel, "jsonl": _json_lines, "parquet": _parquet}
    yield from readers[form](file, name, shape, size)


def headers(cells: list[Any]) -> tuple[str, ...]:
    """Column names: trimmed, NFC; a blank one is called by its place, a repeated one gets a number.

    >>> headers([" Cost", "Cost", "", None])
    ('Cost', 'Cost (2)', '(column 3)', '(column 4)')
    """
    seen: Counter[str] = Counter()
    names = []
    for place, cell in enumerate(cells, start=1):
        name = unicodedata.normalize("NFC", "" if cell is None else str(cell)).strip() or f"(column {place})"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


def as_text(value: Any) -> str | None:
    """One typed cell as text: days and instants in ISO form, decimals without exponent, flags as true and false."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        raise DataError("a column holds bytes, not text")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _delimited(file: IO[bytes], name: str, shape: FileShape, size: int) -> Iterator[Chunk]:
    encoding = _encoding(file, shape.encoding)
    tabs = shape.format == "tsv" or (shape.format is None and name.lower().endswith(".tsv"))
    try:
        with io.TextIOWrapper(file, encoding=encoding, errors="strict", newline="") as lines:
            for _ in islice(lines, shape.skip_rows):
                pass
            csv.field_size_limit(LONGEST_CELL)
            reader = csv.reader(lines, delimiter=shape.delimiter or ("\t" if tabs else ","), strict=True)
            yield from _sheet(_composed(reader, encoding), name, size)
    except UnicodeError:
        raise DataError(f"{name} is not {encoding}", fix="declare its encoding in the mapping") from None
    except csv.Error as error:
        raise DataError(f"{name} is not the declared CSV ({error}); half uploaded?", fix="upload it again") from None


def _encoding(file: IO[bytes], declared: str | None) -> str:
    """A byte order mark is conclusive; else what is declared; else UTF-8."""
    start = file.read(4)
    file.seek(0)
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), declared or "utf-8")


def _composed(rows: Iterator[list[str]], encoding: str) -> Iterator[list[str]]:
    """Windows-1258 spells `ế` as two characters; text is kept composed, as every other encoding has it."""
    if encoding != "cp1258":
        return rows
    return ([unicodedata.normalize("NFC", cell) for cell in row] for row in rows)


def _sheet(rows: Iterator[list[Any]], name: str, size: int, *, padded: bool = False) -> Iterator[Chunk]:
    """Header and rows of cells. Blank rows are no rows; empty cells beyond the header are no cells."""
    columns = headers(next(rows, []))
    if not columns:
        raise DataError(f"{name} is empty: not even a header", fix="upload it again")
    full = (_fit(row, len(columns), padded=padded) for row in rows if not _blank(row))
    yield Chunk(columns, list(islice(full, size)))
    while more := list(islice(full, size)):
        yield Chunk(columns, more)


def _blank(row: list[Any]) -> bool:
    return not any(row) and all(cell in (None, "") for cell in row)


def _fit(row: list[Any], width: int, *, padded: bool) -> Row:
    cells = row if len(row) == width and not padded else [as_text(cell) for cell in row]
    while len(cells) > width and cells[-1] in (None, ""):
        cells.pop()
    return cells + [None] * (width - len(cells)) if padded else cells


def _excel(file: IO[bytes], name: str, shape: FileShape, size: int) -> Iterator[Chunk]:
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, EOFError):
        raise DataError(f"{name} is not a readable workbook; half uploaded?", fix="upload it again") from None
    try:
        sheet_name = shape.sheet or book.sheetnames[0]
        if sheet_name not in book.sheetnames:
            raise ConfigError(f"{name} has no sheet {sheet_name!r}; there are {', '.join(book.sheetnames)}",
                              fix="declare sheet in the mapping")
        sheet = book[sheet_name]
        sheet.reset_dimensions()  # some writers record a wrong size, and rows would be cut
        rows = (list(row) for row in sheet.iter_rows(min_row=shape.skip_rows + 1, values_only=True))
        yield from _sheet(rows, name, size, padded=True)
    except (SyntaxError, zipfile.BadZipFile, zlib.error, EOFError):  # the XML parser's error is a SyntaxError
        raise DataError(f"{name} is not a readable workbook; half uploaded?", fix="upload it again") from None
    finally:
        book.close()


def _json_lines(file: IO[bytes], name: str, shape: FileShape, size: int) -> Iterator[Chunk]:
    """Objects, one per line; numbers keep the digits they were written with. An absent key is a null."""
    encoding = _encoding(file, shape.encoding)
    try:
        with io.TextIOWrapper(file, encoding=encoding, errors="strict") as lines:
            numbered = islice(enumerate(lines, start=1), shape.skip_rows, None)
            objects = (_object(line, number, name) for number, line in numbered if line.strip())
            batch = list(islice(objects, size))
            while True:
                columns = tuple(dict.fromkeys(key for item in batch for key in item))
                yield Chunk(columns, [[as_text(item.get(key)) for key in columns] for item in batch])
                if not (batch := list(islice(objects, size))):
                    return
    except UnicodeError:
        raise DataError(f"{name} is not {encoding}", fix="declare its encoding in the mapping") from None


def _object(line: str, number: int, name: str) -> dict[str, Any]:
    try:
        item = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (json.JSONDecodeError, RecursionError):
        item = None
    if not isinstance(item, dict):
        raise DataError(f"{name}, line {number}: not a JSON object; half uploaded?", fix="upload it again")
    return item


def _parquet(file: IO[bytes], name: str, _: FileShape, size: int) -> Iterator[Chunk]:
    try:
        source = pq.ParquetFile(file)
        columns = headers(source.schema_arrow.names)
        empty = True
        for batch in source.iter_batches(batch_size=size):
            cells = [[as_text(value) for value in column.to_pylist()] for column in batch.columns]
            yield Chunk(columns, [list(row) for row in zip(*cells, strict=True)])
            empty = False
        if empty:
            yield Chunk(columns, [])
    except (pa.ArrowInvalid, OSError):
        raise DataError(f"{name} is not a readable Parquet file; half uploaded?", fix="upload it again") from None
