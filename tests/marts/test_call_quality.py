"""Calls: how they ended, how they were judged, and which ones are to be listened to."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from tests.marts import world
from tests.marts.world import NIGHT, everything, noon, only, put, release, rows_of, take
from warehouse.engine import Warehouse
from warehouse.marts import call_quality, review_sample

#: A night of these tests: the tables in question.
night = partial(world.night, of=("call_quality", "review_sample"))

DAY, YESTERDAY, TODAY = date(2026, 4, 30), date(2026, 6, 20), date(2026, 6, 21)


def called(wh: Warehouse, name: str, outcome: str | None = "answered", seconds: int | None = 60, day: date = DAY,
           **values: Any) -> None:
    """A call of 'an' on lead l, that went out."""
    put(wh, "activity", {"activity_id": name, "lead_id": "l", "occurred_at": noon(day), "outcome": outcome,
                         "duration_seconds": seconds, "direction": "outbound", "actor_id": "an", **values})


def checked(wh: Warehouse, name: str = "call_quality") -> list[dict[str, Any]]:
    """The rows of a table after a build; the checks of both hold."""
    with wh.engine.connect() as conn:
        for mart in (call_quality.MART, review_sample.MART):
            for check in mart.checks:
                broken = sa.text(f"SELECT COUNT(*) FROM mart_next.{mart.name} WHERE ({check.predicate}) IS NOT TRUE")
                assert conn.scalar(broken) == 0, check.name
    return rows_of(wh, name)


def test_every_call_ends_in_one_way(mart_wh: Warehouse) -> None:
    """Each outcome once, unknown words and none apart, calls that came in apart; a machine's call is none."""
    for outcome in ("answered", "busy", "no_answer", "voicemail", "wrong_number", None, "line on fire"):
        called(mart_wh, str(outcome), outcome)
    called(mart_wh, "short", seconds=19, has_recording=True)
    called(mart_wh, "long", seconds=20, has_recording=False)
    called(mart_wh, "untimed", seconds=None)
    called(mart_wh, "in", direction="inbound", has_recording=True)
    called(mart_wh, "undirected", "busy", direction=None)
    called(mart_wh, "robot", is_automatic=True)
    called(mart_wh, "mail", activity_kind="mail")
    called(mart_wh, "busy", "busy", lead_id="other")
    night(mart_wh)
    (row,) = checked(mart_wh)
    names = ("call_count", "inbound_count", "answered_count", "busy_count", "no_answer_count", "voicemail_count",
             "wrong_number_count", "unrecorded_count")
    assert [row[name] for name in names] == [12, 1, 4, 2, 1, 1, 1, 2]
    known = ("outcome_known_count", "duration_known_count", "recording_known_count", "recording_count",
             "short_answer_count")
    assert [row[name] for name in known] == [9, 3, 2, 1, 1]
    assert (row["owner_id"], row["worked_month"], row["answered_rate"]) == ("an", date(2026, 4, 1), None)


def test_by_caller_and_month(mart_wh: Warehouse) -> None:
    """The day of the business zone decides the month, and who called, not who has the lead; nobody is (none)."""
    called(mart_wh, "april")
    called(mart_wh, "may", occurred_at=noon(DAY, 12.5), occurred_day=date(2026, 5, 1))
    called(mart_wh, "nobody", actor_id=None)
    put(mart_wh, "lead", {"lead_id": "l", "created_day": DAY, "owner_id": "binh"})
    night(mart_wh)
    assert [(row["owner_id"], row["worked_month"].month, row["call_count"]) for row in checked(mart_wh)] == [
        ("(none)", 4, 1), ("an", 4, 1), ("an", 5, 1)]


def test_shares_and_medians_need_twenty(mart_wh: Warehouse) -> None:
    """19 say nothing, 20 do; the median is the smallest length that half did not exceed."""
    for number in range(19):
        called(mart_wh, f"c{number}", seconds=number)
    night(mart_wh)
    assert [checked(mart_wh)[0][name] for name in ("is_small_sample", "p50_talk_seconds", "answered_rate")] == [
        True, None, None]
    called(mart_wh, "dead", "wrong_number", None)
    night(mart_wh)
    (row,) = checked(mart_wh)
    assert (row["answered_rate"], row["wrong_number_rate"], row["p50_talk_seconds"]) == (0.95, 0.05, None)
    assert row["answered_rate_low"] < 0.95 < row["answered_rate_high"]
    called(mart_wh, "last", seconds=100)
    night(mart_wh)
    assert checked(mart_wh)[0]["p50_talk_seconds"] == 9


