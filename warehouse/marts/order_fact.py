"""Orders and contracts, one by one, as they were brought home, and what became of them since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import DEAL, DEAL_WIN
from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.discount import salesperson
from warehouse.shims import Expression, among, start_of
from warehouse.staging.base import Context, Selectable
from warehouse.staging.fx import converted, rate_day, with_rate
from warehouse.staging.states import is_won

_AMOUNTS = ("deal", "returned", "paid")
_CAMPAIGN = ("platform", "account_id", "campaign_id")

RECORD = Table(
    "order_fact", Layer.MART, "One row per deal, order or contract that was ever won.", ("source", "deal_id"),
    columns("source deal_id owner_id platform account_id campaign_id close_month closed_day order_state "
            "is_history_known", "closed_at cancelled_at order_kind", basis="closed")
    + columns("", " ".join(f"{name}_amount" for name in _AMOUNTS), basis="closed")
    + columns("", "currency_code fx_day " + " ".join(f"{name}_reporting_amount" for name in _AMOUNTS), basis="closed")
    + columns("reporting_currency_code"),
    "`closed_day` is the day of the win, business zone; of one that was cancelled, as its source had it while it was "
    "won. A win that was cancelled before anybody saw it, in a source without history, is not here. One that was "
    "cancelled and won again stands. Amounts are those of the record as it is now, at the rate of `closed_day`, "
    "returns and payments too, so that they can be subtracted. The salesperson is the deal's own; the campaign is "
    "that of `deal_fact`.",
)

PROSE = """\
What `sales_outcomes` counts, order by order. Marketing: an order that was cancelled is gone from every other table as
if it had never been; here it stays, with the day it was won and the instant it was lost again. Sales: `standing` is
yours to keep; a row that is `deleted` was removed from the CRM after it had been won, and somebody should know why."""

CHECKS = (
    Check("every amount converted",
          " AND ".join(f"({name}_amount IS NULL OR {name}_reporting_amount IS NOT NULL)" for name in _AMOUNTS)),
    Check("only what was cancelled has the instant of it", "order_state = 'cancelled' OR cancelled_at IS NULL"),
    Check("no more came back than was sold",
          "returned_amount IS NULL OR deal_amount IS NULL OR returned_amount BETWEEN 0 AND deal_amount", "warn"),
)


def brought(deals: sa.Table | None = None) -> sa.Select[Any]:
    """One row per deal that was ever won, of those that a table names: the day of its win, and what became of it."""
    deal, win = ddl.table(DEAL), _last_win(deals).subquery("win")
    stands, marked = is_won(deal), sa.and_(deal.c.is_won, deal.c.closed_day.is_not(None))
    cancelled = sa.and_(~deal.c.is_won, win.c.closed_day.is_not(None))
    day = sa.case((marked, deal.c.closed_day), else_=win.c.closed_day)
    return sa.select(
        *(deal.c[name] for name in ("source", "deal_id", "owner_id", "order_kind", "currency_code")),
        *(deal.c[f"{name}_amount"] for name in _AMOUNTS), day.label("closed_day"),
        start_of("month", day).label("close_month"),
        sa.case((marked, deal.c.closed_at), else_=win.c.closed_at).label("closed_at"),
        sa.case((cancelled, win.c.ended_at)).label("cancelled_at"),
        win.c.deal_id.is_not(None).label("is_history_known"),
        sa.case((stands, "standing"), (marked, "deleted"), else_="cancelled").label("order_state"),
    ).select_from(deal.outerjoin(win, _same(win, deal))).where(
        sa.or_(marked, cancelled), _named(deal, deals))


def _named(rows: Selectable, deals: sa.Table | None) -> Expression:
    return sa.true() if deals is None else among(rows, DEAL.key, sa.select(deals))


def _last_win(deals: sa.Table | None) -> sa.Select[Any]:
    """Of each deal with a history the newest version in which it was won, and when the next one began; else any."""
    win = ddl.table(DEAL_WIN)
    deal: dict[str, Any] = {"partition_by": (win.c.source, win.c.deal_id)}
    following = sa.func.lead(win.c.entered_at).over(**deal, order_by=win.c.entered_at)
    newest = sa.func.max(sa.case((win.c.is_won, win.c.entered_at))).over(**deal)
    place = sa.func.row_number().over(**deal, order_by=win.c.entered_at)
    row = (sa.select(win, following.label("ended_at"), newest.label("newest"), place.label("place"))
           .where(_named(win, deals)).subquery("version"))
    names = ("source", "deal_id", "closed_at", "closed_day", "ended_at")
    return sa.select(*(row.c[name] for name in names)).where(
        sa.or_(row.c.entered_at == row.c.newest, sa.and_(row.c.newest.is_(None), row.c.place == 1)))


def _same(one: Selectable, other: Selectable) -> Expression:
    return sa.and_(one.c.source == other.c.source, one.c.deal_id == other.c.deal_id)


def select(ctx: Context) -> sa.Select[Any]:
    """The wins of the scope with their campaign, and their amounts in the reporting currency."""
    order, fact = brought().subquery("brought"), ctx.current(DEAL_FACT).alias("fact")
    origin, rate = with_rate(ctx, order, order.join(fact, _same(fact, order)), order.c.closed_day)
    values: dict[str, Any] = {column.name: column for column in order.c} | {name: fact.c[name] for name in _CAMPAIGN}
    values |= {f"{name}_reporting_amount": converted(ctx, order.c[f"{name}_amount"], order.c.currency_code, rate)
               for name in _AMOUNTS}
    values |= {"owner_id": salesperson(order), "fx_day": rate_day(ctx, order.c.currency_code, order.c.closed_day, rate),
               "reporting_currency_code": sa.literal(ctx.reporting_currency)}
    return (sa.select(*arrange(RECORD, values)).select_from(origin)
            .where(ctx.within(RECORD.name, order.c.close_month)))


def stale(ctx: Context) -> sa.Select[Any]:
    """Months of the deals that are judged anew, as published and as it is now."""
    there, judged = ddl.table(RECORD, "mart"), ctx.superseded[DEAL.name]
    now = brought(judged).subquery("brought")
    return sa.union(sa.select(there.c.close_month.label("start")).where(_named(there, judged)),
                    sa.select(now.c.close_month)).subquery("months").select()


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The deal itself."""
    deal = ddl.table(DEAL_FACT, "mart")
    return {"deal_fact": sa.and_(deal.c.source == row["source"], deal.c.deal_id == row["deal_id"])}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("close_month", "month", ()), stale, evidence, is_exact=True)
