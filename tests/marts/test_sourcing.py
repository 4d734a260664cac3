"""Who brought the customers: four definitions, their edges, and where they contradict each other."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from tests.marts import world
from tests.marts.company import Company
from tests.marts.world import everything, noon, only, put, release, rows_of
from warehouse.engine import Warehouse
from warehouse.marts import lead_origin, sourcing, sourcing_conflict
from warehouse.marts.base import Mart

DAY, LATER = date(2026, 4, 8), date(2026, 4, 20)
SIDES = ("recorded_side", "first_touch_side", "before_sales_side", "declared_side")
M, S, U = "marketing", "sales", "unknown"
SECOND = timedelta(seconds=1)


def called(wh: Warehouse, lead: str, hours: float, **values: Any) -> None:
    """An outbound call so many hours after noon of DAY."""
    put(wh, "activity", {"lead_id": lead, "activity_id": f"{lead}{hours}", "occurred_at": noon(DAY, hours),
                         "direction": "outbound", **values})

#: A night of these tests: the tables in question, and what they read.
night = partial(world.night, of=("campaign_roi_closed", "sourcing", "sourcing_conflict"))


def checked(wh: Warehouse, mart: Mart) -> list[dict[str, Any]]:
    """The rows of a mart after a build; its checks hold."""
    with wh.engine.connect() as conn:
        for check in mart.checks:
            broken = sa.text(f"SELECT COUNT(*) FROM mart_next.{mart.name} WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name
    return rows_of(wh, mart.name)


def sides(wh: Warehouse, *leads: str) -> list[tuple[str, ...]]:
    """The four sides of each lead's person after a night."""
    night(wh)
    rows = checked(wh, lead_origin.MART)
    return [tuple(only(rows, lead_id=lead)[name] for name in SIDES) for lead in leads]


def test_every_mark_is_a_touch_and_the_strongest_is_named(mart_wh: Warehouse) -> None:
    """Forms of platforms, click ids, UTM parameters and forms of the own site; a landing page alone proves nothing."""
    marks = {"platform_form": {"vendor_lead_id": "f", "gclid": "g"}, "click_id": {"ttclid": "t", "utm_term": "x"},
             "utm": {"utm_medium": "cpc", "form_id": "f"}, "form": {"form_id": "f"}}
    put(mart_wh, "lead", *({"lead_id": mark, "created_day": DAY, **given} for mark, given in marks.items()),
        {"lead_id": "bare", "created_day": DAY, "landing_page": "example.com/"})
    assert sides(mart_wh, *marks, "bare") == [(U, M, M, U)] * 4 + [(U, U, U, U)]
    rows = rows_of(mart_wh, "lead_origin")
    assert {row["lead_id"]: row["tracked_by"] for row in rows} == {**{mark: mark for mark in marks}, "bare": None}
    assert only(rows, lead_id="form")["tracked_at"] == noon(DAY)


def test_words_credit_whom_the_rules_say(mart_wh: Warehouse) -> None:
    """A word without a meaning leaves the CRM's campaign to speak, one with a meaning does not; others say nothing."""
    given = {"ad": {"recorded_source": "AD"}, "own": {"recorded_source": "OWN", "crm_campaign": "c1"},
             "typed": {"recorded_source": "TYPED", "crm_campaign": "c1"}, "link": {"crm_campaign": "c1"},
             "new": {"recorded_source": "what?", "self_declared_origin": "what?"},
             "told": {"self_declared_origin": "friend"}}
    put(mart_wh, "lead", *({"lead_id": name, "created_day": DAY, **values} for name, values in given.items()))
    assert sides(mart_wh, *given) == [
        (M, U, U, U), (S, U, U, U), (M, U, U, U), (M, U, U, U), (U, U, U, U), (U, U, U, S)]


