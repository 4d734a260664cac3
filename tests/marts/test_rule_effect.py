"""What any changed rule file did to the published totals, and nothing else: one night's records by two versions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from crosscheck.rules import Costs, Head, MonthlyCost, Promotion, Promotions, Rules, default_rules
from crosscheck.rules.kept import reread, written
from tests.marts import world
from tests.marts.test_rule_change import SIGNED, states
from tests.marts.world import STATES, noon, put
from warehouse import ddl
from warehouse.engine import Warehouse
from warehouse.staging.records import RULE_CONTENT

DAY = date(2026, 4, 8)
#: What is built here: a table per file; a night of all of them would tell no more.
SOME = ("rule_change_effect", "rule_version", "campaign_roi_closed", "sla_breach", "off_promotion")
FEWER = SOME[:2] + SOME[3:]
Moved = dict[tuple[str, str, str], tuple[Any, Any]]
LATER = states(SIGNED, LATER=("reached", "potential"))


def fill(wh: Warehouse) -> None:
    """`a` bought at a discount, `b` said later; both were called after half an hour."""
    put(wh, "lead", *({"lead_id": name, "created_day": DAY} for name in "ab"))
    put(wh, "lead_status", {"lead_id": "a", "status": "CONNECTED", "entered_at": noon(DAY, 24)},
        {"lead_id": "b", "status": "LATER", "entered_at": noon(DAY, 24)})
    put(wh, "activity", *({"lead_id": name, "activity_id": name, "occurred_at": noon(DAY, 0.5), "direction": "outbound",
                           "outcome": "busy"} for name in "ab"))
    put(wh, "deal", {"deal_id": "d", "lead_id": "a", "closed_day": DAY, "deal_amount": 450, "discount_amount": 50})


def sooner(minutes: int = 29, name: str = "sooner") -> Rules:
    """Every kind of lead has to be called within so many minutes."""
    old = world.RULES.sla
    kinds = tuple(replace(kind, minutes=minutes, in_business_hours=False) for kind in old.kinds)
    return replace(world.RULES, sla=replace(old, kinds=kinds, head=Head(name, None, SIGNED)))


def sale() -> Rules:
    """Whoever bought that day could have a tenth off, and had to be called soon."""
    allowed = Promotion("april", None, DAY, DAY, Decimal("0.1"))
    return replace(sooner(), promotions=Promotions(Head("sale", None, SIGNED), (allowed,)))


def play(wh: Warehouse, number: int, rules: Rules, by: world.LeadStates = STATES, *, publish: bool = True,
         full: bool = False) -> Moved:
    """A night; old and new total of what its changed rules moved, by file, table and measure."""
    at = world.NIGHT + timedelta(days=14 * number)
    report = world.night(wh, at, states=by, of=SOME if by is LATER or full else FEWER, rules=rules, full=full)
    if publish:
        world.release(wh, report)
    rows = world.rows_of(wh, "rule_change_effect", "mart" if publish else "mart_next")
    return {(row["rule_file"], row["moved_table"], row["moved_measure"]): tuple(
        row[f"{word}_total_count"] if row[f"{word}_total_reporting_amount"] is None
        else row[f"{word}_total_reporting_amount"] for word in ("old", "new"))
        for row in rows if row["changed_day"] == (at + timedelta(hours=7)).date()}


def test_each_file_is_told_apart(either_wh: Warehouse) -> None:
    """Three files change, and the night brings a lead and a deal of its own, which no rule moved; a quiet night and a
    full one keep the rows.
    """
    fill(either_wh)
    assert play(either_wh, 0, world.RULES) == {}
    put(either_wh, "lead", {"lead_id": "x", "created_day": DAY})
    put(either_wh, "deal", {"deal_id": "x", "lead_id": "x", "closed_day": DAY, "deal_amount": 90,
                            "discount_amount": 10})
    told = play(either_wh, 1, sale(), LATER)
    assert told["lead_states", "campaign_roi_closed", "qualified_count"] == (1, 2)
    assert told["sla", "sla_breach", "row_count"] == (1, 3)
    assert told["promotions", "off_promotion", "row_count"] == (2, 0)
    assert {key[0] for key in told} == {"lead_states", "sla", "promotions"}
    with either_wh.engine.connect() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(ddl.table(RULE_CONTENT))) == len(vars(sale())) + 2
    published = world.rows_of(either_wh, "rule_change_effect", "mart")
    assert play(either_wh, 2, sale(), LATER) == {}
    play(either_wh, 2, sale(), LATER, publish=False, full=True)
    assert world.rows_of(either_wh, "rule_change_effect") == published


def test_what_was_never_published_is_no_version(mart_wh: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused night leaves no trace; the next one is compared with what readers have. A night by the same rules, if
    newly signed, rehearses nothing.
    """
    fill(mart_wh)
    play(mart_wh, 0, world.RULES)
    first = play(mart_wh, 1, sooner(), publish=False)
    assert first["sla", "sla_breach", "row_count"] == (0, 2)
    with monkeypatch.context() as patch:
        patch.setattr(Warehouse, "rehearse", None)
        head = replace(world.RULES.sla.head, signed_by=SIGNED)
        same = replace(world.RULES, sla=replace(world.RULES.sla, head=head))
        assert play(mart_wh, 2, same, publish=False) == {}
    assert play(mart_wh, 3, sooner()) == first


def test_what_nobody_kept_is_not_told(mart_wh: Warehouse) -> None:
    """Of a file whose old text an older Crosscheck kept otherwise nothing is known; the other one is told."""
    fill(mart_wh)
    play(mart_wh, 0, world.RULES)
    content = ddl.table(RULE_CONTENT)
    mart_wh.write(lambda conn: conn.execute(
        sa.update(content).where(content.c.rule_file == "sla").values(rule_content="{}")))
    assert {key[0] for key in play(mart_wh, 1, sale())} == {"promotions"}


COSTS = Costs(Head("c", None, {}), "VND", Decimal("0.3"), {date(2026, 4, 1): MonthlyCost(Decimal(70), None)})


@pytest.mark.parametrize("rules", [default_rules(), world.COLLECTED, replace(sale(), costs=COSTS)],
                         ids=["shipped", "collected", "changed"])
def test_what_a_file_says_is_kept(rules: Rules) -> None:
    """Word by word, number by number."""
    for part in vars(rules).values():
        assert reread(type(part), written(part)) == part
    assert reread(type(rules.sla), "{}") is None
