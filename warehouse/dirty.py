"""Which days have to be built again: filled as rows change, in the transaction that changes them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from warehouse.engine import Warehouse


def mark(conn: sa.Connection, wh: Warehouse, table_name: str, rows: sa.Select[Any]) -> None:
    """Add to `ops.dirty` the days that the given rows of a staging table touch.

    `rows` selects every column of the table, for those rows only that appeared, changed or vanished. Staging calls
    it before the replacement with the old versions, and after it with the new ones (then staging holds the new state).
    """
