"""Who brought the deals: what lies on a way, how each rule divides it, and that nothing is lost or made up."""

from __future__ import annotations

from collections import defaultdict
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
from warehouse.marts import MARTS, chain
from warehouse.marts.credit import PARTS
from warehouse.trace import trace

DAY, JUNE = date(2026, 6, 10), date(2026, 6, 1)
_OURS = [mart for mart in MARTS if mart.name == "touch" or mart.name.startswith("attribution")]
NOBODY = ("(none)", "(unattributed)")


def lead(name: str, days: float, seconds: int = 0, **values: Any) -> dict[str, Any]:
    """A lead of person p, so many days before noon of DAY."""
    at = noon(DAY, -24 * days) + timedelta(seconds=seconds)
    return {"lead_id": name, "person_key": "p", "created_at": at, "created_day": at.date(), **values}


def deal(name: str = "d", days: float = 0, **values: Any) -> dict[str, Any]:
    """A deal of lead `a`, won so many days before noon of DAY."""
    at = noon(DAY, -24 * days)
    return {"deal_id": name, "lead_id": "a", "closed_at": at, "closed_day": at.date(), "deal_amount": 100, **values}


def campaigns(wh: Warehouse) -> None:
    """Three campaigns, one of them on another platform."""
    put(wh, "campaign", {"campaign_id": "c1"}, {"campaign_id": "c2"},
        {"campaign_id": "g1", "platform": "google_ads", "account_id": "ga"})

#: A night of these tests: the tables in question, and what they read.
night = partial(world.night, of=("attribution_summary",))


def credit(wh: Warehouse, name: str = "d") -> dict[str, dict[int, Decimal]]:
    """By model, the weight of each credited place on the way to a deal."""
    found: defaultdict[str, dict[int, Decimal]] = defaultdict(dict)
    for row in rows_of(wh, "attribution"):
        if row["deal_id"] == name:
            found[row["attribution_model"]][row["touch_no"]] = row["attribution_weight"]
    return found


def way(wh: Warehouse, name: str = "d") -> list[str]:
    """The leads on the way to a deal, in order."""
    rows = [row for row in rows_of(wh, "attribution") if (row["deal_id"], row["attribution_model"]) == (name, "linear")]
    return [row["touch_lead_id"] for row in sorted(rows, key=lambda row: row["touch_no"])]


def shares(*texts: str) -> dict[int, Decimal]:
    """Weights by place from 1; a dash is none."""
    return {place: Decimal(text) for place, text in enumerate(texts, 1) if text != "-"}


def test_every_rule_divides_as_it_says(mart_wh: Warehouse) -> None:
    """Paid, direct, paid again and carrying the deal, a trade fair's trace, the first campaign once more."""
    campaigns(mart_wh)
    put(mart_wh, "lead", lead("a", 28, utm_campaign="c1"), lead("b", 21), lead("c", 14, utm_campaign="c2"),
        lead("e", 7, crm_campaign="Vifa", crm_campaign_norm="vifa"), lead("f", 0, self_declared_origin="friend"))
    put(mart_wh, "deal", deal(lead_id="c", created_at=noon(DAY, -20 * 24)))
    night(mart_wh)
    assert credit(mart_wh) == {
        "first_touch": shares("1"), "last_touch": shares("-", "-", "-", "-", "1"),
        "last_non_direct": shares("-", "-", "-", "1"), "first_paid": shares("1"), "last_paid": shares("-", "-", "1"),
        "linear": shares("0.2", "0.2", "0.2", "0.2", "0.2"),
        "u_shaped": shares("0.4", "0.066666", "0.066667", "0.066667", "0.4"),
        "w_shaped": shares("0.3", "0.3", "0.3", "0.05", "0.05"),
        "time_decay": shares("0.032258", "0.064516", "0.129032", "0.258064", "0.516130"),
        "markov": shares("0.2", "0.2", "0.2", "0.2", "0.2"),
        "shapley": shares("0.333333", "-", "0.333333", "-", "0.333334")}


