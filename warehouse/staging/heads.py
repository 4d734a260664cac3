"""Who a lead is: merges followed, then the person's first lead. What makes leads one person: `persons`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD, LEAD_MERGE
from warehouse import ddl
from warehouse.shims import Expression, binary_order
from warehouse.staging.base import Context, Selectable
from warehouse.staging.records import LEAD_PERSON

#: Merges of merges: nobody merges a contact deeper than this by hand, and a ring must end somewhere.
_DEPTH = 50


def merge_chain(_: Context) -> sa.Select[Any]:
    """One row per lead that was merged away and lead that it went into, directly or by further merges."""
    merge = ddl.table(LEAD_MERGE)
    chain = sa.select(merge.c.source, merge.c.lead_id, merge.c.merged_into_id.label("root_id"),
                      sa.literal_column("1", sa.Integer()).label("depth")).cte("chain", recursive=True)
    chain = chain.union_all(
        sa.select(chain.c.source, chain.c.lead_id, merge.c.merged_into_id, chain.c.depth + 1)
        .join(merge, sa.and_(merge.c.source == chain.c.source, merge.c.lead_id == chain.c.root_id))
        .where(chain.c.depth < _DEPTH))
    return sa.select(chain.c.source, chain.c.lead_id, chain.c.root_id)


def merged_lead(ctx: Context) -> sa.Select[Any]:
    """One row per lead that was merged away, with the lead that survived the whole chain."""
    chain, further = ctx.step(merge_chain), ddl.table(LEAD_MERGE).alias("further")
    ended = ~sa.exists().where(further.c.source == chain.c.source, further.c.lead_id == chain.c.root_id)
    return sa.select(chain.c.source, chain.c.lead_id, chain.c.root_id).where(ended)


def live_lead(ctx: Context) -> sa.Select[Any]:
    """One row per lead of the persons judged that was not merged away, with its person."""
    lead, known, gone = ddl.table(LEAD), ddl.table(LEAD_PERSON), ctx.step(merged_lead)
    person = person_of(lead, known)
    judged = sa.true() if ctx.persons is None else person.in_(sa.select(ctx.persons.c.person_key))
    return (sa.select(lead.c.source, lead.c.lead_id, person.label("person_key"), lead.c.created_at, lead.c.created_day)
            .select_from(with_person(lead, lead, known).outerjoin(gone, _same(gone, lead)))
            .where(gone.c.lead_id.is_(None), judged))


def with_person(origin: Selectable, lead: Selectable, known: Selectable) -> sa.Join:
    """`origin` (a join that contains `lead`) joined to who is known by another record's key."""
    return origin.outerjoin(known, _same(known, lead))


def person_of(lead: Selectable, known: Selectable) -> Expression:
    """The key of a lead's person: another record's, else its own."""
    return sa.func.coalesce(known.c.person_key, lead.c.person_key)


def _same(one: Selectable, other: Selectable) -> Expression:
    return sa.and_(one.c.source == other.c.source, one.c.lead_id == other.c.lead_id)


def person_head(ctx: Context) -> sa.Select[Any]:
    """One row per person judged with more than one live lead: the first of them. Ties go by source, then id."""
    live = live_lead(ctx).subquery("live")
    again = live_lead(ctx).subquery("again")
    several = (sa.select(again.c.person_key).group_by(again.c.person_key).having(sa.func.count() > 1))
    order = (live.c.created_at, binary_order(live.c.source), binary_order(live.c.lead_id))
    ranked = (sa.select(live, sa.func.row_number().over(partition_by=live.c.person_key, order_by=order).label("place"))
              .where(live.c.person_key.in_(several)).subquery("ranked"))
    return sa.select(ranked.c.person_key, ranked.c.source, ranked.c.lead_id, ranked.c.created_at,
                     ranked.c.created_day).where(ranked.c.place == 1)


def lead_head(ctx: Context) -> sa.Select[Any]:
    """One row per lead id of the persons judged, merged away or not, with the head lead to which it belongs."""
    live, head, gone = live_lead(ctx).subquery("live"), ctx.step(person_head), ctx.step(merged_lead)
    resolved = sa.select(
        live.c.source, live.c.lead_id, live.c.person_key, live.c.created_day,
        sa.func.coalesce(head.c.source, live.c.source).label("head_source"),
        sa.func.coalesce(head.c.lead_id, live.c.lead_id).label("head_lead_id"),
        sa.func.coalesce(head.c.created_at, live.c.created_at).label("head_created_at"),
        sa.func.coalesce(head.c.created_day, live.c.created_day).label("head_created_day"),
    ).select_from(live.outerjoin(head, head.c.person_key == live.c.person_key)).cte("resolved")
    shared = [resolved.c[name] for name in ("person_key", "created_day", "head_source", "head_lead_id",
                                            "head_created_at", "head_created_day")]
    alias = (sa.select(gone.c.source, gone.c.lead_id, *shared, sa.false().label("is_live"))
             .join(resolved, sa.and_(resolved.c.source == gone.c.source, resolved.c.lead_id == gone.c.root_id)))
    everyone = sa.union_all(
        sa.select(resolved.c.source, resolved.c.lead_id, *shared, sa.true().label("is_live")), alias,
    ).subquery("everyone")
    return sa.select(everyone)
