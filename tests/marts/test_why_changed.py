"""Why a number changed: one change at a time changes the numbers that it should, by its own cause, and adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crosscheck.fields.changes import CHANGED_AMOUNTS, CHANGED_COUNTS
from tests.marts import world
from tests.marts.company import Company
from tests.marts.world import noon, put, take
from warehouse import archive, ddl
from warehouse.engine import Warehouse
from warehouse.marts.campaign_roi_closed import RECORD as CLOSED
from warehouse.marts.why_changed import CHECKS

APRIL = date(2026, 4, 1)
DAY = date(2026, 4, 8)
AFTER = world.NIGHT.date() + timedelta(days=5)
SPEND, LEADS, QUALIFIED, WON, REVENUE = (
    "spend_reporting_amount", "unique_lead_count", "qualified_count", "won_count", "revenue_reporting_amount")


def begin(wh: Warehouse) -> None:
    """What was published first: spend in two currencies, three persons, four leads, two wins."""
    put(wh, "campaign", *({"campaign_id": name, "campaign_name": name, "campaign_name_norm": name}
                          for name in ("c1", "c2")))
    put(wh, "fx_rate", {"day": DAY, "fx_rate": 25_000})
    put(wh, "ad_daily", {"day": DAY, "spend_amount": 100},
        {"day": DAY, "campaign_id": "c2", "spend_amount": 2, "currency_code": "USD"})
    put(wh, "lead", *({"lead_id": name, "created_day": DAY, "utm_campaign": "c1", "person_key": person}
                      for name, person in (("a", "A"), ("b", "B"), ("b2", "B"), ("c", "C"))))
    put(wh, "lead_status", {"lead_id": "a", "status": "CONNECTED", "entered_at": noon(DAY, 24)})
    put(wh, "deal", {"deal_id": "d", "lead_id": "a", "closed_day": DAY, "deal_amount": 500},
        {"deal_id": "usd", "lead_id": "b", "closed_day": DAY, "deal_amount": 3, "currency_code": "USD"})
    play(wh, 0)


@pytest.fixture(scope="module")
def begun(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse file after the first night, to copy."""
    home = tmp_path_factory.mktemp("begun")
    with world.opened(duckdb_template, home) as wh:
        begin(wh)
    return home / "var/warehouse.duckdb"


@pytest.fixture
def wh(begun: Path, tmp_path: Path) -> Iterator[Warehouse]:
    """A copy of it, open."""
    with world.opened(begun, tmp_path) as made:
        yield made


def play(wh: Warehouse, number: int, **more: Any) -> list[dict[str, Any]]:
    """A night, fortnights after the first one, published; what it says changed."""
    at = world.NIGHT + timedelta(days=14 * number)
    world.release(wh, world.night(wh, at, of=["why_changed"], **more))
    return world.rows_of(wh, "why_changed", "mart")


def told(rows: list[dict[str, Any]]) -> dict[tuple[str, str, str], Any]:
    """The change by metric, campaign and cause, all of April."""
    assert {row["close_month"] for row in rows} <= {APRIL}
    return {(row["changed_metric"], row["campaign_id"], row["change_cause"]):
            row["change_reporting_amount"] if row["change_count"] is None else row["change_count"] for row in rows}


def respend(wh: Warehouse) -> None:
    put(wh, "ad_daily", {"day": DAY, "spend_amount": 130})


def spend_late(wh: Warehouse) -> None:
    put(wh, "ad_daily", {"day": DAY + timedelta(days=1), "spend_amount": 7})


def spend_gone(wh: Warehouse) -> None:
    take(wh, "ad_daily", {"day": DAY})


def rate(wh: Warehouse) -> None:
    put(wh, "fx_rate", {"day": DAY, "fx_rate": 26_000})


def win_late(wh: Warehouse) -> None:
    put(wh, "deal", {"deal_id": "late", "lead_id": "c", "closed_day": DAY, "deal_amount": 40})


def win_again(wh: Warehouse) -> None:
    """An earlier deal of a customer takes the first win from the later one."""
    put(wh, "deal", {"deal_id": "early", "lead_id": "a", "closed_day": DAY - timedelta(days=1), "deal_amount": 1})


def win_restated(wh: Warehouse) -> None:
    put(wh, "deal", {"deal_id": "d", "lead_id": "a", "closed_day": DAY, "deal_amount": 450})


def win_cancelled(wh: Warehouse) -> None:
    put(wh, "deal", {"deal_id": "d", "lead_id": "a", "closed_day": DAY, "deal_amount": 500, "is_won": False,
                     "is_lost": True})


