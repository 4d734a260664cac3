"""Facts, counted by the warehouse and judged by Great Expectations, answered as `CheckResult`s.

A query asset would be evaluated twice, once only to learn its columns, and every suite costs its own tenth of a second.
So each table's facts are counted by one query here, and a gate's whole row of counts is judged by one suite.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from crosscheck.redact import redact
from expectations.answers import GX_SEVERITY, by_index, complete, holds, raised, refusal
from expectations.context import Session
from expectations.rules import CheckResult, Fact, Severity
from warehouse.engine import Warehouse

_SUBJECTS_SHOWN = 5
_ODD, _LONGEST = re.compile(r"[^\w ().,-]+", re.ASCII), 58
#: The count of what could not be counted: no number of failures, and never a pass.
_UNKNOWN = -1


@dataclass(frozen=True)
class _Count:
    """How many subjects break a fact, among how many; `error` when the question itself failed."""

    failing: int
    evaluated: int
    error: str = ""


def check_facts(wh: Warehouse, gx: Session, gate: int, name: str, facts: Sequence[Fact]) -> list[CheckResult]:
    """The answers to facts, all in one suite; subjects are read only for what failed."""
    if not facts:
        return [refusal(name, "the suite is empty: nothing was checked")]
    counts = [count for _, group in groupby(facts, key=lambda fact: fact.table) for count in _counted(wh, list(group))]
    title, names = f"gate {gate} {name}", _names(facts)
    row = ", ".join(f'{count.failing} AS "{column}"' for count, column in zip(counts, names, strict=True))
    asked = [_zero(fact, at, column) for at, (fact, column) in enumerate(zip(facts, names, strict=True))]
    found = gx.validate_query(title, f"SELECT {row}", asked)
    gx.keep(title, found)
    answers = by_index(found)
    results = [_answer(wh, fact, answers.get(at), counts[at]) for at, fact in enumerate(facts)]
    return results + complete(name, len(facts), found)


def _counted(wh: Warehouse, facts: Sequence[Fact]) -> list[_Count]:
    """One query for all; when it fails, one for each, so that only the fact that cannot be asked is without answer."""
    queries = [query.scalar_subquery() for fact in facts for query in (
        sa.select(sa.func.count()).select_from(fact.subjects.subquery()) if fact.count is None else fact.count,
        fact.evaluated)]
    try:
        with wh.engine.connect() as conn:
            row = conn.execute(sa.select(*(query.label(f"n_{at}") for at, query in enumerate(queries)))).one()
    except sa.exc.SQLAlchemyError as error:
        if len(facts) == 1:
            return [_Count(_UNKNOWN, 0, str(getattr(error, "orig", error)).splitlines()[0])]
        return [count for fact in facts for count in _counted(wh, [fact])]
    numbers = [int(number or 0) for number in row]
    return [_Count(failing, evaluated) for failing, evaluated in zip(numbers[::2], numbers[1::2], strict=True)]


def _names(facts: Sequence[Fact]) -> list[str]:
    """The facts as columns, for the reader of the Data Docs: as much of each as PostgreSQL keeps of a name."""
    return [f"{_ODD.sub(' ', f'{fact.table} - {fact.name}')[:_LONGEST]} {at}" for at, fact in enumerate(facts, 1)]


def _zero(fact: Fact, at: int, column: str) -> Any:
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnMaxToBeBetween(column=column, min_value=0, max_value=0, severity=GX_SEVERITY[fact.severity],
                                          meta={"at": at, "rule": fact.name, "notes": fact.meaning})


def _answer(wh: Warehouse, fact: Fact, result: Any | None, count: _Count) -> CheckResult:
    broken = count.error or ("was not evaluated" if result is None else raised(result))
    if not broken and fact.must_apply and not count.evaluated:
        broken = "nothing to look at: a pass would mean nothing"
    failing = max(count.failing, 0)
    detail = broken or (_subjects(wh, fact) if failing else "")
    return CheckResult(fact.table, fact.name, Severity.FAIL if broken else fact.severity,
                       holds(result) and not broken, count.evaluated, failing, redact(detail)[:1000])


def _subjects(wh: Warehouse, fact: Fact) -> str:
    with wh.engine.connect() as conn:
        rows = conn.execute(fact.subjects.limit(_SUBJECTS_SHOWN)).mappings().all()
    shown = "; ".join(" ".join(f"{key}={_text(value)}" for key, value in row.items()) for row in rows)
    return f"{fact.meaning}: {shown}"


def _text(value: Any) -> str:
    text = f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    return text.rstrip("0").rstrip(".") if "." in text and hasattr(value, "as_tuple") else text
