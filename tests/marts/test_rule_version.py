"""Which rules hold, and who signed them, as published."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from crosscheck.rules import Head, LeadStates, default_rules
from tests.marts import world
from warehouse.engine import Warehouse

#: What is built; lead_quality stands for all that rules judge.
VERSIONS = ("rule_version", "lead_quality")
SIGNED = {"marketing": "An", "sales": "Bo"}


def signed(states: LeadStates) -> LeadStates:
    return LeadStates({name: replace(file, signed_by=SIGNED, effective_from=date(2026, 1, 1))
                       for name, file in states.files.items()})


def test_every_file_has_its_row(mart_wh: Warehouse) -> None:
    """One row per rule file; a file without both names is a draft, and leads carry their file's version."""
    world.night(mart_wh, states=signed(world.STATES), of=VERSIONS)
    rows = world.rows_of(mart_wh, "rule_version")
    assert [row["rule_file"] for row in rows] == [
        "commitments", "costs", "horizons", "lead_states/hubspot", "lost_reasons", "portrait", "promotions", "sla",
        "test_leads"]
    assert [row["rule_file"] for row in rows if not row["is_draft"]] == ["lead_states/hubspot"]
    states = world.only(rows, rule_file="lead_states/hubspot")
    assert states["rule_version"] == world.STATES.version
    assert (states["signed_by_marketing"], states["signed_by_sales"]) == ("An", "Bo")
    assert states["effective_from"] == "2026-01-01"


def test_a_signature_changes_no_number(mart_wh: Warehouse) -> None:
    """Who signs a draft re-rules nothing; who changes a rule does. What is not given anew still holds."""
    world.put(mart_wh, "lead", {"lead_id": "1", "created_day": world.FIRST})
    world.release(mart_wh, world.night(mart_wh, of=VERSIONS))
    assert not world.night(mart_wh, states=signed(world.STATES), of=VERSIONS).full
    sla = default_rules().sla
    changed = replace(default_rules(), sla=replace(sla, head=Head("another", None, {"marketing": "An"})))
    assert world.night(mart_wh, states=None, rules=changed, of=VERSIONS).full
    rows = world.rows_of(mart_wh, "rule_version")
    assert world.only(rows, rule_file="sla")["rule_version"] == "another"
    assert world.only(rows, rule_file="sla")["is_draft"]
    assert not world.only(rows, rule_file="lead_states/hubspot")["is_draft"]
