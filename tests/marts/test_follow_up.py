"""How long salespeople keep at it: what each lead is, what was owed to it, medians with those who never answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tests.marts.company import Company
from tests.marts.world import NIGHT, night, noon, only, put, release, rows_of
from warehouse.engine import Warehouse
from warehouse.marts.follow_up import CHECKS
from warehouse.trace import trace

DAY, APRIL = date(2026, 4, 8), date(2026, 4, 1)
STATES = ("reached", "settled", "fair_effort", "given_up", "untouched")
FAIR = (1, 24, 48, 72, 96, 121)
"""Hours of six calls, the last one five days after the first."""


def leads(wh: Warehouse, **calls: Iterable[float]) -> None:
    """Leads of one salesperson with their calls, in hours from creation; nobody answers."""
    put(wh, "lead", *({"lead_id": name, "created_day": DAY, "owner_id": "an"} for name in calls))
    put(wh, "activity", *(call(name, hours) for name, given in calls.items() for hours in given))


def call(lead: str, hours: float, **more: Any) -> dict[str, Any]:
    """An outbound call."""
    return {"lead_id": lead, "activity_id": f"{lead}-{hours}", "occurred_at": noon(DAY, hours), "direction": "outbound",
            "outcome": "busy", **more}


def answer(lead: str, hours: float) -> dict[str, Any]:
    """An outbound call that was answered."""
    return call(lead, hours, outcome="answered", duration_seconds=20)


def told(lead: str, status: str, hours: float) -> dict[str, Any]:
    """A status of a lead."""
    return {"lead_id": lead, "status": status, "entered_at": noon(DAY, hours)}


def row_of(wh: Warehouse, owner: str = "an", at: datetime = NIGHT) -> Any:
    """The row of a salesperson after a night."""
    night(wh, at, of=["follow_up"])
    return only(rows_of(wh, "follow_up"), owner_id=owner, cohort_month=APRIL)


def counts(row: Any, *names: str) -> list[Any]:
    """Some counts of a row."""
    return [row[f"{name}_count"] for name in names or STATES]


def test_a_fair_effort_is_six_calls_over_five_days(mart_wh: Warehouse) -> None:
    """A call or a second less is given up; what comes after the horizon, or by a machine, is no effort."""
    second = 1 / 3600
    leads(mart_wh, fair=FAIR, hasty=(*FAIR[:-1], 121 - second), five=(1, *FAIR[2:]),
          late=(*FAIR[:-1], 30 * 24 + second), last=(*FAIR[:-1], 30 * 24), machine=FAIR[:-1])
    put(mart_wh, "activity", call("machine", 121, is_automatic=True))
    row = row_of(mart_wh)
    assert counts(row) == [0, 0, 2, 4, 0]
    assert (row["touch_count"], row["touches_per_lead_ratio"], row["owed_count"]) == (33, 5.5, 6)
    assert row["is_small_sample"]
    assert row["fair_effort_rate"] is None


def test_every_lead_is_one_thing(mart_wh: Warehouse) -> None:
    """Reached goes before settled, settled before owed; a status that says tried is a try; a repeat is no lead."""
    leads(mart_wh, hot=(1,), spoken=(1,), dead=(1,), wrong=(1,), lost=(1,), won=(1,), old=(1,), number=(), tried=(),
          untouched=(), calls=(1, 2))
    put(mart_wh, "lead_status", told("hot", "HOT", 2), told("hot", "DEAD", 3), told("spoken", "CONNECTED", 2),
        told("dead", "DEAD", 5), told("wrong", "WRONG", 5), told("lost", "LOST", 5), told("tried", "TRIED", 5))
    put(mart_wh, "activity", call("number", 4, outcome="wrong_number"))
    put(mart_wh, "deal", *({"deal_id": name, "lead_id": name, "closed_day": day, "deal_amount": 1}
                           for name, day in (("won", DAY + timedelta(3)), ("old", DAY - timedelta(3)))))
    put(mart_wh, "lead", {"lead_id": "z", "created_day": DAY + timedelta(2), "person_key": "p-calls",
                          "owner_id": "binh"})
    put(mart_wh, "activity", call("z", 60))
    row = row_of(mart_wh)
    assert counts(row) == [2, 6, 0, 2, 1]
    assert row["touch_count"] == 11
    assert {one["owner_id"] for one in rows_of(mart_wh, "follow_up")} == {"an"}


def test_left_is_reached_and_nothing_since(mart_wh: Warehouse) -> None:
    """A call a second later, a verdict or a deal is something; a call at the very instant is the answer itself."""
    names = ("left", "again", "later", "hot", "deal", "wrong", "lost")
    leads(mart_wh, **dict.fromkeys(names, (1,)))
    put(mart_wh, "activity", *(answer(name, 10) for name in names), call("again", 10 + 1 / 3600),
        call("later", 30 * 24 + 1))
    put(mart_wh, "lead_status", told("hot", "HOT", 11), told("wrong", "WRONG", 11), told("lost", "LOST", 11))
    put(mart_wh, "deal", {"deal_id": "d", "lead_id": "deal", "created_day": DAY + timedelta(2), "is_won": False})
    assert counts(row_of(mart_wh), "reached", "left") == [7, 2]


def test_who_never_answered_is_not_ignored(mart_wh: Warehouse) -> None:
    """Ten of twenty reached are half; with one more who never answered there is no median, only what it is at least."""
    quick = {f"a{number}": (number,) for number in range(1, 10)}
    leads(mart_wh, **quick, slow=(1, 2, 3, 4), **{f"b{number}": (1, 2) for number in range(9)}, dead=(1,))
    put(mart_wh, "activity", *(answer(name, 20) for name in (*quick, "slow")))
    put(mart_wh, "lead_status", told("dead", "DEAD", 5))
    row = row_of(mart_wh)
    assert [row["p50_touch_count"], row["p50_least_touch_count"]] == [None, None]
    leads(mart_wh, b9=(1, 2))
    row = row_of(mart_wh)
    assert [row["p50_touch_count"], row["p50_least_touch_count"]] == [5, 3]
    leads(mart_wh, b10=(1, 2))
    row = row_of(mart_wh)
    assert [row["p50_touch_count"], row["p50_least_touch_count"]] == [None, 3]


def test_the_share_of_few_is_hidden(mart_wh: Warehouse) -> None:
    """Of 19 leads that were owed an effort there are counts, of 20 the share and its bounds."""
    leads(mart_wh, fair=FAIR, **{f"a{number}": (1,) for number in range(18)})
    assert row_of(mart_wh)["fair_effort_rate"] is None
    leads(mart_wh, last=(1,))
    row = row_of(mart_wh)
    assert row["fair_effort_rate_low"] < row["fair_effort_rate"] == 0.05 < row["fair_effort_rate_high"]


def test_a_source_that_writes_down_no_calls_accuses_nobody(mart_wh: Warehouse) -> None:
    """With a touch on 3 of the month's 5 unique leads everybody has rows; with one on 3 of 6 nobody has."""
    leads(mart_wh, a=(1,), b=(1,), c=(1,), d=())
    put(mart_wh, "lead", {"lead_id": "e", "created_day": DAY})
    assert counts(row_of(mart_wh, "(none)")) == [0, 0, 0, 0, 1]
    leads(mart_wh, f=())
    night(mart_wh, of=["follow_up"])
    assert rows_of(mart_wh, "follow_up") == []


