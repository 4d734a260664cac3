"""`crosscheck deploy` against a real Prefect server: what differs is written, once; and taken back again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crosscheck.cli.doctor import PINS
from crosscheck.cli.scheduler import checks
from crosscheck.errors import ConfigError
from flows.declared import TAG
from sandbox.sink import Sink
from tests.support.scheduler import ROOT, Prefect, served, until

pytestmark = [
    pytest.mark.nights, pytest.mark.server, pytest.mark.timeout(420), pytest.mark.xdist_group("prefect-server")]
NAMES = {"nightly", "weekly-deep", "backfill", "dead-man", "sla-watch"}


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    """A server with nothing on it."""
    with served(tmp_path_factory.mktemp("prefect")) as opened:
        yield opened


@pytest.fixture(scope="module")
def heard() -> Iterator[Sink]:
    """Where the notification block of the hints leads."""
    with Sink() as opened:
        yield opened


def plan(prefect: Prefect, *words: str) -> dict[str, Any]:
    """What `crosscheck deploy --json` says."""
    done = prefect.say("deploy", "--json", *words)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def named(said: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Kind, name and action of each change."""
    return {(each["kind"], each["name"], each["action"]) for each in said["changes"]}


def schedules(prefect: Prefect) -> dict[str, tuple[str, str]]:
    """Cron rule and zone of each schedule on the server, by its slug."""
    found = [each for item in prefect.ask("/deployments/filter", {}) for each in item["schedules"]]
    return {each["slug"]: (each["schedule"]["cron"], each["schedule"]["timezone"]) for each in found}


def test_a_dry_run_tells_everything_and_writes_nothing(prefect: Prefect) -> None:
    """Of an empty server all is to be made, and it is empty afterwards."""
    said = plan(prefect, "--dry-run")
    assert named(said) >= {("work pool", "crosscheck", "make"), *(("deployment", name, "make") for name in NAMES)}
    assert not said["written"]
    assert [prefect.ask(f"/{kind}/filter", {}) for kind in ("work_pools", "deployments", "automations")] == [[], [], []]


def test_doctor_names_the_next_step_of_an_empty_server(prefect: Prefect) -> None:
    """Pool, worker and calendar: each with the command that mends it; another pin than the server's is told too."""
    looks = dict(checks(prefect.api, PINS["prefect"]))
    assert looks["prefect server"]().endswith("answers")
    for check in ("work pool", "worker", "planned nights"):
        with pytest.raises(ConfigError) as told:
            looks[check]()
        assert told.value.fix == "crosscheck deploy"
    with pytest.raises(ConfigError, match=r"the nights are written for 3\.7\.0"):
        dict(checks(prefect.api, "3.7.0"))["prefect server"]()


def test_deploying_twice_changes_once(prefect: Prefect) -> None:
    """Pool, deployments with slug and zone, automations with our tag; the second call changes nothing and says so."""
    assert plan(prefect)["written"]
    assert {item["name"] for item in prefect.ask("/deployments/filter", {})} == NAMES
    zone = "Asia/Ho_Chi_Minh"
    assert schedules(prefect) == {"nightly": ("0 2 * * *", zone), "weekly-deep": ("0 4 * * 0", zone),
                                  "dead-man": ("30 6 * * *", zone), "sla-watch": ("0 * * * *", zone)}
    automations = prefect.ask("/automations/filter", {})
    assert all(item["enabled"] and item["tags"] == [TAG] for item in automations)
    again = prefect.say("deploy")
    assert "nothing to change: 8 are as declared" in again.stderr
    assert prefect.ask("/automations/filter", {}) == automations


def test_what_was_changed_on_the_page_is_told_and_put_back(prefect: Prefect) -> None:
    """A limit, a second schedule, a hint; a pause is the operator's, and an automation that is not ours stays."""
    nightly = prefect.ask("/deployments/name/nightly/nightly")
    prefect.send("PATCH", f"/deployments/{nightly['id']}", {"concurrency_limit": 3})
    prefect.send("PATCH", f"/deployments/{nightly['id']}/schedules/{nightly['schedules'][0]['id']}", {"active": False})
    prefect.ask(f"/deployments/{nightly['id']}/schedules",
                [{"active": True, "schedule": {"cron": "0 5 * * *", "timezone": "UTC"}}])
    hint = next(item for item in prefect.ask("/automations/filter", {}) if "crashed" in item["name"])
    kept = {key: hint[key] for key in ("name", "description", "trigger", "actions", "tags")}
    prefect.send("PUT", f"/automations/{hint['id']}", {**kept, "enabled": False})
    prefect.ask("/automations/", {**kept, "name": "somebody else's", "tags": []})
    prefect.ask("/automations/", {**kept, "name": "an old hint"})
    expected = {("deployment", "nightly", "change"), ("automation", hint["name"], "change"),
                ("automation", "an old hint", "remove")}
    dry = plan(prefect, "--dry-run")
    assert named(dry) == expected
    [told] = [change["differences"] for change in dry["changes"] if change["name"] == "nightly"]
    assert "concurrency.limit: 3 → 1" in told
    assert named(plan(prefect)) == expected
    assert plan(prefect)["changes"] == []
    [left] = prefect.ask("/deployments/name/nightly/nightly")["schedules"]
    assert (left["slug"], left["active"]) == ("nightly", False)
    assert "somebody else's" in {item["name"] for item in prefect.ask("/automations/filter", {})}


