"""Campaign ROI by the month in which the leads came: what the money brought, at a fixed age."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Mart, Partition, stale_names
from warehouse.marts.campaign_roi_daily import RECORD as DAILY
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.returns import (
    KEY,
    RATIO_CHECKS,
    deal_values,
    finished,
    lead_values,
    ratio_columns,
    stacked,
)
from warehouse.shims import Expression, date_add_days, day_plus, last_day, start_of
from warehouse.staging.base import Context, Part, Selectable

RECORD = Table(
    "campaign_roi_cohort", Layer.MART,
    "One row per platform, account, campaign, month of lead creation and horizon.",
    ("platform", "account_id", "campaign_id", "cohort_month", "horizon_days"),
    columns("platform account_id campaign_id cohort_month horizon_days is_matured campaign_name")
    + columns("", "spend_reporting_amount impression_count click_count", basis="spend")
    + columns("lead_count unique_lead_count qualified_count won_count won_deal_count margin_known_count",
              "revenue_reporting_amount gross_margin_reporting_amount", basis="cohort")
    + ratio_columns(),
    "Spend of the month by the account's day. Leads created in the month, business zone, and what became of these very "
    "leads within the horizon, counted from each lead's own creation.",
)

PROSE = """\
The fair question to marketing: of the people who came in this month, for this money, how many were worth talking to,
how many bought, and what did they bring? Compare only rows of the same horizon, and only those with `is_matured`: in a
younger month the newest leads have not had their time yet, so every outcome is still low."""

_SPEND = ("spend_reporting_amount", "impression_count", "click_count")


def select(ctx: Context) -> sa.Select[Any]:
    """Every campaign and month of the scope, once per agreed horizon."""
    rows = stacked({"cohort_month": sa.Date(), "horizon_days": sa.BigInteger()}, _SPEND, *_parts(ctx))
    last = last_day("month", rows.c.cohort_month)
    return finished(ctx, RECORD, rows, last, is_matured=is_matured(ctx, last, rows.c.horizon_days))


def _parts(ctx: Context) -> list[Part]:
    """Spend, leads and won deals, each row once per horizon."""
    spend, lead = ctx.current(DAILY).alias("spend"), ctx.current(LEAD_FACT).alias("lead")
    deal, age = ctx.current(DEAL_FACT).alias("deal"), ages(ctx)
    horizon, month = age.c.horizon_days, start_of("month", spend.c.day)
    ours: dict[str, Expression] = {"horizon_days": horizon}
    told = sa.or_(*(spend.c[name].is_not(None) for name in _SPEND))
    return [
        (spend.join(age, sa.true()), ours | {name: spend.c[name] for name in (*KEY, *_SPEND)} | {"cohort_month": month},
         sa.and_(told, ctx.within(RECORD.name, month))),
        (lead.join(age, sa.true()),
         ours | lead_values(lead, qualified_within(lead, horizon)) | {"cohort_month": lead.c.cohort_month},
         ctx.within(RECORD.name, lead.c.cohort_month)),
        (deal.join(age, sa.true()), ours | deal_values(deal) | {"cohort_month": deal.c.cohort_month},
         sa.and_(deal.c.is_won, deal.c.cohort_month.is_not(None),
                 within_horizon(deal.c.closed_at, deal.c.head_created_at, horizon),
                 ctx.within(RECORD.name, deal.c.cohort_month))),
    ]


def ages(ctx: Context) -> Selectable:
    """One row per agreed horizon."""
    return sa.union_all(*(sa.select(sa.literal_column(str(days), sa.BigInteger()).label("horizon_days"))
                          for days in ctx.rules.horizons.days)).subquery("ages")


def within_horizon(moment: Expression, created: Expression, horizon: Expression) -> Expression:
    """Whether something happened, and at most so many days after creation; never null."""
    return sa.and_(moment.is_not(None), moment <= date_add_days(created, horizon))


def qualified_within(lead: Selectable, horizon: Expression) -> Expression:
    """Reached, and neither wrong target nor invalid contact, each within the horizon."""
    def seen(state: str) -> Expression:
        return within_horizon(lead.c[f"{state}_at"], lead.c.created_at, horizon)

    return sa.and_(seen("reached"), ~seen("wrong_target"), ~seen("invalid_contact"))


def is_matured(ctx: Context, last: Expression, horizon: Expression) -> Expression:
    """Whether the youngest lead of a period has passed the horizon before the run's business day."""
    return day_plus(last, horizon) < sa.literal(ctx.business_day)


def stale(ctx: Context) -> sa.Select[Any]:
    """Months with a renamed campaign, or that have matured since they were published."""
    there = ddl.table(RECORD, "mart")
    now = is_matured(ctx, last_day("month", there.c.cohort_month), there.c.horizon_days)
    aged = sa.select(there.c.cohort_month).where(there.c.is_matured != now)
    both = sa.union(aged, stale_names(ctx, RECORD, "cohort_month", "month")).subquery("stale")
    return sa.select(both.c.cohort_month)


MART = Mart(RECORD, select, PROSE, RATIO_CHECKS, Partition("cohort_month", "month", ("spend", "created")), stale)
