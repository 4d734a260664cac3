"""Contradictions: each kind from two records that cannot both be true, and the near misses that are none."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crosscheck.rules import LeadStates, RuleFile
from tests.marts.world import STATES, night, noon, put, release, rows_of, take
from warehouse.engine import Warehouse
from warehouse.marts.contradiction import CHECKS, DISPUTES

DAY, LATER = date(2026, 4, 8), date(2026, 4, 20)
#: What a second verdict, or the first call of a month, may move.
_MOVED = ("contradiction", "speed_to_lead", "lead_quality_by", "stage_velocity")
SPOKEN = {"direction": "outbound", "outcome": "answered", "duration_seconds": 60}


def lead(wh: Warehouse, name: str = "l", **values: Any) -> None:
    """A lead created on DAY."""
    put(wh, "lead", {"lead_id": name, "created_day": DAY, **values})


def says(wh: Warehouse, status: str, at: datetime, name: str = "l", **values: Any) -> None:
    """A status of a lead."""
    put(wh, "lead_status", {"lead_id": name, "status": status, "entered_at": at, **values})


def won(wh: Warehouse, name: str = "l", day: date = LATER, **values: Any) -> None:
    """A won deal of a lead."""
    put(wh, "deal", {"deal_id": f"d-{name}", "lead_id": name, "closed_day": day, "deal_amount": 5, **values})


def called(wh: Warehouse, at: datetime, name: str = "l", **values: Any) -> None:
    """A call with a lead."""
    put(wh, "activity", {"lead_id": name, "activity_id": f"{name}{at}", "occurred_at": at, **SPOKEN, **values})


def found(wh: Warehouse, states: LeadStates = STATES) -> set[tuple[str, str]]:
    """Lead and kind of every row after a night; the checks of the mart hold."""
    night(wh, states=states, of=["contradiction"])
    with wh.engine.connect() as conn:
        for check in CHECKS:
            broken = sa.text(f"SELECT COUNT(*) FROM mart_next.contradiction WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name
    return {(row["lead_id"], row["contradiction"]) for row in rows_of(wh, "contradiction")}


@pytest.mark.parametrize(("status", "kind", "side"), [
    ("WRONG", "wrong_target_but_won", "sales"), ("LOST", "lost_but_won", "sales"),
    ("DEAD", "invalid_contact_but_won", "both")])
def test_written_off_but_won(mart_wh: Warehouse, status: str, kind: str, side: str) -> None:
    """A status that still stands against a won deal is a row with both instants; corrected, or not won, it is none."""
    lead(mart_wh)
    says(mart_wh, status, noon(DAY, 30))
    assert found(mart_wh) == set()
    won(mart_wh)
    assert found(mart_wh) == {("l", kind)}
    row = rows_of(mart_wh, "contradiction")[0]
    assert (row["responsible"], row["claim_at"], row["contrary"], row["contrary_at"]) == (
        side, noon(DAY, 30), "won", noon(LATER))
    assert row["rule_version"]
    says(mart_wh, "TRIED", noon(DAY, 31))
    assert found(mart_wh) == set()
    says(mart_wh, status, noon(DAY, 32))
    won(mart_wh, is_archived=True)
    assert found(mart_wh) == set()


def test_reached_without_a_contact(mart_wh: Warehouse) -> None:
    """Only a source that recorded an answered contact with another lead of the month is asked for this one's."""
    lead(mart_wh)
    says(mart_wh, "CONNECTED", noon(DAY, 2))
    lead(mart_wh, "old", created_day=date(2026, 3, 8))
    called(mart_wh, noon(DAY, 3), "old")
    assert found(mart_wh) == set()
    lead(mart_wh, "other")
    called(mart_wh, noon(DAY, 3), "other", duration_seconds=19)
    assert found(mart_wh) == set()
    called(mart_wh, noon(DAY, 4), "other")
    assert found(mart_wh) == {("l", "reached_without_contact")}
    assert rows_of(mart_wh, "contradiction")[0]["contrary_at"] is None
    called(mart_wh, noon(DAY, 5))
    assert found(mart_wh) == set()


def test_before_it_was_created(mart_wh: Warehouse) -> None:
    """A touch and a win before creation are marketing's to explain, unless others were merged in."""
    lead(mart_wh)
    won(mart_wh, day=DAY - timedelta(days=1))
    called(mart_wh, noon(DAY, -1), outcome="busy")
    assert found(mart_wh) == {("l", "won_before_created"), ("l", "touched_before_created")}
    assert {row["responsible"] for row in rows_of(mart_wh, "contradiction")} == {"marketing"}
    put(mart_wh, "lead_merge", {"lead_id": "older", "merged_into_id": "l"})
    assert found(mart_wh) == set()


