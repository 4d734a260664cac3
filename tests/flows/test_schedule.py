"""A real Prefect server and worker: what `prefect.yaml` schedules is run and publishes, and nothing secret is stored.

Deploying tells little: with a SQLAlchemy that Prefect's server does not understand it deploys and never schedules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from crosscheck.cli.demo import Stage, stage
from crosscheck.cli.doctor import PINS
from crosscheck.cli.scheduler import checks
from crosscheck.settings import load
from sandbox import credentials
from tests.support.scheduler import ENDS, POOL, Prefect, served, until
from warehouse.reading import campaign_totals

pytestmark = [
    pytest.mark.nights, pytest.mark.server, pytest.mark.timeout(420), pytest.mark.xdist_group("prefect-server")]
ARTIFACTS = {"night-summary", "row-accounting", "gate-results", "freshness", "campaign-roi", "report"}
LEAKED = "a-value-that-nobody-may-store"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The demo company's vendors and configuration; the environment names the configuration."""
    with stage(tmp_path_factory.mktemp("company") / "demo", scale=0.1) as play, pytest.MonkeyPatch.context() as env:
        env.setenv("CROSSCHECK_CONFIG", str(play.config))
        env.setenv("CROSSCHECK_REPORT__ENABLED", "true")
        play.dawn(1)
        yield play


@pytest.fixture(scope="module")
def prefect(company: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    """Server, worker and what `crosscheck deploy` makes of this checkout; afterwards no process of them is left."""
    with served(tmp_path_factory.mktemp("prefect")) as opened:
        opened.deploy()
        with opened.running("worker", "start", "--pool", POOL):
            until(lambda: opened.ask(f"/work_pools/{POOL}/workers/filter", {}), 60, "the worker is there")
            yield opened


@pytest.fixture(scope="module")
def deployment(prefect: Prefect) -> str:
    """The id of the nightly deployment."""
    return str(prefect.ask("/deployments/name/nightly/nightly")["id"])


def test_every_night_is_scheduled_at_two_in_the_business_zone(prefect: Prefect, deployment: str) -> None:
    """The deployment yields SCHEDULED runs, at 02:00 in Vietnam, which is 19:00 UTC."""
    planned = until(lambda: prefect.runs(deployment, "SCHEDULED"), 90, "future runs of the nightly deployment")
    instants = [datetime.fromisoformat(run["expected_start_time"]) for run in planned]
    assert {moment.astimezone(UTC).strftime("%H:%M") for moment in instants} == {"19:00"}
    assert {moment.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).strftime("%H:%M") for moment in instants} == {"02:00"}
    assert all(run["auto_scheduled"] for run in planned)


def test_doctor_sees_the_calendar_and_the_worker(prefect: Prefect, deployment: str) -> None:
    """What `doctor` says of a server that plans nights and of the worker that plays them."""
    until(lambda: prefect.runs(deployment, "SCHEDULED"), 90, "future runs of the nightly deployment")
    said = {check: look() for check, look in checks(prefect.api, PINS["prefect"])}
    assert said["prefect server"] == f"Prefect {PINS['prefect']} answers"
    assert said["work pool"] == "crosscheck, for runs of type process"
    assert said["worker"] == "1 online"
    assert re.fullmatch(r"\d+, the next at \S+ 19:00 UTC", said["planned nights"])


@pytest.fixture(scope="module")
def night(company: Stage, prefect: Prefect, deployment: str) -> dict[str, Any]:
    """A run that the server's own scheduler made, once it has ended."""
    soon = datetime.now(UTC) + timedelta(seconds=15)
    rule = f"DTSTART:{soon:%Y%m%dT%H%M%S}\nRRULE:FREQ=MINUTELY;COUNT=5"
    schedules = f"/deployments/{deployment}/schedules"
    [schedule] = prefect.ask(schedules, [
        {"active": True, "slug": "soon", "schedule": {"rrule": rule, "timezone": "UTC"},
         "parameters": {"as_of": company.company.nights[0].isoformat()}}])
    until(lambda: prefect.runs(deployment, "PENDING", "RUNNING", *ENDS), 120, "the worker takes the scheduled night")
    one_is_enough = f"{prefect.api}{schedules}/{schedule['id']}"  # 503: SQLite is busy; its own client repeats it
    until(lambda: httpx.delete(one_is_enough).status_code != 503, 60, "the schedule is taken back")
    return until(lambda: next(iter(prefect.runs(deployment, *ENDS)), None), 180, "the scheduled night has ended")


def test_a_scheduled_run_publishes(company: Stage, prefect: Prefect, night: dict[str, Any]) -> None:
    """The worker plays the night that the scheduler made: completed, named by its clock, published, with artifacts."""
    assert night["state_type"] == "COMPLETED", night["state"]["message"]
    assert night["auto_scheduled"]
    assert night["name"] == f"nightly-{company.company.nights[0].isoformat()}"
    assert night["parameters"] == {"as_of": company.company.nights[0].isoformat()}
    assert len(campaign_totals(load(company.config))) > 5
    shown = {item["key"] for item in prefect.ask("/artifacts/filter", {})}
    assert shown >= ARTIFACTS


