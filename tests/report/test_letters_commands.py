"""What stands behind each number of a weekly pack: its command, typed as printed, opens the rows that it counts."""

from __future__ import annotations

import inspect
from dataclasses import replace
from datetime import timedelta

import pytest

from crosscheck.cli import look
from report.letters.letter import SHOWN, trace
from report.letters.passed import counted, said
from report.letters.post import Office, compose
from report.letters.rows import Teller
from tests.report.test_letters import piece, voice
from tests.support.letters import DAY, differences, opened, person, told_to
from warehouse.engine import Warehouse
from warehouse.reading import published

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