def win_deleted(wh: Warehouse) -> None:
    put(wh, "deal", {"deal_id": "d", "lead_id": "a", "closed_day": DAY, "deal_amount": 500, "is_archived": True})


def merged(wh: Warehouse) -> None:
    """Two persons become one, in the CRM: the second, untouched, goes into the first."""
    put(wh, "lead_merge", {"lead_id": "c", "merged_into_id": "a"})


def merged_with_win(wh: Warehouse) -> None:
    """A customer goes into another one, whose first win came first; his repeat, known by the mail, goes along."""
    put(wh, "lead_merge", {"lead_id": "b", "merged_into_id": "a"})


def lead_late(wh: Warehouse) -> None:
    put(wh, "lead", {"lead_id": "x", "created_day": DAY, "utm_campaign": "c2"})


def lead_older(wh: Warehouse) -> None:
    """A person turns out to have written a day earlier, by another campaign."""
    put(wh, "lead", {"lead_id": "x", "created_day": DAY - timedelta(days=1), "utm_campaign": "c2", "person_key": "C"})


def lead_gone(wh: Warehouse) -> None:
    take(wh, "lead", {"lead_id": "c"})


def recredited(wh: Warehouse) -> None:
    put(wh, "lead", {"lead_id": "a", "created_day": DAY, "utm_campaign": "c2", "person_key": "A"})


def reached_late(wh: Warehouse) -> None:
    put(wh, "lead_status", {"lead_id": "c", "status": "CONNECTED", "entered_at": noon(DAY, 48)})


def reached_since(wh: Warehouse) -> None:
    put(wh, "lead_status", {"lead_id": "c", "status": "CONNECTED", "entered_at": noon(AFTER)})


def found_wrong(wh: Warehouse) -> None:
    put(wh, "lead_status", {"lead_id": "a", "status": "WRONG", "entered_at": noon(AFTER)})


def status_taken_back(wh: Warehouse) -> None:
    take(wh, "lead_status", {"lead_id": "a", "status": "CONNECTED", "entered_at": noon(DAY, 24)})


MOVED = {(metric, campaign, "recredited"): sign * size for campaign, sign in (("c1", -1), ("c2", 1))
         for metric, size in ((LEADS, 1), (QUALIFIED, 1), (WON, 1), (REVENUE, 500))}
#: What each night brings, and what it changes: alone where it touches several numbers, else with others of no concern.
CASES: list[dict[Any, dict[tuple[str, str, str], Any]]] = [
    {respend: {(SPEND, "c1", "restated"): 30}},
    {rate: {(SPEND, "c2", "rate"): 2_000, (REVENUE, "c1", "rate"): 3_000}},
    {win_late: {(WON, "c1", "late"): 1, (REVENUE, "c1", "late"): 40}},
    {merged: {(LEADS, "c1", "merged"): -1}},
    {merged_with_win: {(WON, "c1", "merged"): -1, (LEADS, "c1", "merged"): -1}},
    {recredited: MOVED},
    {win_again: {(WON, "c1", "late"): 1, (WON, "c1", "same_person"): -1, (REVENUE, "c1", "late"): 1},
     reached_late: {(QUALIFIED, "c1", "late"): 1}},
    {win_restated: {(REVENUE, "c1", "restated"): -50}, spend_gone: {(SPEND, "c1", "vanished"): -100},
     lead_late: {(LEADS, "c2", "late"): 1}},
    {spend_late: {(SPEND, "c1", "late"): 7}, lead_gone: {(LEADS, "c1", "vanished"): -1},
     status_taken_back: {(QUALIFIED, "c1", "restated"): -1}},
    {win_deleted: {(WON, "c1", "vanished"): -1, (REVENUE, "c1", "vanished"): -500},
     reached_since: {(QUALIFIED, "c1", "new"): 1}},
    {lead_older: {(LEADS, "c2", "late"): 1, (LEADS, "c1", "same_person"): -1},
     found_wrong: {(QUALIFIED, "c1", "new"): -1},
     win_cancelled: {(WON, "c1", "restated"): -1, (REVENUE, "c1", "restated"): -500}},
]


@pytest.mark.parametrize("night", CASES, ids=lambda night: "+".join(change.__name__ for change in night))
def test_each_change_has_its_cause(wh: Warehouse, night: dict[Any, dict[tuple[str, str, str], Any]]) -> None:
    """Exactly these numbers, by exactly this much, for this reason."""
    for change in night:
        change(wh)
    assert told(play(wh, 1)) == {key: value for expected in night.values() for key, value in expected.items()}


