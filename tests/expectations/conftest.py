"""A world per test, on DuckDB unless the test asks for the other engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from crosscheck.settings import Settings
from tests.expectations.world import World, make
from warehouse.engine import open_warehouse


@pytest.fixture
def world(request: pytest.FixtureRequest, settings_for: Callable[[str], Settings]) -> Iterator[World]:
    """History staged, tonight's rows ready and faultless."""
    settings = settings_for(getattr(request, "param", "duckdb"))
    with open_warehouse(settings) as opened:
        yield make(opened, settings)
