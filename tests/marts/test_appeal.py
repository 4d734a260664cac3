"""Appeals: what one side says of a lead shows at once, and counts when the other side has signed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crosscheck.errors import ConfigError
from tests.marts import world
from tests.marts.world import noon, put, take
from warehouse import appeals, ddl, ops
from warehouse.appeals import Claim, Word
from warehouse.engine import Warehouse
from warehouse.staging.records import LEAD_TOUCHED
from warehouse.trace import trace

DAY = date(2026, 4, 8)
SINCE = noon(DAY, 30)
AT = datetime(2026, 6, 21, 3, 0, tzinfo=UTC)
OTHER = {"marketing": "sales", "sales": "marketing"}


def word(side: str, hours: float = 0) -> Word:
    return Word(side, {"marketing": "An", "sales": "Bình"}[side], AT + timedelta(hours=hours), "heard it", "call 7")


def claim(lead: str = "a", state: str = "reached", since: datetime | None = SINCE) -> Claim:
    return Claim("crm", lead, state, since and since.replace(tzinfo=UTC))


def agree(wh: Warehouse, what: Claim, hours: float = 0) -> str:
    """Filed by sales, signed by marketing an hour later."""
    name = appeals.file(wh, what, word("sales", hours))
    appeals.sign(wh, name, word("marketing", hours + 1))
    return name


def fill(wh: Warehouse) -> None:
    """By two campaigns: `a` with a repeat and a record merged into that, `c` a wrong target; `b`, `i` by the other."""
    put(wh, "campaign", *({"campaign_id": name} for name in ("c1", "c2")))
    put(wh, "lead", *({"lead_id": name, "created_day": DAY + timedelta(days=later),
                       "utm_campaign": "c2" if name in "bi" else "c1", "person_key": name[0], "is_email_valid": True}
                      for name, later in (("a", 0), ("a2", 1), ("a3", 2), *((one, 0) for one in "bcdefghij"))))
    put(wh, "lead_merge", {"lead_id": "a3", "merged_into_id": "a2"})
    put(wh, "lead_status", *({"lead_id": lead, "status": status, "entered_at": noon(DAY, 24)} for lead, status in (
        ("b", "CONNECTED"), ("i", "CONNECTED"), ("c", "CONNECTED"), ("c", "WRONG"))))


def play(wh: Warehouse, number: int, *, of: Collection[str] = ("appeal", "why_changed"), full: bool = False) -> None:
    """A night, fortnights after the first one, published."""
    world.release(wh, world.night(wh, world.NIGHT + timedelta(days=14 * number), of=of, full=full))


def lead(wh: Warehouse, name: str = "a") -> Mapping[str, Any]:
    return world.only(world.rows_of(wh, "lead_fact", "mart"), lead_id=name)


def appealed(wh: Warehouse, name: str) -> Mapping[str, Any]:
    return world.only(world.rows_of(wh, "appeal", "mart"), appeal_id=name)


def causes(wh: Warehouse) -> dict[str, int]:
    """The changes of qualified leads by cause; no other number may change."""
    rows = world.rows_of(wh, "why_changed", "mart")
    assert {row["changed_metric"] for row in rows} <= {"qualified_count"}
    return {row["change_cause"]: row["change_count"] for row in rows}


def test_an_appeal_counts_when_both_sides_signed(either_wh: Warehouse) -> None:
    """Pending it shows; binding it judges its lead and is the cause, in a full build too; withdrawn, records hold."""
    wh = either_wh
    fill(wh)
    name = appeals.file(wh, claim(), word("sales"))
    play(wh, 0)
    assert (appealed(wh, name)["appeal_status"], lead(wh)["reached_at"], lead(wh)["appeals"]) == ("pending", None, None)
    appeals.sign(wh, name, word("marketing", 1))
    play(wh, 1)
    assert (appealed(wh, name)["appeal_status"], lead(wh)["reached_at"]) == ("binding", SINCE)
    assert (lead(wh)["appeals"], lead(wh)["has_status"], causes(wh)) == (f"reached={name}", False, {"appeal": 1})
    play(wh, 2, full=True)
    assert (lead(wh)["reached_at"], causes(wh)) == (SINCE, {})
    appeals.withdraw(wh, name, word("marketing", 2))
    play(wh, 3)
    row = appealed(wh, name)
    assert (lead(wh)["reached_at"], lead(wh)["appeals"], causes(wh)) == (None, None, {"appeal": -1})
    assert (row["appeal_status"], row["appellant"], row["signed_by_sales"], row["signed_by_marketing"],
            row["withdrawn_by"]) == ("withdrawn", "sales", "Bình", "An", "marketing")


@pytest.fixture(scope="module")
def judged(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A night, then appeals of every kind, and another night that publishes what they make of it."""
    with world.opened(duckdb_template, tmp_path_factory.mktemp("judged")) as wh:
        fill(wh)
        play(wh, 0)
        for hours, (who, state, since) in enumerate((
                ("a", "reached", SINCE), ("a2", "reached", None), ("a3", "lost", SINCE), ("c", "wrong_target", None),
                ("b", "invalid_contact", SINCE), ("d", "hot", SINCE), ("e", "reached", SINCE), ("f", "hot", SINCE),
                ("i", "wrong_target", SINCE), ("j", "hot", SINCE))):
            agree(wh, claim(who, state, since), 2 * hours)
        put(wh, "lead_status", {"lead_id": "c", "status": "WRONG", "entered_at": noon(DAY, 99)},
            {"lead_id": "d", "status": "CONNECTED", "entered_at": noon(DAY, 40)})
        put(wh, "activity", {"lead_id": "g", "activity_id": "x", "occurred_at": noon(DAY, 1), "direction": "outbound",
                             "outcome": "wrong_number"})
        agree(wh, claim("g", "invalid_contact", None), 50)
        take(wh, "lead", {"lead_id": "f"}, {"lead_id": "j"})
        appeals.withdraw(wh, claim("e").name, word("sales", 99))
        play(wh, 1, of=("appeal", "why_changed", "leak_evidence"))
        yield wh


