"""How steps are executed: in this process with threads, or as Prefect tasks (`flows.tasks`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Tell = Callable[[str, int, int], None]

_listeners: list[Tell] = []


@contextmanager
def listening(tell: Tell) -> Iterator[None]:
    """Everything a night does is told to `tell(step, done, total)` meanwhile; it must be safe to call from threads."""
    _listeners.append(tell)
    try:
        yield
    finally:
        _listeners.remove(tell)


def tell(name: str, done: int, total: int) -> None:
    """Progress for whoever listens."""
    for listener in tuple(_listeners):
        listener(name, done, total)


class Runner(Protocol):
    """Two verbs: one step, or the same step over many items at once."""

    def call(self, name: str, step: Callable[[], Result]) -> Result:
        """Run one step, in order."""
        ...

    def map(self, name: str, step: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Run a step for every item, concurrently; results in the items' order. The step must be repeatable."""
        ...


class Threads:
    """Plain threads: `crosscheck run`, no server anywhere."""

    def __init__(self, workers: int = 8) -> None:
        self._workers = workers

    def call(self, name: str, step: Callable[[], Result]) -> Result:
        """Run it here and now."""
        tell(name, 0, 1)
        result = step()
        tell(name, 1, 1)
        return result

    def map(self, name: str, step: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Run in a pool; the first exception that a step lets out ends the map."""
        tell(name, 0, len(items))
        with ThreadPoolExecutor(self._workers, thread_name_prefix=name) as pool:
            futures = [pool.submit(step, item) for item in items]
            for done, _ in enumerate(as_completed(futures), start=1):
                tell(name, done, len(items))
            return [future.result() for future in futures]
