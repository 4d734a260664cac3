"""Who is one person: what links, what is refused, and that it depends on nothing but the records."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscheck.canonical import LEAD, LEAD_MERGE
from tests.marts.world import NIGHT, everything, night, noon, only, put, release, row, rows_of, take
from warehouse import ddl
from warehouse.build import context
from warehouse.engine import Warehouse
from warehouse.staging.persons import EMAILS_OF_A_PHONE, PHONES_OF_AN_EMAIL, components, lead_person
from warehouse.trace import trace

DAY = date(2026, 4, 8)
Group = frozenset[str]


def lead(name: str, email: str | None = None, phone: str | None = None, **more: Any) -> dict[str, Any]:
    """A lead with this contact; one that left none is known by a key of its own."""
    return {"lead_id": name, "created_day": DAY, "person_key": email or phone or f"own-{name}",
            "email_hash": email, "phone_hash": phone} | more


def persons(wh: Warehouse, leads: Iterable[Mapping[str, Any]], merges: Iterable[tuple[str, str]] = ()) -> set[Group]:
    """The leads by person, when these and no others are on record."""
    with wh.engine.begin() as conn:
        for record, rows in ((LEAD, leads), (LEAD_MERGE, ({"lead_id": one, "merged_into_id": into}
                                                          for one, into in merges))):
            conn.execute(sa.delete(ddl.table(record)))
            if whole := [row(record.name, **each) | each for each in rows]:
                conn.execute(sa.insert(ddl.table(record)), whole)
        there, found = ddl.table(LEAD), context(wh.settings, NIGHT, conn).step(lead_person)
        key = sa.func.coalesce(found.c.person_key, there.c.person_key)
        known = conn.execute(sa.select(there.c.lead_id, key).outerjoin_from(
            there, found, sa.and_(found.c.source == there.c.source, found.c.lead_id == there.c.lead_id))).all()
    return {frozenset(name for name, person in known if person == each) for _, each in known}


def alone(*names: str) -> set[Group]:
    """Each by itself."""
    return {frozenset((name,)) for name in names}


A, B, C, D, E = "abcde"
ALL = frozenset((A, B, C))
CASES: dict[str, tuple[Sequence[Mapping[str, Any]], Sequence[tuple[str, str]], set[Group]]] = {
    "one mail": ([lead(A, "m", "1"), lead(B, "m", "2")], (), {frozenset((A, B))}),
    "one phone, two mails": ([lead(A, "m", "1"), lead(B, "n", "1")], (), {frozenset((A, B))}),
    "a chain": ([lead(A, "m"), lead(B, "m", "1"), lead(C, "n", "1")], (), {ALL}),
    "nothing in common": ([lead(A, "m", "1"), lead(B, "n", "2"), lead(C)], (), alone(A, B, C)),
    "as many mails as one may have": (
        [lead(name, name, "1") for name in "abcd"[:EMAILS_OF_A_PHONE]], (), {frozenset("abcd"[:EMAILS_OF_A_PHONE])}),
    "a switchboard": ([*(lead(name, name, "1") for name in (A, B, C, D)), lead(E, None, "1"), lead("f", None, "1")], (),
                      alone(A, B, C, D, E, "f")),
    "a switchboard, and a mail": (
        [*(lead(name, name, "1") for name in (A, B, C, D)), lead(E, A, "1")], (), {frozenset((A, E)), *alone(B, C, D)}),
    "a company's mailbox": ([lead(name, "m", name) for name in "abcde"[:PHONES_OF_AN_EMAIL + 1]], (),
                            alone(*"abcde"[:PHONES_OF_AN_EMAIL + 1])),
    "ten forms alike": ([lead(str(n), "m", "1") for n in range(10)], (), {frozenset(map(str, range(10)))}),
    "a click of two who do not contradict": ([lead(A, "m", fbclid="x"), lead(B, None, "1", fbclid="x")], (),
                                             {frozenset((A, B))}),
    "a forwarded click": ([lead(A, "m", fbclid="x"), lead(B, "n", fbclid="x")], (), alone(A, B)),
    "a form id under two phones": ([lead(A, "m", "1", vendor_lead_id="x"), lead(B, None, "2", vendor_lead_id="x")], (),
                                   alone(A, B)),
    "a click of no single person": ([lead(A, "m", gbraid="x"), lead(B, None, "1", gbraid="x")], (), alone(A, B)),
    "a merge": ([lead(A, "m"), lead(B, "n")], ((A, B),), {frozenset((A, B))}),
    "a merge that brings a mail along": ([lead(A, "m"), lead(B, "n"), lead(C, "m")], ((A, B),), {ALL}),
    "a chain of merges": ([lead(A, "m"), lead(B, "n"), lead(C, "o")], ((A, B), (B, C)), {ALL}),
    "two merges of which no record is left": ([lead(C, "o")], ((A, C), (B, C)), alone(C)),
}


def test_by_hand(either_wh: Warehouse) -> None:
    """Each rule, at its border and beyond it."""
    for case, (leads, merges, expected) in CASES.items():
        assert persons(either_wh, leads, merges) == expected, case


@dataclass(frozen=True)
class Records:
    """Leads and merges as they might be on record."""

    leads: tuple[dict[str, Any], ...]
    merges: tuple[tuple[str, str], ...]


contact = st.tuples(st.sampled_from((None, "m", "n", "o", "p", "q")), st.sampled_from((None, "1", "2", "3", "4", "5")),
                    st.sampled_from((None, None, "x", "y")))


@st.composite
def records(draw: st.DrawFn) -> Records:
    """Up to nine leads of few contacts and clicks, and merges into older ones."""
    told = draw(st.lists(contact, min_size=1, max_size=9))
    leads = tuple(lead(str(n), mail, phone, fbclid=click, created_at=noon(DAY, n // 2))
                  for n, (mail, phone, click) in enumerate(told))
    pairs = draw(st.lists(st.sampled_from(list(combinations(range(len(leads)), 2)) or [(0, 0)]), max_size=3,
                          unique_by=lambda pair: pair[1]))
    return Records(leads, tuple((str(away), str(into)) for into, away in pairs if into != away))


def by_hand(told: Records) -> set[Group]:
    """The same rules by following every link until nobody is added."""
    def values(group: Sequence[Mapping[str, Any]], name: str) -> int:
        return len({one[name] for one in group} - {None})

    links = [frozenset(pair) for pair in told.merges]
    for name, other in (("email_hash", "phone_hash"), ("phone_hash", "email_hash"), ("fbclid", None)):
        for value in {one[name] for one in told.leads} - {None}:
            group = [one for one in told.leads if one[name] == value]
            most = max(values(group, "email_hash"), values(group, "phone_hash")) if other is None else 1
            if most <= 1 and (other is None or values(group, other) <= 3):
                links.append(frozenset(one["lead_id"] for one in group))
    found = {frozenset((one["lead_id"],)) for one in told.leads}
    for link in links:
        met = {group for group in found if group & link}
        found = (found - met) | {frozenset().union(*met)}
    return found


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(told=records(), seed=st.integers(0, 99))
def test_only_the_records_count(mart_wh: Warehouse, told: Records, seed: int) -> None:
    """In whatever order they arrive: who shares is followed to the end, and without a merge all is as it was."""
    shuffled = list(told.leads)
    random.Random(seed).shuffle(shuffled)
    assert persons(mart_wh, shuffled, reversed(told.merges)) == by_hand(told)
    assert persons(mart_wh, told.leads) == by_hand(Records(told.leads, ()))


def test_a_long_chain_is_one_person() -> None:
    """A hundred thousand leads, each of which shares one alias with the next."""
    pairs = [(n + step, n + 1, True) for n in range(100_000) for step in (0, 1)]
    found = components(pairs).to_pydict()
    assert len(set(found["component_no"])) == 1
    assert found["lead_no"][-1] == 100_000
    assert components([]).num_rows == 1


def test_every_link_and_every_refusal_has_its_row(mart_wh: Warehouse) -> None:
    """A chain, a forwarded click and a merge of a record that was never read; a row opens to its person's leads."""
    put(mart_wh, "lead", lead(A, "m"), lead(B, "m", "1", created_at=noon(DAY, 1)),
        lead(C, "n", "1", created_at=noon(DAY, 2), fbclid="x"), lead(D, "o", fbclid="x"))
    put(mart_wh, "lead_merge", {"lead_id": "gone", "merged_into_id": D})
    release(mart_wh, night(mart_wh, of=["person_alias"]))
    rows = rows_of(mart_wh, "person_alias", "mart")
    assert {(each["lead_id"], each["alias_kind"], each["person_key"], each["refused_because"]) for each in rows} == {
        (A, "email", "m", None), (B, "email", "m", None), (B, "phone", "m", None), (C, "phone", "m", None),
        (C, "fbclid", "m", "conflict"), (D, "fbclid", "o", "conflict"), (D, "crm_merge", "o", None),
        ("gone", "crm_merge", "o", None)}
    phone = only(rows, lead_id=B, alias_kind="phone")
    assert (phone["alias_no"], phone["alias_lead_count"], phone["alias_email_count"], phone["alias_phone_count"]) == (
        3, 2, 2, 1)
    assert only(rows, lead_id="gone")["alias_key"] == "crm/d"
    opened = trace(mart_wh, "person_alias", {"lead_id": B, "alias_kind": "phone"})
    assert [each["lead_id"] for each in opened.leads] == [A, B, C]
    assert only(rows_of(mart_wh, "lead_fact", "mart"), lead_id=C)["head_lead_id"] == A


