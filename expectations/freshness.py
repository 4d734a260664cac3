"""Whether the newest days are there: in what was read tonight, and in what staging holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from connectors.base import Slice, StreamKind
from crosscheck.settings import Source
from crosscheck.tables import Table
from expectations.rules import Fact, Severity
from expectations.volume import tonight
from warehouse import ddl, ops
from warehouse.engine import naive_utc
from warehouse.shims import day_plus

#: A weekend without delivery is no fault; the third missing day is.
_DAYS_LATE = 3


def incoming(record: Table, jobs: Sequence[Slice]) -> list[Fact]:
    """A stream that delivered to its last day before does so tonight; and none falls days behind what is held."""
    dated = [job for job in jobs if job.stream.kind is StreamKind.WINDOW
             and job.stream.primary.table.name == record.name]
    if not dated or "day" not in record.by_name:
        return []
    slices, new, old = tonight(dated), ddl.table(record, "incoming"), ddl.table(record)
    newest = sa.select(new.c.slice_id, sa.func.max(new.c.day).label("newest_day")).group_by(new.c.slice_id).subquery()
    held = (sa.select(slices.c.slice_id, sa.func.max(old.c.day).label("held_to"))
            .select_from(slices.join(old, sa.and_(old.c.stream_key == slices.c.stream_key,
                                                  old.c.day <= slices.c.last_day)))
            .group_by(slices.c.slice_id).subquery())
    both = (slices.join(newest, newest.c.slice_id == slices.c.slice_id)
            .join(held, held.c.slice_id == slices.c.slice_id))
    query = sa.select(slices.c.stream_key, slices.c.last_day, newest.c.newest_day, held.c.held_to).select_from(both)
    evaluated = sa.select(sa.func.count()).select_from(both)
    behind = sa.and_(newest.c.newest_day < slices.c.last_day, held.c.held_to >= slices.c.covered_to_day)
    vanished = day_plus(newest.c.newest_day, _DAYS_LATE) <= held.c.held_to
    return [
        Fact(record.name, "the newest day has arrived", Severity.WARN, query.where(behind), evaluated,
             "the last day of the window has no row, the night before it had"),
        Fact(record.name, "the last days did not vanish", Severity.FAIL, query.where(vanished), evaluated,
             f"{_DAYS_LATE} or more days that staging holds have no row tonight"),
    ]


def staging(sources: Sequence[Source], as_of: datetime) -> list[Fact]:
    """Every stream of a configured source is younger than the source may be old."""
    if not sources:
        return []
    state, now = ops.stream_state, naive_utc(as_of)
    late = sa.or_(*(sa.and_(state.c.source == source.name,
                            state.c.fresh_at < now - timedelta(hours=source.max_age_hours)) for source in sources))
    query = sa.select(state.c.stream_key, state.c.fresh_at, state.c.covered_to_day).where(late)
    return [Fact("stream_state", "sources are fresh", Severity.WARN, query,
                 sa.select(sa.func.count()).select_from(state), "older than the source's max_age_hours")]
