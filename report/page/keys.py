"""How rows of the marts are read, and by what they are told apart on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from warehouse.staging.base import NO_PLATFORM

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]
#: A campaign's key, or a salesperson's, to its number in the page.
Places = Mapping[tuple[str, ...], int]

KEY = ("platform", "account_id", "campaign_id")


def rows_of(conn: sa.Connection, query: sa.Select[Any]) -> list[Row]:
    """What a query finds."""
    return [dict(row) for row in conn.execute(query).mappings()]


def number(value: Any) -> Any:
    """An amount as JSON has it: whole, or the nearest double, which has 15 figures; other values as they are."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def campaign(row: Row) -> tuple[str, ...]:
    """A row's campaign as a key."""
    return tuple(str(row[name]) for name in KEY)


def owner(row: Row) -> tuple[str, str]:
    """A row's salesperson as a key."""
    return row["source"], row["owner_id"] or NO_PLATFORM