def test_an_undone_link_leaves_nothing_behind(mart_wh: Warehouse) -> None:
    """A merge and a fourth address on a shared number come and go: night by night exactly what a whole build says."""
    put(mart_wh, "lead", lead(A, "m", "1"), lead(B, "n", "1", created_at=noon(DAY, 1)),
        lead(C, "o", "1", created_at=noon(DAY, 2)), lead(E, "p", created_at=noon(DAY, 3)))
    of = ["person_alias"]
    release(mart_wh, night(mart_wh, of=of))
    first = {name: everything(mart_wh)[name] for name in ("lead_fact", "person_alias")}
    assert [each["is_unique"] for each in first["lead_fact"]] == [True, False, False, True]

    put(mart_wh, "lead", lead(D, "q", "1", created_at=noon(DAY, 4)))
    put(mart_wh, "lead_merge", {"lead_id": B, "merged_into_id": E})
    release(mart_wh, night(mart_wh, of=of))
    between = everything(mart_wh)["lead_fact"]
    assert {each["lead_id"]: each["is_unique"] for each in between} == {A: True, C: True, D: True, E: True}

    take(mart_wh, "lead", {"lead_id": D})
    take(mart_wh, "lead_merge", {"lead_id": B})
    release(mart_wh, night(mart_wh, of=of))
    assert {name: everything(mart_wh)[name] for name in first} == first
