"""What the three exports say, computed by plain pandas over the CSV files: no code of the product is used here.

Each function returns totals per campaign (or origin); `UNMATCHED` collects leads and deals that name none.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pandas as pd

UNMATCHED = "(unmatched)"


@dataclass(frozen=True)
class Totals:
    """By campaign id: spend and revenue in the example's currency, claimed conversions, and counts.

    `leads` counts leads, `deals` all deals, `won` the won ones; `revenue` is the amount of the won ones.
    A campaign without leads or deals has no entry there.
    """

    spend: dict[str, Decimal] = field(default_factory=dict)
    claimed: dict[str, Decimal] = field(default_factory=dict)
    leads: dict[str, int] = field(default_factory=dict)
    deals: dict[str, int] = field(default_factory=dict)
    won: dict[str, int] = field(default_factory=dict)
    revenue: dict[str, Decimal] = field(default_factory=dict)


def expected_zoho(data: Path) -> Totals:
    """Cost per campaign as exported; leads and deals by the campaign of the deal that a lead became."""
    campaigns, leads, deals = (_read(data / "zoho" / f"{name}.csv") for name in ("Campaigns", "Leads", "Potentials"))
    cost = campaigns["Actual Cost"].str.replace(r"[$,K]", "", regex=True).map(Decimal) * 1000
    campaign_of_lead = leads["LEADID"].map(deals.set_index("LEADID")["Campaign Id"]).fillna(UNMATCHED)
    amount = deals["Amount"].str.replace(r"[$,]", "", regex=True).map(Decimal)
    won = deals["Stage"] == "Closed Won"
    return Totals(spend=_sums(cost, campaigns["CAMPAIGNID"]), leads=_counts(campaign_of_lead),
                  deals=_counts(deals["Campaign Id"]), won=_counts(deals["Campaign Id"][won]),
                  revenue=_sums(amount[won], deals["Campaign Id"][won]))


def expected_touched(data: Path) -> int:
    """How many leads of the CRM export have an outbound call on record at or after their creation."""
    leads, calls = (_read(data / "zoho" / f"{name}.csv") for name in ("Leads", "Calls"))
    both = calls[calls["Call Type"] == "Outbound"].merge(leads, on="LEADID", suffixes=(" of call", ""))
    called = pd.to_datetime(both["Call Start Time"], format="ISO8601")
    created = pd.to_datetime(both["Created Time"], format="%d %b, %Y %H:%M:%S")
    return int(both.loc[called >= created, "LEADID"].nunique())


def expected_olist(data: Path) -> Totals:
    """Leads and won deals by origin, `unknown` being one and blank none; revenue as the sellers declared it."""
    leads = _read(data / "olist" / "olist_marketing_qualified_leads_dataset.csv")
    deals = _read(data / "olist" / "olist_closed_deals_dataset.csv").merge(leads, on="mql_id", validate="1:1")
    of_lead, of_deal = (frame["origin"].replace("", UNMATCHED) for frame in (leads, deals))
    return Totals(leads=_counts(of_lead), deals=_counts(of_deal), won=_counts(of_deal),
                  revenue=_sums(deals["declared_monthly_revenue"].map(Decimal), of_deal))


def expected_wins(data: Path, month: date, days: int) -> int:
    """How many leads first contacted in a month were won within so many times 24 hours of it."""
    leads = _read(data / "olist" / "olist_marketing_qualified_leads_dataset.csv")
    both = leads.merge(_read(data / "olist" / "olist_closed_deals_dataset.csv"), on="mql_id")
    contact, won = pd.to_datetime(both["first_contact_date"]), pd.to_datetime(both["won_date"])
    return int(((contact.dt.strftime("%Y-%m") == f"{month:%Y-%m}") & (won - contact <= pd.Timedelta(days=days))).sum())


def expected_kag(data: Path) -> Totals:
    """Spend in cents and enquiries by campaign."""
    ads = _read(data / "kag" / "KAG_conversion_data.csv")
    cents = ads["Spent"].map(lambda text: Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_EVEN))
    campaign = ads["xyz_campaign_id"]
    return Totals(spend=_sums(cents, campaign), claimed=_sums(ads["Total_Conversion"].map(Decimal), campaign))


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _counts(keys: pd.Series) -> dict[str, int]:
    return {str(key): int(count) for key, count in keys.value_counts().items()}


def _sums(values: pd.Series, keys: pd.Series) -> dict[str, Decimal]:
    totals: dict[Hashable, Any] = values.groupby(keys).agg(lambda group: sum(group, Decimal())).to_dict()
    return {str(key): Decimal(value) for key, value in totals.items()}
