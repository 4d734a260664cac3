"""Test leads: known by any agreed sign, nobody's person, set aside in the open, and never with anybody's money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

import pytest

from connectors.people import Hasher
from crosscheck.errors import ConfigError
from crosscheck.rules import Rules
from tests.marts import world
from tests.marts.world import noon, only, put, release, rows_of
from warehouse.engine import Warehouse

KEY = "a-key-of-thirty-two-characters-ok"
DAY = date(2026, 4, 8)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSCHECK_PRIVACY_KEY", KEY)


def agreed(**signs: tuple[str, ...]) -> Rules:
    """The shipped rules with these signs of a test, as another version of the file."""
    nothing: dict[str, tuple[str, ...]] = {"utm_sources": (), "utm_campaigns": ()}
    shipped = world.RULES.test_leads
    head = replace(shipped.head, version=str(signs))
    return replace(world.RULES, test_leads=replace(shipped, head=head, **{**nothing, **signs}))


SIGNS = agreed(email_domains=("own.vn",), emails=("an@agency.vn",), phones=("0901 234 567",), utm_sources=("test",),
               utm_campaigns=("try me",))


def lead(name: str, email: str | None = None, phone: str | None = None, **more: Any) -> dict[str, Any]:
    """A lead with this contact, hashed as connectors do."""
    person = asdict(Hasher(KEY).person("crm", name, email, phone))
    return {"lead_id": name, "created_day": DAY, "owner_id": "an", **person, **more}


def facts(wh: Warehouse, schema: str = "mart_next") -> dict[str, Mapping[str, Any]]:
    return {row["lead_id"]: row for row in rows_of(wh, "lead_fact", schema)}


def test_each_sign_is_enough(either_wh: Warehouse) -> None:
    """Domain, address, number in any spelling, source and campaign of the link; what only resembles one is none."""
    put(either_wh, "lead", lead("domain", "Web@OWN.vn"), lead("mail", "An@agency.vn"),
        lead("phone", None, "+84901234567"), lead("source", "x@y.vn", utm_source="TEST"),
        lead("campaign", "z@y.vn", utm_campaign_norm="try me"),
        lead("subdomain", "web@not.own.vn"), lead("suffix", "web@shown.vn"), lead("colleague", "binh@agency.vn"),
        lead("other", None, "0901234568"), lead("medium", "w@y.vn", utm_source="tested", utm_medium="test"))
    world.night(either_wh, of=("lead_fact",), rules=SIGNS)
    found = facts(either_wh)
    assert {name for name, row in found.items() if row["is_test"]} == {"domain", "mail", "phone", "source", "campaign"}
    assert all(row["is_unique"] is not row["is_test"] for row in found.values())


def test_a_test_is_nobodys_record(mart_wh: Warehouse) -> None:
    """Who tries a form out under a customer's address is not the customer; the customer's record stays the first."""
    put(mart_wh, "lead", lead("trial", "c@y.vn", "0912345678", utm_source="test", fbclid="f"),
        lead("real", "c@y.vn", "0912345678", fbclid="f", created_at=noon(DAY, 1)),
        lead("again", "c@y.vn", created_at=noon(DAY, 2)))
    put(mart_wh, "lead_status", *({"lead_id": name, "status": "HOT", "entered_at": noon(DAY, 3)}
                                  for name in ("trial", "real")))
    world.night(mart_wh, of=("person_alias", "daily_exchange", "touch"), rules=SIGNS)
    found = facts(mart_wh)
    assert {name: (row["head_lead_id"], row["is_unique"], row["hot_at"]) for name, row in found.items()} == {
        "trial": ("trial", False, None), "real": ("real", True, noon(DAY, 3)), "again": ("real", False, None)}
    assert {row["lead_id"] for row in rows_of(mart_wh, "person_alias")} == {"real", "again"}
    assert {row["lead_id"] for row in rows_of(mart_wh, "touch")} == {"real", "again"}
    assert only(rows_of(mart_wh, "daily_exchange"), exchange_item="leads")["given_count"] == 1
    assert only(rows_of(mart_wh, "daily_exchange"), exchange_item="verdicts")["given_count"] == 1


def test_set_aside_in_the_open(mart_wh: Warehouse) -> None:
    """In the waterfall under its own cause, worth nothing, beside a repeat; and the leads of the CRM still tie out."""
    put(mart_wh, "lead", lead("trial", "web@own.vn"), lead("real", "c@y.vn"),
        lead("again", "c@y.vn", created_at=noon(DAY, 2)), lead("gone", "g@y.vn"))
    put(mart_wh, "lead_merge", {"lead_id": "gone", "merged_into_id": "real"})
    put(mart_wh, "deal", {"deal_id": "d", "lead_id": "real", "closed_day": DAY + timedelta(days=2), "deal_amount": 7})
    world.night(mart_wh, of=("leak_waterfall", "tieout"), rules=SIGNS)
    rows = {row["leak_cause"]: row for row in rows_of(mart_wh, "leak_waterfall")}
    assert {cause: (row["lead_count"], row["unique_lead_count"], row["leak_owner"], row["leak_revenue_amount"])
            for cause, row in rows.items()} == {
        "test_lead": (1, 1, "nobody", 0), "duplicate": (1, 1, "nobody", 0), "won": (1, 1, "nobody", 7)}
    tied = only(rows_of(mart_wh, "tieout"), statement="leads_in")
    assert (tied["crm_count"], tied["told_count"], tied["explained_count"], tied["difference_count"]) == (4, 3, 1, 0)


def test_who_carries_a_deal_is_no_test(mart_wh: Warehouse) -> None:
    """From the night on that sees the deal, be it on a record merged into the lead; by parts as whole."""
    put(mart_wh, "lead", lead("a", "web@own.vn"), lead("b", "b@own.vn"), lead("m", "m@own.vn"), lead("c", "c@own.vn"))
    put(mart_wh, "lead_merge", {"lead_id": "m", "merged_into_id": "b"})
    marts = ("leak_waterfall", "touch", "person_alias", "daily_exchange")
    release(mart_wh, world.night(mart_wh, of=marts, rules=SIGNS))
    assert all(row["is_test"] for row in facts(mart_wh, "mart").values())
    put(mart_wh, "deal", *({"deal_id": name, "lead_id": name, "closed_day": DAY, "deal_amount": 7} for name in "am"))
    report = world.night(mart_wh, of=marts, rules=SIGNS)
    assert not report.full
    release(mart_wh, report)
    assert {name for name, row in facts(mart_wh, "mart").items() if row["is_test"]} == {"c"}
    world.night(mart_wh, of=marts, full=True, rules=SIGNS)
    for name in ("lead_fact", "deal_fact", *marts):
        assert rows_of(mart_wh, name, "mart") == rows_of(mart_wh, name)


def test_a_changed_sign_judges_history(mart_wh: Warehouse) -> None:
    """Another version of the file sets other leads aside, and back."""
    put(mart_wh, "lead", lead("a", "web@own.vn"), lead("b", "b@y.vn"))
    for rules, tests in ((agreed(), set()), (SIGNS, {"a"}), (agreed(email_domains=("y.vn",)), {"b"})):
        report = world.night(mart_wh, of=("lead_fact",), rules=rules)
        assert report.full
        release(mart_wh, report)
        assert {name for name, row in facts(mart_wh, "mart").items() if row["is_test"]} == tests


def test_a_sign_that_cannot_be(mart_wh: Warehouse) -> None:
    """A number that nobody can dial would set nobody aside without a word."""
    with pytest.raises(ConfigError, match="1 of phones cannot exist"):
        world.night(mart_wh, of=("lead_fact",), rules=agreed(phones=("0901 234 567", "12")))
