"""The sandbox on loopback: one port per vendor, a clock that can be set, faults on order, a log of requests."""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from sandbox.faults import BEFORE, Active, Fault, FaultBook
from sandbox.model import Company
from sandbox.vendors import make_vendors
from sandbox.wire import Options, Refused, Reply, Request, Vendor
from sandbox.world import World

LONGEST_PAUSE = 30.0
_SECRET = re.compile(r"(access_token|appsecret_proof)=[^&]*")
_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Maintenance</h1></body></html>"


@dataclass(frozen=True)
class Seen:
    """One request that the sandbox answered, without secrets."""

    vendor: str
    method: str
    path: str
    status: int


class SandboxServer:
    """Serves a company as of `now` (UTC) through every vendor's protocol. A context manager.

    `urls` maps a vendor to its base URL, `requests` lists what was asked, `options` may be changed while it runs.
    """

    def __init__(self, company: Company, now: datetime, options: Options | None = None) -> None:
        self.options = options or Options()
        self.faults = FaultBook()
        self.requests: list[Seen] = []
        self._company = company
        self._lock = threading.Lock()
        self.set_clock(now)
        self._servers = {vendor.name: _listen(self, vendor) for vendor in make_vendors(self.options)}
        self.urls = {name: f"http://127.0.0.1:{server.server_port}" for name, server in self._servers.items()}

    @property
    def world(self) -> World:
        """The company as of the sandbox's clock."""
        return self._world

    def set_clock(self, now: datetime) -> None:
        """Move the sandbox to an instant. Raises ValueError for an instant without zone."""
        if now.tzinfo is None:
            raise ValueError("the sandbox clock needs an instant with a zone")
        self._world = World(self._company, now.astimezone(UTC))

    def inject(self, fault: Fault) -> None:
        """Order a fault."""
        self.faults.add(fault)

    def clear_faults(self) -> None:
        """Withdraw all faults."""
        self.faults.clear()

    def record(self, seen: Seen) -> None:
        """Add a request to the log."""
        with self._lock:
            self.requests.append(seen)

    def control(self, request: Request) -> Reply:
        """The control endpoints under /_sandbox/, open on every port."""
        match request.method, request.path:
            case "POST", "/_sandbox/clock":
                self.set_clock(datetime.fromisoformat(request.json()["now"]))
            case "POST", "/_sandbox/faults":
                for fault in request.json():
                    self.inject(Fault(**fault))
            case "DELETE", "/_sandbox/faults":
                self.clear_faults()
            case "GET", "/_sandbox/log":
                return Reply(200, [vars(seen) for seen in list(self.requests)])
            case "GET", "/_sandbox/clock":
                pass
            case _:
                return Reply(404, {"error": f"no control endpoint {request.method} {request.path}"})
        return Reply(200, {"now": self._world.now.isoformat()})

    def __enter__(self) -> SandboxServer:
        for name, server in self._servers.items():
            threading.Thread(target=server.serve_forever, args=(0.02,), name=f"sandbox-{name}", daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news; anything else is told on stderr."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _listen(sandbox: SandboxServer, vendor: Vendor) -> _Server:
    handler = type("Handler", (_Handler,), {"sandbox": sandbox, "vendor": vendor})
    return _Server(("127.0.0.1", 0), handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    sandbox: SandboxServer
    vendor: Vendor

    def do_GET(self) -> None:
        """Answer any method alike."""
        request = self._read()
        if request.path.startswith("/_sandbox/"):
            self._send(self._control(request))
            return
        text = f"{request.target} {request.path} {request.body.decode(errors='replace')}"
        faults = self.sandbox.faults.due(self.vendor.name, text)
        reply = _reply(self.vendor, request, self.sandbox.world, faults)
        shown = _SECRET.sub(r"\1=***", request.target)
        self.sandbox.record(Seen(self.vendor.name, request.method, shown, reply.status))
        self._send(reply)

    do_POST = do_DELETE = do_PUT = do_PATCH = do_GET  # noqa: N815

    def _read(self) -> Request:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        base = f"http://127.0.0.1:{cast('_Server', self.server).server_port}"
        return Request(self.command, self.path, headers, self.rfile.read(length), base)

    def _control(self, request: Request) -> Reply:
        try:
            return self.sandbox.control(request)
        except (ValueError, KeyError, TypeError) as error:
            return Reply(400, {"error": str(error)})

    def _send(self, reply: Reply) -> None:
        body, headers = reply.encode(), {"Content-Type": "application/json; charset=UTF-8"} | dict(reply.headers)
        if "gzip" in self.headers.get("accept-encoding", "") and reply.cut is None and len(body) > 500:
            body = gzip.compress(body, 1)
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        self.send_response(reply.status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if reply.cut is not None:
            self.wfile.write(body[:reply.cut])
            self._reset()
        elif reply.drip:
            self._drip(body, reply.drip)
        else:
            self.wfile.write(body)

    def _drip(self, body: bytes, seconds: float) -> None:
        for place in range(len(body)):
            self.wfile.write(body[place:place + 1])
            self.wfile.flush()
            time.sleep(min(seconds, LONGEST_PAUSE) / len(body))

    def _reset(self) -> None:
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature of http.server
        """Silent: the log is `SandboxServer.requests`."""


def _reply(vendor: Vendor, request: Request, world: World, faults: Active) -> Reply:
    """The vendor's answer, before it the faults that keep it from answering, after it those that spoil the answer."""
    try:
        reply = _refusal(vendor, faults) or vendor.answer(request, world, faults)
    except Refused as refused:
        reply = refused.reply
    except (json.JSONDecodeError, UnicodeDecodeError):
        reply = Reply(400, {"error": {"code": 400, "message": "Invalid JSON payload received."}})
    if fault := faults.get("slow"):
        time.sleep(min(float(fault.params.get("seconds", 0.2)), LONGEST_PAUSE))
    if fault := faults.get("redirect"):
        return Reply(302, b"", {"Location": str(fault.params["url"])})
    if fault := faults.get("drip"):
        return replace(reply, drip=float(fault.params.get("seconds", LONGEST_PAUSE)))
    if fault := faults.get("truncated_json"):
        body = reply.encode()
        return replace(reply, body=body[: int(fault.params.get("bytes", max(len(body) // 2, 1)))])
    if fault := faults.get("reset_mid_body"):
        return replace(reply, cut=int(fault.params.get("bytes", len(reply.encode()) // 2)))
    return reply


def _refusal(vendor: Vendor, faults: Active) -> Reply | None:
    fault = faults.get(*BEFORE)
    if fault is None:
        return None
    if fault.kind == "html_200":
        return Reply(200, _HTML, {"Content-Type": "text/html; charset=utf-8"})
    reply = vendor.failure(fault.kind, fault.params)
    if reply is not None and fault.kind == "429_retry_after":
        return Reply(reply.status, reply.body, {**reply.headers, "Retry-After": str(fault.params.get("seconds", 1))})
    return reply