def test_before_the_first_sales_act(mart_wh: Warehouse) -> None:
    """A touch counts up to the instant of the act; an act before the record takes the first touch as well."""
    names = ("same", "before", "after", "bare", "deal", "robot", "inbound")
    put(mart_wh, "lead", *({"lead_id": name, "created_day": DAY, "form_id": None if name in ("bare", "deal") else "f"}
                           for name in names))
    for name, hours in (("same", 0), ("before", -1 / 3600), ("after", 1), ("bare", 1)):
        called(mart_wh, name, hours)
    called(mart_wh, "robot", -5, is_automatic=True)
    called(mart_wh, "inbound", -5, direction="inbound")
    put(mart_wh, "deal", {"deal_id": "d", "lead_id": "deal", "is_won": False, "closed_day": None,
                          "created_day": DAY, "created_at": noon(DAY) - SECOND})
    assert sides(mart_wh, *names) == [(U, M, M, U), (U, S, S, U), (U, M, M, U), (U, U, S, U), (U, S, S, U),
                                      (U, M, M, U), (U, M, M, U)]
    rows = rows_of(mart_wh, "lead_origin")
    assert [(only(rows, lead_id=name)["sales_act"], only(rows, lead_id=name)["sales_act_at"])
            for name in ("before", "deal", "robot")] == [
        ("touch", noon(DAY) - SECOND), ("deal", noon(DAY) - SECOND), (None, None)]


def test_all_records_of_a_person_speak(mart_wh: Warehouse) -> None:
    """Repeats and records merged away: a later form still came before the call, and merging erases no click."""
    put(mart_wh, "lead", {"lead_id": "a", "created_day": DAY, "person_key": "p", "recorded_source": "OWN"},
        {"lead_id": "b", "created_day": DAY, "created_at": noon(DAY, 2), "person_key": "p", "form_id": "f",
         "recorded_source": "AD", "self_declared_origin": "advert"},
        {"lead_id": "stays", "created_day": LATER, "recorded_source": "OWN"},
        {"lead_id": "gone", "created_day": DAY, "gclid": "g"})
    put(mart_wh, "lead_merge", {"lead_id": "gone", "merged_into_id": "stays"})
    called(mart_wh, "b", 2)
    called(mart_wh, "gone", 5)
    assert sides(mart_wh, "a", "stays") == [(S, U, M, M), (S, M, M, U)]
    rows = rows_of(mart_wh, "lead_origin")
    assert len(rows) == 2
    assert (only(rows, lead_id="stays")["first_record_at"], only(rows, lead_id="stays")["created_at"]) == (
        noon(DAY), noon(LATER))
    called(mart_wh, "a", 1)
    put(mart_wh, "lead", {"lead_id": "a", "created_day": DAY, "person_key": "p", "created_at": noon(DAY, 2),
                          "recorded_source": "OWN"})
    assert sides(mart_wh, "a") == [(U, S, S, M)]


def test_wins_add_up_by_every_definition(mart_wh: Warehouse) -> None:
    """Each win is counted once by each definition, a deal of nobody as unknown, an unknown margin not as zero."""
    put(mart_wh, "lead", {"lead_id": "own", "created_day": DAY, "recorded_source": "OWN", "form_id": "f"})
    put(mart_wh, "deal", {"deal_id": "d", "lead_id": "own", "closed_day": LATER, "deal_amount": Decimal("0.1")},
        {"deal_id": "e", "lead_id": "own", "closed_day": LATER, "deal_amount": 7, "gross_margin_amount": 3},
        {"deal_id": "o", "lead_id": None, "closed_day": LATER, "deal_amount": 11},
        {"deal_id": "x", "lead_id": "own", "closed_day": LATER, "deal_amount": 99, "is_archived": True})
    night(mart_wh)
    rows = checked(mart_wh, sourcing.MART)
    shown = ("sourcing_side", "won_count", "won_deal_count", "revenue_reporting_amount", "margin_known_count",
             "gross_margin_reporting_amount")
    nobodys = (U, 0, 1, 11, 0, None)
    for definition, side in (("recorded", S), ("first_touch", M), ("before_sales", M)):
        found = [tuple(row[name] for name in shown) for row in rows if row["definition"] == definition]
        assert found == [(side, 1, 2, Decimal("7.1"), 1, 3), nobodys]
    assert only(rows, definition="declared")["won_deal_count"] == 3


