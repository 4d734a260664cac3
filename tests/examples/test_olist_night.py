"""The marketplace's funnel through the whole night, against pandas and against what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from statistics import median, quantiles

import pytest

from tests.examples.exports import DATA, needs_exports
from tests.examples.nights import Played, Row, played
from tests.examples.oracles import UNMATCHED, expected_olist, expected_wins

pytestmark = [pytest.mark.nights, needs_exports, pytest.mark.xdist_group("olist")]
MONTHS = [date(2018, month, 1) for month in range(1, 6)]


@pytest.fixture(scope="module")
def olist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Two nights."""
    with played("olist", tmp_path_factory.mktemp("olist")) as nights:
        yield nights


def percent(rows: list[Row], won: Callable[[Row], int], of: Callable[[Row], int]) -> float:
    """Share in percent, one decimal."""
    return round(100 * sum(map(won, rows)) / sum(map(of, rows)), 1)


def test_published_totals_are_the_files(olist: Played) -> None:
    """Leads, deals, wins and declared revenue of each origin; the 60 blank ones stay visible, spend is not invented."""
    assert (olist.first.exit_code, olist.second.exit_code) == (0, 0)
    assert olist.totals() == expected_olist(DATA)
    assert {row["spend_amount"] for row in olist.rows["campaign_roi_daily"]} == {None}


def test_the_same_files_again_change_nothing(olist: Played) -> None:
    """Read again the next night, no published row differs, nothing is called restated, nothing waits."""
    assert olist.published_unchanged()
    assert olist.marks == 0


def test_who_is_not_tracked_closes_best(olist: Played) -> None:
    """Close rates by origin are the ones counted from the files by hand: dropping the unknown would bias everything."""
    rates = {origin: percent([row for row in olist.rows["lead_fact"] if row["campaign_id"] == origin],
                             lambda row: row["first_won_at"] is not None, lambda _: 1)
             for origin in ("unknown", UNMATCHED, "paid_search", "social", "email", "display")}
    assert rates == {"unknown": 16.3, UNMATCHED: 23.3, "paid_search": 12.3, "social": 5.6, "email": 3.0, "display": 5.1}


def test_cohorts_close_as_counted(olist: Played) -> None:
    """Within 30 days and ever so far, by month of first contact.

    The cohort table counts 30 times 24 hours from the contact, so a win late on day 30 is outside; counted in
    calendar days from the published deals it is inside, and the shares are those known of these files.
    """
    cohorts = [row for row in olist.rows["campaign_roi_cohort"] if row["horizon_days"] == 30]
    by_hours = {month: sum(row["won_count"] for row in cohorts if row["cohort_month"] == month) for month in MONTHS}
    assert by_hours == {month: expected_wins(DATA, month, 30) for month in MONTHS}
    contact = {row["lead_id"]: row["created_day"] for row in olist.rows["lead_fact"]}
    early = {row["lead_id"] for row in olist.rows["deal_fact"]
             if (row["closed_day"] - contact[row["lead_id"]]).days <= 30}
    within = [percent([row for row in olist.rows["lead_fact"] if row["cohort_month"] == month],
                      lambda row: row["lead_id"] in early, lambda _: 1) for month in MONTHS]
    ever = [percent([row for row in olist.rows["lead_fact"] if row["cohort_month"] == month],
                    lambda row: row["first_won_at"] is not None, lambda _: 1) for month in MONTHS]
    assert within == [8.4, 9.8, 9.8, 10.9, 7.1]
    assert ever == [13.3, 14.5, 14.2, 13.5, 10.0]


def test_days_to_close(olist: Played) -> None:
    """Half close within 14 days, three quarters within 55, the slowest after 427; one before it was contacted."""
    contact = {row["lead_id"]: row["created_day"] for row in olist.rows["lead_fact"]}
    days = [(row["closed_day"] - contact[row["lead_id"]]).days for row in olist.rows["deal_fact"]]
    assert (median(days), round(quantiles(days, method="inclusive")[2]), max(days), min(days)) == (14, 55, 427, -2)


def test_coverage(olist: Played) -> None:
    """Nobody called anybody on record and no margin is known, so neither speed to lead nor ROI is published."""
    rows = {row["metric"]: row for row in olist.rows["metric_coverage"]}
    assert {metric: row["is_published"] for metric, row in rows.items()} == {
        "speed_to_lead": False, "routing_delay": False, "roi": False, "match": True}
    assert (rows["speed_to_lead"]["eligible_count"], rows["speed_to_lead"]["covered_count"]) == (8000, 0)
    assert (rows["roi"]["eligible_count"], rows["match"]["covered_count"]) == (842, 7940)
