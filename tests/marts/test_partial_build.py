"""A build of parts is a build of everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.marts import world
from tests.marts.company import Company
from warehouse import ddl
from warehouse.engine import Warehouse
from warehouse.marts import MARTS

#: Marts of each basis, where the question is which partitions are built and not what stands in them.
SOME = ("campaign_roi_daily", "campaign_roi_closed", "lead_quality", "attribution")
#: Every mart with a select that costs nothing: where the question is what is built, and not what stands in it.
CHEAP = tuple(replace(mart, select=lambda _, record=mart.record: sa.select(ddl.table(record, "mart")))
              for mart in MARTS)


def test_parts_equal_the_whole(either_wh: Warehouse) -> None:
    """After nights of random changes of every kind, each mart equals one that was built whole at that instant."""
    company = Company(1 if either_wh.dialect == "duckdb" else 2, leads=40)
    company.fill(either_wh)
    world.release(either_wh, world.night(either_wh, rules=world.COLLECTED))
    for number in (1, 2):
        for _ in range(company.chance.randrange(10, 20)):
            company.change(either_wh)
        at = world.NIGHT + timedelta(days=number * 14)
        report = world.night(either_wh, at, rules=world.COLLECTED)
        assert not report.full
        world.release(either_wh, report)
        by_parts = world.everything(either_wh)
        world.night(either_wh, at, full=True, rules=world.COLLECTED)
        whole = world.everything(either_wh, "mart_next")
        for mart, rows in whole.items():
            assert by_parts[mart] == rows, f"night {number}: {mart}"


def test_a_quiet_night_builds_nothing(mart_wh: Warehouse) -> None:
    """Without changes, and without cohorts that come of age, no partition is built again."""
    Company(3, leads=20).fill(mart_wh)
    world.release(mart_wh, world.night(mart_wh))
    report = world.night(mart_wh)
    assert not report.full
    assert all(not built.partitions for built in report.marts)


def test_an_unpublished_build_leaves_its_marks(mart_wh: Warehouse) -> None:
    """What a refused night should have published is still built by the next one."""
    Company(4, leads=20).fill(mart_wh)
    world.release(mart_wh, world.night(mart_wh, of=SOME))
    world.put(mart_wh, "fx_rate", {"day": world.FIRST, "fx_rate": 30_000})
    world.put(mart_wh, "campaign", {"campaign_id": "gone", "campaign_name": "Back", "campaign_name_norm": "back"})
    world.night(mart_wh, of=SOME)
    world.release(mart_wh, world.night(mart_wh, of=SOME))
    world.night(mart_wh, full=True, of=SOME)
    for mart in SOME:
        assert world.rows_of(mart_wh, mart, "mart") == world.rows_of(mart_wh, mart), mart


def test_a_new_meaning_builds_everything(mart_wh: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed rule judges all of history anew, in every mart, and stays wanted until it is published."""
    Company(5, leads=20).fill(mart_wh)
    world.release(mart_wh, world.night(mart_wh, of=SOME))
    file = world.STATES.files["hubspot"]
    changed = world.LeadStates({"hubspot": world.RuleFile("hubspot", None, {}, {
        **file.statuses, ("status", "NEW"): ("attempted",)})})
    with monkeypatch.context() as patch:
        patch.setattr(world, "MARTS", CHEAP)
        every = world.night(mart_wh, states=changed)
    assert every.full
    assert [built.partitions for built in every.marts] == [None] * len(MARTS)
    report = world.night(mart_wh, states=changed, of=SOME)
    assert report.full
    world.release(mart_wh, report)
    assert not world.night(mart_wh, states=changed, of=SOME).full
