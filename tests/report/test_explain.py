"""`explain`: a number in words is the mart's own, and is silent where the mart is."""

from __future__ import annotations

from typing import Any

import pytest

from crosscheck.cli.explain import _lines
from crosscheck.errors import ConfigError
from tests.marts import world
from warehouse.engine import Warehouse
from warehouse.explain import explain


def _sum(rows: list[dict[str, Any]], name: str) -> int:
    return sum(row[name] for row in rows)


def test_parts_are_summed_before_anything_is_divided(company_wh: Warehouse) -> None:
    """The ratio over several weeks is that of their sums, of mature weeks only, with its interval."""
    rows = [row for row in world.rows_of(company_wh, "lead_quality", "mart") if row["is_matured"]]
    found = explain(company_wh, "reached_rate", {})
    assert found.mart == "lead_quality"
    assert {part.name: part.value for part in found.parts} == {
        "reached_count": _sum(rows, "reached_count"), "unique_lead_count": _sum(rows, "unique_lead_count")}
    assert found.value == pytest.approx(_sum(rows, "reached_count") / _sum(rows, "unique_lead_count"))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    assert {rule["rule_file"] for rule in found.rules} == {"lead_states/hubspot"}


def test_one_row_is_the_marts_own_number(company_wh: Warehouse) -> None:
    """Of one row, the same value as published, and the command that opens it."""
    row = next(row for row in world.rows_of(company_wh, "campaign_roi_closed", "mart")
               if row["cpl_amount"] is not None)
    key = {name: str(row[name]) for name in ("platform", "account_id", "campaign_id", "close_month")}
    found = explain(company_wh, "cpl_amount", key, "campaign_roi_closed")
    assert found.value == row["cpl_amount"]
    assert found.trace == f"crosscheck trace campaign_roi_closed {' '.join(f'{k}={v}' for k, v in key.items())}"


def test_few_are_not_said_as_a_rate(company_wh: Warehouse) -> None:
    """Below twenty the counts are all there is, in the words as well."""
    row = next(row for row in world.rows_of(company_wh, "lead_quality", "mart")
               if row["is_matured"] and 0 < row["unique_lead_count"] < 20)
    found = explain(company_wh, "closed_rate", {"campaign_id": row["campaign_id"], "platform": row["platform"],
                                                "cohort_week": row["cohort_week"].isoformat()})
    assert (found.value, found.low, found.coverage_rate) == (None, None, None)
    assert "fewer than 20" in found.silence
    assert any("not published" in line for line in _lines(found))


def test_a_missing_margin_silences_roi(company_wh: Warehouse) -> None:
    """Not every margin is on record, so there is no ROI on gross profit, and it is said why."""
    found = explain(company_wh, "roi_ratio", {}, "campaign_roi_closed")
    assert found.value is None
    assert "margin" in found.silence


@pytest.mark.parametrize(("metric", "key", "mart", "said"), [
    ("nonsense", {}, "", "no metric"), ("closed_rate", {"deal_id": "1"}, "", "not published by"),
    ("closed_rate", {"campaign_id": "nobody"}, "", "no published row"),
    ("cpl_amount", {}, "campaign_roi_cohort", "several horizon_days"), ("closed_rate", {}, "cac", "not published by"),
])
def test_what_cannot_be_said_is_refused(company_wh: Warehouse, metric: str, key: dict[str, str], mart: str,
                                        said: str) -> None:
    """A wrong word, no row, or views of the same leads that would be counted twice: an error with a way on."""
    with pytest.raises(ConfigError, match=said) as refused:
        explain(company_wh, metric, key, mart)
    assert refused.value.fix
