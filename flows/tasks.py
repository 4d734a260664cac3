"""Steps as Prefect tasks: names, retries where they are safe, concurrency; no logic.

What Prefect keeps of a task is its name, its times and, when it fails, a redacted sentence. Arguments, results and
the exception itself stay in this process: they may hold rows, addresses or secrets, and the server stores what it gets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from traceback import extract_tb
from typing import Any, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import wait

from crosscheck.errors import CrosscheckError
from crosscheck.redact import redact
from flows import runner

Item = TypeVar("Item")
Result = TypeVar("Result")


class StepFailed(Exception):
    """What Prefect is told of a failed step."""


class _Held:
    """Keeps a value out of Prefect's search for futures and out of its logs; `error` is what its call raised."""

    __slots__ = ("error", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.error: Exception | None = None

    def __repr__(self) -> str:
        return "…"

    def call(self, *arguments: Any) -> _Held:
        """The held step's result, held; its failure as StepFailed, the exception itself kept here."""
        self.error = None
        try:
            return _Held(self.value(*arguments))
        except Exception as error:  # noqa: BLE001 -- whatever it is, Prefect would store its text
            self.error = error
            raise StepFailed(safe_text(error)) from None


def safe_text(error: BaseException) -> str:
    """An exception in words that may be stored: ours redacted; of others kind and place: texts may hold rows."""
    if isinstance(error, CrosscheckError):
        return redact(str(error))
    places = [frame for frame in extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    place = f" at {PurePath(places[-1].filename).name}:{places[-1].lineno}" if places else ""
    return f"unexpected {type(error).__name__}{place}"


@task(task_run_name="{label}", cache_policy=NO_CACHE, persist_result=False)
def _step(label: str, step: _Held) -> Any:
    """Never retried here: the transactions of the warehouse's steps and the ledger decide what a repeat may do."""
    return step.call()


@task(task_run_name="{label}", cache_policy=NO_CACHE, persist_result=False, retries=1, retry_delay_seconds=5)
def _item(label: str, step: _Held) -> Any:
    """Asking vendors and landing may be repeated: a slice without manifest is swept and read again.

    Connectors repeat requests themselves, at the vendor's pace, and a vendor's refusal is a value and no exception:
    so this one retry is for what nobody foresaw, and never multiplies theirs.
    """
    return step.call()


class PrefectTasks:
    """The runner of the Prefect flows."""

    def call(self, name: str, step: Callable[[], Result]) -> Result:
        """One task run; what the step raises is raised here, unchanged."""
        runner.tell(name, 0, 1)
        held = _Held(step)
        state = _step(name, held, return_state=True)
        result: Result = _results([held], [state])[0]
        runner.tell(name, 1, 1)
        return result

    def map(self, name: str, step: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """One task run per item, as many at once as the flow's task runner allows; the first error is raised."""
        runner.tell(name, 0, len(items))
        if not items:
            return []
        held = [_Held(lambda item=item: step(item)) for item in items]
        futures = _item.map([f"{name} {label(item)}" for item in items], held)
        wait(list(futures))
        runner.tell(name, len(items), len(items))
        return _results(held, [future.state for future in futures])


def _results(held: Sequence[_Held], states: Sequence[State[_Held]]) -> list[Any]:
    """What the steps returned; the first error of one, as it was raised."""
    for each in held:
        if each.error is not None:
            raise each.error
    return [state.result().value for state in states]


def label(item: object) -> str:
    """How an item is called on Prefect's pages: a source by its name alone, a slice by account, stream and window."""
    return str(getattr(item, "name", item))
