"""A warehouse with one CRM source, once per engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from crosscheck.settings import Settings
from tests.marts import world
from warehouse import ledger
from warehouse.engine import Warehouse, open_warehouse
from warehouse.migrations import migrate


@pytest.fixture
def mart_wh(settings: Settings) -> Iterator[Warehouse]:
    """Open, migrated, empty, ready to be written."""
    with _ready(settings) as wh:
        yield wh


@pytest.fixture
def duckdb_wh(settings_for: Callable[[str], Settings]) -> Iterator[Warehouse]:
    """The same on DuckDB alone, for many cases of one definition that other tests run on both engines."""
    with _ready(settings_for("duckdb")) as wh:
        yield wh


@contextmanager
def _ready(settings: Settings) -> Iterator[Warehouse]:
    with open_warehouse(world.with_source(settings)) as wh:
        migrate(wh)
        ledger.begin_run(wh, "nightly", world.NIGHT)
        yield wh
