"""What happened to a lead first: states from statuses by the agreed rules, from activities, and from won deals.

An appeal that both departments signed takes the place of whatever the records say of its state.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import ACTIVITY, DEAL, LEAD, LEAD_STATUS
from crosscheck.tables import Table
from warehouse import ddl
from warehouse.shims import Expression
from warehouse.staging.appeals import HEAD, head_appeal
from warehouse.staging.base import Context, Part, Selectable, stack
from warehouse.staging.heads import lead_head
from warehouse.staging.records import LEAD_STATE_RULE, LEAD_STATE_RULE_BEFORE

#: States whose first instant a lead fact keeps.
KEPT = ("attempted", "reached", "hot", "potential", "wrong_target", "invalid_contact", "lost")
#: A call shorter than this is a mailbox or a wrong number.
CONVERSATION_SECONDS = 20
#: What is looked for from the lead's creation on, as the lead fact calls it: earlier ones are no answer to it.
_SINCE_CREATION = {"assigned_at": "assigned_at", "touched_at": "first_touch_at", "answered_at": "answered_at"}


def is_won(deal: Any) -> Expression:
    """Whether a staged deal counts as won: signed, closed on a known day, and still there."""
    return sa.and_(deal.c.is_won, deal.c.closed_day.is_not(None), ~deal.c.is_archived)


def is_answered(act: Selectable) -> Expression:
    """Whether an activity is a two-way contact: a conversation, a meeting held, a message or mail that came in."""
    by_person = ~act.c.is_automatic
    return sa.or_(
        sa.and_(act.c.activity_kind == "call", act.c.outcome == "answered",
                act.c.duration_seconds >= CONVERSATION_SECONDS, by_person),
        sa.and_(act.c.activity_kind == "meeting", act.c.outcome.in_(("completed", "answered"))),
        sa.and_(act.c.activity_kind.in_(("message", "mail")), act.c.direction == "inbound", by_person))


def is_touch(act: Selectable) -> Expression:
    """Whether an activity is an outbound touch by a person."""
    return sa.and_(act.c.direction == "outbound", ~act.c.is_automatic)


def head_outcome(ctx: Context) -> sa.Select[Any]:
    """One row per head lead judged with anything recorded or appealed: the first instant of each state."""
    return _outcome(ctx, LEAD_STATE_RULE)


def outcome_before(ctx: Context) -> sa.Select[Any]:
    """The same by the meanings that held at the last publication, of what is on record tonight."""
    return _outcome(ctx, LEAD_STATE_RULE_BEFORE)


def _outcome(ctx: Context, rules: Table) -> sa.Select[Any]:
    told, appeal = _recorded(ctx, rules).subquery("told"), ctx.step(head_appeal)
    ruled = {f"{state}_at": sa.case((appeal.c[f"{state}_appeal"].is_not(None), appeal.c[f"{state}_at"]),
                                    else_=told.c[f"{state}_at"]) for state in KEPT}
    origin = told.outerjoin(appeal, sa.and_(*(appeal.c[name] == told.c[name] for name in HEAD)))
    return sa.select(*(ruled.get(column.name, column).label(column.name) for column in told.c),
                     appeal.c.appeals).select_from(origin)


def _recorded(ctx: Context, rules: Table) -> sa.Select[Any]:
    """The same by the records alone."""
    head = ctx.step(lead_head)
    names = [f"{state}_at" for state in KEPT] + ["first_won_at"]
    moments = [*names, *_SINCE_CREATION]
    types = {"source": sa.Text(), "lead_id": sa.Text(), **dict.fromkeys(moments, sa.DateTime()),
             "is_recorded": sa.Boolean()}
    event = stack(_statuses(ctx, rules), _activities(ctx), _wins(ctx), _appeals(ctx), types=types)
    firsts = [sa.func.min(event.c[name]).label(name) for name in names]
    firsts += [sa.func.min(sa.case((event.c[name] >= head.c.head_created_at, event.c[name]))).label(shown)
               for name, shown in _SINCE_CREATION.items()]
    recorded = sa.func.bool_or(event.c.is_recorded, type_=sa.Boolean()).label("has_status")
    origin = event.join(head, sa.and_(head.c.source == event.c.source, head.c.lead_id == event.c.lead_id))
    return (sa.select(head.c.head_source, head.c.head_lead_id, *firsts, recorded).select_from(origin)
            .group_by(head.c.head_source, head.c.head_lead_id))


def _statuses(ctx: Context, rules: Table) -> Part:
    status, rule = ddl.table(LEAD_STATUS), ddl.table(rules)
    joined = status.outerjoin(rule, sa.and_(
        rule.c.source == status.c.source, rule.c.status_field == status.c.status_field,
        rule.c.status == status.c.status))
    firsts: dict[str, Expression] = {
        f"{state}_at": sa.case((rule.c.state == state, status.c.entered_at)) for state in KEPT}
    told = sa.and_(rule.c.state == "assigned", ~status.c.is_inferred)
    whose: dict[str, Expression] = {"source": status.c.source, "lead_id": status.c.lead_id,
                                    "assigned_at": sa.case((told, status.c.entered_at))}
    return joined, {**whose, **firsts, "is_recorded": sa.true()}, ctx.judges(LEAD, status)


def _activities(ctx: Context) -> Part:
    act = ddl.table(ACTIVITY)
    spoken, tried = is_answered(act), is_touch(act)
    values: dict[str, Expression] = {
        "source": act.c.source, "lead_id": act.c.lead_id,
        "reached_at": sa.case((spoken, act.c.occurred_at)), "attempted_at": sa.case((tried, act.c.occurred_at)),
        "touched_at": sa.case((tried, act.c.occurred_at)), "answered_at": sa.case((spoken, act.c.occurred_at)),
        "is_recorded": sa.true()}
    return act, values, ctx.judges(LEAD, act)


def _wins(ctx: Context) -> Part:
    deal = ddl.table(DEAL)
    values: dict[str, Expression] = {"source": deal.c.source, "lead_id": deal.c.lead_id,
                                     "first_won_at": deal.c.closed_at, "is_recorded": sa.false()}
    return deal, values, sa.and_(is_won(deal), ctx.judges(LEAD, deal))


def _appeals(ctx: Context) -> Part:
    """A row for each head with an appeal, which may have no other; an appeal is no record of anybody's work."""
    appeal = ctx.step(head_appeal)
    return appeal, {"source": appeal.c.head_source, "lead_id": appeal.c.head_lead_id,
                    "is_recorded": sa.false()}, sa.true()
