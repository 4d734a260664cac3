"""`crosscheck appeal` at the command line: filed by one side, signed by the other, each error with what to do next."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crosscheck.settings import load
from tests.cli.conftest import say
from tests.marts.world import FIRST, NIGHT, put
from warehouse import ledger, open_warehouse

CLAIM = ("crm/1", "reached", "--since", "2026-03-02T10:15+07:00")
WORDS = ("--as", "sales", "--who", "Bình", "--why", "called from the showroom", "--evidence", "call 8812")


@pytest.fixture
def shop(here: Path, duckdb_template: Path) -> Path:
    """A warehouse that has read one lead."""
    (here / "crosscheck.toml").write_text("[[sources]]\nname='crm'\nconnector='hubspot'\n")
    (here / "var").mkdir()
    shutil.copy(duckdb_template, here / "var/warehouse.duckdb")
    with open_warehouse(load(here / "crosscheck.toml")) as wh:
        ledger.begin_run(wh, "nightly", NIGHT)
        put(wh, "lead", {"lead_id": "1", "created_day": FIRST})
    return here


def test_an_appeal_from_filing_to_withdrawal(shop: Path) -> None:
    """Each answer says where the appeal stands and what comes next; the list has every act with its words."""
    filed = say("appeal", "file", *CLAIM, *WORDS, "--json")
    name = filed.json["appeal_id"]
    assert (filed.code, filed.err, filed.json["status"]) == (0, "", "pending")
    again = say("appeal", "file", *CLAIM, *WORDS)
    assert f"crosscheck appeal sign {name} --as marketing" in again.err
    signed = say("appeal", "sign", name, "--as", "marketing", "--who", "An")
    assert (signed.code, f"appeal {name} is binding" in signed.err, "crosscheck run" in signed.err) == (0, True, True)
    gone = say("appeal", "withdraw", name, "--as", "marketing", "--who", "An", "--why", "not his call", "--json")
    assert gone.json["status"] == "withdrawn"
    listed = say("appeal", "list", "crm/1", "--json").json["appeals"]
    assert {(act["act"], act["side"], act["who"], act["why"]) for act in listed} == {
        ("signed", "sales", "Bình", "called from the showroom"), ("signed", "marketing", "An", None),
        ("withdrawn", "marketing", "An", "not his call")}
    assert {(act["state"], act["since_at"]) for act in listed} == {("reached", "2026-03-02T03:15:00")}
    assert "no appeal" in say("appeal", "list", "crm/2").err


REFUSED = {
    "no such lead": (("crm/2", *CLAIM[1:], *WORDS), 3, "no night has read a lead 2 of crm"),
    "no source": (("1", *CLAIM[1:], *WORDS), 2, "write hubspot/42"),
    "no such state": (("crm/1", "warm", "--never", *WORDS), 2, "one of attempted, reached, hot"),
    "a deal's state": (("crm/1", "closed", "--never", *WORDS), 3, "correct the record in the CRM"),
    "neither since nor never": (("crm/1", "reached", *WORDS), 2, "--since"),
    "both": ((*CLAIM, "--never", *WORDS), 2, "either --since"),
    "no zone": (("crm/1", "reached", "--since", "2026-03-02T10:15", *WORDS), 2, "names no zone"),
    "yet to come": ((*CLAIM, *WORDS, "--at", "2026-03-01T00:00Z"), 2, "is yet to come"),
    "no reason": ((*CLAIM, *WORDS[:4], "--why", " ", *WORDS[6:]), 2, "--why is empty"),
    "no evidence": ((*CLAIM, *WORDS[:6]), 2, "evidence"),
    "no side": ((*CLAIM, "--as", "director", *WORDS[2:]), 2, "marketing"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_off_is_said_with_the_next_step(shop: Path, case: str) -> None:
    """Exit code and sentence; nothing is filed."""
    words, code, sentence = REFUSED[case]
    answer = say("appeal", "file", *words)
    assert (answer.code, answer.out) == (code, "")
    assert sentence in " ".join(answer.err.split())
    assert "Traceback" not in answer.err
    assert say("appeal", "list", "--json").json == {"appeals": []}


def test_help_shows_an_example(here: Path) -> None:
    """Of every word."""
    for verb in ("file", "sign", "withdraw", "list"):
        assert f"crosscheck appeal {verb}" in " ".join(say("appeal", verb, "--help").out.split())
    assert say("appeal", "list").code == 3  # no configuration
