"""Touches, one by one: what marketing did that a lead's own record proves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.fields import FIELDS, columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression, among
from warehouse.staging.base import UNMATCHED, Context, Part, Selectable, stack
from warehouse.staging.match import TOUCHES, lead_touch

_CAMPAIGN = ("platform", "account_id", "campaign_id")

RECORD = Table(
    "touch", Layer.MART,
    "One row per lead that was not merged away and campaign that its own record names; without one, under (unmatched).",
    ("source", "lead_id", *_CAMPAIGN),
    columns("source lead_id platform account_id campaign_id head_source head_lead_id")
    + columns("touch_at created_day match_method is_own is_direct is_paid", basis="touch"),
    "Every lead is a touch of its person, under the campaign that `lead_fact` gives it. A click or form id on the same "
    "record that a platform recorded for another campaign is one more touch, at the same instant, because platforms "
    "tell a click's day only. What somebody declared is none, nor is what the CRM merged away. `is_direct`: the reason "
    "is `no_tracking` or `self_declared_only`; what lies between direct and paid left a trace that leads to no "
    "campaign.",
)

PROSE = """\
The ways of the persons, before anybody divides a deal among them. Marketing: what stands here can be claimed, and
nothing else; an ad that was seen and not clicked leaves no row. Sales: a customer "found alone" who has a paid row
before the deal was not, and one who has only direct rows may well have been. The person is the head lead."""

CHECKS = (
    Check("paid where there is a campaign", f"is_paid = (campaign_id <> '{UNMATCHED}')"),
    Check("not paid and direct at once", "NOT (is_paid AND is_direct)"),
    Check("a further touch has a campaign", "is_own OR is_paid"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Touches of the leads judged, and in a build of parts the published ones of the other leads of these days."""
    fresh = _judged(ctx)
    if not ctx.partial:
        return fresh
    kept = ddl.table(RECORD, "mart")
    rest = sa.select(kept).where(ctx.within(RECORD.name, kept.c.created_day),
                                 ~among(kept, LEAD.key, sa.select(ctx.superseded[LEAD.name])))
    judged = fresh.subquery("judged")
    here = sa.select(judged).where(ctx.within(RECORD.name, judged.c.created_day))
    return sa.select(sa.union_all(here, rest).subquery("rows"))


def _judged(ctx: Context) -> sa.Select[Any]:
    lead = ctx.newest(LEAD_FACT).alias("fact")
    types = {column.name: ddl.sql_type(FIELDS[column.name].kind) for column in RECORD.columns}
    own = (lead, _values(lead, lead) | {"match_method": lead.c.match_method, "is_own": sa.true()}, ~lead.c.is_test)
    row = stack(own, _further(ctx, lead), types=types)
    return sa.select(*arrange(RECORD, {column.name: column for column in row.c}))


def _values(lead: Selectable, campaign: Selectable) -> dict[str, Expression]:
    """A lead's row under a campaign."""
    paid = campaign.c.campaign_id != UNMATCHED
    direct = sa.func.coalesce(lead.c.unmatched_reason.in_(("no_tracking", "self_declared_only")), sa.false())
    shared = ("source", "lead_id", "head_source", "head_lead_id", "created_day")
    return {**{name: lead.c[name] for name in shared}, **{name: campaign.c[name] for name in _CAMPAIGN},
            "touch_at": lead.c.created_at, "is_paid": paid, "is_direct": sa.and_(~paid, direct)}


def _further(ctx: Context, lead: Selectable) -> Part:
    """Other campaigns for which platforms recorded what the lead carries; the form id goes before a click's."""
    staged, touch = ddl.table(LEAD), ctx.step(lead_touch)
    carries = lead.join(staged, _same(staged, lead, LEAD.key))
    carried = sa.union_all(*(
        sa.select(staged.c.source, staged.c.lead_id, *(touch.c[name] for name in _CAMPAIGN),
                  sa.literal_column("'click_id'" if kind == "gclid" else f"'{kind}'", sa.Text()).label("match_method"))
        .select_from(carries.join(touch, sa.and_(touch.c.touch_kind == kind, touch.c.touch_id == staged.c[column])))
        .where(~_same(touch, lead, _CAMPAIGN))
        for column, kind in TOUCHES)).subquery("carried")
    key = [carried.c[name] for name in (*LEAD.key, *_CAMPAIGN)]
    each = sa.select(*key, sa.func.max(carried.c.match_method).label("match_method")).group_by(*key).subquery("each")
    values = _values(lead, each) | {"match_method": each.c.match_method, "is_own": sa.false()}
    return lead.join(each, _same(each, lead, LEAD.key)), values, ~lead.c.is_test


def _same(one: Selectable, other: Selectable, names: tuple[str, ...]) -> Expression:
    return sa.and_(*(one.c[name] == other.c[name] for name in names))


def stale(ctx: Context) -> sa.Select[Any]:
    """Days of every lead judged anew: a further click may be known though the lead's own row did not move."""
    lead, judged = ctx.current(LEAD_FACT).alias("lead"), ctx.superseded[LEAD.name]
    return (sa.select(lead.c.created_day)
            .join_from(lead, judged, _same(judged, lead, LEAD.key)).distinct())


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The lead."""
    lead = ddl.table(LEAD_FACT, "mart")
    return {"lead_fact": sa.and_(*(lead.c[name] == row[name] for name in LEAD.key))}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("created_day", "day", ("created",)), stale, evidence,
            is_exact=True)
