"""A real mail server that keeps what it is handed, or refuses it for now."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


class Post:
    """Keeps every mail; `refuses` answers each with a temporary failure."""

    def __init__(self, port: int) -> None:
        self.port = port
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

    def address(self, name: str) -> str:
        """The address of a mailbox of the firm, as a configuration refers to it."""
        return f"mailto://127.0.0.1:{self.port}?from=cc@firm.example&to={name}@firm.example&mode=insecure"


@contextmanager
def posting() -> Iterator[Post]:
    """The server, on a free port, while it is needed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        kept = Post(free.getsockname()[1])
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()


def part(mail: EmailMessage, kind: str) -> str:
    """A mail's text of a kind: `plain` or `html`."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def pictures(mail: EmailMessage) -> dict[str, bytes]:
    """A mail's pictures by CID."""
    return {part["Content-ID"].strip("<>"): part.get_content() for part in mail.walk()
            if part.get_content_type() == "image/png"}
