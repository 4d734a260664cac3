"""The Prefect flows of the night: schedules, names and artifacts around `flows.night`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import flow, get_client, runtime
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from crosscheck import redact
from crosscheck.settings import Settings, load
from crosscheck.windows import utc
from flows.artifacts import show
from flows.night import Night, night
from flows.steps import DEEP
from flows.tasks import PrefectTasks, safe_text


def tasks() -> TaskRunner[PrefectFuture[Any]]:
    """How many tasks of a flow run at once; each connector limits itself further."""
    return ThreadPoolTaskRunner(max_workers=8)  # type: ignore[return-value]  # Prefect's TaskRunner is invariant


class NightStopped(Exception):
    """The flow run ends as failed; the message is the night's own summary, without data or secrets."""


def run_name() -> str:
    """A flow run's name, from the instant it was scheduled for: a callable, because a template would print "None"."""
    given = runtime.flow_run.parameters.get("as_of") or f"{instant(None):%Y-%m-%dT%H:%M:%SZ}"
    return f"{runtime.flow_run.flow_name}-{given}"


@contextmanager
def told(config: str | None) -> Iterator[Settings]:
    """The settings for a flow's body, whose failures leave as NightStopped: Prefect stores an exception's text."""
    redact.install()
    try:
        yield load(Path(config) if config else None)
    except NightStopped:
        raise
    except Exception as error:  # noqa: BLE001 -- whatever it is, its text would be stored
        raise NightStopped(safe_text(error)) from None


def awake() -> None:
    """Start the server that Prefect starts with the first flow run where none is configured; wait until it answers."""
    get_client(sync_client=True)


def play(kind: str, as_of: str | None, config: str | None) -> None:
    """One night as Prefect sees it, with its artifacts; an unpublished one fails the flow run with its summary."""
    with told(config) as known:
        result = night(known, instant(as_of), kind=kind, runner=PrefectTasks())
        show(result, known)
        stop_unless_published(result)


def stop_unless_published(result: Night) -> None:
    """Raises NightStopped with the night's lines."""
    if not result.published:
        raise NightStopped(redact.redact("\n".join(result.lines())))


def instant(as_of: str | None) -> datetime:
    """The run's clock: the parameter, else the instant for which Prefect scheduled the run, however late it starts.

    Raises ConfigError for an instant without a zone.
    """
    moment = datetime.fromisoformat(as_of) if as_of else runtime.flow_run.scheduled_start_time
    return utc(moment).replace(microsecond=0)



@flow(name="nightly", flow_run_name=run_name, task_runner=tasks(), persist_result=False, validate_parameters=False)
def nightly(as_of: str | None = None, config: str | None = None) -> None:
    """Every night: yesterday and the lookback, validated, joined, published."""
    play("nightly", as_of, config)


@flow(name="weekly-deep", flow_run_name=run_name, task_runner=tasks(), persist_result=False, validate_parameters=False)
def weekly_deep(as_of: str | None = None, config: str | None = None) -> None:
    """Once a week: 95 days back, for what vendors restate late."""
    play(DEEP, as_of, config)


@flow(name="demo-night", flow_run_name=run_name, task_runner=tasks(), persist_result=False, validate_parameters=False)
def demo_night(as_of: str, config: str) -> Night:
    """The nightly flow, for a caller that wants to see a refused night as well: its result instead of its failure."""
    with told(config) as known:
        result = night(known, instant(as_of), runner=PrefectTasks())
        show(result, known)
    return result
