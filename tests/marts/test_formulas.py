"""The agreed formulas, against independent arithmetic, on both engines."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from scipy.stats import binomtest

from warehouse.engine import Warehouse
from warehouse.metrics import METRICS, RETURN_METRICS
from warehouse.shims import MONEY, Expression, per, portion, ratio, total, wilson


def value(wh: Warehouse, *expressions: Expression) -> tuple[Any, ...]:
    """What an engine makes of expressions."""
    with wh.engine.connect() as conn:
        return tuple(conn.execute(sa.select(*expressions)).one())


def number(text: str | int) -> Expression:
    """A decimal constant."""
    return sa.cast(sa.literal_column(str(text)), MONEY)


@pytest.mark.parametrize(("hits", "of"), [(0, 20), (1, 21), (6, 118), (14, 60), (20, 20), (499, 1000)])
def test_wilson_bounds(wh: Warehouse, hits: int, of: int) -> None:
    """The bounds are those of scipy."""
    expected = binomtest(hits, of).proportion_ci(0.95, method="wilson")
    found = value(wh, *wilson(number(hits), number(of)))
    assert found == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_nothing_over_nothing_is_null(wh: Warehouse) -> None:
    """Division by zero is null for ratios, costs and bounds alike."""
    nothing, one = number(0), number(1)
    assert value(wh, ratio(one, nothing), per(one, nothing), *wilson(nothing, nothing)) == (None,) * 4


@pytest.mark.parametrize(("amount", "count"), [
    ("1", 128), ("1000000", 3), ("-7.5", 4), ("123456789.01", 7), ("0.000001", 2)])
def test_cost_per_head_has_six_digits(wh: Warehouse, amount: str, count: int) -> None:
    """The same digits on every engine, halves upwards."""
    exact = (Decimal(amount) / count).quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)
    assert value(wh, per(number(amount), number(count)))[0] == exact


def test_sums_of_a_large_company(wh: Warehouse) -> None:
    """Forty amounts, each the largest that one row may hold, have an exact sum, and a third of it is exact too."""
    largest = Decimal("999999999999.999999")
    rows = sa.union_all(*(sa.select(sa.cast(sa.literal_column(str(largest)), sa.Numeric(18, 6)).label("amount"))
                          for _ in range(40))).subquery("rows")
    summed = sa.select(total(rows.c.amount).label("amount")).subquery("summed")
    with wh.engine.connect() as conn:
        found = conn.execute(sa.select(summed.c.amount, portion(summed.c.amount, number(1), number(3)))).one()
    assert found == (largest * 40, Decimal("13333333333333.333320"))


def test_returns_by_hand(wh: Warehouse) -> None:
    """100 spent, 250 of revenue, 160 of margin, 10 leads, 4 qualified, 2 customers with 3 deals."""
    parts = {"spend_reporting_amount": 100, "revenue_reporting_amount": 250, "gross_margin_reporting_amount": 160,
             "unique_lead_count": 10, "qualified_count": 4, "won_count": 2, "won_deal_count": 3,
             "margin_known_count": 3}
    columns = {name: number(part) for name, part in parts.items()}
    found = value(wh, *(metric.expression(columns) for metric in RETURN_METRICS))
    assert found == (10, 25, 50, 2.5, 0.6, 1.5)
    unknown = columns | {"margin_known_count": number(2)}
    roi = next(metric for metric in RETURN_METRICS if metric.name == "roi_ratio")
    assert value(wh, roi.expression(unknown)) == (None,)


def test_every_ratio_stands_beside_its_parts() -> None:
    """A table that publishes a ratio publishes numerator and denominator too."""
    from warehouse.marts import MARTS

    for mart in MARTS:
        for metric in (each for each in METRICS if each.name in mart.record.by_name):
            assert {*metric.numerator, metric.denominator, *(metric.only_if or ())} <= mart.record.by_name.keys()
