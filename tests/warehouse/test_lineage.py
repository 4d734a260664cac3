"""Lineage is read out of the selects themselves, through steps, unions and earlier marts."""

from __future__ import annotations

import pytest

from warehouse.lineage import PATH, drawn, lineage
from warehouse.trace import find


def test_a_column_names_what_it_is_computed_of() -> None:
    """A sum of days comes from the daily table; a ratio from both of its parts; a name from the campaign's versions."""
    found = lineage(find("campaign_roi_closed"))
    daily = "mart.campaign_roi_daily"
    assert found["spend_reporting_amount"] == {(daily, "spend_reporting_amount")}
    assert found["cpl_amount"] == {(daily, "spend_reporting_amount"), (daily, "unique_lead_count")}
    assert ("staging.campaign", "campaign_name") in found["campaign_name"]


def test_origins_of_stacked_rows_are_all_found() -> None:
    """Where spend, leads and deals are stacked, each measure comes from its own table and no other."""
    found = lineage(find("campaign_roi_cohort"))
    assert found["won_deal_count"] == frozenset()  # how many rows, not what stands in them
    assert found["revenue_reporting_amount"] == {("mart.deal_fact", "deal_reporting_amount")}
    assert found["spend_reporting_amount"] == {("mart.campaign_roi_daily", "spend_reporting_amount")}


@pytest.mark.pages
def test_the_picture_is_todays() -> None:
    """`python -m warehouse.lineage` draws it again."""
    assert PATH.read_text(encoding="utf-8") == drawn()
