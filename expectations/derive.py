"""Rules that follow from a table record, without anybody writing them.

Required columns are filled, allowed sets and bounds hold, days and instants are plausible, currencies exist,
numbers are finite, keys are unique, and a table that should have rows has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crosscheck.tables import TECHNICAL, Column, Kind, Table
from expectations.iso4217 import CODES
from expectations.rules import Rule, Severity

#: Nothing a vendor reports is older than its own history.
EARLIEST_DAY = date(2000, 1, 1)
#: The earliest clock on Earth is 14 hours ahead of UTC.
_AHEAD = timedelta(hours=14)
_SKEW = timedelta(minutes=10)
_FINITE = 1e300
#: Dates that somebody may set ahead on purpose (a meeting, a rate for the weekend): reported, never refused.
_MAY_BE_AHEAD = frozenset({
    ("deal", "closed_day"), ("deal", "closed_at"), ("deal_win", "closed_day"), ("deal_win", "closed_at"),
    ("activity", "occurred_at"), ("activity", "occurred_day"), ("fx_rate", "day")})
#: What our own people write, by their own clock or of days to come: as far ahead as they like.
_PLANNED = frozenset({
    *((table, column) for table in ("commitments", "campaign_charter") for column in ("first_day", "last_day")),
    *(("appeal", column) for column in ("appealed_at", "filed_at", "binding_at", "withdrawn_at"))})
#: Optional columns without which the table says nothing; all null is a broken read, not missing data.
MUST_SPEAK: dict[str, tuple[str, ...]] = {"ad_daily": ("spend_amount",), "engagement_daily": ("engagement_count",)}
#: Amounts that only make sense above zero.
_POSITIVE = frozenset({"fx_rate"})


def derive(record: Table, *, as_of: datetime, expect_rows: bool, incoming: bool = False) -> tuple[Rule, ...]:
    """The rules of one table at one instant. `incoming` rows may repeat keys and are quarantined one by one."""
    rules = [*_rows(record, expect_rows), *_key(record, incoming)]
    for column in record.columns:
        if column.name not in TECHNICAL:
            rules += _column(record, column, as_of, incoming)
    return tuple(rules)


def _rows(record: Table, expect_rows: bool) -> Iterator[Rule]:
    if expect_rows:
        yield Rule(record.name, "has rows", Severity.FAIL, "ExpectTableRowCountToBeBetween", {"min_value": 1})
        for name in MUST_SPEAK.get(record.name, ()):
            yield Rule(record.name, f"{name} speaks", Severity.FAIL, "ExpectColumnValuesToNotBeNull",
                       {"column": name, "mostly": 1e-9}, column=name)


def _key(record: Table, incoming: bool) -> Iterator[Rule]:
    severity = Severity.WARN if incoming else Severity.FAIL
    if len(record.key) == 1:
        yield Rule(record.name, "key is unique", severity, "ExpectColumnValuesToBeUnique", {"column": record.key[0]})
    else:
        yield Rule(record.name, "key is unique", severity, "ExpectCompoundColumnsToBeUnique",
                   {"column_list": list(record.key)})


def _column(record: Table, column: Column, as_of: datetime, incoming: bool) -> Iterator[Rule]:
    if column.required:
        yield Rule(record.name, f"{column.name} is filled", Severity.FAIL, "ExpectColumnValuesToNotBeNull",
                   {"column": column.name}, lambda t: t.c[column.name].is_(None), incoming, column.name)
    allowed = _allowed(column)
    if allowed:
        yield _row_rule(record, column, "is a known value", incoming,
                        expectation="ExpectColumnValuesToBeInSet", arguments={"value_set": sorted(allowed)},
                        failing=lambda t: t.c[column.name].not_in(sorted(allowed)))
    bounds = _bounds(column, as_of)
    if bounds:
        low, high = bounds
        yield _between(record, column, incoming, low, None if (record.name, column.name) in _PLANNED else high)


def _allowed(column: Column) -> frozenset[str]:
    if column.name.endswith(("currency_code", "_currency")):
        return CODES
    return frozenset(column.field.allowed)


def _bounds(column: Column, as_of: datetime) -> tuple[Any, Any] | None:
    now, kind = as_of.astimezone(UTC).replace(tzinfo=None), column.field.kind
    if kind is Kind.DAY:
        return EARLIEST_DAY, (now + _AHEAD).date()
    if kind is Kind.INSTANT:
        return datetime.combine(EARLIEST_DAY, datetime.min.time()), now + _SKEW
    if kind is Kind.RATE:
        low, high = column.field.low, column.field.high
        return -_FINITE if low is None else low, _FINITE if high is None else high
    if column.field.low is not None or column.field.high is not None:
        return column.field.low, column.field.high
    return (0, None) if column.name in _POSITIVE else None


def _between(record: Table, column: Column, incoming: bool, low: Any, high: Any) -> Rule:
    strict = column.name in _POSITIVE
    arguments = {"min_value": low, "max_value": high, "strict_min": strict}

    def failing(table: sa.FromClause) -> sa.ColumnElement[bool]:
        cell = table.c[column.name]
        outside = [] if low is None else [cell <= low if strict else cell < low]
        outside += [] if high is None else [cell > high]
        return sa.or_(*outside)

    return _row_rule(record, column, "is plausible", incoming, expectation="ExpectColumnValuesToBeBetween",
                     arguments=arguments, failing=failing)


def _row_rule(record: Table, column: Column, name: str, incoming: bool, *, expectation: str,
              arguments: dict[str, Any], failing: Any) -> Rule:
    """At gate 1 a bad row is quarantined and counted; the share of a slice decides. Later nothing bad may be left."""
    ahead = (record.name, column.name) in _MAY_BE_AHEAD
    return Rule(record.name, f"{column.name} {name}", Severity.WARN if incoming or ahead else Severity.FAIL,
                expectation, {"column": column.name, **arguments}, failing, incoming and not ahead, column.name)
