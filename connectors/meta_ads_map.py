"""Meta rows → canonical frames. Pure: a page in, frames out.

    {"data": [{"account_currency": "VND", "campaign_id": "1", "date_start": "2026-11-01", "date_stop": "2026-11-01",
       "spend": "14.35", "impressions": "185", "actions": [{"action_type": "lead", "value": "10"}]}],
     "paging": {"cursors": {"after": "…"}, "next": "…"}}

Numbers are text. A scalar that was asked for is there, if only as "0"; a list of actions that is empty is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connectors import wire
from connectors.base import Mapped, RawPage, Slice
from connectors.frames import Bad, Draft, assemble
from connectors.utm import norm
from crosscheck.canonical import AD, AD_DAILY, AD_GROUP, AD_TOUCH, CAMPAIGN, ENGAGEMENT_DAILY
from crosscheck.errors import DataError
from crosscheck.windows import last_full_day

PLATFORM = "meta_ads"
#: The total first: the others are parts of it or the same thing counted by another road. Never added up.
CLAIMED = ("lead", "onsite_conversion.lead_grouped", "offsite_conversion.fb_pixel_lead",
           "omni_purchase", "purchase", "offsite_conversion.fb_pixel_purchase")
ENGAGEMENT = {"post_engagement": "engagement", "post_reaction": "reaction", "comment": "comment", "post": "share",
              "video_view": "video_view"}


class _Action(msgspec.Struct, gc=False):
    action_type: str
    value: str | None = None


class Insight(msgspec.Struct, gc=False):
    """One row of a report."""

    date_start: str | None = None
    date_stop: str | None = None
    account_currency: str | None = None
    campaign_id: str | None = None
    adset_id: str | None = None
    ad_id: str | None = None
    spend: str | None = None
    impressions: str | None = None
    clicks: str | None = None
    actions: tuple[_Action, ...] = ()
    action_values: tuple[_Action, ...] = ()
    attribution_setting: str | None = None


class Entity(msgspec.Struct, gc=False):
    """One campaign, ad set, ad or submitted form."""

    id: str | None = None
    name: str | None = None
    effective_status: str | None = None
    objective: str | None = None
    campaign_id: str | None = None
    adset_id: str | None = None
    ad_id: str | None = None
    created_time: str | None = None


class _Rows(msgspec.Struct):
    data: list[msgspec.Raw]


class _Insights(msgspec.Struct):
    data: list[Insight]


class _Entities(msgspec.Struct):
    data: list[Entity]


def map_page(job: Slice, page: RawPage, fields: Sequence[str]) -> Mapped:
    """The frames of a page of a stream; `fields` are what was asked for, the rest is drift."""
    make = _DRAFTS[job.stream.name]
    if job.stream.name.endswith("_daily"):
        insights = wire.parse(page.body, _Insights).data
        return assemble(make(job, insights), bad=_spanning(insights), drift=_drift(page.body, fields))
    return assemble(make(job, wire.parse(page.body, _Entities).data), drift=_drift(page.body, fields))


def _spanning(rows: list[Insight]) -> list[Bad]:
    """Rows of several days: asked for by day, such a row cannot be placed."""
    return [(no, "row spans several days", "day") for no, row in enumerate(rows, start=1)
            if row.date_start != row.date_stop]


def _drift(body: bytes, fields: Sequence[str]) -> list[str]:
    """Keys of the page's first row that nobody asked for."""
    first = wire.parse(body, _Rows).data[:1]
    known = {*fields, "id", "date_start", "date_stop", "account_id", "status"}
    return [key for row in first for key in wire.parse(bytes(row), dict) if key not in known]


def _numbered(job: Slice, rows: Sequence[Any], table: Any) -> Draft:
    return Draft(table, range(1, len(rows) + 1)).const("platform", PLATFORM).const("account_id", job.account.account_id)


def _daily(job: Slice, rows: list[Insight], level: str) -> Draft:
    """Spend and delivery per entity and day; ids above the level are empty."""
    draft = _numbered(job, rows, AD_DAILY).const("level", level)
    draft.put("day", [row.date_start for row in rows]).within("day", job.window)
    draft.put("currency_code", [row.account_currency for row in rows])
    draft.put("spend_amount", [row.spend for row in rows])
    draft.put("impression_count", [row.impressions for row in rows])
    draft.put("click_count", [row.clicks for row in rows])
    draft.put("claimed_conversion_count", [claimed(row.actions) for row in rows])
    return draft.put("claimed_value_amount", [claimed(row.action_values) for row in rows])


def claimed(actions: Sequence[_Action]) -> str:
    """What Meta claims, by the first known kind that is there; no list means that nothing was claimed."""
    found = {action.action_type: action.value for action in actions}
    return next((value for kind in CLAIMED if (value := found.get(kind)) is not None), "0")


