"""The daily exchange: what either side gave, what it owed in the evening, and who stands behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from tests.marts import world
from tests.marts.world import noon, put, rows_of
from warehouse import appeals
from warehouse.appeals import Claim, Word
from warehouse.engine import Warehouse
from warehouse.marts.daily_exchange import CHECKS
from warehouse.staging.base import Context
from warehouse.staging.zones import local_date, midnight
from warehouse.trace import trace

BEFORE, DAY, DEBT, WORK = (date(2026, *day) for day in ((4, 1), (4, 8), (4, 15), (5, 6)))
YESTERDAY = date(2026, 6, 20)
Lines = dict[tuple[str, str], tuple[int, int | None]]


def fill(wh: Warehouse) -> None:
    """Ten leads that were called at once, so that delays are published; and on four days what the tests ask for."""
    put(wh, "campaign", {"campaign_id": "c1"}, {"campaign_id": "c2"})
    put(wh, "ad_daily", {"campaign_id": "c1", "day": DAY, "spend_amount": 5},
        {"campaign_id": "c2", "day": DAY, "spend_amount": 0},
        {"level": "account", "campaign_id": "", "day": DAY, "spend_amount": 100})
    prompt = {**{f"t{number}": BEFORE for number in range(10)}, **dict.fromkeys("abc", DAY), "x": BEFORE}
    late = {"late": 49, "same_day": 3, "unwritten": 25}
    put(wh, "lead", *({"lead_id": name, "created_day": day, "person_key": name} for name, day in prompt.items()),
        *({"lead_id": name, "created_day": DEBT} for name in (*late, "idle")),
        {"lead_id": "a2", "created_at": noon(DAY, 1), "created_day": DAY, "person_key": "a"},
        {"lead_id": "y", "created_day": DAY - timedelta(days=1), "person_key": "x"},
        {"lead_id": "m", "created_day": BEFORE, "person_key": "m"},
        {"lead_id": "new", "created_day": YESTERDAY + timedelta(days=1)})
    put(wh, "lead_merge", {"lead_id": "m", "merged_into_id": "x"})
    put(wh, "lead_status", *(given(name, noon(day)) for name, day in prompt.items()),
        *(given(name, noon(DEBT)) for name in ("late", "same_day")),
        *({"lead_id": name, "status": status, "entered_at": at} for name, status, at in (
            ("b", "CONNECTED", noon(DAY, 1)), ("c", "HOT", noon(DAY, 12) - timedelta(seconds=1)),
            ("c", "WRONG", noon(DAY, 12)))))
    put(wh, "activity", *(tried(name, noon(day)) for name, day in prompt.items()),
        *(tried(name, noon(DEBT, hours)) for name, hours in late.items()), *worked())
    put(wh, "deal", *lost(), {"deal_id": "won", "closed_day": DEBT, "deal_amount": 1})
    appeal(wh)


def given(name: str, at: datetime) -> dict[str, Any]:
    """The hand-over of a lead."""
    return {"lead_id": name, "status": "GIVEN", "entered_at": at}


def tried(name: str, at: datetime) -> dict[str, Any]:
    """Its first call."""
    return {"lead_id": name, "activity_id": f"first-{name}", "occurred_at": at, "direction": "outbound",
            "outcome": "busy"}


def lost() -> Iterator[dict[str, Any]]:
    """Deals that were lost with a reason and without, one of a source that never tells any."""
    for name, values in (("told", {"lost_reason": "price"}), ("untold", {}), ("deleted", {"is_archived": True}),
                         ("mute", {"source": "other"})):
        yield {"deal_id": name, "closed_day": DEBT, "is_won": False, "is_lost": True, **values}


def worked() -> Iterator[dict[str, Any]]:
    """A day's work on one person, who has three records, and a call to a lead that is gone."""
    out = {"direction": "outbound", "outcome": "busy", "occurred_at": noon(WORK)}
    for name, lead, values in (
            ("both", "x", {}), ("both", "y", {}), ("merged", "m", {}), ("gone", "nobody", {}),
            ("in", "x", {"direction": "inbound"}), ("robot", "a", {"is_automatic": True}),
            ("met", "x", {"activity_kind": "meeting", "outcome": "completed", "direction": None}),
            ("planned", "x", {"activity_kind": "meeting", "outcome": "scheduled", "direction": None}),
            ("note", "x", {"activity_kind": "note", "outcome": None, "direction": None}),
            ("at_midnight", "x", {"occurred_at": noon(WORK, 12)})):
        yield {"activity_id": name, "lead_id": lead, **out, **values}


