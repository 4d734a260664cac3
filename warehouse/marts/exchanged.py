"""What the two departments gave each other day by day, and when a debt between them began and ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Event:
    """Something that a row may tell: which side gave an item, or since when it owes it (1) or no longer does (-1).

    On a day, or on the business day of an instant; a row for which both are null does not tell it.
    """

    item: str | Expression
    side: str | Expression
    day: Expression | None = None
    at: Expression | None = None
    owed: int = 0


def exchange_flow(ctx: Context) -> sa.Select[Any]:
    """One row per day, side and item: how many were given, and by how many what is owed grew or fell."""
    row = sa.union_all(_of_leads(ctx), *_of_work(ctx), _of_spend(ctx), _of_breaches(ctx), _of_deals(ctx),
                       _of_appeals(ctx)).subquery("told")
    key, nothing = (row.c.day, row.c.side, row.c.item), sa.literal_column("0", sa.BigInteger())
    given = count(sa.case((row.c.owed == 0, row.c.number), else_=nothing))
    return (sa.select(*key, given.label("given"), count(row.c.owed * row.c.number).label("owed"))
            .where(row.c.day.is_not(None)).group_by(*key))


def _told(ctx: Context, origin: Selectable, *events: Event) -> sa.Select[Any]:
    """How often rows tell each event, by day: the rows are read once, and crossed with the events' numbers."""
    numbers = [sa.select(sa.literal_column(str(n), sa.Integer()).label("n")) for n in range(len(events))]
    event = sa.union_all(*numbers).subquery("event")

    def pick(values: Sequence[Any], kind: Any) -> Expression:
        known = {n: value for n, value in enumerate(values) if value is not None}
        return sa.cast(sa.case(known, value=event.c.n), kind) if known else sa.cast(sa.null(), kind)

    at = pick([one.at for one in events], sa.DateTime())
    each = sa.select(
        sa.func.coalesce(pick([one.day for one in events], sa.Date()), local_date(ctx, at)).label("day"),
        pick([one.side for one in events], sa.Text()).label("side"),
        pick([one.item for one in events], sa.Text()).label("item"),
        pick([one.owed for one in events], sa.BigInteger()).label("owed"),
    ).select_from(origin.join(event, sa.true())).subquery("each")
    return sa.select(*each.c, sa.func.count().label("number")).group_by(*each.c)


def _of_leads(ctx: Context) -> sa.Select[Any]:
    """What marketing brought, and what sales said of it; a state that rests on an appeal is nobody's word."""
    lead = ctx.current(LEAD_FACT).alias("lead")
    born = sa.case((lead.c.is_unique, lead.c.created_day))
    said = (Event("verdicts", "sales", at=sa.case((is_told(lead, state), lead.c[f"{state}_at"]))) for state in VERDICTS)
    return _told(ctx, lead, Event("leads", "marketing", born),
                 Event("qualified_leads", "marketing", sa.case((qualified(lead), born))), *said)


def is_told(lead: Selectable, state: str) -> Expression:
    """Whether the records say that a lead is in a state."""
    return sa.and_(lead.c[f"{state}_at"].is_not(None), ~is_appealed(lead.c.appeals, state))


def _of_spend(ctx: Context) -> sa.Select[Any]:
    """Campaigns that spent."""
    spent = ctx.current(CAMPAIGN_DAY).alias("spent")
    is_any = sa.and_(spent.c.spend_reporting_amount > 0, spent.c.campaign_id != UNALLOCATED)
    return _told(ctx, spent, Event("campaigns", "marketing", sa.case((is_any, spent.c.day))))


def work_kind(act: Selectable) -> Expression:
    """As which item an activity of a person counts; null where as none."""
    held = sa.and_(act.c.activity_kind == "meeting", act.c.outcome.in_(("completed", "answered")))
    made = sa.and_(act.c.activity_kind == "call", sa.func.coalesce(act.c.direction, "") != "inbound")
    return sa.case((act.c.is_automatic, sa.null()), (made, "calls"), (held, "meetings"),
                   (act.c.activity_kind == "note", "notes"))


def _of_work(ctx: Context) -> list[sa.Select[Any]]:
    """What sales did: each call, meeting and note once, whoever it concerned, and each person once a day."""
    act, gone, lead = ddl.table(ACTIVITY), ctx.step(merged_lead), ctx.current(LEAD_FACT).alias("lead")
    own = sa.and_(gone.c.source == act.c.source, gone.c.lead_id == act.c.lead_id)
    theirs = sa.and_(lead.c.source == act.c.source,
                     lead.c.lead_id == sa.func.coalesce(gone.c.root_id, act.c.lead_id))
    touched = act.outerjoin(gone, own).join(lead, theirs)
    person = (sa.select(act.c.occurred_day, lead.c.head_source, lead.c.head_lead_id).select_from(touched)
              .where(is_touch(act)).distinct().subquery("person"))
    kind = work_kind(act)
    done = (sa.select(act.c.source, act.c.activity_id, act.c.occurred_day, kind.label("kind"))
            .where(kind.is_not(None)).distinct().subquery("done"))
    return [_told(ctx, person, Event("leads_worked", "sales", person.c.occurred_day)),
            _told(ctx, done, Event(done.c.kind, "sales", done.c.occurred_day))]


def _of_breaches(ctx: Context) -> sa.Select[Any]:
    """Leads past their due instant, until somebody attempted them."""
    late = ctx.current(SLA_BREACH).alias("late")
    return _told(ctx, late, Event("leads_worked", late.c.owed_by, at=late.c.due_at, owed=1),
                 Event("leads_worked", late.c.owed_by, at=late.c.responded_at, owed=-1))


def _of_deals(ctx: Context) -> sa.Select[Any]:
    """Lost deals with a reason, and those without; nothing of sources that never tell one."""
    deal = ddl.table(DEAL)
    telling = sa.select(deal.c.source).where(deal.c.lost_reason.is_not(None))
    lost = (sa.select(deal.c.closed_day, deal.c.lost_reason)
            .where(deal.c.is_lost, ~deal.c.is_won, ~deal.c.is_archived, deal.c.source.in_(telling)).subquery("lost"))
    has_reason = lost.c.lost_reason.is_not(None)
    return _told(ctx, lost, Event("lost_reasons", "sales", sa.case((has_reason, lost.c.closed_day))),
                 Event("lost_reasons", "sales", sa.case((~has_reason, lost.c.closed_day)), owed=1))


def other_side(appellant: Expression) -> Expression:
    """Who has to answer."""
    return sa.case((appellant == "sales", "marketing"), else_="sales")


def settled_at(appeal: Selectable) -> Expression:
    """Since when nobody waits for an answer: signed, or withdrawn."""
    return sa.func.least(appeal.c.binding_at, appeal.c.withdrawn_at, type_=sa.DateTime())


def _of_appeals(ctx: Context) -> sa.Select[Any]:
    """Appeals filed, and answers to the other side's."""
    appeal = ctx.current(APPEAL).alias("claim")
    other = other_side(appeal.c.appellant)
    return _told(ctx, appeal, Event("appeals", appeal.c.appellant, at=appeal.c.filed_at),
                 Event("appeal_answers", other, at=appeal.c.binding_at),
                 Event("appeal_answers", other, at=appeal.c.filed_at, owed=1),
                 Event("appeal_answers", other, at=settled_at(appeal), owed=-1))
