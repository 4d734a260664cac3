"""The hourly watch: it names what `sla_breach` would, tells it once, and disturbs no night."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pytest
import sqlalchemy as sa

from crosscheck.canonical import CANONICAL
from crosscheck.cli.demo import Stage, stage
from crosscheck.rules import LeadStates, default_rules
from crosscheck.settings import Alerts, Settings, load
from flows import steps
from flows.outbox import CRITICAL, Message, deliver, enqueue, open_topics, resolve
from flows.runner import Threads
from flows.sla import _tell, look, new_since
from sandbox.company import make_company
from tests.cli.conftest import say
from tests.marts.world import FIRST, night, put, read_by, release, row, with_source
from warehouse import live, open_warehouse, ops
from warehouse.live import Breach, Verdict
from warehouse.marts import MARTS
from warehouse.migrations import migrate
from warehouse.reading import published_rows

pytestmark = [pytest.mark.xdist_group("sla"), pytest.mark.timeout(200)]
NOW = datetime(2026, 11, 18, 3, 0, tzinfo=UTC)  # a Wednesday, ten o'clock in Hanoi
COVERED = [{"source": "crm", "metric": "speed_to_lead", "eligible_count": 9, "covered_count": 9, "covered_rate": 1.0,
            "needed_rate": 0.6, "is_published": True, "reason": None}]


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A company whose newest leads are called three days late, after its first night."""
    company = make_company(scale=0.1)
    dawn = company.nights[0]
    late = [replace(lead, calls=tuple(replace(call, at=call.at + timedelta(days=3)) for call in lead.calls))
            if lead.crm == "hubspot" and dawn - timedelta(hours=40) < lead.created < dawn else lead
            for lead in company.leads]
    company = replace(company, leads=tuple(late))
    with stage(tmp_path_factory.mktemp("sla") / "demo", company=company) as made:
        _judged_night(load(made.config), made.dawn(1))
        yield made


def _judged_night(settings: Settings, as_of: datetime) -> None:
    """The steps of a night for one source and the marts that lead to `sla_breach`, published; no gate is asked."""
    needed = {"sla_breach", *read_by("sla_breach")}
    with open_warehouse(settings) as wh:
        work = steps.begin(settings, wh, as_of, kind="nightly", window=None, only=("hubspot",), runner=Threads(),
                           resume=False)
        for step in (steps.plan_slices, steps.read, steps.load, steps.stage_slices):
            step(work)
        with patch("warehouse.build.MARTS", tuple(mart for mart in MARTS if mart.name in needed)):
            steps.build_marts(work)
        steps.publish_marts(work)


@pytest.mark.nights
def test_it_names_what_the_mart_would(play: Stage) -> None:
    """At a night's own instant: the same leads, due instants and next actions as the mart's rows that wait; beside a
    night that holds the warehouse, and with nothing of its landing, warehouse or published file touched.
    """
    settings, home = load(play.config), play.config.parent
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    play.server.requests.clear()
    with open_warehouse(settings):
        seen = look(settings, play.company.nights[0])
    new = {path for path in home.rglob("*") if path.is_file() and before.get(path) != path.stat().st_mtime_ns}
    assert {path.name for path in new} == {"warehouse-sla.duckdb"}
    assert {request.vendor for request in play.server.requests} == {"hubspot"}
    assert [request.path for request in play.server.requests if "deals" in request.path] == []
    names = ("source", "lead_id", "owner_id", "lead_kind", "created_at", "due_at", "owed_by", "next_action")
    mart = {tuple(each[name] for name in names) for each in published_rows(settings, ["sla_breach"])["sla_breach"]
            if each["is_waiting"] and each["created_at"] >= seen.since.replace(tzinfo=None)}
    assert {tuple(getattr(each, name) for name in names) for each in seen.waiting} == mart
    assert len(mart) > 1
    assert (seen.exit_code, set(seen.unwatched)) == (0, {"getfly"})


@pytest.mark.nights
def test_it_tells_each_lead_once_and_when_it_is_over(play: Stage) -> None:
    """An hour later nothing is new; with the calls on record the messages are resolved; no message holds a person."""
    settings, dawn = load(play.config), play.company.nights[0]
    first = [message for message in play.sink.messages if "still to attempt" in message["title"]]
    named = "\n".join(message["message"] for message in first)
    waiting = {each.lead_id for each in look(settings, dawn + timedelta(hours=1)).waiting}
    assert waiting
    assert all(f"lead {lead_id} (" in named for lead_id in waiting)
    assert len([message for message in play.sink.messages if "still to attempt" in message["title"]]) == len(first)
    persons = {text for lead in play.company.leads for text in (lead.name, lead.email, lead.phone) if text}
    assert [text for text in persons if text in named] == []
    play.server.set_clock(dawn + timedelta(days=6))
    over = look(settings, dawn + timedelta(days=6))
    assert over.resolved == len(first)
    assert len([message for message in play.sink.messages if message["title"].startswith("Resolved")]) == len(first)


