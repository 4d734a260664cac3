"""Meta's objects other than insights: ad accounts, campaigns, ad sets, ads and what lead forms collected."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from sandbox.model import AdAccount, Campaign
from sandbox.vendors.meta_rows import PLATFORM
from sandbox.wire import Row
from sandbox.world import World


def account_rows(world: World) -> list[Row]:
    """The ad accounts of the token's user, those it may not read included."""
    status = {"ENABLED": 1, "FORBIDDEN": 1}
    return [{"id": f"act_{one.account_id}", "account_id": one.account_id, "name": one.name, "currency": one.currency,
             "timezone_name": one.time_zone, "account_status": status.get(one.status, 2)}
            for one in world.accounts(PLATFORM)]


def campaign_rows(world: World, account: AdAccount, params: Mapping[str, str]) -> list[Row]:
    """The campaigns that the platform lists."""
    status = _listed(world, params)
    return [{"id": one.campaign_id, "name": world.name(one), "account_id": account.account_id, "status": shown,
             "effective_status": shown, "objective": one.objective, "buying_type": "AUCTION",
             "start_time": f"{one.started}T00:00:00+0000"}
            for one in world.campaigns.get((PLATFORM, account.account_id), []) if (shown := status(one))]


def ad_rows(world: World, account: AdAccount, params: Mapping[str, str]) -> list[Row]:
    """The ads of the campaigns that the platform lists."""
    owner = (PLATFORM, account.account_id)
    status, campaigns = _listed(world, params), {one.campaign_id: one for one in world.campaigns[owner]}
    return [{"id": ad.ad_id, "name": ad.ad_name, "adset_id": ad.ad_group_id, "campaign_id": ad.campaign_id,
             "account_id": account.account_id, "status": shown, "effective_status": shown}
            for ad in world.ads.get(owner, []) if (shown := status(campaigns[ad.campaign_id]))]


def set_rows(world: World, account: AdAccount, params: Mapping[str, str]) -> list[Row]:
    """The ad sets of the ads that the platform lists: an ad set is deleted with its campaign."""
    found = {ad["adset_id"]: ad for ad in ad_rows(world, account, params)}
    names = {ad.ad_group_id: ad.ad_group_name for ad in world.ads.get((PLATFORM, account.account_id), [])}
    return [{"id": set_id, "name": names[set_id]} | {
        name: ad[name] for name in ("campaign_id", "account_id", "status", "effective_status")}
        for set_id, ad in found.items()]


def lead_rows(world: World, ad_id: str, params: Mapping[str, str]) -> list[Row]:
    """What the lead form of an ad collected, newest first, within the `time_created` filters."""
    bounds = {"GREATER_THAN": 0, "LESS_THAN": 2**40}
    for condition in json.loads(params.get("filtering") or "[]"):
        if condition.get("field") == "time_created":
            bounds[condition["operator"]] = int(condition["value"])
    return [{"id": one.touch_id, "created_time": f"{one.at:%Y-%m-%dT%H:%M:%S+0000}", "ad_id": one.ad_id,
             "adset_id": one.ad_group_id, "campaign_id": one.campaign_id, "form_id": f"9{one.ad_group_id}"}
            for one in sorted(world.company.touches, key=lambda one: one.at, reverse=True)
            if (one.platform, one.kind, one.ad_id) == (PLATFORM, "vendor_lead_id", ad_id) and one.at <= world.now
            and bounds["GREATER_THAN"] < one.at.timestamp() < bounds["LESS_THAN"]]


def _listed(world: World, params: Mapping[str, str]) -> Callable[[Campaign], str | None]:
    """The status under which the platform lists a campaign; None when it does not. Deleted ones must be asked for."""
    asked = _statuses(params)

    def status(campaign: Campaign) -> str | None:
        shown = "DELETED" if world.is_deleted(campaign) else "ACTIVE"
        return shown if (shown in asked if asked else shown == "ACTIVE") and not world.is_hidden(campaign) else None

    return status


def _statuses(params: Mapping[str, str]) -> set[str]:
    asked = json.loads(params.get("effective_status") or "[]")
    for condition in json.loads(params.get("filtering") or "[]"):
        asked += condition["value"] if str(condition.get("field")).endswith("effective_status") else []
    return set(asked)
