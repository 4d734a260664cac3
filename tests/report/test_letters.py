"""The letters: the marts' own numbers, the same for both sides, in both languages, and nothing of a customer's."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from crosscheck.cli.look import pairs
from crosscheck.errors import ConfigError
from crosscheck.settings import Letters
from report.letters import forms
from report.letters.daily import exchange
from report.letters.facts import Facts
from report.letters.letter import Letter, Section, Voice
from report.letters.passed import said
from report.letters.post import Office, compose
from report.letters.rows import Teller, promise_row
from report.numbers import Numbers
from report.words import Language
from tests.marts import world
from tests.support.letters import DAY, NAME, person, told_to
from warehouse.engine import Warehouse
from warehouse.reading import published
from warehouse.trace import trace

LAN, BINH = person("Lan", role="head"), person("Bình", "sales")
OWNER = person("Tú", "sales", role="salesperson", owners=["crm/o1"], letters=["daily"])
BOTH = person("Giám đốc", "both", "vi", role="head")


@pytest.fixture(scope="module")
def wh(letters_wh: Warehouse) -> Warehouse:
    """The company after its night."""
    return letters_wh


@pytest.fixture(scope="module")
def daily(wh: Warehouse) -> dict[tuple[str, str], Letter]:
    """By reader and kind, every daily letter."""
    settings = told_to(wh.settings, LAN, BINH, OWNER, BOTH)
    made = compose(settings, DAY, ("daily",), settings.letters.people)
    return {(parcel.person.name, parcel.letter.kind): parcel.letter for parcel in made}


@pytest.fixture(scope="module")
def facts(wh: Warehouse) -> Facts:
    """What they rest on."""
    with published(wh.settings) as conn:
        return Office(wh.settings, conn, DAY).facts


def voice(language: Language = Language.EN) -> Voice:
    return Voice(Numbers(language, "VND", ZoneInfo("Asia/Ho_Chi_Minh")))


def section(letter: Letter, title: str) -> Section:
    return next(one for one in letter.sections if one.title == title)


def cells(letter: Letter, title: str) -> dict[str, tuple[str, ...]]:
    return {row.cells[0]: row.cells[1:] for row in section(letter, title).rows}


def test_each_side_hears_of_the_other(daily: dict[tuple[str, str], Letter]) -> None:
    """Marketing reads what Sales says, Sales what Marketing says, who is of both reads both, a salesperson his own."""
    assert set(daily) == {("Lan", "daily-sales"), ("Bình", "daily-marketing"), ("Tú", "own"),
                          ("Giám đốc", "daily-sales"), ("Giám đốc", "daily-marketing")}


def test_numbers_are_the_marts(wh: Warehouse, daily: dict[tuple[str, str], Letter]) -> None:
    """Every line of what a side gave holds the mart's count of the day."""
    rows = {(row["exchange_side"], row["exchange_item"]): row for row in world.rows_of(wh, "daily_exchange", "mart")
            if row["exchange_day"] == DAY}
    gave = cells(daily["Bình", "daily-marketing"], "What Marketing gave")
    assert gave["New leads"][0] == str(rows["marketing", "leads"]["given_count"]) == "3"
    assert gave["of them qualified so far"][0] == str(rows["marketing", "qualified_leads"]["given_count"]) == "1"
    did = cells(daily["Lan", "daily-sales"], "What Sales gave")
    assert did["Calls made"][0] == str(rows["sales", "calls"]["given_count"]) == "3"
    assert did["Verdicts on leads"][0] == str(rows["sales", "verdicts"]["given_count"]) == "2"
    owed = {row.cells[:2]: row.cells[2] for row in section(daily["Lan", "daily-sales"], "What is still owed").rows}
    assert owed["Sales", "first attempts that are due"] == str(rows["sales", "leads_worked"]["still_owed_count"]) == "1"
    assert owed["Sales", "reasons of lost deals"] == str(rows["sales", "lost_reasons"]["still_owed_count"]) == "1"
    assert owed["Marketing", "answers to appeals"] == "1"


def test_details_add_up_to_their_line(daily: dict[tuple[str, str], Letter]) -> None:
    """The leads by campaign are the day's leads, what sales passed on its day's verdicts; debts have their leads."""
    brought = section(daily["Bình", "daily-marketing"], "Where the new leads came from")
    assert [row.cells[1] for row in brought.rows] == ["3"]
    passed = section(daily["Lan", "daily-sales"], "What Sales passed on")
    name = brought.rows[0].cells[0]
    assert [row.cells for row in passed.rows] == [
        (name, "1", "Hot (1 not decided by the answers)", "crm/b"),
        (name, "1", "Wrong target (1 not decided by the answers)", "crm/c"), (name, "1", "Appeal: Hot", "crm/a"),
        (name, "1", "Note", "crm/a, crm/b"), ("No known campaign", "1", "Deal lost: Price", "no lead on record"),
        ("All campaigns", "1", "Appeals that wait for the answer of Marketing", "crm/a")]
    assert len(section(daily["Lan", "daily-sales"], "Leads that wait for a first attempt").rows) == 1


