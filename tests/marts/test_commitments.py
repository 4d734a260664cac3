"""Promises against what is on record, both ways: what is kept, at every border, and what nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crosscheck.rules import Agreement, Commitments, Head, Rules, default_rules
from tests.marts import world
from tests.marts.world import noon, put
from warehouse.engine import Warehouse
from warehouse.trace import trace

APRIL, LAST = date(2026, 4, 1), date(2026, 4, 30)
SIGNED = {"marketing": "An", "sales": "Bình"}
MIDNIGHT = datetime(2026, 4, 30, 17, 0, tzinfo=UTC)  # in the business zone


def rules(*agreements: Agreement, currency: str = "VND") -> Rules:
    """The shipped rules with these promises."""
    return replace(default_rules(), commitments=Commitments(Head("v1", None, {}), currency, agreements))


def month(**promised: float | str) -> Agreement:
    return Agreement("2026-04", APRIL, LAST, {name: Decimal(str(value)) for name, value in promised.items()}, SIGNED)


def charter(first: date = APRIL, last: date = LAST, **promised: float | str) -> Agreement:
    return replace(month(**promised), name="Tết", first_day=first, last_day=last, platform="meta_ads", campaign="c1",
                   objective="flats", message="by Tết", portrait_version="old")


def fill(wh: Warehouse) -> None:
    """April: 25 leads of `c1`, of which 20 were called in time, 2 qualified and 2 bought; `c2` on the border days."""
    put(wh, "campaign", *({"campaign_id": name, "campaign_name": name} for name in ("c1", "c2")))
    put(wh, "ad_daily", *({"campaign_id": name, "day": day, "spend_amount": spend} for name, day, spend in (
        ("c1", APRIL, 60), ("c1", LAST, 40), ("c2", APRIL - timedelta(days=1), 7), ("c2", LAST, 5))))
    put(wh, "lead", *({"lead_id": f"l{n}", "created_day": APRIL + timedelta(days=n), "utm_campaign": "c1"}
                      for n in range(25)),
        {"lead_id": "x", "created_day": LAST, "utm_campaign": "c2"},
        {"lead_id": "y", "created_day": LAST + timedelta(days=1), "utm_campaign": "c2"})
    put(wh, "activity", *({"lead_id": f"l{n}", "activity_id": f"t{n}", "direction": "outbound", "outcome": "busy",
                           "occurred_at": noon(APRIL + timedelta(days=n), 0.5 if n < 20 else 72)} for n in range(25)))
    put(wh, "lead_status", *({"lead_id": name, "status": "CONNECTED", "entered_at": noon(LAST)}
                             for name in ("l0", "l1")))
    put(wh, "deal", *({"deal_id": name, "lead_id": lead, "closed_day": day, "deal_amount": 9} for name, lead, day in (
        ("d0", "l0", LAST), ("d1", "l1", APRIL), ("again", "l0", LAST), ("late", "l2", LAST + timedelta(days=1)))))


def play(wh: Warehouse, by: Rules, at: datetime = world.NIGHT) -> dict[str, dict[str, Any]]:
    """A night by these rules, published: its promises by name."""
    world.release(wh, world.night(wh, at, of=["campaign_charter"], rules=by))
    return {row["promise"]: row for row in world.rows_of(wh, "commitments", "mart")}


def test_both_sides_are_held_to_what_they_promised(either_wh: Warehouse) -> None:
    """A company's month: budget at most, all else at least; exactly so much is enough."""
    fill(either_wh)
    rows = play(either_wh, rules(month(budget=105, leads=27, qualified_leads=2, in_time=0.76, fair_effort=0.5,
                                  wins=3)))
    assert {name: (row["promised_by"], row["is_kept"]) for name, row in rows.items()} == {
        "budget": ("marketing", True), "leads": ("marketing", False), "qualified_leads": ("marketing", True),
        "in_time": ("sales", True), "fair_effort": ("sales", False), "wins": ("sales", False)}
    assert rows["budget"]["delivered_reporting_amount"] == 105
    assert {name: row["delivered_count"] for name, row in rows.items()} == {
        "budget": None, "leads": 26, "qualified_leads": 2, "in_time": None, "fair_effort": None, "wins": 2}
    timely = rows["in_time"]
    assert [timely[f"{word}_lead_count"] for word in ("promised", "counted", "met")] == [26, 26, 20]
    assert timely["delivered_rate_low"] < timely["delivered_rate"] == 0.769230769231 < timely["delivered_rate_high"]
    assert {row["is_draft"] for row in rows.values()} == {False}


