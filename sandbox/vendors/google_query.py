"""The part of GAQL that the sandbox understands: SELECT, FROM, WHERE joined by AND, ORDER BY, LIMIT."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.vendors.google_errors import bad_query
from sandbox.wire import Row

_QUERY = re.compile(
    r"^\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<resource>\w+)(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?(?:\s+PARAMETERS\s+.+)?\s*;?\s*$",
    re.IGNORECASE | re.DOTALL)
_CONDITION = re.compile(
    r"\s*(?P<field>[\w.]+)\s*(?:(?P<between>BETWEEN)\s+(?P<low>'[^']*'|\"[^\"]*\"|\S+)\s+AND\s+"
    r"(?P<high>'[^']*'|\"[^\"]*\"|\S+)|(?P<op>NOT\s+IN|IN|!=|<=|>=|=|<|>)\s*"
    r"(?P<value>\([^)]*\)|'[^']*'|\"[^\"]*\"|[^\s]+))\s*(?:AND\b|$)", re.IGNORECASE)

_HOLDS: dict[str, Callable[[Any, list[Any]], bool]] = {
    "BETWEEN": lambda left, right: bool(right[0] <= left <= right[1]),
    "=": lambda left, right: left == right[0], "!=": lambda left, right: left != right[0],
    "IN": lambda left, right: left in right, "NOT IN": lambda left, right: left not in right,
    "<": lambda left, right: bool(left < right[0]), "<=": lambda left, right: bool(left <= right[0]),
    ">": lambda left, right: bool(left > right[0]), ">=": lambda left, right: bool(left >= right[0]),
}


@dataclass(frozen=True)
class Condition:
    """One comparison; `values` holds two for BETWEEN, many for IN, else one."""

    field: str
    op: str
    values: tuple[str, ...]

    def holds(self, row: Row) -> bool:
        """Whether a flat row meets it. Numbers compare as numbers, all else as text."""
        value = row.get(self.field)
        if value is None:
            return self.op in ("!=", "NOT IN")
        return _HOLDS[self.op](_comparable(value), [_comparable(one) for one in self.values])


@dataclass(frozen=True)
class Query:
    """A parsed query. `order` holds (field, descending)."""

    fields: tuple[str, ...]
    resource: str
    conditions: tuple[Condition, ...]
    order: tuple[tuple[str, bool], ...]
    limit: int | None

    @property
    def named(self) -> set[str]:
        """Every field it names."""
        return {*self.fields, *(one.field for one in self.conditions), *(name for name, _ in self.order)}

    def days(self) -> tuple[str, str]:
        """The first and last day that its conditions allow."""
        first, last = "0000-00-00", "9999-99-99"
        for one in (one for one in self.conditions if one.field == "segments.date"):
            low, high = one.values[0], one.values[-1]
            if one.op in ("=", "BETWEEN", ">=", ">"):
                first = max(first, low)
            if one.op in ("=", "BETWEEN", "<=", "<"):
                last = min(last, high)
        return first, last

    def apply(self, rows: list[Row]) -> list[Row]:
        """The flat rows that meet the conditions, ordered and limited."""
        kept = [row for row in rows if all(one.holds(row) for one in self.conditions)]
        for name, descending in reversed(self.order):
            kept.sort(key=lambda row: (row.get(name) is not None, _comparable(row.get(name))), reverse=descending)
        return kept[: self.limit]


def parse(text: str) -> Query:
    """The query of a text. Raises Refused with Google's queryError."""
    hit = _QUERY.match(text)
    if hit is None:
        raise bad_query("UNEXPECTED_INPUT", "Error in query: unexpected input.")
    fields = tuple(name.strip() for name in hit["fields"].split(","))
    if not all(re.fullmatch(r"[\w.]+", name) for name in fields):
        raise bad_query("BAD_FIELD_NAME", "Error in SELECT clause: invalid field name.")
    order = tuple((part.split()[0], part.upper().endswith(" DESC")) for part in (hit["order"] or "").split(",") if part)
    limit = int(hit["limit"]) if hit["limit"] else None
    return Query(fields, hit["resource"].lower(), tuple(_conditions(hit["where"] or "")), order, limit)


def _conditions(text: str) -> list[Condition]:
    found, at = [], 0
    while at < len(text.rstrip()):
        hit = _CONDITION.match(text, at)
        if hit is None:
            raise bad_query("BAD_OPERATOR", "Error in WHERE clause: unexpected input.")
        if hit["between"]:
            op, values = "BETWEEN", (hit["low"], hit["high"])
        else:
            op = " ".join(hit["op"].upper().split())
            values = tuple(hit["value"].strip("()").split(",")) if "IN" in op else (hit["value"],)
        found.append(Condition(hit["field"], op, tuple(value.strip().strip("'\"") for value in values)))
        at = hit.end()
    return found


def _comparable(value: Any) -> Any:
    """Numbers as numbers, also those that the wire writes as text; days and names as text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value)
    return value