def test_both_letters_are_built_alike(daily: dict[tuple[str, str], Letter]) -> None:
    """The same sections in the same order, the same shape of tables, and about the same length."""
    told, heard = daily["Giám đốc", "daily-sales"], daily["Giám đốc", "daily-marketing"]
    assert [len(one.head) for one in told.sections] == [len(one.head) for one in heard.sections]
    assert len(told.about) == len(heard.about)
    assert len(told.reading) == len(heard.reading)
    shared = [one.title for one in told.sections if one.title in {other.title for other in heard.sections}]
    assert len(shared) == 3  # debts, waiting leads and appeals are told to both in the same words
    assert 0.6 < len(forms.text(told)) / len(forms.text(heard)) < 1.7


def test_only_a_head_reads_whose_lead_it_is(daily: dict[tuple[str, str], Letter]) -> None:
    """A head sees the salesperson, by name where he gets letters himself; an analyst sees the department."""
    title = "Leads that wait for a first attempt"
    assert cells(daily["Lan", "daily-sales"], title)["crm/idle"][0] == "Tú"
    assert cells(daily["Bình", "daily-marketing"], title)["crm/idle"][0] == "Sales"


def test_a_salesperson_reads_his_own_rows(wh: Warehouse, daily: dict[tuple[str, str], Letter]) -> None:
    """His waiting lead with due time and next action; none of somebody else's leads, and no company total."""
    assert [row.cells[0] for row in daily["Tú", "own"].sections[0].rows] == ["crm/idle"]
    assert "write down the attempt" in daily["Tú", "own"].sections[0].rows[0].cells[2]
    assert daily["Tú", "own"].sections[1].rows == ()
    other = person("Vy", "sales", role="salesperson", owners=["crm/o2"])
    made = compose(told_to(wh.settings, other), DAY, ("daily", "weekly"), [other])
    assert [parcel.letter.kind for parcel in made] == ["own"]
    assert {row.cells[0] for row in made[0].letter.sections[1].rows} == {"crm/a", "crm/b", "crm/c"}


def test_every_command_opens_something(wh: Warehouse, daily: dict[tuple[str, str], Letter]) -> None:
    """Each command of each letter, read as a shell reads it, names rows that are published."""
    pack = compose(told_to(wh.settings, LAN), DAY, ("weekly",), [LAN])[0].letter
    every = {command for letter in (*daily.values(), pack) for command in letter.commands}
    assert len(every) > 15
    for command in every:
        program, verb, mart, *key = shlex.split(command)
        assert (program, verb) == ("crosscheck", "trace")
        assert trace(wh, mart, pairs(key)).rows, command


def test_nothing_of_a_customer_is_told(wh: Warehouse, daily: dict[tuple[str, str], Letter]) -> None:
    """No key, hash, mail or phone of a person is in any form of a letter."""
    facts = world.rows_of(wh, "lead_fact", "mart")
    secrets = {row["person_key"] for row in facts}
    for letter in daily.values():
        whole = forms.text(letter) + forms.html(letter) + forms.chat(letter, "")
        assert not any(secret in whole for secret in secrets)
        assert not re.search(r"\b[\w.]+@[\w.]+\.\w+|\+?84\d{8,}|\b0\d{9}\b", whole)


def test_all_forms_hold_the_same_numbers(daily: dict[tuple[str, str], Letter]) -> None:
    """Every cell of a letter is in its plain text and in its HTML, names made harmless for either."""
    for letter in daily.values():
        text, page = forms.text(letter), forms.html(letter)
        every = {cell for one in letter.sections for row in one.rows for cell in row.cells}
        assert {cell for cell in every if cell not in text or cell not in unescape(page)} == set()
        assert NAME not in page


def test_the_html_is_a_mails(daily: dict[tuple[str, str], Letter]) -> None:
    """Styles stand in the tags, colours are literal, nothing is fetched, and it is far below what gets clipped."""
    for letter in daily.values():
        page = forms.html(letter)
        assert len(page.encode()) < 100_000
        assert 'style="' in page
        assert "var(" not in page
        assert not re.search(r"(?:src|href)=\"(?!cid:)", page)
        assert "<script" not in page


def test_a_chat_message_is_short(daily: dict[tuple[str, str], Letter]) -> None:
    """At most 2,000 characters, obeyed by no chat system, and its last line says where the rest is."""
    letter = daily["Bình", "daily-marketing"]
    long = replace(letter, sections=tuple(replace(one, rows=one.rows * 9) for one in letter.sections * 9))
    for one in (letter, long):
        short = forms.chat(one, "crosscheck letters --preview FOLDER")
        assert len(short) <= 2_000
        assert not set("<>@") & set(short)
        assert short.splitlines()[-1] == "crosscheck letters --preview FOLDER"
    assert forms.chat(replace(long, link="https://r.example/x"), "").endswith("https://r.example/x")


