"""What is on record of each agreed period: sums over its days of what other marts count, of its campaign or of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import AD_DAILY
from crosscheck.fields import FIELDS
from warehouse import ddl
from warehouse.marts.campaign_roi_daily import RECORD as DAILY
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.delays import published_delay
from warehouse.marts.follow_up import RECORD as FOLLOW_UP
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.sla_breach import RECORD as SLA_BREACH
from warehouse.shims import Expression, count, total
from warehouse.staging.base import Context, Part, Selectable, stack
from warehouse.staging.records import AGREEMENT

SUMS = ("spend_reporting_amount", "unique_lead_count", "qualified_count", "won_count")
#: Of leads whose source may publish speed to lead: all of them, and those attempted as promised.
_TIMELY = ("counted_lead_count", "met_lead_count")


def agreed_sum(ctx: Context) -> sa.Select[Any]:
    """One row per agreement with anything on record in its days: the sums, and the leads attempted in time."""
    types = {name: ddl.sql_type(FIELDS[name].kind) for name in ("platform", "campaign_id", "day", *SUMS, *_TIMELY)}
    agreed, day = ddl.table(AGREEMENT), stack(_days(ctx), _leads(ctx), types=types)
    whose = sa.or_(agreed.c.campaign_id.is_(None), sa.and_(
        agreed.c.platform == day.c.platform, agreed.c.campaign_id == day.c.campaign_id))
    sums = {name: (total if name == SUMS[0] else count)(day.c[name]) for name in (*SUMS, *_TIMELY)}
    return (sa.select(agreed.c.agreement, *(value.label(name) for name, value in sums.items()))
            .join(day, sa.and_(day.c.day >= agreed.c.first_day, day.c.day <= agreed.c.last_day, whose))
            .group_by(agreed.c.agreement))


def agreed_effort(ctx: Context) -> sa.Select[Any]:
    """One row per month agreed of which enough is on record: the leads that were owed a fair effort, and got it."""
    agreed, effort = ddl.table(AGREEMENT), ctx.current(FOLLOW_UP).alias("effort")
    return (sa.select(agreed.c.agreement, count(effort.c.owed_count).label("owed_count"),
                      count(effort.c.fair_effort_count).label("fair_effort_count"))
            .join(effort, effort.c.cohort_month == agreed.c.first_day)
            .where(agreed.c.campaign_id.is_(None)).group_by(agreed.c.agreement))


def _oldest() -> Expression:
    """No older day is asked for; without any agreement, none at all."""
    return sa.select(sa.func.min(ddl.table(AGREEMENT).c.first_day)).scalar_subquery()


def _days(ctx: Context) -> Part:
    day = ctx.current(DAILY).alias("day")
    return day, {name: day.c[name] for name in ("platform", "campaign_id", "day", *SUMS)}, day.c.day >= _oldest()


def _leads(ctx: Context) -> Part:
    """Each unique lead of a source that writes touches down; a breach is one while it waits, too."""
    lead, breach, shown = ctx.current(LEAD_FACT).alias("lead"), ctx.current(SLA_BREACH).alias("breach"), ctx.step(
        published_delay)
    broken = sa.and_(breach.c.source == lead.c.source, breach.c.lead_id == lead.c.lead_id)
    origin = (lead.join(shown, sa.and_(shown.c.source == lead.c.source, shown.c.delay == "whole"))
              .outerjoin(breach, broken))
    one, none = sa.literal_column("1", sa.BigInteger()), sa.literal_column("0", sa.BigInteger())
    values: dict[str, Expression] = {
        "platform": lead.c.platform, "campaign_id": lead.c.campaign_id, "day": lead.c.created_day,
        "counted_lead_count": one, "met_lead_count": sa.case((breach.c.lead_id.is_(None), one), else_=none)}
    return origin, values, sa.and_(lead.c.is_unique, lead.c.created_day >= _oldest())


def is_over(ctx: Context, agreed: Selectable) -> Expression:
    """Whether the last day has passed."""
    return agreed.c.last_day < sa.literal(ctx.business_day, sa.Date())


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The leads created and the deals won in the period, of the campaign or of all; and what the campaign spent."""
    lead, deal, ad = ddl.table(LEAD_FACT, "mart"), ddl.table(DEAL_FACT, "mart"), ddl.table(AD_DAILY)
    parts = {lead: sa.and_(lead.c.is_unique, lead.c.created_day.between(row["first_day"], row["last_day"])),
             deal: sa.and_(deal.c.is_first_win, deal.c.closed_day.between(row["first_day"], row["last_day"]))}
    if row["campaign_id"] is None:
        return {table.name: held for table, held in parts.items()}
    parts[ad] = ad.c.day.between(row["first_day"], row["last_day"])
    return {table.name: sa.and_(held, table.c.platform == row["platform"], table.c.campaign_id == row["campaign_id"])
            for table, held in parts.items()}
