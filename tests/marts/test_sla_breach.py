"""Broken promises: when an attempt was due, by whose clock, who had the lead then, and what is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crosscheck.rules import SHIPPED, Rules, load_rules
from tests.marts import world
from tests.marts.world import NIGHT, everything, noon, put, release, rows_of, take
from warehouse.build import BuildReport
from warehouse.engine import Warehouse
from warehouse.marts.sla_breach import CHECKS

WEDNESDAY, SATURDAY = date(2026, 4, 8), date(2026, 2, 14)
NOON = noon(WEDNESDAY)
CALL = {"direction": "outbound", "outcome": "busy"}


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    """A quarter of an hour for one form, a day for one page, an hour of business time for all others."""
    text = (SHIPPED / "sla.yaml").read_text(encoding="utf-8")
    text = text.replace("when: {forms: []}", "when: {forms: [ask]}", 1)
    text = text.replace("when: {forms: []}", 'when: {landing_pages: ["shop.example/100%"], sources: [crm]}', 1)
    (tmp_path / "sla.yaml").write_text(text, encoding="utf-8")
    return load_rules(tmp_path)


def lead(wh: Warehouse, name: str, born: datetime, *, given: datetime | None = None, tried: datetime | None = None,
         **values: Any) -> None:
    """A lead, its hand-over and its first call."""
    put(wh, "lead", {"lead_id": name, "created_at": born, "created_day": born.date(), **values})
    if given is not None:
        put(wh, "lead_status", {"lead_id": name, "status": "GIVEN", "entered_at": given})
    if tried is not None:
        put(wh, "activity", {"lead_id": name, "activity_id": name, "occurred_at": tried, **CALL})


def judged(wh: Warehouse, rules: Rules, at: datetime = NIGHT, *, full: bool = False) -> BuildReport:
    """A night by these rules; the checks of the mart hold."""
    report = world.night(wh, at, full=full, rules=rules, of=("sla_breach",))
    with wh.engine.connect() as conn:
        for check in CHECKS:
            broken = sa.text(f"SELECT COUNT(*) FROM mart_next.sla_breach WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name
    return report


def after(born: datetime, **time: float) -> datetime:
    """An instant so much later."""
    return born + timedelta(**time)


def found(wh: Warehouse, *columns: str, schema: str = "mart_next") -> Mapping[str, tuple[Any, ...]]:
    """Some columns of every row, by lead."""
    return {row["lead_id"]: tuple(row[name] for name in columns) for row in rows_of(wh, "sla_breach", schema)}


def test_when_an_attempt_is_due(mart_wh: Warehouse, rules: Rules) -> None:
    """The first kind that fits decides; the last allowed second is in time; business time rests at night and at Tết."""
    asked = {"form_id": "ask", "landing_page": "shop.example/100%/sofa"}
    fair, other = {"landing_page": "shop.example/100%/sofa"}, {"landing_page": "shop.example/1000"}
    evening, before_tet = noon(WEDNESDAY, 5 + 1 / 6), noon(SATURDAY, 5)  # 17:10 and 17:00 in the business zone
    for name, born, tried, values in (
            ("asked_late", NOON, after(NOON, seconds=901), asked), ("asked", NOON, after(NOON, seconds=900), asked),
            ("fair_late", NOON, after(NOON, hours=24, seconds=1), fair), ("fair", NOON, after(NOON, hours=24), fair),
            ("late", NOON, after(NOON, seconds=3_601), other), ("timely", NOON, after(NOON, seconds=3_600), other),
            ("evening", evening, after(evening, hours=16), {}), ("tet", before_tet, noon(date(2026, 2, 22)), {}),
            ("closing", noon(WEDNESDAY, 4.5), noon(WEDNESDAY, 8), {})):
        lead(mart_wh, name, born, tried=tried, **values)
    judged(mart_wh, rules)
    assert found(mart_wh, "lead_kind", "due_at", "late_seconds", "late_business_seconds") == {
        "asked_late": ("hot", after(NOON, minutes=15), 1, 1),
        "fair_late": ("content", after(NOON, hours=24), 1, 1),
        "late": ("form", after(NOON, hours=1), 1, 1),
        "evening": ("form", datetime(2026, 4, 9, 1, 40), 1_800, 1_800),  # noqa: DTZ001
        "tet": ("form", datetime(2026, 2, 21, 1, 30), 27.5 * 3_600, 9 * 3_600),  # noqa: DTZ001
        "closing": ("form", noon(WEDNESDAY, 5.5), 9_000, 0)}


def test_who_had_the_lead(mart_wh: Warehouse, rules: Rules) -> None:
    """Handed over by the due instant it was sales', later or never the system's; nobody knows what nobody wrote."""
    due, late = after(NOON, hours=1), after(NOON, hours=2)
    lead(mart_wh, "sales", NOON, given=due, tried=late)
    lead(mart_wh, "routing", NOON, given=after(due, seconds=1), tried=late)
    lead(mart_wh, "unwritten", NOON, tried=late)
    lead(mart_wh, "afterwards", NOON, given=after(late, seconds=1), tried=late)
    lead(mart_wh, "forgotten", NOON, given=NOON)
    lead(mart_wh, "lost", NOON)
    lead(mart_wh, "timely", NOON, given=NOON, tried=NOON)
    judged(mart_wh, rules)
    assert found(mart_wh, "owed_by", "is_waiting", "next_action", "late_seconds") == {
        "sales": ("sales", False, None, 3_600), "routing": ("routing", False, None, 3_600),
        "unwritten": ("unknown", False, None, 3_600), "afterwards": ("routing", False, None, 3_600),
        "forgotten": ("sales", True, "attempt", None), "lost": ("routing", True, "assign", None)}
    take(mart_wh, "lead_status", {"lead_id": "sales", "status": "GIVEN", "entered_at": due},
         {"lead_id": "routing", "status": "GIVEN", "entered_at": after(due, seconds=1)})
    judged(mart_wh, rules)
    rows = found(mart_wh, "owed_by", "next_action")
    assert (rows["lost"], rows["unwritten"]) == (("unknown", "attempt"), ("unknown", None))


def test_what_falls_due_between_two_nights(mart_wh: Warehouse, rules: Rules) -> None:
    """Time alone breaks a promise, and so does another form; built by parts as built whole."""
    born = NIGHT.replace(tzinfo=None) - timedelta(hours=17, minutes=1)  # a Saturday's 08:59 in the business zone
    monday = NIGHT + timedelta(days=1, hours=8)
    for number in range(4):
        lead(mart_wh, f"l{number}", NOON, tried=NOON)
    lead(mart_wh, "waits", NIGHT.replace(tzinfo=None) - timedelta(minutes=5))
    lead(mart_wh, "asked", born, tried=after(born, minutes=16))
    release(mart_wh, judged(mart_wh, rules))
    assert found(mart_wh, "owed_by", schema="mart") == {}
    put(mart_wh, "lead", {"lead_id": "asked", "created_at": born, "created_day": born.date(), "form_id": "ask"})
    report = judged(mart_wh, rules, monday)
    assert not report.full
    release(mart_wh, report)
    assert found(mart_wh, "lead_kind", "is_waiting", schema="mart") == {
        "waits": ("form", True), "asked": ("hot", False)}
    by_parts = everything(mart_wh)
    judged(mart_wh, rules, monday, full=True)
    assert by_parts == everything(mart_wh, "mart_next")


def test_a_source_without_calls_breaks_no_promise(mart_wh: Warehouse, rules: Rules) -> None:
    """Where too few attempts are on record, to wait and not to be written down look alike: no row."""
    lead(mart_wh, "l1", NOON, tried=noon(WEDNESDAY, 9))
    lead(mart_wh, "l2", NOON)
    judged(mart_wh, rules)
    assert found(mart_wh, "owed_by") == {}
