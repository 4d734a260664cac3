"""The causes by which leads leak, in the order in which they are tried: the first that holds is the lead's only one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from warehouse.shims import Expression, date_add_days
from warehouse.staging.appeals import is_appealed
from warehouse.staging.base import Context, Selectable
from warehouse.staging.portrait import support

Condition = Callable[[Context, Selectable], Expression]


@dataclass(frozen=True)
class Cause:
    """One cause: who can close it, when it holds, what it rests on, and the rule file that said so."""

    name: str
    owner: str
    holds: Condition
    evidence: str = ""
    rule: str = ""


def _has(*names: str) -> Condition:
    return lambda _, row: sa.and_(*(row.c[name].is_not(None) for name in names))


def is_silent(row: Selectable) -> Expression:
    """Nothing says that anybody tried."""
    return sa.and_(row.c.attempted_at.is_(None), row.c.first_touch_at.is_(None), row.c.reached_at.is_(None))


def _unassigned(_: Context, row: Selectable) -> Expression:
    """Nobody's, where the CRM names owners at all; whoever was called was somebody's."""
    return sa.and_(row.c.owner_id.is_(None), row.c.has_owners, is_silent(row))


def _unwritten(_: Context, row: Selectable) -> Expression:
    """Tried and not reached, where the source writes down nobody's touches: how often cannot be known."""
    return sa.and_(row.c.reached_at.is_(None), ~row.c.has_touches)


def _late(_: Context, row: Selectable) -> Expression:
    """The first touch has an hour to trust, and nothing says that there was one in time."""
    early = (sa.func.coalesce(row.c[name] <= row.c.due_at, sa.false()) for name in ("attempted_at", "reached_at"))
    return sa.and_(row.c.first_touch_at > row.c.due_at, *(~each for each in early))


def had_fair_effort(ctx: Context, row: Selectable) -> Expression:
    """As many attempts as agreed, over as many days."""
    sla = ctx.rules.sla
    days = sa.literal_column(str(sla.fair_days), sa.BigInteger())
    fair = sa.and_(row.c.attempt_count >= sla.fair_attempts,
                   row.c.last_touch_at >= date_add_days(row.c.first_touch_at, days))
    return sa.func.coalesce(fair, sa.false())


def _given_up(ctx: Context, row: Selectable) -> Expression:
    """Never reached, after less than a fair effort."""
    return sa.and_(row.c.reached_at.is_(None), ~had_fair_effort(ctx, row))


def _supported(_: Context, row: Selectable) -> Expression:
    """Called a wrong target, and the answers to the portrait bear it out, or both departments agreed in an appeal."""
    borne_out = support(sa.true(), row.c.portrait_verdict) == "supported"
    agreed = is_appealed(row.c.appeals, "wrong_target")
    return sa.and_(row.c.wrong_target_at.is_not(None), sa.or_(borne_out, agreed))


def is_idle(_: Context, row: Selectable) -> Expression:
    """Spoken to, and nothing since: no touch, no verdict, no deal, no refusal."""
    nothing = (row.c[name].is_(None) for name in ("hot_at", "potential_at", "lost_at", "begun_at"))
    later = sa.func.coalesce(row.c.last_touch_at > row.c.reached_at, sa.false())
    return sa.and_(row.c.reached_at.is_not(None), ~later, *nothing)


#: What are leads by name only, and count nowhere else.
SET_ASIDE = ("test_lead", "duplicate")
#: `won` stands before the leaks: whoever bought is none, whatever went wrong on the way.
CAUSES = (
    Cause("test_lead", "nobody", lambda _, row: row.c.is_test, rule="test_leads"),
    Cause("duplicate", "nobody", lambda _, row: ~row.c.is_unique),
    Cause("won", "nobody", _has("won_at"), "won_at"),
    Cause("invalid_contact", "marketing", _has("invalid_at"), "invalid_at", "lead_states"),
    Cause("existing_customer", "marketing", _has("bought_at"), "bought_at"),
    Cause("nothing_recorded", "both", lambda _, row: ~row.c.has_records),
    Cause("never_assigned", "routing", _unassigned),
    Cause("never_attempted", "sales", lambda _, row: is_silent(row), rule="lead_states"),
    Cause("effort_not_recorded", "both", _unwritten),
    Cause("attempted_late", "sales", _late, "first_touch_at", "sla"),
    Cause("given_up_early", "sales", _given_up, "last_touch_at", "sla"),
    Cause("unreachable", "nobody", lambda _, row: row.c.reached_at.is_(None), "last_touch_at", "sla"),
    Cause("wrong_target", "marketing", _supported, "wrong_target_at", "portrait"),
    Cause("wrong_target_unsupported", "both", _has("wrong_target_at"), "wrong_target_at", "lead_states"),
    Cause("reached_no_follow_up", "sales", is_idle, "reached_at", "lead_states"),
    Cause("lost_price", "both", _has("lost_at", "price_at"), "price_at", "lost_reasons"),
    Cause("lost_competitor", "both", _has("lost_at", "competitor_at"), "competitor_at", "lost_reasons"),
    Cause("lost_other", "both", _has("lost_at", "reason_at"), "reason_at", "lost_reasons"),
    Cause("lost_no_reason", "sales", _has("lost_at"), "lost_at", "lead_states"),
    Cause("still_open", "nobody", lambda _, __: sa.true()),
)


def first_cause(ctx: Context, row: Selectable) -> Expression:
    """The name of the first cause that holds of a row."""
    *tried, last = CAUSES
    return sa.case(*((cause.holds(ctx, row), sa.literal(cause.name)) for cause in tried), else_=sa.literal(last.name))


def of_cause(name: Expression, values: dict[str, Expression]) -> Expression:
    """What belongs to a cause, by its name; null for causes that have nothing of the kind."""
    return sa.case(*((name == cause, value) for cause, value in values.items()))
