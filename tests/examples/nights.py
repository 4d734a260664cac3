"""An example played as its README says: configuration and files, two nights, nothing of the example in code."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crosscheck.settings import Settings, load
from flows.night import Night, night
from flows.runner import Threads
from tests.examples.exports import DATA, ROOT
from tests.examples.oracles import Totals
from warehouse import open_warehouse, ops
from warehouse.reading import comparable, published_rows
from warehouse.staging.records import DEAL_TOUCHED, LEAD_TOUCHED

AS_OF = datetime(2021, 6, 1, 19, tzinfo=UTC)
Row = dict[str, Any]


@dataclass(frozen=True)
class Played:
    """Two nights over the same files: what each said, what readers saw after it, what was noted as changed."""

    settings: Settings
    first: Night
    second: Night
    seen: tuple[dict[str, list[tuple[str, ...]]], dict[str, list[tuple[str, ...]]]]
    marks: int
    rows: dict[str, list[Row]]

    def totals(self) -> Totals:
        """The published numbers per campaign: money, leads and wins from the daily table, deals one by one."""
        daily = self.rows["campaign_roi_daily"]
        won, revenue = _sums(daily, "won_deal_count"), _sums(daily, "revenue_reporting_amount", keep_zero=True)
        return Totals(
            spend=_sums(daily, "spend_amount"), claimed=_sums(daily, "claimed_conversion_count"),
            leads=_sums(daily, "lead_count"), deals=_sums([row | {"one": 1} for row in self.rows["deal_fact"]], "one"),
            won=won, revenue={key: value for key, value in revenue.items() if key in won})

    def published_unchanged(self) -> bool:
        """Whether readers see after the second night what they saw after the first."""
        return self.seen[0] == self.seen[1]


@contextmanager
def played(example: str, folder: Path, warehouse: str | None = None) -> Iterator[Played]:
    """Play an example's two nights in a folder of its own, on its own store or on another one."""
    shutil.copytree(ROOT / "examples" / example, folder / "examples" / example)
    shutil.copytree(ROOT / "rules", folder / "rules")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSCHECK_DATA", str(DATA))
        patch.setenv("CROSSCHECK_PRIVACY_KEY", "a key that only this test knows")
        if warehouse is not None:
            patch.setenv("CROSSCHECK_STORE__WAREHOUSE", warehouse)
        settings = load(folder / "examples" / example / "crosscheck.toml")
        first = night(settings, AS_OF, runner=Threads())
        before = _seen(settings)
        second = night(settings, AS_OF + timedelta(days=1), runner=Threads())
        rows = published_rows(settings, before)
        yield Played(settings, first, second, (before, _seen(settings)), _marks(settings), rows)


def _seen(settings: Settings) -> dict[str, list[tuple[str, ...]]]:
    """Every published row as text; what tells of the night itself is left out: how far files go, what changed."""
    return {name: sorted(tuple(map(str, row)) for row in rows) for name, rows in comparable(settings).items()
            if name not in ("source_freshness", "why_changed")}


def _marks(settings: Settings) -> int:
    """Rows that staging noted as restated, and marks that wait for a build."""
    with open_warehouse(settings) as wh, wh.engine.connect() as conn:
        tables = (ops.restatement.name, ops.dirty.name)
        found = [conn.scalar(sa.text(f"SELECT count(*) FROM ops.{name}")) for name in tables]
        touched = (LEAD_TOUCHED.full_name, DEAL_TOUCHED.full_name)
        return sum([*found, *(conn.scalar(sa.text(f"SELECT count(*) FROM {name}")) for name in touched)])


def _sums(rows: list[Row], column: str, *, keep_zero: bool = False) -> dict[str, Any]:
    """Sum per campaign of what was reported; counts without anything are left out, as the oracles do."""
    totals: defaultdict[str, Any] = defaultdict(Decimal)
    for row in rows:
        if row[column] is not None:
            totals[row["campaign_id"]] += row[column]
    return {key: value for key, value in totals.items() if value or keep_zero}
