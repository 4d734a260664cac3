"""When the money of a month comes back: ages, the month in which it is covered, and what nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tests.marts.company import Company
from tests.marts.test_cac import costed
from tests.marts.world import NIGHT, night, noon, only, put, release, rows_of
from warehouse.engine import Warehouse
from warehouse.marts.cohort_payback import CHECKS
from warehouse.trace import trace

MARCH = date(2026, 3, 1)
FREE = costed({})


def cohort(wh: Warehouse, spend: int | None, *deals: tuple[date, int | None], **more: Any) -> None:
    """A lead of March for each deal: its closing day and margin; amounts are 1000."""
    put(wh, "lead", *({"lead_id": f"l{place}", "created_day": date(2026, 3, 20)} for place in range(len(deals) + 1)))
    put(wh, "deal", *({"deal_id": f"d{place}", "lead_id": f"l{place}", "closed_day": day, "deal_amount": 1000,
                       "gross_margin_amount": margin, **more} for place, (day, margin) in enumerate(deals)))
    if spend is not None:
        put(wh, "ad_daily", {"day": date(2026, 3, 31), "spend_amount": spend})


def march(wh: Warehouse, *names: str, at: datetime = NIGHT, rules: Any = FREE) -> list[Any]:
    """Cells of March's rows, from age 0 on, after a night."""
    night(wh, at, of=["cohort_payback"], rules=rules)
    rows = sorted((row for row in rows_of(wh, "cohort_payback") if row["cohort_month"] == MARCH),
                  key=lambda row: row["age_months"])
    assert [row["age_months"] for row in rows] == list(range(len(rows)))
    return [tuple(row[name] for name in names) if len(names) > 1 else row[names[0]] for row in rows]


def test_the_month_in_which_the_cost_is_covered(mart_wh: Warehouse) -> None:
    """40 on 31 March, 59 in April, the last 1 on 31 May: to the unit, at the end of the month; then it stays."""
    cohort(mart_wh, 100, (date(2026, 3, 31), 40), (date(2026, 4, 1), 59), (date(2026, 5, 31), 1),
           (date(2026, 6, 2), -50))
    found = march(mart_wh, "gross_margin_reporting_amount", "won_deal_count", "is_month_over", "media_payback",
                  "media_payback_months")
    assert found == [(40, 1, True, "open", None), (99, 2, True, "open", None), (100, 3, True, "paid_back", 2),
                     (50, 4, False, "paid_back", 2)]


def test_a_month_is_judged_when_it_is_over(mart_wh: Warehouse) -> None:
    """On 31 May the margin is there, and the month still runs; on 1 June it is judged, and built unasked."""
    cohort(mart_wh, 10, (date(2026, 5, 3), 10))
    release(mart_wh, night(mart_wh, datetime(2026, 5, 31, 3, tzinfo=UTC), of=["cohort_payback"], rules=FREE))
    rows = rows_of(mart_wh, "cohort_payback", "mart")
    assert [(row["media_payback"], row["gross_margin_reporting_amount"]) for row in rows] == [
        ("open", 0), ("open", 0), ("running", 10)]
    report = night(mart_wh, datetime(2026, 6, 1, 3, tzinfo=UTC), of=["cohort_payback"], rules=FREE)
    assert not report.full
    release(mart_wh, report)
    rows = rows_of(mart_wh, "cohort_payback", "mart")
    assert [row["media_payback"] for row in rows] == ["open", "open", "paid_back", "paid_back"]


@pytest.mark.parametrize(("rate", "expected"), [
    (None, [(30, 0, 1, "margin_unknown", None), (50, 0, 1, "margin_unknown", None)]),
    ("0.02", [(30, 20, 0, "open", None), (50, 20, 0, "paid_back", 2)])], ids=str)
def test_an_unknown_margin_is_not_zero(mart_wh: Warehouse, rate: str | None, expected: list[Any]) -> None:
    """It leaves the payback open as unknown, unless the heads agreed on a rate that stands for it."""
    cohort(mart_wh, 70, (date(2026, 4, 1), None), (date(2026, 4, 1), 30), (date(2026, 5, 1), 20))
    found = march(mart_wh, "gross_margin_reporting_amount", "assumed_margin_amount", "margin_missing_count",
                  "media_payback", "media_payback_months", rules=costed({}, margin=rate))
    assert found[1:3] == expected
    assert found[0] == (0, 0, 0, "open", None)


def test_what_is_known_before_stays_known(mart_wh: Warehouse) -> None:
    """An unknown margin after the payback takes nothing back; a margin nobody knows at all is null, not 0."""
    cohort(mart_wh, 20, (date(2026, 3, 30), 20), (date(2026, 4, 1), None))
    assert march(mart_wh, "media_payback_months", "margin_missing_count") == [(0, 0), (0, 1), (0, 1), (0, 1)]
    put(mart_wh, "deal", {"deal_id": "d0", "lead_id": "l0", "closed_day": date(2026, 3, 30), "deal_amount": None})
    found = march(mart_wh, "gross_margin_reporting_amount", "margin_missing_count", rules=costed({}, margin="0.5"))
    assert found[0] == (None, 1)


