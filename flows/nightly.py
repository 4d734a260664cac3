"""The Prefect flows of the night: schedules, names and artifacts around `flows.night`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from prefect import flow, runtime
from prefect.task_runners import ThreadPoolTaskRunner

from crosscheck.errors import CrosscheckError
from crosscheck.settings import Settings, load
from flows.artifacts import show
from flows.night import Night, night
from flows.steps import DEEP
from flows.tasks import PrefectTasks


def _flow_run_name() -> str:
    """The name is resolved from the scheduled instant, so that it never reads "nightly-None"."""
    given = runtime.flow_run.parameters.get("as_of") or runtime.flow_run.scheduled_start_time
    return f"{runtime.flow_run.flow_name}-{given}"


class NightStopped(Exception):  # noqa: N818 -- an outcome, worded for the person who reads the run's state
    """The flow run ends as failed; the message is the night's own summary, without data or secrets."""


def play(kind: str, as_of: str | None, config: str | None) -> Night:
    """One night as Prefect sees it; an unpublished one fails the flow run with its summary."""
    known = settings(config)
    result = night(known, instant(as_of), kind=kind, runner=PrefectTasks())
    show(result, known)
    if not result.published:
        raise NightStopped("\n".join(result.lines()))
    return result


def settings(config: str | None) -> Settings:
    """The settings, or the flow's failure in words that hold no secret."""
    try:
        return load(Path(config) if config else None)
    except CrosscheckError as error:
        raise NightStopped(str(error)) from None


def instant(as_of: str | None) -> datetime:
    """The run's clock: the parameter, else the instant Prefect had scheduled, else now."""
    if as_of:
        return datetime.fromisoformat(as_of).astimezone(UTC)
    scheduled = runtime.flow_run.scheduled_start_time
    return (scheduled or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)


def demo_night(as_of: str, config: str) -> Night:
    """The nightly flow, for a caller that wants to see a refused night as well: its result instead of its failure."""
    return _demo(as_of, config)


@flow(name="demo-night", flow_run_name=_flow_run_name, task_runner=ThreadPoolTaskRunner(max_workers=8),
      persist_result=False, validate_parameters=False)
def _demo(as_of: str, config: str) -> Night:
    known = settings(config)
    result = night(known, instant(as_of), runner=PrefectTasks())
    show(result, known)
    return result


@flow(name="nightly", flow_run_name=_flow_run_name, task_runner=ThreadPoolTaskRunner(max_workers=8),
      persist_result=False, validate_parameters=False)
def nightly(as_of: str | None = None, config: str | None = None) -> None:
    """Every night: yesterday and the lookback, validated, joined, published."""
    play("nightly", as_of, config)


@flow(name="weekly-deep", flow_run_name=_flow_run_name, task_runner=ThreadPoolTaskRunner(max_workers=8),
      persist_result=False, validate_parameters=False)
def weekly_deep(as_of: str | None = None, config: str | None = None) -> None:
    """Once a week: 95 days back, for what vendors restate late."""
    play(DEEP, as_of, config)
