"""What a build of parts has to make: marks, closed over joins, and cut to where facts really differ.

Leads are judged anew one by one: those that were touched, and everybody who shares a person with them, as published
and as it is now. Only days on which a fact came out different are built again, here and in every table that counts
these facts.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from warehouse import ddl, ops
from warehouse.dirty import SPEND
from warehouse.marts.base import Mart
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.staging.base import Context, Selectable, materialise
from warehouse.staging.heads import lead_head
from warehouse.staging.records import LEAD_TOUCHED

#: What of a deal places or measures it in other marts.
_DEAL_MATTERS = ("source", "deal_id", "head_source", "head_lead_id", "head_created_at", "cohort_month", "platform",
                 "account_id", "campaign_id", "is_won", "is_first_win", "closed_at", "closed_day",
                 "deal_reporting_amount", "gross_margin_reporting_amount")
_HEAD, _LEAD = ("head_source", "head_lead_id"), ("source", "lead_id")


class Scopes:
    """The days of each basis that changed, and from them the partitions of each mart.

    Days of creation are known once touched leads were judged anew, days of closing once the new deal facts stand
    beside the published ones; so marts must be planned in their order.
    """

    def __init__(self, conn: sa.Connection, ctx: Context) -> None:
        self._ctx, self._conn = ctx, conn
        spend = sa.select(ops.dirty.c.day.label("start")).where(ops.dirty.c.basis == SPEND).distinct()
        ctx.scopes["spend"] = self._keep("days_spend", spend)
        self._bases = {"spend": ctx.scopes["spend"]}

    def plan(self, mart: Mart) -> tuple[tuple[date, ...] | None, sa.Select[Any]]:
        """The partitions of a mart (None: it is built whole), and the select of their rows."""
        if mart.record is LEAD_FACT:
            return self._leads(mart)
        if mart.partition is None:
            return None, mart.select(self._ctx)
        wanted = [sa.select(mart.start(self._bases[basis].c.start).label("start")) for basis in mart.partition.bases]
        if mart.stale is not None:
            wanted.append(mart.stale(self._ctx))
        every = sa.union_all(*wanted).subquery("every")
        days = self._scope(mart.name, mart.partition.column, sa.select(every.c.start).distinct())
        return days, mart.select(self._ctx)

    def learn(self, mart: Mart) -> None:
        """After the deal facts: the days of closing, and the cohorts, of deals that differ from the published ones."""
        if mart.record is not DEAL_FACT:
            return
        new, old = ddl.table(DEAL_FACT, "mart_next"), ddl.table(DEAL_FACT, "mart")
        changed = self._keep("deals_changed", _differing(
            _columns(new, _DEAL_MATTERS), _columns(old, _DEAL_MATTERS)))
        won = sa.select(changed).where(changed.c.is_won).subquery("won")
        cohorts = sa.select(won.c.cohort_month.label("start")).where(won.c.cohort_month.is_not(None))
        created = sa.union(sa.select(self._bases["created"].c.start), cohorts).subquery("created")
        self._bases["created"] = self._keep("days_cohort", sa.select(created.c.start))
        self._bases["closed"] = self._keep("days_closed", sa.select(won.c.closed_day.label("start")).distinct())

    def _leads(self, mart: Mart) -> tuple[tuple[date, ...], sa.Select[Any]]:
        """Judge touched leads anew; the days whose rows differ, and all rows of these days."""
        superseded = self._groups()
        fresh, kept = self._keep("leads_judged", mart.select(self._ctx)), ddl.table(LEAD_FACT, "mart")
        replaced = sa.exists().where(_on(superseded, kept, _LEAD))
        different = _differing(sa.select(fresh), sa.select(kept).where(replaced)).subquery("different")
        days = self._scope(mart.name, "created_day", sa.select(different.c.created_day.label("start")).distinct())
        self._bases["created"] = self._ctx.scopes[mart.name]
        rows = sa.union_all(
            sa.select(fresh).where(self._ctx.within(mart.name, fresh.c.created_day)),
            sa.select(kept).where(self._ctx.within(mart.name, kept.c.created_day), ~replaced)).subquery("rows")
        return days, sa.select(rows)

    def _groups(self) -> sa.Table:
        """Give the context the groups that touched leads are in; returns every lead whose published row is replaced."""
        touched, head, fact = ddl.table(LEAD_TOUCHED), self._ctx.step(lead_head), ddl.table(LEAD_FACT, "mart")
        before = _columns(fact, _HEAD).join(touched, _on(touched, fact, _LEAD)).distinct().subquery("before")
        companions = _columns(fact, _LEAD).join(before, _on(before, fact, _HEAD))
        ids = self._keep("ids_touched", sa.union(sa.select(touched), companions))
        heads = _columns(head, _HEAD).join(ids, _on(ids, head, _LEAD)).distinct().subquery("heads")
        self._ctx.group = self._keep("group", sa.select(head).join(heads, _on(heads, head, _HEAD)))
        return self._keep("leads_superseded", sa.union(sa.select(ids), _columns(self._ctx.group, _LEAD)))

    def _scope(self, mart: str, column: str, starts: sa.SelectBase) -> tuple[date, ...]:
        """Keep the first days of the partitions of a mart."""
        made = self._keep(f"scope_{mart}", starts)
        made.info["column"] = column
        self._ctx.scopes[mart] = made
        return tuple(self._conn.scalars(sa.select(made.c.start).order_by(made.c.start)))

    def _keep(self, name: str, rows: sa.SelectBase) -> sa.Table:
        return materialise(self._conn, name, rows)


def _columns(rows: Selectable, names: tuple[str, ...]) -> sa.Select[Any]:
    return sa.select(*(rows.c[name] for name in names))


def _on(one: Selectable, other: Selectable, names: tuple[str, ...]) -> sa.ColumnElement[bool]:
    return sa.and_(*(one.c[name] == other.c[name] for name in names))


def _differing(new: sa.Select[Any], old: sa.Select[Any]) -> sa.Select[Any]:
    """Rows that only one of two states has."""
    come, gone = sa.except_(new, old).subquery("come"), sa.except_(old, new).subquery("gone")
    both = sa.union_all(sa.select(come), sa.select(gone)).subquery("both")
    return sa.select(both)
