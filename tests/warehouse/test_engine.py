"""Opening, locking, fencing and migrating a warehouse."""

from __future__ import annotations

import multiprocessing
import os
import stat

import pytest
import sqlalchemy as sa

from crosscheck.canonical import AD_DAILY
from crosscheck.errors import ConfigError, LockHeld, VersionRetired
from crosscheck.settings import Settings, Store
from tests.support.landed import NIGHT_1, NIGHT_2
from warehouse import ddl, ledger, open_warehouse, ops
from warehouse.engine import warehouse_url
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.migrations import STEPS, migrate

#: The columns of `lead_fact` that came with the portrait.
ADDED = ("asked_count", "answer_count", "portrait_verdict", "failed_rule")
_processes = multiprocessing.get_context("spawn")


def _hold(settings: Settings, ready: object, leave: object) -> None:
    with open_warehouse(settings):
        ready.set()
        leave.wait(60)


@pytest.fixture
def held(settings):
    """The warehouse, held by another process; yields its PID."""
    ready, leave = _processes.Event(), _processes.Event()
    process = _processes.Process(target=_hold, args=(settings, ready, leave))
    process.start()
    assert ready.wait(60)
    yield process.pid
    leave.set()
    process.join(60)


def test_second_process_is_refused_and_told_who_holds_it(settings, held):
    """While another process writes, opening names its PID and exits with 6; afterwards it opens."""
    with pytest.raises(LockHeld, match=f"PID {held}") as caught, open_warehouse(settings):
        pass
    assert caught.value.exit_code == 6


def test_lock_is_free_when_its_process_is_killed(settings):
    """A killed writer leaves no lock behind: the next opening waits for it at most a moment."""
    ready, leave = _processes.Event(), _processes.Event()
    process = _processes.Process(target=_hold, args=(settings, ready, leave))
    process.start()
    assert ready.wait(60)
    process.kill()
    process.join(60)
    with open_warehouse(settings, wait=10) as wh:
        assert migrate(wh) == 0


def test_second_opening_in_one_process_is_refused(settings):
    """Two writers in one process are two writers."""
    with open_warehouse(settings), pytest.raises(LockHeld, match=str(os.getpid())), open_warehouse(settings):
        pass


def test_reader_needs_no_lock_on_postgresql(settings_for):
    """`status` may look while a night is written."""
    settings = settings_for("postgresql")
    with open_warehouse(settings), open_warehouse(settings, lock=False) as reader, reader.engine.connect() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(ops.run)) == 0


def test_writer_that_was_replaced_is_stopped(wh):
    """A process that wakes up after its lock was taken over cannot write any more."""
    run = ledger.begin_run(wh, "nightly", NIGHT_1)
    mine, wh.owner = wh.owner, "somebody else"
    ledger.begin_run(wh, "nightly", NIGHT_2)
    wh.owner = mine
    with pytest.raises(LockHeld, match="somebody else took over"):
        ledger.finish_run(wh, run, "published")


def test_lost_connection_is_repeated_with_the_lock_held_again(settings_for):
    """A transaction that the server cuts off runs again as a whole, and the lock is ours afterwards."""
    settings = settings_for("postgresql")
    with open_warehouse(settings) as wh:
        migrate(wh)
        run = ledger.begin_run(wh, "nightly", NIGHT_1)
        tries = []

        def work(conn: sa.Connection) -> None:
            tries.append(1)
            conn.execute(sa.update(ops.run).values(note=f"try {len(tries)}"))
            if len(tries) == 1:  # as when the server is restarted: every session ends, this one and the lock's
                with sa.create_engine(warehouse_url(settings), poolclass=sa.NullPool).connect() as other:
                    other.execute(sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                          "WHERE datname = current_database() AND pid <> pg_backend_pid()"))
                conn.execute(sa.select(1))

        wh.write(work)
        assert ledger.latest_runs(wh)[0].note == "try 2"
        with pytest.raises(LockHeld), open_warehouse(settings):
            pass
        assert run.attempts == 1


def test_duckdb_file_is_private_and_sealed(settings_for):
    """Only its owner reads the working file, and no statement reaches other files."""
    with open_warehouse(settings_for("duckdb")) as wh, wh.engine.connect() as conn:
        assert stat.S_IMODE(wh.file.stat().st_mode) == 0o600
        for statement in ("SELECT * FROM read_csv('/etc/hostname')", "SET enable_external_access = true"):
            with pytest.raises(sa.exc.DBAPIError):
                conn.exec_driver_sql(statement)


def test_validation_shares_the_open_warehouse(wh):
    """The engine for validation sees the same rows beside an open connection of ours."""
    with wh.engine.connect() as conn, wh.gx_engine.connect() as other:
        conn.execute(sa.select(ops.run))
        assert other.scalar(sa.select(sa.func.count()).select_from(ddl.table(AD_DAILY, "incoming"))) == 0
    assert sa.inspect(wh.gx_engine).has_table("ad_daily", schema="incoming")


def test_url_may_be_a_reference(monkeypatch):
    """A URL with a password stands in the environment, not in the file."""
    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://u:p%40ss@db/x")
    url = warehouse_url(Settings(store=Store(warehouse="env:WAREHOUSE_URL")))
    assert (url.drivername, url.password) == ("postgresql+psycopg", "p@ss")
    with pytest.raises(ConfigError, match="no engine for sqlite"):
        warehouse_url(Settings(store=Store(warehouse="sqlite:///x")))


