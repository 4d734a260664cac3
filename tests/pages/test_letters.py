"""Letters through a real mail server and a real webhook: their parts, and that each arrives once, whoever is killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from aiosmtpd.controller import Controller

from crosscheck.settings import load
from flows.letters import Sent, deliver, with_letters, write
from flows.outbox import Delivery
from flows.outbox import deliver as deliver_alerts
from sandbox.sink import Sink
from tests.marts import world
from tests.support import letters
from tests.support.letters import DAY, NAME, person, told_to
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


class Post:
    """Keeps every mail; `refuses` answers each with a temporary failure."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuses = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take the mail, or not now."""
        if self.refuses:
            return "451 not now"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def to(self) -> list[str]:
        """Who got mail, in order."""
        return [str(mail["To"]) for mail in self.mails]


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """A mail server on a free port, behind the references of the people."""
    kept = Post()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        for name in ("LAN", "BINH"):
            monkeypatch.setenv(f"MAIL_{name}", f"mailto://127.0.0.1:{port}?from=cc@firm.example"
                                               f"&to={name.lower()}@firm.example&mode=insecure")
        yield kept
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def built(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a company after its night."""
    home = tmp_path_factory.mktemp("letters")
    with letters.company(duckdb_template, home, letters.OF_A_WEEK):
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
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    shown = page.get_content()
    assert len(shown.encode()) < 100_000
    pictures = {part["Content-ID"].strip("<>"): part.get_content() for part in mail.walk()
                if part.get_content_type() == "image/png"}
    assert set(re.findall(r'src="cid:([^"]+)"', shown)) == set(pictures) == {"marketing-leads", "sales-leads_worked"}
    assert all(picture.startswith(b"\x89PNG") for picture in pictures.values())
    counts = re.findall(r'<td class="number"[^>]*>([\d.,]+)</td>', shown)
    assert counts
    assert all(f": {count}" in text.get_content() for count in counts)
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
    page = mail.get_body(("html",))
    assert page is not None
    assert NAME not in page.get_content()


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
