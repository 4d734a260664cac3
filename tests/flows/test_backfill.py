"""Which chunks of a backfill are left to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from crosscheck.settings import Settings
from crosscheck.windows import Window
from flows.backfill import kind, todo
from warehouse import history, ledger, open_warehouse

NOW = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
RANGE = Window(date(2026, 1, 1), date(2026, 2, 10))
JANUARY, REST = RANGE.chunks(31)


def finish(settings: Settings, piece: Window, only: tuple[str, ...], status: str) -> None:
    """A chunk that ran to an end."""
    with open_warehouse(settings) as wh:
        run = ledger.begin_run(wh, kind(piece, only), NOW)
        ledger.finish_run(wh, run, status)


def test_a_warehouse_without_runs_has_everything_to_do(tmp_path: Path) -> None:
    """Oldest first, and the last chunk shorter; a warehouse that is not there yet is made."""
    settings = Settings(home=tmp_path)
    assert todo(settings, RANGE, (), 31) == [JANUARY, REST]


def test_a_published_chunk_is_done_and_others_are_not(settings: Settings) -> None:
    """What a gate refused or a crash cut is read again; `again` reads everything."""
    finish(settings, JANUARY, (), "published")
    finish(settings, REST, (), "gate_failed")
    assert todo(settings, RANGE, (), 31) == [REST]
    assert todo(settings, RANGE, (), 31, again=True) == [JANUARY, REST]


def test_a_chunk_is_known_by_its_sources(settings_for: Callable[[str], Settings]) -> None:
    """In whatever order they were named; one source's days say nothing of another's."""
    settings = settings_for("duckdb")
    finish(settings, JANUARY, ("b", "a"), "published")
    assert todo(settings, JANUARY, ("a", "b"), 31) == []
    assert todo(settings, JANUARY, ("a",), 31) == [JANUARY]
    assert todo(settings, JANUARY, (), 31) == [JANUARY]


def test_an_unfinished_chunk_goes_on_under_its_own_clock(settings_for: Callable[[str], Settings]) -> None:
    """Within hours; later it is begun anew."""
    settings = settings_for("duckdb")
    with open_warehouse(settings) as wh:
        ledger.begin_run(wh, kind(JANUARY, ()), NOW)
        assert history.unfinished(wh, kind(JANUARY, ()), NOW + timedelta(hours=2)) == NOW
        assert history.unfinished(wh, kind(REST, ()), NOW + timedelta(hours=2)) is None
        assert history.unfinished(wh, kind(JANUARY, ()), NOW + timedelta(days=2)) is None
