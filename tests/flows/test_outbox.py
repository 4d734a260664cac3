"""Alerts: written once, delivered until taken, cooled down, resolved; a refusing channel loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crosscheck.settings import Alerts, Channel, Settings
from flows.outbox import CRITICAL, HEARTBEAT, NOTED, WARNING, Delivery, Message, deliver, enqueue, resolve
from sandbox.sink import Sink
from warehouse import ops
from warehouse.engine import Warehouse, open_warehouse
from warehouse.migrations import migrate

NOW = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)
MESSAGE = Message("gate 1 abc", CRITICAL, "stopped", "ask <!channel> about an@example.vn")
DAY = timedelta(days=1)


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    """A webhook behind the reference env:ALERTS."""
    with Sink() as opened:
        monkeypatch.setenv("ALERTS", opened.url)
        yield opened


@pytest.fixture
def settings(settings_for: Callable[[str], Settings]) -> Settings:
    """One channel for each severity."""
    alerts = Alerts(critical=("env:ALERTS",), warning=("env:ALERTS",))
    return settings_for("duckdb").model_copy(update={"alerts": alerts})


@pytest.fixture
def wh(settings: Settings) -> Iterator[Warehouse]:
    """An empty warehouse."""
    with open_warehouse(settings) as opened:
        migrate(opened)
        yield opened


def put(wh: Warehouse, settings: Settings, run_id: str = "r1", now: datetime = NOW, message: Message = MESSAGE) -> int:
    """Write one message."""
    with wh.engine.begin() as conn:
        return enqueue(conn, run_id, message, settings, now)


def box(wh: Warehouse) -> list[dict[str, Any]]:
    """All rows, oldest first."""
    with wh.engine.connect() as conn:
        return [dict(row) for row in conn.execute(sa.select(ops.outbox).order_by(ops.outbox.c.created_at)).mappings()]


def test_a_message_is_delivered_once(wh: Warehouse, settings: Settings, sink: Sink) -> None:
    """A repeated run writes it again and nobody hears it twice."""
    assert (put(wh, settings), put(wh, settings)) == (1, 0)
    assert deliver(wh, settings, NOW) == Delivery(sent=1)
    assert deliver(wh, settings, NOW) == Delivery()
    assert [message["title"] for message in sink.messages] == ["stopped"]


def test_the_gravest_leaves_first(wh: Warehouse, settings: Settings, sink: Sink) -> None:
    """Whatever the channels are called: who is killed on the way has told the alert."""
    for grave, other in (("a", "b"), ("b", "a")):
        named = settings.model_copy(update={"alerts": Alerts(channels=(
            Channel(name=grave, url="env:ALERTS"), Channel(name=other, url="env:ALERTS", severities=("warning",))))})
        put(wh, named, grave, message=replace(MESSAGE, topic=f"warnings {grave}", severity=WARNING, title="warned"))
        put(wh, named, grave, message=replace(MESSAGE, topic=f"gate {grave}"))
        deliver(wh, named, NOW)
    assert [message["title"] for message in sink.messages] == ["stopped", "warned"] * 2


def test_commands_and_addresses_are_inert(wh: Warehouse, settings: Settings, sink: Sink) -> None:
    """A name that a chat would obey, and a mail address, arrive as plain text without effect."""
    put(wh, settings)
    deliver(wh, settings, NOW)
    assert sink.messages[0]["message"] == "ask ‹!channel› about ***"


@pytest.mark.parametrize("mode", ["refuse", "break"])
def test_a_refusing_channel_keeps_its_message(wh: Warehouse, settings: Settings, sink: Sink, mode: str) -> None:
    """Status 500, and status 200 with ok: false, leave the row pending; it arrives when the channel is back."""
    put(wh, settings)
    sink.set_mode(mode)
    assert deliver(wh, settings, NOW) == Delivery(failed=1)
    sink.set_mode("take")
    assert deliver(wh, settings, NOW) == Delivery(sent=1)
    assert box(wh)[0]["attempts"] == 2
    assert sink.messages[0]["title"] == "stopped"


def test_a_dead_channel_does_not_silence_the_others(
        wh: Warehouse, settings: Settings, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens on one address and one reference is empty: the third is told."""
    monkeypatch.setenv("DEAD", "json://127.0.0.1:9/x")
    alerts = Alerts(critical=("env:DEAD", "env:UNSET", "env:ALERTS"))
    settings = settings.model_copy(update={"alerts": alerts})
    put(wh, settings)
    assert deliver(wh, settings, NOW) == Delivery(sent=1, failed=2)
    assert len(sink.messages) == 1
    assert "127.0.0.1" not in " ".join(str(row["last_error"]) for row in box(wh))


