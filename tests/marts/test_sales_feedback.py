"""What sales passed on: each piece once, on the lead that it concerns, and in agreement with the daily exchange."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any

import sqlalchemy as sa

from tests.marts import world
from tests.marts.world import noon, only, put, rows_of
from warehouse import appeals
from warehouse.appeals import Claim, Word
from warehouse.engine import Warehouse
from warehouse.marts.sales_feedback import CHECKS
from warehouse.trace import trace

DAY, YESTERDAY = date(2026, 4, 8), date(2026, 6, 20)
ITEMS = {"note": "notes", "verdict": "verdicts", "lost_reason": "lost_reasons", "appeal": "appeals"}


def fill(wh: Warehouse) -> None:
    """Two persons, one with a repeat and a record merged away; notes, statuses and deals of theirs and of nobody."""
    put(wh, "campaign", {"campaign_id": "c1"}, {"campaign_id": "c2"})
    put(wh, "lead", *({"lead_id": name, "created_day": DAY + timedelta(days=later), "person_key": name[0],
                       "utm_campaign": campaign, "owner_id": "an"}
                      for name, later, campaign in (("a", 0, "c1"), ("a2", 1, "c2"), ("a3", 2, "c1"), ("b", 0, "c1"))))
    put(wh, "lead_merge", {"lead_id": "a3", "merged_into_id": "a2"})
    put(wh, "lead_status", *({"lead_id": "b", "status": status, "entered_at": noon(DAY, hours)}
                             for status, hours in (("CONNECTED", 1), ("WRONG", 12), ("DEAD", 30))))
    put(wh, "activity", *_written())
    put(wh, "deal", *({"deal_id": name, "is_won": False, "is_lost": True, "closed_day": DAY, "owner_id": "binh", **more}
                      for name, more in (
        ("dear", {"lead_id": "b", "lost_reason": "Giá cao"}), ("rival", {"lead_id": "a3", "lost_reason": "competitor"}),
        ("nobody's", {"lost_reason": "timing"}), ("untold", {"lead_id": "b"}),
        ("undated", {"lead_id": "b", "lost_reason": "price", "closed_day": None}),
        ("deleted", {"lead_id": "b", "lost_reason": "price", "is_archived": True}),
        ("won", {"lead_id": "b", "lost_reason": "price", "is_won": True, "is_lost": False}))))


def _written() -> list[dict[str, Any]]:
    """Notes at the last second of a day and at midnight, of two records that are one now, of a machine, of nobody."""
    said = (("late", "a", noon(DAY, 12) - timedelta(seconds=1), {}), ("midnight", "a", noon(DAY, 12), {}),
            ("twice", "a2", noon(DAY), {}), ("twice", "a3", noon(DAY), {}), ("both", "a", noon(DAY), {}),
            ("both", "b", noon(DAY), {}), ("gone", "nobody", noon(DAY), {"actor_id": None}),
            ("robot", "a", noon(DAY), {"is_automatic": True}), ("call", "a", noon(DAY), {"activity_kind": "call"}))
    note = {"activity_kind": "note", "actor_id": "chi"}
    return [{"activity_id": name, "lead_id": lead, "occurred_at": at, **note, **more} for name, lead, at, more in said]


def word(side: str, days: int) -> Word:
    return Word(side, "An", noon(DAY + timedelta(days=days)).replace(tzinfo=UTC), "heard it", "call 7")


def dispute(wh: Warehouse) -> list[str]:
    """Appeals of sales: one that waits, one that marketing signed, one taken back; and one of marketing."""
    names = [appeals.file(wh, Claim("crm", lead, state, None), word("sales", 3))
             for lead, state in (("a3", "hot"), ("b", "wrong_target"), ("b", "lost"))]
    appeals.sign(wh, names[1], word("marketing", 4))
    appeals.withdraw(wh, names[2], word("sales", 5))
    appeals.file(wh, Claim("crm", "a", "reached", None), word("marketing", 3))
    return names


def play(wh: Warehouse) -> list[dict[str, Any]]:
    """A night, published; the checks of the mart hold, and it agrees with the daily exchange."""
    world.release(wh, world.night(wh, of=("sales_feedback", "daily_exchange")))
    with wh.engine.connect() as conn:
        for check in CHECKS:
            broken = sa.text(f"SELECT COUNT(*) FROM mart.sales_feedback WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name
    rows = rows_of(wh, "sales_feedback", "mart")
    agree(rows, rows_of(wh, "daily_exchange", "mart"))
    return rows


def agree(rows: list[dict[str, Any]], exchange: list[dict[str, Any]]) -> None:
    """A piece is a piece, whomever it concerns: as many of each kind and day, and as many answers owed."""
    told = {(row["given_day"], row["feedback_kind"], row["feedback_id"], *_lead(row)) for row in rows}
    counts = Counter((day, ITEMS[kind]) for day, kind, *_ in told)
    assert counts == {(row["exchange_day"], row["exchange_item"]): row["given_count"] for row in exchange
                      if row["exchange_side"] == "sales" and row["exchange_item"] in ITEMS.values()
                      and row["given_count"]}
    owed = [row["still_owed_count"] for row in exchange if row["exchange_day"] == YESTERDAY
            and (row["exchange_side"], row["exchange_item"]) == ("marketing", "appeal_answers")]
    assert sum(bool(row["is_answer_owed"]) for row in rows) == sum(owed)


def _lead(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A verdict's own name is its lead's, too; a note of several leads is one."""
    return (row["lead_id"],) if row["feedback_kind"] == "verdict" else ()


