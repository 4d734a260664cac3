"""The archive: every publication can be read again, row by row, and what is too old is forgotten."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from crosscheck.errors import ConfigError
from tests.marts import world
from tests.marts.company import Company
from warehouse import archive, ddl, ops
from warehouse.engine import Warehouse
from warehouse.marts import MARTS
from warehouse.reading import believed
from warehouse.trace import find

DAYS = [(world.NIGHT + timedelta(days=14 * number, hours=7)).date() for number in range(4)]  # of the business zone


#: Facts, days, weeks, months, and tables that are built whole; whole nights hold all of them (tests/e2e).
SEVERAL = ("lead_fact", "deal_fact", "campaign_roi_daily", "campaign_roi_cohort", "lead_quality", "rule_version",
           "discount", "why_changed")


def nights(wh: Warehouse) -> None:
    """Three nights of a random company, the last one under a changed rule; a copy of every table is kept of each."""
    company = Company(11, leads=30)
    company.fill(wh)
    changed = world.LeadStates({"hubspot": world.RuleFile("hubspot", None, {}, {
        **world.STATES.files["hubspot"].statuses, ("status", "NEW"): ("attempted",)})})
    for number, states in enumerate((world.STATES, world.STATES, changed), start=1):
        world.release(wh, world.night(wh, world.NIGHT + timedelta(days=14 * number), states=states, of=SEVERAL))
        copies = (f"CREATE TABLE ops.{name}_{number} AS SELECT * FROM mart.{name}" for name in SEVERAL)
        with wh.engine.begin() as conn:
            conn.exec_driver_sql(";".join(copies))
        for _ in range(6):
            company.change(wh)


def test_every_publication_can_be_read_again(either_wh: Warehouse) -> None:
    """EXCEPT ALL both ways between a copy taken then and what the archive says, for each table and publication."""
    nights(either_wh)
    with either_wh.engine.connect() as conn:
        for name, number in product(SEVERAL, (1, 2, 3)):
            record = find(name).record
            then = sa.table(f"{name}_{number}", *map(sa.column, record.by_name), schema="ops")
            one, other = sa.select(then), archive.state(record, number)
            ways = (sa.select(sa.func.count()).select_from(sa.except_all(*way).subquery())
                    for way in ((one, other), (other, one)))
            found = conn.execute(sa.select(*(way.scalar_subquery() for way in ways))).one()
            assert found == (0, 0), (name, number)


def test_only_what_differs_is_written(mart_wh: Warehouse) -> None:
    """A first and a quiet night write nothing; one changed spend writes the rows that count it, old and new."""
    spent = {"day": world.FIRST, "spend_amount": 5}
    world.put(mart_wh, "ad_daily", spent, {**spent, "day": world.FIRST + timedelta(days=1)})
    for _ in range(2):
        world.release(mart_wh, world.night(mart_wh, of=["campaign_roi_closed"]))
    assert logged(mart_wh) == {}
    world.put(mart_wh, "ad_daily", {**spent, "spend_amount": 6})
    world.release(mart_wh, world.night(mart_wh, of=["campaign_roi_closed"]))
    assert logged(mart_wh)["campaign_roi_daily"] == [(3, -1, 5), (3, 1, 6)]
    assert logged(mart_wh)["campaign_roi_closed"] == [(3, -1, 10), (3, 1, 11)]
    assert "lead_fact" not in logged(mart_wh)


def logged(wh: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Number, side and, of tables with spend, the spend of all logged differences."""
    found = {}
    with wh.engine.connect() as conn:
        for mart in MARTS:
            c = ddl.log(mart.record).c
            spend = c.spend_reporting_amount if "spend_reporting_amount" in c else sa.null()
            rows = conn.execute(sa.select(c.publication_no, c.side, spend).order_by(c.publication_no, c.side))
            found[mart.name] = [tuple(row) for row in rows]
    return {name: rows for name, rows in found.items() if rows}


def test_a_day_names_what_was_published_by_its_end(mart_wh: Warehouse) -> None:
    """By the calendar of the business zone, in which the night of 19:00 UTC is the next day's."""
    spending(mart_wh, 3)
    asked = (DAYS[0], DAYS[1] - timedelta(days=1), DAYS[1], DAYS[2] + timedelta(days=900))
    assert [spent_by(mart_wh, day) for day in asked] == [0, 0, 1, 2]


def spent_by(wh: Warehouse, day: date) -> Any:
    """The one spend that was believed on a day."""
    return world.only(believed(wh, "campaign_roi_daily", day).rows)["spend_amount"]


def spending(wh: Warehouse, count: int) -> None:
    """Nights that published 0, 1, 2 … as the spend of one day."""
    for number in range(count):
        world.put(wh, "ad_daily", {"day": world.FIRST, "spend_amount": number})
        world.release(wh, world.night(wh, world.NIGHT + timedelta(days=14 * number), of=["campaign_roi_daily"]))


def test_nothing_is_told_of_days_before_the_archive(mart_wh: Warehouse) -> None:
    """Neither of an empty one, nor of a day before its first."""
    with pytest.raises(ConfigError, match="archived"):
        believed(mart_wh, "campaign_roi_daily", DAYS[0])
    spending(mart_wh, 1)
    with pytest.raises(ConfigError, match=r"archived.*begins on 2026-06-21") as caught:
        believed(mart_wh, "campaign_roi_daily", DAYS[0] - timedelta(days=1))
    assert caught.value.exit_code == 3


def test_a_clock_that_was_set_back_replaces_what_came_before(mart_wh: Warehouse) -> None:
    """A run under an older clock, played later, is what readers had from then on, and not on the day it names."""
    spending(mart_wh, 2)
    world.put(mart_wh, "ad_daily", {"day": world.FIRST, "spend_amount": 9})
    world.release(mart_wh, world.night(mart_wh, of=["campaign_roi_daily"]))
    back = sa.update(ops.publication).where(ops.publication.c.publication_no == 3).values(business_day=world.FIRST)
    mart_wh.write(lambda conn: conn.execute(back))
    assert [spent_by(mart_wh, day) for day in DAYS[:2]] == [0, 9]


def test_what_is_too_old_is_forgotten(mart_wh: Warehouse) -> None:
    """Beyond the retention no publication can be asked for, and its differences are gone; the one before stays."""
    store = mart_wh.settings.store.model_copy(update={"archive_retention_days": 14})
    mart_wh.settings = mart_wh.settings.model_copy(update={"store": store})
    spending(mart_wh, 4)
    with mart_wh.engine.connect() as conn:
        numbers = conn.scalars(sa.select(ops.publication.c.publication_no).order_by(ops.publication.c.as_of)).all()
    assert numbers == [None, None, 3, 4]
    assert {row[0] for row in logged(mart_wh)["campaign_roi_daily"]} == {4}
    assert spent_by(mart_wh, DAYS[2]) == 2
    with pytest.raises(ConfigError, match="archived"):
        believed(mart_wh, "campaign_roi_daily", DAYS[1])
