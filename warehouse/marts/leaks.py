"""What is known of each lead of a mature month when it is as old as the horizon: all that its cause is found by."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import ACTIVITY, DEAL, LEAD
from warehouse import ddl
from warehouse.marts.campaign_roi_cohort import is_matured
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression, date_add_days, last_day, total
from warehouse.staging.appeals import is_appealed
from warehouse.staging.base import Context, Selectable
from warehouse.staging.calendar import due_at, lead_kind
from warehouse.staging.heads import merged_lead
from warehouse.staging.records import BUSINESS_DAY
from warehouse.staging.states import is_touch

#: The mart whose partitions are asked for.
MART_NAME = "leak_evidence"
_HEAD = ("head_source", "head_lead_id")
#: First instants of `lead_fact` that count within the horizon.
_STATES = ("attempted_at", "reached_at", "hot_at", "potential_at", "wrong_target_at", "lost_at")
_AS_IS = ("source", "lead_id", "platform", "account_id", "campaign_id", "created_at", "cohort_month", "is_unique",
          "is_test", "owner_id", "appeals", "portrait_verdict")
_SALES = ("won_at", "bought_at", "begun_at", "price_at", "competitor_at", "reason_at", "revenue_reporting_amount",
          "gross_margin_reporting_amount")


def horizon(ctx: Context) -> Expression:
    """The age at which a lead is judged, in days."""
    return sa.literal_column(str(ctx.rules.horizons.leak_days), sa.BigInteger())


def is_judged(ctx: Context, month: Expression) -> Expression:
    """Whether every lead of a month has reached that age."""
    return is_matured(ctx, last_day("month", month), horizon(ctx))


def leak_member(ctx: Context) -> sa.Select[Any]:
    """One row per lead id, merged away or not, of the persons whose first lead is judged, with that first lead."""
    fact, head, gone = ctx.current(LEAD_FACT).alias("fact"), ctx.current(LEAD_FACT).alias("head"), ctx.step(merged_lead)
    first = sa.and_(head.c.source == fact.c.head_source, head.c.lead_id == fact.c.head_lead_id)
    wanted = sa.and_(ctx.within(MART_NAME, head.c.cohort_month), is_judged(ctx, head.c.cohort_month))
    shared = (fact.c.head_source, fact.c.head_lead_id, head.c.created_at, head.c.reached_at)
    own = sa.select(fact.c.source, fact.c.lead_id, *shared).join_from(fact, head, first).where(wanted)
    into = sa.and_(gone.c.source == fact.c.source, gone.c.root_id == fact.c.lead_id)
    merged = (sa.select(gone.c.source, gone.c.lead_id, *shared).join_from(fact, head, first).join(gone, into)
              .where(wanted))
    return sa.select(sa.union_all(own, merged).subquery("members"))


def leak_touch(ctx: Context) -> sa.Select[Any]:
    """One row per person with an outbound touch between the first lead's creation and the horizon."""
    act, member = ddl.table(ACTIVITY), leak_member(ctx).subquery("member")
    whose = sa.and_(member.c.source == act.c.source, member.c.lead_id == act.c.lead_id)
    made = (is_touch(act), act.c.occurred_at >= member.c.created_at,
            act.c.occurred_at <= date_add_days(member.c.created_at, horizon(ctx)))
    wrong = sa.case((act.c.outcome == "wrong_number", act.c.occurred_at))
    at = act.c.occurred_at
    return (sa.select(*(member.c[name] for name in _HEAD), sa.func.count().label("attempt_count"),
                      sa.func.min(at).label("first_touch_at"), sa.func.max(at).label("last_touch_at"),
                      sa.func.min(wrong).label("wrong_number_at"),
                      sa.func.count(sa.case((at <= member.c.reached_at, 1))).label("until_reached_count"))
            .join_from(act, member, whose).where(*made).group_by(*(member.c[name] for name in _HEAD)))


def leak_deal(ctx: Context) -> sa.Select[Any]:
    """One row per first lead with deals: what was bought before it came, and won, lost or begun within the horizon."""
    deal, staged, reasons = ctx.current(DEAL_FACT).alias("sold"), ddl.table(DEAL), ctx.rules.lost_reasons
    born, end = deal.c.head_created_at, date_add_days(deal.c.head_created_at, horizon(ctx))
    at, closed = deal.c.closed_at, sa.and_(deal.c.closed_at >= born, deal.c.closed_at <= end)
    won, said = sa.and_(deal.c.is_won, closed), staged.c.lost_reason
    lost = sa.and_(deal.c.is_lost, ~deal.c.is_won, ~deal.c.is_archived, closed)
    begun = sa.and_(~deal.c.is_archived, deal.c.created_at >= born, deal.c.created_at <= end)
    values: dict[str, Expression] = {
        "won_at": _first(at, won), "bought_at": _first(at, deal.c.is_won, at < born), "deal_lost_at": _first(at, lost),
        "begun_at": _first(deal.c.created_at, begun), "price_at": _first(at, lost, said.in_(reasons.price)),
        "competitor_at": _first(at, lost, said.in_(reasons.competitor)),
        "reason_at": _first(at, lost, said.is_not(None)), **_value(deal, won)}
    same = sa.and_(staged.c.source == deal.c.source, staged.c.deal_id == deal.c.deal_id)
    key = (deal.c.head_source, deal.c.head_lead_id)
    return (sa.select(*key, *(value.label(name) for name, value in values.items())).join_from(deal, staged, same)
            .where(ctx.within(MART_NAME, deal.c.cohort_month), is_judged(ctx, deal.c.cohort_month)).group_by(*key))


