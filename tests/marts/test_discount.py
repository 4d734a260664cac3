"""Discounts: what is known of them, what was approved, and what went beyond it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa

from crosscheck.rules import Promotion, Promotions, Rules, default_rules
from tests.marts import world
from tests.marts.company import Company
from tests.marts.world import everything, only, put, release, rows_of
from warehouse.engine import Warehouse
from warehouse.marts import discount, off_promotion
from warehouse.marts.base import Mart

#: A night of these tests: the tables in question, and what they read.
night = partial(world.night, of=("campaign_roi_closed", "discount", "off_promotion"))

DAY = date(2026, 4, 8)
USD = {"currency_code": "USD"}


def sold(wh: Warehouse, name: str, amount: Any, off: Any, **values: Any) -> None:
    """A won deal, closed on DAY."""
    put(wh, "deal", {"deal_id": name, "closed_day": DAY, "deal_amount": amount, "discount_amount": off, **values})


def checked(wh: Warehouse, mart: Mart) -> list[dict[str, Any]]:
    """The rows of a mart after a build; its checks hold."""
    with wh.engine.connect() as conn:
        for check in mart.checks:
            broken = sa.text(f"SELECT COUNT(*) FROM mart_next.{mart.name} WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name
    return rows_of(wh, mart.name)


def with_promotions(*given: tuple[str, str | None, date, date, str]) -> Rules:
    """The shipped rules with these promotions."""
    rules = default_rules()
    return replace(rules, promotions=Promotions(rules.promotions.head, tuple(
        Promotion(*one[:4], Decimal(one[4])) for one in given)))


def beyond(wh: Warehouse, *given: tuple[str, str | None, date, date, str]) -> dict[str, tuple[Any, ...]]:
    """By deal: which promotion, what it allows, and what was given beyond it."""
    night(wh, rules=with_promotions(*given))
    return {row["deal_id"]: (row["promotion_name"], row["allowed_amount"], row["excess_amount"])
            for row in checked(wh, off_promotion.MART)}


def test_what_is_unknown_is_no_discount_of_zero(mart_wh: Warehouse) -> None:
    """Deals without discount or amount on record, or with a surcharge, are counted apart; 0 is known, and listed."""
    sold(mart_wh, "off", 90, 10, gross_margin_amount=30)
    sold(mart_wh, "full", 100, 0)
    sold(mart_wh, "untold", 500, None)
    sold(mart_wh, "free", None, 7)
    sold(mart_wh, "surcharge", 5, -1)
    sold(mart_wh, "cancelled", 1, 99, is_won=False)
    night(mart_wh)
    (row,) = checked(mart_wh, discount.MART)
    names = ("won_deal_count", "discount_known_count", "discounted_deal_count", "margin_known_count")
    assert [row[name] for name in names] == [5, 2, 1, 1]
    assert (row["list_reporting_amount"], row["discount_reporting_amount"]) == (200, 10)
    assert (row["revenue_reporting_amount"], row["gross_margin_reporting_amount"]) == (695, 30)
    assert (row["owner_id"], row["campaign_id"], row["is_small_sample"], row["discount_rate"]) == (
        "(none)", "(unmatched)", True, None)


def test_by_salesperson_and_campaign(mart_wh: Warehouse) -> None:
    """The deal's own salesperson and its lead's campaign; nothing known means no list price; rates need 20 deals."""
    put(mart_wh, "campaign", {"campaign_id": "c1"})
    put(mart_wh, "lead", {"lead_id": "l", "created_day": DAY, "utm_campaign": "c1", "owner_id": "binh"})
    put(mart_wh, "fx_rate", {"day": DAY, "fx_rate": 25_000})
    for number in range(19):
        sold(mart_wh, f"d{number}", 30, 10, owner_id="an", lead_id="l")
    sold(mart_wh, "untold", 30, None, owner_id="an", lead_id="l")
    sold(mart_wh, "usd", Decimal("0.75"), Decimal("0.25"), owner_id="chi", **USD)
    sold(mart_wh, "blank", 5, None, owner_id="binh")
    night(mart_wh)
    rows = checked(mart_wh, discount.MART)
    an = only(rows, owner_id="an", campaign_id="c1")
    assert (an["won_deal_count"], an["discount_known_count"], an["discount_rate"]) == (20, 19, None)
    assert [only(rows, owner_id="chi")[f"{name}_reporting_amount"] for name in ("list", "discount")] == [25_000, 6_250]
    assert [only(rows, owner_id="binh")[f"{name}_reporting_amount"] for name in ("list", "discount")] == [None, None]
    sold(mart_wh, "untold", 30, 10, owner_id="an", lead_id="l")
    night(mart_wh)
    assert only(checked(mart_wh, discount.MART), owner_id="an")["discount_rate"] == 0.25


def test_the_edges_of_a_promotion(mart_wh: Warehouse) -> None:
    """First and last day count, the allowed share itself is within, a millionth more is beyond by a millionth."""
    days = {"before": -1, "first": 0, "last": 2, "after": 3}
    for name, later in days.items():
        sold(mart_wh, name, 80, 20, closed_day=DAY + timedelta(days=later))
    sold(mart_wh, "exact", Decimal("89.991"), Decimal("9.999"))
    sold(mart_wh, "hair", Decimal("89.999999"), Decimal("10.000001"))
    sold(mart_wh, "none", 100, 0)
    sold(mart_wh, "untold", 100, None)
    offer = ("spring", None, DAY, DAY + timedelta(days=2), "0.1")
    assert beyond(mart_wh, offer) == {
        "before": ("(none)", 0, 20), "after": ("(none)", 0, 20), "first": ("spring", 10, 10),
        "last": ("spring", 10, 10), "hair": ("spring", 10, Decimal("0.000001"))}
    assert set(beyond(mart_wh)) == {*days, "exact", "hair"}


def test_whose_promotion_it_is(mart_wh: Warehouse) -> None:
    """By id, by any name a campaign ever had, or for all; of several the one that allows most, then the first name."""
    put(mart_wh, "campaign", {"campaign_id": "c1", "campaign_name": "Tủ Bếp", "campaign_name_norm": "tủ bếp"},
        {"campaign_id": "c1", "valid_from_day": DAY}, {"campaign_id": "c2"})
    put(mart_wh, "lead", *({"lead_id": name, "created_day": DAY, "utm_campaign": name} for name in ("c1", "c2")))
    put(mart_wh, "fx_rate", {"day": DAY, "fx_rate": 25_000})
    sold(mart_wh, "c1", 80, 20, lead_id="c1")
    sold(mart_wh, "c2", 80, 20, lead_id="c2", owner_id="an", **USD)
    sold(mart_wh, "nobody", 80, 20)
    span = (DAY, DAY)
    assert beyond(mart_wh, ("id", "c2", *span, "0.05"), ("name", "TỦ  bếp", *span, "0.19"),
                  ("all", None, *span, "0.01"), ("other", "c3", *span, "1")) == {
        "c1": ("name", 19, 1), "c2": ("id", 5, 15), "nobody": ("all", 1, 19)}
    row = only(rows_of(mart_wh, "off_promotion"), deal_id="c2")
    assert (row["owner_id"], row["list_amount"], row["excess_reporting_amount"]) == ("an", 100, 375_000)
    assert set(beyond(mart_wh, ("z", "c1", *span, "0.2"), ("b", None, *span, "0.1"), ("a", None, *span, "0.1"))) == {
        "c2", "nobody"}
    assert only(rows_of(mart_wh, "off_promotion"), deal_id="c2")["promotion_name"] == "a"


def test_every_deal_and_every_known_discount_is_there(mart_wh: Warehouse) -> None:
    """Over a random company: deals and revenue as in the closed view, every known discount; by parts as whole."""
    Company(13, leads=60).fill(mart_wh)
    release(mart_wh, night(mart_wh))
    rows, months = rows_of(mart_wh, "discount", "mart"), rows_of(mart_wh, "campaign_roi_closed", "mart")
    for name in ("won_deal_count", "revenue_reporting_amount", "margin_known_count"):
        assert sum(row[name] or 0 for row in rows) == sum(row[name] or 0 for row in months) > 0
    deals = [row for row in rows_of(mart_wh, "deal_fact", "mart") if row["is_won"] and row["deal_amount"] is not None]
    off = sum(row["discount_reporting_amount"] or 0 for row in deals)
    assert sum(row["discount_reporting_amount"] or 0 for row in rows) == off > 0
    sold(mart_wh, "d1", 7, 3)
    report = night(mart_wh)
    assert not report.full
    release(mart_wh, report)
    by_parts = everything(mart_wh)
    night(mart_wh, full=True)
    assert by_parts == everything(mart_wh, "mart_next")
