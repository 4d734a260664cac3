"""Staging: landed rows become canonical ones, in one transaction with the ledger, the state and what changed.

The order inside: what the rows replace is compared and logged, old days are marked dirty, old rows go, new rows
come, new days are marked, what a list of keys lacks is archived, then ledger and state. A crash anywhere leaves all
of it or nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.base import LoadMode, Slice, StreamKind
from connectors.landing import Manifest
from crosscheck.errors import DataError
from crosscheck.faultpoints import Faultpoint, faultpoint
from warehouse import dirty, ops
from warehouse.dedupe import dedupe
from warehouse.diff import Covered, Difference
from warehouse.engine import Warehouse, naive_utc
from warehouse.incoming import writable
from warehouse.ledger import Run, change_slices, definition, slices
from warehouse.load import analyse
from warehouse.replace import Replacement
from warehouse.suppress import suppress
from warehouse.sweep import sweep

Batch = Sequence[tuple[Slice, Manifest]]
Refused = Mapping[tuple[str, str], int]
_NOT_MEASURED = ("account", "contact", "lead_key", "deal_key")  # no mart counts them: neither compared nor marked


@dataclass(frozen=True)
class StageCounts:
    """One slice's rows: received = staged + quarantined + deduplicated, of the primary table; `tables` has all."""

    slice_id: str
    received: int
    staged: int
    quarantined: int
    deduplicated: int
    tables: dict[str, int] = field(default_factory=dict)


@dataclass
class _Part:
    """One output table and its slices, with the rows per slice that it lost to deduplication and that it has."""

    replacement: Replacement
    lost: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    difference: Difference | None = None

    @property
    def name(self) -> str:
        return self.replacement.record.name

    @property
    def is_primary(self) -> bool:
        return self.replacement.record == self.replacement.primary


def stage_slice(wh: Warehouse, run: Run, job: Slice, manifest: Manifest) -> StageCounts:
    """Stage one loaded slice in one transaction; see `stage_slices`."""
    return stage_slices(wh, run, [(job, manifest)])[0]


def stage_slices(wh: Warehouse, run: Run, batch: Batch) -> list[StageCounts]:
    """Stage loaded slices in one transaction, rows and everything that tells about them; counts by stream and window.

    What an earlier attempt of the run has staged is not staged again, only counted. Rows that gate 1 moved from
    `incoming` to `ops.quarantine` are counted too. Raises DataError when rows were lost between landing and here, or
    when another stream owns a key; LockHeld when another run took over.
    """
    batch = sorted(batch, key=lambda pair: (pair[0].stream_key, pair[0].window))
    done = {row.slice_id: _counted(row) for row in slices(wh, run.run_id) if row.status == "staged"}
    counts = done | _stage_new(wh, run, [pair for pair in batch if pair[0].slice_id not in done])
    return [counts[job.slice_id] for job, _ in batch]


def _counted(row: sa.Row[Any]) -> StageCounts:
    return StageCounts(row.slice_id, row.received_rows, row.staged_rows, row.quarantined_rows, row.deduplicated_rows,
                       json.loads(row.table_rows))


def _stage_new(wh: Warehouse, run: Run, batch: Batch) -> dict[str, StageCounts]:
    parts = _parts(batch)
    suppress(wh)
    for part in parts:
        part.lost = _dedupe(wh, part.replacement)
    try:
        counts = wh.write(lambda conn: _stage(conn, wh, run, batch, parts))
    except sa.exc.IntegrityError as error:
        raise DataError(f"a row misses a column, or another stream owns its key: {str(error.orig).splitlines()[0]}",
                        fix="look whether two sources read the same account") from error
    faultpoint(Faultpoint.AFTER_STAGE_COMMIT)
    return {count.slice_id: count for count in counts}


def _parts(batch: Batch) -> list[_Part]:
    """What one stream brings for one table; days of several streams (an account's, its campaigns') go together."""
    jobs: dict[tuple[Any, ...], list[Slice]] = {}
    for job, _ in batch:
        for output in job.stream.outputs:
            stream = "" if output.mode is LoadMode.WINDOW else job.stream.name
            jobs.setdefault((job.source, stream, output, job.stream.primary.table), []).append(job)
    return [_Part(Replacement(output, primary, tuple(ours))) for (_, _, output, primary), ours in jobs.items()]


