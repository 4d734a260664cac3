"""A sender that is killed between a channel's yes and the note of it: told once, or said to be a repetition."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from crosscheck.faultpoints import Faultpoint
from crosscheck.settings import Alerts, Channel, Settings
from flows.outbox import CRITICAL, WARNING, Delivery, Message, deliver, enqueue
from sandbox.sink import Sink
from warehouse import ops
from warehouse.engine import open_warehouse
from warehouse.migrations import migrate

pytestmark = pytest.mark.pages
NOW = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)
_SENDER = """
import sys
from datetime import datetime
from pathlib import Path
from crosscheck.settings import load
from flows.outbox import deliver
from warehouse.engine import open_warehouse

settings = load(Path(sys.argv[1]))
with open_warehouse(settings) as wh:
    deliver(wh, settings, datetime.fromisoformat(sys.argv[2]))
"""
_CONFIG = """
[store]
warehouse = "duckdb:///var/warehouse.duckdb"
[[alerts.channels]]
name = "first"
url = "env:FIRST"
severities = ["critical", "warning"]
language = "vi"
[[alerts.channels]]
name = "second"
url = "env:SECOND"
severities = ["critical", "warning"]
"""


def killed_at(place: Faultpoint, home: Path) -> int:
    """Deliver what is pending in a process that dies at a place."""
    (home / "crosscheck.toml").write_text(_CONFIG, encoding="utf-8")
    return subprocess.run([sys.executable, "-c", _SENDER, str(home / "crosscheck.toml"), NOW.isoformat()], check=False,
                          env={**os.environ, "CROSSCHECK_FAULT": place.value}).returncode


def test_nothing_is_lost_and_nothing_is_silently_told_twice(
        settings_for: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the first channel heard, then after it heard: at the end each heard both messages of the run in
    one, the first of them a second time, marked; and the outbox says of every row that it was sent.
    """
    both = ("critical", "warning")
    channels = (Channel(name="first", url="env:FIRST", severities=both, language="vi"),
                Channel(name="second", url="env:SECOND", severities=both))
    settings = settings_for("duckdb").model_copy(update={"alerts": Alerts(channels=channels)})
    with Sink() as first, Sink() as second:
        monkeypatch.setenv("FIRST", first.url)
        monkeypatch.setenv("SECOND", second.url)
        with open_warehouse(settings) as wh:
            migrate(wh)
            with wh.engine.begin() as conn:
                enqueue(conn, "r1", Message("gate 1 x", CRITICAL, "stopped", "look"), settings, NOW)
                enqueue(conn, "r1", Message("warnings y", WARNING, "one warning", "small"), settings, NOW)
        assert killed_at(Faultpoint.BEFORE_ALERT, settings.home) == -signal.SIGKILL
        assert first.messages + second.messages == []
        assert killed_at(Faultpoint.AFTER_ALERT, settings.home) == -signal.SIGKILL
        heard = len(first.messages), len(second.messages)
        with open_warehouse(settings) as wh:
            assert deliver(wh, settings, NOW) == Delivery(sent=4)
            assert deliver(wh, settings, NOW) == Delivery()
            with wh.engine.connect() as conn:
                assert set(conn.scalars(sa.select(ops.outbox.c.status))) == {"sent"}
    assert sorted(heard) == [0, 1]
    assert sum(len(each.messages) for each in (first, second)) == 3
    titles = [message["title"] for each in (first, second) for message in each.messages]
    assert all("stopped (+1)" in title for title in titles)
    again = {True: "Có thể bị lặp: ", False: "Possibly repeated: "}[bool(heard[0])]
    assert f"{again}stopped (+1)" in titles
