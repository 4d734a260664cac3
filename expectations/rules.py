"""What a gate asks: a `Rule` looks at the rows of one table, a `Fact` at anything a query can count.

Both are our own records; only `expectations.run` turns them into Great Expectations. Neither ever carries a
value of a row into a result, except the subjects of a fact, which are accounts, days and numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa


class Severity(StrEnum):
    """`fail` stops the night, `warn` is reported."""

    FAIL = "fail"
    WARN = "warn"


@dataclass(frozen=True)
class Rule:
    """One question about the rows of one table.

    `expectation` names a class of `great_expectations.expectations`, `arguments` its parameters. `failing` gives
    the predicate that is true for a failing row; None when the question is about the table as a whole.
    `quarantines`: failing rows of a gate-1 rule leave `incoming` for `ops.quarantine`.
    """

    table: str
    name: str
    severity: Severity
    expectation: str
    arguments: Mapping[str, Any]
    failing: Callable[[sa.FromClause], sa.ColumnElement[bool]] | None = None
    quarantines: bool = False
    column: str = ""


@dataclass(frozen=True)
class Fact:
    """One question that needs more than one table or row: `failing` selects the subjects that break it.

    Its columns are labelled for the reader (`account_id=a1 day=2026-11-20 …`) and hold no personal data.
    `evaluated` counts what was looked at; zero is a failure where `must_apply`. `count`: a cheaper way to the number of
    subjects than to list them; then the select that lists them may be a function, made only when there are any.
    """

    table: str
    name: str
    severity: Severity
    failing: sa.Select[Any] | Callable[[], sa.Select[Any]]
    evaluated: sa.Select[Any]
    meaning: str
    must_apply: bool = False
    count: sa.Select[Any] | None = None

    @property
    def subjects(self) -> sa.Select[Any]:
        """What breaks it, a row each."""
        return self.failing if isinstance(self.failing, sa.Select) else self.failing()


@dataclass(frozen=True)
class CheckResult:
    """One answer. `evaluated_rows` and `failing_rows` count rows of a rule, subjects of a fact."""

    table: str
    check: str
    severity: Severity
    success: bool
    evaluated_rows: int
    failing_rows: int
    detail: str = ""

    @property
    def stops(self) -> bool:
        """Whether this answer alone refuses the night."""
        return not self.success and self.severity is Severity.FAIL


def flag(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """1 where the condition holds, else 0: what `sum` counts on every engine."""
    return sa.case((condition, sa.literal_column("1")), else_=sa.literal_column("0"))