def test_a_named_block_turns_a_hint_into_a_message(prefect: Prefect, heard: Sink) -> None:
    """Without the block the event feed alone shows the hint, and deploy says so; with it the notification names it."""
    assert any("crosscheck-hints" in hint for hint in plan(prefect)["hints"])
    kind = prefect.ask("/block_types/slug/custom-webhook")
    [schema, *_] = prefect.ask("/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [kind["id"]]}}})
    block = prefect.ask("/block_documents/", {
        "name": "crosscheck-hints", "block_type_id": kind["id"], "block_schema_id": schema["id"],
        "data": {"name": "hints", "url": heard.url.replace("json", "http"),
                 "json_data": {"title": "{{subject}}", "message": "{{body}}"}}})
    said = plan(prefect)
    assert {action for _, _, action in named(said)} == {"change"}
    assert said["hints"] == []
    ours = [item for item in prefect.ask("/automations/filter", {}) if item["name"].startswith("crosscheck")]
    assert {action["block_document_id"] for item in ours for action in item["actions"]} == {block["id"]}


def test_the_hints_fire(prefect: Prefect, heard: Sink) -> None:
    """A night whose time has come and that nobody begins is told, once: ten seconds here for the fifteen minutes. When
    it then crashes, that is told as well. The server itself finds it late, and sends both.
    """
    [late] = [item for item in prefect.ask("/automations/filter", {}) if item["name"].endswith("waits for a worker")]
    kept = {key: late[key] for key in ("name", "description", "enabled", "actions", "tags")}
    prefect.send("PUT", f"/automations/{late['id']}", {**kept, "trigger": {**late["trigger"], "within": 10}})
    nightly = prefect.ask("/deployments/name/nightly/nightly")["id"]
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    run = prefect.ask(f"/deployments/{nightly}/create_flow_run", {
        "name": "nightly-x", "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": past}}})
    until(lambda: heard.messages, 60, "the night is told to wait")
    prefect.ask(f"/flow_runs/{run['id']}/set_state", {"state": {"type": "CRASHED"}, "force": True})
    until(lambda: len(heard.messages) > 1, 30, "the crash is told")
    assert [message["title"] for message in heard.messages] == [
        "Crosscheck: nightly-x waits for a worker", "Crosscheck: nightly-x crashed"]
    assert "crosscheck doctor" in heard.messages[0]["message"]
    assert "crosscheck run" in heard.messages[1]["message"]


def test_another_version_of_prefect_is_refused(prefect: Prefect, tmp_path: Path) -> None:
    """Prefect does not enforce the file's version: deploy does, and exits 3 without a traceback."""
    text = (ROOT / "prefect.yaml").read_text(encoding="utf-8").replace("3.8.8", "3.7.0")
    (tmp_path / "prefect.yaml").write_text(text.replace("entrypoint: ", f"entrypoint: {ROOT}/"), encoding="utf-8")
    done = prefect.say("deploy", "--file", str(tmp_path / "prefect.yaml"))
    assert done.returncode == 3
    assert "versions of Prefect differ" in done.stderr
    assert "Traceback" not in done.stderr


def test_undeploy_asks_and_leaves_nothing_of_ours(prefect: Prefect) -> None:
    """Where nobody can be asked nothing happens; with --yes deployments, planned runs and our automations go."""
    asked = prefect.say("undeploy")
    assert (asked.returncode, len(prefect.ask("/deployments/filter", {}))) == (2, 5)
    assert "--yes" in asked.stderr
    done = prefect.say("undeploy", "--yes")
    assert done.returncode == 0, done.stderr
    assert "data, configuration" in done.stderr
    assert prefect.ask("/deployments/filter", {}) == []
    assert [item["name"] for item in prefect.ask("/automations/filter", {})] == ["somebody else's"]
    assert prefect.ask("/flow_runs/count", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}) == 0
