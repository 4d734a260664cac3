"""A world per test, on both engines."""

from __future__ import annotations

import pytest

from crosscheck.settings import Settings
from tests.expectations.world import World, make
from warehouse.engine import Warehouse


@pytest.fixture
def world(wh: Warehouse, settings: Settings) -> World:
    """History staged, tonight's rows ready and faultless."""
    return make(wh, settings)