def test_an_appeal_is_about_the_person(judged: Warehouse) -> None:
    """By whichever record it is filed, a repeat or one that was merged away, the first lead is judged by it."""
    newest, lost = claim("a2", since=None).name, claim("a3", "lost").name
    assert (lead(judged)["lost_at"], lead(judged)["appeals"]) == (SINCE, f"reached={newest} lost={lost}")
    assert (lead(judged, "a2")["lost_at"], lead(judged, "a2")["appeals"]) == (None, None)
    assert {appealed(judged, name)["head_lead_id"] for name in (newest, lost)} == {"a"}


def test_the_newest_agreement_counts(judged: Warehouse) -> None:
    """Of two about a person and state the one that was signed last; the other one is told to be superseded."""
    assert appealed(judged, claim().name)["appeal_status"] == "superseded"
    assert appealed(judged, claim("a2", since=None).name)["appeal_status"] == "binding"
    assert lead(judged)["reached_at"] is None


def test_never_takes_a_state_away(judged: Warehouse) -> None:
    """A wrong target that both say is none is qualified, though the CRM says it once more."""
    assert lead(judged, "c")["wrong_target_at"] is None
    assert lead(judged, "c")["reached_at"] == noon(DAY, 24)


def test_what_follows_from_a_state_follows_from_an_appeal(judged: Warehouse) -> None:
    """A contact that both say is dead is no valid lead."""
    assert not lead(judged, "b")["is_valid"]
    assert lead(judged, "h")["is_valid"]


def test_a_withdrawn_agreement_counts_no_more(judged: Warehouse) -> None:
    """It stays on record with both names."""
    row = appealed(judged, claim("e").name)
    assert (row["appeal_status"], row["withdrawn_by"], row["signed_by_marketing"]) == ("withdrawn", "sales", "An")
    assert lead(judged, "e")["appeals"] is None


def test_an_appeal_outlives_its_lead(judged: Warehouse) -> None:
    """Leads that are gone leave their appeals in the open, each of its own person, whoever that was."""
    for name in "fj":
        row = appealed(judged, claim(name, "hot").name)
        assert (row["appeal_status"], row["head_lead_id"], row["campaign_id"]) == ("binding", None, None)


def test_the_change_adds_up_by_cause(judged: Warehouse) -> None:
    """What a status made of `d` is not due to the appeal about another state of it."""
    rows = world.rows_of(judged, "why_changed", "mart")
    assert {(row["changed_metric"], row["campaign_id"], row["change_cause"], row["change_count"]) for row in rows} == {
        ("qualified_count", "c1", "late", 1), ("qualified_count", "c1", "appeal", 1),
        ("qualified_count", "c2", "appeal", -2), ("unique_lead_count", "c1", "vanished", -2)}


