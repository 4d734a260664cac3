"""What we spare Great Expectations changes nothing of what it answers."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from crosscheck.canonical import AD_DAILY
from expectations import context
from expectations.derive import derive
from expectations.run import _expectation
from tests.expectations.world import AS_OF, World


def _answers(world: World, folder: Path) -> list[dict[str, Any]]:
    """Every answer about the staged ad rows: the record's own rules, and one that cannot hold."""
    rules = (*derive(AD_DAILY, as_of=AS_OF, expect_rows=True),
             *derive(AD_DAILY, as_of=AS_OF.replace(year=2001), expect_rows=False))
    with context.session(world.wh, folder, "run", AS_OF) as gx:
        asked = [_expectation(rule, at) for at, rule in enumerate(rules)]
        found = gx.validate_table("ad rows", "staging", "ad_daily", asked)
    answers: list[dict[str, Any]] = [result.to_json_dict() for result in found.results]
    for answer in answers:
        answer["expectation_config"]["kwargs"].pop("batch_id", None)
    return answers


def test_keeping_an_expectations_configuration_changes_no_answer(world: World, tmp_path: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    """Held against the library as it comes: the same successes, failures, settings and counts, in the same order."""
    kept = _answers(world, tmp_path / "kept")
    monkeypatch.setattr(context, "_configured_once", nullcontext)
    assert kept == _answers(world, tmp_path / "as it comes")
    assert {answer["success"] for answer in kept} == {True, False}
