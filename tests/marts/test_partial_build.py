"""A build of parts is a build of everything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from crosscheck.settings import Settings
from tests.marts import world
from warehouse.engine import Warehouse, open_warehouse
from warehouse.migrations import migrate


@pytest.fixture
def company_wh(settings: Settings) -> Iterator[Warehouse]:
    """A migrated warehouse with one CRM source, ready to be written, once per engine."""
    with open_warehouse(world.with_source(settings)) as wh:
        migrate(wh)
        world.ledger.begin_run(wh, "nightly", world.NIGHT)
        yield wh


@pytest.mark.parametrize("seed", [1, 2])
def test_parts_equal_the_whole(company_wh: Warehouse, seed: int) -> None:
    """After nights of random changes of every kind, each mart equals one that was built whole at that instant."""
    company = world.Company(seed, leads=40)
    company.fill(company_wh)
    world.release(company_wh, world.night(company_wh))
    for number in range(1, 6):
        for _ in range(company.chance.randrange(1, 9)):
            company.change(company_wh)
        at = world.NIGHT + timedelta(days=number * 9)
        report = world.night(company_wh, at)
        assert not report.full
        world.release(company_wh, report)
        by_parts = world.everything(company_wh)
        world.night(company_wh, at, full=True)
        whole = world.everything(company_wh, "mart_next")
        for mart, rows in whole.items():
            assert by_parts[mart] == rows, f"night {number}: {mart}"


def test_a_quiet_night_builds_nothing(company_wh: Warehouse) -> None:
    """Without changes, and without cohorts that come of age, no partition is built again."""
    world.Company(3, leads=20).fill(company_wh)
    world.release(company_wh, world.night(company_wh))
    report = world.night(company_wh)
    assert not report.full
    assert all(not built.partitions for built in report.marts)


def test_an_unpublished_build_leaves_its_marks(company_wh: Warehouse) -> None:
    """What a refused night should have published is still built by the next one."""
    company = world.Company(4, leads=20)
    company.fill(company_wh)
    world.release(company_wh, world.night(company_wh))
    world.put(company_wh, "fx_rate", {"day": world.FIRST, "fx_rate": 30_000})
    world.put(company_wh, "campaign", {"campaign_id": "gone", "campaign_name": "Back", "campaign_name_norm": "back"})
    world.night(company_wh)
    world.release(company_wh, world.night(company_wh))
    by_parts = world.everything(company_wh)
    world.night(company_wh, full=True)
    assert by_parts == world.everything(company_wh, "mart_next")


def test_a_new_meaning_builds_everything(company_wh: Warehouse) -> None:
    """A changed rule judges all of history anew, and stays wanted until it is published."""
    world.Company(5, leads=20).fill(company_wh)
    world.release(company_wh, world.night(company_wh))
    file = world.STATES.files["hubspot"]
    changed = world.LeadStates({"hubspot": world.RuleFile("hubspot", None, {}, {
        **file.statuses, ("status", "NEW"): ("attempted",)})})
    assert world.night(company_wh, states=changed).full
    report = world.night(company_wh, states=changed)
    assert report.full
    world.release(company_wh, report)
    assert not world.night(company_wh, states=changed).full
