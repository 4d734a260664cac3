"""The same wins and the same leads, counted on different ways through the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import DEAL, LEAD
from crosscheck.fields import FIELDS, columns
from crosscheck.fields.marts import LEADS_IN, WON_BY
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.campaign_roi_closed import RECORD as CLOSED
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.sourcing import RECORD as SOURCING
from warehouse.shims import MONEY, Expression, count, start_of, total
from warehouse.staging.base import Context, Part, Selectable, stack
from warehouse.staging.fx import converted, with_rate
from warehouse.staging.heads import merged_lead
from warehouse.staging.states import is_won

_WAYS = ("told", "crm", "explained")
_NUMBERS = tuple(f"{way}_{ending}" for way in _WAYS for ending in ("count", "reporting_amount"))

RECORD = Table(
    "tieout", Layer.MART, "One row per calendar month, business zone, and statement.", ("close_month", "statement"),
    columns("close_month statement told_count crm_count explained_count difference_count",
            "told_reporting_amount crm_reporting_amount explained_reporting_amount difference_reporting_amount "
            "explanation", basis="closed")
    + columns("reporting_currency_code"),
    "`told` is what the published tables say, `crm` is counted from `staging`, amounts converted anew. Wins by the "
    "month of closing: `won_by_close_date` from `campaign_roi_closed`, `won_by_cohort` found again through the leads "
    "of every cohort, the others as `sourcing` divides them. `leads_in` by the month of creation: `lead_fact`, against "
    "the leads of the CRM. What is explained is counted on a way of its own; what then remains is the difference.",
)

PROSE = """\
When two people quote two numbers, this table says whether they disagree about facts or about dates. Every won deal of
the month is counted by closing date, by cohort, by each definition of sourcing, and in the CRM itself; every lead of
the CRM is either classified or set aside. Marketing and sales: quote any of them, and name the statement. A difference
that nothing explains must be 0, to the last unit, or nothing is published. A deal that no known lead carries is in no
cohort (`no_known_lead`); a lead that the CRM merged into another one is counted there (`merged_away`)."""

CHECKS = (
    Check("every count ties out", "difference_count = 0 AND crm_count = told_count + explained_count"),
    Check("every amount ties out", "CASE WHEN statement = 'leads_in' THEN difference_reporting_amount IS NULL"
          " ELSE difference_reporting_amount = 0 END"),
    Check("what is explained has its reason", "(explained_count <> 0) = (explanation IS NOT NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Both numbers of each month and statement, what explains their distance, and what nothing explains."""
    types = {**{name: sa.Date() if name == "close_month" else sa.Text() for name in RECORD.key},
             **{name: ddl.sql_type(FIELDS[name].kind) for name in _NUMBERS}}
    part = stack(*_told(ctx), *(_row(ctx, crm_win, statement, "crm") for statement in WON_BY),
                 _row(ctx, unlinked_win, "won_by_cohort", "explained"), *_leads(ctx), types=types)
    known: dict[str, Expression] = {name: part.c[name] for name in RECORD.key}
    is_won_row, nothing = part.c.statement != LEADS_IN, sa.cast(sa.literal_column("0"), MONEY)
    for way in _WAYS:
        amount = sa.func.coalesce(total(part.c[f"{way}_reporting_amount"]), nothing)
        known[f"{way}_count"] = sa.func.coalesce(count(part.c[f"{way}_count"]), 0)
        known[f"{way}_reporting_amount"] = sa.case((is_won_row, amount))
    for ending in ("count", "reporting_amount"):
        told, crm, explained = (known[f"{way}_{ending}"] for way in _WAYS)
        known[f"difference_{ending}"] = crm - told - explained
    reason = sa.case((part.c.statement == LEADS_IN, "merged_away"), else_="no_known_lead")
    known["explanation"] = sa.case((known["explained_count"] != 0, reason))
    known["reporting_currency_code"] = sa.literal(ctx.reporting_currency)
    return sa.select(*arrange(RECORD, known)).group_by(*(part.c[name] for name in RECORD.key)).having(
        sa.or_(*(known[f"{way}_count"] != 0 for way in _WAYS)))


