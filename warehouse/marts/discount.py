"""What was let off the list price, by salesperson and campaign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.metrics import DISCOUNT
from warehouse.shims import Expression, count_if, start_of, total
from warehouse.staging.base import NO_PLATFORM, Context, Selectable

SMALL = 20
_KEY = ("source", "owner_id", "platform", "account_id", "campaign_id", "close_month")

RECORD = Table(
    "discount", Layer.MART, "One row per source, salesperson, campaign and month in which deals were won.", _KEY,
    columns(f"{' '.join(_KEY)} is_small_sample", basis="closed")
    + columns("won_deal_count discount_known_count discounted_deal_count margin_known_count",
              "list_reporting_amount discount_reporting_amount discount_rate revenue_reporting_amount "
              "gross_margin_reporting_amount", basis="closed")
    + columns("reporting_currency_code"),
    "Won deals by closing day, business zone, under the deal's own salesperson; (none) where the CRM names nobody. "
    "List price and discount are of the deals of which both amount and discount are on record, neither negative; the "
    "others are in `won_deal_count` alone, and never stand for a discount of 0. The rate is null where fewer than "
    f"{SMALL} deals are known: sum the parts over more of them.",
)

PROSE = """\
Whether sales sold or gave away. Marketing: `discount_rate` is what became of the price that you promised to hold, by
campaign; a campaign that only sells at a discount is yours as well. Sales: read `discount_known_count` beside
`won_deal_count` before anybody counts your discounts, and `off_promotion` for those that nobody had agreed to. The
margin is what was left after the discount. Compare salespeople within a campaign: lists differ between campaigns."""

CHECKS = (
    Check("known deals are deals", "discount_known_count <= won_deal_count AND won_deal_count > 0"
          " AND discounted_deal_count <= discount_known_count AND margin_known_count <= won_deal_count"),
    Check("amounts only where some are known", "(discount_known_count > 0) = (list_reporting_amount IS NOT NULL)"
          " AND (discount_known_count > 0) = (discount_reporting_amount IS NOT NULL)"),
    Check("no rate of few", "discount_rate IS NULL OR NOT is_small_sample"),
)


def salesperson(deal: Selectable) -> Expression:
    """Who won a deal, as a key."""
    return sa.func.coalesce(deal.c.owner_id, NO_PLATFORM)


def is_discount_known(deal: Selectable) -> Expression:
    """Whether a deal's list price can be told; a surcharge is no discount. Null counts as no."""
    return sa.and_(deal.c.deal_amount >= 0, deal.c.discount_amount >= 0)


def select(ctx: Context) -> sa.Select[Any]:
    """The won deals of the scope, summed by salesperson, campaign and month, and the rate where it may be shown."""
    row = _summed(ctx).subquery("summed")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    small = row.c.discount_known_count < SMALL
    return sa.select(*arrange(RECORD, known | {
        "is_small_sample": small, "discount_rate": sa.case((~small, DISCOUNT.expression(known))),
        "reporting_currency_code": sa.literal(ctx.reporting_currency)}))


def _summed(ctx: Context) -> sa.Select[Any]:
    deal = ctx.step(priced_deal)
    key = [deal.c[name] for name in _KEY]
    known, off, margin = deal.c.is_known, deal.c.discount_reporting_amount, deal.c.gross_margin_reporting_amount
    sums: dict[str, Expression] = {
        "won_deal_count": count_if(sa.true()), "discount_known_count": count_if(known),
        "discounted_deal_count": count_if(sa.and_(known, off > 0)), "margin_known_count": count_if(margin.is_not(None)),
        "list_reporting_amount": total(sa.case((known, deal.c.deal_reporting_amount + off))),
        "discount_reporting_amount": total(sa.case((known, off))),
        "revenue_reporting_amount": total(deal.c.deal_reporting_amount), "gross_margin_reporting_amount": total(margin)}
    return sa.select(*key, *(value.label(name) for name, value in sums.items())).group_by(*key)


def priced_deal(ctx: Context) -> sa.Select[Any]:
    """One row per won deal of the scope: whose it is, what it brought, and whether its list price can be told."""
    deal = ctx.current(DEAL_FACT).alias("deal")
    month = start_of("month", deal.c.closed_day)
    amounts = ("deal_reporting_amount", "discount_reporting_amount", "gross_margin_reporting_amount")
    return sa.select(
        *(deal.c[name] for name in ("source", "platform", "account_id", "campaign_id", *amounts)),
        salesperson(deal).label("owner_id"), month.label("close_month"), is_discount_known(deal).label("is_known"),
    ).where(deal.c.is_won, ctx.within(RECORD.name, month))


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The won deals of the salesperson."""
    deal = ddl.table(DEAL_FACT, "mart")
    return {"deal_fact": sa.and_(deal.c.is_won, salesperson(deal) == row["owner_id"])}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("close_month", "month", ("closed",)), evidence=evidence)