def _account_daily(job: Slice, rows: list[Insight]) -> list[Draft]:
    draft = _daily(job, rows, "account")
    return [draft.const("campaign_id", "").const("ad_group_id", "").const("ad_id", "")]


def _campaign_daily(job: Slice, rows: list[Insight]) -> list[Draft]:
    draft = _daily(job, rows, "campaign").put("campaign_id", [row.campaign_id for row in rows])
    return [draft.const("ad_group_id", "").const("ad_id", ""), _engagement(job, rows)]


def _ad_daily(job: Slice, rows: list[Insight]) -> list[Draft]:
    draft = _daily(job, rows, "ad").put("campaign_id", [row.campaign_id for row in rows])
    return [draft.put("ad_group_id", [row.adset_id for row in rows]).put("ad_id", [row.ad_id for row in rows])]


def _engagement(job: Slice, rows: list[Insight]) -> Draft:
    """One row per kind of interaction that Meta lists for the campaign and day."""
    found = [(no, row, ENGAGEMENT[action.action_type], action.value) for no, row in enumerate(rows, start=1)
             for action in row.actions if action.action_type in ENGAGEMENT]
    draft = Draft(ENGAGEMENT_DAILY, [no for no, *_ in found])
    draft.const("platform", PLATFORM).const("account_id", job.account.account_id)
    draft.put("campaign_id", [row.campaign_id for _, row, _, _ in found])
    draft.put("day", [row.date_start for _, row, _, _ in found])
    draft.put("engagement_kind", [kind for _, _, kind, _ in found])
    return draft.put("engagement_count", [value for *_, value in found])


def _campaigns(job: Slice, rows: list[Entity]) -> list[Draft]:
    draft = _numbered(job, rows, CAMPAIGN).put("campaign_id", [row.id for row in rows])
    draft.const("valid_from_day", last_full_day(job.as_of, job.account.time_zone))
    draft.put("campaign_name", [row.name for row in rows])
    draft.put("campaign_name_norm", [norm(row.name) for row in rows])
    draft.put("campaign_status", [row.effective_status for row in rows])
    return [draft.put("objective", [row.objective for row in rows])]


def _sets(job: Slice, rows: list[Entity]) -> list[Draft]:
    draft = _numbered(job, rows, AD_GROUP).put("ad_group_id", [row.id for row in rows])
    draft.const("valid_from_day", last_full_day(job.as_of, job.account.time_zone))
    draft.put("campaign_id", [row.campaign_id for row in rows])
    return [draft.put("ad_group_name", [row.name for row in rows])]


def _ads(job: Slice, rows: list[Entity]) -> list[Draft]:
    draft = _numbered(job, rows, AD).put("ad_id", [row.id for row in rows])
    draft.const("valid_from_day", last_full_day(job.as_of, job.account.time_zone))
    draft.put("campaign_id", [row.campaign_id for row in rows])
    draft.put("ad_group_id", [row.adset_id for row in rows])
    return [draft.put("ad_name", [row.name for row in rows])]


def _lead_forms(job: Slice, rows: list[Entity]) -> list[Draft]:
    zone = ZoneInfo(job.account.time_zone)
    draft = _numbered(job, rows, AD_TOUCH).const("touch_kind", "vendor_lead_id")
    draft.put("touch_id", [row.id for row in rows])
    draft.put("campaign_id", [row.campaign_id for row in rows])
    draft.put("day", [_local_day(row.created_time, zone) for row in rows]).within("day", job.window)
    draft.put("ad_group_id", [row.adset_id for row in rows])
    return [draft.put("ad_id", [row.ad_id for row in rows])]


def _local_day(text: str | None, zone: ZoneInfo) -> str | None:
    """The account-local day of `2026-11-01T05:00:00+0000`; what is no instant stays as it is and is set aside."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return text
    if moment is None or moment.tzinfo is None:
        return None
    return moment.astimezone(zone).date().isoformat()


_DRAFTS: dict[str, Callable[[Slice, Any], list[Draft]]] = {
    "account_daily": _account_daily, "campaign_daily": _campaign_daily, "ad_daily": _ad_daily,
    "campaigns": _campaigns, "adsets": _sets, "ads": _ads, "lead_forms": _lead_forms,
}


def attribution(rows: Sequence[msgspec.Raw]) -> dict[str, str]:
    """The attribution setting that the page's first row names: a claim without its window means nothing."""
    if not rows:
        return {}
    try:
        setting = wire.parse(bytes(rows[0]), Insight).attribution_setting
    except DataError:
        return {}
    return {"attribution_setting": setting} if setting else {}
