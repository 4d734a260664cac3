"""What a mapping returned, held against the table records before it may lie in landing."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import Mapped, RawPage, Stream
from connectors.frames import QUARANTINE, Bad, quarantine, sanitised, without, without_nul
from crosscheck.errors import DataError
from crosscheck.tables import TECHNICAL, Column, Kind, Table, arrow_type

Checked = tuple[dict[str, pa.Table], pa.Table]


def checked(stream: Stream, page: RawPage, mapped: Mapped) -> Checked:
    """Tables in the record's exact columns and types plus `row_no`, and the quarantine.

    A required value that is missing sends its vendor row to quarantine. Raises DataError where the mapping itself is
    wrong: a table or column too many or too few, a value of another type, rows unaccounted for.
    """
    expected = {output.table.name for output in stream.outputs}
    if set(mapped.frames) != expected:
        raise DataError(f"{stream.name}: mapped {sorted(mapped.frames)}, declared {sorted(expected)}")
    tables = {output.table.name: conform(output.table, mapped.frames[output.table.name]) for output in stream.outputs}
    refused = _refused(stream, tables, mapped.quarantined)
    tables = {name: without(rows, refused) for name, rows in tables.items()}
    kept = tables[stream.primary.table.name].num_rows
    if kept + len(refused) != page.rows:
        raise DataError(f"{stream.name}: received {page.rows} rows, mapped {kept}, quarantined {len(refused)}",
                        fix="the mapping loses or invents rows: this is a defect of the connector")
    return tables, pa.Table.from_pandas(quarantine(refused.values()), schema=QUARANTINE, preserve_index=False)


def conform(table: Table, frame: pd.DataFrame) -> pa.Table:
    """The frame as Arrow in the record's column order; text sanitised, types cast without loss."""
    columns = [column for column in table.columns if column.name not in TECHNICAL]
    names = {column.name for column in columns} | {"row_no"}
    if set(frame.columns) != names:
        raise DataError(f"{table.name}: columns differ from the record: {sorted(names ^ set(frame.columns))}")
    arrays = {column.name: _column(table, column, frame[column.name]) for column in columns}
    return pa.table({**arrays, "row_no": pa.array(frame["row_no"], pa.int64())})


def _column(table: Table, column: Column, values: pd.Series) -> pa.Array:
    kind = arrow_type(column.field.kind)
    try:
        array = _array(values)
        if pa.types.is_floating(array.type) and column.field.kind in (Kind.MONEY, Kind.QUANTITY) and len(array):
            raise DataError(f"{table.name}.{column.name} came as a float; parse it from the vendor's text")
        array = pc.cast(array, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise DataError(f"{table.name}.{column.name} is not {kind}: {type(error).__name__}") from None
    return without_nul(array) if column.field.kind in (Kind.TEXT, Kind.ID) else array


def _array(values: pd.Series) -> pa.Array:
    try:
        array = pa.array(values, from_pandas=True)
    except UnicodeEncodeError:
        array = sanitised([None if pd.isna(value) else str(value) for value in values])
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _refused(stream: Stream, tables: dict[str, pa.Table], quarantined: pd.DataFrame) -> dict[int, Bad]:
    """Vendor rows that stay out of every table, with the first reason of each."""
    found: dict[int, Bad] = {}
    for row, reason, field in zip(*(quarantined[name].tolist() for name in QUARANTINE.names), strict=True):
        found.setdefault(int(row), (int(row), str(reason), str(field)))
    for output in stream.outputs:
        rows = tables[output.table.name]
        for column in output.table.columns:
            if column.required and column.name not in TECHNICAL and rows[column.name].null_count:
                for row in rows["row_no"].filter(pc.is_null(rows[column.name])).to_pylist():
                    found.setdefault(row, (row, "required value is missing", column.name))
    return found
