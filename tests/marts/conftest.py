"""A warehouse with one CRM source: on DuckDB for cases by hand, on either engine for what holds of all tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from crosscheck.settings import Settings
from tests.marts import world
from tests.support.store import take_over
from warehouse import ledger
from warehouse.engine import Warehouse, open_warehouse


class _Shared(dict[Any, Any]):
    """Compiled statements of one kind of database, whichever engine compiled them."""

    def get(self, key: Any, default: Any = None) -> Any:
        """Without the dialect, which is another object for every engine."""
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key[1:], value)


#: Statements by dialect, compiled once for all warehouses of these tests instead of once for each.
_COMPILED = {"duckdb": _Shared(), "postgresql": _Shared()}


@pytest.fixture
def mart_wh(settings_for: Callable[[str], Settings]) -> Iterator[Warehouse]:
    """Open, migrated, empty, ready to be written. On DuckDB: test_both_engines.py and the truth hold the other one."""
    with _ready(settings_for("duckdb")) as wh:
        yield wh


@pytest.fixture
def either_wh(settings: Settings) -> Iterator[Warehouse]:
    """The same once per engine."""
    with _ready(settings) as wh:
        yield wh


@contextmanager
def _ready(settings: Settings) -> Iterator[Warehouse]:
    with open_warehouse(world.with_source(settings)) as wh:
        wh.engine = wh.engine.execution_options(compiled_cache=_COMPILED[wh.dialect])
        take_over(wh)
        ledger.begin_run(wh, "nightly", world.NIGHT)
        yield wh
