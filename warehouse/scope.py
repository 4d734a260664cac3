"""What a build of parts has to make: marks, closed over joins, and cut to where facts really differ.

Leads are judged anew one by one: those that were touched, and everybody who shares a person with them, as published
and as it is now. So are the deals of all of these. Only days on which a fact came out different are built again, here
and in every table that counts these facts.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import DEAL, LEAD
from warehouse import ddl, ops
from warehouse.dirty import SPEND, WORKED
from warehouse.marts.base import Mart
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import among
from warehouse.staging.base import Context, Selectable, differing, materialise
from warehouse.staging.heads import lead_head, merge_chain, merged_lead, person_of, with_person
from warehouse.staging.records import DEAL_TOUCHED, LEAD_PERSON, LEAD_TOUCHED

_HEAD = ("head_source", "head_lead_id")


class Scopes:
    """The days of each basis that changed, and from them the partitions of each mart.

    Days of creation are known once touched leads were judged anew, days of closing once their deals were; so marts must
    be planned in their order.
    """

    def __init__(self, conn: sa.Connection, ctx: Context) -> None:
        self._ctx, self._conn = ctx, conn
        self._bases = {basis: self._keep(f"days_{basis}", sa.select(ops.dirty.c.day.label("start"))
                                         .where(ops.dirty.c.basis == basis).distinct()) for basis in (SPEND, WORKED)}
        ctx.scopes["spend"] = self._bases[SPEND]

    def plan(self, mart: Mart) -> tuple[tuple[date, ...] | None, sa.Select[Any] | None]:
        """The partitions of a mart (None: it is built whole), and the select of their rows (None: there are none)."""
        if mart.record is LEAD_FACT:
            return self._leads(mart)
        if mart.record is DEAL_FACT:
            return self._deals(mart)
        if mart.partition is None:
            return None, mart.select(self._ctx)
        wanted = [sa.select(mart.start(self._bases[basis].c.start).label("start")) for basis in mart.partition.bases]
        if mart.stale is not None:
            wanted.append(mart.stale(self._ctx))
        every = sa.union_all(*wanted).subquery("every")
        days = self._scope(mart.name, mart.partition.column, sa.select(every.c.start).distinct())
        return days, mart.select(self._ctx) if days else None

    def _leads(self, mart: Mart) -> tuple[tuple[date, ...], sa.Select[Any] | None]:
        """Judge touched leads anew."""
        self._groups()
        _, days, rows = self._facts(mart, self._ctx.superseded[LEAD.name])
        self._bases["created"] = self._ctx.scopes[mart.name]
        return days, rows

    def _deals(self, mart: Mart) -> tuple[tuple[date, ...], sa.Select[Any] | None]:
        """Judge touched deals anew, and all deals of leads judged anew; wins that differ move days and cohorts."""
        deal, lead, touched = ddl.table(DEAL), self._ctx.superseded[LEAD.name], ddl.table(DEAL_TOUCHED)
        theirs = _columns(deal, DEAL.key).join(lead, _on(lead, deal, LEAD.key))
        judged = self._ctx.superseded[DEAL.name] = self._keep("deals_superseded", sa.union(sa.select(touched), theirs))
        changed, days, rows = self._facts(mart, judged)
        won = sa.select(changed).where(changed.c.is_won).subquery("won")
        cohorts = sa.select(won.c.cohort_month.label("start")).where(won.c.cohort_month.is_not(None))
        created = sa.union(sa.select(self._bases["created"].c.start), cohorts)
        self._bases["created"] = self._keep("days_cohort", created)
        closed = self._keep("days_closed", sa.select(won.c.closed_day.label("start")).distinct())
        self._bases["closed"] = self._ctx.scopes["closed"] = closed
        return days, rows

    def _facts(self, mart: Mart, superseded: sa.Table) -> tuple[sa.Table, tuple[date, ...], sa.Select[Any] | None]:
        """Facts whose rows differ, old and new; the days on which they were created; all rows of these days."""
        fresh, kept = self._keep(f"{mart.name}_judged", mart.select(self._ctx)), ddl.table(mart.record, "mart")
        self._ctx.judged[mart.name] = fresh
        replaced, key = sa.exists().where(_on(superseded, kept, mart.record.key)), mart.record.key
        before = sa.select(kept).where(among(kept, key, _columns(superseded, key)))
        changed = self._keep(f"{mart.name}_changed", differing(sa.select(fresh), before))
        days = self._scope(mart.name, "created_day", sa.select(changed.c.created_day.label("start")).distinct())
        rows = sa.union_all(
            sa.select(fresh).where(self._ctx.within(mart.name, fresh.c.created_day)),
            sa.select(kept).where(self._ctx.within(mart.name, kept.c.created_day), ~replaced)).subquery("rows")
        return changed, days, sa.select(rows) if days else None

    def _groups(self) -> None:
        """Tell the context whose leads are judged anew, and which leads these are, as published and as it is now."""
        ids, gone = self._companions(), self._ctx.step(merged_lead)
        lead, known = ddl.table(LEAD), ddl.table(LEAD_PERSON)
        root = sa.func.coalesce(gone.c.root_id, ids.c.lead_id)
        theirs = (ids.outerjoin(gone, _on(gone, ids, LEAD.key))
                  .join(lead, sa.and_(lead.c.source == ids.c.source, lead.c.lead_id == root)))
        persons = sa.select(person_of(lead, known).label("person_key")).select_from(with_person(theirs, lead, known))
        self._ctx.persons = self._keep("persons", persons.distinct())
        head = self._ctx.step(lead_head)
        self._ctx.superseded[LEAD.name] = self._keep(
            "leads_superseded", sa.union(sa.select(ids), _columns(head, LEAD.key)))

    def _companions(self) -> sa.Table:
        """Touched leads, leads of touched deals, what was merged into either, and who had the same head as any."""
        deal, chain, fact = ddl.table(DEAL), self._ctx.step(merge_chain), ddl.table(LEAD_FACT, "mart")
        theirs = (_columns(deal, LEAD.key).join(ddl.table(DEAL_TOUCHED), _on(ddl.table(DEAL_TOUCHED), deal, DEAL.key))
                  .where(deal.c.lead_id.is_not(None)))
        named = sa.union(sa.select(ddl.table(LEAD_TOUCHED)), theirs).cte("named")
        into = sa.and_(named.c.source == chain.c.source, named.c.lead_id == chain.c.root_id)
        touched = sa.union(sa.select(named), _columns(chain, LEAD.key).join(named, into)).cte("touched")
        before = _columns(fact, _HEAD).join(touched, _on(touched, fact, LEAD.key)).distinct().subquery("before")
        companions = _columns(fact, LEAD.key).join(before, _on(before, fact, _HEAD))
        return self._keep("leads_companion", sa.union(sa.select(touched), companions))

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