def test_marks_that_fall_together(mart_wh: Warehouse) -> None:
    """Few touches: one takes all, two share, and whoever plays several parts is paid for each of them."""
    campaigns(mart_wh)
    put(mart_wh, "lead", lead("a", 9, utm_campaign="c1"), lead("b", 5, utm_campaign="c1"), lead("c", 2))
    put(mart_wh, "deal", deal("one", 8), deal("two", 3), deal("third", created_at=noon(DAY, -24)))
    night(mart_wh)
    assert all(found == shares("1") for found in credit(mart_wh, "one").values())
    assert set(credit(mart_wh, "one")) == set(PARTS)
    assert way(mart_wh, "two") == ["b"]
    assert way(mart_wh, "third") == ["c"]
    put(mart_wh, "deal", deal("one", 8, is_won=False), deal("two", 3, is_won=False))
    night(mart_wh, full=True)
    found = credit(mart_wh, "third")
    assert found["w_shaped"] == shares("0.6", "0.1", "0.3")
    assert found["shapley"] == shares("-", "0.5", "0.5")
    put(mart_wh, "deal", deal("third", 1, created_at=noon(DAY, -10 * 24)))
    put(mart_wh, "lead", lead("c", 0))
    night(mart_wh, full=True)
    found = credit(mart_wh, "third")
    assert (found["u_shaped"], found["w_shaped"]) == (shares("0.5", "0.5"), shares("0.9", "0.1"))


def test_what_lies_on_a_way(mart_wh: Warehouse) -> None:
    """From 90 days before the closing up to its very instant, and after the win before, whose instant is excluded."""
    put(mart_wh, "lead", lead("old", 90, seconds=-1), lead("a", 90), lead("last", 0), lead("late", 0, seconds=1))
    put(mart_wh, "deal", deal())
    night(mart_wh)
    assert way(mart_wh) == ["a", "last"]
    put(mart_wh, "lead", lead("sold", 30), lead("after", 30, seconds=1))
    put(mart_wh, "deal", deal("before", 30), deal("twin", 30, deal_amount=7))
    night(mart_wh)
    assert way(mart_wh) == ["after", "last"]
    assert way(mart_wh, "before") == way(mart_wh, "twin") == ["old", "a", "sold"]


def test_nobody_is_credited_with_what_nobody_brought(mart_wh: Warehouse) -> None:
    """No lead, or none in time: (unattributed) in every model. No paid touch: in those two models alone."""
    put(mart_wh, "campaign", {"campaign_id": "c1"})
    put(mart_wh, "lead", lead("a", 91, utm_campaign="c1"), lead("x", 3, person_key="q", fbclid="f"))
    put(mart_wh, "deal", deal(), deal("orphan", lead_id=None, crm_campaign="c1"), deal("direct", lead_id="x"),
        deal("worthless", lead_id=None, deal_amount=None))
    night(mart_wh)
    rows = rows_of(mart_wh, "attribution")
    for name in ("d", "orphan", "worthless"):
        mine = [row for row in rows if row["deal_id"] == name]
        assert {row["attribution_model"] for row in mine} == set(PARTS)
        for row in mine:
            assert ((row["platform"], row["campaign_id"]), row["touch_no"], row["attribution_weight"]) == (NOBODY, 0, 1)
            assert row["attributed_reporting_amount"] == (None if name == "worthless" else 100)
            assert row["touch_lead_id"] is row["touch_source"] is row["touch_at"] is None
    unpaid = {row["attribution_model"] for row in rows if row["deal_id"] == "direct" and row["touch_no"] == 0}
    assert unpaid == {"first_paid", "last_paid"}


def test_a_further_click_is_a_touch(mart_wh: Warehouse) -> None:
    """A form of one campaign that carries another one's click: two touches of one instant, known as soon as told."""
    campaigns(mart_wh)
    put(mart_wh, "lead", lead("a", 9, vendor_lead_id="form", gclid="click", wbraid="again"))
    put(mart_wh, "deal", deal())
    put(mart_wh, "ad_touch", {"touch_kind": "vendor_lead_id", "touch_id": "form"})
    release(mart_wh, night(mart_wh))
    assert [row["campaign_id"] for row in rows_of(mart_wh, "touch", "mart")] == ["c1"]
    google = {"platform": "google_ads", "account_id": "ga", "touch_kind": "gclid", "campaign_id": "g1"}
    put(mart_wh, "ad_touch", google | {"touch_id": "click"}, google | {"touch_id": "again"})
    release(mart_wh, night(mart_wh))
    told = {(row["campaign_id"], row["match_method"], row["is_own"]) for row in rows_of(mart_wh, "touch", "mart")}
    assert told == {("c1", "vendor_lead_id", True), ("g1", "click_id", False)}
    rows = [row for row in rows_of(mart_wh, "attribution", "mart") if row["attribution_model"] == "shapley"]
    assert [(row["touch_no"], row["campaign_id"], row["attribution_weight"]) for row in rows] == [
        (1, "g1", Decimal("0.5")), (2, "c1", Decimal("0.5"))]


