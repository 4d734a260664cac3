"""The cash view and the cohort view, tied to the CRM's own total."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import DEAL
from crosscheck.fields import FIELDS, columns
from crosscheck.fields.marts import TIE_OUT
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.campaign_roi_closed import RECORD as CLOSED
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression, count, start_of, total
from warehouse.staging.base import Context, Part, Selectable, stack
from warehouse.staging.fx import converted, with_rate
from warehouse.staging.states import is_won

RECORD = Table(
    "date_basis_tieout", Layer.MART, "One row per month in which deals were won.", ("close_month",),
    columns("close_month " + " ".join(word.name for word in TIE_OUT) + " reporting_currency_code", basis="closed"),
    "Closed view: `campaign_roi_closed`. Cohort view: won deals found again through the leads of every cohort. "
    "CRM: `staging.deal`, converted anew. All by the month of closing, business zone.",
)

PROSE = """\
When two people quote two revenues, this table says whether they disagree about facts or about dates. Every won deal of
the month is counted three times on three ways through the warehouse; the differences must be 0, to the last unit, or
nothing is published. Deals without a known lead are in the closed view and the CRM, and by nature in no cohort."""

CHECKS = (
    Check("deals tie out", "difference_deal_count = 0"),
    Check("revenue ties out", "difference_revenue_reporting_amount = 0"),
)

_VIEWS = ("closed_view", "cohort_view", "unlinked", "crm")


def select(ctx: Context) -> sa.Select[Any]:
    """Deals and revenue of each month by every way, and how far the ways lie apart."""
    names = [f"{view}_{part}" for view in _VIEWS for part in ("deal_count", "revenue_reporting_amount")]
    types = {"close_month": sa.Date(), **{name: ddl.sql_type(FIELDS[name].kind) for name in names}}
    part = stack(_closed(ctx), _cohorts(ctx), _unlinked(ctx), _crm(ctx), types=types)
    zero = sa.literal_column("0", sa.BigInteger())
    known: dict[str, Expression] = {
        name: sa.func.coalesce((count if name.endswith("count") else total)(part.c[name]), zero) for name in names}
    for ending in ("deal_count", "revenue_reporting_amount"):
        closed, cohort, unlinked, crm = (known[f"{view}_{ending}"] for view in _VIEWS)
        known[f"difference_{ending}"] = sa.func.abs(crm - closed) + sa.func.abs(crm - cohort - unlinked)
    known |= {"close_month": part.c.close_month, "reporting_currency_code": sa.literal(ctx.reporting_currency)}
    return (sa.select(*arrange(RECORD, known)).group_by(part.c.close_month)
            .having(sa.or_(*(known[f"{view}_deal_count"] != 0 for view in _VIEWS))))


def _closed(ctx: Context) -> Part:
    row = ctx.current(CLOSED).alias("closed")
    return row, {"close_month": row.c.close_month, "closed_view_deal_count": row.c.won_deal_count,
                 "closed_view_revenue_reporting_amount": row.c.revenue_reporting_amount}, sa.true()


def _cohorts(ctx: Context) -> Part:
    lead, deal = ctx.current(LEAD_FACT).alias("lead"), ctx.current(DEAL_FACT).alias("deal")
    origin = lead.join(deal, sa.and_(deal.c.head_source == lead.c.source, deal.c.head_lead_id == lead.c.lead_id,
                                     deal.c.cohort_month == lead.c.cohort_month))
    return origin, _one(deal, "cohort_view"), sa.and_(deal.c.is_won, lead.c.is_unique)


def _unlinked(ctx: Context) -> Part:
    deal = ctx.current(DEAL_FACT).alias("deal")
    return deal, _one(deal, "unlinked"), sa.and_(deal.c.is_won, deal.c.head_lead_id.is_(None))


def _one(deal: Selectable, view: str) -> dict[str, Expression]:
    return {"close_month": start_of("month", deal.c.closed_day),
            f"{view}_deal_count": sa.literal_column("1", sa.BigInteger()),
            f"{view}_revenue_reporting_amount": deal.c.deal_reporting_amount}


def _crm(ctx: Context) -> Part:
    deal = ddl.table(DEAL)
    origin, rate = with_rate(ctx, deal, deal, deal.c.closed_day)
    return origin, {"close_month": start_of("month", deal.c.closed_day),
                    "crm_deal_count": sa.literal_column("1", sa.BigInteger()),
                    "crm_revenue_reporting_amount": converted(ctx, deal.c.deal_amount, deal.c.currency_code, rate)
                    }, is_won(deal)


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=lambda _: {"deal_fact": ddl.table(DEAL_FACT, "mart").c.is_won})
