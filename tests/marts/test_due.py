"""Until when a lead is to be attempted: kinds, business hours, days off, and every border between them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial

from crosscheck.rules import LeadKind, Rules, default_rules
from tests.marts import world
from tests.marts.world import put, rows_of
from warehouse.engine import Warehouse

#: Created and due, by the clock in Hưng Yên; 30 April and 1 May 2026 are days off, 3 May is a Sunday.
BUSINESS = {
    "2026-04-08 07:59:59": "2026-04-08 09:00:00", "2026-04-08 08:00:00": "2026-04-08 09:00:00",
    "2026-04-08 12:00:01": "2026-04-08 13:00:01", "2026-04-08 16:30:00": "2026-04-08 17:30:00",
    "2026-04-08 16:30:01": "2026-04-09 08:00:01", "2026-04-08 17:29:59": "2026-04-09 08:59:59",
    "2026-04-08 17:30:00": "2026-04-09 09:00:00", "2026-04-08 23:59:59": "2026-04-09 09:00:00",
    "2026-04-11 17:00:00": "2026-04-13 08:30:00", "2026-04-12 10:00:00": "2026-04-13 09:00:00",
    "2026-04-29 17:10:00": "2026-05-02 08:40:00", "2026-04-30 09:00:00": "2026-05-02 09:00:00"}

#: A night of these tests: the tables in question, and what they read.
night = partial(world.night, of=("leak_evidence",))
NOW = "2026-04-08 20:00:00"


def utc(text: str) -> datetime:
    """An instant as the warehouse keeps it."""
    return datetime.fromisoformat(f"{text}+07:00").astimezone(UTC).replace(tzinfo=None)


def rules(*kinds: LeadKind) -> Rules:
    """The shipped rules with other kinds before the last."""
    sla = default_rules().sla
    head = replace(sla.head, version="-".join(str(kind.when) for kind in kinds))
    return replace(default_rules(), sla=replace(sla, head=head, kinds=(*kinds, sla.kinds[-1])))


def kind(name: str, minutes: int, **when: tuple[str, ...]) -> LeadKind:
    """A kind whose minutes pass by the clock."""
    return LeadKind(name, minutes, in_business_hours=False, when=when)


def lead(name: str, created: str, **values: object) -> dict[str, object]:
    """A lead by its local instant of creation."""
    return {"lead_id": name, "created_at": utc(created), "created_day": date.fromisoformat(created[:10]), **values}


def test_an_hour_of_business(either_wh: Warehouse) -> None:
    """What the day does not hold passes from the next opening on."""
    put(either_wh, "lead", *(lead(created, created) for created in BUSINESS))
    night(either_wh)
    found = {row["lead_id"]: row["due_at"] for row in rows_of(either_wh, "leak_evidence")}
    assert found == {created: utc(due) for created, due in BUSINESS.items()}


def test_the_first_kind_that_fits(either_wh: Warehouse) -> None:
    """Every list of a kind must name the lead; an empty one names nobody, and what is not known fits nothing."""
    kinds = (kind("nobodys", 1, forms=()), kind("nowhere", 1, landing_pages=()),
             kind("hot", 15, forms=("f1",), sources=("crm",)), kind("page", 1440, landing_pages=("x.example/a_b",)))
    put(either_wh, "lead", lead("hot", NOW, form_id="f1", landing_page="x.example/a_b"),
        lead("elsewhere", NOW, form_id="f1", source="other"), lead("page", NOW, landing_page="x.example/a_b/c"),
        lead("near", NOW, landing_page="x.example/aXb"), lead("bare", NOW))
    night(either_wh, rules=rules(*kinds))
    rows = {row["lead_id"]: (row["lead_kind"], row["due_at"]) for row in rows_of(either_wh, "leak_evidence")}
    later = utc("2026-04-09 09:00:00")
    assert rows == {"hot": ("hot", utc("2026-04-08 20:15:00")), "page": ("page", utc("2026-04-09 20:00:00")),
                    **dict.fromkeys(("elsewhere", "near", "bare"), ("form", later))}


def test_a_changed_promise_judges_history_anew(either_wh: Warehouse) -> None:
    """Other hours are another version: the calendar is made again, and everything with it."""
    put(either_wh, "lead", lead("l", "2026-04-12 10:00:00"))
    night(either_wh)
    sla = default_rules().sla
    sunday = replace(sla, head=replace(sla.head, version="sundays too"),
                     hours=replace(sla.hours, weekdays=(*range(7),)))
    assert night(either_wh, rules=replace(default_rules(), sla=sunday)).full
    assert [row["due_at"] for row in rows_of(either_wh, "leak_evidence")] == [utc("2026-04-12 11:00:00")]