def test_tasks_are_named_by_account_and_window(prefect: Prefect, night: dict[str, Any]) -> None:
    """Every slice is a task of its own, all completed; none carries more than where it reads."""
    tasks = prefect.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [night["id"]]}}, "limit": 200})
    assert {task["state_type"] for task in tasks} == {"COMPLETED"}
    names = {task["name"] for task in tasks}
    assert {"connect google_ads", "load", "gate 1", "stage", "gate 2", "build", "gate 3", "publish"} <= names
    read = [name for name in names if name.startswith("read ")]
    assert all(len(name.split(" / ")) == 4 and ".." in name for name in read)
    assert any(name.startswith("read meta_ads / ") for name in read)


def test_a_backfill_tells_its_progress_and_continues(prefect: Prefect, company: Stage, night: dict[str, Any]) -> None:
    """Published chunk by chunk, with a progress artifact; started again, it finds nothing left to do."""
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    from flows.others import backfill

    words = {"window": "2026-10-01..2026-10-10", "source": "google_ads", "config": str(company.config),
             "as_of": company.company.nights[0].isoformat()}
    with temporary_settings({PREFECT_API_URL: prefect.api, PREFECT_HOME: prefect.home}):
        backfill(**words)
        backfill(**words)
    bars = prefect.ask("/artifacts/filter", {"artifacts": {"key": {"any_": ["backfill-google-ads"]}}})
    assert [(bar["data"], bar["description"]) for bar in sorted(bars, key=lambda bar: bar["created"])] == [
        (100.0, "1 chunks to read"), (100.0, "0 chunks to read")]
    runs = prefect.ask("/flow_runs/filter", {"flows": {"name": {"any_": ["backfill"]}}})
    assert {run["name"] for run in runs} == {"backfill-google_ads-2026-10-01..2026-10-10"}
    assert {run["state_type"] for run in runs} == {"COMPLETED"}


def test_the_watch_is_scheduled_by_the_hour_and_looks(prefect: Prefect, company: Stage, night: dict[str, Any]) -> None:
    """Every hour of the day; what it finds is no failure of the flow run."""
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    from flows.others import sla_watch

    hourly = str(prefect.ask("/deployments/name/sla-watch/sla-watch")["id"])
    planned = until(lambda: prefect.runs(hourly, "SCHEDULED"), 90, "future runs of the hourly watch")
    instants = [datetime.fromisoformat(run["expected_start_time"]) for run in planned]
    assert {moment.strftime("%M:%S") for moment in instants} == {"00:00"}
    assert len({moment.hour for moment in instants}) > 1
    with temporary_settings({PREFECT_API_URL: prefect.api, PREFECT_HOME: prefect.home}):
        sla_watch(config=str(company.config))
    tasks = prefect.ask("/task_runs/filter", {"task_runs": {"name": {"any_": ["look hubspot"]}}})
    assert {task["state_type"] for task in tasks} == {"COMPLETED"}


def test_what_a_task_raises_is_not_what_prefect_stores(prefect: Prefect, company: Stage) -> None:
    """The caller gets the exception, the server a sentence without its text; a reading task is tried once more."""
    from prefect import flow
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    from flows.nightly import NightStopped, told
    from flows.tasks import PrefectTasks

    tries: list[str] = []

    def read(item: str) -> str:
        tries.append(item)
        if len(tries) == 1:
            raise ValueError(f"cannot parse {LEAKED}")
        return item.upper()

    def write() -> None:
        raise KeyError(LEAKED)

    @flow(name="leaky", persist_result=False)
    def leaky() -> None:
        with told(str(company.config)):
            assert PrefectTasks().map("read", read, ["a"]) == ["A"]
            PrefectTasks().call("write", write)

    with (temporary_settings({PREFECT_API_URL: prefect.api, PREFECT_HOME: prefect.home}),
          pytest.raises(NightStopped, match=r"unexpected KeyError at test_schedule.py:\d+")):
        leaky()
    assert tries == ["a", "a"]
    [run] = prefect.ask("/flow_runs/filter", {"flows": {"name": {"any_": ["leaky"]}}})
    assert run["state"]["type"] == "FAILED"
    assert "KeyError" in run["state"]["message"]


def test_the_server_stored_no_secret_and_nobodys_address(company: Stage, prefect: Prefect,
                                                         night: dict[str, Any]) -> None:
    """Database, write-ahead log, logs and result files of server and worker hold no token, key, e-mail or phone."""
    people = {text for lead in company.company.leads for text in (lead.email, lead.phone)
              if text and len(text) > 8 and len(set(text)) > 4}
    secrets = {value for name, value in vars(credentials).items() if name.isupper()}
    secrets.add(LEAKED)
    known = load(company.config)
    secrets.add(known.secret(known.privacy_key))
    assert len(people) > 100
    files = [path for path in prefect.home.rglob("*") if path.is_file()]
    assert {"prefect.db", "server.log", "worker.log"} <= {path.name for path in files}
    for path in files:
        stored = path.read_bytes()
        assert [text for text in secrets | people if text.encode() in stored] == [], path.name