def test_letters_speak_the_readers_language(daily: dict[tuple[str, str], Letter]) -> None:
    """In the Vietnamese letter no text is left in English; numbers are the same."""
    english, vietnamese = daily["Lan", "daily-sales"], daily["Giám đốc", "daily-sales"]
    titles = {one.title for one in english.sections} & {one.title for one in vietnamese.sections}
    assert titles == set()
    counts = [[row.cells[1] for row in one.sections[0].rows] for one in (english, vietnamese)]
    assert counts[0] == counts[1]


def test_unknown_is_not_zero(facts: Facts) -> None:
    """What four weeks have no record of is named as such, and has no line with a zero."""
    told = exchange(facts, voice(), "firm", "sales").sections[0]
    assert "Meetings held" in told.more
    assert "Meetings held" not in {row.cells[0] for row in told.rows}


def piece(kind: str, subject: str | None, lead: str, days: int = 0, **more: Any) -> dict[str, Any]:
    """What sales passed on some days before the day."""
    return {"source": "crm", "lead_id": lead, "feedback_kind": kind, "feedback_id": subject or "n", "support": None,
            "feedback_subject": subject, "given_day": DAY - timedelta(days), "platform": "meta_ads", "account_id": "1",
            "campaign_id": "c1", "is_answer_owed": None, **more}


def test_what_sales_passed_on_is_told_by_day_and_by_week(facts: Facts) -> None:
    """A note about two leads is one note; an appeal waits for its answer however old it is; the rest is cut."""
    many = [piece("verdict", "wrong_target", f"w{number}", campaign_id=f"d{number:02}") for number in range(20)]
    told = Teller(replace(facts, feedback=[
        piece("verdict", "wrong_target", "a", support="supported"), piece("note", None, "a"), piece("note", None, "b"),
        piece("verdict", "wrong_target", "b", 6), piece("appeal", "hot", "z", 40, is_answer_owed=True)]), voice())
    owed = ("All campaigns", "1", "Appeals that wait for the answer of Marketing", "crm/z")
    assert [row.cells for row in said(told).rows] == [
        ("c1", "1", "Wrong target (1 confirmed by the answers)", "crm/a"), ("c1", "1", "Note", "crm/a, crm/b"), owed]
    week = said(told, 7).rows
    assert [row.cells[:2] for row in week] == [("c1", "2"), ("c1", "1"), owed[:2]]
    assert [row.command.split()[-1] for row in (said(told).rows[0], *week)] == [
        "given_day=2026-06-20", "given_day=2026-06-14..2026-06-20", "given_day=2026-06-14..2026-06-20",
        "given_day=..2026-06-20"]
    cut = said(replace(told, facts=replace(facts, feedback=many)))
    assert (len(cut.rows), cut.more) == (15, "and 5 more")


def promise(**values: Any) -> dict[str, Any]:
    return {"agreement": "2026-06", "promise": "in_time", "promised_share": Decimal("0.8"), "is_draft": False,
            "is_over": False, "is_kept": None, "last_day": DAY, "counted_lead_count": 19, "met_lead_count": 10,
            "delivered_rate": None, "delivered_rate_low": None, "delivered_rate_high": None, **values}


def test_a_small_sample_has_no_rate() -> None:
    """Below 20 counted leads a promise shows its parts and no share; from 20 on with its interval."""
    few = promise_row(voice(), promise())
    assert few.cells[2] == "10 of 19: too few for a share"
    many = promise_row(voice(), promise(counted_lead_count=20, delivered_rate=0.5, delivered_rate_low=0.3,
                                        delivered_rate_high=0.7))
    assert many.cells[2] == "50% (30%–70%; 10 of 20)"


@pytest.mark.parametrize(("values", "said"), [
    ({}, "runs until"), ({"is_draft": True}, "draft"), ({"is_over": True, "is_kept": True}, "kept"),
    ({"is_over": True, "is_kept": False}, "not kept"), ({"is_over": True}, "cannot be told")])
def test_what_is_said_of_a_promise(values: dict[str, Any], said: str) -> None:
    """Kept, broken, running, unsigned and unknown are five different things."""
    assert promise_row(voice(), promise(**values)).cells[3].startswith(said)


def test_a_day_that_is_not_published(wh: Warehouse) -> None:
    """Asking for tomorrow's letter is an error with its next step."""
    with pytest.raises(ConfigError, match="nothing is published"):
        compose(told_to(wh.settings, LAN), DAY + timedelta(days=1), ("daily",), [LAN])


@pytest.mark.parametrize("values", [
    {"role": "salesperson"}, {"owners": ["crm/1"]}, {"role": "salesperson", "owners": ["1"], "side": "sales"},
    {"role": "salesperson", "owners": ["crm/1"], "side": "both"}, {"channel": "mailto://x"}, {"language": "fr"}])
def test_people_who_make_no_sense(values: dict[str, Any]) -> None:
    """A salesperson without owner ids, owner ids without a salesperson, and a channel that is no reference."""
    with pytest.raises(ValidationError):
        person(**values)


def test_a_name_gets_each_letter_once() -> None:
    """Two people of one name would share their letters."""
    with pytest.raises(ValidationError):
        Letters(people=(LAN, LAN))
