"""Google Ads rows → canonical frames. Pure: a page in, frames out.

    {"results": [{"customer": {"id", "currencyCode"}, "campaign": {"id", "name"}, "metrics": {"costMicros": "70000",
      "impressions": "69", "conversions": 0.0}, "segments": {"date": "2026-07-14"}}], "nextPageToken": "…"}

int64 comes as text, doubles as numbers, what is not set is absent; a query without hits has no `results`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec

from connectors import wire
from connectors.base import Mapped, RawPage, Slice
from connectors.frames import Draft, assemble
from connectors.utm import norm
from crosscheck.canonical import AD, AD_DAILY, AD_GROUP, AD_TOUCH, CAMPAIGN, ENGAGEMENT_DAILY
from crosscheck.windows import last_full_day

PLATFORM = "google_ads"


class _Part(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """Any resource: what it has of these."""

    id: str | None = None
    name: str | None = None
    status: str | None = None
    currency_code: str | None = None
    advertising_channel_type: str | None = None
    date: str | None = None
    gclid: str | None = None
    ad_group_ad: str | None = None


class _Metrics(msgspec.Struct, rename="camel", frozen=True, gc=False):
    cost_micros: str | None = None
    impressions: str | None = None
    clicks: str | None = None
    engagements: str | None = None
    video_trueview_views: str | None = None
    conversions: Decimal | None = None
    conversions_value: Decimal | None = None


_NOTHING, _NO_METRICS = _Part(), _Metrics()


class _AdGroupAd(msgspec.Struct, frozen=True, gc=False):
    ad: _Part = _NOTHING


_NO_AD = _AdGroupAd()


class Row(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """One result."""

    customer: _Part = _NOTHING
    campaign: _Part = _NOTHING
    ad_group: _Part = _NOTHING
    ad_group_ad: _AdGroupAd = _NO_AD
    click_view: _Part = _NOTHING
    segments: _Part = _NOTHING
    metrics: _Metrics = _NO_METRICS


class _Page(msgspec.Struct):
    results: list[Row] = []


class Envelope(msgspec.Struct, rename="camel"):
    """A page before its rows are looked into; something that is no such page is a BrokenAnswer."""

    results: list[msgspec.Raw] = []
    next_page_token: str | None = None
    field_mask: str | None = None


def map_page(job: Slice, page: RawPage, select: str) -> Mapped:
    """The frames of a page of a stream; `select` is what was asked for, the rest is drift."""
    rows = wire.parse(page.body, _Page).results
    return assemble(_DRAFTS[job.stream.name](job, rows), drift=_drift(page.body, select))


def _drift(body: bytes, select: str) -> list[str]:
    """Keys of the page's first row that nobody asked for."""
    results = wire.parse(body, Envelope).results
    asked = {re.sub(r"_([a-z0-9])", lambda hit: hit[1].upper(), name) for name in re.split(r",\s*", select)}
    found = _paths(wire.parse(bytes(results[0]))) if results else ()
    return [path for path in found if path not in asked and not path.endswith("resourceName")]


def _paths(value: dict[str, Any], prefix: str = "") -> Iterable[str]:
    for key, inner in value.items():
        yield from _paths(inner, f"{prefix}{key}.") if isinstance(inner, dict) else (prefix + key,)


def _numbered(job: Slice, rows: list[Row], table: Any) -> Draft:
    return Draft(table, range(1, len(rows) + 1)).const("platform", PLATFORM).const("account_id", job.account.account_id)


def _daily(job: Slice, rows: list[Row], level: str) -> Draft:
    """Spend and delivery per entity and day; ids above the level are empty."""
    metrics = [row.metrics for row in rows]
    draft = _numbered(job, rows, AD_DAILY).const("level", level)
    draft.put("day", [row.segments.date for row in rows]).within("day", job.window)
    draft.put("currency_code", [row.customer.currency_code for row in rows])
    draft.micros("spend_amount", [each.cost_micros for each in metrics])
    draft.put("impression_count", [each.impressions for each in metrics])
    draft.put("click_count", [each.clicks for each in metrics])
    draft.put("claimed_conversion_count", [each.conversions for each in metrics])
    return draft.put("claimed_value_amount", [each.conversions_value for each in metrics])


def _account_daily(job: Slice, rows: list[Row]) -> list[Draft]:
    draft = _daily(job, rows, "account")
    return [draft.const("campaign_id", "").const("ad_group_id", "").const("ad_id", "")]


