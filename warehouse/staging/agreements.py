"""What was promised, as rows, and what is on record of each period, counted by the marts that count it anyway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from crosscheck.fields.agreements import PROMISES
from crosscheck.rules import SIGNATORIES, Agreement, Commitments
from crosscheck.tables import Table
from warehouse import ddl, ops
from warehouse.staging.records import AGREEMENT, PROMISE

_COLUMNS = {"count": "promised_count", "amount": "promised_amount", "share": "promised_share"}


def refresh_agreements(conn: sa.Connection, known: Commitments) -> None:
    """Replace what is known of the promises where it differs."""
    _replace(conn, AGREEMENT, [_agreement(each) for each in known.agreements])
    _replace(conn, PROMISE, [row for each in known.agreements for row in _promises(each, known.currency)])


def _replace(conn: sa.Connection, record: Table, rows: list[dict[str, Any]]) -> None:
    target = ddl.table(record)
    names = target.c.keys()
    there = {tuple(row) for row in conn.execute(sa.select(target))}
    if there != {tuple(row[name] for name in names) for row in rows}:
        conn.execute(sa.delete(target))
        ops.insert_rows(conn, target, rows)


def _agreement(each: Agreement) -> dict[str, Any]:
    return {"agreement": each.name, "first_day": each.first_day, "last_day": each.last_day, "is_draft": each.is_draft,
            "platform": each.platform, "campaign_id": each.campaign, "charter_objective": each.objective,
            "charter_message": each.message, "portrait_version": each.portrait_version,
            **{f"signed_by_{side}": each.signed_by.get(side) for side in SIGNATORIES}}


def _promises(each: Agreement, currency: str) -> Iterator[dict[str, Any]]:
    known = {promise.name: promise for promise in PROMISES}
    for name, value in each.promised.items():
        yield {"agreement": each.name, "promise": name, "promised_by": known[name].side,
               "is_at_most": known[name].is_at_most, **dict.fromkeys(_COLUMNS.values()),
               "currency_code": currency if known[name].kind == "amount" else None, _COLUMNS[known[name].kind]: value}
