"""Truth, fourth part: what the platforms reported as spent, by level, in the newest version of every row."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sandbox.model import AdDay, Campaign, Company
from sandbox.truth_events import Rates
from sandbox.truth_origin import CampaignKey

UNALLOCATED = "(unallocated)"


@dataclass
class Spend:
    """One campaign and account-local day. The remainder of a control total knows its money only."""

    currency: str
    amount: Decimal = Decimal(0)
    reporting: Decimal = Decimal(0)
    impressions: int = 0
    clicks: int = 0
    engagements: int = 0
    claimed: Decimal = Decimal(0)
    claimed_value: Decimal = Decimal(0)
    is_remainder: bool = False

    def add(self, row: AdDay) -> None:
        """One ad's day more."""
        self.amount += row.spend
        self.impressions += row.impressions
        self.clicks += row.clicks
        self.engagements += sum(row.engagements.values())
        self.claimed += row.claimed_conversions
        self.claimed_value += row.claimed_value


@dataclass(frozen=True)
class Control:
    """One account and day: its own total, and the sums of the finer levels."""

    currency: str
    total: Decimal
    by_level: dict[str, Decimal]


def newest(company: Company, as_of: datetime) -> list[AdDay]:
    """The rows as the platforms show them at `as_of`; vanished ones are not shown."""
    shown: dict[tuple[str, ...], AdDay] = {}
    for row in company.ad_days:
        if row.visible_from <= as_of:
            key = (row.platform, row.account_id, row.campaign_id, row.ad_group_id, row.ad_id, row.day.isoformat())
            if key not in shown or shown[key].visible_from <= row.visible_from:
                shown[key] = row
    return [row for row in shown.values() if not row.vanished]


def is_hidden(campaign: Campaign, as_of: datetime) -> bool:
    """Whether only the account's total still holds the campaign's spend."""
    return (campaign.rows_hidden_when_deleted and campaign.deleted_at is not None and campaign.deleted_at <= as_of)


def spend(company: Company, as_of: datetime,
          rates: Rates) -> tuple[dict[tuple[CampaignKey, date], Spend], dict[tuple[str, str, date], Control]]:
    """Spend per campaign and day, remainders included, and the control totals per account and day."""
    currency = {account.account_id: account.currency for account in company.accounts}
    hidden = {campaign.campaign_id for campaign in company.campaigns if is_hidden(campaign, as_of)}
    found: dict[tuple[CampaignKey, date], Spend] = {}
    levels: defaultdict[tuple[str, str, date], dict[str, Decimal]] = defaultdict(
        lambda: dict.fromkeys(("account", "campaign", "ad"), Decimal(0)))
    for row in newest(company, as_of):
        sums = levels[row.platform, row.account_id, row.day]
        sums["account"] += row.spend
        if row.campaign_id in hidden:
            continue
        sums["campaign"] += row.spend
        sums["ad"] += row.spend if row.ad_id else 0
        key = ((row.platform, row.account_id, row.campaign_id), row.day)
        found.setdefault(key, Spend(currency[row.account_id])).add(row)
    for (platform, account_id, day), sums in levels.items():
        rest = sums["account"] - sums["campaign"]
        if rest:
            found[(platform, account_id, UNALLOCATED), day] = Spend(currency[account_id], rest, is_remainder=True)
    for (_, day), one in found.items():
        one.reporting = rates.convert(one.amount, one.currency, day)
    return found, {key: Control(currency[key[1]], sums.pop("account"), sums) for key, sums in levels.items()}
