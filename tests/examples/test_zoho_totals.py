"""The CRM sample export, read by configuration alone, against pandas over the same files."""

from __future__ import annotations

import pandas as pd
import pytest

from crosscheck.rules import load_lead_states
from tests.examples.exports import DATA, ROOT, by_campaign, needs_exports, tables_of
from tests.examples.oracles import UNMATCHED, expected_zoho

pytestmark = needs_exports


@pytest.fixture
def zoho(monkeypatch: pytest.MonkeyPatch) -> dict[str, pd.DataFrame]:
    return tables_of("zoho", monkeypatch)


def test_spend_leads_deals_and_revenue_per_campaign(zoho: dict[str, pd.DataFrame]) -> None:
    """Every total of every campaign equals the independent computation, exactly."""
    expected, deal = expected_zoho(DATA), zoho["deal"]
    won = deal[deal["is_won"]]
    assert by_campaign(zoho["ad_daily"]["spend_amount"], zoho["ad_daily"]["campaign_id"]) == expected.spend
    assert zoho["lead"]["crm_campaign"].fillna(UNMATCHED).value_counts().to_dict() == expected.leads
    assert deal["crm_campaign"].value_counts().to_dict() == expected.deals
    assert won["crm_campaign"].value_counts().to_dict() == expected.won
    assert by_campaign(won["deal_amount"], won["crm_campaign"]) == expected.revenue


def test_a_deal_and_its_lead_name_the_same_campaign(zoho: dict[str, pd.DataFrame]) -> None:
    """The campaign that a lead gets from its deal is the deal's own, so both ways of crediting agree."""
    both = zoho["deal"].merge(zoho["lead"], on="lead_id", validate="1:1")
    assert len(both) == len(zoho["deal"]) == 3632
    assert (both["crm_campaign_x"] == both["crm_campaign_y"]).all()


def test_every_lead_is_a_person_of_its_own(zoho: dict[str, pd.DataFrame]) -> None:
    """All 3,900 addresses differ and are well formed, so counting people and counting leads is the same here."""
    assert zoho["lead"]["person_key"].nunique() == 3900
    assert zoho["lead"]["is_email_valid"].all()


def test_open_deals_have_no_closing_day(zoho: dict[str, pd.DataFrame]) -> None:
    """The closing date of an open deal is a hope and is left null."""
    deal = zoho["deal"]
    assert (deal["closed_day"].isna() == ~(deal["is_won"] | deal["is_lost"])).all()


def test_calls_that_name_no_lead_are_left_out_and_counted(zoho: dict[str, pd.DataFrame]) -> None:
    """Of 4,100 calls 170 name a lead: 4 percent, too few for a speed to lead."""
    assert len(zoho["activity"]) == 170


def test_every_status_has_an_agreed_meaning(zoho: dict[str, pd.DataFrame]) -> None:
    """No status of the export is unknown to the example's rules."""
    rules = load_lead_states(ROOT / "examples" / "zoho" / "rules" / "lead_states")
    statuses = zoho["lead_status"][["status_field", "status"]].drop_duplicates().itertuples(index=False)
    assert all(rules.knows("zoho", field, status) for field, status in statuses)
