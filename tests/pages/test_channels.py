"""Round trips to every kind of channel, which takes the message or refuses as the real one does."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from crosscheck.settings import Alerts, Channel, Settings
from flows.channels import send
from flows.letters import Mailbox
from flows.outbox import CRITICAL, HEARTBEAT, NOTED, Delivery, Message, deliver, enqueue
from tests.support.services import Service, serving
from warehouse.engine import open_warehouse
from warehouse.migrations import migrate

pytestmark = pytest.mark.pages
TOKEN = "123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI"
SLACK = "xoxb-123456789012-123456789012-abcdefghijklmnopqrstuvwx"
YES = {"ok": True, "result": {}}
#: How each service says no, and the words of it that must come back; none of them may count as delivered.
REFUSALS = {
    "ok false": (200, {"ok": False, "error_code": 403, "description": "chat not found"}, "chat not found"),
    "ok false in Slack's words": (200, {"ok": False, "error": "channel_not_found"}, "channel_not_found"),
    "ok false beside the word TOKEN": (200, {"ok": False, "error": "bad TOKEN"}, "bad TOKEN"),
    "quota": (429, {"ok": False, "error_code": 429, "description": "Too Many Requests"}, "429"),
    "token": (401, {"ok": False, "error_code": 401, "description": "Unauthorized"}, "401"),
    "page of a proxy": (200, "<html>Please log in. OK</html>", "web page"),
    "elsewhere": (302, "", "elsewhere"),
}


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Service], str]:
    """A service's address, with its host replaced by ours."""
    def made(name: str, service: Service) -> str:
        from apprise.plugins.slack import NotifySlack
        from apprise.plugins.telegram import NotifyTelegram

        monkeypatch.setattr(NotifyTelegram, "notify_url", f"{service.url}/bot")
        monkeypatch.setattr(NotifySlack, "api_url", service.url + "/api/{}")
        monkeypatch.setattr(NotifySlack, "webhook_url", f"{service.url}/services")
        return {"telegram": f"tgram://{TOKEN}/12315544/", "slack": f"slack://{SLACK}/#alerts",
                "zalo": f"zalo://{TOKEN}/chat-1?base={service.url}",
                "json": service.url.replace("http", "json") + "/alerts"}[name]

    return made


@pytest.mark.parametrize("name", ["telegram", "slack", "zalo", "json"])
def test_a_service_takes_the_message(address: Any, name: str) -> None:
    """One message arrives, with its title and its Vietnamese letters."""
    with serving(lambda *_: (200, YES)) as service:
        assert send(address(name, service), "đêm qua dừng", "Next: crosscheck status", critical=True) == ""
    said = " ".join(str(body) for _, body in service.asked)
    assert len(service.asked) == 1
    assert "đêm qua dừng" in said
    assert "crosscheck status" in said


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("name", ["telegram", "slack", "zalo", "json"])
def test_a_refusal_is_heard_and_says_why(address: Any, name: str, refusal: str) -> None:
    """Whatever the status: it was not delivered, the reason comes back, and no token is in it."""
    status, answer, words = REFUSALS[refusal]
    with serving(lambda *_: (status, answer)) as service:
        why = send(address(name, service), "t", "b", critical=True)
    assert words in why
    assert TOKEN.partition(":")[2] not in why
    assert SLACK not in why


@pytest.mark.parametrize(("url", "body"), [
    ("lark://abcdef0123456789", {"code": 9499, "msg": "Bad Request"}),
    ("feishu://abcdef0123456789", {"code": 9499, "msg": "Bad Request"}),
    ("dingtalk://abcdef0123456789", {"errcode": 310000, "errmsg": "keywords not in content"}),
])
def test_codes_of_other_services_are_heard(monkeypatch: pytest.MonkeyPatch, url: str, body: dict[str, Any]) -> None:
    """Status 200 with a code that is not zero is a refusal."""
    import requests

    def answered(_session: Any, request: requests.PreparedRequest, **_options: Any) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer._content, answer.request = 200, requests.compat.json.dumps(body).encode(), request
        return answer

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", answered)
    assert str(body.get("msg") or body.get("errmsg")) in send(url, "t", "b", critical=True)


class _Inbox:
    """A mail server's mind: takes, or refuses."""

    def __init__(self, reply: str) -> None:
        self.reply = reply
        self.mails: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope)
        return self.reply


@contextmanager
def mail_server(reply: str) -> Iterator[tuple[_Inbox, str]]:
    """A real mail server, and the address of somebody who reads there."""
    inbox = _Inbox(reply)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield inbox, (f"mailto://127.0.0.1:{port}?from=night@crosscheck.example&to=ops@phohien.example"
                      "&mode=insecure")
    finally:
        controller.stop()


def test_a_mail_server_that_refuses_says_why() -> None:
    """Its own words, without anybody's address, and also after the night's letters went by the same server."""
    with mail_server("552 5.2.2 mailbox full of ops@phohien.example") as (_, url):
        Mailbox.of(url)
        why = send(url, "t", "b", critical=True)
    assert "mailbox full" in why
    assert "ops@" not in why


def test_each_channel_hears_what_it_is_for(settings_for: Callable[[str], Settings],
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    """Critical goes to the urgent chat in Vietnamese and to mail; the sign of life to the operator alone; a channel
    that refuses keeps its message and silences nobody.
    """
    answers = iter([(200, {"ok": False, "description": "quota"}), (200, YES)])
    now = datetime(2026, 11, 21, 19, tzinfo=UTC)
    with mail_server("250 OK") as (inbox, mail), serving(lambda *_: next(answers)) as chat:
        monkeypatch.setenv("MAIL", mail)
        monkeypatch.setenv("ZALO", f"zalo://{TOKEN}/chat-1?base={chat.url}")
        settings = settings_for("duckdb").model_copy(update={"alerts": Alerts(channels=(
            Channel(name="zalo", url="env:ZALO", language="vi", audience="reader"),
            Channel(name="mail", url="env:MAIL", severities=("critical", "heartbeat"))))})
        stopped = Message("gate 1 x", CRITICAL, "stopped", "look", others={("vi", "reader"): ("đã dừng", "xem")})
        with open_warehouse(settings) as wh:
            migrate(wh)
            with wh.engine.begin() as conn:
                enqueue(conn, "r1", stopped, settings, now)
                enqueue(conn, "r0", Message("heartbeat r0", HEARTBEAT, "all green", "fine", NOTED), settings, now)
            assert deliver(wh, settings, now) == Delivery(sent=2, failed=1)
            assert deliver(wh, settings, now) == Delivery(sent=1)
    titles = {str(message_from_bytes(each.original_content or b"", policy=default)["subject"]) for each in inbox.mails}
    assert titles == {"stopped", "all green"}
    assert [body["chat_id"] for _, body in chat.asked] == ["chat-1", "chat-1"]
    assert chat.asked[1][1]["text"].splitlines()[0] == "đã dừng"
