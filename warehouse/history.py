"""What earlier runs left in the ledger, for people and for resuming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.landing import address
from crosscheck.windows import Window
from warehouse import ops
from warehouse.engine import Warehouse, naive_utc

#: An unfinished night older than this is history: the next one begins anew and covers its days.
RESUMED_WITHIN = timedelta(hours=20)
#: A window to read, and the cursor to read it from.
Piece = tuple[Window, datetime | None]


def unfinished(wh: Warehouse, kind: str, now: datetime) -> datetime | None:
    """The clock of the newest run of a kind, if it began lately and did not end: the run that a repeat resumes."""
    run = ops.run.c
    with wh.engine.connect() as conn:
        newest = conn.execute(sa.select(run.as_of, run.finished_at).where(run.kind == kind)
                              .order_by(run.as_of.desc(), run.run_id.desc()).limit(1)).first()
    if newest is None or newest.finished_at is not None or newest.as_of < naive_utc(now - RESUMED_WITHIN):
        return None
    as_of: datetime = newest.as_of
    return as_of.replace(tzinfo=UTC)


def planned(wh: Warehouse, run_id: str) -> dict[str, tuple[Piece, ...]]:
    """What earlier attempts of a run planned of each stream: the windows in order, and where its cursor stood."""
    c = ops.slice_.c
    query = sa.select(c.stream_key, c.first_day, c.last_day, c.since).where(c.run_id == run_id)
    found: dict[str, list[Piece]] = {}
    with wh.engine.connect() as conn:
        for key, first, last, since in conn.execute(query.order_by(c.stream_key, c.first_day)):
            found.setdefault(key, []).append((Window(first, last), since and since.replace(tzinfo=UTC)))
    return {key: tuple(pieces) for key, pieces in found.items()}


def published_kinds(wh: Warehouse) -> set[str]:
    """The kinds of run that were published at least once: which chunks of a backfill are done."""
    run = ops.run.c
    with wh.engine.connect() as conn:
        return set(conn.scalars(sa.select(run.kind).where(run.status == "published", run.finished_at.is_not(None))))


@dataclass(frozen=True)
class Newest:
    """What the newest staged slice of a stream was: the measure of what the next one will be."""

    window: Window
    received: int
    folder: str
    is_whole: bool  # read without a cursor: no measure of what changes


def newest(wh: Warehouse) -> dict[str, Newest]:
    """By stream, its newest staged slice and its folder in landing."""
    s, state = ops.slice_.c, ops.stream_state
    query = sa.select(ops.slice_).join(state, state.c.slice_id == s.slice_id)
    with wh.engine.connect() as conn:
        rows = conn.execute(query).all()
    return {row.stream_key: _newest(row) for row in rows}


def _newest(row: sa.Row[Any]) -> Newest:
    window = Window(row.first_day, row.last_day)
    return Newest(window, int(row.received_rows or 0),
                  address(row.source, row.account_id, row.stream, window, row.slice_id), row.since is None)


def complete_to(wh: Warehouse) -> dict[str, date]:
    """By source, the last day up to which every stream that was ever staged is there."""
    state = ops.stream_state.c
    query = sa.select(state.source, sa.func.min(state.covered_to_day).label("day")).group_by(state.source)
    with wh.engine.connect() as conn:
        return {row.source: row.day for row in conn.execute(query)}


def failed_checks(wh: Warehouse, run_id: str) -> Sequence[sa.Row[Any]]:
    """The checks of a run that did not hold, by gate."""
    check = ops.check_result
    with wh.engine.connect() as conn:
        return conn.execute(sa.select(check).where(check.c.run_id == run_id, sa.not_(check.c.success))
                            .order_by(check.c.gate, check.c.severity, check.c.table_name)).all()