def shown(rows: list[dict[str, Any]], kind: str, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows if row["feedback_kind"] == kind]


def test_each_piece_once(either_wh: Warehouse) -> None:
    """By the business day; on the lead that survived a merge; with its own campaign, and its person's first lead."""
    fill(either_wh)
    dispute(either_wh)
    rows = play(either_wh)
    assert shown(rows, "note", "lead_id", "feedback_id", "given_day", "owner_id") == [
        ("a", "both", DAY, "chi"), ("a", "late", DAY, "chi"), ("a", "midnight", DAY + timedelta(days=1), "chi"),
        ("a2", "twice", DAY, "chi"), ("b", "both", DAY, "chi"), ("nobody", "gone", DAY, None)]
    assert shown(rows, "note", "lead_id", "head_lead_id", "campaign_id")[3:] == [
        ("a2", "a", "c2"), ("b", "b", "c1"), ("nobody", None, None)]
    assert shown(rows, "verdict", "lead_id", "feedback_subject", "given_day", "owner_id") == [
        ("b", "invalid_contact", DAY + timedelta(days=1), "an")]
    assert shown(rows, "lost_reason", "lead_id", "feedback_id", "feedback_subject", "owner_id") == [
        ("(none)", "nobody's", "other", "binh"), ("a2", "rival", "competitor", "binh"), ("b", "dear", "price", "binh")]


def test_what_marketing_owes(mart_wh: Warehouse) -> None:
    """An answer to each appeal of sales until it is signed or taken back; to nothing else, and to none of its own."""
    fill(mart_wh)
    waits, signed, back = dispute(mart_wh)
    rows = play(mart_wh)
    told = {row["feedback_id"]: row for row in rows if row["feedback_kind"] == "appeal"}
    assert {name: (row["is_answer_owed"], row["settled_at"]) for name, row in told.items()} == {
        waits: (True, None), signed: (False, noon(DAY, 96)), back: (False, noon(DAY, 120))}
    assert (told[waits]["lead_id"], told[waits]["feedback_subject"], told[waits]["given_at"]) == (
        "a2", "hot", noon(DAY, 72))
    assert {row["is_answer_owed"] for row in rows if row["feedback_kind"] != "appeal"} == {None}


def test_without_anything(mart_wh: Warehouse) -> None:
    """No feedback is no row."""
    assert play(mart_wh) == []


def test_who_stands_behind_it(mart_wh: Warehouse) -> None:
    """The person's first lead, and the deal that was lost; of a deal of nobody the deal alone."""
    fill(mart_wh)
    rows = play(mart_wh)
    for name, leads, deals in (("rival", ["a"], ["rival"]), ("nobody's", [], ["nobody's"]), ("late", ["a"], [])):
        row = only(rows, feedback_id=name)
        key = {word: row[word] for word in ("source", "lead_id", "feedback_kind", "feedback_id")}
        found = trace(mart_wh, "sales_feedback", key)
        assert [each["lead_id"] for each in found.leads] == leads
        assert [each["deal_id"] for each in found.deals] == deals
