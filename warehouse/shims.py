"""What engines write differently: five functions, and plain expressions built on them.

Everything else in the marts keeps to the subset that DuckDB, PostgreSQL and Spark share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

#: Two-sided 95 % of the normal distribution.
WILSON_Z = 1.959963984540054
#: Sums: a company's đồng outgrow the 18 digits of a single amount at a trillion.
MONEY = sa.Numeric(24, 6)
#: A factor of a product: DuckDB multiplies decimals of up to 18 digits within 18 digits, and overflows.
WIDE = sa.Numeric(30, 6)
#: Whole numbers, and a factor for them, whose product fits into 38 digits.
_INTEGER, _FACTOR = sa.Numeric(22, 0), sa.Numeric(16, 0)
Expression = sa.ColumnElement[Any]


class ratio(FunctionElement[float]):  # noqa: N801
    """a / b as DOUBLE; null when b is 0. DuckDB would say Infinity, PostgreSQL would stop."""

    name, type, inherit_cache = "ratio", sa.Double(), True


class date_add_days(FunctionElement[Any]):  # noqa: N801
    """An instant plus a number of days, which may be a column."""

    name, type, inherit_cache = "date_add_days", sa.DateTime(), True


class date_add_seconds(FunctionElement[Any]):  # noqa: N801
    """An instant plus a whole number of seconds."""

    name, type, inherit_cache = "date_add_seconds", sa.DateTime(), True


class seconds_between(FunctionElement[float]):  # noqa: N801
    """Seconds from the first instant to the second, as DOUBLE."""

    name, type, inherit_cache = "seconds_between", sa.Double(), True


class binary_order(FunctionElement[str]):  # noqa: N801
    """A text that sorts by its bytes: PostgreSQL's own order depends on the database's locale."""

    name, type, inherit_cache = "binary_order", sa.Text(), True


def _parts(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


@compiles(ratio)
def _ratio(element: ratio, compiler: SQLCompiler, **kw: Any) -> str:
    above, below = _parts(element, compiler, **kw)
    return f"(CAST({above} AS DOUBLE PRECISION) / NULLIF(CAST({below} AS DOUBLE PRECISION), 0))"


@compiles(date_add_days)
def _date_add_days(element: date_add_days, compiler: SQLCompiler, **kw: Any) -> str:
    moment, days = _parts(element, compiler, **kw)
    return f"({moment} + {days} * INTERVAL '1 day')"


@compiles(date_add_seconds)
def _date_add_seconds(element: date_add_seconds, compiler: SQLCompiler, **kw: Any) -> str:
    moment, seconds = _parts(element, compiler, **kw)
    return f"({moment} + {seconds} * INTERVAL '1 second')"


@compiles(seconds_between)
def _seconds_between(element: seconds_between, compiler: SQLCompiler, **kw: Any) -> str:
    first, second = _parts(element, compiler, **kw)
    return f"CAST(EXTRACT(EPOCH FROM ({second} - {first})) AS DOUBLE PRECISION)"


@compiles(binary_order)
def _binary_order(element: binary_order, compiler: SQLCompiler, **kw: Any) -> str:
    return _parts(element, compiler, **kw)[0]


@compiles(binary_order, "postgresql")
def _binary_order_postgresql(element: binary_order, compiler: SQLCompiler, **kw: Any) -> str:
    return f'{_parts(element, compiler, **kw)[0]} COLLATE "C"'


def among(rows: sa.FromClause, names: Sequence[str], chosen: sa.SelectBase) -> Expression:
    """Whether the columns of a row, none of them null, are among the selected ones.

    Not EXISTS: where its query has a condition of its own, DuckDB carries every column of the outer rows through it.
    """
    return sa.tuple_(*(rows.c[name] for name in names)).in_(chosen)


def day_plus(day: Expression, days: Expression | int) -> Expression:
    """A date plus days, again a date (an interval makes a timestamp of it on PostgreSQL)."""
    return sa.cast(date_add_days(day, _number(days)), sa.Date())


def _number(value: Expression | int) -> Expression:
    return sa.literal_column(str(value)) if isinstance(value, int) else value


def start_of(unit: str, day: Expression) -> Expression:
    """First day of the quarter, month or week (Monday). The unit is text, no parameter: it stands in GROUP BY too."""
    if unit not in ("week", "month", "quarter"):
        raise ValueError(f"no such period: {unit}")
    return sa.cast(sa.func.date_trunc(sa.literal_column(f"'{unit}'"), day), sa.Date())


def last_day(unit: str, first: Expression) -> Expression:
    """Last day of the period that starts at `first`."""
    if unit == "day":
        return first
    if unit == "week":
        return day_plus(first, 6)
    return day_plus(start_of("month", day_plus(first, 31 if unit == "month" else 92)), -1)


def total(amount: Expression) -> Expression:
    """A sum at the warehouse's scale; null when nothing was reported."""
    return sa.cast(sa.func.sum(amount), MONEY)


