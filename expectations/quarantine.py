"""Failing rows leave `incoming` for `ops.quarantine`: reason and place in landing go with them, values do not."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from crosscheck.settings import Gates
from crosscheck.tables import Table
from expectations.rules import Fact, Rule, Severity
from warehouse import ops
from warehouse.engine import Warehouse
from warehouse.incoming import refuse


def move(wh: Warehouse, run_id: str, record: Table, rules: Sequence[Rule]) -> int:
    """Move the rows that break these rules out of `incoming`, each under the first rule it breaks; how many left."""
    return sum(refuse(wh, run_id, record, rule.failing, reason=rule.name, field=rule.column)
               for rule in rules if rule.failing is not None and rule.quarantines)


def share(run_id: str, gates: Gates) -> Fact:
    """No slice may lose more than a small share of its rows: then the reading is broken, not the rows."""
    slice_, held = ops.slice_, ops.quarantine
    rows = (sa.select(held.c.slice_id, held.c.page_no, held.c.row_no)
            .where(held.c.run_id == run_id).distinct().subquery())
    lost = sa.select(rows.c.slice_id, sa.func.count().label("n")).group_by(rows.c.slice_id).subquery()
    tonight = sa.and_(slice_.c.run_id == run_id, slice_.c.status == "landed", slice_.c.received_rows > 0)
    query = sa.select(slice_.c.stream_key, slice_.c.first_day, slice_.c.last_day, slice_.c.received_rows,
                      lost.c.n.label("quarantined"))
    return Fact(
        "slice", "few rows are quarantined", Severity.FAIL,
        query.select_from(slice_.join(lost, lost.c.slice_id == slice_.c.slice_id))
        .where(tonight, lost.c.n > slice_.c.received_rows * gates.quarantine_share),
        sa.select(sa.func.count()).select_from(slice_).where(tonight),
        f"more than {gates.quarantine_share:.1%} of a slice's rows were refused")
