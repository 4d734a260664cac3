"""Sweeping on both engines: what a list of keys lacks is archived and told, and nothing else is."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from connectors.base import LoadMode, Output, Stream, StreamKind
from crosscheck.canonical import DEAL, DEAL_KEY, LEAD, LEAD_KEY
from tests.support.landed import DEALS, LEADS, NIGHT_1, NIGHT_2, NIGHT_3
from warehouse import incoming, ops, stage
from warehouse.staging.records import LEAD_TOUCHED

LEAD_KEYS = Stream("lead_keys", StreamKind.SNAPSHOT, "", (Output(LEAD_KEY, LoadMode.SNAPSHOT),), sweeps=LEADS)
DEAL_KEYS = Stream("deal_keys", StreamKind.SNAPSHOT, "", (Output(DEAL_KEY, LoadMode.SNAPSHOT),), sweeps=DEALS)


def ids(name, *numbers):
    """Rows that hold no more than a key."""
    return [{"source": "crm", name: number} for number in numbers]


def play(desk, as_of, *parts):
    """One night that stages several streams together; `parts` are stream, table, rows and where they belong."""
    run = desk.begin(as_of)
    incoming.clear(desk.wh)
    batch = [desk.load(run, stream, {table: rows}, **{"source": "crm", **where})
             for stream, table, rows, where in parts]
    stage.stage_slices(desk.wh, run, batch)
    return batch


@pytest.fixture
def held(desk):
    """Three leads of one tenant and one of another, read on the first night."""
    play(desk, NIGHT_1, (LEADS, "lead", ids("lead_id", "1", "2", "3"), {}),
         (LEADS, "lead", ids("lead_id", "9"), {"account": "2"}))
    return desk


def archived(desk, record=LEAD):
    """The ids that are marked."""
    return [row[0] for row in desk.rows(record, record.key[1], "is_archived") if row[1]]


def test_a_missing_key_archives_its_record_and_no_other(held):
    """Of one tenant's leads the one without a key is marked; another tenant's leads are not asked about."""
    play(held, NIGHT_2, (LEAD_KEYS, "lead_key", ids("lead_id", "1", "3"), {}))
    assert archived(held) == ["2"]
    assert len(held.rows(LEAD)) == 4


def test_the_change_is_told_with_the_list_that_showed_it(held):
    """The restatement names the record, both values and the slice of keys; the lead's own payload stays its own."""
    ((job, _),) = play(held, NIGHT_2, (LEAD_KEYS, "lead_key", ids("lead_id", "1", "3"), {}))
    columns = ("table_name", "row_key", "column_name", "old_value", "new_value", "change", "slice_id")
    assert held.rows(ops.restatement, *columns) == [
        ("lead", "crm|2", "is_archived", "false", "true", "changed", job.slice_id)]
    assert job.slice_id not in {row[0] for row in held.rows(LEAD, "slice_id")}


def test_a_second_night_tells_nothing_new(held):
    """A list that still lacks the key changes and tells nothing."""
    for night in (NIGHT_2, NIGHT_3):
        play(held, night, (LEAD_KEYS, "lead_key", ids("lead_id", "1", "3"), {}))
    assert (archived(held), len(held.rows(ops.restatement))) == (["2"], 1)


def test_a_key_that_comes_back_clears_the_mark(held):
    """What was restored from the vendor's bin is a lead again, and that is told, too."""
    play(held, NIGHT_2, (LEAD_KEYS, "lead_key", ids("lead_id", "1", "3"), {}))
    play(held, NIGHT_3, (LEAD_KEYS, "lead_key", ids("lead_id", "1", "2", "3"), {}))
    assert archived(held) == []
    assert held.rows(ops.restatement, "old_value", "new_value") == [("false", "true"), ("true", "false")]


def test_what_the_night_itself_read_is_there(held):
    """A record read tonight, made or changed after the list was, is not taken for deleted; the next night decides."""
    fresh = (LEADS, "lead", ids("lead_id", "2", "4"), {})
    play(held, NIGHT_2, fresh, (LEAD_KEYS, "lead_key", ids("lead_id", "1", "3"), {}))
    assert archived(held) == []
    play(held, NIGHT_3, (LEAD_KEYS, "lead_key", ids("lead_id", "1", "3", "4"), {}))
    assert archived(held) == ["2"]


def test_a_night_without_the_list_changes_nothing(held):
    """When the list was refused, yesterday's marks stand."""
    play(held, NIGHT_2, (LEAD_KEYS, "lead_key", ids("lead_id", "1", "3"), {}))
    play(held, NIGHT_3, (LEADS, "lead", ids("lead_id", "5"), {}))
    assert archived(held) == ["2"]


def test_an_archived_record_asks_for_its_numbers_again(held):
    """Once something is published, the lead behind a vanished deal is marked to be judged anew."""
    play(held, NIGHT_2, (DEALS, "deal", [{"source": "crm", "deal_id": "d", "lead_id": "3"}], {}))
    published = sa.insert(ops.publication).values(
        run_id="before", as_of=NIGHT_2.replace(tzinfo=None), tables="{}", state="done")
    held.wh.write(lambda conn: conn.execute(published))
    play(held, NIGHT_3, (DEAL_KEYS, "deal_key", ids("deal_id", "other"), {}))
    assert (archived(held, DEAL), held.rows(LEAD_TOUCHED)) == (["d"], [("crm", "3")])