@pytest.mark.nights
def test_the_word_for_it(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One document; a source that cannot be read is exit code 4, an alert of its own, and over when it answers."""
    at = (play.company.nights[0] + timedelta(days=7)).isoformat()
    assert say("sla", "--at", at, "--config", play.config, "--json").json["exit_code"] == 0
    known = os.environ["HUBSPOT_TOKEN"]
    monkeypatch.setenv("HUBSPOT_TOKEN", "pat-wrong")
    blind = say("sla", "--at", at, "--config", play.config)
    assert (blind.code, blind.out) == (4, "")
    assert any("nobody watches the leads of hubspot" in message["title"] for message in play.sink.messages)
    monkeypatch.setenv("HUBSPOT_TOKEN", known)
    later = (play.company.nights[0] + timedelta(days=7, hours=1)).isoformat()
    assert say("sla", "--at", later, "--config", play.config, "--json").json["resolved"] == 1


def judged(settings: Settings, now: datetime = NOW, **rows: list[dict[str, Any]]) -> Verdict:
    """What is said of hand-made rows."""
    records = {record.name: record for record in CANONICAL}
    tables = {name: [pa.Table.from_pylist([row(name, **each) for each in found], schema=records[name].arrow())]
              for name, found in rows.items()}
    since = new_since(default_rules().sla, now, "Asia/Ho_Chi_Minh")
    return live.judge(settings, default_rules(), LeadStates({}), now, since, tables, COVERED)


ACTS: dict[str, tuple[bool, dict[str, Any]]] = {
    "auto mail": (False, {"activity_kind": "mail", "direction": "outbound", "is_automatic": True}),
    "auto answer": (False, {"activity_kind": "message", "direction": "inbound", "is_automatic": True}),
    "note": (False, {"activity_kind": "note"}),
    "call": (True, {"activity_kind": "call", "direction": "outbound", "outcome": "busy"}),
    "answer": (True, {"activity_kind": "message", "direction": "inbound"})}


def test_an_automatic_reply_is_no_attempt(settings_for: Callable[[str], Settings]) -> None:
    """Only a person's touch or the customer's own word ends the waiting."""
    born = NOW.replace(tzinfo=None) - timedelta(hours=4)
    leads = [{"lead_id": name, "created_at": born, "created_day": NOW.date()} for name in ACTS]
    done = [{"activity_id": name, "lead_id": name, "occurred_at": born, **act} for name, (_, act) in ACTS.items()]
    seen = judged(settings_for("postgresql"), lead=leads, activity=done)
    assert {each.lead_id for each in seen.waiting} == {name for name, (is_attempt, _) in ACTS.items() if not is_attempt}
    assert seen.acted == {("crm", name) for name, (is_attempt, _) in ACTS.items() if is_attempt}


def test_due_is_not_yet_late_and_business_hours_are_the_rules(settings_for: Callable[[str], Settings]) -> None:
    """At the due instant nobody is late, a second after it he is; a lead of the night is due an hour after opening; of
    a lead fetched twice the later row counts; who is too old, or of another source, is not looked at.
    """
    settings, naive, today = settings_for("postgresql"), NOW.replace(tzinfo=None), {"created_day": NOW.date()}
    older = naive - timedelta(days=5)
    leads = [{"lead_id": "night", "created_at": naive - timedelta(hours=8), **today},
             {"lead_id": "old", "created_at": older, "created_day": older.date()},
             {"lead_id": "other", "source": "mute", "created_at": naive - timedelta(hours=8), **today}]
    twice = {"lead_id": "day", "created_at": naive - timedelta(hours=1), **today}
    leads += [{**twice, "owner_id": "an"}, {**twice, "owner_id": "binh", "page_no": 2, "utm_source": "zalo"}]
    assert [each.lead_id for each in judged(settings, lead=leads).waiting] == ["night"]
    after = judged(settings, NOW + timedelta(seconds=1), lead=leads).waiting
    assert [(each.lead_id, each.owner_id, each.channel) for each in after] == [
        ("night", None, None), ("day", "binh", "zalo")]
    assert after[0].due_at == naive - timedelta(hours=1)


def test_a_chain_of_records_is_one_person(settings_for: Callable[[str], Settings]) -> None:
    """Who left an address or number that the last publication counts to somebody is no new lead, though its own key is
    another one; who shares a switchboard with him is.
    """
    settings, born = with_source(settings_for("postgresql")), NOW.replace(tzinfo=None) - timedelta(hours=5)
    old = {"created_day": FIRST}
    with open_warehouse(settings) as wh:
        migrate(wh)
        put(wh, "lead", {"lead_id": "a", "email_hash": "m1", "phone_hash": "n1", **old},
            {"lead_id": "b", "email_hash": "m2", "phone_hash": "n1", **old},
            {"lead_id": "c", "email_hash": "m2", "phone_hash": "n2", **old},
            *({"lead_id": name, "email_hash": name, "phone_hash": "board", **old} for name in "vwxyz"))
        release(wh, night(wh, of=["person_alias"]))
    new = [{"lead_id": name, "created_at": born, "created_day": NOW.date(), "email_hash": mail, "phone_hash": number}
           for name, mail, number in (("by mail", "m2", None), ("by number", "m3", "n1"), ("stranger", "m4", "n4"),
                                      ("colleague", "m5", "board"))]
    assert {each.lead_id for each in judged(settings, lead=new).waiting} == {"stranger", "colleague"}


def test_how_far_it_looks_back() -> None:
    """To the second working day before the longest promise, over Sundays and Tết."""
    promise = default_rules().sla
    assert new_since(promise, NOW, "Asia/Ho_Chi_Minh") == datetime(2026, 11, 14, 1, 0, tzinfo=UTC)
    after_tet = datetime(2026, 2, 23, 3, 0, tzinfo=UTC)
    assert new_since(promise, after_tet, "Asia/Ho_Chi_Minh") < datetime(2026, 2, 15, tzinfo=UTC)


def breach(lead_id: str, owner: str | None) -> Breach:
    """A lead that waits."""
    naive = NOW.replace(tzinfo=None)
    return Breach("crm", lead_id, owner, "google", "form", naive - timedelta(hours=5), naive - timedelta(hours=3),
                  "sales", "attempt")


def test_night_and_watch_leave_each_others_alerts_alone(settings_for: Callable[[str], Settings]) -> None:
    """One message per owner, new leads in a new one; while a night holds the warehouse; neither side resolves or sends
    what the other has told.
    """
    settings = settings_for("postgresql").model_copy(update={"alerts": Alerts(critical=("env:A",), sla=("env:B",))})
    with open_warehouse(settings) as wh:
        migrate(wh)
        wh.write(lambda conn: enqueue(conn, "n", Message("gate 1", CRITICAL, "stopped", "…"), settings, NOW))
        for at, waiting in enumerate(([breach("1", "an"), breach("2", "an"), breach("3", None)],
                                      [breach("1", "an"), breach("4", "an")])):
            acted = frozenset({("crm", "2"), ("crm", "3")}) if at else frozenset()
            _tell(settings, NOW + timedelta(hours=at), Verdict(tuple(waiting), acted), [])
        wh.write(lambda conn: resolve(conn, "n2", [], settings, NOW + timedelta(hours=2)))
        deliver(wh, settings, NOW + timedelta(hours=2))
        with wh.engine.connect() as conn:
            told = conn.execute(sa.select(ops.outbox.c.topic, ops.outbox.c.state, ops.outbox.c.channel)).all()
            still = [json.loads(each.topic.removeprefix("sla ")) for each in open_topics(conn, live=True)]
            tried = conn.execute(sa.select(ops.outbox.c.channel, ops.outbox.c.attempts)).all()
    assert sorted(still) == [["crm", "1", "2"], ["crm", "4"]]
    assert sorted((topic, state) for topic, state, channel in told if channel == "env:A") == [
        ("gate 1", "raised"), ("gate 1", "resolved")]
    assert sorted(state for topic, state, _ in told if topic == 'sla ["crm", "3"]') == ["raised", "resolved"]
    assert {attempts for channel, attempts in tried if channel == "env:A"} == {1}


def test_the_file_beside_holds_alerts_and_nothing_else(settings_for: Callable[[str], Settings], tmp_path: Path) -> None:
    """On DuckDB: the outbox, only its owner reads it."""
    with live.open_beside(settings_for("duckdb")) as wh, wh.engine.connect() as conn:
        assert conn.exec_driver_sql("SELECT schema_name, table_name FROM duckdb_tables()").all() == [("ops", "outbox")]
    assert (tmp_path / "var/warehouse-sla.duckdb").stat().st_mode & 0o777 == 0o600
