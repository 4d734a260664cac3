"""What a new customer costs: media alone, and with the people who bring and sell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import FIELDS, columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.campaign_roi_closed import RECORD as CLOSED
from warehouse.marts.costs import COST, loaded, monthly_cost, with_cost
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.metrics import CAC_METRICS
from warehouse.shims import MONEY, Expression, count, last_day, total
from warehouse.staging.base import Context, Selectable, stack

_AMOUNTS = ("spend_reporting_amount", "revenue_reporting_amount")
_COUNTS = ("won_count", "won_deal_count")
_RATIOS = tuple(metric.name for metric in CAC_METRICS)

RECORD = Table(
    "cac", Layer.MART, "One row per calendar month with spend, a won deal, or declared costs.", ("close_month",),
    columns("close_month is_month_over")
    + columns("", f"spend_reporting_amount {' '.join(COST)} loaded_cost_amount loaded_missing", basis="spend")
    + columns("won_count won_deal_count", "revenue_reporting_amount", basis="closed")
    + columns("", " ".join(_RATIOS))
    + columns("reporting_currency_code rule_version"),
    "The whole company: the costs of a department belong to no platform, and `campaign_roi_closed`, whose rows add up "
    "to these, has the media by platform and campaign. Spend by the account's day; customers, by their first won deal, "
    "and revenue by closing day, business zone. Costs as rules/costs.yaml declares them (its version stands in the "
    "row), at the rate of the month's first day. Deals of no known lead bring revenue, but no customer.",
)

PROSE = """\
What it costs to win somebody. `cac_media_amount` is the media alone and flatters; `cac_loaded_amount` adds what people
and tools of both departments cost, and is null, never lower, while one of them is not declared: `loaded_missing` says
which. Marketing: customers of a month were mostly brought by money of earlier ones, so judge by several months
together, by sums and not by the mean of the ratios. Sales: your own cost stands in the row too. `mer_ratio` needs no
attribution: if it falls while every platform claims success, the claims are wrong."""

CHECKS = (
    Check("loaded or the reason why not", "(loaded_cost_amount IS NULL) = (loaded_missing IS NOT NULL)"),
    Check("loaded is the sum of its parts", "loaded_cost_amount IS NULL OR loaded_cost_amount ="
          " spend_reporting_amount + marketing_cost_amount + sales_cost_amount"),
    Check("no cost per customer without one", "won_count > 0"
          " OR (cac_media_amount IS NULL AND cac_loaded_amount IS NULL)"),
    Check("customers have deals", "won_count <= won_deal_count"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """The months of the scope, with what was declared for them, and the ratios."""
    row = _summed(ctx).subquery("summed")
    origin, cost = with_cost(ctx, row, row.c.close_month)
    over = _is_over(ctx, row)
    known: dict[str, Expression] = {column.name: column for column in row.c}
    known |= loaded(row.c.spend_reporting_amount, cost, over)
    known |= {metric.name: metric.expression(known) for metric in CAC_METRICS}
    known |= {"is_month_over": over, "reporting_currency_code": sa.literal(ctx.reporting_currency),
              "rule_version": sa.literal(ctx.rules.costs.head.version, sa.Text())}
    return sa.select(*arrange(RECORD, known)).select_from(origin)


def _summed(ctx: Context) -> sa.Select[Any]:
    """Spend and wins of all campaigns; a month that only costs something is a month."""
    there, cost = ctx.current(CLOSED).alias("closed"), ctx.step(monthly_cost)
    names = ("close_month", *_AMOUNTS, *_COUNTS)
    told = sa.or_(there.c.spend_reporting_amount.is_not(None), there.c.won_deal_count > 0)
    part = stack(
        (there, {name: there.c[name] for name in names}, sa.and_(told, ctx.within(RECORD.name, there.c.close_month))),
        (cost, {"close_month": cost.c.cost_month}, ctx.within(RECORD.name, cost.c.cost_month)),
        types={name: ddl.sql_type(FIELDS[name].kind) for name in names})
    none, zero = sa.literal_column("0", sa.BigInteger()), sa.cast(sa.literal_column("0"), MONEY)
    counts = {name: sa.func.coalesce(count(part.c[name]), none) for name in _COUNTS}
    revenue = sa.case((counts["won_deal_count"] == 0, zero), else_=total(part.c.revenue_reporting_amount))
    return sa.select(
        part.c.close_month, total(part.c.spend_reporting_amount).label("spend_reporting_amount"),
        revenue.label("revenue_reporting_amount"), *(value.label(name) for name, value in counts.items()),
    ).group_by(part.c.close_month)


def _is_over(ctx: Context, row: Selectable) -> Expression:
    return last_day("month", row.c.close_month) < sa.literal(ctx.business_day)


def stale(ctx: Context) -> sa.Select[Any]:
    """Months that have passed since they were published, and declared ones that have begun."""
    there, cost = ddl.table(RECORD, "mart"), ctx.step(monthly_cost)
    passed = sa.select(there.c.close_month).where(there.c.is_month_over != _is_over(ctx, there))
    begun = sa.select(cost.c.cost_month).where(cost.c.cost_month.not_in(sa.select(there.c.close_month)))
    return sa.select(sa.union(passed, begun).subquery("stale"))


def evidence(_: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The won deals of the month, which name their leads, and the spend."""
    return {"deal_fact": ddl.table(DEAL_FACT, "mart").c.is_won, "ad_daily": sa.true()}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("close_month", "month", ("spend", "closed")), stale, evidence)
