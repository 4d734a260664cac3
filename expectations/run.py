"""Rules about the rows of one table, asked of Great Expectations, answered as `CheckResult`s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from crosscheck.redact import redact
from crosscheck.tables import Table
from expectations.answers import GX_SEVERITY, by_index, complete, holds, raised, refusal
from expectations.context import Session
from expectations.rules import CheckResult, Rule, Severity, flag
from warehouse import ddl
from warehouse.engine import Warehouse

_STREAMS_SHOWN = 5


def check_table(wh: Warehouse, gx: Session, gate: int, record: Table, rules: Sequence[Rule], *,
                schema: str) -> list[CheckResult]:
    """The answers to the rules of one table. An empty table is asked nothing but whether it may be empty."""
    table = ddl.table(record, schema)
    if not rules:
        return [refusal(record.name, "the suite is empty: nothing was checked")]
    total = _scalar(wh, sa.select(sa.func.count()).select_from(table))
    if total == 0:
        return [_when_empty(record, rules)]
    name = f"gate {gate} {schema}.{record.name}"
    found = gx.validate_table(name, schema, record.name, [_expectation(rule, at) for at, rule in enumerate(rules)])
    answers = by_index(found)
    failing = _failing_rows(wh, table, record, [r for at, r in enumerate(rules) if not holds(answers.get(at))])
    results = [_answer(rule, answers.get(at), total, failing) for at, rule in enumerate(rules)]
    results = [_placed(wh, table, rule, result) for rule, result in zip(rules, results, strict=True)]
    _show_counts(answers, results)
    gx.keep(name, found)
    return results + complete(record.name, len(rules), found)


def _expectation(rule: Rule, at: int) -> Any:
    import great_expectations.expectations as gxe

    return getattr(gxe, rule.expectation)(
        **rule.arguments, severity=GX_SEVERITY[rule.severity], meta={"at": at, "rule": rule.name})


def _answer(rule: Rule, result: Any | None, total: int, failing: dict[str, int]) -> CheckResult:
    broken = "was not evaluated" if result is None else raised(result)
    severity = Severity.FAIL if broken else rule.severity
    return CheckResult(rule.table, rule.name, severity, holds(result), total, failing.get(rule.name, 0),
                       redact(broken)[:300])


def _placed(wh: Warehouse, table: sa.Table, rule: Rule, result: CheckResult) -> CheckResult:
    """The answer with the streams whose rows fail, most first: whoever reads it must know where to look."""
    if not result.failing_rows or rule.failing is None or "stream_key" not in table.c:
        return result
    count = sa.func.count()
    query = (sa.select(table.c.stream_key, count).where(rule.failing(table)).group_by(table.c.stream_key)
             .order_by(count.desc()).limit(_STREAMS_SHOWN))
    with wh.engine.connect() as conn:
        shown = "; ".join(f"{stream} {number:,} rows" for stream, number in conn.execute(query))
    return replace(result, detail=redact(f"{result.detail} {shown}".strip())[:1000])


def _when_empty(record: Table, rules: Sequence[Rule]) -> CheckResult:
    if any(rule.name == "has rows" for rule in rules):
        return CheckResult(record.name, "has rows", Severity.FAIL, success=False, evaluated_rows=0, failing_rows=0,
                           detail="no rows where rows are expected")
    return CheckResult(record.name, "has rows", Severity.WARN, success=True, evaluated_rows=0, failing_rows=0,
                       detail="no rows, and none expected")


def _failing_rows(wh: Warehouse, table: sa.Table, record: Table, rules: Sequence[Rule]) -> dict[str, int]:
    """How many rows break each rule that failed, counted in the warehouse."""
    counts = [(rule.name, _count(table, record, rule)) for rule in rules]
    asked = [(name, query) for name, query in counts if query is not None]
    if not asked:
        return {}
    row = _row(wh, sa.select(*(query.label(f"c_{at}") for at, (_, query) in enumerate(asked))))
    return {name: int(value or 0) for (name, _), value in zip(asked, row, strict=True)}


def _count(table: sa.Table, record: Table, rule: Rule) -> sa.ScalarSelect[Any] | None:
    if rule.failing is not None:
        return sa.select(sa.func.sum(flag(rule.failing(table)))).select_from(table).scalar_subquery()
    if rule.name == "key is unique":
        repeated = (sa.select(sa.func.count().label("n")).select_from(table)
                    .group_by(*(table.c[name] for name in record.key)).having(sa.func.count() > 1).subquery())
        return sa.select(sa.func.sum(repeated.c.n - 1)).scalar_subquery()
    return None


def _show_counts(answers: dict[int, Any], results: Sequence[CheckResult]) -> None:
    """Put our counts into the result, so that the Data Docs show numbers and still no values."""
    for at, result in answers.items():
        answer = results[at]
        share = 100.0 * answer.failing_rows / max(answer.evaluated_rows, 1)
        result.result.update({"element_count": answer.evaluated_rows, "unexpected_count": answer.failing_rows,
                              "unexpected_percent": share})


def _scalar(wh: Warehouse, query: sa.Select[Any]) -> int:
    return int(_row(wh, query)[0] or 0)


def _row(wh: Warehouse, query: sa.Select[Any]) -> sa.Row[Any]:
    with wh.engine.connect() as conn:
        return conn.execute(query).one()
