"""The marketplace's funnel, read by configuration alone, against pandas over the same files."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.examples.exports import DATA, by_campaign, needs_exports, tables_of
from tests.examples.oracles import UNMATCHED, expected_olist

pytestmark = needs_exports


@pytest.fixture
def olist(monkeypatch: pytest.MonkeyPatch) -> dict[str, pd.DataFrame]:
    return tables_of("olist", monkeypatch)


def test_leads_deals_and_declared_revenue_per_origin(olist: dict[str, pd.DataFrame]) -> None:
    """Every total of every origin equals the independent computation; blank origins stay visible as unmatched."""
    expected = expected_olist(DATA)
    deal = olist["deal"].merge(olist["lead"][["lead_id", "crm_campaign"]], on="lead_id", suffixes=("_own", ""))
    origin = deal["crm_campaign"].fillna(UNMATCHED)
    assert olist["lead"]["crm_campaign"].fillna(UNMATCHED).value_counts().to_dict() == expected.leads
    assert origin.value_counts().to_dict() == expected.deals == expected.won
    assert by_campaign(deal["deal_amount"], origin) == expected.revenue
    assert expected.leads[UNMATCHED] == 60


def test_every_origin_is_a_campaign_once(olist: dict[str, pd.DataFrame]) -> None:
    """The ten named origins, `unknown` among them, are the campaign dimension."""
    assert sorted(olist["campaign"]["campaign_id"]) == sorted(olist["lead"]["crm_campaign"].dropna().unique())


def test_days_are_those_printed_in_the_file(olist: dict[str, pd.DataFrame]) -> None:
    """A first contact on a day without a midnight (the clocks went forward) stays on that day."""
    raw = pd.read_csv(DATA / "olist" / "olist_marketing_qualified_leads_dataset.csv", dtype=str)
    assert [str(day) for day in olist["lead"]["created_day"]] == raw["first_contact_date"].tolist()
    assert "2017-10-15" in set(raw["first_contact_date"])
