"""What each lead's own record says that may contradict itself: statuses that still stand, contacts, wins."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import ACTIVITY, LEAD_STATUS
from warehouse import ddl
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression
from warehouse.staging.base import Context, Part, Selectable, stack
from warehouse.staging.heads import merged_lead
from warehouse.staging.records import LEAD_STATE_RULE
from warehouse.staging.states import is_answered, is_touch

#: The mart whose partitions are asked for.
MART_NAME = "contradiction"
_STANDING = ("wrong_target", "invalid_contact", "lost")
_FIRSTS = ("reached_status_at", "reached_inferred_at", "answered_at", "touched_at", "won_at",
           *(f"{state}_at" for state in _STANDING), *(f"{state}_told_at" for state in _STANDING))


def lead_record(ctx: Context) -> sa.Select[Any]:
    """One row per lead id of the scope's months, merged away or not, with the lead that it is today; tests are none."""
    lead, gone = ctx.current(LEAD_FACT).alias("lead"), ctx.step(merged_lead)
    wanted = sa.and_(ctx.within(MART_NAME, lead.c.cohort_month), ~lead.c.is_test)
    own = sa.select(lead.c.source, lead.c.lead_id, lead.c.lead_id.label("root_id"), lead.c.created_at,
                    lead.c.cohort_month, sa.false().label("is_merged")).where(wanted)
    into = sa.and_(gone.c.source == lead.c.source, gone.c.root_id == lead.c.lead_id)
    merged = sa.select(lead.c.source, gone.c.lead_id, lead.c.lead_id.label("root_id"), lead.c.created_at,
                       lead.c.cohort_month, sa.true().label("is_merged")).join_from(lead, gone, into).where(wanted)
    return sa.select(sa.union_all(own, merged).subquery("records"))


def standing_status(ctx: Context) -> sa.Select[Any]:
    """One row per lead and status field: what the newest value means, and when states were first or last told."""
    status, rule, record = ddl.table(LEAD_STATUS), ddl.table(LEAD_STATE_RULE), ctx.step(lead_record)
    whose = sa.and_(record.c.source == status.c.source, record.c.lead_id == status.c.lead_id)
    means = sa.and_(rule.c.source == status.c.source, rule.c.status_field == status.c.status_field,
                    rule.c.status == status.c.status)

    def at(state: str, *more: Expression) -> Expression:
        return sa.case((sa.and_(rule.c.state == state, *more), status.c.entered_at))

    told = ~status.c.is_inferred
    values: dict[str, Expression] = {
        "newest_at": sa.func.max(status.c.entered_at), "hot_told_at": sa.func.max(at("hot", told)),
        "reached_status_at": sa.func.min(at("reached")),
        "reached_inferred_at": sa.func.min(at("reached", status.c.is_inferred)),
        **{f"{state}_at": sa.func.max(at(state)) for state in _STANDING},
        **{f"{state}_told_at": sa.func.max(at(state, told)) for state in _STANDING}}
    key = (record.c.source, record.c.root_id, status.c.status_field)
    return (sa.select(*key, *(value.label(name) for name, value in values.items()))
            .select_from(status.join(record, whose).outerjoin(rule, means)).group_by(*key))


def lead_dispute(ctx: Context) -> sa.Select[Any]:
    """One row per lead of the scope with a status, contact or win on record: the instants that may contradict."""
    types = {"source": sa.Text(), "root_id": sa.Text(), "hot_told_at": sa.DateTime(),
             **dict.fromkeys(_FIRSTS, sa.DateTime())}
    event = stack(_statuses(ctx), _contacts(ctx), _wins(ctx), types=types)
    moments = [sa.func.min(event.c[name]).label(name) for name in _FIRSTS]
    every = (sa.select(event.c.source, event.c.root_id, sa.func.max(event.c.hot_told_at).label("hot_told_at"), *moments)
             .group_by(event.c.source, event.c.root_id).subquery("every"))
    return _with_record(ctx, every)


def _with_record(ctx: Context, every: Selectable) -> sa.Select[Any]:
    """Beside the instants: creation, whether others were merged in, whether the source keeps contacts that month."""
    record = ctx.step(lead_record)
    lead = (sa.select(record.c.source, record.c.root_id, record.c.created_at, record.c.cohort_month,
                      sa.func.bool_or(record.c.is_merged, type_=sa.Boolean()).label("has_merged"))
            .group_by(record.c.source, record.c.root_id, record.c.created_at, record.c.cohort_month).subquery("lead"))
    joined = lead.join(every, sa.and_(every.c.source == lead.c.source, every.c.root_id == lead.c.root_id))
    answers = sa.func.count(every.c.answered_at).over(partition_by=(lead.c.source, lead.c.cohort_month))
    return sa.select(lead, *(every.c[name] for name in ("hot_told_at", *_FIRSTS)),
                     (answers > 0).label("has_contacts")).select_from(joined)


def _statuses(ctx: Context) -> Part:
    field = ctx.step(standing_status)
    values: dict[str, Expression] = {name: field.c[name] for name in (
        "source", "root_id", "hot_told_at", "reached_status_at", "reached_inferred_at")}
    for state in _STANDING:
        for name in (f"{state}_at", f"{state}_told_at"):
            values[name] = sa.case((field.c[name] == field.c.newest_at, field.c[name]))
    return field, values, sa.true()


def _contacts(ctx: Context) -> Part:
    act, record = ddl.table(ACTIVITY), ctx.step(lead_record)
    origin = act.join(record, sa.and_(record.c.source == act.c.source, record.c.lead_id == act.c.lead_id))
    values: dict[str, Expression] = {
        "source": record.c.source, "root_id": record.c.root_id,
        "answered_at": sa.case((is_answered(act), act.c.occurred_at)),
        "touched_at": sa.case((is_touch(act), act.c.occurred_at))}
    return origin, values, sa.or_(is_answered(act), is_touch(act))


def _wins(ctx: Context) -> Part:
    deal, record = ctx.current(DEAL_FACT).alias("deal"), ctx.step(lead_record)
    origin = deal.join(record, sa.and_(record.c.source == deal.c.source, record.c.lead_id == deal.c.lead_id))
    values: dict[str, Expression] = {"source": record.c.source, "root_id": record.c.root_id, "won_at": deal.c.closed_at}
    return origin, values, deal.c.is_won
