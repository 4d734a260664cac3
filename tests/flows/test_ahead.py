"""What a night would read, told before it; and whether every stream of an account answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from connectors.base import Account, Limits, LoadMode, Output, RawPage, Slice, Stream, StreamKind
from connectors.landing import LandingZone, Manifest, address
from crosscheck.canonical import AD_DAILY, LEAD
from crosscheck.errors import AccountRefused, ConfigError
from crosscheck.settings import Settings, Source
from crosscheck.windows import Window
from flows import ahead, connection
from flows.ahead import look_ahead
from flows.connection import Answered, probe
from flows.sources import Opened, Refused
from warehouse import ledger, ops, pauses
from warehouse.engine import open_warehouse

NOW = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
SPEND = Stream("spend", StreamKind.WINDOW, "one row a day", (Output(AD_DAILY, LoadMode.WINDOW),), chunk_days=20)
LEADS = Stream("leads", StreamKind.INCREMENTAL, "one row a lead", (Output(LEAD, LoadMode.UPSERT),))
ACCOUNT = Account("a1", "Asia/Ho_Chi_Minh", "Phố Hiến", "VND")
CLOSED = Account("a2", "Asia/Ho_Chi_Minh", status="CANCELED", is_open=False)


class Vendor:
    """A connector whose leads need a scope that the token lacks."""

    name = "vendor"
    streams = (SPEND, LEADS)
    limits = Limits(concurrent=2, per_second=4.0)

    def __init__(self) -> None:
        self.asked: list[Slice] = []

    def pages(self, job: Slice) -> Iterator[RawPage]:
        """A page of nothing, or the refusal."""
        self.asked.append(job)
        if job.stream is LEADS:
            raise AccountRefused("the token lacks a scope", fix="add the read scope")
        yield RawPage(b"[]", 0)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """Opens as the source `ads`; any other source refuses."""
    made = Vendor()

    def opened(source: Source, settings: Settings) -> Opened | Refused:
        if source.name != "ads":
            return Refused(source.name, "", "", ConfigError("no token", fix="export TOKEN=…"))
        return Opened(source, made, (ACCOUNT, CLOSED))  # type: ignore[arg-type]

    for module in (ahead, connection):
        monkeypatch.setattr(module, "open_source", opened)
    return made


@pytest.fixture
def settings(settings_for: Callable[[str], Settings]) -> Settings:
    """One source that opens and one that refuses."""
    return settings_for("duckdb").model_copy(update={"sources": (
        Source(name="ads", connector="meta_ads"), Source(name="crm", connector="hubspot"))})


def read_before(settings: Settings) -> None:
    """Spend was read last night in three pages of 70 rows for 35 days; leads, whole, for the first time."""
    window, where = Window(date(2026, 10, 16), date(2026, 11, 19)), "s1"
    with open_warehouse(settings) as wh:
        run = ledger.begin_run(wh, "nightly", NOW)
        jobs = [Slice("ads", "vendor", ACCOUNT, stream, window, NOW, run.run_id, "Asia/Ho_Chi_Minh")
                for stream in (SPEND, LEADS)]
        ledger.plan(wh, run, jobs)
        with wh.engine.begin() as conn:
            conn.execute(sa.update(ops.slice_).values(status="staged", received_rows=210))
            conn.execute(sa.insert(ops.stream_state), [
                {"stream_key": job.stream_key, "source": "ads", "account_id": "a1", "stream": job.stream.name,
                 "covered_from_day": window.first, "covered_to_day": window.last, "staged_rows": 210,
                 "cursor_at": datetime(2026, 11, 19, 19), "definition": ledger.definition(job.stream),  # noqa: DTZ001
                 "slice_id": job.slice_id, "run_id": run.run_id, "fresh_at": datetime(2026, 11, 19, 19)}  # noqa: DTZ001
                for job in jobs])
        where = address("ads", "a1", "spend", window, jobs[0].slice_id)
    LandingZone(settings.landing).seal(Manifest(
        slice_id=jobs[0].slice_id, run_id=run.run_id, source="ads", connector="vendor", account={}, stream="spend",
        stream_key=jobs[0].stream_key, window=str(window), since=None, as_of=NOW.isoformat(), business_zone="",
        folder=where, pages=3, received=210, mapped=210, quarantined=0, tables={}, drift=[], notes={}, page_rows=[],
        page_notes=[], sha256={}))


def test_the_first_night_is_told_as_unknown(vendor: Vendor, settings: Settings) -> None:
    """Windows are known, rows are not, and calls are the least possible; a source that refuses is named."""
    seen = look_ahead(settings, NOW)
    spend, leads = seen.streams
    assert (spend.windows, spend.rows, spend.calls, spend.is_new) == (6, None, 6, True)
    assert (leads.since, leads.rows) == (None, None)
    assert [each.error.fix for each in seen.refused] == ["export TOKEN=…"]
    assert (seen.exit_code, seen.closed, vendor.asked) == (3, ("ads / a2 (CANCELED)",), [])


def test_history_tells_rows_calls_and_time(vendor: Vendor, settings: Settings) -> None:
    """As many rows a day and a page as last time; of changes after a first whole reading nothing is known."""
    read_before(settings)
    before = {path: path.stat().st_mtime_ns for path in settings.home.rglob("*") if path.is_file()}
    seen = look_ahead(settings, NOW, only=("ads",))
    spend, leads = seen.streams
    assert (spend.first_day, spend.last_day) == (date(2026, 10, 17), date(2026, 11, 20))
    assert (spend.rows, spend.calls) == (210, 3)
    assert (leads.rows, leads.calls, leads.is_new) == (None, 1, False)
    assert [(pace.calls, pace.seconds) for pace in seen.paces] == [(4, 1)]
    assert {path: path.stat().st_mtime_ns for path in settings.home.rglob("*") if path.is_file()} == before
    far = look_ahead(settings, NOW, only=("ads",), window=Window(date(2026, 6, 1), date(2026, 6, 10)))
    assert [(each.stream, each.rows) for each in far.streams] == [("spend", 60), ("leads", None)]


def test_a_paused_source_is_not_in_the_plan(vendor: Vendor, settings: Settings) -> None:
    """It is named instead, with its end and its reason."""
    read_before(settings)
    held = pauses.Pause("ads", date(2026, 12, 1), "agency", "an")
    with open_warehouse(settings) as wh:
        ledger.begin_run(wh, "nightly", NOW)
        pauses.pause(wh, held, NOW)
    seen = look_ahead(settings, NOW, only=("ads",))
    assert (seen.streams, seen.paused) == ((), (held,))


def test_a_connection_is_tried_stream_by_stream(vendor: Vendor, settings: Settings) -> None:
    """One page each: the one that needs the missing scope says so, with its fix; a closed account is not asked."""
    found = probe(settings, NOW, {"ads/a1": date(2026, 11, 19)})
    first, second, crm = found
    assert isinstance(first, Answered)
    assert isinstance(second, Answered)
    assert (first.streams, first.complete_to, first.per_second) == (("spend",), date(2026, 11, 19), 4.0)
    assert [(one.stream, one.error.where, one.error.fix) for one in first.refused] == [
        ("leads", "ads / a1 / leads", "add the read scope")]
    assert (second.streams, second.refused) == ((), ())
    assert isinstance(crm, Refused)
    assert {str(job.window) for job in vendor.asked} == {"2026-11-20..2026-11-20"}
    vendor.asked.clear()
    assert [one.streams for one in probe(settings, NOW, {}, only=("ads",), read=False)
            if isinstance(one, Answered)] == [(), ()]
    assert vendor.asked == []
