"""The ledger: runs, slices and how far every stream is read. It alone decides what a repeated run may skip.

A row changes in the same transaction as the data it tells about; so after a lost answer to a COMMIT the ledger says
whether the commit happened.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

import sqlalchemy as sa

from connectors.base import Slice, Stream
from connectors.landing import Manifest
from crosscheck.redact import redact
from warehouse import ops
from warehouse.engine import Warehouse, naive_utc
from warehouse.lock import take_lease


@dataclass(frozen=True)
class Run:
    """A run that we own. `attempts` above 1 means that an unfinished one was resumed; `status` is what it was then."""

    run_id: str
    kind: str
    as_of: datetime
    owner: str
    attempts: int
    status: str

    @property
    def published(self) -> bool:
        """Whether an earlier attempt published already: only telling is left."""
        return self.status == "published"


@dataclass(frozen=True)
class State:
    """How far a stream is read. `cursor` is aware; the connector subtracts its overlap from it."""

    covered_from: date
    covered_to: date
    cursor: datetime | None
    definition: str
    staged_rows: int
    fresh_at: datetime
    run_id: str


class Check(Protocol):
    """What `record_checks` reads of a check's result."""

    table: str
    check: str
    severity: Any
    success: bool
    evaluated_rows: int | None
    failing_rows: int | None
    detail: str


def begin_run(wh: Warehouse, kind: str, as_of: datetime, *, at: datetime | None = None) -> Run:
    """Begin a run, or resume the unfinished one of the same kind and instant; from now on only we may write.

    A finished run with the same instant is left alone: the new one gets a number behind its id. `at` is the wall
    clock, for the record only. Resumed means: same run id, hence same slice ids, hence what landed is used again.
    """
    base, moment = f"{kind}-{naive_utc(as_of):%Y%m%dT%H%M%S}", naive_utc(at or as_of)
    with wh.engine.begin() as conn:
        take_lease(conn, wh.owner)
        last, count = _attempts_of(conn, base)
        if last is not None and last.finished_at is None:
            conn.execute(sa.update(ops.run).where(ops.run.c.run_id == last.run_id).values(
                owner=wh.owner, attempts=last.attempts + 1, heartbeat_at=moment))
            return Run(last.run_id, kind, as_of, wh.owner, last.attempts + 1, last.status)
        run_id = f"{base}-{count + 1}" if count else base
        conn.execute(sa.insert(ops.run).values(
            run_id=run_id, kind=kind, as_of=naive_utc(as_of), status="running", started_at=moment,
            heartbeat_at=moment, owner=wh.owner, attempts=1, note=""))
    return Run(run_id, kind, as_of, wh.owner, 1, "running")


def _attempts_of(conn: sa.Connection, base: str) -> tuple[Any, int]:
    ours = ops.run.c.run_id.in_([base, *(f"{base}-{number}" for number in range(2, 100))])
    rows = conn.execute(sa.select(ops.run).where(ours)).all()
    return max(rows, key=lambda row: (len(row.run_id), row.run_id), default=None), len(rows)


def heartbeat(wh: Warehouse, run: Run, at: datetime) -> None:
    """A sign of life, with the wall clock."""
    _update_run(wh, run, heartbeat_at=naive_utc(at))


def finish_run(wh: Warehouse, run: Run, status: str, note: str = "", *, at: datetime | None = None) -> None:
    """The end of a run: published, gate_failed or failed. A `failed` run stays unfinished, so that it is resumed."""
    moment = naive_utc(at or run.as_of)
    finished = None if status == "failed" else moment
    _update_run(wh, run, status=status, note=redact(note), heartbeat_at=moment, finished_at=finished)


def _update_run(wh: Warehouse, run: Run, **values: Any) -> None:
    change = sa.update(ops.run).where(ops.run.c.run_id == run.run_id).values(**values)
    wh.write(lambda conn: conn.execute(change))


def plan(wh: Warehouse, run: Run, jobs: Iterable[Slice]) -> None:
    """Note the run's slices as planned; those of an earlier attempt keep their status."""
    wanted = {job.slice_id: job for job in jobs}

    def work(conn: sa.Connection) -> None:
        known = set(conn.scalars(sa.select(ops.slice_.c.slice_id).where(ops.slice_.c.run_id == run.run_id)))
        rows = [_planned(run, job) for slice_id, job in wanted.items() if slice_id not in known]
        ops.insert_rows(conn, ops.slice_, rows)
    wh.write(work)


def _planned(run: Run, job: Slice) -> dict[str, Any]:
    later = {column.name: None for column in ops.slice_.columns if column.nullable}
    return {**later, "slice_id": job.slice_id, "run_id": run.run_id, "stream_key": job.stream_key, "source": job.source,
            "connector": job.connector, "account_id": job.account.account_id, "stream": job.stream.name,
            "first_day": job.window.first, "last_day": job.window.last,
            "since": naive_utc(job.since) if job.since else None, "status": "planned",
            "changed_at": naive_utc(run.as_of)}


