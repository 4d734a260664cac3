"""A Monday's night of a small company writes to five people, each in his language, and to nobody else, and once.

The night is a real one, the mail server too; the two chat services answer as theirs do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from crosscheck.cli.demo import stage
from crosscheck.settings import Settings, load
from flows.night import Night, night
from report.letters.post import compose
from sandbox.company import make_company
from sandbox.model import Company
from tests.cli.conftest import say
from tests.e2e.test_leaks import Canaries
from tests.support.letters import differences
from tests.support.post import Post, part, pictures, posting
from tests.support.services import Service, serving
from warehouse.engine import open_warehouse
from warehouse.reading import published_rows

pytestmark = [pytest.mark.pages, pytest.mark.xdist_group("letters-night"), pytest.mark.timeout(600)]
DAY, WEEK = date(2026, 11, 22), timedelta(6)  # a Sunday; the night after it is the first of the company's three
TOKEN = "123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI"
PEOPLE = """
[letters]
link = "https://reports.example/today"
people = [
  { name = "Lan", side = "marketing", language = "vi", role = "head", channel = "env:TO_LAN" },
  { name = "Ben", side = "sales", language = "en", role = "head", channel = "env:TO_BEN" },
  { name = "Giang", side = "both", language = "en", letters = ["weekly"], channel = "env:TO_GIANG" },
  { name = "Tú", side = "sales", role = "salesperson", owners = ["hubspot/7003"], channel = "env:TO_TU" },
  { name = "Vy", side = "sales", role = "salesperson", owners = ["hubspot/7001"], channel = "env:TO_VY" },
]
"""
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Morning:
    """What arrived by the morning: of the night, and of the same night played once more."""

    company: Company
    settings: Settings
    config: Path
    nights: list[Night]
    mails: list[EmailMessage]
    chats: dict[str, str]
    taken: list[int]  # messages of all kinds, after each
    rows: Rows

    def mail(self, name: str, subject: str) -> EmailMessage:
        """The one mail to somebody with these words in its subject."""
        (found,) = [mail for mail in self.mails if str(mail["To"]).startswith(name) and subject in mail["Subject"]]
        return found

    def line(self, side: str, item: str, measure: str = "given_count") -> int:
        """A number of the exchange's day."""
        return int(sum(row[measure] or 0 for row in self.rows["daily_exchange"] if row["exchange_day"] == DAY
                       and (row["exchange_side"], row["exchange_item"]) == (side, item)))

    def waiting(self) -> dict[str, str | None]:
        """The leads that waited in the evening, with whoever has them."""
        evening = next(row["ends_at"] for row in self.rows["daily_exchange"] if row["exchange_day"] == DAY)
        return {f"{row['source']}/{row['lead_id']}": row["owner_id"] for row in self.rows["sla_breach"]
                if row["due_at"] < evening and (row["responded_at"] is None or row["responded_at"] >= evening)}


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    """The night, twice."""
    from apprise.plugins.telegram import NotifyTelegram

    company = make_company(scale=0.1, last_night=DAY + timedelta(3))
    with (stage(tmp_path_factory.mktemp("letters-night") / "demo", company=company) as play, posting() as post,
          serving(lambda *_: (200, {"ok": True, "result": {}})) as chat, pytest.MonkeyPatch.context() as env):
        env.setattr(NotifyTelegram, "notify_url", f"{chat.url}/telegram")
        env.setenv("CROSSCHECK_STORE__DATA_DOCS", "false")
        for name in ("LAN", "BEN", "GIANG"):
            env.setenv(f"TO_{name}", post.address(name.lower()))
        env.setenv("TO_TU", f"zalo://{TOKEN}/chat-of-tu?base={chat.url}")
        env.setenv("TO_VY", f"tgram://{TOKEN}/12315544/")
        text = play.config.read_text(encoding="utf-8")
        play.config.write_text(text.replace("[alerts]", f"{PEOPLE}\n[alerts]", 1), encoding="utf-8")
        yield _played(play.config, company, play.dawn(1), post, chat)


def _played(config: Path, company: Company, as_of: datetime, post: Post, chat: Service) -> Morning:
    """The night, and once more for the sake of one source, as somebody repeats a night by hand."""
    settings, nights, taken = load(config), [], []
    for only in ((), ("fx",)):
        nights.append(night(settings, as_of, only=only))
        taken.append(len(post.mails) + len(chat.asked))
    rows = published_rows(settings, ["daily_exchange", "sla_breach", "commitments", "leak_waterfall"])
    chats = {str(body["chat_id"]): str(body["text"]) for _path, body in chat.asked}
    return Morning(company, settings, config, nights, post.mails, chats, taken, rows)


def cells(mail: EmailMessage) -> list[list[str]]:
    """Every row of a mail's tables, without notes."""
    page = re.sub(r' <span class="note"[^>]*>.*?</span>', "", part(mail, "html"))
    rows = ([unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
            for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL))
    return [row for row in rows if row]


def test_each_person_gets_his_letters_once(morning: Morning) -> None:
    """Heads the other side's day and the week, the director the week, salespeople their own day, in their languages;
    the same night played again is published, and sends nothing.
    """
    assert [one.outcome.value for one in morning.nights] == ["published"] * 2
    assert morning.taken == [7, 7]
    assert sorted((str(mail["To"]), mail["Content-Language"], mail["Subject"]) for mail in morning.mails) == [
        ("ben@firm.example", "en", "demo: Marketing to Sales, 22 Nov 2026"),
        ("ben@firm.example", "en", "demo: the week of both departments, 16 Nov 2026 to 22 Nov 2026"),
        ("giang@firm.example", "en", "demo: the week of both departments, 16 Nov 2026 to 22 Nov 2026"),
        ("lan@firm.example", "vi", "demo: Kinh doanh gửi Marketing, 22 thg 11, 2026"),
        ("lan@firm.example", "vi", "demo: tuần làm việc của hai phòng, 16 thg 11, 2026 đến 22 thg 11, 2026")]
    assert set(morning.chats) == {"chat-of-tu", "12315544"}
    assert all("lead của bạn đang chờ liên hệ lần đầu" in text for text in morning.chats.values())
    assert all(text.endswith("https://reports.example/today") for text in morning.chats.values())