def test_effects_are_told_from_twenty_won_ways_on(mart_wh: Warehouse) -> None:
    """Nineteen say nothing and divide alike; the twentieth gives each campaign what would be lost without it."""
    campaigns(mart_wh)
    put(mart_wh, "lead", *(lead(f"l{n}", 40, person_key=f"p{n}", utm_campaign="c1") for n in range(40)),
        lead("a", 20, person_key="p0", utm_campaign="c2"))
    put(mart_wh, "deal", *(deal(f"d{n}", lead_id=f"l{n}") for n in range(19)))
    release(mart_wh, night(mart_wh))
    assert {row["removal_effect"] for row in rows_of(mart_wh, "attribution_channel", "mart")} == {None}
    assert credit(mart_wh, "d0")["markov"] == shares("0.5", "0.5")
    put(mart_wh, "deal", deal("d19", lead_id="l19"))
    release(mart_wh, night(mart_wh))
    first, second = (only(rows_of(mart_wh, "attribution_channel", "mart"), close_month=JUNE, campaign_id=name)
                     for name in ("c1", "c2"))
    assert (first["campaign_touch_count"], first["path_count"], first["won_path_count"]) == (40, 40, 20)
    assert (first["removal_effect"], second["removal_effect"]) == (1, Decimal("0.05"))
    assert first["removal_rate"] + second["removal_rate"] == pytest.approx(1)
    assert first["removal_rate"] == pytest.approx(1 / 1.05)
    divided = {row["touch_no"]: row["attribution_weight"] for row in rows_of(mart_wh, "attribution", "mart")
               if (row["deal_id"], row["attribution_model"]) == ("d0", "markov")}
    assert divided == shares("0.952380", "0.047620")


def test_nothing_is_lost(mart_wh: Warehouse) -> None:
    """Over a random company each deal is divided whole, every model holds all deals and all revenue, checks hold."""
    Company(11, leads=120).fill(mart_wh)
    night(mart_wh)
    won = {(row["source"], row["deal_id"]): row["deal_reporting_amount"] for row in rows_of(mart_wh, "deal_fact")
           if row["is_won"]}
    weight: defaultdict[Any, Decimal] = defaultdict(Decimal)
    amount: defaultdict[Any, Decimal] = defaultdict(Decimal)
    for row in rows_of(mart_wh, "attribution"):
        one = (row["source"], row["deal_id"], row["attribution_model"])
        weight[one] += row["attribution_weight"]
        amount[one] += row["attributed_reporting_amount"] or 0
    assert weight == {(*one, model): 1 for one in won for model in PARTS}
    assert amount == {(*one, model): money or 0 for one, money in won.items() for model in PARTS}
    for model in PARTS:
        rows = [row for row in rows_of(mart_wh, "attribution_summary") if row["attribution_model"] == model]
        assert sum(row["attributed_deal_count"] for row in rows) == len(won)
        assert sum(row["attributed_reporting_amount"] or 0 for row in rows) == sum(filter(None, won.values()))
    with mart_wh.engine.connect() as conn:
        for mart in _OURS:
            for check in mart.checks:
                broken = sa.text(f"SELECT COUNT(*) FROM mart_next.{mart.name} WHERE ({check.predicate}) IS NOT TRUE")
                assert conn.scalar(broken) == 0, check.name


def test_parts_equal_the_whole_where_effects_move(mart_wh: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a chain that speaks from the second win on, a night of changes equals a build of everything."""
    monkeypatch.setattr(chain, "ENOUGH", 2)
    company = Company(12, leads=40)
    company.fill(mart_wh)
    release(mart_wh, night(mart_wh))
    assert any(row["removal_effect"] for row in rows_of(mart_wh, "attribution_channel", "mart"))
    for _ in range(15):
        company.change(mart_wh)
    report = night(mart_wh)
    assert not report.full
    release(mart_wh, report)
    by_parts = everything(mart_wh)
    night(mart_wh, full=True)
    for mart in _OURS:
        assert by_parts[mart.name] == rows_of(mart_wh, mart.name), mart.name


def test_a_part_opens_to_its_lead(mart_wh: Warehouse) -> None:
    """The deal, and the leads that the credited touches left, whatever campaign the deal itself is booked under."""
    campaigns(mart_wh)
    put(mart_wh, "lead", lead("a", 9, utm_campaign="c1"), lead("b", 5, utm_campaign="c2"))
    put(mart_wh, "deal", deal())
    release(mart_wh, night(mart_wh))
    keys = {"attribution": {"attribution_model": "last_touch"}, "attribution_channel": {"campaign_id": "c2"},
            "attribution_summary": {"attribution_model": "last_touch"}}
    for mart, key in keys.items():
        found = trace(mart_wh, mart, key)
        assert [row["lead_id"] for row in found.leads] == ["b"], mart
        assert [row["deal_id"] for row in found.deals] == ["d"], mart
    found = trace(mart_wh, "touch", {"lead_id": "b"})
    assert ([row["lead_id"] for row in found.leads], found.deals, found.ads) == (["b"], [], [])