def count(number: Expression) -> Expression:
    """A sum of counts as BIGINT (PostgreSQL would make it numeric); null when nothing was reported."""
    return sa.cast(sa.func.sum(number), sa.BigInteger())


def count_if(condition: Expression) -> Expression:
    """How many rows meet a condition; 0 when none does."""
    return sa.cast(sa.func.sum(sa.case((condition, 1), else_=0)), sa.BigInteger())


def per(amount: Expression, number: Expression) -> Expression:
    """Amount per unit, at the warehouse's scale; null when there are none.

    Scaled to an integer by floor, because engines disagree on rounding a double to decimals.
    """
    micros = sa.func.floor(ratio(amount, number) * sa.literal_column("1e6") + sa.literal_column("0.5e0"))
    whole = sa.cast(sa.cast(micros, sa.BigInteger()), sa.Numeric(30, 0))
    return sa.cast(whole * sa.cast(sa.literal_column("0.000001"), MONEY), MONEY)


def portion(amount: Expression, part: Expression, whole: Expression) -> Expression:
    """An amount times part / whole, cut down to the warehouse's scale, exactly; null when `whole` is 0.

    A double holds 15 digits, amounts have 18, and no engine divides decimals like another. So the quotient is guessed
    by doubles, and what the guess leaves, which is small, is divided once more.
    """
    micros = sa.cast(sa.cast(amount, WIDE) * sa.cast(sa.literal_column("1000000"), sa.Numeric(7, 0)), _INTEGER)
    product = micros * sa.cast(part, _FACTOR)
    guess = _floor(ratio(product, whole))
    rest = _floor(ratio(product - guess * sa.cast(whole, _FACTOR), whole))
    return sa.cast(sa.cast(guess + rest, _INTEGER) * sa.cast(sa.literal_column("0.000001"), MONEY), MONEY)


def _floor(number: Expression) -> Expression:
    return sa.cast(sa.func.floor(number), _INTEGER)


def wilson(hits: Expression, of: Expression) -> tuple[Expression, Expression]:
    """Lower and upper 95 % bound of hits / of, within 0..1; null when `of` is 0."""
    squared = WILSON_Z * WILSON_Z
    share: Expression = ratio(hits, of)
    n: Expression = sa.cast(of, sa.Double())
    middle: Expression = share + ratio(sa.literal_column(repr(squared / 2)), n)
    spread: Expression = sa.literal_column(repr(WILSON_Z)) * sa.func.sqrt(
        ratio(share * (sa.literal_column("1e0") - share), n) + ratio(sa.literal_column(repr(squared / 4)), n * n),
        type_=sa.Double())
    scale: Expression = sa.literal_column("1e0") + ratio(sa.literal_column(repr(squared)), n)
    low, high = ratio(middle - spread, scale), ratio(middle + spread, scale)
    none: Expression = sa.literal_column("0e0")
    every: Expression = sa.literal_column("1e0")
    # of nothing and of all, one bound is exact: the last bits of a double would differ by engine
    inside = (sa.case((hits == 0, none), else_=sa.func.greatest(low, none)),
              sa.case((hits == of, every), else_=sa.func.least(high, every)))
    return _where_any(of, inside[0]), _where_any(of, inside[1])


def _where_any(of: Expression, bound: Expression) -> Expression:
    """GREATEST and LEAST pass over nulls: without this a bound of nothing would be 0 or 1."""
    return sa.cast(sa.case((of != 0, bound)), sa.Double())