def test_unknown_costs(mart_wh: Warehouse) -> None:
    """Without a reported spend nothing is paid back; people count once both are declared and the month is over."""
    cohort(mart_wh, None, (date(2026, 3, 20), 50))
    assert set(march(mart_wh, "media_payback", "loaded_payback")) == {("cost_unknown", "cost_unknown")}
    put(mart_wh, "ad_daily", {"day": MARCH, "spend_amount": 20})
    names = ("media_payback_months", "loaded_payback_months", "loaded_payback", "loaded_missing")
    assert march(mart_wh, *names)[0] == (0, None, "cost_unknown", "marketing_cost")
    for sales, paid in ((20, (0, 0, "paid_back", None)), (21, (0, None, "open", None))):
        assert march(mart_wh, *names, rules=costed({MARCH: (10, sales)}))[-2] == paid
    early = march(mart_wh, *names, at=datetime(2026, 3, 30, 3, tzinfo=UTC), rules=costed({MARCH: (10, 20)}))
    assert early == [(None, None, "cost_unknown", "month_not_over")]


def test_whose_deals_these_are(mart_wh: Warehouse) -> None:
    """A deal closed before its lead came counts at age 0, one of nobody's lead in no cohort; two years are shown."""
    cohort(mart_wh, 5, (date(2026, 2, 3), 1), (date(2028, 3, 31), 2), (date(2028, 4, 1), 4))
    put(mart_wh, "deal", {"deal_id": "nobody", "closed_day": date(2026, 3, 9), "deal_amount": 9,
                          "gross_margin_amount": 9})
    later = datetime(2028, 6, 1, tzinfo=UTC)
    found = march(mart_wh, "gross_margin_reporting_amount", "unique_lead_count", at=later)
    assert found == [*[(1, 4)] * 24, (3, 4)]


def test_a_row_opens_to_its_leads_deals_and_spend(mart_wh: Warehouse) -> None:
    """The month's unique leads, their deals to the end of the row's month, and the month's spend."""
    cohort(mart_wh, 5, (date(2026, 3, 21), 1), (date(2026, 4, 30), 2), (date(2026, 5, 1), 4))
    put(mart_wh, "lead", {"lead_id": "april", "created_day": date(2026, 4, 2)},
        {"lead_id": "repeat", "created_day": date(2026, 3, 22), "person_key": "p-l0", "created_at": noon(MARCH, 900)})
    release(mart_wh, night(mart_wh, of=["cohort_payback"], rules=FREE))
    found = trace(mart_wh, "cohort_payback", {"cohort_month": "2026-03-01", "age_months": "1"})
    assert [lead["lead_id"] for lead in found.leads] == ["l0", "l1", "l2", "l3"]
    assert [deal["deal_id"] for deal in found.deals] == ["d0", "d1"]
    assert [ad["spend_amount"] for ad in found.ads] == [5]


def _sum(rows: Iterable[Any], name: str) -> Decimal:
    return sum((row[name] or 0 for row in rows), Decimal(0))


def test_sums_are_those_of_the_other_tables(mart_wh: Warehouse) -> None:
    """Over a random company, to the last digit: spend and leads of the campaigns, deals and margins of the facts."""
    Company(51, leads=80).fill(mart_wh)
    night(mart_wh, datetime(2026, 8, 3, tzinfo=UTC), of=["cohort_payback"], rules=costed({}, margin="0.25"))
    rows, campaigns, deals = (rows_of(mart_wh, mart) for mart in ("cohort_payback", "campaign_roi_cohort", "deal_fact"))
    assert len(rows) > 15
    for month in {row["cohort_month"] for row in campaigns}:
        (*_, last) = mine = [row for age in range(9) for row in rows
                             if (row["cohort_month"], row["age_months"]) == (month, age)]
        theirs = [row for row in campaigns if (row["cohort_month"], row["horizon_days"]) == (month, 90)]
        won = [deal for deal in deals if deal["is_won"] and deal["cohort_month"] == month]
        for name in ("spend_reporting_amount", "unique_lead_count"):
            assert {row[name] or 0 for row in mine} == {_sum(theirs, name)}
        assert last["won_deal_count"] == len(won)
        assert last["revenue_reporting_amount"] == _sum(won, "deal_reporting_amount")
        assert (last["gross_margin_reporting_amount"] or 0) == _sum(won, "gross_margin_reporting_amount")
        assert last["margin_known_count"] == sum(deal["gross_margin_reporting_amount"] is not None for deal in won)
    assert only(rows, cohort_month=MARCH, age_months=5)["won_deal_count"] > 0
    with mart_wh.engine.connect() as conn:
        for check in CHECKS:
            broken = sa.text(f"SELECT COUNT(*) FROM mart_next.cohort_payback WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name