def landed(wh: Warehouse, run: Run, manifests: Sequence[Manifest]) -> None:
    """Note slices as landed, with what the vendor sent and what the mapping refused; staged ones stay staged."""
    changes = {manifest.slice_id: {
        "status": "landed", "received_rows": manifest.received, "mapped_rows": manifest.mapped,
        "quarantined_rows": manifest.quarantined, "drift": json.dumps(manifest.drift), "error_kind": None,
        "error": None}
        for manifest in manifests}
    wh.write(lambda conn: change_slices(conn, run, changes))


def refused(wh: Warehouse, run: Run, job: Slice, error: BaseException) -> None:
    """Note a slice as refused, with the error's class and redacted sentence; a staged one stays staged."""
    change = {"status": "refused", "error_kind": type(error).__name__, "error": redact(str(error))[:2000]}
    wh.write(lambda conn: change_slices(conn, run, {job.slice_id: change}))


def change_slices(conn: sa.Connection, run: Run, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """Change rows of slices within a transaction of the caller; what is staged does not change any more.

    Many at once, because an update costs DuckDB ten milliseconds however small it is.
    """
    c = ops.slice_.c
    ours = sa.and_(c.slice_id.in_(list(changes)), c.status != "staged")
    rows = [dict(row) for row in conn.execute(sa.select(ops.slice_).where(ours)).mappings()]
    conn.execute(sa.delete(ops.slice_).where(ours))
    moment = {"changed_at": naive_utc(run.as_of)}
    ops.insert_rows(conn, ops.slice_, [{**row, **moment, **changes[row["slice_id"]]} for row in rows])


def slices(wh: Warehouse, run_id: str) -> Sequence[sa.Row[Any]]:
    """Every slice row of a run, by stream and window."""
    order = (ops.slice_.c.stream_key, ops.slice_.c.first_day)
    with wh.engine.connect() as conn:
        return conn.execute(sa.select(ops.slice_).where(ops.slice_.c.run_id == run_id).order_by(*order)).all()


def accounting_errors(wh: Warehouse, run_id: str) -> list[str]:
    """The staged slices whose rows do not add up: received = staged + quarantined + deduplicated. Empty is right."""
    return [f"{row.stream_key} {row.first_day}..{row.last_day}: received {row.received_rows}, "
            f"staged {row.staged_rows}, quarantined {row.quarantined_rows}, deduplicated {row.deduplicated_rows}"
            for row in slices(wh, run_id) if row.status == "staged"
            and row.received_rows != row.staged_rows + row.quarantined_rows + row.deduplicated_rows]


def states(wh: Warehouse) -> dict[str, State]:
    """How far every stream is read, by stream key."""
    with wh.engine.connect() as conn:
        rows = conn.execute(sa.select(ops.stream_state)).all()
    return {row.stream_key: State(
        row.covered_from_day, row.covered_to_day, row.cursor_at and row.cursor_at.replace(tzinfo=UTC), row.definition,
        row.staged_rows, row.fresh_at.replace(tzinfo=UTC), row.run_id) for row in rows}


def definition(stream: Stream) -> str:
    """A hash that changes when the stream's tables, columns, load modes or the properties that it asks for do: then its
    history is worth re-reading.
    """
    parts = [f"{output.table.name}:{output.mode}:{output.parent}:{[c.name for c in output.table.columns]}"
             for output in stream.outputs]
    return hashlib.sha256("|".join([stream.name, stream.kind, *parts, *stream.asks]).encode()).hexdigest()[:16]


def trailing_volumes(wh: Warehouse, stream_key: str, before: Run, limit: int = 28) -> list[tuple[date, date, int]]:
    """Window and received rows of the newest staged slices of a stream in other runs, newest run first."""
    s, r = ops.slice_, ops.run
    query = (sa.select(s.c.first_day, s.c.last_day, s.c.received_rows).join(r, r.c.run_id == s.c.run_id)
             .where(s.c.stream_key == stream_key, s.c.status == "staged", s.c.run_id != before.run_id)
             .order_by(r.c.as_of.desc(), s.c.first_day.desc()).limit(limit))
    with wh.engine.connect() as conn:
        return [(row.first_day, row.last_day, int(row.received_rows)) for row in conn.execute(query)]


def latest_runs(wh: Warehouse, limit: int = 10) -> Sequence[sa.Row[Any]]:
    """The newest runs, for `status`."""
    with wh.engine.connect() as conn:
        return conn.execute(sa.select(ops.run).order_by(ops.run.c.as_of.desc(), ops.run.c.run_id.desc())
                            .limit(limit)).all()


def record_checks(wh: Warehouse, run: Run, gate: int, checks: Sequence[Check]) -> None:
    """Keep a gate's results; those of an earlier attempt of the same gate are replaced."""
    rows = [{"run_id": run.run_id, "gate": gate, "table_name": one.table, "check_name": one.check,
             "severity": str(one.severity), "success": one.success, "evaluated_rows": one.evaluated_rows,
             "failing_rows": one.failing_rows, "detail": redact(one.detail)} for one in checks]
    table = ops.check_result

    def work(conn: sa.Connection) -> None:
        conn.execute(sa.delete(table).where(table.c.run_id == run.run_id, table.c.gate == gate))
        ops.insert_rows(conn, table, rows)
    wh.write(work)
