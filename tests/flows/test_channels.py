"""Messages on their way: a real mail server, and addresses that apprise knows."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from flows.channels import send


class _Inbox:
    """Keeps what a mail program would receive."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope)
        return "250 OK"


@pytest.fixture
def mail() -> Iterator[tuple[_Inbox, int]]:
    """A mail server on a free loopback port."""
    inbox = _Inbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield inbox, port
    controller.stop()


def test_mail_reaches_a_real_server(mail: tuple[_Inbox, int]) -> None:
    """Title and body of an alert arrive as one mail, Vietnamese letters intact."""
    inbox, port = mail
    address = f"mailto://127.0.0.1:{port}?from=night@crosscheck.example&to=ops@phohien.example&mode=insecure"
    assert send(address, "đêm qua dừng ở cổng 1", "Next: crosscheck status", critical=True) == ""
    (envelope,) = inbox.mails
    received = message_from_bytes(envelope.original_content or b"", policy=default)
    body = received.get_body(("plain", "html"))
    assert "đêm qua dừng ở cổng 1" in str(received["subject"])
    assert body is not None
    assert "crosscheck status" in body.get_content()


@pytest.mark.parametrize("address", [
    "slack://xoxb-123456789012-123456789012-abcdefghijklmnopqrstuvwx/#alerts",
    "tgram://123456789:abcdefg_hijklmnop/12315544/",
    "json://127.0.0.1:9/alerts",
])
def test_the_addresses_people_use_are_known(address: str) -> None:
    """Slack, Telegram and webhooks are channels to apprise; a typing error would be none."""
    import apprise

    assert apprise.Apprise.instantiate(address, asset=apprise.AppriseAsset(storage_mode="memory")) is not None


def test_an_unknown_address_is_a_sentence_without_the_address() -> None:
    """What is no address fails at once, and its text is not repeated."""
    assert send("nowhere://secret-part", "t", "b", critical=False) == "the address is none that apprise knows"