@pytest.mark.parametrize("seed", [12])
def test_the_sides_are_all_wins(mart_wh: Warehouse, seed: int) -> None:
    """Over a random company each definition holds the deals, customers, revenue and margin of the closed view."""
    Company(seed, leads=80).fill(mart_wh)
    night(mart_wh)
    checked(mart_wh, lead_origin.MART)
    checked(mart_wh, sourcing_conflict.MART)
    closed = rows_of(mart_wh, "campaign_roi_closed")
    months = {row["close_month"] for row in closed if row["won_deal_count"]}
    for month in months:
        for definition in ("recorded", "first_touch", "before_sales", "declared"):
            rows = [row for row in checked(mart_wh, sourcing.MART)
                    if (row["close_month"], row["definition"]) == (month, definition)]
            for name in ("won_deal_count", "won_count", "revenue_reporting_amount", "margin_known_count",
                         "gross_margin_reporting_amount"):
                assert sum(row[name] or 0 for row in rows) == sum(
                    row[name] or 0 for row in closed if row["close_month"] == month)
    assert {row["sourcing_side"] for row in rows_of(mart_wh, "sourcing")} == {M, S, U}


def test_conflicts_name_both_statements(mart_wh: Warehouse) -> None:
    """Whoever claims against the touches answers for it, both where claims differ; the unknown contradicts nothing."""
    given = {"grabbed": {"recorded_source": "OWN", "form_id": "f"}, "late": {"crm_campaign": "c1"},
             "word": {"self_declared_origin": "friend", "gclid": "g", "recorded_source": "AD"},
             "fair": {"recorded_source": "OWN"}, "untold": {"form_id": "f"}}
    put(mart_wh, "lead", *({"lead_id": name, "created_day": DAY, **values} for name, values in given.items()))
    for name in ("late", "fair", "untold"):
        called(mart_wh, name, 3)
    put(mart_wh, "deal", {"deal_id": "d", "lead_id": "late", "closed_day": LATER, "deal_amount": 9})
    night(mart_wh)
    shown = ("lead_id", "sourcing_conflict", "responsible", "claim_at", "contrary_at", "tracked_by", "sales_act",
             "won_deal_count", "revenue_reporting_amount")
    assert [tuple(row[name] for name in shown) for row in checked(mart_wh, sourcing_conflict.MART)] == [
        ("grabbed", "recorded_against_touch", S, noon(DAY), noon(DAY), "form", None, 0, 0),
        ("late", "recorded_against_touch", M, noon(DAY), noon(DAY, 3), None, "touch", 1, 9),
        ("word", "declared_against_touch", S, noon(DAY), noon(DAY), "click_id", None, 0, 0),
        ("word", "recorded_against_declared", "both", noon(DAY), noon(DAY), "click_id", None, 0, 0)]


def test_what_moves_no_lead_is_seen(mart_wh: Warehouse) -> None:
    """An earlier call, a source written over, a click found by a merge: built by parts as built whole."""
    put(mart_wh, "lead", {"lead_id": "l", "created_day": DAY, "form_id": "f"}, {"lead_id": "m", "created_day": DAY},
        {"lead_id": "n", "created_day": DAY, "created_at": noon(DAY, 1), "gclid": "g"})
    put(mart_wh, "deal", *({"deal_id": f"d{lead}", "lead_id": lead, "closed_day": LATER, "deal_amount": 9}
                           for lead in "lm"))
    called(mart_wh, "l", 4)
    release(mart_wh, night(mart_wh))
    called(mart_wh, "l", -4)
    put(mart_wh, "lead", {"lead_id": "m", "created_day": DAY, "recorded_source": "OWN"})
    put(mart_wh, "lead_merge", {"lead_id": "n", "merged_into_id": "m"})
    report = night(mart_wh)
    assert not report.full
    release(mart_wh, report)
    by_parts = everything(mart_wh)
    assert [(row["before_sales_side"], row["recorded_side"]) for row in by_parts["lead_origin"]] == [(S, U), (M, S)]
    night(mart_wh, full=True)
    assert by_parts == everything(mart_wh, "mart_next")
