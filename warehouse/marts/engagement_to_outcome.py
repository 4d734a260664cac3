"""Interactions beside leads, qualified leads and new customers, week by week."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import ENGAGEMENT_DAILY
from crosscheck.fields import FIELDS, columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.campaign_roi_cohort import is_matured, qualified_within
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression, count, last_day, start_of
from warehouse.staging.base import Context, Part, Selectable, stack

HORIZON = 30
_AGE = sa.literal_column(str(HORIZON), sa.BigInteger())
_ONE, _NONE = (sa.literal_column(digit, sa.BigInteger()) for digit in "10")
_CAMPAIGN = ("platform", "account_id", "campaign_id")
_KEY = (*_CAMPAIGN, "activity_week")
_INTERACTIONS = ("reaction", "comment", "share", "save")
#: Column of the table by kind of interaction, as the connectors call it.
_KINDS = {**{kind: f"{kind}_count" for kind in (*_INTERACTIONS, "video_view")}, "engagement": "platform_total_count"}
_OUTCOMES = ("unique_lead_count", "qualified_count", "won_count")

RECORD = Table(
    "engagement_to_outcome", Layer.MART,
    "One row per platform, account, campaign and week in which anything happened.", _KEY,
    columns(f"{' '.join(_KEY)} horizon_days is_matured")
    + columns("", f"{' '.join(_KINDS.values())} interaction_count", basis="spend")
    + columns("unique_lead_count qualified_count", basis="cohort") + columns("won_count", basis="closed"),
    "Interactions by the account's own day; unique leads by the day of creation, those of them qualified within "
    f"{HORIZON} days, and new customers by the closing day of their first deal, business zone. Leads and customers "
    "that no campaign can claim are under (unmatched), so that the columns add up to the company. `is_matured`: every "
    f"lead of the week is older than {HORIZON} days; before that `qualified_count` may still grow.",
)

PROSE = """\
What people did with the content, next to what became of people. Marketing: interactions are what you see first, and
nobody pays an invoice with them; show them beside the columns to their right. Sales: a campaign that brings few leads
in its own week may bring them later: `engagement_lag` looks for that. Rows say what went together in time, never what
came of what."""

CHECKS = (
    Check("interactions are the sum of their kinds", "COALESCE(interaction_count, 0) = "
          + " + ".join(f"COALESCE({kind}_count, 0)" for kind in _INTERACTIONS)),
    Check("qualified within unique leads", "qualified_count <= unique_lead_count"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Interactions, leads and customers of the scope, stacked and summed per campaign and week."""
    sums = (*_KINDS.values(), "interaction_count", *_OUTCOMES)
    part = stack(_engaged(ctx), _leads(ctx), _customers(ctx),
                 types={name: ddl.sql_type(FIELDS[name].kind) for name in (*_KEY, *sums)})
    row = (sa.select(*(part.c[name] for name in _KEY), *(count(part.c[name]).label(name) for name in sums))
           .group_by(*(part.c[name] for name in _KEY)).subquery("summed"))
    values: dict[str, Expression] = {column.name: column for column in row.c}
    values |= {name: sa.func.coalesce(row.c[name], _NONE) for name in _OUTCOMES}
    matured = sa.or_(values["unique_lead_count"] == 0, is_grown(ctx, row))
    return sa.select(*arrange(RECORD, values | {"horizon_days": _AGE, "is_matured": matured}))


def is_grown(ctx: Context, row: Selectable) -> Expression:
    """Whether leads of the row's week, if there were any, have passed the horizon."""
    return is_matured(ctx, last_day("week", row.c.activity_week), _AGE)


def _engaged(ctx: Context) -> Part:
    row = ddl.table(ENGAGEMENT_DAILY)
    week, number, kind = start_of("week", row.c.day), row.c.engagement_count, row.c.engagement_kind
    values: dict[str, Expression] = {**{name: row.c[name] for name in _CAMPAIGN}, "activity_week": week}
    values |= {name: sa.case((kind == word, number)) for word, name in _KINDS.items()}
    values["interaction_count"] = sa.case((kind.in_(_INTERACTIONS), number))
    return row, values, sa.and_(number.is_not(None), kind.in_(tuple(_KINDS)), ctx.within(RECORD.name, week))


def _leads(ctx: Context) -> Part:
    lead = ctx.current(LEAD_FACT).alias("lead")
    week = start_of("week", lead.c.created_day)
    values: dict[str, Expression] = {
        **{name: lead.c[name] for name in _CAMPAIGN}, "activity_week": week, "unique_lead_count": _ONE,
        "qualified_count": sa.case((qualified_within(lead, _AGE), _ONE), else_=_NONE)}
    return lead, values, sa.and_(lead.c.is_unique, ctx.within(RECORD.name, week))


def _customers(ctx: Context) -> Part:
    deal = ctx.current(DEAL_FACT).alias("deal")
    week = start_of("week", deal.c.closed_day)
    values: dict[str, Expression] = {
        **{name: deal.c[name] for name in _CAMPAIGN}, "activity_week": week, "won_count": _ONE}
    return deal, values, sa.and_(deal.c.is_first_win, ctx.within(RECORD.name, week))


def stale(ctx: Context) -> sa.Select[Any]:
    """Weeks that have matured since they were published."""
    there = ddl.table(RECORD, "mart")
    return sa.select(there.c.activity_week).where(~there.c.is_matured, is_grown(ctx, there)).distinct()


def evidence(_: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The unique leads of the campaign and week, the first deals of those who became customers in it, and its ads."""
    lead, deal = ddl.table(LEAD_FACT, "mart"), ddl.table(DEAL_FACT, "mart")
    return {"lead_fact": lead.c.is_unique, "deal_fact": deal.c.is_first_win, "ad_daily": sa.true()}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("activity_week", "week", ("spend", "created", "closed")), stale,
            evidence)
