"""What stands behind each number of a weekly pack: its command, typed as printed, opens the rows that it counts."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from crosscheck.cli import look
from crosscheck.settings import Settings
from report.letters.letter import SHOWN, trace
from report.letters.passed import counted, said
from report.letters.post import Office, compose
from report.letters.rows import Teller
from tests.marts.world import rows_of
from tests.report.test_letters import piece, voice
from tests.support.letters import DAY, TOLD, differences, opened, person, told_to
from warehouse.ddl import create, table
from warehouse.engine import Warehouse, open_warehouse
from warehouse.migrations import migrate
from warehouse.reading import published
from warehouse.trace import find

LAN = person("Lan", role="head")


@pytest.fixture(scope="module")
def wh(letters_wh: Warehouse) -> Warehouse:
    """The company whose week is published."""
    return letters_wh


@pytest.fixture(scope="module")
def teller(wh: Warehouse) -> Teller:
    """Who tells the week."""
    with published(wh.settings) as conn:
        return Teller(Office(wh.settings, conn, DAY).facts, voice())


def test_every_count_of_the_pack_is_what_its_command_opens(wh: Warehouse) -> None:
    """Work, feedback, leaks, ratios, campaigns, debts and disagreements, each by its own rows of its own days."""
    pack = compose(told_to(wh.settings, LAN), DAY, ("weekly",), [LAN])[0].letter
    number, wrong = differences(wh, pack)
    assert wrong == []
    assert number > 20


def test_what_the_workbook_counts_is_what_its_command_opens(wh: Warehouse, teller: Teller) -> None:
    """Each row of what sales passed on names the rows of its campaign, kind and week, and no others."""
    lines = counted(teller, 7)
    for line in lines:
        rows = opened(wh, line["command"])
        assert len({(row["source"], row["lead_id"]) for row in rows if row["lead_id"] != "(none)"}) == line["leads"]
    assert sum(line["pieces"] for line in lines if line["first_day"]) == 5
    assert [line["pieces"] for line in lines if not line["first_day"]] == [1]


def test_the_workbook_cuts_nothing(teller: Teller) -> None:
    """The letter shows fifteen rows and says how many more there are; the sheet has them all, and old debts apart."""
    many = [piece("verdict", "wrong_target", f"w{number}", campaign_id=f"d{number:02}") for number in range(20)]
    old = piece("appeal", "hot", "z", 40, is_answer_owed=True)
    told = Teller(replace(teller.facts, feedback=[*many, old]), voice())
    lines = counted(told, 7)
    assert len(said(told, 7).rows) == 16
    assert len(lines) == 21
    assert (lines[0]["first_day"], lines[0]["last_day"]) == (DAY - timedelta(days=6), DAY)
    assert (lines[-1]["first_day"], lines[-1]["pieces"]) == (None, 1)


def test_a_large_count_is_opened_whole() -> None:
    """Beyond what a trace shows unasked, the command asks for as many rows as there are."""
    assert [trace("contradiction", {"responsible": "sales"}, rows).split()[4:] for rows in (50, 51)] == [
        [], ["--limit", "51"]]
    assert inspect.signature(look.trace).parameters["limit"].default == SHOWN


def test_postgresql_answers_the_same(settings_for: Callable[[str], Settings], wh: Warehouse) -> None:
    """Over the same rows it tells the same letters, word by word, and has a workbook."""
    people = (LAN, person("Tú", "sales", role="salesperson", owners=["crm/o1"]))
    server = settings_for("postgresql").model_copy(update={"project": wh.settings.project})
    here, there = (told_to(settings, *people) for settings in (wh.settings, server))
    read = (*TOLD, "lead_fact", "appeal", "sla_breach", "source_freshness", "metric_coverage")
    with open_warehouse(there) as other:
        migrate(other)
        for mart in (table(find(name).record, "mart") for name in read):
            rows = rows_of(wh, mart.name, "mart")
            other.write(lambda conn, mart=mart: create(conn, [mart]))
            if rows:
                other.write(lambda conn, mart=mart, rows=rows: conn.execute(sa.insert(mart), rows))
    ours, theirs = (compose(settings, DAY, ("daily", "weekly"), people) for settings in (here, there))
    assert [parcel.letter for parcel in theirs] == [parcel.letter for parcel in ours]
    assert [bool(parcel.workbook) for parcel in theirs] == [False, True, False]
