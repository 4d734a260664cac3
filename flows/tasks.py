"""Steps as Prefect tasks: names, retries where they are safe, concurrency; no logic.

A task's arguments stay in this process: Prefect stores neither parameters nor results of these tasks, and labels
carry account and window only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.futures import wait
from prefect.utilities.annotations import unmapped

from flows import runner

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Held:
    """Keeps an argument out of Prefect's search for futures, and out of its logs."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "…"


@task(task_run_name="{label}", cache_policy=NO_CACHE, persist_result=False)
def _step(label: str, step: _Held) -> Any:  # noqa: ARG001, ANN401
    """Warehouse steps are not retried here: their transactions and the ledger decide what a repeat may do."""
    return _Held(step.value())


@task(task_run_name="{label}", cache_policy=NO_CACHE, persist_result=False, retries=1, retry_delay_seconds=5)
def _item(label: str, step: _Held, item: _Held) -> Any:  # noqa: ARG001, ANN401
    """Reading into landing is safe to repeat: a slice without manifest is swept and read again."""
    return _Held(step.value(item.value))


class PrefectTasks:
    """The runner of the Prefect flows."""

    def call(self, name: str, step: Callable[[], Result]) -> Result:
        """One task run."""
        runner.tell(name, 0, 1)
        result: Result = _step(name, _Held(step)).value
        runner.tell(name, 1, 1)
        return result

    def map(self, name: str, step: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """One task run per item, at most as many at once as the flow's task runner allows."""
        runner.tell(name, 0, len(items))
        if not items:
            return []
        futures = _item.map([f"{name} {item}" for item in items], unmapped(_Held(step)), [_Held(item) for item in items])
        wait(list(futures))
        runner.tell(name, len(items), len(items))
        return [future.result().value for future in futures]