@pytest.fixture(scope="module")
def april(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse that has read April."""
    with world.opened(duckdb_template, tmp_path_factory.mktemp("april")) as wh:
        fill(wh)
        yield wh


def test_a_charter_counts_its_campaign_and_its_days(april: Warehouse) -> None:
    """First and last day included, nothing of others; a share that is exactly met is kept; the facts stand beside."""
    rows = play(april, rules(charter(budget="99.999999", leads=25, in_time=0.8, wins=2)))
    assert {name: row["is_kept"] for name, row in rows.items()} == {
        "budget": False, "leads": True, "in_time": True, "wins": True}
    row = world.only(world.rows_of(april, "campaign_charter", "mart"), agreement="Tết")
    assert [row[name] for name in ("spend_reporting_amount", "unique_lead_count", "qualified_count", "won_count",
                                   "promise_count", "kept_count", "broken_count", "is_over", "is_draft",
                                   "is_portrait_current", "charter_objective", "signed_by_sales")] == [
        100, 25, 2, 2, 4, 3, 1, True, False, False, "flats", "Bình"]
    found = trace(april, "commitments", {"promise": "leads"})
    assert (len(found.leads), len(found.deals), len(found.ads)) == (25, 2, 2)


def test_of_few_leads_counts_are_shown_and_no_share(april: Warehouse) -> None:
    """Ten leads, all in time: kept, without a rate that means little."""
    few = replace(charter(in_time=1), last_day=APRIL + timedelta(days=9))
    row = play(april, rules(few))["in_time"]
    assert (row["counted_lead_count"], row["met_lead_count"], row["is_kept"]) == (10, 10, True)
    assert (row["is_small_sample"], row["delivered_rate"], row["delivered_rate_low"]) == (True, None, None)


def test_what_nobody_recorded_is_neither_kept_nor_broken(april: Warehouse) -> None:
    """No spend reported, no lead counted: null; no lead at all is a number."""
    none = replace(charter(budget=10, leads=1, in_time=0.5), campaign="nobody's", signed_by={"marketing": "An"})
    rows = play(april, rules(none))
    assert {name: row["is_kept"] for name, row in rows.items()} == {"budget": None, "leads": False, "in_time": None}
    assert {row["is_draft"] for row in rows.values()} == {True}


@pytest.mark.parametrize(("at", "kept"), [(MIDNIGHT - timedelta(seconds=1), None), (MIDNIGHT, True)])
def test_nothing_is_decided_before_the_last_day_is_over(april: Warehouse, at: datetime, kept: bool | None) -> None:
    """By the calendar of the business zone; until then the row says how far it is."""
    row = play(april, rules(month(leads=20)), at)["leads"]
    assert (row["is_over"], row["is_kept"], row["delivered_count"]) == (kept is not None, kept, 26)


def test_parts_equal_the_whole(mart_wh: Warehouse) -> None:
    """A promise changes with what is counted for it, without being built anew by hand."""
    by = rules(month(leads=27, wins=3), charter(wins=3))
    fill(mart_wh)
    play(mart_wh, by)
    put(mart_wh, "lead", {"lead_id": "more", "created_day": LAST, "utm_campaign": "c2"})
    put(mart_wh, "deal", {"deal_id": "more", "lead_id": "l3", "closed_day": LAST, "deal_amount": 9})
    rows = play(mart_wh, by, world.NIGHT + timedelta(days=1))
    assert {row["is_kept"] for row in rows.values()} == {True}
    shown = {name: world.rows_of(mart_wh, name, "mart") for name in ("commitments", "campaign_charter")}
    world.night(mart_wh, world.NIGHT + timedelta(days=1), of=["campaign_charter"], rules=by, full=True)
    assert shown == {name: world.rows_of(mart_wh, name) for name in shown}


def test_a_budget_is_converted_at_the_rate_of_its_first_day(april: Warehouse) -> None:
    """In another currency than the reports', it is compared when that day's rate is known, and not before."""
    abroad = rules(month(budget="0.004"), currency="USD")
    assert (play(april, abroad)["budget"]["promised_reporting_amount"], play(april, abroad)["budget"]["is_kept"]) == (
        None, None)
    put(april, "fx_rate", {"day": APRIL, "fx_rate": 26_250}, {"day": LAST, "fx_rate": 1})
    row = play(april, abroad)["budget"]
    assert (row["promised_reporting_amount"], row["is_kept"]) == (105, True)
