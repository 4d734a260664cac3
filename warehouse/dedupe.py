"""One row per key among the incoming rows: the latest fetch wins, losers are counted and removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from crosscheck.tables import Table


def dedupe(conn: sa.Connection, incoming: sa.Table, record: Table, slice_ids: Sequence[str]) -> dict[str, int]:
    """Remove the incoming rows whose key a later fetch of these slices brought again; losers per slice.

    `slice_ids` come oldest first. Later means: a later slice, then a later page, then a later row of the page.
    """
    ours, key = incoming.c.slice_id.in_(slice_ids), [incoming.c[name] for name in record.key]
    repeated = sa.select(*key).where(ours).group_by(*key).having(sa.func.count() > 1)
    if conn.execute(repeated.limit(1)).first() is None:
        return {}
    losers = _losers(conn, incoming, key, slice_ids)
    counts = sa.select(losers.c.slice_id, sa.func.count()).group_by(losers.c.slice_id)
    lost = {slice_id: int(count) for slice_id, count in conn.execute(counts)}
    conn.execute(sa.delete(incoming).where(_row_id(conn).in_(sa.select(losers.c.row_address))))
    return lost


def _row_id(conn: sa.Connection) -> sa.ColumnClause[Any]:
    """The engine's own address of a row: rows may be equal in every column."""
    return sa.literal_column("rowid" if conn.dialect.name == "duckdb" else "ctid")


def _losers(conn: sa.Connection, incoming: sa.Table, key: Sequence[Any], slice_ids: Sequence[str]) -> sa.Subquery:
    c, address = incoming.c, _row_id(conn)
    age = sa.case({slice_id: place for place, slice_id in enumerate(slice_ids)}, value=c.slice_id)
    place = sa.func.row_number().over(
        partition_by=key, order_by=[age.desc(), c.page_no.desc(), c.row_no.desc(), address.desc()])
    ranked = sa.select(c.slice_id, address.label("row_address"), place.label("place")).where(c.slice_id.in_(slice_ids))
    held = ranked.subquery()
    return sa.select(held.c.slice_id, held.c.row_address).where(held.c.place > 1).subquery()