def test_judgements(mart_wh: Warehouse) -> None:
    """Two judges of one call are two judgements of one call; a judgement that comes later moves its call's month."""
    called(mart_wh, "a")
    called(mart_wh, "b", direction="inbound")
    release(mart_wh, night(mart_wh))
    said = {"reviewed_at": noon(YESTERDAY)}
    put(mart_wh, "call_review", {"activity_id": "a", "review_score": 4, **said},
        {"activity_id": "a", "reviewer_id": "minh", "review_score": 1, **said},
        {"activity_id": "b", "review_score": 5, **said}, {"activity_id": "gone", **said},
        {"activity_id": "a", "call_source": "another", **said})
    report = night(mart_wh)
    assert not report.full
    (row,) = checked(mart_wh)
    names = ("reviewed_count", "review_count", "review_score_total", "score_per_review_ratio")
    assert [row[name] for name in names] == [2, 3, 10, None]
    put(mart_wh, "call_review", *({"activity_id": "a", "reviewer_id": f"r{number}", **said} for number in range(17)))
    night(mart_wh)
    assert checked(mart_wh)[0]["score_per_review_ratio"] == 4.75


def test_a_call_that_moves_or_goes_is_built_again(mart_wh: Warehouse) -> None:
    """Both months are, the old and the new; by parts as whole."""
    called(mart_wh, "a")
    called(mart_wh, "b")
    called(mart_wh, "c", day=YESTERDAY)
    release(mart_wh, night(mart_wh))
    called(mart_wh, "a", day=date(2026, 5, 2))
    take(mart_wh, "activity", {"activity_id": "c", "lead_id": "l"})
    report = night(mart_wh)
    assert not report.full
    release(mart_wh, report)
    by_parts = everything(mart_wh)
    assert [row["worked_month"].month for row in by_parts["call_quality"]] == [4, 5]
    night(mart_wh, full=True)
    assert by_parts == everything(mart_wh, "mart_next")


def test_the_lot(mart_wh: Warehouse) -> None:
    """Of each day that is over, two of each caller and group, by the hash of day and call, whatever is recorded."""
    names = [f"c{number}" for number in range(9)]
    for name in names:
        called(mart_wh, name, seconds=20, day=YESTERDAY)
    called(mart_wh, "short", seconds=19, day=YESTERDAY)
    called(mart_wh, "untimed", seconds=None, day=YESTERDAY, actor_id="binh")
    called(mart_wh, "dead", "wrong_number", day=YESTERDAY, has_recording=False)
    called(mart_wh, "told", None, day=YESTERDAY, actor_id="binh")
    called(mart_wh, "busy", "busy", day=YESTERDAY, direction="inbound")
    called(mart_wh, "before", day=YESTERDAY - timedelta(days=1))
    called(mart_wh, "today", day=TODAY)
    night(mart_wh)
    rows = checked(mart_wh, "review_sample")
    order = sorted(names, key=lambda name: hashlib.md5(f"2026-06-20|crm|{name}".encode()).hexdigest())
    assert {row["draw_no"]: row["activity_id"] for row in rows if row["activity_id"] in names} == {
        1: order[0], 2: order[1]}
    assert only(rows, activity_id=order[0])["stratum_call_count"] == 9
    assert {row["activity_id"]: row["outcome_group"] for row in rows if row["activity_id"] not in names} == {
        "short": "short_answer", "untimed": "conversation", "dead": "wrong_number", "told": "unrecorded",
        "busy": "unanswered", "before": "conversation"}


def test_a_day_is_drawn_once_it_is_over(mart_wh: Warehouse) -> None:
    """Not the calls of the day that has begun, though they are known; nothing else need happen until the next night."""
    called(mart_wh, "a", day=YESTERDAY)
    called(mart_wh, "b", day=TODAY)
    drawn = []
    for later in range(3):
        report = night(mart_wh, NIGHT + timedelta(days=later))
        (built,) = (built for built in report.marts if built.table.name == "review_sample")
        release(mart_wh, report)
        drawn.append((built.rows, [row["activity_id"] for row in rows_of(mart_wh, "review_sample", "mart")]))
    assert drawn == [(1, ["a"]), (1, ["a", "b"]), (0, ["a", "b"])]