def test_a_new_rule_is_the_cause_of_what_it_judges_anew(wh: Warehouse) -> None:
    """Once `CONNECTED` no longer means reached, the lead is not qualified; what only changed its version counts not."""
    file = world.STATES.files["hubspot"]
    states = world.LeadStates({"hubspot": world.RuleFile("hubspot", None, {}, {
        **file.statuses, ("status", "CONNECTED"): ()})})
    assert told(play(wh, 1, states=states)) == {(QUALIFIED, "c1", "re_ruled"): -1}


def test_the_days_since_are_new(wh: Warehouse) -> None:
    """What lies after the publication before is progress; the first day that was not over then is the border."""
    border = world.NIGHT.date() + timedelta(days=1)  # the night of 19:00 UTC is the next day's
    put(wh, "ad_daily", {"day": border, "spend_amount": 8}, {"day": border - timedelta(days=1), "spend_amount": 3})
    put(wh, "lead", {"lead_id": "x", "created_day": border, "utm_campaign": "c1"})
    put(wh, "deal", {"deal_id": "x", "lead_id": "x", "closed_day": border, "deal_amount": 9})
    rows = play(wh, 1)
    assert {(row["changed_metric"], row["change_cause"]) for row in rows} == {
        (SPEND, "new"), (SPEND, "late"), (LEADS, "new"), (WON, "new"), (REVENUE, "new")}
    assert {row["compared_day"] for row in rows} == {border}


def test_before_and_now_are_as_published(wh: Warehouse) -> None:
    """Both stand beside each cause, in their own unit; a number that was not there before is null."""
    respend(wh)
    lead_late(wh)
    rows = play(wh, 1)
    spend, lead = (world.only(rows, changed_metric=name) for name in (SPEND, LEADS))
    amounts = ("old_reporting_amount", "new_reporting_amount", "change_reporting_amount")
    counts = ("old_count", "new_count", "change_count")
    assert ([spend[name] for name in amounts], [spend[name] for name in counts]) == ([100, 130, 30], [None] * 3)
    assert ([lead[name] for name in amounts], [lead[name] for name in counts]) == ([None] * 3, [0, 1, 1])


def test_a_night_played_again_compares_with_the_one_before(wh: Warehouse) -> None:
    """Not with itself: what it explains stays, and what it adds comes on top."""
    respend(wh)
    play(wh, 1)
    put(wh, "ad_daily", {"day": DAY, "spend_amount": 150})
    assert told(play(wh, 1)) == {(SPEND, "c1", "restated"): 50}
    assert told(play(wh, 2)) == {}


def test_what_nothing_explains_is_told(wh: Warehouse) -> None:
    """A published number that does not follow from leads, deals and spend leaves its rest, and a warning."""
    there = ddl.table(CLOSED, "mart")
    wh.write(lambda conn: conn.execute(sa.update(there).where(there.c.campaign_id == "c1").values(qualified_count=0)))
    respend(wh)
    assert told(play(wh, 1)) == {(SPEND, "c1", "restated"): 30, (QUALIFIED, "c1", "unexplained"): 1}
    assert [check.severity for check in CHECKS if "unexplained" in check.predicate] == ["warn"]


def test_every_change_of_a_random_company_is_explained(either_wh: Warehouse) -> None:
    """The causes add up to what the published numbers differ by, exactly and for each of them, night by night."""
    company = Company(21, leads=30)
    company.fill(either_wh)
    before: Counter[Any] = Counter()
    for number in range(3):
        rows = play(either_wh, number)
        now = numbers(either_wh, number + 1)
        explained: Counter[Any] = Counter()
        for row in rows:
            key = tuple(row[name] for name in ("changed_metric", *CLOSED.key))
            explained[key] += row["change_reporting_amount"] if row["change_count"] is None else row["change_count"]
        assert {row["change_cause"] for row in rows} <= ({"new"} if number == 0 else CAUSES)
        assert {key: value for key, value in explained.items() if value} == {
            key: now[key] - before[key] for key in now.keys() | before.keys() if now[key] != before[key]}
        before = now
        for _ in range(15):
            company.change(either_wh)


CAUSES = {"new", "late", "vanished", "merged", "same_person", "recredited", "appeal", "restated", "rate"}


def numbers(wh: Warehouse, publication: int) -> Counter[Any]:
    """The published numbers by metric, campaign and month, from the archive."""
    found: Counter[Any] = Counter()
    with wh.engine.connect() as conn:
        for row in conn.execute(archive.state(CLOSED, publication)).mappings():
            for name in CHANGED_COUNTS + CHANGED_AMOUNTS:
                found[(name, *(row[part] for part in CLOSED.key))] = row[name] or Decimal(0)
    return found