def test_only_months_past_the_horizon(mart_wh: Warehouse) -> None:
    """30 April and 30 days end on 30 May: the night of 31 May builds the month unasked, and it opens."""
    leads(mart_wh, a=(1,))
    release(mart_wh, night(mart_wh, datetime(2026, 5, 30, 3, tzinfo=UTC), of=["leak_evidence", "follow_up"]))
    assert rows_of(mart_wh, "follow_up") == []
    report = night(mart_wh, datetime(2026, 5, 31, 3, tzinfo=UTC), of=["leak_evidence", "follow_up"])
    assert not report.full
    release(mart_wh, report)
    found = trace(mart_wh, "follow_up", {"owner_id": "an"})
    assert [lead["lead_id"] for lead in found.leads] == ["a"]


def test_it_agrees_with_the_leaks(mart_wh: Warehouse) -> None:
    """Over a random company every unreachable lead had its fair effort, all leads are there, and every check holds."""
    Company(31, leads=160).fill(mart_wh)
    night(mart_wh, datetime(2026, 12, 1, 19, tzinfo=UTC), of=["leak_evidence", "follow_up"])
    rows, causes = rows_of(mart_wh, "follow_up"), rows_of(mart_wh, "leak_evidence")
    months = {row["cohort_month"] for row in rows}
    told = [row["leak_cause"] for row in causes if row["cohort_month"] in months]
    assert sum(row["unique_lead_count"] for row in rows) == len(told) - told.count("duplicate") > 50
    assert sum(row["fair_effort_count"] for row in rows) >= told.count("unreachable")
    assert sum(row["left_count"] for row in rows) >= told.count("reached_no_follow_up") > 0
    with mart_wh.engine.connect() as conn:
        for check in CHECKS:
            broken = sa.text(f"SELECT COUNT(*) FROM mart_next.follow_up WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name
