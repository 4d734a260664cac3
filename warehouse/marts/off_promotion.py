"""Discounts beyond what both departments had agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from connectors.utm import norm
from crosscheck.canonical import CAMPAIGN
from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.discount import is_discount_known, salesperson
from warehouse.shims import MONEY, WIDE, Expression, binary_order, start_of
from warehouse.staging.base import NO_PLATFORM, Context
from warehouse.staging.fx import converted, with_rate

_CAMPAIGN = ("platform", "account_id", "campaign_id")
_OFFER: dict[str, Any] = {"promotion_name": sa.Text(), "campaign": sa.Text(), "campaign_norm": sa.Text(),
                          "first_day": sa.Date(), "last_day": sa.Date(), "most": sa.Numeric(7, 6)}

RECORD = Table(
    "off_promotion", Layer.MART, "One row per won deal whose discount exceeds what was approved.",
    ("source", "deal_id"),
    columns("source deal_id owner_id platform account_id campaign_id closed_day close_month promotion_name "
            "currency_code list_amount discount_amount allowed_amount excess_amount excess_reporting_amount",
            basis="closed")
    + columns("reporting_currency_code rule_version"),
    "A promotion of rules/promotions.yaml applies to a deal that closed on one of its days, business zone, if it names "
    "no campaign, or the deal's by id, or by any name that it ever had. Of several the one that allows most counts; "
    "they do not add up. What a promotion allows is a share of the list price. Deals of which amount or discount is "
    "not on record are in no row: `discount` counts them.",
)

PROSE = """\
The promotion as it was promised, and as it was sold. Marketing: where `promotion_name` is (none) nothing had been
approved for that campaign and day; an approval that is missing in the file is yours to add, and history follows it.
Sales: `excess_amount` is margin given away beyond the agreement, deal by deal; a discount within it is in no row. While
the file lacks a signature (`rule_version` says so) nobody can be held to it."""

CHECKS = (
    Check("beyond what was allowed", "excess_amount > 0 AND discount_amount = allowed_amount + excess_amount"),
    Check("nothing is allowed without a promotion", "promotion_name <> '(none)' OR allowed_amount = 0"),
    Check("the list price is whole", "list_amount >= discount_amount", "warn"),
)


def promotion(ctx: Context) -> sa.Select[Any]:
    """One row per approved promotion: from when to when, on which campaign (null: any), how much of the list price."""
    rows = [(one.name, one.campaign, norm(one.campaign), one.first_day, one.last_day, one.most_discount_rate)
            for one in ctx.rules.promotions.promotions]
    given = [sa.select(*(sa.cast(sa.literal(value, kind), kind).label(name)
                         for (name, kind), value in zip(_OFFER.items(), row, strict=True))) for row in rows]
    none = sa.select(*(sa.cast(sa.null(), kind).label(name) for name, kind in _OFFER.items())).where(sa.false())
    return sa.select(sa.union_all(none, *given).subquery("offers"))


def discounted_deal(ctx: Context) -> sa.Select[Any]:
    """One row per won deal with a known discount above 0, with its list price."""
    deal = ctx.current(DEAL_FACT).alias("deal")
    names = ("source", "deal_id", *_CAMPAIGN, "closed_day", "currency_code", "discount_amount")
    listed = sa.cast(deal.c.deal_amount + deal.c.discount_amount, MONEY)
    return sa.select(*(deal.c[name] for name in names), salesperson(deal).label("owner_id"),
                     start_of("month", deal.c.closed_day).label("close_month"), listed.label("list_amount")).where(
        deal.c.is_won, is_discount_known(deal), deal.c.discount_amount > 0)


def approved(ctx: Context) -> sa.Select[Any]:
    """One row per discounted deal to which a promotion applies: the one that allows most. Ties go by name."""
    deal, offer, seen = ctx.step(discounted_deal), ctx.step(promotion), ddl.table(CAMPAIGN)
    shown = (deal.c.source, deal.c.deal_id, offer.c.promotion_name, offer.c.most)
    on_day = deal.c.closed_day.between(offer.c.first_day, offer.c.last_day)
    direct = sa.and_(on_day, sa.or_(offer.c.campaign.is_(None), offer.c.campaign == deal.c.campaign_id))
    own = sa.and_(*(seen.c[name] == deal.c[name] for name in _CAMPAIGN))
    named = sa.and_(on_day, offer.c.campaign_norm == seen.c.campaign_name_norm)
    every = sa.union(sa.select(*shown).select_from(deal.join(offer, direct)),
                     sa.select(*shown).select_from(deal.join(seen, own).join(offer, named))).subquery("every")
    place = sa.func.row_number().over(partition_by=(every.c.source, every.c.deal_id),
                                      order_by=(every.c.most.desc(), binary_order(every.c.promotion_name)))
    ranked = sa.select(every, place.label("place")).subquery("ranked")
    return sa.select(ranked).where(ranked.c.place == 1)


def select(ctx: Context) -> sa.Select[Any]:
    """The deals that go beyond what applies to them, judged in their own currency."""
    row = _judged(ctx).subquery("judged")
    origin, rate = with_rate(ctx, row, row, row.c.closed_day)
    known: dict[str, Expression] = {column.name: column for column in row.c}
    excess = sa.cast(row.c.discount_amount - row.c.allowed_amount, MONEY)
    known |= {"excess_amount": excess, "rule_version": sa.literal(ctx.rules.promotions.head.version, sa.Text()),
              "excess_reporting_amount": converted(ctx, excess, row.c.currency_code, rate),
              "reporting_currency_code": sa.literal(ctx.reporting_currency)}
    return sa.select(*arrange(RECORD, known)).select_from(origin).where(excess > 0)


def _judged(ctx: Context) -> sa.Select[Any]:
    deal, offer = ctx.step(discounted_deal), ctx.step(approved)
    same = sa.and_(offer.c.source == deal.c.source, offer.c.deal_id == deal.c.deal_id)
    most = sa.cast(sa.cast(deal.c.list_amount, WIDE) * offer.c.most, MONEY)
    nothing = sa.cast(sa.literal_column("0"), MONEY)
    return sa.select(deal, sa.func.coalesce(offer.c.promotion_name, NO_PLATFORM).label("promotion_name"),
                     sa.func.coalesce(most, nothing).label("allowed_amount")).select_from(deal.outerjoin(offer, same))


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The deal."""
    return {"deal_fact": ddl.table(DEAL_FACT, "mart").c.deal_id == row["deal_id"]}


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence)
