"""Publication: together, once, whatever dies in between."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from connectors.landing import LandingZone
from crosscheck.canonical import AD_DAILY
from crosscheck.errors import LockHeld
from crosscheck.faultpoints import Faultpoint
from crosscheck.settings import Settings
from tests.support import landed
from tests.support.landed import NIGHT_1, NIGHT_2, NIGHT_3
from warehouse import Warehouse, ddl, incoming, ledger, open_warehouse, ops, publish, stage
from warehouse.ledger import Run
from warehouse.marts import BuiltMart
from warehouse.marts.spend_reconciliation import RECORD as SPEND
from warehouse.marts.unmatched_leads import RECORD as LEADS
from warehouse.migrations import migrate
from warehouse.reading import published_rows

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["warehouse.publish", "warehouse.stage", "tests.support.landed"])
NAMES = ("unmatched_leads", "spend_reconciliation")


def fill(wh: Warehouse, months: dict[int, int]) -> list[BuiltMart]:
    """What a build of some months leaves behind: one number per month, the same in two marts."""
    with wh.engine.begin() as conn:
        for record in (LEADS, SPEND):
            conn.execute(sa.delete(ddl.table(record, "mart_next")))
        for month, number in months.items():
            conn.execute(sa.insert(ddl.table(LEADS, "mart_next")).values(
                source="crm", created_month=date(2026, month, 1), unmatched_reason="no_tracking", lead_count=number))
            conn.execute(sa.insert(ddl.table(SPEND, "mart_next")).values(
                platform="p", account_id="1", day=date(2026, month, 1), level="campaign", finer_amount=number))
    days = tuple(date(2026, month, 1) for month in months)
    return [BuiltMart(LEADS, "created_month", days), BuiltMart(SPEND, "day", days)]


def release(wh: Warehouse, as_of: datetime, months: dict[int, int]) -> Run:
    """A whole publication of some months."""
    run = ledger.begin_run(wh, "nightly", as_of)
    publish.publish(wh, run, fill(wh, months))
    ledger.finish_run(wh, run, "published")
    return run


def shown(settings: Settings) -> dict[int, int]:
    """Number by month as readers see it; both marts must agree."""
    rows = published_rows(settings, NAMES)
    leads = {row["created_month"].month: row["lead_count"] for row in rows["unmatched_leads"]}
    assert leads == {row["day"].month: int(row["finer_amount"]) for row in rows["spend_reconciliation"]}
    return leads


def test_changed_partitions_replace_published_ones(wh: Warehouse) -> None:
    """A month that was built again is replaced, one that is empty now goes, the others stay; the run says so."""
    release(wh, NIGHT_1, {1: 10, 2: 20, 3: 30})
    run = ledger.begin_run(wh, "nightly", NIGHT_2)
    built = [BuiltMart(mart.table, mart.partition_column, (date(2026, 2, 1), date(2026, 3, 1)))
             for mart in fill(wh, {2: 21})]
    publish.publish(wh, run, built)
    assert shown(wh.settings) == {1: 10, 2: 21}
    assert ledger.latest_runs(wh)[0].status == "published"


def test_whole_and_untouched_marts(wh: Warehouse) -> None:
    """None replaces a mart whole; no partitions leave it alone."""
    release(wh, NIGHT_1, {1: 10, 2: 20})
    run = ledger.begin_run(wh, "nightly", NIGHT_2)
    fill(wh, {5: 50})
    publish.publish(wh, run, [BuiltMart(LEADS), BuiltMart(SPEND, "day", ())])
    rows = published_rows(wh.settings, NAMES)
    assert [row["lead_count"] for row in rows["unmatched_leads"]] == [50]
    assert len(rows["spend_reconciliation"]) == 2


def test_publishing_again_changes_nothing(wh: Warehouse) -> None:
    """A run publishes once, whatever stands in `mart_next` the second time."""
    run = release(wh, NIGHT_1, {1: 10})
    publish.publish(wh, run, fill(wh, {1: 99}))
    assert shown(wh.settings) == {1: 10}


def test_a_writer_that_was_replaced_publishes_nothing(wh: Warehouse) -> None:
    """Fencing holds at the last moment before numbers become visible."""
    release(wh, NIGHT_1, {1: 10})
    run, mine = ledger.begin_run(wh, "nightly", NIGHT_2), wh.owner
    built = fill(wh, {1: 99})
    wh.owner = "another"
    ledger.begin_run(wh, "nightly", NIGHT_3)
    wh.owner = mine
    with pytest.raises(LockHeld):
        publish.publish(wh, run, built)
    assert shown(wh.settings) == {1: 10}


def test_reader_keeps_its_snapshot(settings_for: Any) -> None:
    """Who has the old file open goes on reading all of it; who opens anew sees the new one; neither sees staging."""
    settings = settings_for("duckdb")
    with open_warehouse(settings) as wh:
        migrate(wh)
        release(wh, NIGHT_1, {1: 10, 2: 20})
        file = settings.path(settings.store.published)
        reader = duckdb.connect(str(file), read_only=True)
        release(wh, NIGHT_2, {1: 11})
        assert reader.execute("SELECT sum(lead_count) FROM mart.unmatched_leads").fetchone() == (30,)
        reader.close()
        assert shown(settings) == {1: 11, 2: 20}
    with duckdb.connect(str(file), read_only=True) as fresh:
        assert fresh.execute("SELECT DISTINCT schema_name FROM duckdb_tables()").fetchall() == [("mart",)]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [left.name for left in file.parent.iterdir() if ".next" in left.name] == []


def _small_night(settings: Settings, landing: Path, fault: str) -> None:
    """Land, load, stage and publish, dying at a faultpoint if told so."""
    os.environ["CROSSCHECK_FAULT"] = fault
    with open_warehouse(settings, wait=20) as wh:
        migrate(wh)
        publish.finish_pending(wh)
        run = ledger.begin_run(wh, "nightly", NIGHT_2)
        if not run.published:
            _stage(wh, run, LandingZone(landing))
            publish.publish(wh, run, fill(wh, {1: 11, 3: 30}))
        ledger.finish_run(wh, run, "published")


def _stage(wh: Warehouse, run: Run, zone: LandingZone) -> None:
    job = landed.job(landed.SPEND, run.run_id, as_of=run.as_of)
    manifest = landed.land(zone, job, {"ad_daily": [landed.spend("2026-11-02", "5"), landed.spend("2026-11-03", "6")]})
    ledger.plan(wh, run, [job])
    incoming.clear(wh)
    incoming.load(wh, zone, manifest)
    stage.stage_slice(wh, run, job, manifest)


def _play(settings: Settings, landing: Path, fault: str = "") -> int | None:
    process = _processes.Process(target=_small_night, args=(settings, landing, fault))
    process.start()
    process.join(120)
    return process.exitcode


POINTS = (Faultpoint.MID_LOAD, Faultpoint.BEFORE_STAGE_COMMIT, Faultpoint.AFTER_STAGE_COMMIT,
          Faultpoint.BEFORE_PUBLISH_COMMIT, Faultpoint.AFTER_PUBLISH_COMMIT)
#: Passed while the publication is finished, before an attempt of the run begins.
ON_DUCKDB = (Faultpoint.BEFORE_REPLACE, Faultpoint.AFTER_REPLACE)


@pytest.mark.crash
def test_killed_everywhere_repeats_give_the_same_tables(settings: Settings, tmp_path: Path) -> None:
    """After each kill readers see the old months or the new ones, never a mix; all is staged, archived and published
    once.
    """
    with open_warehouse(settings) as wh:
        migrate(wh)
        release(wh, NIGHT_1, {1: 10, 2: 20})
        points = (*POINTS, *(ON_DUCKDB if wh.dialect == "duckdb" else ()))
    for point in points:
        assert _play(settings, tmp_path / "landing", point.value) == -signal.SIGKILL
        assert shown(settings) in ({1: 10, 2: 20}, {1: 11, 2: 20, 3: 30})
    assert _play(settings, tmp_path / "landing") == 0
    assert shown(settings) == {1: 11, 2: 20, 3: 30}
    with open_warehouse(settings, wait=20) as wh, wh.engine.connect() as conn:
        spent = conn.execute(sa.select(ddl.table(AD_DAILY).c.spend_amount)).all()
        states = conn.scalars(sa.select(ops.publication.c.state)).all()
        assert (len(spent), states) == (2, ["done", "done"])
        logged = ddl.log(LEADS).c
        differences = conn.execute(sa.select(logged.publication_no, logged.side, logged.lead_count)).all()
        assert sorted(differences) == [(2, -1, 10), (2, 1, 11), (2, 1, 30)]
        assert [run.attempts for run in ledger.latest_runs(wh)] == [len(POINTS) + 1, 1]
        assert ledger.accounting_errors(wh, ledger.latest_runs(wh)[0].run_id) == []
