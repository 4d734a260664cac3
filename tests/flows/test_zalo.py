"""Zalo's bot: what fits, what is refused, and who may be told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from crosscheck import redact
from crosscheck.errors import ConfigError, CrosscheckError, QuotaExhausted
from flows import zalo
from flows.pairing import code, waiting
from flows.zalo import CHARACTERS, Bot, NotifyZalo, cut
from tests.cli.conftest import say
from tests.support.services import Service, serving

TOKEN = "123456789:abcdefghijklmnop"


def wrote(text: str, chat: str = "c1", name: str = "Nguyễn An") -> dict[str, Any]:
    """What the bot hears when somebody writes to it."""
    return {"ok": True, "result": {"event_name": "message.text.received", "message": {
        "text": text, "chat": {"id": chat, "chat_type": "PRIVATE"}, "from": {"id": "u1", "display_name": name}}}}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Zalo's server on loopback, with one bot; the answers to getUpdates come from `service.updates`."""
    updates: list[dict[str, Any]] = []

    def answers(path: str, _body: dict[str, Any]) -> tuple[int, object]:
        if path.endswith("/getMe"):
            return 200, {"ok": True, "result": {"id": "7", "account_name": "Bot Crosscheck"}}
        waits = {"ok": False, "error_code": 408, "description": "Request timeout"}
        return 200, updates.pop(0) if updates else waits

    with serving(answers) as opened:
        opened.updates = updates  # type: ignore[attr-defined]
        monkeypatch.setattr(zalo, "BASE", opened.url)
        yield opened


def test_a_long_text_keeps_its_last_line() -> None:
    """Zalo takes 2,000 characters; the last line says where the rest is. At the limit nothing is cut."""
    assert cut("a" * CHARACTERS) == "a" * CHARACTERS
    long = "\n".join(["x" * 90] * 40 + ["Every check: /pages/index.html"])
    assert len(cut(long)) == CHARACTERS
    assert cut(long).endswith("\n…\nEvery check: /pages/index.html")


@pytest.mark.parametrize("url", [f"zalo://{TOKEN}/c1", "zalo://123456789%3Aabcdefghijklmnop/c1?base=http://h"])
def test_the_address_is_apprises_own(url: str) -> None:
    """Token and chat, the colon as it is or encoded; nothing shows the token again."""
    import apprise

    zalo.install()
    made = apprise.Apprise.instantiate(url)
    assert isinstance(made, NotifyZalo)
    assert made.chat_id == "c1"
    assert "abcdefghijklmnop" not in made.url() + redact.redact(f"POST http://h/bot{TOKEN}/sendMessage")


@pytest.mark.parametrize(("status", "answer", "kind"), [
    (200, {"ok": False, "error_code": 401, "description": "Unauthorized"}, ConfigError),
    (429, {"ok": False, "description": "Too many"}, QuotaExhausted),
    (200, {"ok": False, "error_code": 400, "description": "chat not found"}, CrosscheckError),
    (200, "<html>", CrosscheckError), (200, ["odd"], CrosscheckError), (500, {"ok": True}, CrosscheckError),
])
def test_every_refusal_is_an_error_with_a_fix(status: int, answer: object, kind: type[CrosscheckError]) -> None:
    """By what to do next, and never with the token in it."""
    with serving(lambda *_: (status, answer)) as service, pytest.raises(kind) as raised:
        Bot(TOKEN, service.url).call("sendMessage", chat_id="c", text="t")
    assert raised.value.fix
    assert "abcdefghijklmnop" not in str(raised.value)


def test_only_the_code_pairs(service: Any) -> None:
    """Whoever writes something else, or nothing, is nobody; time passes while one waits in vain."""
    service.updates += [wrote("hello", "stranger"), {"ok": False, "error_code": 408}, wrote(" 4821 ")]
    found = waiting(Bot(TOKEN), "4821", patience=5)
    assert (found.chat_id, found.name) == ("c1", "Nguyễn An")
    ticks = iter(range(100))
    with pytest.raises(ConfigError, match="nobody wrote the code"):
        waiting(Bot(TOKEN), "4821", patience=3, clock=lambda: next(ticks))
    assert re.fullmatch(r"\d{4}", code())


def test_pairing_at_the_command_line(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's name and chat come back; unasked nobody is paired, and the token is never shown."""
    monkeypatch.setenv("ZALO_BOT_TOKEN", TOKEN)
    monkeypatch.setattr("flows.pairing.code", lambda: "4821")
    service.updates.append(wrote("4821"))
    unasked = say("alerts", "pair", "zalo")
    assert (unasked.code, "--yes" in unasked.err, unasked.out) == (2, True, "")
    service.updates.append(wrote("4821"))
    paired = say("alerts", "pair", "zalo", "--yes", "--json")
    assert json.loads(paired.out) == {"service": "zalo", "name": "Nguyễn An", "chat_id": "c1",
                                      "address": "zalo://TOKEN/c1"}
    assert "send it: 4821" in paired.err
    assert "abcdefghijklmnop" not in paired.out + paired.err
    assert "never the token itself" in say("alerts", "pair", "zalo", "--token", TOKEN).err
