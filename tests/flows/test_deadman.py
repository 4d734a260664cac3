"""A night that never ran is noticed by its absence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from crosscheck.settings import Alerts, Settings
from flows.deadman import overdue, raise_alert
from warehouse import ops
from warehouse.engine import open_warehouse
from warehouse.migrations import migrate

NIGHT = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)


def test_the_watch_speaks_only_after_the_deadline(settings_for: Callable[[str], Settings]) -> None:
    """In time: nothing. Late, or never published: one alert, not one per look."""
    settings = settings_for("duckdb").model_copy(update={"alerts": Alerts(critical=("env:ALERTS",))})
    with open_warehouse(settings) as wh:
        migrate(wh)
        never = overdue(wh, settings, NIGHT)
        assert never is not None
        assert "no night was ever published" in never.text
        with wh.engine.begin() as conn:
            conn.execute(sa.insert(ops.publication).values(
                run_id="r", as_of=NIGHT.replace(tzinfo=None), tables="{}", state="done"))
        assert overdue(wh, settings, NIGHT + timedelta(hours=25)) is None
        late = overdue(wh, settings, NIGHT + timedelta(hours=30))
        assert late is not None
        assert "30 hours ago" in late.text
        assert raise_alert(wh, settings, late, late.now) == 1
        raise_alert(wh, settings, late, late.now + timedelta(hours=1))
        with wh.engine.connect() as conn:
            assert sorted(conn.scalars(sa.select(ops.outbox.c.status))) == ["pending", "suppressed"]
