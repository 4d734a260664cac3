"""What a customer costs: every part once, declared costs or the reason why not, and months that pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from crosscheck.rules import Costs, MonthlyCost, Rules, default_rules
from tests.marts.company import Company
from tests.marts.world import NIGHT, night, only, put, release, rows_of
from warehouse.engine import Warehouse
from warehouse.marts.cac import CHECKS
from warehouse.trace import trace

APRIL, DAY = date(2026, 4, 1), date(2026, 4, 8)


def costed(months: Mapping[date, tuple[int | None, int | None]], currency: str = "VND",
           margin: str | None = None) -> Rules:
    """Rules with these costs of marketing and sales by month."""
    told = {month: MonthlyCost(*(None if cost is None else Decimal(cost) for cost in both))
            for month, both in months.items()}
    head = replace(default_rules().costs.head, version=f"{currency} {margin} {told}")
    return replace(default_rules(), costs=Costs(head, currency, margin and Decimal(margin), told))


def sold(wh: Warehouse, **days: date) -> None:
    """A person each, won on a day for 100."""
    put(wh, "lead", *({"lead_id": name, "created_day": date(2026, 3, 5)} for name in days))
    put(wh, "deal", *({"deal_id": name, "lead_id": name, "closed_day": day, "deal_amount": 100}
                      for name, day in days.items()))


def month_of(wh: Warehouse, rules: Rules, first: date = APRIL, at: datetime = NIGHT) -> Any:
    """The row of a month after a night."""
    night(wh, at, of=["cac"], rules=rules)
    return only(rows_of(wh, "cac"), close_month=first)


def test_every_cost_and_every_customer_once(mart_wh: Warehouse) -> None:
    """Media of all platforms and both departments by the new customers; a second deal of one is no second customer."""
    put(mart_wh, "ad_daily", {"day": APRIL, "spend_amount": 60}, {"day": date(2026, 4, 30), "spend_amount": 40},
        {"platform": "google_ads", "account_id": "ga", "campaign_id": "g1", "day": DAY, "spend_amount": 20},
        {"day": date(2026, 5, 1), "spend_amount": 7})
    sold(mart_wh, an=APRIL, binh=date(2026, 4, 30), chi=date(2026, 5, 1))
    put(mart_wh, "deal", {"deal_id": "again", "lead_id": "an", "closed_day": DAY, "deal_amount": 50},
        {"deal_id": "nobody", "closed_day": DAY, "deal_amount": 50})
    row = month_of(mart_wh, costed({APRIL: (30, 90)}))
    assert [row[name] for name in ("spend_reporting_amount", "marketing_cost_amount", "sales_cost_amount",
                                   "loaded_cost_amount", "loaded_missing")] == [120, 30, 90, 240, None]
    assert (row["won_count"], row["won_deal_count"], row["revenue_reporting_amount"]) == (2, 4, 300)
    assert (row["cac_media_amount"], row["cac_loaded_amount"], row["mer_ratio"]) == (60, 120, 2.5)


@pytest.mark.parametrize(("costs", "missing"), [
    ({}, "marketing_cost"), ({APRIL: (None, 9)}, "marketing_cost"), ({APRIL: (9, None)}, "sales_cost"),
    ({APRIL: (0, 0)}, None)], ids=str)
def test_what_is_not_declared_is_not_free(mart_wh: Warehouse, costs: Any, missing: str | None) -> None:
    """Without one of the costs there is no loaded figure but its reason; a declared 0 is a cost of 0."""
    put(mart_wh, "ad_daily", {"day": DAY, "spend_amount": 60})
    sold(mart_wh, an=DAY)
    row = month_of(mart_wh, costed(costs))
    loaded = None if missing else 60
    assert (row["loaded_missing"], row["loaded_cost_amount"], row["cac_loaded_amount"]) == (missing, loaded, loaded)
    assert row["cac_media_amount"] == 60


def test_unknown_media_and_no_customer(mart_wh: Warehouse) -> None:
    """Without a reported spend nothing is loaded; without a customer nothing costs anything each; costs alone stand."""
    sold(mart_wh, an=DAY)
    put(mart_wh, "ad_daily", {"day": date(2026, 3, 9), "spend_amount": 5})
    rules = costed({APRIL: (1, 1), date(2026, 3, 1): (1, 1), date(2026, 5, 1): (2, 3), date(2026, 7, 1): (1, 1)})
    row = month_of(mart_wh, rules)
    assert (row["loaded_missing"], row["cac_media_amount"], row["mer_ratio"]) == ("media_spend", None, None)
    march = only(rows_of(mart_wh, "cac"), close_month=date(2026, 3, 1))
    assert [march[name] for name in ("loaded_cost_amount", "cac_media_amount", "cac_loaded_amount", "mer_ratio")] == [
        7, None, None, 0]
    may = only(rows_of(mart_wh, "cac"), close_month=date(2026, 5, 1))
    assert (may["spend_reporting_amount"], may["sales_cost_amount"], may["won_count"]) == (None, 3, 0)
    assert {row["close_month"].month for row in rows_of(mart_wh, "cac")} == {3, 4, 5}


def test_costs_in_another_currency(mart_wh: Warehouse) -> None:
    """At the rate of the month's first day or a week before; without one the rate is what is missing."""
    put(mart_wh, "ad_daily", {"day": DAY, "spend_amount": 60})
    rules = costed({APRIL: (2, 3)}, "USD")
    assert month_of(mart_wh, rules)["loaded_missing"] == "exchange_rate"
    put(mart_wh, "fx_rate", {"day": date(2026, 3, 31), "fx_rate": 10}, {"day": date(2026, 4, 2), "fx_rate": 99})
    row = month_of(mart_wh, rules)
    assert (row["marketing_cost_amount"], row["sales_cost_amount"], row["loaded_cost_amount"]) == (20, 30, 110)


