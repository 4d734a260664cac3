"""A warehouse with one CRM source, once per engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crosscheck.settings import Settings
from tests.marts import world
from warehouse import ledger
from warehouse.engine import Warehouse, open_warehouse
from warehouse.migrations import migrate


@pytest.fixture
def mart_wh(settings: Settings) -> Iterator[Warehouse]:
    """Open, migrated, empty, ready to be written."""
    with open_warehouse(world.with_source(settings)) as wh:
        migrate(wh)
        ledger.begin_run(wh, "nightly", world.NIGHT)
        yield wh
