"""Publication: all marts of a night become visible together, once.

One transaction replaces the changed partitions of every mart, archives how they differ, and notes the publication. On
PostgreSQL that is all. On DuckDB nobody can open the working file while it is written, so the mart schema alone is then
copied into a new file, which takes the place of the published one in a single rename. The publication stays `pending`
until then; the next opening finishes what a crash left. A reader with the old file open keeps its complete old state.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crosscheck.errors import DataError
from crosscheck.faultpoints import Faultpoint, faultpoint
from crosscheck.windows import local_day
from warehouse import archive, ddl, dirty, ops
from warehouse.engine import Warehouse, duckdb_args, naive_utc
from warehouse.ledger import Run
from warehouse.marts import MARTS, BuiltMart

_BATCH_ROWS = 122_880
_FRAME = "crosscheck_mart"


def publish(wh: Warehouse, run: Run, built: Sequence[BuiltMart]) -> None:
    """Make what `mart_next` holds visible, with its publication row; a run that published already changes nothing.

    Raises LockHeld, before anything is visible, when another run took over.
    """
    wh.write(lambda conn: swap(conn, wh, run, built))
    faultpoint(Faultpoint.AFTER_PUBLISH_COMMIT)
    finish_pending(wh)


def finish_pending(wh: Warehouse) -> bool:
    """Bring a committed publication to its readers; whether there was one waiting. Called before anything else."""
    waiting = ops.publication.c.state == "pending"
    with wh.engine.connect() as conn:
        if conn.scalar(sa.select(sa.func.count()).select_from(ops.publication).where(waiting)) == 0:
            return False
    target = wh.settings.path(wh.settings.store.published)
    fresh = _export(wh, target)
    faultpoint(Faultpoint.BEFORE_REPLACE)
    fresh.replace(target)
    _sync(target.parent)
    faultpoint(Faultpoint.AFTER_REPLACE)
    wh.write(lambda conn: conn.execute(sa.update(ops.publication).where(waiting).values(state="done")))
    return True


def swap(conn: sa.Connection, wh: Warehouse, run: Run, built: Sequence[BuiltMart]) -> None:
    """The transaction of `publish`."""
    if conn.execute(sa.select(ops.publication.c.run_id).where(ops.publication.c.run_id == run.run_id)).first():
        return
    number, as_of = archive.next_no(conn), naive_utc(run.as_of)
    rows = {mart.table.name: _replace(conn, number, mart) for mart in built}
    conn.execute(sa.insert(ops.publication).values(
        run_id=run.run_id, as_of=as_of, tables=json.dumps(rows), publication_no=number,
        business_day=local_day(run.as_of, wh.settings.project.time_zone),
        state="pending" if wh.dialect == "duckdb" else "done"))
    archive.prune(conn, number, as_of, wh.settings.store.archive_retention_days)
    conn.execute(sa.update(ops.run).where(ops.run.c.run_id == run.run_id).values(status="published"))
    dirty.clear(conn)
    faultpoint(Faultpoint.BEFORE_PUBLISH_COMMIT)


def _replace(conn: sa.Connection, number: int, mart: BuiltMart) -> int:
    """The partitions of one mart from `mart_next`, after the archive noted how they differ; how many rows came."""
    if mart.partitions == ():
        return 0
    archive.note(conn, number, mart)
    shown, fresh = ddl.table(mart.table, "mart"), ddl.table(mart.table, "mart_next")
    conn.execute(sa.delete(shown).where(mart.replaced(shown)))
    names = [column.name for column in shown.columns]
    rows = sa.select(*(fresh.c[name] for name in names))
    return conn.execute(sa.insert(shown).from_select(names, rows)).rowcount


def _export(wh: Warehouse, target: Path) -> Path:
    """A new file beside the published one, with the mart schema and nothing else, on disk when this returns."""
    fresh = target.with_name(f".{target.name}.next")
    log = fresh.with_name(fresh.name + ".wal")
    for left_over in (fresh, log):
        left_over.unlink(missing_ok=True)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = sa.create_engine(sa.URL.create("duckdb", database=str(fresh)), poolclass=sa.NullPool,
                              connect_args=duckdb_args(wh.settings))
    with engine.begin() as there, wh.engine.connect() as here:
        there.execute(sa.schema.CreateSchema("mart", if_not_exists=True))
        ddl.create(there, (ddl.table(mart.record, "mart") for mart in MARTS))
        for mart in MARTS:
            _copy(here, there, ddl.table(mart.record, "mart"))
    engine.dispose()
    if log.exists():
        raise DataError(f"{fresh.name} was not closed cleanly", fix="crosscheck run (it writes it again)")
    fresh.chmod(0o644)
    _sync(fresh)
    return fresh


def _copy(here: sa.Connection, there: sa.Connection, table: sa.Table) -> None:
    """All rows of a table from one DuckDB to another, as Arrow."""
    names = [column.name for column in table.columns]
    source: Any = here.connection.driver_connection
    target: Any = there.connection.driver_connection
    listed = ", ".join(names)  # names of our own records
    rows = source.execute(f"SELECT {listed} FROM {table.fullname}").to_arrow_reader(_BATCH_ROWS)
    target.register(_FRAME, rows)
    there.exec_driver_sql(f"INSERT INTO {table.fullname} ({listed}) SELECT {listed} FROM {_FRAME}")
    target.unregister(_FRAME)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
