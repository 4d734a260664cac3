"""From the first message to the contract: who entered a step, who passed it, who waits, and in how many days."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from tests.marts import world
from tests.marts.company import Company
from tests.marts.world import everything, noon, only, put, release, rows_of
from warehouse.engine import Warehouse
from warehouse.marts.stage_velocity import CHECKS

#: A night of these tests: the tables in question, and what they read.
night = partial(world.night, of=("stage_velocity",))

DAY = date(2026, 4, 8)
COUNTS = ("entered_count", "passed_count", "open_count", "out_of_order_count")


def leads(wh: Warehouse, *names: str) -> None:
    """Leads created at noon of DAY."""
    put(wh, "lead", *({"lead_id": name, "created_day": DAY} for name in names))


def reached(wh: Warehouse, hours: dict[str, float]) -> None:
    """When each lead was reached, in hours after noon of DAY."""
    put(wh, "lead_status", *({"lead_id": name, "status": "CONNECTED", "entered_at": noon(DAY, after)}
                             for name, after in hours.items()))


def steps(wh: Warehouse) -> dict[str, dict[str, Any]]:
    """The rows by step after a night; the checks of the mart hold."""
    night(wh)
    with wh.engine.connect() as conn:
        for check in CHECKS:
            broken = sa.text(f"SELECT COUNT(*) FROM mart_next.stage_velocity WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name
    return {row["stage_step"]: row for row in rows_of(wh, "stage_velocity")}


def test_everybody_is_in_one_state_of_each_step(mart_wh: Warehouse) -> None:
    """Passed, open, out of order, or not entered; the first deal counts though it was lost, repeats do not."""
    leads(mart_wh, "new", "spoken", "early", "sold")
    put(mart_wh, "lead", {"lead_id": "again", "created_day": DAY, "created_at": noon(DAY, 1), "person_key": "p-new"})
    reached(mart_wh, {"spoken": 1, "early": 30, "sold": 1})
    put(mart_wh, "deal", {"deal_id": "e", "lead_id": "early", "is_won": False, "created_day": DAY},
        {"deal_id": "s", "lead_id": "sold", "is_won": False, "created_day": DAY, "created_at": noon(DAY, 2)},
        {"deal_id": "t", "lead_id": "sold", "created_day": DAY, "created_at": noon(DAY, 9),
         "closed_day": DAY + timedelta(days=3), "deal_amount": 5})
    found = steps(mart_wh)
    assert {name: tuple(row[count] for count in COUNTS) for name, row in found.items()} == {
        "created_to_reached": (4, 3, 1, 0), "reached_to_deal": (3, 1, 1, 1), "deal_to_won": (2, 1, 1, 0),
        "created_to_won": (4, 1, 3, 0)}
    assert {row["unique_lead_count"] for row in found.values()} == {4}
    assert all(row["is_small_sample"] and row["p50_days"] is None for row in found.values())


def test_percentiles_rank_those_who_wait_last(mart_wh: Warehouse) -> None:
    """Of 20 the tenth and the eighteenth, in complete days; null once the place is that of somebody who waits."""
    names = [f"l{number:02}" for number in range(20)]
    leads(mart_wh, *names)
    reached(mart_wh, {name: 24 * number + (23 if number == 9 else 0) for number, name in enumerate(names[:17])})
    assert [steps(mart_wh)["created_to_reached"][name] for name in ("p50_days", "p90_days")] == [9, None]
    reached(mart_wh, {names[17]: 24 * 17 - 1 / 3600})
    assert [steps(mart_wh)["created_to_reached"][name] for name in ("p50_days", "p90_days")] == [9, 16]
    reached(mart_wh, {names[19]: -1})
    row = steps(mart_wh)["created_to_reached"]
    assert (row["out_of_order_count"], row["is_small_sample"], row["p50_days"]) == (1, True, None)


def test_a_deal_that_is_only_opened_is_seen(mart_wh: Warehouse) -> None:
    """Every unique lead is in each step once; an open deal, which moves no other table, is built by parts too."""
    Company(14, leads=40).fill(mart_wh)
    release(mart_wh, night(mart_wh))
    rows = rows_of(mart_wh, "stage_velocity", "mart")
    unique = sum(row["is_unique"] for row in rows_of(mart_wh, "lead_fact", "mart"))
    assert sum(row["unique_lead_count"] for row in rows) == 4 * unique
    lead = next(row for row in rows_of(mart_wh, "lead_fact", "mart") if row["is_unique"])
    put(mart_wh, "deal", {"deal_id": "fresh", "lead_id": lead["lead_id"], "is_won": False, "created_day": DAY})
    report = night(mart_wh)
    assert not report.full
    release(mart_wh, report)
    by_parts = everything(mart_wh)
    night(mart_wh, full=True)
    assert by_parts == everything(mart_wh, "mart_next")
    key = {name: lead[name] for name in ("platform", "account_id", "campaign_id", "cohort_month")}
    opened = only(by_parts["stage_velocity"], stage_step="deal_to_won", **key)
    assert opened["entered_count"] > 0