def test_migrating_twice_changes_nothing(wh):
    """The second migration applies no step and writes no row."""
    assert migrate(wh) == 0
    with wh.engine.connect() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(ops.schema_version)) == len(STEPS)


def test_an_older_warehouse_gets_what_was_added(wh):
    """A warehouse of version 1 has what later versions added, columns and tables, after their steps."""
    with wh.engine.begin() as conn:
        conn.execute(sa.delete(ops.schema_version).where(ops.schema_version.c.version > 1))
        for schema in ("mart", "mart_next"):
            conn.execute(sa.text(f"ALTER TABLE {schema}.lead_fact DROP COLUMN lost_at"))
        conn.execute(sa.text("DROP TABLE archive.lead_fact"))
        for schema in ("mart", "mart_next", "archive"):
            conn.execute(sa.text(f"ALTER TABLE {schema}.cac ALTER COLUMN spend_reporting_amount TYPE NUMERIC(18, 6)"))
        conn.execute(sa.text("ALTER TABLE ops.publication DROP COLUMN publication_no"))
    assert migrate(wh) == len(STEPS) - 1
    with wh.engine.connect() as conn:
        for schema in ("mart", "mart_next"):
            assert conn.scalar(sa.text(f"SELECT COUNT(lost_at) FROM {schema}.lead_fact")) == 0
        assert conn.scalar(sa.text("SELECT COUNT(publication_no) FROM ops.publication")) == 0
        assert conn.scalar(sa.text("SELECT COUNT(lost_at) FROM archive.lead_fact")) == 0
        assert set(conn.scalars(sa.text("SELECT numeric_precision FROM information_schema.columns WHERE table_name = "
                                        "'cac' AND column_name = 'spend_reporting_amount'"))) == {24}


def columns_of(conn):
    """Schema, table, column and type of everything that lasts."""
    return {tuple(row) for row in conn.execute(sa.text(
        "SELECT table_schema, table_name, column_name, data_type, numeric_precision FROM information_schema.columns "
        "WHERE table_schema IN ('staging', 'restricted', 'ops', 'mart', 'mart_next', 'archive')"))}


def test_a_warehouse_from_before_the_portrait_becomes_a_fresh_one(wh):
    """Without its tables and its columns of `lead_fact`: afterwards each column has the name and type of a fresh
    warehouse's, and a published lead of before is still there, its answers unknown.
    """
    version = [name for name, _ in STEPS].index("answers to the portrait") + 1
    lead = {column.name: "x" for column in ddl.table(LEAD_FACT).c if isinstance(column.type, sa.Text)}
    with wh.engine.begin() as conn:
        fresh = columns_of(conn)
        conn.execute(sa.delete(ops.schema_version).where(ops.schema_version.c.version >= version))
        for schema in ("mart", "mart_next", "archive"):
            for name in ("target_verdicts", "portrait_completeness", "portrait_drift"):
                conn.execute(sa.text(f"DROP TABLE {schema}.{name}"))
            for name in ADDED:
                conn.execute(sa.text(f"ALTER TABLE {schema}.lead_fact DROP COLUMN {name}"))
            for name in ("paused_until_day", "pause_reason", "paused_by"):
                conn.execute(sa.text(f"ALTER TABLE {schema}.source_freshness DROP COLUMN {name}"))
        conn.execute(sa.text("DROP TABLE staging.portrait_answer"))
        old = {name: word for name, word in lead.items() if name not in ADDED}
        days = {"created_at": NIGHT_1.replace(tzinfo=None), "created_day": NIGHT_1.date(), "is_unique": True,
                "cohort_week": NIGHT_1.date(), "cohort_month": NIGHT_1.date(), "match_confidence": 0, "is_valid": True,
                "is_test": False}
        conn.execute(sa.insert(sa.table("lead_fact", *map(sa.column, {**old, **days}), schema="mart")), {**old, **days})
    assert migrate(wh) == len(STEPS) - version + 1
    with wh.engine.connect() as conn:
        assert columns_of(conn) == fresh
        row = conn.execute(sa.select(ddl.table(LEAD_FACT))).mappings().one()
    assert (row["lead_id"], row["created_day"]) == ("x", NIGHT_1.date())
    assert [row[name] for name in ADDED] == [None] * len(ADDED)


def test_newer_schema_is_refused(wh):
    """An older Crosscheck does not write into a warehouse that a newer one migrated."""
    with wh.engine.begin() as conn:
        conn.execute(sa.insert(ops.schema_version).values(version=len(STEPS) + 1, name="from the future"))
    with pytest.raises(VersionRetired, match="newer"):
        migrate(wh)


def test_every_ops_column_is_described(wh):
    """The ledger explains itself: each table and column has a comment, in the database too."""
    described = sa.inspect(wh.engine)
    for table in ops.TABLES:
        assert described.get_table_comment(table.name, schema="ops")["text"] == table.comment
        for column in described.get_columns(table.name, schema="ops"):
            assert column["comment"] == table.c[column["name"]].comment
