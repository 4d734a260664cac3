"""One definition, two engines, the same rows."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from crosscheck.settings import Settings
from tests.marts import world
from tests.marts.company import Company
from tests.support.store import take_over
from warehouse import ledger
from warehouse.build import printed
from warehouse.engine import Warehouse, open_warehouse
from warehouse.marts import MARTS, Mart


def test_every_mart_is_the_same_on_both_engines(settings_for: Callable[[str], Settings]) -> None:
    """Row by row and value by value, over the same random company."""
    built: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for engine in ("duckdb", "postgresql"):
        with open_warehouse(world.with_source(settings_for(engine))) as wh:
            take_over(wh)
            ledger.begin_run(wh, "nightly", world.NIGHT)
            Company(7, leads=400).fill(wh)
            world.night(wh, rules=world.COLLECTED)
            built[engine] = world.everything(wh, "mart_next")
    assert {name for name, rows in built["duckdb"].items() if not rows} == {"source_freshness", "rule_change_impact",
                                                                           "rule_change_effect"}
    for name, rows in built["duckdb"].items():
        assert built["postgresql"][name] == rows, name


def test_a_mart_reads_only_what_is_built_before_it() -> None:
    """A first build would find nothing in a table that comes later."""
    names = [mart.name for mart in MARTS]
    for place, name in enumerate(names):
        assert world.read_by(name) <= set(names[:place]), name


def test_printed_selects_give_the_published_rows(either_wh: Warehouse) -> None:
    """What `crosscheck sql` prints runs as it stands and yields what readers see."""
    Company(8, leads=30).fill(either_wh)
    world.release(either_wh, world.night(either_wh))
    for mart in MARTS:
        text = printed(mart, either_wh.settings, world.NIGHT, either_wh.dialect)
        with either_wh.engine.connect() as conn:
            rows = [_plain(mart, row) for row in conn.exec_driver_sql(text)]
            shown = [_plain(mart, row) for row in conn.execute(sa.text(f"SELECT * FROM {mart.record.full_name}"))]
        assert sorted(rows) == sorted(shown), mart.name


def _plain(mart: Mart, row: Any) -> str:
    """A row as text, numbers without trailing zeros, without the rule version, which a printed select cannot know."""
    values = (value.normalize() if isinstance(value, Decimal) else value for value in row)
    return str([value for name, value in zip(mart.record.by_name, values, strict=True) if name != "rule_version"])
