"""What a changed rule moved, and nothing else: the records of one night by two versions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.marts import world
from tests.marts.world import STATES, noon, put
from warehouse.engine import Warehouse

DAY = date(2026, 4, 8)
SIGNED = {"marketing": "An", "sales": "Bình"}


def states(signed_by: dict[str, str] | None = None, **meanings: tuple[str, ...]) -> world.LeadStates:
    """The rules of these tests, some words of them with another meaning."""
    changed = {("status", word): meant for word, meant in meanings.items()}
    return world.LeadStates({"hubspot": world.RuleFile("hubspot", None, signed_by or {}, {
        **STATES.files["hubspot"].statuses, **changed})})


def play(wh: Warehouse, number: int, by: world.LeadStates, *, publish: bool = True) -> dict[str, dict[str, Any]]:
    """A night by some rules, and what is published of changed ones, by state."""
    report = world.night(wh, world.NIGHT + timedelta(days=14 * number), states=by, of=["rule_change_impact"])
    if publish:
        world.release(wh, report)
    rows = world.rows_of(wh, "rule_change_impact", "mart" if publish else "mart_next")
    assert len({(row["old_rule_version"], row["ruled_state"]) for row in rows}) == len(rows)
    return {row["ruled_state"]: row for row in rows if row["new_rule_version"] == by.version}


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    """Old, new, in, out, redated."""
    return tuple(row[f"{name}_count"] for name in ("old_rule", "new_rule", "moved_in", "moved_out", "redated"))


def fill(wh: Warehouse) -> None:
    """`a` later, with a repeat that counts nowhere; `b` later and reached the day after; `c` reached and dead."""
    put(wh, "lead", *({"lead_id": name, "created_day": DAY, "created_at": noon(DAY, hour), "person_key": name[0]}
                      for hour, name in enumerate(("a", "a2", "b", "c"))))
    put(wh, "lead_status", *({"lead_id": lead, "status": status, "entered_at": noon(DAY, hours)}
                             for lead, status, hours in (("a", "LATER", 9), ("a2", "LATER", 9), ("b", "LATER", 9),
                                                         ("b", "CONNECTED", 33), ("c", "CONNECTED", 9),
                                                         ("c", "DEAD", 10))))


def test_the_rule_alone_is_told(either_wh: Warehouse) -> None:
    """Leads in and out by state, though the same night brings leads and statuses of its own; old = new - in + out."""
    fill(either_wh)
    assert play(either_wh, 0, STATES) == {}
    put(either_wh, "lead", {"lead_id": "d", "created_day": DAY})
    put(either_wh, "lead_status", {"lead_id": "d", "status": "CONNECTED", "entered_at": noon(DAY, 9)})
    by = states(SIGNED, LATER=("reached", "potential"), DEAD=("lost",))
    rows = play(either_wh, 1, by)
    assert {state: counts(row) for state, row in rows.items()} == {
        "attempted": (0, 0, 0, 0, 0), "reached": (3, 4, 1, 0, 1), "hot": (0, 0, 0, 0, 0), "potential": (2, 2, 0, 0, 0),
        "wrong_target": (0, 0, 0, 0, 0), "invalid_contact": (1, 0, 0, 1, 0), "lost": (0, 1, 1, 0, 0),
        "qualified": (2, 4, 2, 0, 0)}
    one = rows["reached"]
    assert (one["rule_file"], one["source"], one["old_rule_version"], one["new_rule_version"], one["is_draft"]) == (
        "lead_states", "crm", STATES.version, by.version, False)
    assert one["changed_day"] == (world.NIGHT + timedelta(days=14, hours=7)).date()
    assert play(either_wh, 2, by) == rows  # a night without a change keeps them
    published = world.rows_of(either_wh, "rule_change_impact", "mart")
    world.night(either_wh, world.NIGHT + timedelta(days=28), states=by, of=["rule_change_impact"], full=True)
    assert world.rows_of(either_wh, "rule_change_impact") == published


def test_a_draft_is_told_as_one(mart_wh: Warehouse) -> None:
    """One signature is not enough; a rule that goes back is a change of its own."""
    fill(mart_wh)
    play(mart_wh, 0, STATES)
    draft = states({"marketing": "An"}, LATER=())
    assert play(mart_wh, 1, draft)["potential"]["is_draft"]
    assert counts(play(mart_wh, 2, STATES)["potential"]) == (0, 2, 2, 0, 0)
    assert len(world.rows_of(mart_wh, "rule_change_impact", "mart")) == 16


def test_what_was_never_published_is_no_version(mart_wh: Warehouse) -> None:
    """A refused night's rule leaves no trace: the next one is compared with what readers have."""
    fill(mart_wh)
    play(mart_wh, 0, STATES)
    assert counts(play(mart_wh, 1, states(LATER=()), publish=False)["potential"]) == (2, 0, 0, 2, 0)
    assert play(mart_wh, 2, STATES, publish=False) == {}
    rows = play(mart_wh, 3, states(LATER=("hot",)))
    assert {row["old_rule_version"] for row in rows.values()} == {STATES.version}
    assert counts(rows["hot"]) == (0, 2, 2, 0, 0)
