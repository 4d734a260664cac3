"""Calls, each once, whoever it concerned: what the tables about telephone work count."""

from __future__ import annotations

import sqlalchemy as sa

from crosscheck.canonical import ACTIVITY
from warehouse import ddl
from warehouse.shims import Expression
from warehouse.staging.base import NO_PLATFORM, Selectable
from warehouse.staging.states import CONVERSATION_SECONDS

_TOLD = ("occurred_at", "occurred_day", "direction", "outcome", "duration_seconds")


def calls(condition: Expression) -> Selectable:
    """One row per call that meets a condition on `activity`; several leads may share it."""
    act = ddl.table(ACTIVITY)
    each = (sa.func.min(act.c[name]).label(name) for name in _TOLD)
    owner = sa.func.coalesce(sa.func.min(act.c.actor_id), NO_PLATFORM).label("owner_id")
    recording = sa.func.bool_or(act.c.has_recording, type_=sa.Boolean()).label("has_recording")
    return (sa.select(act.c.source, act.c.activity_id, owner, *each, recording)
            .where(is_call(act), condition)
            .group_by(act.c.source, act.c.activity_id).subquery("call"))


def is_call(act: Selectable) -> Expression:
    """Whether an activity is a call by a person, on a known day."""
    return sa.and_(act.c.activity_kind == "call", ~act.c.is_automatic, act.c.occurred_day.is_not(None))


def caller(act: Selectable) -> Expression:
    """Who made a call, as a key."""
    return sa.func.coalesce(act.c.actor_id, NO_PLATFORM)


def is_short(call: Selectable) -> Expression:
    """Whether an answered call is known to be too short to have spoken to anybody."""
    return sa.func.coalesce(call.c.duration_seconds < CONVERSATION_SECONDS, sa.false())