def _dedupe(wh: Warehouse, part: Replacement) -> dict[str, int]:
    """Stream by stream: a key that two streams bring is no repetition.

    In a transaction of its own: incoming rows are scratch, and DuckDB holds them in another database.
    """
    streams: dict[str, list[str]] = {}
    for job in part.jobs:
        streams.setdefault(job.stream.name, []).append(job.slice_id)

    def work(conn: sa.Connection) -> dict[str, int]:
        found = [dedupe(conn, writable(wh, part.record), part.record, slices) for slices in streams.values()]
        return {slice_id: lost for one in found for slice_id, lost in one.items()}
    return wh.write(work)


def _stage(conn: sa.Connection, wh: Warehouse, run: Run, batch: Batch, parts: Sequence[_Part]) -> list[StageCounts]:
    for part in parts:
        part.rows = _present(conn, part.replacement)
    refused = _refused(conn, [job.slice_id for job, _ in batch])
    counts = [_account(job, manifest, parts, refused) for job, manifest in batch]
    if not _staged_already(conn, [job.slice_id for job, _ in batch]):
        _replace(conn, wh, run, parts)
        sweep(conn, wh, run.run_id, [job for job, _ in batch])
        _record(conn, run, [job for job, _ in batch], counts)
        faultpoint(Faultpoint.BEFORE_STAGE_COMMIT)
    return counts


def _staged_already(conn: sa.Connection, slice_ids: Sequence[str]) -> bool:
    """Whether an earlier attempt's commit went through although its answer was lost."""
    c = ops.slice_.c
    query = sa.select(c.slice_id).where(c.slice_id.in_(slice_ids), c.status == "staged")
    return bool(slice_ids) and len(conn.execute(query).all()) == len(slice_ids)


def _present(conn: sa.Connection, part: Replacement) -> dict[str, int]:
    slice_id = part.incoming.c.slice_id
    query = sa.select(slice_id, sa.func.count()).where(part.arriving).group_by(slice_id)
    return {name: int(count) for name, count in conn.execute(query)}


def _account(job: Slice, manifest: Manifest, parts: Sequence[_Part], refused: Refused) -> StageCounts:
    ours = [part for part in parts if job in part.replacement.jobs]
    main = next(part for part in ours if part.is_primary)
    staged, lost = main.rows.get(job.slice_id, 0), main.lost.get(job.slice_id, 0)
    out = refused.get((job.slice_id, main.name), 0)
    if manifest.mapped != staged + lost + out:
        raise DataError(f"{manifest.mapped} rows landed, {staged} are here, {lost} deduplicated, {out} refused",
                        where=str(job), fix="crosscheck run (it loads them again)")
    tables = {part.name: part.rows.get(job.slice_id, 0) for part in ours}
    return StageCounts(job.slice_id, manifest.received, staged, manifest.quarantined + out, lost, tables)


def _refused(conn: sa.Connection, slice_ids: Sequence[str]) -> Refused:
    """Rows that gate 1 took out, by slice and table; a row may have several reasons."""
    c = ops.quarantine.c
    rows = (sa.select(c.slice_id, c.table_name, c.page_no, c.row_no).distinct()
            .where(c.slice_id.in_(slice_ids), c.refused_by != "mapping").subquery())
    query = sa.select(rows.c.slice_id, rows.c.table_name, sa.func.count()).group_by(rows.c.slice_id, rows.c.table_name)
    return {(slice_id, name): int(count) for slice_id, name, count in conn.execute(query)}


