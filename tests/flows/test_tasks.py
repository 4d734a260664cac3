"""What Prefect is told of a step, and what `prefect.yaml` says of the flows; no server is asked."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect import Flow, runtime

from connectors.base import Account, Slice
from crosscheck.errors import AccountRefused, ConfigError
from crosscheck.redact import register_secret
from crosscheck.settings import Source
from crosscheck.windows import Window
from flows.nightly import instant, run_name
from flows.others import backfill
from flows.tasks import StepFailed, _Held, _item, _step, label, safe_text
from tests.support.landed import SPEND

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
JOB = Slice("meta_ads", "meta_ads", Account("42", "UTC"), SPEND, Window(date(2026, 11, 1), date(2026, 11, 20)),
            datetime(2026, 11, 20, 19, tzinfo=UTC), "r", "UTC")


def scheduled(monkeypatch: pytest.MonkeyPatch, at: datetime, **parameters: Any) -> None:
    """Pretend to be a flow run."""
    for name, value in {"scheduled_start_time": at, "parameters": parameters, "flow_name": "nightly"}.items():
        monkeypatch.setattr(runtime.flow_run, name, value, raising=False)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: each["name"])
def test_every_deployment_names_a_flow_that_takes_its_parameters(deployment: dict[str, Any]) -> None:
    """The entry point is a flow that stores no results and does not repeat itself, and every schedule has its slug."""
    path, name = deployment["entrypoint"].split(":")
    found = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
    assert isinstance(found, Flow)
    assert found.name == deployment["name"]
    assert (found.persist_result, found.retries) == (False, 0)
    assert set(deployment.get("parameters", {})) <= set(inspect.signature(found.fn).parameters)
    assert "pull" not in deployment
    for schedule in deployment.get("schedules", ()):
        assert schedule["slug"]
        assert ZoneInfo(schedule["timezone"]).key == "Asia/Ho_Chi_Minh"


def test_a_late_run_keeps_the_clock_it_was_scheduled_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The night's days do not depend on when a worker found the time; a parameter wins."""
    scheduled(monkeypatch, datetime(2026, 11, 21, 2, 0, 0, 1234, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")))
    assert instant(None).isoformat() == "2026-11-20T19:00:00+00:00"
    assert instant("2026-11-19T02:00:00+07:00").isoformat() == "2026-11-18T19:00:00+00:00"
    with pytest.raises(ConfigError, match="zone"):
        instant("2026-11-19T02:00:00")


def test_a_run_is_named_by_its_clock_and_never_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the parameter absent, None or given."""
    at = datetime(2026, 11, 20, 19, tzinfo=UTC)
    names = []
    for parameters in ({}, {"as_of": None}, {"as_of": "2026-11-18T19:00:00Z"}):
        scheduled(monkeypatch, at, **parameters)
        names.append(run_name())
    assert names == ["nightly-2026-11-20T19:00:00Z"] * 2 + ["nightly-2026-11-18T19:00:00Z"]
    scheduled(monkeypatch, at, window="2026-01-01..2026-01-31", source="")
    assert callable(backfill.flow_run_name)
    assert backfill.flow_run_name() == "backfill-all-2026-01-01..2026-01-31"


def test_a_task_is_called_by_source_or_by_account_stream_and_window() -> None:
    """Of a source's settings only the name is told: options and references stay here."""
    source = Source(name="meta", connector="meta_ads", options={"base_url": "https://internal.example.vn"})
    assert label(source) == "meta"
    assert label(JOB) == "meta_ads / 42 / spend / 2026-11-01..2026-11-20"


def test_only_reading_is_retried_by_prefect() -> None:
    """The warehouse's steps are not: their transactions and the ledger decide. No task keeps a result or a cache."""
    assert (_step.retries, _item.retries) == (0, 1)
    assert (_step.persist_result, _item.persist_result) == (False, False)


def test_an_errors_words_are_redacted_and_a_strangers_are_left_out() -> None:
    """Our errors are sentences made for people; anybody else's may quote a row or an address."""
    register_secret("tok-123456789")
    ours = AccountRefused("token tok-123456789 of an@example.vn was refused", where="meta_ads / 42")
    assert safe_text(ours) == "meta_ads / 42: token *** of *** was refused"
    held = _Held(lambda: {}["an@example.vn"])
    with pytest.raises(StepFailed, match=r"^unexpected KeyError at test_tasks.py:\d+$") as told:
        held.call()
    assert isinstance(held.error, KeyError)
    assert told.value.__suppress_context__
    assert repr(held) == "…"


def test_a_step_that_succeeds_on_its_second_try_has_no_error() -> None:
    """What an earlier try raised is forgotten."""
    tries = iter([ValueError("x"), replace(JOB, run_id="s")])

    def step() -> object:
        found = next(tries)
        if isinstance(found, ValueError):
            raise found
        return found

    held = _Held(step)
    with pytest.raises(StepFailed):
        held.call()
    assert held.call().value.run_id == "s"
    assert held.error is None
