"""Appeals that count: both departments signed, neither took its signature back, and no newer one rules on the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from crosscheck.fields.appeals import APPEALABLE
from crosscheck.rules import SIGNATORIES
from warehouse import ops
from warehouse.shims import Expression, binary_order
from warehouse.staging.base import Context, Selectable
from warehouse.staging.heads import lead_head

HEAD = ("head_source", "head_lead_id")


def is_appealed(appeals: Expression, state: str) -> Expression:
    """Whether the column `appeals` of a lead names a state."""
    return sa.func.coalesce(appeals.contains(f"{state}="), sa.false())


def filed_appeal(_: Context) -> sa.Select[Any]:
    """One row per appeal, with who signed it, since when both have, and who took the signature back."""
    appeal, act = ops.appeal, ops.appeal_act
    signed = {side: sa.and_(act.c.act == "signed", act.c.side == side) for side in SIGNATORIES}
    back = act.c.act == "withdrawn"
    both = sa.func.count(sa.case((act.c.act == "signed", 1))) == len(SIGNATORIES)
    key = tuple(appeal.c)
    return sa.select(
        *key, *(sa.func.max(sa.case((mine, act.c.who))).label(f"signed_by_{side}") for side, mine in signed.items()),
        sa.case((both, sa.func.max(sa.case((act.c.act == "signed", act.c.acted_at))))).label("binding_at"),
        sa.func.max(sa.case((back, act.c.side))).label("withdrawn_by"),
        sa.func.max(sa.case((back, act.c.acted_at))).label("withdrawn_at"),
    ).join(act, act.c.appeal_id == appeal.c.appeal_id).group_by(*key)


def is_agreed(appeal: Selectable) -> Expression:
    """Both signed, and still stand by it."""
    return sa.and_(appeal.c.binding_at.is_not(None), appeal.c.withdrawn_at.is_(None))


def place(appeal: Selectable, person: Sequence[Expression]) -> Expression:
    """1 for the appeal that counts among the agreed ones about a person and state: the one that was signed last."""
    return sa.func.row_number().over(
        partition_by=(*person, appeal.c.state, is_agreed(appeal)),
        order_by=(appeal.c.binding_at.desc(), binary_order(appeal.c.appeal_id).desc()))


def head_appeal(ctx: Context) -> sa.Select[Any]:
    """One row per head lead judged with an appeal that counts: by state its id and instant, and all ids as a text."""
    appeal, head = ctx.step(filed_appeal), ctx.step(lead_head)
    whose = sa.and_(head.c.source == appeal.c.source, head.c.lead_id == appeal.c.lead_id)
    person = [head.c[name] for name in HEAD]
    agreed = (sa.select(appeal, *person, place(appeal, person).label("place"))
              .join_from(appeal, head, whose).where(is_agreed(appeal)).subquery("agreed"))
    key = [agreed.c[name] for name in HEAD]
    pivot = [sa.func.max(sa.case((agreed.c.state == state, agreed.c[name]))).label(f"{state}_{ending}")
             for state in APPEALABLE for name, ending in (("appeal_id", "appeal"), ("since_at", "at"))]
    each = sa.select(*key, *pivot).where(agreed.c.place == 1).group_by(*key).subquery("each")
    text: Expression = sa.literal("", sa.Text())
    for state in APPEALABLE:
        text = text + sa.func.coalesce(f"{state}=" + each.c[f"{state}_appeal"] + " ", "")
    return sa.select(each, sa.func.rtrim(text, type_=sa.Text()).label("appeals"))
