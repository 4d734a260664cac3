"""Fixtures for both engines: a warehouse per test, on DuckDB and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from crosscheck.settings import Project, Settings, Store
from tests.support import postgres
from tests.support.store import take_over
from warehouse.engine import Warehouse, open_warehouse
from warehouse.migrations import migrate

ENGINES = ("duckdb", "postgresql")
_TEMPLATE = "crosscheck_template"
# The report is a second or two of every night, and tested by itself.
os.environ.setdefault("CROSSCHECK_REPORT__ENABLED", "false")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep tests of one `xdist_group` on one worker: xdist 3.8 notes the group where pytest 9.2 no longer reads it."""
    if config.getoption("loadgroup", default=False):
        for item in items:
            group = item.get_closest_marker("xdist_group")
            if group and not item.nodeid.endswith(f"@{group.args[0]}"):
                item._id = type(item.id).parse(f"{item.nodeid}@{group.args[0]}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.PostgresServer]:
    """One throw-away server per session (per worker under xdist), with a migrated template database."""
    with postgres.running() as server:
        url = server.create(_TEMPLATE)
        with open_warehouse(Settings(store=Store(warehouse=url))) as wh:
            migrate(wh)
        yield server


@pytest.fixture(scope="session")
def duckdb_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated DuckDB file to copy."""
    home = tmp_path_factory.mktemp("template")
    with open_warehouse(Settings(home=home)) as wh:
        migrate(wh)
    return home / "var/warehouse.duckdb"


@pytest.fixture
def settings_for(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Settings]]:
    """`settings_for("duckdb" | "postgresql")`: settings with a migrated store of this test's own."""
    made: list[str] = []

    def make(engine: str) -> Settings:
        url = f"duckdb:///{tmp_path}/var/warehouse.duckdb"
        if engine == "duckdb":
            (tmp_path / "var").mkdir(mode=0o700)
            shutil.copy(request.getfixturevalue("duckdb_template"), tmp_path / "var")
        else:
            server: postgres.PostgresServer = request.getfixturevalue("postgres_server")
            made.append(f"test_{uuid4().hex[:12]}")
            url = server.create(made[-1], _TEMPLATE)
        return Settings(home=tmp_path, project=Project(name="test"), store=Store(warehouse=url))

    yield make
    for database in made:
        request.getfixturevalue("postgres_server").drop(database)


@pytest.fixture(params=ENGINES)
def settings(request: pytest.FixtureRequest, settings_for: Callable[[str], Settings]) -> Settings:
    """Settings of an empty warehouse, once per engine."""
    return settings_for(request.param)


@pytest.fixture
def wh(settings: Settings) -> Iterator[Warehouse]:
    """An open, migrated, empty warehouse, once per engine."""
    with open_warehouse(settings) as opened:
        take_over(opened)
        yield opened
