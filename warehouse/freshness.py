"""How old each source is against what was promised of it, and which are left out on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from crosscheck.settings import Settings
from crosscheck.windows import local_day
from warehouse import ops, pauses
from warehouse.engine import Warehouse


@dataclass(frozen=True)
class Freshness:
    """One configured source. `complete_to` is the day up to which every stream of it is there; `age_days` is against
    yesterday; `state` is fresh, stale, paused or never read.
    """

    source: str
    complete_to: date | None
    age_days: int | None
    last_read_at: datetime | None
    age_hours: int | None
    promise_hours: int
    state: str
    paused_until: date | None = None
    reason: str = ""


def look(wh: Warehouse, settings: Settings, now: datetime) -> list[Freshness]:
    """Every configured source, in the order of the configuration."""
    s = ops.stream_state.c
    query = sa.select(s.source, sa.func.min(s.covered_to_day).label("day"), sa.func.min(s.fresh_at).label("at"))
    with wh.engine.connect() as conn:
        known = {row.source: (row.day, row.at.replace(tzinfo=UTC)) for row in conn.execute(query.group_by(s.source))}
    held, yesterday = pauses.active(wh, now, settings.project.time_zone), _yesterday(now, settings)
    return [_one(source.name, source.max_age_hours, known.get(source.name), held.get(source.name), yesterday, now)
            for source in settings.sources]


def _yesterday(now: datetime, settings: Settings) -> date:
    return local_day(now, settings.project.time_zone) - timedelta(days=1)


def _one(source: str, promise: int, known: tuple[date, datetime] | None, held: pauses.Pause | None, yesterday: date,
         now: datetime) -> Freshness:
    until, reason = (held.until_day, held.reason) if held else (None, "")
    if known is None:
        return Freshness(source, None, None, None, None, promise, "paused" if held else "never read", until, reason)
    day, at = known
    hours = int((now - at) / timedelta(hours=1))
    state = "paused" if held else "stale" if now - at > timedelta(hours=promise) else "fresh"
    return Freshness(source, day, (yesterday - day).days, at, hours, promise, state, until, reason)
