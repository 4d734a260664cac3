"""Which leads are one person: what two records share links them, unless it says too little.

Only aliases that several leads carry are looked at: they are few, and the leads without any are their own person.
The rules, from strong to weak; what is refused links nobody and keeps its row, with the reason:

- a merge in the CRM links always, and whoever was merged away brings his aliases along;
- an e-mail address and a phone number link, unless they are shared: a company's mailbox, a switchboard;
- the id of a submitted form or of a click links only who does not contradict: people forward links;
- a test lead is its own person, and links nobody by anything.

gbraid and wbraid link nobody: Google gives one of them to several clicks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.fields.identity import ALIAS_KINDS
from crosscheck.tables import Column, Field, Kind, Layer, Table
from warehouse import ddl
from warehouse.shims import Expression, among, binary_order
from warehouse.staging.base import Context, Selectable
from warehouse.staging.heads import merged_lead
from warehouse.staging.trials import trial_lead

if TYPE_CHECKING:
    import pyarrow as pa

#: Above these an alias is shared. People have a private and a business address, an old and a new number; a fourth
#: one is more often somebody else. The leads are not counted: who fills in ten forms alike is one person.
EMAILS_OF_A_PHONE = PHONES_OF_AN_EMAIL = 3
#: Columns of a lead that hold an alias, by kind. Merges stand in a table of their own.
_COLUMNS = {"email": "email_hash", "phone": "phone_hash", "vendor_lead_id": "vendor_lead_id", "gclid": "gclid",
            "fbclid": "fbclid", "ttclid": "ttclid"}
#: How the key begins that stands for an erased person. No source may have a colon in its name.
ERASED = "erased:"
#: What `components` makes; no table has these words.
COMPONENT = Table("component", Layer.STAGING, "One row per lead that shares an alias, by number.", ("lead_no",), (
    Column(Field("lead_no", Kind.COUNT, "A number for the lead, within one build."), required=True),
    Column(Field("component_no", Kind.COUNT, "A number for its person, within one build."), required=True)))
_FACTS = ("person_key", "created_at", "email_hash", "phone_hash")


def alias_link(ctx: Context) -> sa.Select[Any]:
    """One row per lead and alias that another lead carries too, or merge: how many carry it, why it links nobody."""
    parts = (*(_carriers(ctx, kind, column) for kind, column in _COLUMNS.items()), *_merges(ctx))
    carried = sa.union_all(*parts).cte("carried")
    key = (carried.c.alias_kind, carried.c.alias_key)
    size = (sa.select(*key, sa.func.count().label("alias_lead_count"),
                      sa.func.count(sa.distinct(carried.c.email_hash)).label("alias_email_count"),
                      sa.func.count(sa.distinct(carried.c.phone_hash)).label("alias_phone_count"))
            .group_by(*key).subquery("size"))
    same = sa.and_(size.c.alias_kind == key[0], size.c.alias_key == key[1])
    counts = [column for column in size.c if column.name not in ("alias_kind", "alias_key")]
    numbers = [sa.func.dense_rank().over(order_by=order).label(name) for name, order in (
        ("lead_no", (carried.c.source, carried.c.lead_id)), ("alias_node", key))]
    return sa.select(carried, *counts, _refused(size).label("refused_because"), *numbers).join_from(carried, size, same)


def _carriers(ctx: Context, kind: str, column: str) -> sa.Select[Any]:
    """Leads with an alias of one kind that another lead has as well."""
    lead, every = ddl.table(LEAD), ddl.table(LEAD).alias("every")
    again = (sa.select(every.c[column]).where(every.c[column].is_not(None), _is_known(ctx, every))
             .group_by(every.c[column]).having(sa.func.count() > 1))
    return sa.select(lead.c.source, lead.c.lead_id, _word(kind), lead.c[column].label("alias_key"),
                     *(lead.c[name] for name in _FACTS)).where(lead.c[column].in_(again), _is_known(ctx, lead))


def _is_known(ctx: Context, lead: Selectable) -> Expression:
    """Who was erased is recognised by nothing: his clicks could no longer contradict anybody's. Nor is a test."""
    return sa.and_(~lead.c.person_key.startswith(ERASED), _is_somebody(ctx, lead))


def _is_somebody(ctx: Context, lead: Selectable) -> Expression:
    trial = ctx.step(trial_lead)
    return ~among(lead, LEAD.key, sa.select(*(trial.c[name] for name in LEAD.key)))


