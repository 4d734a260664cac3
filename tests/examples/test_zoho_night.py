"""The CRM sample export through the whole night, against pandas; and what its gaps forbid to publish."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.examples.exports import DATA, needs_exports
from tests.examples.nights import Played, played
from tests.examples.oracles import expected_touched, expected_zoho

pytestmark = [pytest.mark.nights, needs_exports, pytest.mark.xdist_group("zoho")]


@pytest.fixture(scope="module")
def zoho(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Two nights."""
    with played("zoho", tmp_path_factory.mktemp("zoho")) as nights:
        yield nights


def test_published_totals_are_the_files(zoho: Played) -> None:
    """Cost, leads, deals, wins and revenue of all 110 campaigns, exactly."""
    totals = zoho.totals()
    assert (zoho.first.exit_code, zoho.second.exit_code) == (0, 0)
    assert totals == expected_zoho(DATA)
    assert (len(totals.spend), sum(totals.leads.values()), sum(totals.deals.values())) == (110, 3900, 3632)


def test_the_same_files_again_change_nothing(zoho: Played) -> None:
    """Read again the next night, no published row differs, nothing is called restated, nothing waits."""
    assert zoho.published_unchanged()
    assert zoho.marks == 0


def test_speed_to_lead_is_refused_with_its_reason(zoho: Played) -> None:
    """At most 4 percent of the leads have a call on record since they came: no number is published, the reason is."""
    (row,) = [row for row in zoho.rows["metric_coverage"] if row["metric"] == "speed_to_lead"]
    assert (row["eligible_count"], row["covered_count"]) == (3900, expected_touched(DATA))
    assert row["covered_rate"] < 0.05 < row["needed_rate"]
    assert not row["is_published"]
    assert row["reason"].startswith("too few leads have an outbound touch on record")


def test_the_other_metrics_say_what_they_have(zoho: Played) -> None:
    """Most leads have a campaign; no margin is in the export, so ROI on margin is refused and the ratio is null."""
    rows = {row["metric"]: row for row in zoho.rows["metric_coverage"]}
    assert (rows["match"]["covered_count"], rows["match"]["is_published"]) == (3632, True)
    assert (rows["roi"]["covered_count"], rows["roi"]["is_published"]) == (0, False)
    assert {row["roi_ratio"] for row in zoho.rows["campaign_roi_daily"] if row["won_deal_count"]} == {None}


def test_the_sources_own_rules_are_followed(zoho: Played) -> None:
    """Every lead said to be junk is a wrong target: the rule file that names the source is the one that holds."""
    wrong = sum(row["wrong_target_at"] is not None for row in zoho.rows["lead_fact"])
    assert wrong == 388