def test_a_month_is_loaded_when_it_is_over(either_wh: Warehouse) -> None:
    """On 30 April all its costs stand against a part of its customers; 1 May builds it, and May, unasked."""
    put(either_wh, "ad_daily", {"day": DAY, "spend_amount": 60})
    sold(either_wh, an=DAY)
    rules = costed({APRIL: (1, 1), date(2026, 5, 1): (1, 1)})
    release(either_wh, night(either_wh, datetime(2026, 4, 30, 3, tzinfo=UTC), of=["cac"], rules=rules))
    (row,) = rows_of(either_wh, "cac", "mart")
    assert (row["loaded_missing"], row["is_month_over"], row["cac_media_amount"]) == ("month_not_over", False, 60)
    report = night(either_wh, datetime(2026, 5, 1, 3, tzinfo=UTC), of=["cac"], rules=rules)
    assert not report.full
    release(either_wh, report)
    april, may = rows_of(either_wh, "cac", "mart")
    assert (april["cac_loaded_amount"], april["is_month_over"]) == (62, True)
    assert may["loaded_missing"] == "month_not_over"
    found = trace(either_wh, "cac", {"close_month": "2026-04-01"})
    assert [deal["deal_id"] for deal in found.deals] == ["an"]
    assert [ad["spend_amount"] for ad in found.ads] == [60]


def test_a_new_rate_reaches_the_costs(mart_wh: Warehouse) -> None:
    """A rate of the month's first day that comes later builds the month again."""
    put(mart_wh, "ad_daily", {"day": DAY, "spend_amount": 60})
    rules = costed({APRIL: (2, 3)}, "USD")
    release(mart_wh, night(mart_wh, of=["cac"], rules=rules))
    put(mart_wh, "fx_rate", {"day": APRIL, "fx_rate": 10})
    report = night(mart_wh, of=["cac"], rules=rules)
    assert not report.full
    release(mart_wh, report)
    assert [row["loaded_cost_amount"] for row in rows_of(mart_wh, "cac", "mart")] == [110]


def test_months_add_up_to_the_campaigns(mart_wh: Warehouse) -> None:
    """Over a random company media, customers, deals and revenue are those of the closed view, and every check holds."""
    Company(41, leads=60).fill(mart_wh)
    night(mart_wh, of=["cac"], rules=costed({APRIL: (10_000, 20_000)}))
    rows, campaigns = rows_of(mart_wh, "cac"), rows_of(mart_wh, "campaign_roi_closed")
    for name in ("spend_reporting_amount", "won_count", "won_deal_count", "revenue_reporting_amount"):
        assert sum(row[name] or 0 for row in rows) == sum(row[name] or 0 for row in campaigns) > 0
    assert sum(row["loaded_cost_amount"] or 0 for row in rows) > 30_000
    with mart_wh.engine.connect() as conn:
        for check in CHECKS:
            broken = sa.text(f"SELECT COUNT(*) FROM mart_next.cac WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name