def _replace(conn: sa.Connection, wh: Warehouse, run: Run, parts: Sequence[_Part]) -> None:
    covered = _covered(conn, parts)
    for part in parts:
        part.replacement.check(conn)
        _make_room(conn, wh, run, part, covered)
        part.replacement.insert(conn)
        analyse(conn, part.replacement.staged)
    for part in parts:  # marked only now, when staging holds the new state of every table
        if part.name not in _NOT_MEASURED:
            dirty.mark(conn, wh, part.name, part.difference.new_rows() if part.difference else _brought(part))
        if part.difference:
            part.difference.drop(conn)


def _make_room(conn: sa.Connection, wh: Warehouse, run: Run, part: _Part, covered: Covered) -> None:
    """Compare and delete what the rows replace; on a first load there is nothing, and nothing is compared."""
    replaced = part.replacement
    part.difference = None
    staged_before = any(job.stream_key in covered for job in replaced.jobs)
    anything = sa.select(replaced.staged.c.slice_id).where(replaced.scope).limit(1)
    if not staged_before and conn.execute(anything).first() is None:
        return
    if replaced.output.mode is not LoadMode.HISTORY and part.name not in _NOT_MEASURED:
        part.difference = Difference(conn, replaced)
        part.difference.log(conn, run.run_id, covered)
        dirty.mark(conn, wh, part.name, part.difference.old_rows())
    conn.execute(sa.delete(replaced.staged).where(replaced.scope))


def _brought(part: _Part) -> sa.Select[Any]:
    staged = part.replacement.staged
    return sa.select(staged).where(staged.c.slice_id.in_(part.replacement.slice_ids))


def _covered(conn: sa.Connection, parts: Sequence[_Part]) -> Covered:
    keys = {job.stream_key for part in parts for job in part.replacement.jobs}
    c = ops.stream_state.c
    query = sa.select(c.stream_key, c.covered_from_day, c.covered_to_day).where(c.stream_key.in_(keys))
    return {key: (first, last) for key, first, last in conn.execute(query)}


def _record(conn: sa.Connection, run: Run, jobs: Sequence[Slice], counts: Sequence[StageCounts]) -> None:
    """The ledger's rows of the slices, and how far their streams are read now."""
    change_slices(conn, run, {count.slice_id: {
        "status": "staged", "received_rows": count.received, "mapped_rows": count.staged + count.deduplicated,
        "staged_rows": count.staged, "quarantined_rows": count.quarantined, "deduplicated_rows": count.deduplicated,
        "table_rows": json.dumps(count.tables)} for count in counts})
    state, keys = ops.stream_state, sorted({job.stream_key for job in jobs})
    ours = state.c.stream_key.in_(keys)
    states = {row["stream_key"]: dict(row) for row in conn.execute(sa.select(state).where(ours)).mappings()}
    for job, count in zip(jobs, counts, strict=True):
        states[job.stream_key] = _state(run, job, count, states.get(job.stream_key))
    conn.execute(sa.delete(state).where(ours))
    ops.insert_rows(conn, state, list(states.values()))


def _state(run: Run, job: Slice, count: StageCounts, old: Mapping[str, Any] | None) -> dict[str, Any]:
    moment = naive_utc(run.as_of)
    first, last = _extended(job, (old["covered_from_day"], old["covered_to_day"]) if old else None)
    fresh_at, cursor = (old["fresh_at"], old["cursor_at"]) if old else (moment, None)
    if job.stream.kind is StreamKind.INCREMENTAL and fresh_at <= moment:
        cursor = moment
    return {"stream_key": job.stream_key, "source": job.source, "account_id": job.account.account_id,
            "stream": job.stream.name, "covered_from_day": first, "covered_to_day": last, "cursor_at": cursor,
            "definition": definition(job.stream), "staged_rows": count.staged, "slice_id": job.slice_id,
            "run_id": run.run_id, "fresh_at": max(fresh_at, moment)}


def _extended(job: Slice, covered: tuple[date, date] | None) -> tuple[date, date]:
    """The covered days with the slice's own, as long as no gap lies between: a backfill far back covers nothing yet."""
    first, last = job.window.first, job.window.last
    if covered is None:
        return first, last
    if first > covered[1] + timedelta(days=1) or last < covered[0] - timedelta(days=1):
        return covered
    return min(first, covered[0]), max(last, covered[1])
