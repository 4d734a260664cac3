"""Whole nights for tests: one small company behind its server, and playgrounds in which nights may be killed.

A killed night is a process of its own. It is forked from a server that has imported the heavy packages already, so
that it costs the night and nothing else.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crosscheck.cli.demo import Stage, stage
from crosscheck.errors import CrosscheckError
from crosscheck.settings import Settings, load
from flows.night import night
from sandbox.model import Company
from tests.support.postgres import PostgresServer
from warehouse import Warehouse, ledger, open_warehouse, ops
from warehouse.reading import comparable

#: The exit code of a process that SIGKILL ended.
KILLED = -9
_PATIENCE = 150
_LAST_WORDS = "faulthandler.txt"
_DUCKDB = "duckdb:///warehouse.duckdb"
_HEAVY = ["connectors.files", "connectors.getfly", "connectors.google_ads", "connectors.hubspot", "connectors.meta_ads",
          "great_expectations.render.renderer.site_builder", "tests.support.nights"]

_forked = multiprocessing.get_context("forkserver")
_forked.set_forkserver_preload(_HEAVY)
Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Playground:
    """A folder with configuration, landing and warehouse of its own, on a stage that others share."""

    stage: Stage
    folder: Path

    @property
    def settings(self) -> Settings:
        """The folder's configuration."""
        return load(self.folder / "crosscheck.toml")

    def dawn(self, number: int) -> datetime:
        """The clock of a night, from 1: the vendors know the world up to it, and the day's files are dropped here."""
        return self.stage.dawn(number, self.folder)

    def start(self, as_of: datetime, fault: str = "") -> BaseProcess:
        """Play a night in its own process, killed at `fault`: a faultpoint, a colon and the number of the passage."""
        environment = dict(os.environ) | {"CROSSCHECK_FAULT": fault}
        process = _forked.Process(target=_play, args=(self.folder, as_of, environment))
        process.start()
        return process

    def run(self, as_of: datetime, fault: str = "") -> int:
        """The same, waited for: its exit code."""
        found = code(self.start(as_of, fault))
        assert found in (KILLED, *range(256)), f"a signal: {found}\n{(self.folder / _LAST_WORDS).read_text()}"
        return found

    def published(self) -> Rows:
        """Every published row of every mart, without its provenance."""
        return comparable(self.settings)

    @contextmanager
    def open(self) -> Iterator[Warehouse]:
        """The warehouse, to look at."""
        with open_warehouse(self.settings, lock=False) as wh:
            yield wh

    def rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """What a query says of the warehouse."""
        with self.open() as wh, wh.engine.connect() as conn:
            return conn.execute(query).all()

    def unaccounted(self) -> list[str]:
        """Slices of all runs that do not add up: received = staged + quarantined + deduplicated. Empty is right."""
        with self.open() as wh:
            runs = [row.run_id for row in ledger.latest_runs(wh, 100)]
            return [error for run_id in runs for error in ledger.accounting_errors(wh, run_id)]

    def checks(self) -> list[tuple[Any, ...]]:
        """What every gate of every run found, in an order of its own."""
        return sorted(tuple(row) for row in self.rows(sa.select(ops.check_result)))

    def slices(self) -> dict[str, int]:
        """How many slices of all runs are in each status."""
        return Counter(row.status for row in self.rows(sa.select(ops.slice_.c.status)))


def code(process: BaseProcess) -> int:
    """The exit code of a night under way, once it ended."""
    process.join(_PATIENCE)
    found = process.exitcode
    if found is None:
        process.kill()
        raise AssertionError("the night hangs")
    return found


def differences(left: Rows, right: Rows) -> dict[str, tuple[int, int]]:
    """EXCEPT ALL both ways, by table: rows only on the left and only on the right. Empty when all tables are equal."""
    found = {}
    for name in left.keys() | right.keys():
        one, two = Counter(left.get(name, [])), Counter(right.get(name, []))
        if one != two:
            found[name] = ((one - two).total(), (two - one).total())
    return found


@dataclass
class Theatre:
    """A stage and one engine: makes playgrounds, empty ones or copies of what others have come to."""

    stage: Stage
    home: Path
    server: PostgresServer | None  # None: DuckDB

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._databases: dict[Path, str] = {}

    def playground(self, like: Playground | None = None) -> Playground:
        """A new one; `like` another, with its landing, its warehouse and what it published."""
        source = like.folder if like else self.stage.config.parent
        folder = self.home / f"ground-{next(self._numbers)}"
        shutil.copytree(source, folder, ignore=None if like else shutil.ignore_patterns("company"))
        config = self.stage.config.read_text(encoding="utf-8").replace(_DUCKDB, self._warehouse(folder, like))
        (folder / "crosscheck.toml").write_text(config, encoding="utf-8")
        return Playground(self.stage, folder)

    def _warehouse(self, folder: Path, like: Playground | None) -> str:
        if self.server is None:
            return _DUCKDB
        self._databases[folder] = f"{self.home.name}-{folder.name}-{os.getpid()}"
        return self.server.create(self._databases[folder], self._databases[like.folder] if like else "template0")

    def close_all(self) -> None:
        """Remove every playground that is left."""
        for folder in self.home.glob("ground-*"):
            self.close(Playground(self.stage, folder))

    def close(self, playground: Playground) -> None:
        """Remove a playground with all it holds."""
        shutil.rmtree(playground.folder)
        if self.server is not None:
            self.server.drop(self._databases.pop(playground.folder))

    @contextmanager
    def trial(self, like: Playground | None = None) -> Iterator[Playground]:
        """A playground for one test."""
        made = self.playground(like)
        try:
            yield made
        finally:
            self.close(made)


@contextmanager
def theatre(home: Path, server: PostgresServer | None, company: Company) -> Iterator[Theatre]:
    """A company with its vendors and its alert sink; every playground is removed at the end."""
    with stage(home / "stage", company=company) as made:
        opened = Theatre(made, home, server)
        try:
            yield opened
        finally:
            opened.close_all()


def _play(folder: Path, as_of: datetime, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    with (folder / _LAST_WORDS).open("w") as words:
        faulthandler.enable(words)
        os._exit(_ended(folder, as_of))  # as the command line ends, without waiting for anybody


def _ended(folder: Path, as_of: datetime) -> int:
    try:
        return night(load(folder / "crosscheck.toml"), as_of).exit_code
    except CrosscheckError as error:
        return error.exit_code
