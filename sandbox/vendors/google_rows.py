"""The rows behind each GAQL resource, flat: one entry per field name, int64 as text, doubles as numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.model import Ad, AdAccount, AdDay, Campaign
from sandbox.vendors.google_query import Query
from sandbox.wire import Row, words
from sandbox.world import World

PLATFORM = "google_ads"
MICROS = 1_000_000
_CUSTOMER = """customer.id customer.descriptive_name customer.currency_code customer.time_zone customer.manager
    customer.status"""
_CAMPAIGN = "campaign.id campaign.name campaign.status campaign.advertising_channel_type campaign.start_date_time"
_AD_GROUP = "ad_group.id ad_group.name ad_group.status"
_AD = "ad_group_ad.ad.id ad_group_ad.ad.name ad_group_ad.status"
_METRICS = """metrics.cost_micros metrics.impressions metrics.clicks metrics.interactions metrics.engagements
    metrics.conversions metrics.conversions_value metrics.all_conversions metrics.all_conversions_value
    metrics.view_through_conversions metrics.video_trueview_views"""
_CLIENT = """customer_client.client_customer customer_client.id customer_client.level customer_client.manager
    customer_client.status customer_client.currency_code customer_client.time_zone customer_client.descriptive_name
    customer_client.hidden"""
_CLICK = "click_view.gclid click_view.ad_group_ad"
_DAILY = f"{_METRICS} segments.date"

FIELDS: dict[str, frozenset[str]] = {
    resource: frozenset(words(text)) for resource, text in {
        "customer": f"{_CUSTOMER} {_DAILY}",
        "customer_client": f"{_CUSTOMER} {_CLIENT}",
        "campaign": f"{_CUSTOMER} {_CAMPAIGN} {_DAILY}",
        "ad_group": f"{_CUSTOMER} {_CAMPAIGN} {_AD_GROUP} {_DAILY}",
        "ad_group_ad": f"{_CUSTOMER} {_CAMPAIGN} {_AD_GROUP} {_AD} {_DAILY}",
        "click_view": f"{_CUSTOMER} {_CAMPAIGN} {_AD_GROUP} {_CLICK} metrics.clicks segments.date",
    }.items()
}
KNOWN = frozenset().union(*FIELDS.values())
_FINENESS = {"customer": 0, "campaign": 1, "ad_group": 2, "ad_group_ad": 3}


def client_rows(world: World, manager_id: str) -> list[Row]:
    """The manager itself at level 0, then its clients."""
    clients = [one for one in world.accounts(PLATFORM) if one.manager_id == manager_id]
    head = {"customer_client.id": manager_id, "customer_client.level": "0", "customer_client.manager": True,
            "customer_client.descriptive_name": "Manager", "customer_client.currency_code": "VND",
            "customer_client.time_zone": world.company.business_zone, "customer_client.status": "ENABLED"}
    rows = [head, *(_client(one, "1") for one in clients)] if clients else [
        _client(one, "0") for one in world.accounts(PLATFORM) if one.account_id == manager_id]
    return [row | {"customer_client.client_customer": f"customers/{row['customer_client.id']}",
                   "customer_client.hidden": False, "customer.id": manager_id} for row in rows]


def _client(account: AdAccount, level: str) -> Row:
    return {"customer_client.id": account.account_id, "customer_client.level": level, "customer_client.manager": False,
            "customer_client.descriptive_name": account.name, "customer_client.currency_code": account.currency,
            "customer_client.time_zone": account.time_zone, "customer_client.status": shown_status(account)}


def shown_status(account: AdAccount) -> str:
    """The status that the account tree shows: a missing permission is not one."""
    return account.status if account.status in ("ENABLED", "CANCELED", "SUSPENDED", "CLOSED") else "ENABLED"


def report_rows(world: World, account: AdAccount, query: Query) -> list[Row]:
    """Rows of customer, campaign, ad_group and ad_group_ad: per day when the day is selected, else one per entity.

    With a segment, rows without activity are not returned; without one, every entity is.
    """
    fineness = _FINENESS[query.resource]
    describe = _describer(world, account, fineness)
    first, last = query.days()
    by_day = any(name.startswith("segments.") for name in query.named)
    groups: dict[tuple[str, ...], list[AdDay]] = {} if by_day else {key: [] for key in describe.keys}
    for row in world.spend.get((PLATFORM, account.account_id), []):
        day, key = row.day.isoformat(), (row.campaign_id, row.ad_group_id, row.ad_id)[:fineness]
        if first <= day <= last and key in describe.keys:
            groups.setdefault((*key, day) if by_day else key, []).append(row)
    flat = []
    for key, rows in groups.items():
        totals = _totals(rows)
        if by_day and not any(float(value) for value in totals.values()):
            continue
        flat.append(describe(key[:fineness]) | totals | ({"segments.date": key[-1]} if by_day else {}))
    return flat


class _describer:  # noqa: N801 - used as a function with a table
    """Names the entities of one level: key (campaign, ad group, ad up to the level) to their fields."""

    def __init__(self, world: World, account: AdAccount, fineness: int) -> None:
        owner = (PLATFORM, account.account_id)
        self.customer = _customer(account)
        self.campaigns = {one.campaign_id: one for one in world.campaigns.get(owner, []) if not world.is_hidden(one)}
        self.ads = {(one.campaign_id, one.ad_group_id, one.ad_id): one for one in world.ads.get(owner, [])}
        self.groups = {key[:2]: ad for key, ad in self.ads.items()}
        self.world, self.fineness = world, fineness
        keys: list[Iterable[tuple[str, ...]]] = [[()], ((one,) for one in self.campaigns), self.groups, self.ads]
        self.keys = dict.fromkeys(key for key in keys[fineness] if not key or key[0] in self.campaigns)

    def __call__(self, key: tuple[str, ...]) -> Row:
        row = dict(self.customer)
        if self.fineness >= 1:
            row |= campaign_fields(self.world, self.campaigns[key[0]])
        if self.fineness >= 2:
            row |= {"ad_group.id": key[1], "ad_group.name": self.groups[key[0], key[1]].ad_group_name,
                    "ad_group.status": row["campaign.status"]}
        if self.fineness == 3:
            row |= {"ad_group_ad.ad.id": key[2], "ad_group_ad.ad.name": self.ads[key[0], key[1], key[2]].ad_name,
                    "ad_group_ad.status": row["campaign.status"]}
        return row


def _customer(account: AdAccount) -> Row:
    return {"customer.id": account.account_id, "customer.descriptive_name": account.name,
            "customer.currency_code": account.currency, "customer.time_zone": account.time_zone,
            "customer.manager": False, "customer.status": shown_status(account)}


def campaign_fields(world: World, campaign: Campaign) -> Row:
    """The campaign as named and standing now."""
    return {"campaign.id": campaign.campaign_id, "campaign.name": world.name(campaign),
            "campaign.status": "REMOVED" if world.is_deleted(campaign) else "ENABLED",
            "campaign.advertising_channel_type": campaign.channel,
            "campaign.start_date_time": f"{campaign.started} 00:00:00"}


def _totals(rows: list[AdDay]) -> Row:
    total: Callable[[Callable[[AdDay], Any]], Any] = lambda part: sum((part(row) for row in rows), Decimal(0))  # noqa: E731
    counted: Callable[[str], str] = lambda kind: str(sum(row.engagements.get(kind, 0) for row in rows))  # noqa: E731
    clicks, claimed = int(total(lambda row: row.clicks)), float(total(lambda row: row.claimed_conversions))
    value = float(total(lambda row: row.claimed_value))
    return {
        "metrics.cost_micros": str(int(total(lambda row: row.spend) * MICROS)),
        "metrics.impressions": str(int(total(lambda row: row.impressions))), "metrics.clicks": str(clicks),
        "metrics.interactions": str(clicks + int(counted("engagement"))), "metrics.engagements": counted("engagement"),
        "metrics.conversions": claimed, "metrics.conversions_value": value, "metrics.all_conversions": claimed,
        "metrics.all_conversions_value": value, "metrics.view_through_conversions": "0",
        "metrics.video_trueview_views": counted("video_view"),
    }


def click_rows(world: World, account: AdAccount, day: date) -> list[Row]:
    """The clicks of one account-local day that have an id."""
    zone = ZoneInfo(account.time_zone)
    describe = _describer(world, account, 1)
    groups: dict[str, Ad] = {ad.ad_group_id: ad for ad in describe.ads.values()}
    return [
        describe((touch.campaign_id,)) | {
            "ad_group.id": touch.ad_group_id or None,
            "ad_group.name": groups[touch.ad_group_id].ad_group_name if touch.ad_group_id in groups else None,
            "click_view.gclid": touch.touch_id, "metrics.clicks": "1", "segments.date": day.isoformat(),
            "click_view.ad_group_ad": f"customers/{account.account_id}/adGroupAds/{touch.ad_group_id}~{touch.ad_id}"
            if touch.ad_id else None}
        for touch in world.company.touches
        if (touch.platform, touch.account_id, touch.kind) == (PLATFORM, account.account_id, "gclid")
        and touch.at <= world.now and touch.at.astimezone(zone).date() == day
        and (touch.campaign_id,) in describe.keys
    ]
