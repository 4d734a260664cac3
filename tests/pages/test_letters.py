"""Letters through a real mail server and a real webhook: their parts, and that each arrives once, whoever is killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest

from crosscheck.settings import load
from flows.letters import Sent, deliver, night_letters, with_letters, write
from flows.outbox import Delivery
from flows.outbox import deliver as deliver_alerts
from sandbox.sink import Sink
from tests.marts import world
from tests.support import letters
from tests.support.letters import DAY, NAME, person, told_to
from tests.support.post import Post, part, pictures, posting
from warehouse.engine import open_warehouse

pytestmark = [pytest.mark.pages, pytest.mark.xdist_group("letters")]
CONFIG = """
[[letters.people]]
name = "Lan"
side = "marketing"
language = "en"
channel = "env:MAIL_LAN"
role = "head"

[[letters.people]]
name = "Bình"
side = "sales"
channel = "env:MAIL_BINH"
"""


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """A mail server on a free port, behind the references of the people."""
    with posting() as kept:
        for name in ("LAN", "BINH"):
            monkeypatch.setenv(f"MAIL_{name}", kept.address(name.lower()))
        yield kept


@pytest.fixture(scope="module")
def built(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a company after its night."""
    home = tmp_path_factory.mktemp("letters")
    with letters.company(duckdb_template, home):
        pass
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """A copy of it, with two people to write to."""
    shutil.copytree(built / "var", tmp_path / "var")
    (tmp_path / "crosscheck.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def send(home: Path, *words: str, fault: str = "") -> tuple[int, dict[str, Any]]:
    """`crosscheck letters --send` in a process of its own; its exit code and what it did."""
    done = subprocess.run([sys.executable, "-m", "crosscheck", "letters", "--send", "--day", str(DAY), "--json",
                           "--config", str(home / "crosscheck.toml"), *words], capture_output=True, text=True,
                          check=False, env=os.environ | {"CROSSCHECK_FAULT": fault}, timeout=200)
    return done.returncode, json.loads(done.stdout)["delivery"] if done.stdout else {}


def send_here(home: Path, *, again: bool = False) -> Sent:
    """The same in this process, which costs no start of another."""
    settings, now = load(home / "crosscheck.toml"), datetime.now(UTC)
    with open_warehouse(settings) as wh:
        write(wh, settings, DAY, ("daily",), now)
        return deliver(wh, settings, now, again=again)


def test_a_daily_mail_has_all_its_parts(home: Path, post: Post) -> None:
    """Plain text and HTML side by side with the same numbers, pictures by CID, styles inlined, far below 100 KB."""
    assert send(home)[0] == 0
    mail = next(one for one in post.mails if one["To"] == "lan@firm.example")
    text, shown, drawn = part(mail, "plain"), part(mail, "html"), pictures(mail)
    assert len(shown.encode()) < 100_000
    assert set(re.findall(r'src="cid:([^"]+)"', shown)) == set(drawn) == {"marketing-leads", "sales-leads_worked"}
    assert all(picture.startswith(b"\x89PNG") for picture in drawn.values())
    counts = re.findall(r'<td class="number"[^>]*>([\d.,]+)</td>', shown)
    assert counts
    assert all(f": {count}" in text for count in counts)
    assert (mail["Subject"], mail["Content-Language"]) == ("crosscheck: Sales to Marketing, 20 Jun 2026", "en")


def test_the_pack_carries_its_workbook(home: Path, post: Post) -> None:
    """The weekly mail has the workbook; a campaign that is called like a formula is a text in it, and inert in HTML."""
    settings = told_to(world.with_source(world.Settings(home=home)), person("Lan", channel="env:MAIL_LAN"))
    with open_warehouse(settings) as wh:
        write(wh, settings, DAY, ("weekly",), world.NIGHT)
        assert deliver(wh, settings, world.NIGHT).sent == 1
    mail = post.mails[-1]
    attached = next(iter(mail.iter_attachments()))
    book = openpyxl.load_workbook(BytesIO(attached.get_content()))
    cells = [cell for sheet in book for row in sheet for cell in row if cell.value == NAME]
    assert cells
    assert all(cell.data_type == "s" and cell.hyperlink is None for cell in cells)
    assert NAME not in part(mail, "html")


def test_killed_after_sending_it_is_not_sent_again(home: Path, post: Post) -> None:
    """Between the server's yes and our note: the others get theirs, nobody gets one twice, and it is said."""
    assert send(home, fault="alert.after_send:1")[0] == -9
    assert len(post.mails) == 1
    assert send_here(home) == Sent(sent=1, uncertain=1)
    assert sorted(post.to()) == ["binh@firm.example", "lan@firm.example"]
    assert send_here(home) == Sent()
    assert len(post.mails) == 2
    assert send_here(home, again=True) == Sent(sent=1)
    assert post.mails[2]["Message-ID"] == post.mails[0]["Message-ID"]
    assert send_here(home, again=True) == Sent()


def test_killed_before_sending_it_still_arrives(home: Path, post: Post) -> None:
    """Nothing had been handed over: the next call sends everything, once."""
    assert send(home, fault="alert.before_send:1")[0] == -9
    assert post.mails == []
    assert send_here(home) == Sent(sent=2)
    assert sorted(post.to()) == ["binh@firm.example", "lan@firm.example"]


def test_a_server_that_refuses_is_asked_again(home: Path, post: Post) -> None:
    """What was not taken for certain arrives when the server takes mail again, once to each person."""
    post.refuses = True
    code, did = send(home)
    assert (code, did["failed"]) == (8, 2)
    post.refuses = False
    assert send_here(home) == Sent(sent=2)
    assert len(post.mails) == 2


@pytest.mark.parametrize(("kind", "sent"), [("nightly", 1), ("backfill all", 0)])
def test_a_night_sends_them(home: Path, monkeypatch: pytest.MonkeyPatch, kind: str, sent: int) -> None:
    """After a night's publication they count as delivered, once; a backfill's is no morning's news."""
    settings = told_to(world.with_source(world.Settings(home=home)), person())
    with Sink() as sink, open_warehouse(settings) as wh:
        monkeypatch.setenv("LETTERS", sink.url)
        work: Any = SimpleNamespace(wh=wh, settings=settings, run=SimpleNamespace(kind=kind, as_of=world.NIGHT))
        assert with_letters(Delivery(sent=2), work) == Delivery(sent=2 + sent)
        assert with_letters(Delivery(), work) == Delivery()
        assert len(sink.messages) == sent


@pytest.mark.parametrize(("day", "sent"), [(14, 1), (15, 1), (16, 1), (17, 0)])
def test_a_refused_monday_costs_nobody_the_week(home: Path, monkeypatch: pytest.MonkeyPatch, day: int,
                                                sent: int) -> None:
    """The pack of a week that ended on a Sunday is sent by the first night that publishes, once, until Wednesday's."""
    settings = told_to(world.with_source(world.Settings(home=home)), person(letters=["weekly"]))
    with Sink() as sink, open_warehouse(settings) as wh:
        monkeypatch.setenv("LETTERS", sink.url)
        monkeypatch.setattr("flows.letters.last_day", lambda _settings: date(2026, 6, day))
        assert night_letters(wh, settings, world.NIGHT) == Sent(sent=sent)
        assert night_letters(wh, settings, world.NIGHT) == Sent()


def test_chat_gets_a_short_text_and_alerts_stay_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook gets at most 2,000 characters, once; what delivers alerts neither sends nor suppresses letters."""
    settings = told_to(world.with_source(world.Settings(home=home)), person(), link="https://reports.example/today")
    with Sink() as sink, open_warehouse(settings) as wh:
        monkeypatch.setenv("LETTERS", sink.url)
        assert write(wh, settings, DAY, ("daily",), world.NIGHT) == 1
        assert write(wh, settings, DAY, ("daily",), world.NIGHT) == 0
        assert deliver_alerts(wh, settings, world.NIGHT) == Delivery()
        assert deliver(wh, settings, world.NIGHT) == Sent(sent=1)
        assert deliver(wh, settings, world.NIGHT) == Sent()
        told = sink.messages[0]["message"]
    assert len(sink.messages) == 1
    assert len(told) <= 2_000
    assert told.endswith("https://reports.example/today")
