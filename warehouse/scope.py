"""Which partitions of each mart a build of parts has to make: marks, closed over joins, cut to the mart's periods."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from warehouse import ddl, ops
from warehouse.dirty import SPEND
from warehouse.marts.base import Mart
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.staging.base import Context, materialise
from warehouse.staging.heads import lead_head
from warehouse.staging.records import LEAD_TOUCHED

#: What of a deal places or measures it in other marts.
_DEAL_MATTERS = ("source", "deal_id", "head_source", "head_lead_id", "head_created_at", "cohort_month", "platform",
                 "account_id", "campaign_id", "is_won", "is_first_win", "closed_at", "closed_day",
                 "deal_reporting_amount", "gross_margin_reporting_amount")


class Scopes:
    """The days of each basis that changed, and from them the partitions of each mart.

    Days of creation come from touched leads; days of closing are learned once the new deal facts stand beside the
    published ones.
    """

    def __init__(self, ctx: Context) -> None:
        assert ctx.conn is not None
        self._ctx, self._conn = ctx, ctx.conn
        spend = sa.select(ops.dirty.c.day.label("start")).where(ops.dirty.c.basis == SPEND).distinct()
        self._bases = {"spend": materialise(self._conn, "days_spend", spend),
                       "created": materialise(self._conn, "days_created", _created_days(ctx))}
        ctx.scopes["spend"] = self._bases["spend"]

    def enter(self, mart: Mart) -> tuple[date, ...] | None:
        """Set the scope of a mart; returns its partitions, None when it is built whole."""
        if mart.partition is None:
            return None
        wanted = [sa.select(mart.start(self._bases[basis].c.start)) for basis in mart.partition.bases
                  if basis in self._bases]
        if mart.stale is not None:
            wanted.append(mart.stale(self._ctx))
        every = sa.union(*wanted).subquery("every")
        made = materialise(self._conn, f"scope_{mart.name}", sa.select(next(iter(every.c)).label("start")))
        made.info["column"] = mart.partition.column
        self._ctx.scopes[mart.name] = made
        return tuple(self._conn.scalars(sa.select(made.c.start).order_by(made.c.start)))

    def learn(self, mart: Mart) -> None:
        """After the deal facts: the days of closing, and the cohorts, of deals that differ from the published ones."""
        if mart.record is not DEAL_FACT:
            return
        changed = materialise(self._conn, "deals_changed", _changed_deals())
        closed = sa.select(changed.c.closed_day.label("start")).where(changed.c.closed_day.is_not(None)).distinct()
        cohort = sa.select(changed.c.cohort_month.label("start")).where(changed.c.cohort_month.is_not(None))
        known = sa.select(self._bases["created"].c.start)
        both = sa.union(known, cohort).subquery("both")
        self._bases["closed"] = materialise(self._conn, "days_closed", closed)
        self._bases["created"] = materialise(self._conn, "days_cohort", sa.select(both.c.start))


def _created_days(ctx: Context) -> sa.Select[Any]:
    """Days of creation of touched leads and of everybody in their groups, as published and as they are now."""
    touched, head, fact = ddl.table(LEAD_TOUCHED), ctx.step(lead_head), ddl.table(LEAD_FACT, "mart")
    groups_now = _groups(head, touched).subquery("groups_now")
    groups_then = _groups(fact, touched).subquery("groups_then")
    now = sa.select(head.c.created_day.label("start")).join_from(head, groups_now, sa.and_(
        groups_now.c.head_source == head.c.head_source, groups_now.c.head_lead_id == head.c.head_lead_id))
    then = sa.select(fact.c.created_day).join_from(fact, groups_then, sa.and_(
        groups_then.c.head_source == fact.c.head_source, groups_then.c.head_lead_id == fact.c.head_lead_id))
    days = sa.union(now, then).subquery("days")
    return sa.select(days.c.start)


def _groups(rows: Any, touched: Any) -> sa.Select[Any]:
    return sa.select(rows.c.head_source, rows.c.head_lead_id).join_from(rows, touched, sa.and_(
        touched.c.source == rows.c.source, touched.c.lead_id == rows.c.lead_id)).distinct()


def _changed_deals() -> sa.Select[Any]:
    """Deals, as published or as new, that are not the same in both."""
    new, old = ddl.table(DEAL_FACT, "mart_next"), ddl.table(DEAL_FACT, "mart")
    come = sa.except_(sa.select(*(new.c[n] for n in _DEAL_MATTERS)), sa.select(*(old.c[n] for n in _DEAL_MATTERS)))
    gone = sa.except_(sa.select(*(old.c[n] for n in _DEAL_MATTERS)), sa.select(*(new.c[n] for n in _DEAL_MATTERS)))
    one, other = come.subquery("come"), gone.subquery("gone")
    both = sa.union_all(sa.select(one), sa.select(other)).subquery("both")
    return sa.select(both.c.closed_day, both.c.cohort_month).where(both.c.is_won)
