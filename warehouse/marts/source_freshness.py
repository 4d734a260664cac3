"""How old what you read is, by source and stream."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ops
from warehouse.engine import naive_utc
from warehouse.marts.base import Check, Mart, arrange
from warehouse.shims import Expression, date_add_days, seconds_between
from warehouse.staging.base import Context

#: Hours allowed to a source that is no longer configured.
_DEFAULT_HOURS = 36
_SECONDS_PER_DAY = 86_400

RECORD = Table(
    "source_freshness", Layer.MART, "One row per source, account and stream that was ever asked for.",
    ("source", "account_id", "stream"),
    columns("source account_id stream is_stale", "complete_to_day last_success_at lag_days last_error "
            "paused_until_day pause_reason paused_by"),
    "`complete_to_day` and `lag_days` in the account's own days against yesterday of the business zone. "
    "A stream that never succeeded has no day and is stale.",
)

PROSE = """\
Read this before quarrelling about a low number: a campaign without leads since Tuesday may be a CRM that has not been
read since Tuesday. A stale source does not stop the others; its last good rows stay published. A paused one is left out
on purpose, for a reason and until a day that stand here; its numbers are no younger for it."""

CHECKS = (Check("never read is stale", "last_success_at IS NOT NULL OR is_stale"),)


def select(ctx: Context) -> sa.Select[Any]:
    """Every stream of the ledger with its newest success and what went wrong since."""
    asked, state = _asked(), ops.stream_state
    failed, held = _newest_refusal(), _pauses(ctx)
    origin = asked.outerjoin(state, state.c.stream_key == asked.c.stream_key).outerjoin(
        failed, failed.c.stream_key == asked.c.stream_key).outerjoin(held, held.c.source == asked.c.source)
    since = sa.or_(state.c.fresh_at.is_(None), failed.c.changed_at >= state.c.fresh_at)
    known: dict[str, Any] = {
        **{name: asked.c[name] for name in ("source", "account_id", "stream")},
        "complete_to_day": state.c.covered_to_day, "last_success_at": state.c.fresh_at,
        "lag_days": _lag(ctx, state.c.covered_to_day), "last_error": sa.case((since, failed.c.error)),
        "is_stale": sa.func.coalesce(_too_old(ctx, state), sa.true()), "paused_until_day": held.c.until_day,
        "pause_reason": held.c.reason, "paused_by": held.c.by_whom,
    }
    return sa.select(*arrange(RECORD, known)).select_from(origin)


def _asked() -> sa.Subquery:
    names = ("stream_key", "source", "account_id", "stream")
    both = (sa.select(*(table.c[name] for name in names)) for table in (ops.stream_state, ops.slice_))
    return sa.union(*both).subquery("asked")


def _newest_refusal() -> sa.Subquery:
    row = ops.slice_
    place = sa.func.row_number().over(partition_by=row.c.stream_key, order_by=(row.c.changed_at.desc(), row.c.slice_id))
    ranked = sa.select(row.c.stream_key, row.c.changed_at, row.c.error, place.label("place")).where(
        row.c.status == "refused").subquery("ranked")
    return sa.select(ranked).where(ranked.c.place == 1).subquery("failed")


def _pauses(ctx: Context) -> sa.Subquery:
    """By source, the pause that holds: the newest one, unless it is over or was ended; as `pauses.active` reads it."""
    p, now = ops.source_pause.c, sa.literal(naive_utc(ctx.as_of))
    place = sa.func.row_number().over(partition_by=p.source, order_by=p.paused_at.desc())
    known = sa.select(ops.source_pause, place.label("place")).where(p.paused_at <= now).subquery("known")
    return sa.select(known).where(
        known.c.place == 1, known.c.until_day >= ctx.business_day,
        sa.or_(known.c.resumed_at.is_(None), known.c.resumed_at > now)).subquery("held")


def _lag(ctx: Context, complete: Expression) -> Expression:
    today = sa.cast(sa.literal(ctx.business_day), sa.DateTime())
    days = sa.func.floor(seconds_between(sa.cast(complete, sa.DateTime()), today) / _SECONDS_PER_DAY)
    return sa.cast(days, sa.BigInteger()) - 1


def _too_old(ctx: Context, state: Any) -> Expression:
    hours = dict(ctx.sources)
    allowed: Any = sa.literal(_DEFAULT_HOURS)
    if hours:
        allowed = sa.case(hours, value=state.c.source, else_=_DEFAULT_HOURS)
    days = sa.cast(allowed, sa.Double()) / 24
    return date_add_days(state.c.fresh_at, days) < sa.literal(naive_utc(ctx.as_of))


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=lambda _: {})
