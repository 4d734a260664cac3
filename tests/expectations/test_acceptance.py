"""A person may accept a change that looks like a broken reading, for one run, with a reason; never a wrong number."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from crosscheck.errors import ConfigError
from expectations.acceptance import AGAINST_HISTORY, Acceptance, acceptable
from expectations.rules import Severity
from tests.expectations.test_nights import set_all
from tests.expectations.world import World
from warehouse import ops

SILENT = "ad_daily: no column goes silent"
REASON = "clicks are not reported any more"


@pytest.mark.nights
def test_an_accepted_check_is_told_and_stops_nothing(world: World) -> None:
    """The gate passes, and the check is a warning that names who accepted it and why, in the ledger too."""
    set_all("click_count", None)(world)
    assert acceptable(world.gate_1().failed) == [SILENT]
    result = world.ask(1, accepted=Acceptance((SILENT,), REASON, "an"))
    assert result.passed
    (told,) = [check for check in result.warned if check.check == "no column goes silent"]
    assert (told.severity, told.success) == (Severity.WARN, False)
    assert told.detail.startswith(f"accepted by an: {REASON} · ")
    with world.wh.engine.connect() as conn:
        kept = conn.execute(sa.select(ops.check_result).where(ops.check_result.c.check_name == told.check)).all()
    assert {(row.severity, row.success) for row in kept if row.table_name == "ad_daily"} == {("warn", False)}


@pytest.mark.nights
def test_nothing_else_is_accepted_with_it(world: World) -> None:
    """The same check of another table, and another check of this table, still stop the night."""
    set_all("click_count", None)(world)
    set_all("spend_amount", Decimal(0))(world)
    world.gate_1()
    for name in ("lead: no column goes silent", SILENT):
        assert not world.ask(1, accepted=Acceptance((name,), REASON, "an")).passed


@pytest.mark.parametrize("name", ["ad_daily: currency_code is filled", "slice: every row is accounted for",
                                  "no column goes silent", "ad_daily: "])
def test_what_says_that_numbers_are_wrong_cannot_be_accepted(name: str) -> None:
    """Nor a check without its table; the error lists what can be."""
    with pytest.raises(ConfigError, match="cannot be accepted") as caught:
        Acceptance((name,), REASON, "an")
    assert all(check in caught.value.fix for check in AGAINST_HISTORY)


def test_an_acceptance_has_a_reason() -> None:
    """Blanks are none."""
    with pytest.raises(ConfigError, match="needs its reason"):
        Acceptance((SILENT,), "  ", "an")


def test_every_check_that_can_be_accepted_exists() -> None:
    """By name, among the checks that gates make."""
    gates = "\n".join(file.read_text() for file in (Path(__file__).parents[2] / "expectations").glob("*.py")
                      if file.name != "acceptance.py")
    assert [check for check in AGAINST_HISTORY if f'"{check}"' not in gates] == []
