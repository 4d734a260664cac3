"""Lists of keys at gate 1: a short one would archive what it forgot, so it stops the night; a true one does not."""

from __future__ import annotations

import pytest

from connectors.base import LoadMode, Output, Stream, StreamKind
from crosscheck.canonical import LEAD_KEY
from crosscheck.windows import Window
from tests.expectations.world import LAST, LEADS, Row, World, add_job, insert, lead_row, technical
from warehouse import ddl

KEYS = Stream("keys", StreamKind.SNAPSHOT, "lead", (Output(LEAD_KEY, LoadMode.SNAPSHOT),), empty_is_normal=True,
              sweeps=LEADS)
HELD, READ = range(300), range(1000, 1030)  # what staging holds, and what tonight's changes bring


def key(number: int) -> Row:
    return {"source": "crm", "lead_id": f"l{number}"}


@pytest.fixture
def keyed(world: World) -> World:
    """The world with a list of keys that names everything, read for the first time."""
    job = add_job(world, "crm", "getfly", "t", stream=KEYS, window=Window(LAST, LAST))
    world.tonight[job.slice_id] = [key(number) for number in (*HELD, *READ)]
    world.judged = ("leads", "keys")
    return world


def gone(keyed: World, numbers: range) -> dict[str, str]:
    """What stops the night when these leads are missing from the list, with its words."""
    missing = {f"l{number}" for number in numbers}
    keyed.keep("keys", lambda row: row["lead_id"] not in missing)
    return {check.check: check.detail for check in keyed.gate_1().failed}


@pytest.mark.parametrize("world", ["duckdb", "postgresql"], indirect=True)
def test_a_collapsed_list_stops_the_night(keyed: World) -> None:
    """A list that lost a fifth of what is held is refused on its first night, when it has no history of its own."""
    stopped = gone(keyed, range(60))
    assert stopped.keys() == {"few records vanish"}
    assert "stream_key=crm/t/keys rows_held=300 rows_gone=60" in stopped["few records vanish"]


@pytest.mark.parametrize("world", ["duckdb", "postgresql"], indirect=True)
def test_ordinary_deletions_pass(keyed: World) -> None:
    """Thirty of three hundred is a clean-up, no collapse."""
    assert gone(keyed, range(30)) == {}


def test_an_empty_list_stops_the_night(keyed: World) -> None:
    """Nothing at all is not believed, even of a stream that may be empty."""
    assert "few records vanish" in gone(keyed, range(2000))


def test_a_tenant_that_lost_all_of_its_few_records_is_asked_about(keyed: World) -> None:
    """Three of three gone is too few for a share, and still everything."""
    lead = ddl.table(LEADS.primary.table)
    keyed.wh.write(lambda conn: conn.execute(lead.delete().where(lead.c.lead_id.not_in(["l1", "l2", "l3"]))))
    assert "few records vanish" in gone(keyed, range(1, 4))


def test_what_the_night_itself_read_is_not_missed(keyed: World) -> None:
    """Changes are read beside the list: those that it does not name yet do not count as vanished."""
    insert(keyed.wh, ddl.table(LEADS.primary.table),
           technical([lead_row(number, LAST) for number in READ], "crm/t/leads", "old"))
    assert gone(keyed, READ) == {}


def test_what_is_archived_already_is_not_missed_again(keyed: World) -> None:
    """Old deletions never add up to a collapse."""
    lead = ddl.table(LEADS.primary.table)
    marked = [f"l{number}" for number in range(60)]
    keyed.wh.write(lambda conn: conn.execute(
        lead.update().where(lead.c.lead_id.in_(marked)).values(is_archived=True)))
    assert gone(keyed, range(60)) == {}


def test_a_real_clearance_is_accepted_by_a_setting(keyed: World) -> None:
    """Whoever has looked says so for one night."""
    gates = keyed.settings.gates.model_copy(update={"vanished_share": 1.0})
    keyed.settings = keyed.settings.model_copy(update={"gates": gates})
    assert gone(keyed, range(200)) == {}
