"""Orders brought home: what was won, and what of it was cancelled, deleted, sent back or never paid."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa

from tests.marts import world
from tests.marts.company import Company
from tests.marts.world import everything, noon, only, put, release, rows_of
from warehouse.engine import Warehouse
from warehouse.marts import order_fact, sales_outcomes

#: A night of these tests: the tables in question, and what they read.
night = partial(world.night, of=("campaign_roi_closed", "sales_outcomes"))

DAY, LATER = date(2026, 4, 30), date(2026, 5, 1)
PARTS = ("cancelled", "deleted", "returned", "net")


def sold(wh: Warehouse, name: str, amount: Any, **values: Any) -> None:
    """A deal of 'an' that was won on DAY, and whose source has seen that; what else is said of it may undo it."""
    put(wh, "deal_win", {"deal_id": name, "entered_at": noon(DAY), "is_won": True, "closed_day": DAY,
                         "closed_at": noon(DAY)})
    put(wh, "deal", {"deal_id": name, "closed_day": DAY, "deal_amount": amount, "owner_id": "an", **values})


def undone(wh: Warehouse, name: str, hours: float) -> None:
    """A version of the deal in which it is not won, so many hours after the win."""
    put(wh, "deal_win", {"deal_id": name, "entered_at": noon(DAY, hours), "is_won": False})


def checked(wh: Warehouse) -> list[dict[str, Any]]:
    """The rows of the summary after a build; the checks of both tables hold."""
    with wh.engine.connect() as conn:
        for mart in (order_fact.MART, sales_outcomes.MART):
            for check in mart.checks:
                broken = sa.text(f"SELECT COUNT(*) FROM mart_next.{mart.name} WHERE ({check.predicate}) IS NOT TRUE")
                assert conn.scalar(broken) == 0, check.name
    return rows_of(wh, "sales_outcomes")


def money(row: Any, *names: str) -> list[Any]:
    """The amounts of these names, in the reporting currency."""
    return [row[f"{name}_reporting_amount"] for name in names]


def test_each_order_ends_in_one_part(mart_wh: Warehouse) -> None:
    """Won and kept, in part sent back, cancelled, deleted: counts and money add up; never won is nowhere."""
    sold(mart_wh, "kept", 100)
    sold(mart_wh, "back", 50, returned_amount=Decimal("12.345678"))
    sold(mart_wh, "all", 30, returned_amount=30)
    sold(mart_wh, "cancelled", 7, is_won=False, is_lost=True, closed_day=LATER, returned_amount=7)
    undone(mart_wh, "cancelled", 30)
    sold(mart_wh, "deleted", 5, is_archived=True, returned_amount=5)
    sold(mart_wh, "blank", None, returned_amount=3)
    put(mart_wh, "deal", {"deal_id": "lost", "is_won": False, "is_lost": True, "closed_day": DAY, "deal_amount": 9})
    put(mart_wh, "deal_win", {"deal_id": "lost", "entered_at": noon(DAY), "is_won": False})
    night(mart_wh)
    (row,) = checked(mart_wh)
    counts = ("order_count", "standing_count", "cancelled_count", "deleted_count", "return_known_count",
              "returned_count", "payment_known_count")
    assert [row[name] for name in counts] == [6, 4, 1, 1, 3, 3, 0]
    assert money(row, "gross", *PARTS) == [192, 7, 5, Decimal("42.345678"), Decimal("137.654322")]
    assert (row["close_month"], row["owner_id"], *money(row, "paid", "payable")) == (date(2026, 4, 1), "an", None, None)
    order = only(rows_of(mart_wh, "order_fact"), deal_id="cancelled")
    assert (order["order_state"], order["closed_day"], order["cancelled_at"]) == ("cancelled", DAY, noon(DAY, 30))


def test_what_was_won_again_stands(mart_wh: Warehouse) -> None:
    """Of several wins the last one counts; a cancellation ends that one and not an earlier one."""
    sold(mart_wh, "again", 10, closed_day=LATER)
    undone(mart_wh, "again", 5)
    put(mart_wh, "deal_win", {"deal_id": "again", "entered_at": noon(LATER), "is_won": True, "closed_day": LATER})
    sold(mart_wh, "twice", 20, is_won=False)
    undone(mart_wh, "twice", 5)
    put(mart_wh, "deal_win", {"deal_id": "twice", "entered_at": noon(LATER), "is_won": True, "closed_day": LATER},
        {"deal_id": "twice", "entered_at": noon(LATER, 1), "is_won": False})
    night(mart_wh)
    (row,) = checked(mart_wh)
    assert (row["close_month"], row["standing_count"], row["cancelled_count"]) == (date(2026, 5, 1), 1, 1)
    assert only(rows_of(mart_wh, "order_fact"), deal_id="twice")["cancelled_at"] == noon(LATER, 1)


def test_nothing_on_record_is_not_nothing(mart_wh: Warehouse) -> None:
    """Without a history cancellations are unknown, without a word returns and payments; 0 is a word."""
    put(mart_wh, "deal", {"deal_id": "d", "closed_day": DAY, "deal_amount": 8})
    sold(mart_wh, "zero", 8, returned_amount=0, paid_amount=0)
    night(mart_wh)
    unknown, told = checked(mart_wh)
    names = ("cancelled_count", "cancelled_reporting_amount", "returned_reporting_amount", "paid_reporting_amount")
    assert [unknown[name] for name in (*names, "net_reporting_amount")] == [None, None, None, None, 8]
    assert [told[name] for name in (*names, "net_reporting_amount")] == [0, 0, 0, 0, 8]
    assert (told["unpaid_count"], told["payable_reporting_amount"], told["returned_count"]) == (1, 8, 0)


def test_money_is_converted_on_the_day_of_the_win(mart_wh: Warehouse) -> None:
    """Returns, payments and cancellations too, so that they can be subtracted; a new rate of that day moves them."""
    usd = {"currency_code": "USD"}
    put(mart_wh, "fx_rate", {"day": DAY, "fx_rate": 20_000}, {"day": LATER, "fx_rate": 30_000})
    sold(mart_wh, "d", 10, returned_amount=1, paid_amount=4, **usd)
    sold(mart_wh, "gone", 2, is_won=False, closed_day=LATER, **usd)
    undone(mart_wh, "gone", 24)
    release(mart_wh, night(mart_wh))
    (row,) = checked(mart_wh)
    assert money(row, "gross", *PARTS, "paid") == [240_000, 40_000, 0, 20_000, 180_000, 80_000]
    put(mart_wh, "fx_rate", {"day": DAY, "fx_rate": 21_000})
    release(mart_wh, night(mart_wh))
    assert money(rows_of(mart_wh, "sales_outcomes", "mart")[0], "gross", "cancelled") == [252_000, 42_000]


def test_shares_need_twenty(mart_wh: Warehouse) -> None:
    """19 orders show no share, 20 do; the share paid needs 20 of which a payment is on record."""
    for number in range(19):
        sold(mart_wh, f"d{number}", 10, paid_amount=5, returned_amount=number % 2)
    night(mart_wh)
    (row,) = checked(mart_wh)
    assert (row["is_small_sample"], row["kept_ratio"], row["paid_ratio"]) == (True, None, None)
    sold(mart_wh, "untold", 10)
    night(mart_wh)
    (row,) = checked(mart_wh)
    assert (row["is_small_sample"], row["kept_ratio"], row["paid_ratio"]) == (False, 0.955, None)
    sold(mart_wh, "untold", 10, paid_amount=10)
    night(mart_wh)
    assert checked(mart_wh)[0]["paid_ratio"] == 0.525


def test_what_stands_is_what_the_closed_view_counts(mart_wh: Warehouse) -> None:
    """Over a random company: gross less cancelled and deleted is its revenue; a cancellation by parts as whole."""
    Company(17, leads=60).fill(mart_wh)
    sold(mart_wh, "d-new", 77)
    release(mart_wh, night(mart_wh))
    rows, months = checked(mart_wh), rows_of(mart_wh, "campaign_roi_closed")
    stands = sum((row["gross_reporting_amount"] or 0) - (row["cancelled_reporting_amount"] or 0)
                 - (row["deleted_reporting_amount"] or 0) for row in rows)
    assert stands == sum(row["revenue_reporting_amount"] or 0 for row in months) > 0
    assert sum(row["standing_count"] for row in rows) == sum(row["won_deal_count"] for row in months)
    sold(mart_wh, "d-new", 77, is_won=False, closed_day=DAY + timedelta(days=9))
    undone(mart_wh, "d-new", 200)
    report = night(mart_wh)
    assert not report.full
    release(mart_wh, report)
    by_parts = everything(mart_wh)
    assert only(by_parts["order_fact"], deal_id="d-new")["order_state"] == "cancelled"
    night(mart_wh, full=True)
    assert by_parts == everything(mart_wh, "mart_next")