def appeal(wh: Warehouse) -> None:
    """One of sales, signed the next day; two of marketing, of which one is withdrawn after two days."""
    signed = appeals.file(wh, Claim("crm", "a", "hot", noon(DEBT).replace(tzinfo=UTC)), word("sales", 0))
    appeals.sign(wh, signed, word("marketing", 1))
    appeals.file(wh, Claim("crm", "b", "reached", None), word("marketing", 1))
    withdrawn = appeals.file(wh, Claim("crm", "c", "lost", None), word("marketing", 1))
    appeals.withdraw(wh, withdrawn, word("marketing", 3))


def word(side: str, days: int) -> Word:
    return Word(side, "An", noon(DEBT + timedelta(days=days)).replace(tzinfo=UTC), "heard it", "call 7")


def play(wh: Warehouse) -> None:
    """A night, published; the checks of the mart hold."""
    world.release(wh, world.night(wh, of=("daily_exchange",)))
    with wh.engine.connect() as conn:
        for check in CHECKS:
            broken = sa.text(f"SELECT COUNT(*) FROM mart.daily_exchange WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name


def lines(wh: Warehouse, day: date, side: str = "") -> Lines:
    """What was given and is owed on a day."""
    return {(row["exchange_side"], row["exchange_item"]): (row["given_count"], row["still_owed_count"])
            for row in rows_of(wh, "daily_exchange", "mart")
            if row["exchange_day"] == day and side in ("", row["exchange_side"])}


def owed(wh: Warehouse, side: str, item: str, days: int = 4) -> list[int | None]:
    """What a side owes of an item in the evening of the day of debts and of the days after it."""
    return [lines(wh, DEBT + timedelta(days=number)).get((side, item), (0, 0))[1] for number in range(days)]


@pytest.fixture(scope="module")
def wh(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A night after all of it."""
    with world.opened(duckdb_template, tmp_path_factory.mktemp("exchange")) as made:
        fill(made)
        play(made)
        yield made


def test_what_marketing_gives(wh: Warehouse) -> None:
    """Unique leads, the qualified ones among them, campaigns that spent; not the rest that no campaign explains."""
    assert lines(wh, DAY, "marketing") == {
        ("marketing", "leads"): (3, None), ("marketing", "qualified_leads"): (1, None),
        ("marketing", "campaigns"): (1, None)}


def test_what_sales_does(wh: Warehouse) -> None:
    """A call counts once whoever it concerned, a person once a day; what came in, was planned or automatic does not."""
    assert lines(wh, WORK, "sales") == {
        ("sales", "calls"): (3, None), ("sales", "leads_worked"): (1, 0), ("sales", "meetings"): (1, None),
        ("sales", "notes"): (1, None), ("sales", "lost_reasons"): (0, 1), ("sales", "appeal_answers"): (0, 1)}


def test_the_day_ends_at_midnight_of_the_business(wh: Warehouse) -> None:
    """The last second belongs to the day, midnight to the next one; a day that is not over has no lines."""
    assert [lines(wh, DAY + timedelta(days=number)).get(("sales", "verdicts")) for number in range(3)] == [
        (1, None), (1, None), None]
    assert lines(wh, WORK + timedelta(days=1))["sales", "calls"] == (1, None)
    assert max(row["exchange_day"] for row in rows_of(wh, "daily_exchange", "mart")) == YESTERDAY
    day = next(row for row in rows_of(wh, "daily_exchange", "mart") if row["exchange_day"] == DAY)
    assert (day["begins_at"], day["ends_at"]) == (noon(DAY, -12), noon(DAY, 12))


def test_leads_that_wait(wh: Warehouse) -> None:
    """Owed from the evening of the due day until the day of the attempt, by who had the lead."""
    assert owed(wh, "sales", "leads_worked") == [1, 1, 0, 0]
    assert owed(wh, "unknown", "leads_worked") == [1, 0, 0, 0]
    assert owed(wh, "routing", "leads_worked") == [1, 1, 1, 1]
    assert lines(wh, YESTERDAY)["routing", "leads_worked"] == (0, 1)


def test_lost_deals_without_a_reason(wh: Warehouse) -> None:
    """Owed until the reason is there; nothing for deals that are gone, nor by a source that never tells."""
    assert lines(wh, DEBT)["sales", "lost_reasons"] == (1, 1)
    assert owed(wh, "sales", "lost_reasons") == [1, 1, 1, 1]


def test_appeals_ask_for_an_answer(wh: Warehouse) -> None:
    """The other side owes it until it signs or the appeal is withdrawn; what rests on an appeal is no verdict."""
    assert (lines(wh, DEBT)["sales", "appeals"], owed(wh, "marketing", "appeal_answers")) == ((1, None), [1, 0, 0, 0])
    assert owed(wh, "sales", "appeal_answers") == [0, 2, 2, 1]
    assert lines(wh, DEBT + timedelta(days=1))["marketing", "appeal_answers"] == (1, 0)
    assert ("sales", "verdicts") not in lines(wh, DEBT)


@pytest.mark.parametrize(("day", "side", "item", "names"), [
    (DAY, "marketing", "leads", "abc"), (DAY, "marketing", "qualified_leads", "b"), (DAY, "sales", "verdicts", "c"),
    (WORK, "sales", "notes", "x"), (WORK, "sales", "calls", "xy"), (DEBT, "sales", "appeals", "a"),
    (DEBT, "marketing", "appeal_answers", "a"), (DEBT + timedelta(days=1), "sales", "appeal_answers", "bc"),
    (DEBT + timedelta(days=3), "sales", "appeal_answers", "b")])
def test_who_stands_behind_a_line(wh: Warehouse, day: date, side: str, item: str, names: str) -> None:
    """The leads that were given, or are owed something."""
    found = trace(wh, "daily_exchange", key(day, side, item))
    assert "".join(sorted(row["lead_id"] for row in found.leads)) == names


def key(day: date, side: str, item: str) -> dict[str, str]:
    return {"exchange_day": day.isoformat(), "exchange_side": side, "exchange_item": item}


def test_what_stands_behind_debts(wh: Warehouse) -> None:
    """The leads that waited that evening, the deals without a reason beside those with one, and the spend."""
    for side, names in (("sales", {"late", "same_day"}), ("routing", {"idle"}), ("unknown", {"unwritten"})):
        found = trace(wh, "daily_exchange", key(DEBT, side, "leads_worked"))
        assert {row["lead_id"] for row in found.leads} == names
    deals = trace(wh, "daily_exchange", key(DEBT, "sales", "lost_reasons")).deals
    assert {row["deal_id"] for row in deals} == {"told", "untold"}
    ads = trace(wh, "daily_exchange", key(DAY, "marketing", "campaigns")).ads
    assert {row["spend_amount"] for row in ads} >= {5}


def test_a_reason_that_comes_late(either_wh: Warehouse) -> None:
    """It pays the debt of all days since the deal was lost; deals lost on the day count as given once it is there."""
    put(either_wh, "deal", *lost())
    play(either_wh)
    assert lines(either_wh, DEBT) == {("sales", "lost_reasons"): (1, 1)}
    put(either_wh, "deal", *({**deal, "lost_reason": "timing"} for deal in lost() if deal["deal_id"] == "untold"))
    play(either_wh)
    assert lines(either_wh, DEBT) == {("sales", "lost_reasons"): (2, 0)}
    assert lines(either_wh, YESTERDAY) == {}


@pytest.mark.parametrize(("zone", "night"), [
    ("Asia/Ho_Chi_Minh", date(2026, 7, 1)), ("Europe/Berlin", date(2026, 3, 29)), ("Europe/Berlin", date(2026, 10, 25)),
    ("America/Sao_Paulo", date(2018, 11, 4))])
def test_days_of_a_zone(mart_wh: Warehouse, zone: str, night: date) -> None:
    """As the zone's own clock says, before, at and after it is put forward or back, be it at midnight."""
    place, ctx = ZoneInfo(zone), Context(world.NIGHT, zone, "VND", 7)
    seconds = [noon(night, -12) + timedelta(hours=hours) - timedelta(seconds=short)
               for hours in range(32) for short in (0, 1)]
    asked = sa.union_all(*(sa.select(sa.literal(at, sa.DateTime()).label("at")) for at in seconds)).subquery("asked")
    told = sa.select(asked.c.at, local_date(ctx, asked.c.at).label("day")).subquery("told")
    with mart_wh.engine.connect() as conn:
        for at, found, start in conn.execute(sa.select(told, midnight(ctx, told.c.day))):
            assert found == at.replace(tzinfo=UTC).astimezone(place).date()
            before, first = ((start - timedelta(seconds=short)).replace(tzinfo=UTC).astimezone(place).date()
                             for short in (1, 0))
            assert (before, first) == (found - timedelta(days=1), found)
