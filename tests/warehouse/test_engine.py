"""Opening, locking and migrating a warehouse."""
from __future__ import annotations

import sqlalchemy as sa

from warehouse import ops
from warehouse.migrations import STEPS, migrate


def test_migrating_twice_changes_nothing(wh):
    """The second migration applies no step."""
    assert migrate(wh) == 0
    with wh.engine.connect() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(ops.schema_version)) == len(STEPS)