def test_reached_after_the_sale(mart_wh: Warehouse) -> None:
    """More than a day after the win, told and not guessed, and by no sign before."""
    lead(mart_wh)
    won(mart_wh)
    says(mart_wh, "CONNECTED", noon(LATER, 24))
    assert found(mart_wh) == set()
    says(mart_wh, "CONNECTED", noon(LATER, 24), is_inferred=True)
    take(mart_wh, "lead_status", {"lead_id": "l", "status": "CONNECTED", "entered_at": noon(LATER, 24)})
    says(mart_wh, "CONNECTED", noon(LATER, 25))
    assert found(mart_wh) == {("l", "reached_after_won")}
    says(mart_wh, "HOT", noon(LATER, 26), is_inferred=True)
    assert found(mart_wh) == set()
    take(mart_wh, "lead_status", {"lead_id": "l", "status": "HOT", "entered_at": noon(LATER, 26)})
    called(mart_wh, noon(DAY, 3))
    assert found(mart_wh) == set()


@pytest.mark.parametrize(("status", "kind"), [("WRONG", "wrong_target_then_hot"), ("DEAD", "invalid_contact_then_hot")])
def test_hot_in_another_field(mart_wh: Warehouse, status: str, kind: str) -> None:
    """A verdict that stands in its field, and a later hot one in another; earlier, guessed or overruled is none."""
    two = LeadStates({"hubspot": RuleFile("hubspot", None, {}, {
        **STATES.files["hubspot"].statuses, ("stage", "HOT"): ("reached", "hot")})})
    lead(mart_wh)
    says(mart_wh, status, noon(DAY, 2))
    says(mart_wh, "HOT", noon(DAY, 1), status_field="stage")
    assert found(mart_wh, two) == set()
    says(mart_wh, "HOT", noon(DAY, 3), status_field="stage", is_inferred=True)
    assert found(mart_wh, two) == set()
    says(mart_wh, "HOT", noon(DAY, 3), status_field="stage")
    assert found(mart_wh, two) == {("l", kind)}
    says(mart_wh, "CONNECTED", noon(DAY, 4))
    assert found(mart_wh, two) == set()


def test_a_record_answers_for_what_was_merged_into_it(mart_wh: Warehouse) -> None:
    """A merged lead's status and deal are the survivor's; a repeat of the person is a record of its own."""
    lead(mart_wh, "stays", person_key="p")
    lead(mart_wh, "again", person_key="p")
    says(mart_wh, "WRONG", noon(DAY, 2), "gone")
    won(mart_wh, "again")
    put(mart_wh, "lead_merge", {"lead_id": "gone", "merged_into_id": "stays"})
    assert found(mart_wh) == set()
    won(mart_wh, "gone")
    assert found(mart_wh) == {("stays", "wrong_target_but_won")}


def test_a_status_that_moves_no_first_instant_is_seen(mart_wh: Warehouse) -> None:
    """The second time a verdict falls, or the first call of a month: built by parts as built whole."""
    lead(mart_wh)
    lead(mart_wh, "other")
    for status, hours in (("WRONG", 1), ("CONNECTED", 2)):
        says(mart_wh, status, noon(DAY, hours))
    says(mart_wh, "HOT", noon(DAY, 2), "other")
    won(mart_wh)
    release(mart_wh, night(mart_wh, of=_MOVED))
    assert rows_of(mart_wh, "contradiction", "mart") == []
    says(mart_wh, "WRONG", noon(DAY, 9))
    called(mart_wh, noon(DAY, 3), "other")
    report = night(mart_wh, of=_MOVED)
    assert not report.full
    release(mart_wh, report)
    by_parts = {mart: rows_of(mart_wh, mart, "mart") for mart in _MOVED}
    assert [row["contradiction"] for row in by_parts["contradiction"]] == [
        "reached_without_contact", "wrong_target_but_won"]
    night(mart_wh, full=True, of=_MOVED)
    assert by_parts == {mart: rows_of(mart_wh, mart) for mart in _MOVED}


def test_every_kind_is_told_once() -> None:
    """The kinds of the mart are the words of the vocabulary."""
    from crosscheck.fields.marts import CONTRADICTIONS

    assert tuple(dispute.kind for dispute in DISPUTES) == CONTRADICTIONS
