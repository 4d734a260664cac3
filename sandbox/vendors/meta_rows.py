"""Insights rows as Meta shows them: numbers as text, action lists left out when empty."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.model import Ad, AdAccount, AdDay, Campaign
from sandbox.wire import Row, words
from sandbox.world import World

PLATFORM = "meta_ads"
LEVELS = {"account": 0, "campaign": 1, "adset": 2, "ad": 3}
WINDOWS = ("1d_click", "7d_click", "28d_click", "1d_view", "1d_ev")
#: What Meta calls the company's kinds of interaction.
ACTIONS = {"engagement": "post_engagement", "reaction": "post_reaction", "comment": "comment", "share": "post",
           "video_view": "video_view", "link_click": "link_click"}
#: A lead is reported as the total and once more as its parts.
LEAD_ALIASES = ("lead", "onsite_conversion.lead_grouped", "offsite_conversion.fb_pixel_lead")
FIELDS = frozenset(words(
    """account_id account_name account_currency campaign_id campaign_name adset_id adset_name ad_id ad_name objective
    date_start date_stop impressions clicks spend reach frequency inline_link_clicks inline_post_engagement cpc cpm
    ctr actions action_values conversions conversion_values cost_per_action_type video_play_actions
    attribution_setting created_time updated_time"""))
_ALWAYS = ("date_start", "date_stop")
_DEFAULT = ("account_id", "campaign_id", "adset_id", "ad_id", "impressions", "spend")


def insight_rows(world: World, account: AdAccount, params: Mapping[str, str]) -> list[Row]:
    """All rows of a request: level, time_range, time_increment, filtering, fields, action_attribution_windows.

    Rows of deleted campaigns are left out below account level unless `filtering` asks for that status.
    """
    level = params.get("level", "account")
    names = _Names(world, account, LEVELS[level])
    since, until = _range(world, params)
    daily = params.get("time_increment") == "1"
    groups: dict[tuple[str, ...], list[AdDay]] = {}
    for row in world.spend.get((PLATFORM, account.account_id), []):
        if since <= row.day <= until and names.shows(row, _asks_deleted(params)):
            entity_ids = (row.campaign_id, row.ad_group_id, row.ad_id)[: LEVELS[level]]
            groups.setdefault((row.day.isoformat() if daily else "", *entity_ids), []).append(row)
    fields = {*(field_names(params) or _DEFAULT), *_ALWAYS}
    windows = [one for one in _list(params.get("action_attribution_windows")) if one in WINDOWS]
    rows = []
    for key, days in sorted(groups.items()):
        day, *entity = key
        span = {"date_start": day or since.isoformat(), "date_stop": day or until.isoformat()}
        full = names.describe(tuple(entity)) | span | _totals(days, account, windows)
        rows.append({name: value for name, value in full.items() if name in fields})
    return rows


def field_names(params: Mapping[str, str]) -> list[str]:
    """The requested fields, given as a comma list or as a JSON array."""
    return _list(params.get("fields"))


def _list(text: str | None) -> list[str]:
    if not text:
        return []
    found = json.loads(text) if text.lstrip().startswith("[") else text.split(",")
    return [str(one).strip() for one in found]


def _range(world: World, params: Mapping[str, str]) -> tuple[date, date]:
    if "time_range" in params:
        wanted = json.loads(params["time_range"])
        return date.fromisoformat(wanted["since"]), date.fromisoformat(wanted["until"])
    return date.min, world.now.date()


def _asks_deleted(params: Mapping[str, str]) -> bool:
    return any("DELETED" in condition.get("value", []) for condition in json.loads(params.get("filtering") or "[]")
               if str(condition.get("field", "")).endswith("effective_status"))


class _Names:
    """What the entities of a level are called, and which rows the level shows."""

    def __init__(self, world: World, account: AdAccount, fineness: int) -> None:
        owner = (PLATFORM, account.account_id)
        self.world, self.account, self.fineness = world, account, fineness
        self.campaigns = {one.campaign_id: one for one in world.campaigns.get(owner, [])}
        self.ads = {one.ad_id: one for one in world.ads.get(owner, [])}
        self.sets = {one.ad_group_id: one for one in self.ads.values()}

    def shows(self, row: AdDay, deleted_too: bool) -> bool:
        if self.fineness == 0:
            return True
        campaign = self.campaigns.get(row.campaign_id)
        if campaign is None or self.world.is_hidden(campaign) or (self.fineness == 3 and not row.ad_id):
            return False
        return deleted_too or not self.world.is_deleted(campaign)

    def describe(self, key: tuple[str, ...]) -> Row:
        row: Row = {"account_id": self.account.account_id, "account_name": self.account.name,
                    "account_currency": self.account.currency}
        if self.fineness >= 1:
            campaign: Campaign = self.campaigns[key[0]]
            row |= {"campaign_id": key[0], "campaign_name": self.world.name(campaign), "objective": campaign.objective}
        if self.fineness >= 2:
            row |= {"adset_id": key[1], "adset_name": self.sets[key[1]].ad_group_name if key[1] in self.sets else ""}
        if self.fineness == 3:
            ad: Ad = self.ads[key[2]]
            row |= {"ad_id": key[2], "ad_name": ad.ad_name}
        return row


def _totals(days: list[AdDay], account: AdAccount, windows: list[str]) -> Row:
    spend = sum((one.spend for one in days), Decimal(0))
    impressions, clicks = sum(one.impressions for one in days), sum(one.clicks for one in days)
    claimed = sum((one.claimed_conversions for one in days), Decimal(0))
    value = sum((one.claimed_value for one in days), Decimal(0))
    kinds = {kind: sum(one.engagements.get(kind, 0) for one in days) for kind in ACTIONS}
    row: Row = {"spend": money(spend, account.currency), "impressions": str(impressions), "clicks": str(clicks),
                "reach": str(impressions * 7 // 10), "inline_link_clicks": str(clicks * 4 // 5),
                "inline_post_engagement": str(kinds["engagement"]), "attribution_setting": "7d_click_1d_view"}
    actions = [_action(ACTIONS[kind], Decimal(number), windows) for kind, number in kinds.items() if number]
    row |= {"actions": actions + _leads(claimed, windows)} if actions or claimed else {}
    row |= {"action_values": _leads(value, windows)} if value else {}
    row |= {"video_play_actions": [_action("video_view", Decimal(kinds["video_view"]), windows)]} \
        if kinds["video_view"] else {}
    row |= {"cpc": f"{spend / clicks:.6f}"} if clicks else {}
    if impressions:
        row |= {"cpm": f"{spend * 1000 / impressions:.6f}", "ctr": f"{Decimal(clicks * 100) / impressions:.6f}",
                "frequency": f"{Decimal(impressions) / max(impressions * 7 // 10, 1):.6f}"}
    return row


def _leads(total: Decimal, windows: list[str]) -> list[Row]:
    if not total:
        return []
    form = (total * 3 / 5).to_integral_value() if total == total.to_integral_value() else total
    parts = zip(LEAD_ALIASES, (total, form, total - form), strict=True)
    return [_action(name, number, windows) for name, number in parts if number]


def _action(name: str, value: Decimal, windows: list[str]) -> Row:
    shares = {"1d_click": (value * 4 / 5).to_integral_value(), "7d_click": value, "28d_click": value}
    asked: dict[str, Any] = {one: _plain(shares[one]) for one in windows if shares.get(one)}
    return {"action_type": name, "value": _plain(value)} | asked


def money(amount: Decimal, currency: str) -> str:
    """An amount as Meta writes it: no decimals in a currency without minor unit."""
    return f"{amount:.0f}" if currency in ("VND", "JPY", "KRW") else f"{amount:.2f}"


def _plain(value: Decimal) -> str:
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
