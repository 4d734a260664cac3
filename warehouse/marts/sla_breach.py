"""Leads to which the promise of a timely attempt was broken, one by one, and who had them when it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.engine import naive_utc
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.delays import lead_moments, published_delay, turned_sources
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression, seconds_between
from warehouse.staging.base import Context, Selectable
from warehouse.staging.calendar import due_at, lead_kind
from warehouse.staging.hours import whole_second, with_business
from warehouse.staging.records import BUSINESS_DAY

#: Longer than any lead is looked at: an attempt is an attempt, however late.
_EVER = sa.literal_column("36500", sa.BigInteger())
_CARRIED = ("lead_id", "platform", "account_id", "campaign_id", "cohort_month", "created_day", "created_at",
            "assigned_at", "owner_id")

RECORD = Table(
    "sla_breach", Layer.MART, "One row per unique lead whose first attempt was due and did not come in time.",
    ("source", "lead_id"),
    columns("source lead_id platform account_id campaign_id lead_kind owed_by rule_version", "owner_id next_action")
    + columns("cohort_month created_day created_at", basis="cohort")
    + columns("due_at is_waiting", "assigned_at responded_at late_seconds late_business_seconds", basis="worked"),
    "The promise runs from creation to the first attempt by a person, by the first kind of `rules/sla.yaml` that fits "
    "the lead and by that kind's clock. `owner_id` is who has the lead now. Sources that may not publish "
    "`speed_to_lead` have no rows (`metric_coverage` says why). A night finds breaches hours after they happened: "
    "nobody can be called to a lead by this table in time.",
)

PROSE = """\
Every lead that was let wait, by name. Marketing: `owed_by` says whether a salesperson had it when the attempt was due;
what lay in the system (`routing`) is nobody's idleness in sales. Sales: a row stands until the record shows an earlier
attempt; an attempt nobody wrote down is none. `next_action` is for those who still wait, and it is the reason to read
this table first. To count rows per person is not to judge one: compare with the leads each had (`speed_to_lead`)."""

CHECKS = (
    Check("due after creation", "due_at > created_at"),
    Check("late, or waiting", "is_waiting = (responded_at IS NULL)"
          " AND CASE WHEN is_waiting THEN late_seconds IS NULL ELSE late_seconds > 0 END"),
    Check("business time is part of all time",
          "late_business_seconds IS NULL OR late_business_seconds <= late_seconds"),
    Check("something to do exactly while waiting", "is_waiting = (next_action IS NOT NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """The breaches among the scope's leads."""
    lead = ctx.current(LEAD_FACT).alias("lead")
    return _breaches(ctx, lead, ctx.within(RECORD.name, lead.c.created_day))


def _breaches(ctx: Context, lead: Selectable, where: Expression) -> sa.Select[Any]:
    row = _broken(ctx, lead_moments(lead, _CARRIED, where, _EVER, ("attempted",)))
    origin, due_business = with_business(row, row.c.due_at, "due_day")
    is_waiting = row.c.attempted.is_(None)
    owed_by = sa.case((row.c.handed <= row.c.due_at, "sales"), (row.c.handed.is_not(None), "routing"),
                      (sa.and_(is_waiting, row.c.is_routed), "routing"), else_="unknown")
    values: dict[str, Expression] = {
        **{name: row.c[name] for name in ("source", *_CARRIED, "lead_kind", "due_at")},
        "responded_at": row.c.attempted, "is_waiting": is_waiting, "owed_by": owed_by,
        "late_seconds": seconds_between(row.c.due_at, row.c.attempted),
        "late_business_seconds": row.c.attempted_business - due_business,
        "next_action": sa.case((~is_waiting, None), (sa.and_(row.c.handed.is_(None), row.c.is_routed), "assign"),
                               else_="attempt"),
        "rule_version": sa.literal(ctx.rules.sla.head.version, sa.Text())}
    return sa.select(*arrange(RECORD, values)).select_from(origin)


def _broken(ctx: Context, moments: Selectable) -> Selectable:
    """Leads of sources that may publish, attempted after the due instant, or not by now; are hand-overs known?"""
    staged, day, now = ddl.table(LEAD), ddl.table(BUSINESS_DAY), sa.literal(naive_utc(ctx.as_of), sa.DateTime())
    shown, routed = ctx.step(published_delay).alias("shown"), ctx.step(published_delay).alias("routed")
    origin = (moments.join(staged, sa.and_(staged.c.source == moments.c.source, staged.c.lead_id == moments.c.lead_id))
              .outerjoin(day, day.c.business_day == moments.c.created_day)
              .join(shown, sa.and_(shown.c.source == moments.c.source, shown.c.delay == "whole"))
              .outerjoin(routed, sa.and_(routed.c.source == moments.c.source, routed.c.delay == "routing")))
    due = whole_second(due_at(ctx, staged, day))
    return sa.select(
        moments, lead_kind(ctx, staged).label("lead_kind"), due.label("due_at"),
        routed.c.source.is_not(None).label("is_routed"),
    ).select_from(origin).where(sa.func.coalesce(moments.c.attempted, now) > due).subquery("broken")


def stale(ctx: Context) -> sa.Select[Any]:
    """Days of leads judged anew (their kind may be another), of sources that may publish more or less, and of leads
    whose attempt fell due since the last publication.
    """
    lead, there, judged = ctx.current(LEAD_FACT).alias("lead"), ddl.table(RECORD, "mart"), ctx.superseded[LEAD.name]
    whose = sa.and_(judged.c.source == lead.c.source, judged.c.lead_id == lead.c.lead_id)
    silent = sa.and_(lead.c.first_touch_at.is_(None), lead.c.answered_at.is_(None))
    known = sa.exists().where(there.c.source == lead.c.source, there.c.lead_id == lead.c.lead_id)
    fallen = _breaches(ctx, lead, sa.and_(silent, ~known)).subquery("fallen")
    every = sa.union(
        sa.select(lead.c.created_day).join(judged, whose),
        sa.select(lead.c.created_day).where(lead.c.source.in_(turned_sources(ctx))),
        sa.select(fallen.c.created_day)).subquery("stale")
    return sa.select(every.c.created_day)


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The lead, whose row holds the moments."""
    return {"lead_fact": ddl.table(LEAD_FACT, "mart").c.lead_id == row["lead_id"]}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("created_day", "day", ("created",)), stale, evidence)
