"""Bulk loading, each engine by its fastest way that hands rows over as Arrow.

DuckDB scans a registered Arrow dataset; PostgreSQL takes COPY of CSV blocks that Arrow wrote. In those blocks a null
is an empty field and the empty text is quoted, which both sides read as what they are.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.dataset as ds
import sqlalchemy as sa

from crosscheck.faultpoints import Faultpoint, faultpoint

_BATCH_ROWS = 65_536
_FRAME = "crosscheck_files"


def load_files(conn: sa.Connection, target: sa.Table, files: Sequence[Path], schema: pa.Schema) -> int:
    """Append the rows of Parquet files to a table with the same columns; returns how many the files held."""
    return _load(conn, target, ds.dataset([str(file) for file in files], schema=schema, format="parquet"))


def load_arrow(conn: sa.Connection, target: sa.Table, rows: pa.Table) -> int:
    """The same for rows in memory."""
    return _load(conn, target, ds.dataset(rows))


def _load(conn: sa.Connection, target: sa.Table, source: Any) -> int:
    if conn.dialect.name == "duckdb":
        _scan(conn, target, source)
    else:
        _copy(conn, target, source)
    rows: int = source.count_rows()
    return rows


def _scan(conn: sa.Connection, target: sa.Table, source: Any) -> None:
    names = [column.name for column in target.columns]
    frame = sa.table(_FRAME, *(sa.column(name) for name in names))
    raw: Any = conn.connection.driver_connection
    raw.register(_FRAME, source)
    try:
        conn.execute(sa.insert(target).from_select(names, sa.select(*(frame.c[name] for name in names))))
        faultpoint(Faultpoint.MID_LOAD)
    finally:
        raw.unregister(_FRAME)


def _copy(conn: sa.Connection, target: sa.Table, source: Any) -> None:
    prepare = conn.dialect.identifier_preparer
    columns = ", ".join(prepare.quote(name) for name in source.schema.names)
    statement = f"COPY {prepare.format_table(target)} ({columns}) FROM STDIN (FORMAT csv)"
    options = pc.WriteOptions(include_header=False)
    raw: Any = conn.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        for batch in source.to_batches(batch_size=_BATCH_ROWS):
            block = io.BytesIO()
            pc.write_csv(batch, block, options)
            copy.write(block.getbuffer())
            faultpoint(Faultpoint.MID_LOAD)


def analyse(conn: sa.Connection, table: sa.Table) -> None:
    """Fresh statistics after a bulk change, where plans depend on them: autovacuum comes after the night."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"ANALYZE {table.fullname}")
