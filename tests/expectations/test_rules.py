"""Rules follow from the record, and nothing that could not be evaluated passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from crosscheck.canonical import AD_DAILY, CANONICAL, CONTACT, FX_RATE
from crosscheck.tables import TECHNICAL
from expectations.context import session
from expectations.derive import derive
from expectations.docs import folder
from expectations.facts import check_facts
from expectations.rules import CheckResult, Fact, Rule, Severity
from expectations.run import check_table
from tests.conftest import ENGINES
from tests.expectations.world import AS_OF, World
from warehouse import ddl
from warehouse.marts import appeal, campaign_charter, commitments, lead_fact


def rules(name: str) -> dict[str, Rule]:
    """The rules of an incoming table, by name."""
    record = next(record for record in CANONICAL if record.name == name)
    return {rule.name: rule for rule in derive(record, as_of=AS_OF, expect_rows=True, incoming=True)}


def test_every_required_column_of_every_table_has_a_rule() -> None:
    """Nobody has to remember it when a column is added."""
    for record in CANONICAL:
        filled = {rule.column for rule in rules(record.name).values() if rule.name.endswith("is filled")}
        assert filled == {c.name for c in record.columns if c.required} - set(TECHNICAL)


def test_days_end_where_the_earliest_clock_is() -> None:
    """An account 14 hours ahead of UTC has a tomorrow already; nobody has a day more."""
    bounds = rules("ad_daily")["day is plausible"].arguments
    assert bounds["max_value"].isoformat() == "2026-11-22"


def test_a_rate_of_zero_is_refused_and_a_later_closing_day_only_told() -> None:
    """Zero would make revenue vanish; a salesperson may date a deal ahead."""
    assert rules("fx_rate")["fx_rate is plausible"].arguments["strict_min"] is True
    assert rules("deal")["closed_day is plausible"].quarantines is False
    assert rules("fx_rate")["day is plausible"].quarantines is False


def test_what_people_plan_may_lie_ahead() -> None:
    """A promise is of days to come, an appeal by the clock of whoever files it; a lead's day is neither."""
    for mart, column, is_bound in ((commitments, "last_day", False), (campaign_charter, "last_day", False),
                                   (appeal, "binding_at", False), (lead_fact, "created_day", True)):
        derived = derive(mart.RECORD, as_of=AS_OF, expect_rows=False)
        rule = next(rule for rule in derived if rule.name == f"{column} is plausible")
        assert (rule.arguments["max_value"] is not None) == is_bound


def test_rule_names_are_unique_per_table() -> None:
    """They are keys of `ops.check_result` and of the alert's fingerprint."""
    for record in CANONICAL:
        found = derive(record, as_of=datetime(2026, 1, 1, tzinfo=UTC), expect_rows=True)
        assert len({rule.name for rule in found}) == len(found)


def checked(world: World, *wanted: Rule) -> list[CheckResult]:
    """Answers about the spend in incoming."""
    where = folder(world.settings, world.run.run_id)
    with session(world.wh, where, world.run.run_id, AS_OF) as gx:
        return check_table(world.wh, gx, 1, AD_DAILY, wanted, schema="incoming")


def test_an_empty_suite_is_a_failure(world: World) -> None:
    """Great Expectations calls it a success."""
    assert [result.stops for result in checked(world)] == [True]


def test_an_empty_table_where_rows_are_expected_is_a_failure(world: World) -> None:
    """Every row rule would hold vacuously."""
    assert [result.stops for result in checked(world, *rules("ad_daily").values())] == [True]


def test_a_rule_that_raises_is_a_failure_even_when_it_only_warns(world: World) -> None:
    """Unknown is not passed."""
    world.gate_1()
    broken = replace(rules("ad_daily")["click_count is plausible"], arguments={"column": "no_such", "min_value": 0},
                     failing=None)
    assert broken.severity is Severity.WARN
    results = checked(world, broken)
    assert any(result.stops and result.detail for result in results)


def test_a_fact_about_nothing_fails_where_it_must_apply(world: World) -> None:
    """No slice staged means that the accounting was not checked."""
    nothing = sa.select(sa.literal(1).label("x")).where(sa.false())
    counted = sa.select(sa.func.count()).select_from(nothing.subquery())
    fact = Fact("slice", "f", Severity.WARN, nothing, counted, "m", must_apply=True)
    with session(world.wh, folder(world.settings, "r"), "r", AS_OF) as gx:
        assert [result.stops for result in check_facts(world.wh, gx, 1, "x", [fact])] == [True]
        free = check_facts(world.wh, gx, 1, "y", [replace(fact, must_apply=False)])
    assert [result.success for result in free] == [True]


@pytest.mark.parametrize("world", ENGINES, indirect=True)
def test_a_fact_that_cannot_be_counted_fails_alone(world: World) -> None:
    """It is answered with the engine's reason and stops even as a warning; its neighbours are counted as ever."""
    days = sa.select(ddl.table(AD_DAILY).c.day)
    every = sa.select(sa.func.count()).select_from(days.subquery())
    held = Fact("ad_daily", "held", Severity.FAIL, days.where(sa.false()), every, "m")
    wrong = replace(held, name="wrong", failing=days.where(sa.cast(sa.literal("x"), sa.Integer) == 1),
                    severity=Severity.WARN)
    broken = replace(held, name="broken", failing=days)
    with session(world.wh, folder(world.settings, "r"), "r", AS_OF) as gx:
        results = check_facts(world.wh, gx, 2, "x", [held, wrong, broken])
    assert [(result.success, result.stops) for result in results] == [(True, False), (False, True), (False, True)]
    assert results[0].evaluated_rows == results[2].failing_rows > 0
    assert (results[1].failing_rows, "int" in results[1].detail.lower()) == (0, True)


def test_no_value_of_a_person_reaches_results_or_pages(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A malformed contact is counted; its address stays where it was."""
    secret = "person@example.vn"
    found = derive(CONTACT, as_of=AS_OF, expect_rows=False, incoming=True)
    assert {rule.column for rule in found} <= {"source", "lead_id", ""}
    for row in world.rows("spend", "a1"):
        row["level"] = secret
    result = world.gate_1()
    where = folder(world.settings, world.run.run_id)
    texts = [page.read_text(encoding="utf-8", errors="ignore") for page in where.rglob("*") if page.is_file()]
    assert texts
    assert not any(secret in text for text in [*texts, caplog.text, str(result)])


def test_rates_know_their_currencies() -> None:
    """Both sides of a rate are ISO codes."""
    names = {rule.name for rule in derive(FX_RATE, as_of=AS_OF, expect_rows=False)}
    assert {"from_currency is a known value", "to_currency is a known value"} <= names
