"""Why a source is old: what analysts read of a pause beside its age."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tests.marts import world
from warehouse import ops, pauses
from warehouse.build import context
from warehouse.engine import Warehouse
from warehouse.marts.source_freshness import select

ZONE = "Asia/Ho_Chi_Minh"
NOW = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)  # two in the morning of the 22nd in Hanoi
PAUSE = pauses.Pause("meta", date(2026, 11, 24), "moved to the new agency", "an")
NONE = (None, None, None)


def asked(wh: Warehouse) -> None:
    """Two sources of which a stream each was read."""
    row = {"account_id": "1", "stream": "rows", "covered_from_day": world.FIRST, "covered_to_day": date(2026, 11, 20),
           "cursor_at": None, "definition": "d", "staged_rows": 1, "slice_id": "s", "run_id": "r",
           "fresh_at": datetime(2026, 11, 19)}  # noqa: DTZ001 - as the warehouse stores it
    with wh.engine.begin() as conn:
        conn.execute(sa.insert(ops.stream_state), [
            {**row, "source": source, "stream_key": f"{source}/1/rows"} for source in ("meta", "crm")])


def shown(wh: Warehouse, at: datetime) -> dict[str, Any]:
    """By source, until when, why and by whom; and that the warehouse itself reads the same."""
    with wh.engine.connect() as conn:
        rows = conn.execute(select(context(wh.settings, at))).mappings().all()
    found = {row["source"]: (row["paused_until_day"], row["pause_reason"], row["paused_by"]) for row in rows}
    held = {source: (one.until_day, one.reason, one.by_whom) for source, one in pauses.active(wh, at, ZONE).items()}
    assert {source: told for source, told in found.items() if told != NONE} == held
    assert len(rows) == len(found) == 2
    assert all(row["is_stale"] for row in rows)
    return found


def test_a_pause_stands_beside_the_age(either_wh: Warehouse) -> None:
    """From the second on which it was said through its last day in the business zone; null for whoever is not paused,
    and where somebody ended it or a newer word replaced it.
    """
    asked(either_wh)
    pauses.pause(either_wh, PAUSE, NOW)
    told = (PAUSE.until_day, PAUSE.reason, PAUSE.by_whom)
    assert shown(either_wh, NOW - timedelta(seconds=1)) == {"meta": NONE, "crm": NONE}
    assert shown(either_wh, NOW) == {"meta": told, "crm": NONE}
    assert shown(either_wh, datetime(2026, 11, 24, 16, 59, tzinfo=UTC))["meta"] == told
    assert shown(either_wh, datetime(2026, 11, 24, 17, 0, tzinfo=UTC))["meta"] == NONE
    later = pauses.Pause("meta", date(2026, 12, 1), "it takes longer", "binh")
    pauses.pause(either_wh, later, NOW + timedelta(hours=1))
    assert shown(either_wh, NOW + timedelta(hours=2))["meta"] == (later.until_day, later.reason, later.by_whom)
    pauses.resume(either_wh, "meta", NOW + timedelta(hours=3), ZONE)
    assert shown(either_wh, NOW + timedelta(hours=4))["meta"] == NONE
