"""A loopback webhook that keeps what it is sent: where the demo's and the tests' alerts arrive."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_MODES = {"take": (200, b'{"ok": true}'), "refuse": (200, b'{"ok": false}'), "break": (500, b"broken")}


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Keep the message unless told to refuse, and answer."""
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = _MODES[self.server.mode]
        if self.server.mode == "take":
            self.server.messages.append(json.loads(text))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    mode = "take"
    messages: list[dict[str, Any]]


class Sink:
    """A context manager; `url` is an Apprise address, `messages` what was taken, in order.

    `mode` is "take", "refuse" (status 200 with `ok: false`) or "break" (status 500).
    """

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.messages = []

    @property
    def url(self) -> str:
        """The address for a channel."""
        return f"json://127.0.0.1:{self._server.server_address[1]}/alerts"

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Messages taken so far: title, message, type."""
        return self._server.messages

    def set_mode(self, mode: str) -> None:
        """How the next messages are answered; raises KeyError for an unknown mode."""
        _MODES[mode]
        self._server.mode = mode

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
