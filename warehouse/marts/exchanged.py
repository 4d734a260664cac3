"""What the two departments gave each other day by day, and when a debt between them began and ended."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import ACTIVITY, DEAL
from warehouse import ddl
from warehouse.marts.appeal import RECORD as APPEAL
from warehouse.marts.campaign_roi_daily import RECORD as CAMPAIGN_DAY
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.returns import qualified
from warehouse.marts.sla_breach import RECORD as SLA_BREACH
from warehouse.shims import Expression, count
from warehouse.staging.appeals import is_appealed
from warehouse.staging.base import UNALLOCATED, Context, Selectable
from warehouse.staging.heads import merged_lead
from warehouse.staging.states import is_touch
from warehouse.staging.zones import local_date

#: What sales says of a lead, by the states of `lead_fact`.
VERDICTS = ("hot", "potential", "wrong_target", "invalid_contact", "lost")


def exchange_flow(ctx: Context) -> sa.Select[Any]:
    """One row per day, side and item: how many were given, and by how many what is owed grew or fell."""
    every = sa.union_all(*_brought(ctx), *_worked(ctx), *_judged(ctx), *_waiting(ctx), *_lost(), *_appealed(ctx))
    row = every.subquery("exchanged")
    key = (row.c.day, row.c.side, row.c.item)
    return sa.select(*key, count(row.c.given).label("given"), count(row.c.owed).label("owed")).group_by(*key)


def _tally(item: str | Expression, side: str | Expression, day: Expression, origin: Selectable,
           *where: Expression, owed: int = 0) -> sa.Select[Any]:
    """Rows of an origin counted by day, side and item: as given, or as debts that begin (1) or end (-1)."""
    words = {"item": item, "side": side}
    each = sa.select(day.label("day"), *(
        sa.cast(sa.literal(word) if isinstance(word, str) else word, sa.Text()).label(name)
        for name, word in words.items())).select_from(origin).where(*where).subquery("each")
    number, nothing = sa.func.count(), sa.literal_column("0", sa.BigInteger())
    given, change = (nothing, number * sa.literal_column(str(owed))) if owed else (number, nothing)
    return (sa.select(*each.c, given.label("given"), change.label("owed"))
            .where(each.c.day.is_not(None)).group_by(*each.c))


def _brought(ctx: Context) -> list[sa.Select[Any]]:
    """What marketing gave: leads, those of them that proved qualified, campaigns that spent."""
    lead, spent = ctx.current(LEAD_FACT).alias("lead"), ctx.current(CAMPAIGN_DAY).alias("spent")
    return [_tally("leads", "marketing", lead.c.created_day, lead, lead.c.is_unique),
            _tally("qualified_leads", "marketing", lead.c.created_day, lead, lead.c.is_unique, qualified(lead)),
            _tally("campaigns", "marketing", spent.c.day, spent, spent.c.spend_reporting_amount > 0,
                   spent.c.campaign_id != UNALLOCATED)]


def work_kind(act: Selectable) -> Expression:
    """As which item an activity of a person counts; null where as none."""
    held = sa.and_(act.c.activity_kind == "meeting", act.c.outcome.in_(("completed", "answered")))
    made = sa.and_(act.c.activity_kind == "call", sa.func.coalesce(act.c.direction, "") != "inbound")
    return sa.case((act.c.is_automatic, sa.null()), (made, "calls"), (held, "meetings"),
                   (act.c.activity_kind == "note", "notes"))


def _worked(ctx: Context) -> list[sa.Select[Any]]:
    """What sales did: each call, meeting and note once, whoever it concerned, and each person once a day."""
    act, gone, lead = ddl.table(ACTIVITY), ctx.step(merged_lead), ctx.current(LEAD_FACT).alias("lead")
    own = sa.and_(gone.c.source == act.c.source, gone.c.lead_id == act.c.lead_id)
    theirs = sa.and_(lead.c.source == act.c.source,
                     lead.c.lead_id == sa.func.coalesce(gone.c.root_id, act.c.lead_id))
    touched = act.outerjoin(gone, own).join(lead, theirs)
    person = (sa.select(act.c.occurred_day, lead.c.head_source, lead.c.head_lead_id).select_from(touched)
              .where(is_touch(act)).distinct().subquery("person"))
    done = (sa.select(act.c.source, act.c.activity_id, act.c.occurred_day, work_kind(act).label("kind"))
            .distinct().subquery("done"))
    return [_tally("leads_worked", "sales", person.c.occurred_day, person),
            _tally(done.c.kind, "sales", done.c.occurred_day, done, done.c.kind.is_not(None))]


def _judged(ctx: Context) -> list[sa.Select[Any]]:
    """What sales said of leads; a state that rests on an appeal is nobody's word of that day."""
    lead = ctx.current(LEAD_FACT).alias("lead")
    return [_tally("verdicts", "sales", local_date(ctx, lead.c[f"{state}_at"]), lead, *is_told(lead, state))
            for state in VERDICTS]


def is_told(lead: Selectable, state: str) -> tuple[Expression, ...]:
    """Whether the records say that a lead is in a state."""
    return lead.c[f"{state}_at"].is_not(None), ~is_appealed(lead.c.appeals, state)


def _waiting(ctx: Context) -> list[sa.Select[Any]]:
    """Leads past their due instant, until somebody attempted them."""
    late = ctx.current(SLA_BREACH).alias("late")
    return [_tally("leads_worked", late.c.owed_by, local_date(ctx, late.c[moment]), late, owed=change)
            for moment, change in (("due_at", 1), ("responded_at", -1))]


def _lost() -> list[sa.Select[Any]]:
    """Lost deals with a reason, and those without; nothing of sources that never tell one."""
    deal = ddl.table(DEAL)
    telling = sa.select(deal.c.source).where(deal.c.lost_reason.is_not(None))
    lost = sa.and_(deal.c.is_lost, ~deal.c.is_won, ~deal.c.is_archived, deal.c.source.in_(telling))
    return [_tally("lost_reasons", "sales", deal.c.closed_day, deal, lost, deal.c.lost_reason.is_not(None)),
            _tally("lost_reasons", "sales", deal.c.closed_day, deal, lost, deal.c.lost_reason.is_(None), owed=1)]


def other_side(appellant: Expression) -> Expression:
    """Who has to answer."""
    return sa.case((appellant == "sales", "marketing"), else_="sales")


def settled_at(appeal: Selectable) -> Expression:
    """Since when nobody waits for an answer: signed, or withdrawn."""
    return sa.func.least(appeal.c.binding_at, appeal.c.withdrawn_at, type_=sa.DateTime())


def _appealed(ctx: Context) -> list[sa.Select[Any]]:
    """Appeals filed, and answers to the other side's."""
    appeal = ctx.current(APPEAL).alias("claim")
    asked, other = appeal.c.appellant, other_side(appeal.c.appellant)
    filed, bound, settled = (local_date(ctx, moment) for moment in (
        appeal.c.filed_at, appeal.c.binding_at, settled_at(appeal)))
    return [_tally("appeals", asked, filed, appeal), _tally("appeal_answers", other, bound, appeal),
            _tally("appeal_answers", other, filed, appeal, owed=1),
            _tally("appeal_answers", other, settled, appeal, owed=-1)]
