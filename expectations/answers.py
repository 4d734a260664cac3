"""How answers of Great Expectations are read: a vacuous pass is a failure.

It calls an empty suite, an empty batch and an all-null column a success, and a warning a failure. So the number of
answers, the exceptions and the severities are read here, not from its `success`.
"""

from __future__ import annotations

from typing import Any

from expectations.rules import CheckResult, Severity

GX_SEVERITY = {Severity.FAIL: "critical", Severity.WARN: "warning"}


def by_index(found: Any) -> dict[int, Any]:
    """Answers by the number that their expectation was asked under."""
    return {result.expectation_config.meta["at"]: result for result in found.results}


def raised(result: Any) -> str:
    """The first exception of an answer; metrics report theirs by their own id, one level deeper."""
    info = result.exception_info or {}
    several = [info] if "raised_exception" in info else list(info.values())
    return next((str(one.get("exception_message")) for one in several if one.get("raised_exception")), "")


def holds(result: Any | None) -> bool:
    """Whether an answer was given, without an exception, and is yes."""
    return result is not None and bool(result.success) and not raised(result)


def complete(name: str, expected: int, found: Any) -> list[CheckResult]:
    """Fail closed when an answer is missing: fewer evaluated than asked."""
    answered = found.statistics["evaluated_expectations"]
    if answered == expected == len(found.results):
        return []
    return [refusal(name, f"{expected} checks were asked, {answered} answered")]


def refusal(name: str, why: str) -> CheckResult:
    """The gate's own failure."""
    return CheckResult(name, "the gate itself", Severity.FAIL, success=False, evaluated_rows=0, failing_rows=0,
                       detail=why)