def _first(moment: Expression, *conditions: Expression) -> Expression:
    return sa.func.min(sa.case((sa.and_(*conditions), moment)))


def _value(deal: Selectable, won: Expression) -> dict[str, Expression]:
    """What the wins brought; null when the amount or margin of one of them is not known."""
    found: dict[str, Expression] = {}
    for name, amount in (("revenue_reporting_amount", deal.c.deal_reporting_amount),
                         ("gross_margin_reporting_amount", deal.c.gross_margin_reporting_amount)):
        unknown = sa.func.count(sa.case((sa.and_(won, amount.is_(None)), 1)))
        found[name] = sa.case((unknown == 0, total(sa.case((won, amount)))))
    return found


def leak_lead(ctx: Context) -> sa.Select[Any]:
    """One row per lead of the scope, with all that the causes ask for; instants after the horizon are null."""
    lead, staged, day = ctx.current(LEAD_FACT).alias("fact"), ddl.table(LEAD), ddl.table(BUSINESS_DAY)
    touch, deal = leak_touch(ctx).subquery("touch"), leak_deal(ctx).subquery("sales")
    origin: Any = lead.join(staged, sa.and_(staged.c.source == lead.c.source, staged.c.lead_id == lead.c.lead_id))
    origin = origin.outerjoin(day, day.c.business_day == lead.c.created_day)
    for other in (touch, deal):  # first leads only have either; a condition on that makes DuckDB compare all with all
        origin = origin.outerjoin(other, sa.and_(other.c.head_source == lead.c.source,
                                                 other.c.head_lead_id == lead.c.lead_id))
    told = _told(ctx, lead, staged, touch)
    values: dict[str, Expression] = {
        **told, "due_at": due_at(ctx, staged, day), "lead_kind": lead_kind(ctx, staged), **_in_month(lead, touch),
        "lost_at": sa.func.least(told["lost_at"], deal.c.deal_lost_at, type_=sa.DateTime()),
        **{name: lead.c[name] for name in _AS_IS}, **{name: deal.c[name] for name in _SALES}}
    return (sa.select(*(value.label(name) for name, value in values.items())).select_from(origin)
            .where(ctx.within(MART_NAME, lead.c.cohort_month), is_judged(ctx, lead.c.cohort_month)))


def _told(ctx: Context, lead: Selectable, staged: Selectable, touch: Selectable) -> dict[str, Expression]:
    """Verdicts and touches within the horizon."""
    end = date_add_days(lead.c.created_at, horizon(ctx))
    return {**{name: sa.case((lead.c[name] <= end, lead.c[name])) for name in _STATES},
            "invalid_at": _invalid(lead, staged, touch, end), "first_touch_at": touch.c.first_touch_at,
            "last_touch_at": touch.c.last_touch_at,
            **{name: sa.func.coalesce(touch.c[name], 0) for name in ("attempt_count", "until_reached_count")}}


def _in_month(lead: Selectable, touch: Selectable) -> dict[str, Expression]:
    """Whether the source records owners, doings and touches at all, by what it has for any lead of the month."""
    group: Any = (lead.c.source, lead.c.cohort_month)
    recorded = sa.func.count(sa.case((lead.c.has_status, 1)))
    return {"has_owners": sa.func.count(lead.c.owner_id).over(partition_by=group) > 0,
            "has_records": recorded.over(partition_by=group) > 0,
            "has_touches": sa.func.count(touch.c.first_touch_at).over(partition_by=group) > 0}


def _invalid(lead: Selectable, staged: Selectable, touch: Selectable, end: Expression) -> Expression:
    """When the contact was found to be dead: by a verdict, or for who was never reached, by the data or a call.

    An appeal is the last word. Data that was given and cannot exist is dead; data that the source does not hand on is
    not known to be.
    """
    contacts = (staged.c.is_email_valid, staged.c.is_phone_valid)
    some = sa.or_(*(sa.func.coalesce(valid, sa.false()) for valid in contacts))
    bad = sa.or_(*(sa.func.coalesce(~valid, sa.false()) for valid in contacts))
    reached = sa.func.coalesce(lead.c.reached_at <= end, sa.false())
    unfound = sa.or_(reached, is_appealed(lead.c.appeals, "invalid_contact"))
    return sa.case((lead.c.invalid_contact_at <= end, lead.c.invalid_contact_at), (unfound, sa.null()),
                   (sa.and_(bad, ~some), lead.c.created_at), else_=touch.c.wrong_number_at)
