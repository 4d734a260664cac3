"""Schema `incoming`: tonight's landed rows, where gate 1 judges them before they enter staging.

Its rows are scratch. They are loaded again after a crash, so nothing here needs to be durable: on PostgreSQL the
tables are unlogged, on DuckDB the schema shows views on a database in memory (`inbox`), which halves the cost of a
load. DuckDB writes to one database per transaction: only the functions of this package change incoming rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow.parquet as pq
import sqlalchemy as sa

from connectors.landing import LandingZone, Manifest
from crosscheck.canonical import CANONICAL
from crosscheck.errors import DataError
from crosscheck.tables import Table
from warehouse import ddl, ops
from warehouse.engine import Warehouse
from warehouse.load import analyse, load_files

_RECORDS = {record.name: record for record in CANONICAL}
Condition = Callable[[sa.Table], sa.ColumnElement[bool]]


def writable(wh: Warehouse, record: Table) -> sa.Table:
    """The table behind `incoming.<name>`, for writing; reading goes through `ddl.table(record, "incoming")`."""
    return ddl.table(record, "inbox" if wh.dialect == "duckdb" else "incoming")


def prepare(conn: sa.Connection) -> None:
    """Make the incoming tables, or on DuckDB the database in memory and the views on it, if absent."""
    if conn.dialect.name == "postgresql":
        ddl.create(conn, (ddl.table(record, "incoming") for record in CANONICAL))
        return
    conn.exec_driver_sql("ATTACH IF NOT EXISTS ':memory:' AS inbox")
    tables = [sa.schema.CreateTable(ddl.table(record, "inbox"), if_not_exists=True) for record in CANONICAL]
    conn.exec_driver_sql(";".join(str(each.compile(dialect=conn.dialect)) for each in tables))
    conn.commit()  # a transaction writes to one database
    views = set(sa.inspect(conn).get_view_names(schema="incoming"))
    for name in sorted(_RECORDS.keys() - views):
        conn.exec_driver_sql(f"CREATE VIEW incoming.{name} AS SELECT * FROM inbox.{name}")
    conn.commit()


def clear(wh: Warehouse) -> None:
    """Empty every incoming table."""
    def work(conn: sa.Connection) -> None:
        for record in CANONICAL:
            conn.exec_driver_sql(f"TRUNCATE {writable(wh, record).fullname}")
    wh.write(work)


def load(wh: Warehouse, zone: LandingZone, manifest: Manifest) -> int:
    """Load one landed slice; see `load_many`."""
    return load_many(wh, zone, [manifest])


def load_many(wh: Warehouse, zone: LandingZone, manifests: Sequence[Manifest]) -> int:
    """Load landed slices into `incoming` in one transaction, and what their mapping refused into `ops.quarantine`.

    A slice that was loaded before is replaced. Returns the number of rows; raises DataError when the engine holds
    another number of rows than the manifests name.
    """
    ids = [manifest.slice_id for manifest in manifests]
    wh.write(lambda conn: _quarantine(conn, zone, manifests, ids))
    names = dict.fromkeys(name for manifest in manifests for name in manifest.tables)
    return wh.write(lambda conn: sum(
        _table(conn, writable(wh, _RECORDS[name]), zone, manifests) for name in names))


def _table(conn: sa.Connection, target: sa.Table, zone: LandingZone, manifests: Sequence[Manifest]) -> int:
    name, ours = target.name, target.c.slice_id.in_([manifest.slice_id for manifest in manifests])
    conn.execute(sa.delete(target).where(ours))
    filled = [manifest for manifest in manifests if manifest.tables.get(name)]
    expected = sum(manifest.tables[name] for manifest in filled)
    if not expected:
        return 0
    load_files(conn, target, [zone.parquet(manifest, name) for manifest in filled], _RECORDS[name].arrow())
    analyse(conn, target)
    found = conn.scalar(sa.select(sa.func.count()).select_from(target).where(ours))
    if found != expected:
        raise DataError(f"{name}: {expected} rows landed, {found} were loaded", fix="crosscheck run")
    return expected


def _quarantine(conn: sa.Connection, zone: LandingZone, manifests: Sequence[Manifest], ids: Sequence[str]) -> None:
    conn.execute(sa.delete(ops.quarantine).where(ops.quarantine.c.slice_id.in_(ids)))
    for manifest in (one for one in manifests if one.quarantined):
        rows = pq.read_table(zone.parquet(manifest, "quarantine")).to_pylist()
        common = {"run_id": manifest.run_id, "slice_id": manifest.slice_id, "refused_by": "mapping",
                  "table_name": next(iter(manifest.tables))}
        ops.insert_rows(conn, ops.quarantine, [common | _told(row) for row in rows])


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {"page_no": row["page_no"], "row_no": row["row_no"], "reason": row["reason"], "field": row["field"] or ""}


def refuse(wh: Warehouse, run_id: str, record: Table, condition: Condition, *, reason: str, field: str = "") -> int:
    """Move the incoming rows of a table that meet a condition into `ops.quarantine` as refused by gate 1; how many.

    The quarantine is written first: after a crash between the two, the rows are loaded and judged again.
    """
    target, shown = writable(wh, record), ddl.table(record, "incoming")
    texts = {"run_id": run_id, "table_name": record.name, "reason": reason, "field": field, "refused_by": "gate 1"}
    rows = sa.select(shown.c.slice_id, shown.c.page_no, shown.c.row_no,
                     *(sa.literal(text, sa.Text()).label(name) for name, text in texts.items()))
    insert = sa.insert(ops.quarantine).from_select(["slice_id", "page_no", "row_no", *texts],
                                                   rows.where(condition(shown)))
    wh.write(lambda conn: conn.execute(insert))
    return wh.write(lambda conn: conn.execute(sa.delete(target).where(condition(target))).rowcount)


