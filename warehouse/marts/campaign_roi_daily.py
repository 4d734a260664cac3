"""Campaign ROI by day, each number on its own date."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, stale_names
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.returns import (
    KEY,
    RATIO_CHECKS,
    deal_values,
    finished,
    lead_values,
    qualified,
    ratio_columns,
    stacked,
)
from warehouse.staging.base import Context, Part
from warehouse.staging.spend import campaign_day

RECORD = Table(
    "campaign_roi_daily", Layer.MART,
    "One row per platform, account, campaign and day on which anything happened.",
    ("platform", "account_id", "campaign_id", "day"),
    columns("platform account_id campaign_id day campaign_name")
    + columns("", "spend_amount currency_code spend_reporting_amount fx_day impression_count click_count "
                  "engagement_count claimed_conversion_count claimed_value_amount", basis="spend")
    + columns("lead_count unique_lead_count qualified_count", basis="cohort")
    + columns("won_count won_deal_count margin_known_count",
              "revenue_reporting_amount gross_margin_reporting_amount", basis="closed")
    + ratio_columns(),
    "Spend, impressions, clicks, engagement and claims: the account's own day. Leads and qualified leads: the day of "
    "creation, business zone; qualified means ever so far. Wins, revenue and margin: the closing day, business zone.",
)

PROSE = """\
One line of a campaign's diary: what it cost that day, who wrote in that day, what was signed that day. The three do
not belong to the same people: to ask what a day's spend brought, read `campaign_roi_cohort`. Sum the parts over the
days you want and divide then; never average the ratios. Spend is null, not 0, where the platform reported none.
`claimed_…` is what the platform says about itself and must not be summed across platforms."""

CHECKS = (
    *RATIO_CHECKS,
    Check("every spend converted", "spend_amount IS NULL OR spend_reporting_amount IS NOT NULL"),
    Check("one currency per row", "currency_code IS NOT NULL OR spend_reporting_amount IS NULL"),
)

_SPEND = ("spend_amount", "currency_code", "spend_reporting_amount", "fx_day", "impression_count", "click_count",
          "engagement_count", "claimed_conversion_count", "claimed_value_amount")


def select(ctx: Context) -> sa.Select[Any]:
    """Spend, leads and wins of the scope, stacked and summed per campaign and day."""
    rows = stacked({"day": sa.Date()}, _SPEND, *_spent(ctx), *_brought(ctx))
    return finished(ctx, RECORD, rows, rows.c.day)


def _spent(ctx: Context) -> list[Part]:
    """Spend from staging where it changed; on other days of the scope, as published."""
    changed, kept = ctx.step(campaign_day), ddl.table(RECORD, "mart")
    parts: list[Part] = [(changed, {name: changed.c[name] for name in (*KEY, "day", *_SPEND)}, sa.true())]
    if ctx.partial:
        there = sa.and_(ctx.within(RECORD.name, kept.c.day), ~ctx.within("spend", kept.c.day),
                        sa.or_(*(kept.c[name].is_not(None) for name in _SPEND)))
        parts.append((kept, {name: kept.c[name] for name in (*KEY, "day", *_SPEND)}, there))
    return parts


def _brought(ctx: Context) -> list[Part]:
    lead, deal = ctx.current(LEAD_FACT).alias("lead"), ctx.current(DEAL_FACT).alias("deal")
    return [
        (lead, lead_values(lead, qualified(lead)) | {"day": lead.c.created_day},
         ctx.within(RECORD.name, lead.c.created_day)),
        (deal, deal_values(deal) | {"day": deal.c.closed_day},
         sa.and_(deal.c.is_won, ctx.within(RECORD.name, deal.c.closed_day))),
    ]


def stale(ctx: Context) -> sa.Select[Any]:
    """Days with a campaign that got another name."""
    return stale_names(ctx, RECORD, "day", "day")


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("day", "day", ("spend", "created", "closed")), stale)
