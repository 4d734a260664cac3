"""Deals, one by one: the row behind every win and every sum of revenue."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import DEAL
from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import binary_order
from warehouse.staging.base import NO_PLATFORM, UNMATCHED, Context
from warehouse.staging.fx import converted, rate_day, with_rate
from warehouse.staging.heads import lead_head, merged_lead
from warehouse.staging.match import with_crm_campaign
from warehouse.staging.states import is_won

RECORD = Table(
    "deal_fact", Layer.MART, "One row per deal or order of a CRM.", ("source", "deal_id"),
    columns("source deal_id", "lead_id head_source head_lead_id")
    + columns("", "head_created_at cohort_month", basis="cohort")
    + columns("platform account_id campaign_id match_method")
    + columns("created_at created_day", basis="created")
    + columns("", "closed_at closed_day", basis="closed")
    + columns("is_won is_first_win is_lost is_archived", "stage owner_id", basis="closed")
    + columns("", "deal_amount currency_code gross_margin_amount discount_amount", basis="closed")
    + columns("", "deal_reporting_amount gross_margin_reporting_amount discount_reporting_amount fx_day",
              basis="closed")
    + columns("reporting_currency_code"),
    "`is_won` is false for a deal marked won without a closing day, and for an archived one. A deal belongs to the "
    "campaign of its head lead; one that no known lead carries, to the campaign that its own CRM record names. "
    "`lead_id` is the lead that carries it today: where the CRM merged that one away, the lead that survived.",
)

PROSE = """\
Wins, revenue and margin of every table are sums over these rows with `is_won`. A new customer is a row with
`is_first_win`; later deals of the same person add revenue, but no customer. Amounts are converted at the rate of the
closing day, deal by deal; a deal whose currency had no rate stops the publication rather than counting as nothing."""

CHECKS = (
    Check("every won amount converted", "NOT is_won OR deal_amount IS NULL OR deal_reporting_amount IS NOT NULL"),
    Check("every known margin converted",
          "NOT is_won OR gross_margin_amount IS NULL OR gross_margin_reporting_amount IS NOT NULL"),
    Check("a first win is a win", "is_won OR NOT is_first_win"),
    Check("a won deal has an amount", "NOT is_won OR deal_amount IS NOT NULL", "warn"),
    Check("margin within the amount",
          "NOT is_won OR gross_margin_amount IS NULL OR deal_amount IS NULL OR gross_margin_amount <= deal_amount",
          "warn"),
)

_AS_IS = ("source", "deal_id", "created_at", "created_day", "closed_at", "closed_day", "is_lost",
          "is_archived", "stage", "owner_id", "deal_amount", "currency_code", "gross_margin_amount", "discount_amount")


def first_win(ctx: Context) -> sa.Select[Any]:
    """One row per head lead judged with a won deal: the first of them. Ties go by source, then id."""
    deal, head = ddl.table(DEAL), ctx.step(lead_head)
    order = (deal.c.closed_at, binary_order(deal.c.source), binary_order(deal.c.deal_id))
    place = sa.func.row_number().over(partition_by=(head.c.head_source, head.c.head_lead_id), order_by=order)
    ranked = (sa.select(deal.c.source, deal.c.deal_id, place.label("place"))
              .join_from(deal, head, sa.and_(head.c.source == deal.c.source, head.c.lead_id == deal.c.lead_id))
              .where(is_won(deal)).subquery("ranked"))
    return sa.select(ranked.c.source, ranked.c.deal_id).where(ranked.c.place == 1)


def select(ctx: Context) -> sa.Select[Any]:
    """Deals of the scope with their head lead, its campaign and their amounts in the reporting currency."""
    deal, head, first = ddl.table(DEAL), ctx.step(lead_head), ctx.step(first_win)
    lead, gone = ctx.newest(LEAD_FACT).alias("head_fact"), ctx.step(merged_lead)
    origin: Any = deal.outerjoin(head, sa.and_(head.c.source == deal.c.source, head.c.lead_id == deal.c.lead_id))
    origin = origin.outerjoin(gone, sa.and_(gone.c.source == deal.c.source, gone.c.lead_id == deal.c.lead_id))
    origin = origin.outerjoin(lead, sa.and_(lead.c.source == head.c.head_source, lead.c.lead_id == head.c.head_lead_id))
    origin = origin.outerjoin(first, sa.and_(first.c.source == deal.c.source, first.c.deal_id == deal.c.deal_id))
    origin, own = with_crm_campaign(ctx, origin, deal)
    origin, rate = with_rate(ctx, deal, origin, deal.c.closed_day)
    currency = deal.c.currency_code
    values: dict[str, Any] = {
        **{name: deal.c[name] for name in _AS_IS}, **_campaign(lead, own),
        "lead_id": sa.func.coalesce(gone.c.root_id, deal.c.lead_id),
        "head_source": head.c.head_source, "head_lead_id": head.c.head_lead_id,
        "head_created_at": head.c.head_created_at, "cohort_month": lead.c.cohort_month,
        "is_won": is_won(deal), "is_first_win": first.c.deal_id.is_not(None),
        "deal_reporting_amount": converted(ctx, deal.c.deal_amount, currency, rate),
        "gross_margin_reporting_amount": converted(ctx, deal.c.gross_margin_amount, currency, rate),
        "discount_reporting_amount": converted(ctx, deal.c.discount_amount, currency, rate),
        "fx_day": rate_day(ctx, currency, deal.c.closed_day, rate),
        "reporting_currency_code": sa.literal(ctx.reporting_currency),
    }
    return sa.select(*arrange(RECORD, values)).select_from(origin).where(ctx.judges(DEAL, deal))


def _campaign(lead: Any, own: list[Any]) -> dict[str, Any]:
    """The head lead's campaign where there is a lead, else what the deal's own record names."""
    by_id, by_name = own
    missing = {"platform": NO_PLATFORM, "account_id": "", "campaign_id": UNMATCHED}
    values: dict[str, Any] = {
        name: sa.func.coalesce(lead.c[name], by_id.c[name], by_name.c[name], sa.literal(nothing))
        for name, nothing in missing.items()}
    values["match_method"] = sa.case(
        (lead.c.lead_id.is_not(None), lead.c.match_method), (by_id.c.campaign_id.is_not(None), "crm_campaign_id"),
        (by_name.c.campaign_id.is_not(None), "crm_campaign_name"), else_="none")
    return values


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("created_day", "day", ("created",)))
