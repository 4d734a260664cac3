"""A night's worth of helpers: land rows, load them, stage them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.base import Slice, Stream
from connectors.landing import LandingZone, Manifest
from crosscheck.tables import Table
from tests.support import landed
from warehouse import Warehouse, ddl, incoming, ledger, stage
from warehouse.ledger import Run


@dataclass
class Desk:
    """One warehouse and its landing zone; `night` stages rows as one run."""

    wh: Warehouse
    zone: LandingZone
    runs: list[Run] = field(default_factory=list)

    def begin(self, as_of: datetime) -> Run:
        """A run of that instant."""
        self.runs.append(ledger.begin_run(self.wh, "nightly", as_of))
        return self.runs[-1]

    def load(self, run: Run, stream: Stream, tables: Mapping[str, Any], **where: Any) -> tuple[Slice, Manifest]:
        """Land rows as one slice and load them into incoming."""
        quarantined = where.pop("quarantined", ())
        job = landed.job(stream, run.run_id, as_of=run.as_of, **where)
        manifest = landed.land(self.zone, job, tables, quarantined)
        ledger.plan(self.wh, run, [job])
        ledger.landed(self.wh, run, [manifest])
        incoming.load(self.wh, self.zone, manifest)
        return job, manifest

    def night(self, as_of: datetime, stream: Stream, tables: Mapping[str, Any], **where: Any) -> stage.StageCounts:
        """Land, load and stage rows as one slice of one run."""
        run = self.begin(as_of)
        incoming.clear(self.wh)
        return stage.stage_slice(self.wh, run, *self.load(run, stream, tables, **where))

    def rows(self, record: Table | sa.Table, *columns: str) -> list[tuple[Any, ...]]:
        """Sorted rows of a table, all columns unless named."""
        table = ddl.table(record) if isinstance(record, Table) else record
        names = columns or tuple(column.name for column in table.columns)
        with self.wh.engine.connect() as conn:
            found = [tuple(row) for row in conn.execute(sa.select(*(table.c[name] for name in names)))]
        return sorted(found, key=repr)


@pytest.fixture
def desk(wh: Warehouse, tmp_path: Path) -> Desk:
    """A desk on each engine."""
    return Desk(wh, LandingZone(tmp_path / "landing"))


@pytest.fixture
def desk_on(settings_for: Callable[[str], Any]) -> Callable[[str], Any]:
    """Settings on a named engine, for tests that open the warehouse themselves."""
    return settings_for
