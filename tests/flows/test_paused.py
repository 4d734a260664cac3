"""A source that is left out on purpose, and how old sources are told to be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from crosscheck.settings import Settings, Source
from flows import steps
from flows.outcome import Counts, Night, Outcome
from flows.runner import Threads
from flows.sources import Refused
from warehouse import ledger, ops, pauses
from warehouse.engine import Warehouse
from warehouse.freshness import look
from warehouse.pauses import Pause

ZONE = "Asia/Ho_Chi_Minh"
NOW = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)  # two in the morning of the 22nd in Hanoi
UNTIL = date(2026, 11, 24)
PAUSE = Pause("meta", UNTIL, "moved to the new agency", "an")


@pytest.fixture
def owned(wh: Warehouse) -> Warehouse:
    """A warehouse that we may write."""
    ledger.begin_run(wh, "nightly", NOW)
    return wh


def test_a_pause_ends_by_itself_or_by_somebody(owned: Warehouse) -> None:
    """It holds through its last day in the business zone; the newest word counts; resumed is resumed."""
    pauses.pause(owned, PAUSE, NOW)
    assert pauses.active(owned, NOW, ZONE) == {"meta": PAUSE}
    assert pauses.active(owned, NOW - timedelta(seconds=1), ZONE) == {}
    assert pauses.active(owned, datetime(2026, 11, 24, 16, 59, tzinfo=UTC), ZONE) == {"meta": PAUSE}
    assert pauses.active(owned, datetime(2026, 11, 24, 17, 0, tzinfo=UTC), ZONE) == {}
    later = Pause("meta", date(2026, 12, 1), "it takes longer", "binh")
    pauses.pause(owned, later, NOW + timedelta(hours=1))
    assert pauses.active(owned, NOW + timedelta(hours=2), ZONE) == {"meta": later}
    assert pauses.resume(owned, "meta", NOW + timedelta(hours=3), ZONE) == later
    assert pauses.active(owned, NOW + timedelta(hours=4), ZONE) == {}
    assert pauses.resume(owned, "meta", NOW + timedelta(hours=5), ZONE) is None


def test_looking_before_the_table_is_there(owned: Warehouse) -> None:
    """Between an upgrade and its first night nothing is paused, and looking is no error."""
    with owned.engine.begin() as conn:
        conn.execute(sa.schema.DropTable(ops.source_pause))
    assert pauses.active(owned, NOW, ZONE) == {}


def test_a_paused_source_is_not_asked(settings_for: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the other one is opened; the night says which, why and until when, and is not partial for it."""
    from warehouse.engine import open_warehouse

    settings = settings_for("duckdb").model_copy(update={"sources": (
        Source(name="meta", connector="meta_ads"), Source(name="crm", connector="hubspot"))})
    asked: list[str] = []

    def opened(source: Source, settings: Settings) -> Refused:
        asked.append(source.name)
        return Refused(source.name, "", "", SimpleNamespace())  # type: ignore[arg-type]

    monkeypatch.setattr(steps, "open_source", opened)
    with open_warehouse(settings) as wh:
        work = steps.begin(settings, wh, NOW, kind="nightly", window=None, only=(), runner=Threads(), resume=False)
        pauses.pause(wh, PAUSE, NOW)
        steps.plan_slices(work)
    assert (asked, work.paused) == (["crm"], [PAUSE])
    night = Night("r", NOW, Outcome.PUBLISHED, Counts(), paused=tuple(work.paused))
    assert f"not read: meta is paused until {UNTIL} by an: moved to the new agency" in night.lines()
    assert night.summary()["paused"] == (PAUSE,)


def test_freshness_is_the_oldest_stream_against_the_promise(owned: Warehouse, settings: Settings) -> None:
    """Exactly at the promised age it is fresh, a second later stale; paused is said before either; never is never."""
    row = {"source": "crm", "account_id": "1", "covered_from_day": date(2026, 1, 1), "cursor_at": None,
           "definition": "d", "staged_rows": 1, "slice_id": "s", "run_id": "r"}
    read = datetime(2026, 11, 20, 7, 0)  # noqa: DTZ001 - as the warehouse stores it
    with owned.engine.begin() as conn:
        conn.execute(sa.insert(ops.stream_state), [
            {**row, "stream_key": "crm/1/leads", "stream": "leads", "covered_to_day": date(2026, 11, 19),
             "fresh_at": read},
            {**row, "stream_key": "crm/1/deals", "stream": "deals", "covered_to_day": date(2026, 11, 21),
             "fresh_at": read + timedelta(hours=20)}])
    known = settings.model_copy(update={"sources": (Source(name="crm", connector="hubspot", max_age_hours=36),
                                                    Source(name="meta", connector="meta_ads"))})
    crm, meta = look(owned, known, NOW)
    assert (crm.complete_to, crm.age_days, crm.age_hours, crm.state) == (date(2026, 11, 19), 2, 36, "fresh")
    assert look(owned, known, NOW + timedelta(seconds=1))[0].state == "stale"
    assert (meta.complete_to, meta.state) == (None, "never read")
    pauses.pause(owned, PAUSE, NOW)
    paused = look(owned, known, NOW)[1]
    assert (paused.state, paused.paused_until, paused.reason) == ("paused", UNTIL, "moved to the new agency")
