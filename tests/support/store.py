"""Stores that are copies of a migrated one."""

from __future__ import annotations

from warehouse import incoming
from warehouse.engine import Warehouse
from warehouse.lock import take_lease


def take_over(wh: Warehouse) -> None:
    """What `migrate` does to an up-to-date schema, without asking the engine about each of its hundreds of tables.

    Nor is a store that is thrown away tidied up when it is closed: whoever opens it again reads its log.
    """
    with wh.engine.begin() as conn:
        take_lease(conn, wh.owner)
    with wh.engine.connect() as conn:
        incoming.prepare(conn)
        if wh.dialect == "duckdb":
            conn.exec_driver_sql("PRAGMA disable_checkpoint_on_shutdown")
        conn.commit()
