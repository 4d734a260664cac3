"""Leads to which the promise of a timely attempt was broken, one by one, and who had them when it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.fields import columns
from crosscheck.rules import LeadKind
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.engine import naive_utc
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.delays import lead_moments, published_delay, turned_sources
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression, date_add_seconds, seconds_between
from warehouse.staging.base import Context, Selectable
from warehouse.staging.hours import business_due, with_business

#: Longer than any lead is looked at: an attempt is an attempt, however late.
_EVER = sa.literal_column("36500", sa.BigInteger())
_TIMED = ("created", "attempted")
_CARRIED = ("lead_id", "platform", "account_id", "campaign_id", "cohort_month", "created_day", "created_at",
            "assigned_at", "owner_id")

RECORD = Table(
    "sla_breach", Layer.MART, "One row per unique lead whose first attempt was due and did not come in time.",
    ("source", "lead_id"),
    columns("source lead_id platform account_id campaign_id lead_kind clock allowed_seconds owed_by rule_version",
            "owner_id next_action")
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
    due = _due(_overdue(ctx, _promised(ctx, lead_moments(lead, _CARRIED, where, _EVER, _TIMED))))
    origin, due_business = with_business(due, due.c.due_at, "due_at_day")
    is_waiting = due.c.attempted.is_(None)
    owed_by = sa.case((due.c.handed <= due.c.due_at, "sales"), (due.c.handed.is_not(None), "routing"),
                      (sa.and_(is_waiting, due.c.is_routed), "routing"), else_="unknown")
    values: dict[str, Expression] = {
        **{name: due.c[name] for name in ("source", *_CARRIED, "lead_kind", "clock", "allowed_seconds", "due_at")},
        "responded_at": due.c.attempted, "is_waiting": is_waiting, "owed_by": owed_by,
        "late_seconds": seconds_between(due.c.due_at, due.c.attempted),
        "late_business_seconds": due.c.attempted_business - due_business,
        "next_action": sa.case((~is_waiting, None), (sa.and_(due.c.handed.is_(None), due.c.is_routed), "assign"),
                               else_="attempt"),
        "rule_version": sa.literal(ctx.rules.sla.head.version, sa.Text())}
    return sa.select(*arrange(RECORD, values)).select_from(origin)


def _promised(ctx: Context, moments: Selectable) -> Selectable:
    """Leads of sources that may publish, with the promise that holds for each; whether their hand-overs are known."""
    staged, kinds = ddl.table(LEAD), ctx.rules.sla.kinds
    shown, routed = ctx.step(published_delay).alias("shown"), ctx.step(published_delay).alias("routed")
    origin = (moments.join(staged, sa.and_(staged.c.source == moments.c.source, staged.c.lead_id == moments.c.lead_id))
              .join(shown, sa.and_(shown.c.source == moments.c.source, shown.c.delay == "whole"))
              .outerjoin(routed, sa.and_(routed.c.source == moments.c.source, routed.c.delay == "routing")))

    def told(values: Mapping[str, Any]) -> Expression:
        """What holds for the first kind that fits; the last one fits every lead."""
        fits = [(_fits(staged, kind), sa.literal(values[kind.name])) for kind in kinds[:-1]]
        last = sa.literal(values[kinds[-1].name])
        return sa.case(*fits, else_=last) if fits else last

    return sa.select(
        moments, told({kind.name: kind.name for kind in kinds}).label("lead_kind"),
        told({kind.name: "business_hours" if kind.in_business_hours else "all_hours" for kind in kinds}).label("clock"),
        told({kind.name: kind.minutes * 60 for kind in kinds}).label("allowed_seconds"),
        routed.c.source.is_not(None).label("is_routed")).select_from(origin).subquery("promised")


def _fits(staged: Selectable, kind: LeadKind) -> Expression:
    """Whether each list of a kind names the lead; an empty list names nobody."""
    def named(column: str, names: tuple[str, ...]) -> Expression:
        if column == "landing_pages":
            return sa.or_(sa.false(), *(staged.c.landing_page.startswith(name, autoescape=True) for name in names))
        return staged.c[{"sources": "source", "forms": "form_id"}[column]].in_(names)

    return sa.and_(*(sa.func.coalesce(named(column, names), sa.false()) for column, names in kind.when.items()))


def _overdue(ctx: Context, row: Selectable) -> Selectable:
    """Those whose attempt came later than allowed, or did not come though it is later than allowed by now."""
    now: Expression = sa.literal(naive_utc(ctx.as_of), sa.DateTime())
    origin, now_business = with_business(row, now, "now_day")
    took = sa.case(
        (row.c.clock == "business_hours",
         sa.func.coalesce(row.c.attempted_business, now_business) - row.c.created_business),
        else_=seconds_between(row.c.created, sa.func.coalesce(row.c.attempted, now)))
    return sa.select(row).select_from(origin).where(took > row.c.allowed_seconds).subquery("overdue")


def _due(row: Selectable) -> Selectable:
    """When each attempt was due, by the clock of its promise."""
    joined, due = business_due(row, row.c.created, row.c.created_business + row.c.allowed_seconds)
    at_once = date_add_seconds(row.c.created, row.c.allowed_seconds)
    due_at = sa.case((row.c.clock == "business_hours", due), else_=at_once)
    return sa.select(row, due_at.label("due_at")).select_from(joined).subquery("due")


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