def _merges(ctx: Context) -> list[sa.Select[Any]]:
    """Who was merged away, and who survived it, under the survivor's address."""
    gone = ctx.step(merged_lead)
    address = _address(gone.c.source, gone.c.root_id)
    return [_merged(sa.select(gone.c.source, gone.c.lead_id, address).subquery("away")),
            _merged(sa.select(gone.c.source, gone.c.root_id.label("lead_id"), address).distinct().subquery("stays"))]


def _merged(rows: Selectable) -> sa.Select[Any]:
    """One side of the merges, with what its record says, if it was ever read."""
    lead = ddl.table(LEAD)
    joined = rows.outerjoin(lead, sa.and_(lead.c.source == rows.c.source, lead.c.lead_id == rows.c.lead_id))
    return sa.select(rows.c.source, rows.c.lead_id, _word("crm_merge"), rows.c.address,
                     *(lead.c[name] for name in _FACTS)).select_from(joined)


def _word(kind: str) -> Expression:
    return sa.literal_column(f"'{kind}'", sa.Text()).label("alias_kind")


def _address(source: Expression, lead_id: Expression) -> Expression:
    return (source + sa.literal_column("'/'", sa.Text()) + lead_id).label("address")


def _refused(size: Selectable) -> Expression:
    """Why an alias links nobody; null where it links."""
    kind, emails, phones = size.c.alias_kind, size.c.alias_email_count, size.c.alias_phone_count
    shared = sa.or_(sa.and_(kind == "email", phones > PHONES_OF_AN_EMAIL),
                    sa.and_(kind == "phone", emails > EMAILS_OF_A_PHONE))
    told = sa.and_(kind.in_([one for one in ALIAS_KINDS if one not in ("crm_merge", "email", "phone")]),
                   sa.or_(emails > 1, phones > 1))
    return sa.case((shared, "shared"), (told, "conflict"), else_=sa.cast(sa.null(), sa.Text()))


def lead_person(ctx: Context) -> sa.Select[Any]:
    """One row per lead that is known by another key than its own record gives: that of its person's first record, or
    a test's own.

    A key that is a refused alias would name several people; the record's own address stands in for it.
    """
    link = ctx.step(alias_link)
    group = ctx.computed(components, _pairs, COMPONENT)
    shared = sa.and_(link.c.alias_key == link.c.person_key, link.c.refused_because.is_not(None))
    by = [link.c[name] for name in ("lead_no", *LEAD.key, "person_key", "created_at")]
    one = (sa.select(*by, sa.func.max(sa.case((shared, 1), else_=0)).label("is_shared"))
           .where(link.c.person_key.is_not(None)).group_by(*by).subquery("one"))
    own = sa.case((one.c.is_shared == 1, _address(one.c.source, one.c.lead_id)), else_=one.c.person_key)
    order = (one.c.created_at, binary_order(one.c.source), binary_order(one.c.lead_id))
    first = sa.func.first_value(own).over(partition_by=group.c.component_no, order_by=order).label("person_key")
    known = (sa.select(*(one.c[name] for name in LEAD.key), one.c.person_key.label("own_key"), first)
             .join_from(one, group, group.c.lead_no == one.c.lead_no).subquery("known"))
    trial = ctx.step(trial_lead)
    linked = (sa.select(*(known.c[name] for name in (*LEAD.key, "person_key")))
              .where(known.c.person_key != known.c.own_key, _is_somebody(ctx, known)))
    return sa.select(sa.union_all(linked, sa.select(*trial.c)).subquery("every"))


def _pairs(ctx: Context) -> sa.Select[Any]:
    """Leads and their aliases by number, and whether the alias links."""
    link = ctx.step(alias_link)
    return sa.select(link.c.lead_no, link.c.alias_node, link.c.refused_because.is_(None))


def components(rows: Sequence[Any]) -> pa.Table:
    """For every lead by number the component in which it lies: leads and aliases are nodes, what links is an edge."""
    import pyarrow as pa
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    lead, alias, links = (np.fromiter((row[place] for row in rows), dtype=np.int64) for place in range(3))
    used, leads = links == 1, lead.max(initial=0) + 1
    size = int(leads + alias.max(initial=0) + 1)
    edges = (lead[used], alias[used] + leads)
    _, label = connected_components(coo_array((np.ones(used.sum(), dtype=np.int8), edges), shape=(size, size)),
                                    directed=False)
    return pa.table({"lead_no": np.arange(leads), "component_no": label[:leads].astype(np.int64)})
