"""Whole nights for tests: a small company behind its server, a warehouse on either engine, processes that may die."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crosscheck.settings import Settings, load
from sandbox.company import make_company
from sandbox.model import Company
from sandbox.server import SandboxServer

#: Small enough for dozens of nights, large enough for every planted quarrel.
SCALE = 0.15

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["flows.night", "expectations.gate", "great_expectations", "connectors.google_ads"])


@dataclass(frozen=True)
class Playground:
    """One company's folder and warehouse. `night(n)` plays in this process, `run(n)` in one that may be killed."""

    company: Company
    server: SandboxServer
    folder: Path
    warehouse: str
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The configuration, read anew, with this playground's warehouse."""
        os.environ["CROSSCHECK_STORE__WAREHOUSE"] = self.warehouse
        return load(self.folder / "crosscheck.toml")

    def at(self, number: int) -> datetime:
        """The clock of a night (0 is the first); the vendors are set to it."""
        as_of = self.company.nights[number]
        self.server.set_clock(as_of)
        return as_of

    def night(self, number: int, **options: Any) -> Any:
        """Play a night here."""
        from flows.night import night

        return night(self.settings, self.at(number), **options)

    def run(self, number: int, *, fault: str = "", timeout: float = 120) -> int:
        """Play a night in a process of its own, killed at `fault`; its exit code, -9 for a kill."""
        process = self.start(number, fault=fault)
        process.join(timeout)
        assert process.exitcode is not None, "the night hangs"
        return process.exitcode

    def start(self, number: int, *, fault: str = "") -> Any:
        """The same, not waited for."""
        as_of = self.at(number)
        process = _processes.Process(target=_play, args=(self.folder, self.warehouse, as_of, fault, dict(os.environ)))
        process.start()
        return process

    def published(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every published row of every mart, sorted; run ids and wall-clock instants left out."""
        from warehouse.reading import comparable

        return {name: [tuple(map(str, row)) for row in rows] for name, rows in comparable(self.settings).items()}


def _play(folder: Path, warehouse: str, as_of: datetime, fault: str, env: dict[str, str]) -> None:
    os.environ.update(env | {"CROSSCHECK_STORE__WAREHOUSE": warehouse, "CROSSCHECK_FAULT": fault})
    from crosscheck.errors import CrosscheckError
    from flows.night import night

    try:
        code = night(load(folder / "crosscheck.toml"), as_of).exit_code
    except CrosscheckError as error:
        code = error.exit_code
    os._exit(code)


@contextmanager
def company_server(**options: Any) -> Iterator[tuple[Company, SandboxServer]]:
    """A company and its vendors, for a whole test module."""
    company = make_company(**({"seed": 7, "scale": SCALE} | options))
    with SandboxServer(company, company.nights[0]) as server:
        yield company, server


def differences(left: Playground, right: Playground) -> dict[str, tuple[int, int]]:
    """EXCEPT both ways over every published table: by table, rows only here and rows only there."""
    from collections import Counter

    here, there = left.published(), right.published()
    found = {}
    for name in here.keys() | there.keys():
        one, two = Counter(here.get(name, [])), Counter(there.get(name, []))
        if one != two:
            found[name] = ((one - two).total(), (two - one).total())
    return found
