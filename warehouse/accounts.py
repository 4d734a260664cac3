"""The accounts that tonight's credentials reach, kept as `staging.account`."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from connectors.base import Account
from crosscheck.canonical import ACCOUNT
from warehouse import ddl
from warehouse.engine import Warehouse
from warehouse.ledger import Run


def remember(wh: Warehouse, run: Run, platform: str, accounts: Iterable[Account]) -> None:
    """Replace what is known of a connector's accounts; those that it no longer reaches stay as last seen.

    No landed row brought them: `slice_id` names the run, the row is the place in the connector's answer.
    """
    table = ddl.table(ACCOUNT)
    rows = [{"platform": platform, "account_id": one.account_id, "time_zone": one.time_zone,
             "account_name": one.account_name, "currency_code": one.currency_code, "account_status": one.status,
             "manager_id": one.manager_id, "stream_key": f"{platform}/{one.account_id}/account", "slice_id": run.run_id,
             "page_no": 1, "row_no": row_no} for row_no, one in enumerate(accounts, start=1)]

    def work(conn: sa.Connection) -> None:
        known = table.c.account_id.in_([row["account_id"] for row in rows])
        conn.execute(sa.delete(table).where(table.c.platform == platform, known))
        if rows:
            conn.execute(sa.insert(table), rows)

    wh.write(work)