def _campaign_daily(job: Slice, rows: list[Row]) -> list[Draft]:
    draft = _daily(job, rows, "campaign").put("campaign_id", [row.campaign.id for row in rows])
    return [draft.const("ad_group_id", "").const("ad_id", ""), _engagement(job, rows)]


def _ad_daily(job: Slice, rows: list[Row]) -> list[Draft]:
    draft = _daily(job, rows, "ad").put("campaign_id", [row.campaign.id for row in rows])
    draft.put("ad_group_id", [row.ad_group.id for row in rows])
    return [draft.put("ad_id", [row.ad_group_ad.ad.id for row in rows])]


def _engagement(job: Slice, rows: list[Row]) -> Draft:
    """One row per kind that Google reported for the campaign and day; a reported zero is a fact, too."""
    kinds: tuple[tuple[str, Callable[[_Metrics], str | None]], ...] = (
        ("engagement", lambda metrics: metrics.engagements),
        ("video_view", lambda metrics: metrics.video_trueview_views))
    found = [(no, row, kind, value) for kind, read in kinds for no, row in enumerate(rows, start=1)
             if (value := read(row.metrics)) is not None]
    draft = Draft(ENGAGEMENT_DAILY, [no for no, *_ in found])
    draft.const("platform", PLATFORM).const("account_id", job.account.account_id)
    draft.put("campaign_id", [row.campaign.id for _, row, _, _ in found])
    draft.put("day", [row.segments.date for _, row, _, _ in found])
    draft.put("engagement_kind", [kind for _, _, kind, _ in found])
    return draft.put("engagement_count", [value for *_, value in found])


def _campaigns(job: Slice, rows: list[Row]) -> list[Draft]:
    draft = _numbered(job, rows, CAMPAIGN).put("campaign_id", [row.campaign.id for row in rows])
    draft.const("valid_from_day", last_full_day(job.as_of, job.account.time_zone))
    draft.put("campaign_name", [row.campaign.name for row in rows])
    draft.put("campaign_name_norm", [norm(row.campaign.name) for row in rows])
    draft.put("campaign_status", [row.campaign.status for row in rows])
    return [draft.put("channel", [row.campaign.advertising_channel_type for row in rows])]


def _ads(job: Slice, rows: list[Row]) -> list[Draft]:
    """Names of ads, and of their ad groups: those once each."""
    seen_on = last_full_day(job.as_of, job.account.time_zone)
    draft = _numbered(job, rows, AD).const("valid_from_day", seen_on)
    draft.put("ad_id", [row.ad_group_ad.ad.id for row in rows])
    draft.put("campaign_id", [row.campaign.id for row in rows])
    draft.put("ad_group_id", [row.ad_group.id for row in rows])
    draft.put("ad_name", [row.ad_group_ad.ad.name or "" for row in rows])  # Google does not insist on a name
    groups = {row.ad_group.id: (no, row) for no, row in enumerate(rows, start=1)}
    group = Draft(AD_GROUP, [no for no, _ in groups.values()]).const("valid_from_day", seen_on)
    group.const("platform", PLATFORM).const("account_id", job.account.account_id)
    group.put("ad_group_id", list(groups)).put("campaign_id", [row.campaign.id for _, row in groups.values()])
    return [draft, group.put("ad_group_name", [row.ad_group.name for _, row in groups.values()])]


def _click_view(job: Slice, rows: list[Row]) -> list[Draft]:
    draft = _numbered(job, rows, AD_TOUCH).const("touch_kind", "gclid")
    draft.put("touch_id", [row.click_view.gclid for row in rows])
    draft.put("campaign_id", [row.campaign.id for row in rows])
    draft.put("day", [row.segments.date for row in rows]).within("day", job.window)
    draft.put("ad_group_id", [row.ad_group.id for row in rows])
    return [draft.put("ad_id", [_last(row.click_view.ad_group_ad) for row in rows])]


def _last(name: str | None) -> str | None:
    """The ad's id in `customers/1/adGroupAds/2~3`."""
    return name.rpartition("~")[2] if name else None


_DRAFTS: dict[str, Callable[[Slice, list[Row]], list[Draft]]] = {
    "account_daily": _account_daily, "campaign_daily": _campaign_daily, "ad_daily": _ad_daily,
    "campaigns": _campaigns, "ads": _ads, "click_view": _click_view,
}