def crm_win(ctx: Context) -> sa.Select[Any]:
    """One row per month with wins in the CRM: how many there are, and what they bring at the day's rates."""
    deal = ddl.table(DEAL)
    origin, rate = with_rate(ctx, deal, deal, deal.c.closed_day)
    amount = converted(ctx, deal.c.deal_amount, deal.c.currency_code, rate)
    return _monthly(deal.c.closed_day, amount).select_from(origin).where(is_won(deal))


def cohort_win(ctx: Context) -> sa.Select[Any]:
    """One row per month with wins that are found again through the leads of all cohorts."""
    lead, deal = ctx.current(LEAD_FACT).alias("lead"), ctx.current(DEAL_FACT).alias("deal")
    whose = sa.and_(deal.c.head_source == lead.c.source, deal.c.head_lead_id == lead.c.lead_id,
                    deal.c.cohort_month == lead.c.cohort_month)
    return (_monthly(deal.c.closed_day, deal.c.deal_reporting_amount).select_from(lead.join(deal, whose))
            .where(deal.c.is_won, lead.c.is_unique))


def unlinked_win(ctx: Context) -> sa.Select[Any]:
    """One row per month with wins that no known lead carries."""
    deal = ctx.current(DEAL_FACT).alias("deal")
    return (_monthly(deal.c.closed_day, deal.c.deal_reporting_amount)
            .where(deal.c.is_won, deal.c.head_lead_id.is_(None)))


def _monthly(day: Expression, amount: Expression | None = None) -> sa.Select[Any]:
    month = start_of("month", day)
    sums = [sa.func.count().label("number")] + ([] if amount is None else [total(amount).label("amount")])
    return sa.select(month.label("close_month"), *sums).group_by(month)


def _told(ctx: Context) -> list[Part]:
    """The wins as the published tables tell them."""
    closed, sourced = ctx.current(CLOSED).alias("closed"), ctx.current(SOURCING).alias("sourced")
    statement = sa.literal_column("'won_by_'", sa.Text()) + sourced.c.definition
    return [*(_part(row, said, "told", row.c.won_deal_count, row.c.revenue_reporting_amount)
              for row, said in ((closed, sa.literal("won_by_close_date")), (sourced, statement))),
            _row(ctx, cohort_win, "won_by_cohort", "told")]


def _leads(ctx: Context) -> list[Part]:
    """Leads of the CRM, those classified, and those set aside because another one stands for them."""
    lead, fact, gone = ddl.table(LEAD), ctx.current(LEAD_FACT).alias("fact"), ctx.step(merged_lead)
    away = lead.join(gone, sa.and_(gone.c.source == lead.c.source, gone.c.lead_id == lead.c.lead_id))
    ways = {"crm": _monthly(lead.c.created_day), "told": _monthly(fact.c.created_day),
            "explained": _monthly(lead.c.created_day).select_from(away)}
    rows = {way: made.subquery(f"{way}_lead") for way, made in ways.items()}
    return [_part(row, sa.literal(LEADS_IN), way, row.c.number) for way, row in rows.items()]


def _row(ctx: Context, step: Any, statement: str, way: str) -> Part:
    row = ctx.step(step)
    return _part(row, sa.literal(statement), way, row.c.number, row.c.amount)


def _part(row: Selectable, statement: Expression, way: str, number: Expression,
          amount: Expression | None = None) -> Part:
    values: dict[str, Expression] = {"close_month": row.c.close_month, "statement": statement, f"{way}_count": number}
    return row, values if amount is None else values | {f"{way}_reporting_amount": amount}, sa.true()


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The leads, or the won deals, that the published tables count; trace shows the CRM's own rows behind them."""
    if row["statement"] == LEADS_IN:
        return {"lead_fact": sa.true()}
    deal = ddl.table(DEAL_FACT, "mart")
    linked = deal.c.head_lead_id.is_not(None) if row["statement"] == "won_by_cohort" else sa.true()
    return {"deal_fact": sa.and_(deal.c.is_won, linked)}


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence)
