"""What the ledger says of the newest published run: the report's page on the quality of its own data."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.errors import ConfigError
from report.nightly.facts import Row, Tonight
from warehouse import Warehouse, ops
from warehouse.shims import count, count_if

_RUNS, _REASONS, _BROKEN = 5, 12, 20


def tonight(wh: Warehouse) -> Tonight:
    """The run that readers see. Raises ConfigError when nothing was published yet."""
    run = ops.publication.c
    with wh.engine.connect() as conn:
        newest = conn.execute(sa.select(run.run_id, run.as_of).order_by(run.as_of.desc(), run.run_id.desc()).limit(1)
                              ).first()
        if newest is None:
            raise ConfigError("nothing has been published yet", fix="crosscheck run")
        return Tonight(newest.run_id, newest.as_of, _rows(conn, _gates(newest.run_id)),
                       _rows(conn, _broken(newest.run_id)), _rows(conn, _accounting(newest.run_id)),
                       _rows(conn, _kept_out(newest.run_id)), _rows(conn, _runs()))


def _rows(conn: sa.Connection, query: sa.Select[Any]) -> list[Row]:
    return [dict(row) for row in conn.execute(query).mappings()]


def _gates(run_id: str) -> sa.Select[Any]:
    c = ops.check_result.c
    held = count_if(c.success)
    warned = count_if(sa.and_(sa.not_(c.success), c.severity == "warn"))
    return (sa.select(c.gate, sa.func.count().label("checks"), held.label("held"), warned.label("warned"))
            .where(c.run_id == run_id).group_by(c.gate).order_by(c.gate))


def _broken(run_id: str) -> sa.Select[Any]:
    c = ops.check_result.c
    return (sa.select(c.gate, c.table_name, c.check_name, c.severity, c.evaluated_rows, c.failing_rows, c.detail)
            .where(c.run_id == run_id, sa.not_(c.success)).order_by(c.gate, c.severity, c.table_name, c.check_name)
            .limit(_BROKEN))


def _accounting(run_id: str) -> sa.Select[Any]:
    c = ops.slice_.c
    names = ("received_rows", "staged_rows", "quarantined_rows", "deduplicated_rows")
    return (sa.select(c.source, *(count(sa.func.coalesce(c[name], 0)).label(name) for name in names),
                      count_if(c.status == "refused").label("refused_slices"))
            .where(c.run_id == run_id).group_by(c.source).order_by(c.source))


def _kept_out(run_id: str) -> sa.Select[Any]:
    q, s = ops.quarantine.c, ops.slice_.c
    rows = sa.func.count().label("row_count")
    return (sa.select(s.source, q.table_name, q.field, q.reason, q.refused_by, rows)
            .join_from(ops.quarantine, ops.slice_, s.slice_id == q.slice_id).where(q.run_id == run_id)
            .group_by(s.source, q.table_name, q.field, q.reason, q.refused_by)
            .order_by(rows.desc(), s.source, q.table_name, q.field, q.reason).limit(_REASONS))


def _runs() -> sa.Select[Any]:
    c = ops.run.c
    return sa.select(c.run_id, c.as_of, c.status, c.note).order_by(c.as_of.desc(), c.run_id.desc()).limit(_RUNS)