def test_a_leak_says_that_it_rests_on_an_appeal(judged: Warehouse) -> None:
    """A contact that both say is dead leaks by it, a wrong target of both is a supported one; who both say is not dead
    leaks for another reason.
    """
    found = {row["lead_id"]: (row["leak_cause"], row["rule_file"], row["rule_version"])
             for row in world.rows_of(judged, "leak_evidence", "mart")}
    name = claim("b", "invalid_contact").name
    assert found["b"] == ("invalid_contact", "appeal", f"invalid_contact={name}")
    assert found["i"][:2] == ("wrong_target", "appeal")
    assert found["g"][:2] == ("given_up_early", "sla")
    assert found["e"][1] == "lead_states"


def test_trace_opens_a_number_to_its_appeals(judged: Warehouse) -> None:
    """Beside a lead and beside the appeal itself stand who signed, why and on what evidence."""
    name = claim("c", "wrong_target", None).name
    for mart, key in (("lead_fact", {"lead_id": "c"}), ("appeal", {"appeal_id": name})):
        assert [(row["appeal_id"], row["side"], row["who"], row["why"], row["evidence"])
                for row in trace(judged, mart, key).appeals] == [
            (name, "sales", "Bình", "heard it", "call 7"), (name, "marketing", "An", "heard it", "call 7")], mart
    assert len(trace(judged, "lead_fact", {"lead_id": "a"}).appeals) == 6
    assert trace(judged, "lead_fact", {"lead_id": "h"}).appeals == []


@pytest.fixture
def filled(mart_wh: Warehouse) -> Warehouse:
    """Leads that were read, of which nothing was published yet."""
    fill(mart_wh)
    return mart_wh


@pytest.mark.parametrize("side", OTHER)
def test_neither_side_is_judge_of_its_own_case(filled: Warehouse, side: str) -> None:
    """Who filed may sign as often as he likes; the other side's same claim is its signature."""
    name = appeals.file(filled, claim(), word(side))
    appeals.sign(filled, name, word(side, 1))
    assert acts(filled) == [(name, side, "signed")]
    assert appeals.file(filled, claim(), word(OTHER[side], 2)) == name
    assert acts(filled) == [(name, "marketing", "signed"), (name, "sales", "signed")]


def test_only_its_own_lead_is_judged_anew(filled: Warehouse) -> None:
    """Exactly the appealed lead is marked."""
    appeals.file(filled, claim("b"), word("sales"))
    with filled.engine.connect() as conn:
        marked = {tuple(row) for row in conn.execute(sa.select(ddl.table(LEAD_TOUCHED)))}
    assert marked == {("crm", "b")}


def test_said_twice_it_stands_once(filled: Warehouse) -> None:
    """Every act is a row written once; what was withdrawn is filed anew under a number, and nothing is lost."""
    name = agree(filled, claim())
    assert agree(filled, claim(), 3) == name
    for hours in (4, 5):
        appeals.withdraw(filled, name, word("sales", hours))
    with pytest.raises(ConfigError, match="was withdrawn"):
        appeals.sign(filled, name, word("sales", 6))
    again = appeals.file(filled, claim(), word("marketing", 7))
    assert again == appeals.file(filled, claim(), word("marketing", 8)) == f"{name}-2"
    assert acts(filled) == [(name, "marketing", "signed"), (name, "sales", "signed"), (name, "sales", "withdrawn"),
                            (again, "marketing", "signed")]


def acts(wh: Warehouse) -> list[tuple[str, str, str]]:
    with wh.engine.connect() as conn:
        return sorted((row.appeal_id, row.side, row.act) for row in conn.execute(sa.select(ops.appeal_act)))


def test_what_cannot_be_appealed_is_refused(filled: Warehouse) -> None:
    """A lead that nobody has read, an appeal that there is not, a signature that was never given."""
    with pytest.raises(ConfigError, match="no night has read a lead nobody"):
        appeals.file(filled, claim("nobody"), word("sales"))
    with pytest.raises(ConfigError, match="no appeal 0a"):
        appeals.sign(filled, "0a", word("sales"))
    name = appeals.file(filled, claim(), word("sales"))
    with pytest.raises(ConfigError, match="marketing has not signed"):
        appeals.withdraw(filled, name, word("marketing"))
    assert acts(filled) == [(name, "sales", "signed")]
