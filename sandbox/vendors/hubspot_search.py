"""HubSpot's search filters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.vendors.hubspot_rows import Record

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda left, right: left == right, "NEQ": lambda left, right: left != right,
    "GT": lambda left, right: left > right, "GTE": lambda left, right: left >= right,
    "LT": lambda left, right: left < right, "LTE": lambda left, right: left <= right,
}
OPERATORS = (*_COMPARE, "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY")


def search(found: Sequence[Record], groups: Sequence[Mapping[str, Any]], sorts: Sequence[Any]) -> list[Record]:
    """Records that meet every filter of at least one group, sorted. Raises ValueError for an unknown operator."""
    kept = [one for one in found if not groups or any(_meets(one, group.get("filters", [])) for group in groups)]
    for sort in reversed(sorts):
        name = sort if isinstance(sort, str) else sort["propertyName"]
        descending = not isinstance(sort, str) and sort.get("direction") == "DESCENDING"
        kept.sort(key=lambda one: _sortable(one.properties.get(name)), reverse=descending)
    return kept


def comparable(text: Any) -> Any:
    """Dates (ISO or epoch milliseconds) and numbers as numbers, all else as text."""
    text = str(text)
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if re.match(r"\d{4}-\d\d-\d\d", text):
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1000
    return text.lower()


def _meets(record: Record, filters: Sequence[Mapping[str, Any]]) -> bool:
    return all(_holds(record.properties.get(one["propertyName"]), one) for one in filters)


def _holds(value: str | None, one: Mapping[str, Any]) -> bool:
    operator = one["operator"]
    if operator not in OPERATORS:
        raise ValueError(f"{operator} is not one of {', '.join(OPERATORS)}")
    if operator.endswith("HAS_PROPERTY"):
        return bool((value is not None) == (operator == "HAS_PROPERTY"))
    if value is None:
        return bool(operator in ("NEQ", "NOT_IN"))
    left = comparable(value)
    if operator == "BETWEEN":
        return bool(comparable(one["value"]) <= left <= comparable(one["highValue"]))
    if operator in ("IN", "NOT_IN"):
        return bool((left in [comparable(other) for other in one["values"]]) == (operator == "IN"))
    return _COMPARE[operator](left, comparable(one["value"]))


def _sortable(value: str | None) -> tuple[int, float, str]:
    found = comparable(value) if value is not None else ""
    return (1, found, "") if isinstance(found, float) else (0, 0.0, found)