def test_the_same_topic_cools_down(wh: Warehouse, settings: Settings, sink: Sink) -> None:
    """A second run within the cool-down adds no noise; the next night's does speak."""
    put(wh, settings)
    deliver(wh, settings, NOW)
    put(wh, settings, "r2", NOW + timedelta(hours=1))
    assert deliver(wh, settings, NOW + timedelta(hours=1)) == Delivery(suppressed=1)
    put(wh, settings, "r3", NOW + DAY)
    assert deliver(wh, settings, NOW + DAY) == Delivery(sent=1)


def test_another_fault_is_not_cooled_down(wh: Warehouse, settings: Settings, sink: Sink) -> None:
    """Only the same topic is."""
    put(wh, settings)
    put(wh, settings, "r2", message=Message("gate 2 xyz", CRITICAL, "other", "x"))
    assert deliver(wh, settings, NOW) == Delivery(sent=2)


def test_a_passing_run_resolves_what_is_over(wh: Warehouse, settings: Settings, sink: Sink) -> None:
    """Told once per topic, not for what is still broken; afterwards the topic may be raised at once again."""
    put(wh, settings)
    put(wh, settings, message=Message("source crm", CRITICAL, "crm", "x"))
    deliver(wh, settings, NOW)
    with wh.engine.begin() as conn:
        assert resolve(conn, "r2", ["source crm"], settings, NOW + DAY) == 1
        assert resolve(conn, "r3", ["source crm"], settings, NOW + 2 * DAY) == 0
    deliver(wh, settings, NOW + DAY)
    assert sink.messages[-1]["title"] == "Resolved: stopped"
    put(wh, settings, "r4", NOW + DAY + timedelta(hours=1))
    assert deliver(wh, settings, NOW + DAY + timedelta(hours=1)) == Delivery(sent=1)


def test_a_crash_after_sending_is_marked_as_a_possible_repeat(wh: Warehouse, settings: Settings, sink: Sink) -> None:
    """The attempt was noted, its result was not: the message is sent again and says so."""
    put(wh, settings)
    with wh.engine.begin() as conn:
        conn.execute(sa.update(ops.outbox).values(attempts=1))
    deliver(wh, settings, NOW)
    assert sink.messages[0]["title"] == "Possibly repeated: stopped"


def test_what_a_run_leaves_for_a_channel_is_one_message(wh: Warehouse, settings: Settings, sink: Sink) -> None:
    """The gravest gives the title, all titles stand before any body; the rows are counted and end one by one."""
    put(wh, settings, message=Message("warnings x", WARNING, "2 warnings", "small"))
    put(wh, settings)
    assert deliver(wh, settings, NOW) == Delivery(sent=2)
    (told,) = sink.messages
    assert told["title"] == "stopped (+1)"
    assert told["message"].startswith("- stopped\n- 2 warnings\n\nstopped\nask")
    with wh.engine.begin() as conn:
        assert resolve(conn, "r2", [MESSAGE.topic], settings, NOW + DAY) == 1


def test_a_sign_of_life_is_no_trouble(wh: Warehouse, settings: Settings, sink: Sink) -> None:
    """It goes to whom it is for alone, and no later run resolves it."""
    alerts = Alerts(critical=("env:NOBODY",), channels=(
        Channel(name="ops", url="env:ALERTS", severities=("heartbeat",)),))
    settings = settings.model_copy(update={"alerts": alerts})
    put(wh, settings, message=Message("heartbeat r1", HEARTBEAT, "all green", "fine", NOTED))
    assert deliver(wh, settings, NOW) == Delivery(sent=1)
    with wh.engine.begin() as conn:
        assert resolve(conn, "r2", [], settings, NOW + DAY) == 0


def test_an_end_is_told_in_the_words_of_its_beginning(wh: Warehouse, settings: Settings, sink: Sink) -> None:
    """To a channel that heard of it in Vietnamese, in Vietnamese."""
    alerts = Alerts(channels=(Channel(name="ops", url="env:ALERTS", language="vi"),))
    settings = settings.model_copy(update={"alerts": alerts})
    put(wh, settings, message=replace(MESSAGE, others={("vi", "operator"): ("đã dừng", "xem")}))
    with wh.engine.begin() as conn:
        resolve(conn, "r2", [], settings, NOW + DAY)
    deliver(wh, settings, NOW + DAY)
    assert [each["title"] for each in sink.messages] == ["đã dừng", "Đã xử lý xong: đã dừng"]


def test_a_removed_channel_and_an_old_message_are_given_up(wh: Warehouse, settings: Settings, sink: Sink) -> None:
    """Neither may keep every later night at exit code 8."""
    put(wh, settings)
    assert deliver(wh, settings, NOW + 8 * DAY) == Delivery(suppressed=1)
    put(wh, settings, "r2", NOW + 8 * DAY)
    silent = settings.model_copy(update={"alerts": Alerts()})
    assert deliver(wh, silent, NOW + 8 * DAY).failed == 0
    assert sink.messages == []