def test_numbers_are_those_that_were_published(morning: Morning) -> None:
    """Work, debts, a promise's share with its interval, in the reader's own way of writing."""
    lan, ben = cells(morning.mail("lan", "gửi Marketing")), cells(morning.mail("ben", "to Sales"))
    assert next(row[1] for row in lan if row[0] == "Người được chăm sóc") == str(morning.line("sales", "leads_worked"))
    assert next(row[1] for row in ben if row[0] == "New leads") == str(morning.line("marketing", "leads"))
    owed = morning.line("sales", "leads_worked", "still_owed_count")
    assert ["Sales", "first attempts that are due", str(owed)] in [row[:3] for row in ben]
    assert morning.line("sales", "leads_worked") + morning.line("marketing", "leads") + owed > 0
    promise = next(one for one in morning.rows["commitments"]
                   if (one["agreement"], one["promise"]) == ("2026-11", "in_time"))
    kept = next(row[2] for row in lan if row[0] == "2026-11: Liên hệ đúng hạn")
    assert kept.startswith(f"{promise['delivered_rate']:.0%} (")
    assert kept.endswith(f"; {promise['met_lead_count']} trên {promise['counted_lead_count']})")


def test_a_waiting_lead_is_named_to_whose_it_is(morning: Morning) -> None:
    """Salespeople read their own waiting leads and no others; heads all of them; the director reads nobody's id."""
    waiting = morning.waiting()
    for chat, owner in (("chat-of-tu", "7003"), ("12315544", "7001")):
        mine = {lead for lead, whose in waiting.items() if whose == owner}
        assert mine
        assert set(re.findall(r"\b(?:hubspot|getfly)/\d+", morning.chats[chat])) & set(waiting) == mine
    for mail in (morning.mail("lan", "gửi Marketing"), morning.mail("ben", "to Sales")):
        assert {row[0] for row in cells(mail)} >= set(waiting)
    owners = {lead.owner_id for lead in morning.company.leads}
    named = re.findall(r"\b(?:hubspot|getfly)/(\d+)", part(morning.mail("giang", "week"), "plain"))
    assert named
    assert not owners & set(named)


def test_nothing_of_a_customer_leaves(morning: Morning) -> None:
    """No name, phone or address of any customer is in any mail, workbook or message."""
    canaries = Canaries.of(morning.company)
    names = {lead.name for lead in morning.company.leads} - {"Test"}  # a colleague who tries a form
    texts = [*morning.chats.values(), *(part(mail, kind) for mail in morning.mails for kind in ("plain", "html"))]
    texts += [str(cell.value) for mail in morning.mails for book in books(mail) for sheet in book
              for row in sheet for cell in row if cell.value]
    for text in texts:
        assert canaries.found(text) == []
        assert [name for name in names if name in text] == []


def test_each_mail_has_its_parts(morning: Morning) -> None:
    """Text and HTML side by side, each picture of the HTML within, and a workbook in the weekly ones alone."""
    for mail in morning.mails:
        assert len(part(mail, "plain")) > 1_000
        drawn = pictures(mail)
        assert drawn
        assert set(re.findall(r'src="cid:([^"]+)"', part(mail, "html"))) == set(drawn)
        assert all(picture.startswith(b"\x89PNG") for picture in drawn.values())
    assert [len(list(books(mail))) for mail in morning.mails] == [
        "week" in mail["Subject"] or "tuần" in mail["Subject"] for mail in morning.mails]


def books(mail: EmailMessage) -> Iterator[Any]:
    """The workbooks of a mail."""
    for attached in mail.iter_attachments():
        yield openpyxl.load_workbook(BytesIO(attached.get_content()))


def test_the_workbook_sums_to_the_marts(morning: Morning) -> None:
    """All leaks, and what sales passed on in the week, which is what the exchange counts of it."""
    (book,) = books(morning.mail("ben", "week"))
    assert sum(row["Leads"] for row in _told(book["Leaks"])) == sum(
        row["lead_count"] for row in morning.rows["leak_waterfall"])
    passed = [row for row in _told(book["Passed on"]) if row["From"]]
    kinds = {("sales", item) for item in ("notes", "verdicts", "lost_reasons", "appeals")}
    assert sum(row["Pieces"] for row in passed) == sum(
        row["given_count"] for row in morning.rows["daily_exchange"] if DAY - WEEK <= row["exchange_day"] <= DAY
        and (row["exchange_side"], row["exchange_item"]) in kinds)
    answer = say(*passed[0]["Command that opens it"].split()[1:], "--json", "--config", morning.config)
    assert len({row["lead_id"] for row in answer.json["rows"]}) == passed[0]["Leads"]


def _told(sheet: Any) -> list[dict[str, Any]]:
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_every_count_of_the_week_opens(morning: Morning) -> None:
    """The commands of the pack that was sent, typed, show as many as the pack says."""
    ben = next(person for person in morning.settings.letters.people if person.name == "Ben")
    (pack,) = compose(morning.settings, DAY, ("weekly",), [ben])
    with open_warehouse(morning.settings, lock=False) as wh:
        number, wrong = differences(wh, pack.letter)
    assert wrong == []
    assert number > 30
    sent = part(morning.mail("ben", "week"), "plain")
    assert all(command in sent for command in pack.letter.commands)
