"""What is known of how each person came: first instants by kind, over all records of the person."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import ACTIVITY, LEAD
from warehouse import ddl
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression
from warehouse.staging.base import Context, Part, Selectable, stack
from warehouse.staging.heads import merged_lead
from warehouse.staging.records import LEAD_STATE_RULE
from warehouse.staging.states import is_touch

#: The mart whose partitions are asked for.
MART_NAME = "lead_origin"
#: What makes a record tracked, the strongest first, with the columns of which one must be filled.
MARKS = {"platform_form": ("vendor_lead_id",), "click_id": ("gclid", "gbraid", "wbraid", "fbclid", "ttclid"),
         "utm": ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"), "form": ("form_id",)}
_WORDS = {"recorded": "recorded_source", "declared": "self_declared_origin"}
_FIRSTS = ("first_record_at", *(f"{mark}_at" for mark in MARKS),
           *(f"{word}_{side}_at" for word in _WORDS for side in ("marketing", "sales")), "touched_at",
           "deal_created_at")
_PERSON = ("head_source", "head_lead_id")


def origin_record(ctx: Context) -> sa.Select[Any]:
    """One row per lead id of the persons whose head lead was created in the scope, merged away or not."""
    fact, gone = ctx.current(LEAD_FACT), ctx.step(merged_lead)
    head, member = fact.alias("head"), fact.alias("member")
    same = sa.and_(head.c.source == member.c.head_source, head.c.lead_id == member.c.head_lead_id)
    person = (head.c.source.label("head_source"), head.c.lead_id.label("head_lead_id"), head.c.created_at,
              head.c.created_day, head.c.cohort_month)
    wanted = sa.and_(head.c.is_unique, ctx.within(MART_NAME, head.c.created_day))
    own = sa.select(member.c.source, member.c.lead_id, *person).select_from(member.join(head, same)).where(wanted)
    into = sa.and_(gone.c.source == member.c.source, gone.c.root_id == member.c.lead_id)
    merged = (sa.select(gone.c.source, gone.c.lead_id, *person)
              .select_from(member.join(head, same).join(gone, into)).where(wanted))
    return sa.select(sa.union_all(own, merged).subquery("records"))


def origin_event(ctx: Context) -> sa.Select[Any]:
    """One row per person of the scope: the first instant of every kind of evidence about the origin."""
    types = {**dict.fromkeys(_PERSON, sa.Text()), **dict.fromkeys(_FIRSTS, sa.DateTime())}
    event = stack(_records(ctx), _touches(ctx), _deals(ctx), types=types)
    key = [event.c[name] for name in _PERSON]
    every = (sa.select(*key, *(sa.func.min(event.c[name]).label(name) for name in _FIRSTS)).group_by(*key)
             .subquery("every"))
    head = ctx.step(origin_record)
    own = sa.and_(head.c.source == every.c.head_source, head.c.lead_id == every.c.head_lead_id)
    shown = [head.c[name] for name in ("source", "lead_id", "created_at", "created_day", "cohort_month")]
    return sa.select(*shown, *(every.c[name] for name in _FIRSTS)).select_from(head.join(every, own))


def _records(ctx: Context) -> Part:
    """What each record says and bears. A linked campaign credits marketing where the word of origin credits nobody."""
    lead, record = ddl.table(LEAD), ctx.step(origin_record)
    origin: Any = lead.join(record, sa.and_(record.c.source == lead.c.source, record.c.lead_id == lead.c.lead_id))
    values: dict[str, Expression] = {name: record.c[name] for name in _PERSON}
    values["first_record_at"] = lead.c.created_at
    for mark, names in MARKS.items():
        values[f"{mark}_at"] = sa.case((sa.or_(*(lead.c[name].is_not(None) for name in names)), lead.c.created_at))
    for word, column in _WORDS.items():
        rule = ddl.table(LEAD_STATE_RULE).alias(word)
        origin = origin.outerjoin(rule, sa.and_(
            rule.c.source == lead.c.source, rule.c.status_field == column, rule.c.status == lead.c[column]))
        for side in ("marketing", "sales"):
            values[f"{word}_{side}_at"] = sa.case((_credits(lead, rule, word, side), lead.c.created_at))
    return origin, values, sa.true()


def _credits(lead: Selectable, rule: Selectable, word: str, side: str) -> Expression:
    linked = sa.and_(rule.c.state.is_(None), lead.c.crm_campaign.is_not(None))
    said: Expression = rule.c.state == side
    return sa.or_(said, linked) if (word, side) == ("recorded", "marketing") else said


def _touches(ctx: Context) -> Part:
    act, record = ddl.table(ACTIVITY), ctx.step(origin_record)
    origin = act.join(record, sa.and_(record.c.source == act.c.source, record.c.lead_id == act.c.lead_id))
    return origin, {**{name: record.c[name] for name in _PERSON}, "touched_at": act.c.occurred_at}, is_touch(act)


def _deals(ctx: Context) -> Part:
    deal, head = ctx.current(DEAL_FACT).alias("deal"), ctx.step(origin_record)
    origin = deal.join(head, sa.and_(head.c.source == deal.c.head_source, head.c.lead_id == deal.c.head_lead_id))
    values: dict[str, Expression] = {name: deal.c[name] for name in _PERSON}
    return origin, values | {"deal_created_at": deal.c.created_at}, sa.true()
