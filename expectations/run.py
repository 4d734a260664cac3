"""Rules and facts, asked of Great Expectations, answered as `CheckResult`s; a vacuous pass is a failure.

Great Expectations calls an empty suite, an empty batch and an all-null column a success, and a warning a failure.
So the number of answers, the exceptions and the severities are read here, not from its `success`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from crosscheck.redact import redact
from crosscheck.tables import Table
from expectations.context import Session
from expectations.rules import CheckResult, Fact, Rule, Severity, flag
from warehouse import ddl
from warehouse.engine import Warehouse

_GX_SEVERITY = {Severity.FAIL: "critical", Severity.WARN: "warning"}
_SUBJECTS_SHOWN = 5
#: What would be taken for a parameter where the text is bound again.
_COLON, _ESCAPED = re.compile(r"(?<![:\w\\]):(?=\w)"), r"\\:"


def check_table(wh: Warehouse, gx: Session, gate: int, record: Table, rules: Sequence[Rule], *,
                schema: str) -> list[CheckResult]:
    """The answers to the rules of one table. An empty table is asked nothing but whether it may be empty."""
    table = ddl.table(record, schema)
    if not rules:
        return [_refusal(record.name, "the suite is empty: nothing was checked")]
    total = _scalar(wh, sa.select(sa.func.count()).select_from(table))
    if total == 0:
        return [_when_empty(record, rules)]
    name = f"gate {gate} {schema}.{record.name}"
    found = gx.validate_table(name, schema, record.name, [_expectation(rule, at) for at, rule in enumerate(rules)])
    answers = _by_index(found.results)
    failing = _failing_rows(wh, table, record, [r for at, r in enumerate(rules) if not _success(answers.get(at))])
    results = [_answer(rule, answers.get(at), total, failing) for at, rule in enumerate(rules)]
    results = [_placed(wh, table, rule, result) for rule, result in zip(rules, results, strict=True)]
    _show_counts(answers, results)
    gx.keep(name, found)
    return results + _complete(record.name, len(rules), found)


def check_facts(wh: Warehouse, gx: Session, gate: int, name: str, facts: Sequence[Fact]) -> list[CheckResult]:
    """The answers to facts: one query of counts, validated at once; subjects are read only for what failed."""
    if not facts:
        return [_refusal(name, "the suite is empty: nothing was checked")]
    title = f"gate {gate} {name}"
    query = compiled(wh, sa.select(*(
        sa.select(sa.func.count()).select_from(fact.failing.subquery()).scalar_subquery().label(f"fact_{at}")
        for at, fact in enumerate(facts))))
    found = gx.validate_query(title, query, [_zero(fact, at) for at, fact in enumerate(facts)])
    gx.keep(title, found)
    answers = _by_index(found.results)
    evaluated = _row(wh, sa.select(*(fact.evaluated.scalar_subquery().label(f"n_{at}")
                                     for at, fact in enumerate(facts))))
    results = [_fact_answer(wh, fact, answers.get(at), int(evaluated[at] or 0)) for at, fact in enumerate(facts)]
    return results + _complete(name, len(facts), found)


def compiled(wh: Warehouse, query: sa.Select[Any]) -> str:
    """A query as the text that a query asset takes: literals inside, SELECT first, safe from a second binding."""
    text = str(query.compile(wh.engine, compile_kwargs={"literal_binds": True}))
    if wh.dialect == "postgresql":
        text = text.replace("%%", "%")  # doubled for the driver, and doubled again when it is read as text
    return f"SELECT * FROM ({_COLON.sub(_ESCAPED, text)}) AS asked"


def _expectation(rule: Rule, at: int) -> Any:
    import great_expectations.expectations as gxe

    return getattr(gxe, rule.expectation)(
        **rule.arguments, severity=_GX_SEVERITY[rule.severity], meta={"at": at, "rule": rule.name})


def _zero(fact: Fact, at: int) -> Any:
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnMaxToBeBetween(
        column=f"fact_{at}", min_value=0, max_value=0, severity=_GX_SEVERITY[fact.severity],
        meta={"at": at, "rule": fact.name, "notes": fact.meaning})


def _by_index(results: Sequence[Any]) -> dict[int, Any]:
    return {result.expectation_config.meta["at"]: result for result in results}


def _raised(result: Any) -> str:
    """The first exception of an answer; metrics report theirs by their own id, one level deeper."""
    info = result.exception_info or {}
    several = [info] if "raised_exception" in info else list(info.values())
    return next((str(one.get("exception_message")) for one in several if one.get("raised_exception")), "")


def _success(result: Any | None) -> bool:
    return result is not None and bool(result.success) and not _raised(result)


def _answer(rule: Rule, result: Any | None, total: int, failing: dict[str, int]) -> CheckResult:
    broken = "was not evaluated" if result is None else _raised(result)
    severity = Severity.FAIL if broken else rule.severity
    return CheckResult(rule.table, rule.name, severity, _success(result), total, failing.get(rule.name, 0),
                       redact(broken)[:300])


def _placed(wh: Warehouse, table: sa.Table, rule: Rule, result: CheckResult) -> CheckResult:
    """The answer with the streams whose rows fail, most first: whoever reads it must know where to look."""
    if not result.failing_rows or rule.failing is None or "stream_key" not in table.c:
        return result
    count = sa.func.count()
    query = (sa.select(table.c.stream_key, count).where(rule.failing(table)).group_by(table.c.stream_key)
             .order_by(count.desc()).limit(_SUBJECTS_SHOWN))
    with wh.engine.connect() as conn:
        shown = "; ".join(f"{stream} {number:,} rows" for stream, number in conn.execute(query))
    return replace(result, detail=redact(f"{result.detail} {shown}".strip())[:1000])


def _fact_answer(wh: Warehouse, fact: Fact, result: Any | None, evaluated: int) -> CheckResult:
    broken = "was not evaluated" if result is None else _raised(result)
    if not broken and fact.must_apply and not evaluated:
        broken = "nothing to look at: a pass would mean nothing"
    observed = 0 if result is None else int(result.result.get("observed_value") or 0)
    detail = broken or (_subjects(wh, fact) if observed else "")
    return CheckResult(fact.table, fact.name, Severity.FAIL if broken else fact.severity,
                       _success(result) and not broken, evaluated, observed, redact(detail)[:1000])


def _subjects(wh: Warehouse, fact: Fact) -> str:
    with wh.engine.connect() as conn:
        rows = conn.execute(fact.failing.limit(_SUBJECTS_SHOWN)).mappings().all()
    shown = "; ".join(" ".join(f"{key}={_text(value)}" for key, value in row.items()) for row in rows)
    return f"{fact.meaning}: {shown}"


def _text(value: Any) -> str:
    text = f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    return text.rstrip("0").rstrip(".") if "." in text and hasattr(value, "as_tuple") else text


def _complete(name: str, expected: int, found: Any) -> list[CheckResult]:
    """Fail closed when an answer is missing: fewer evaluated than asked."""
    answered = found.statistics["evaluated_expectations"]
    if answered == expected == len(found.results):
        return []
    return [_refusal(name, f"{expected} checks were asked, {answered} answered")]


def _refusal(name: str, why: str) -> CheckResult:
    return CheckResult(name, "the gate itself", Severity.FAIL, success=False, evaluated_rows=0, failing_rows=0,
                       detail=why)


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
