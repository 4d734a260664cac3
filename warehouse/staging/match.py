"""Which campaign a lead or a deal came from: the first method that names exactly one campaign."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import AD_TOUCH, LEAD
from warehouse import ddl
from warehouse.shims import Expression
from warehouse.staging.base import NO_PLATFORM, UNMATCHED, Context, Selectable
from warehouse.staging.names import campaign_key

#: utm_source values that name a platform; any other says nothing about it.
PLATFORM_OF_SOURCE = {"google": "google_ads", "adwords": "google_ads", "facebook": "meta_ads", "fb": "meta_ads",
                      "ig": "meta_ads", "instagram": "meta_ads", "meta": "meta_ads"}
#: Method, confidence: in order of precedence. Three click ids stand under one method.
PRECEDENCE = (("vendor_lead_id", "1.00"), ("click_id", "0.95"), ("click_id", "0.95"), ("click_id", "0.95"),
              ("utm_campaign_id", "0.90"), ("utm_campaign_name", "0.80"), ("crm_campaign_id", "0.70"),
              ("crm_campaign_name", "0.60"))
#: Columns of a lead that hold a click or form id, and what the platform calls that kind of id.
TOUCHES = (("vendor_lead_id", "vendor_lead_id"), ("gclid", "gclid"), ("gbraid", "gclid"), ("wbraid", "gclid"))
_CAMPAIGN = {"platform": NO_PLATFORM, "account_id": "", "campaign_id": UNMATCHED}


def lead_touch(ctx: Context) -> sa.Select[Any]:
    """One row per click or form id that leads of the scope carry and a platform recorded for exactly one campaign."""
    lead, touch = ddl.table(LEAD), ddl.table(AD_TOUCH)
    carried = sa.union(*(
        sa.select(sa.literal_column(f"'{kind}'", sa.Text()).label("touch_kind"), lead.c[column].label("touch_id"))
        .where(lead.c[column].is_not(None), ctx.judges(LEAD, lead))
        for column, kind in TOUCHES)).subquery("carried")
    only = [sa.func.max(touch.c[name]).label(name) for name in _CAMPAIGN]
    return (sa.select(touch.c.touch_kind, touch.c.touch_id, *only)
            .join_from(touch, carried, sa.and_(carried.c.touch_kind == touch.c.touch_kind,
                                               carried.c.touch_id == touch.c.touch_id))
            .group_by(touch.c.touch_kind, touch.c.touch_id).having(sa.func.count() == 1))


def named_platform(_: Context) -> sa.Select[Any]:
    """One row per utm_source as leads carry it that names a platform."""
    lead = ddl.table(LEAD)
    seen = sa.select(lead.c.utm_source).where(lead.c.utm_source.is_not(None)).distinct().subquery("seen")
    word = sa.func.lower(sa.func.trim(seen.c.utm_source))
    platform = sa.cast(sa.case(PLATFORM_OF_SOURCE, value=word), sa.Text()).label("platform")
    return sa.select(seen.c.utm_source, platform).where(word.in_(PLATFORM_OF_SOURCE))


def with_campaign(ctx: Context, origin: Selectable, lead: Selectable) -> tuple[Selectable, dict[str, Expression]]:
    """`origin` (a join that contains `lead`) joined to every lookup, and the five columns that follow from them."""
    found: list[Selectable] = []
    for column, kind in TOUCHES:
        touch = ctx.step(lead_touch).alias()
        origin = origin.outerjoin(touch, sa.and_(touch.c.touch_kind == kind, touch.c.touch_id == lead.c[column]))
        found.append(touch)
    named = ctx.step(named_platform)
    origin = origin.outerjoin(named, named.c.utm_source == lead.c.utm_source)
    scope = sa.func.coalesce(named.c.platform, _anywhere())
    keys = (("id", lead.c.utm_campaign, scope), ("name", lead.c.utm_campaign_norm, scope),
            ("id", lead.c.crm_campaign, _anywhere()), ("name", lead.c.crm_campaign_norm, _anywhere()))
    for kind, text, within in keys:
        origin, key = _lookup(ctx, origin, kind, text, within)
        found.append(key)
    return origin, {**_first(found), **_why_not(lead, found)}


def with_crm_campaign(ctx: Context, origin: Selectable, deal: Selectable) -> tuple[Selectable, list[Selectable]]:
    """A deal joined to the campaigns that its own CRM link names, by id and by name."""
    origin, by_id = _lookup(ctx, origin, "id", deal.c.crm_campaign, _anywhere())
    origin, by_name = _lookup(ctx, origin, "name", deal.c.crm_campaign_norm, _anywhere())
    return origin, [by_id, by_name]


def _anywhere() -> Expression:
    return sa.literal_column("''", sa.Text())


def _lookup(ctx: Context, origin: Selectable, kind: str, text: Expression,
            scope: Expression) -> tuple[Selectable, Selectable]:
    key = ctx.step(campaign_key).alias()
    return origin.outerjoin(key, sa.and_(
        key.c.match_key == text, key.c.key_kind == kind, key.c.scope == scope)), key


def _first(found: list[Selectable]) -> dict[str, Expression]:
    """The campaign of the first lookup that names exactly one, its method and confidence."""
    hit = [one.c.campaign_id.is_not(None) for one in found]
    values: dict[str, Expression] = {
        name: sa.func.coalesce(*(one.c[name] for one in found), sa.literal(missing))
        for name, missing in _CAMPAIGN.items()}
    methods = [(there, sa.literal(method)) for there, (method, _) in zip(hit, PRECEDENCE, strict=True)]
    trusts = [(there, _number(trust)) for there, (_, trust) in zip(hit, PRECEDENCE, strict=True)]
    values["match_method"] = sa.case(*methods, else_="none")
    values["match_confidence"] = sa.cast(sa.case(*trusts, else_=_number("0.00")), sa.Double())
    return values


def _number(text: str) -> Expression:
    return sa.literal_column(text, sa.Numeric())


def _why_not(lead: Selectable, found: list[Selectable]) -> dict[str, Expression]:
    """The reason for which no campaign was found; null where one was."""
    def given(*names: str) -> Expression:
        return sa.or_(*(lead.c[name].is_not(None) for name in names))

    reason = sa.case(
        (sa.or_(*(one.c.campaign_id.is_not(None) for one in found)), sa.null()),
        (sa.or_(*(one.c.campaign_count > 1 for one in found[len(TOUCHES):])), "ambiguous_name"),
        (given("gclid", "gbraid", "wbraid", "vendor_lead_id"), "unknown_click_id"),
        (given("utm_campaign", "crm_campaign"), "unknown_campaign"),
        (given("fbclid", "ttclid"), "fbclid_only"),
        (given("self_declared_origin"), "self_declared_only"),
        else_="no_tracking")
    return {"unmatched_reason": sa.cast(reason, sa.Text())}
