"""The one way to a vendor's JSON over HTTP.

One origin, fixed at construction: redirects are not followed, absolute addresses are refused, tokens travel in
headers only. What comes back is whole, is JSON, and is within its limits, or it is a `crosscheck.errors`.
"""

from __future__ import annotations

import logging
import ssl
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from connectors import wire
from connectors.base import Limits
from connectors.retry import Patience, Policy, Sleeper, Throttle, retry_after
from crosscheck.errors import AccountRefused, BrokenAnswer, ConfigError, CrosscheckError, DataError, TryAgain

# httpx logs every URL with its query at INFO; a query may hold an id that is personal.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class TokenExpired(ConfigError):
    """The credential was refused (401): refreshed once per request where that is possible, else a person's job."""


@dataclass(frozen=True)
class Answer:
    """A whole answer: header names in lower case, body decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """A status of the 200 family."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as plain objects. Raises BrokenAnswer. For errors and small answers; pages have shapes."""
        return wire.parse(self.body)


Classify = Callable[[Answer], CrosscheckError | None]


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we trust, read once: a tenth of a second for each client otherwise."""
    return httpx.create_ssl_context()


def by_status(answer: Answer) -> CrosscheckError | None:
    """What a status alone says; a connector's `classify` looks into the body first and falls back on this."""
    if answer.ok:
        return None
    what = f"the vendor answered {answer.status}"
    if answer.status in (408, 425, 429) or answer.status >= 500:
        return TryAgain(what, after=retry_after(answer.headers))
    if answer.status == 401:
        return TokenExpired(f"{what}: the credential is not accepted", fix="renew the secret of this source")
    if answer.status == 403:
        return AccountRefused(f"{what}: no access", fix="grant the credential access, or leave the account out")
    if answer.status < 400:
        return BrokenAnswer(f"{what}: a redirect, which is not followed")
    return ConfigError(f"{what}: the request is not accepted")


def origin(url: str) -> str:
    """A base address without a trailing slash; raises ConfigError unless https, or http on loopback."""
    parts = urlsplit(url)
    if parts.username or parts.query or parts.fragment or not parts.hostname:
        raise ConfigError("a base address is scheme, host and path only", fix="check base_url of this source")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigError(f"{parts.hostname} must be reached over https", fix="check base_url of this source")
    return url.rstrip("/")


class Http:
    """A vendor's origin, with auth, limits, patience and suspicion. Safe to share between threads.

    `headers` is called for every attempt; `refresh`, if given, is called once per request after a TokenExpired and
    the request is repeated. `classify` turns a status or a body into an error, also one hidden in a 200.
    """

    def __init__(self, base_url: str, *, limits: Limits, headers: Callable[[], Mapping[str, str]] = dict,
                 classify: Classify = by_status, refresh: Callable[[], None] | None = None,
                 policy: Policy | None = None, sleep: Sleeper = time.sleep) -> None:
        self.policy = policy or Policy()
        self.sleep = sleep
        self._base = origin(base_url)
        self._headers, self._classify, self._refresh = headers, classify, refresh
        self._throttle = Throttle(limits, sleep)
        self._patience = Patience(self.policy, sleep)
        self._client = httpx.Client(
            verify=_trusted(), follow_redirects=False, timeout=httpx.Timeout(self.policy.read_timeout, connect=20.0),
            trust_env=urlsplit(self._base).hostname not in _LOOPBACK, headers={"accept": "application/json"})
        weakref.finalize(self, self._client.close)  # a connector that is dropped must not leak sockets

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """GET a path of the origin. Raises `crosscheck.errors` only."""
        return self.request("GET", path, params=params)

    def post(self, path: str, json: Any = None, params: Mapping[str, Any] | None = None) -> Answer:
        """POST JSON to a path of the origin; only for calls that may safely be repeated."""
        return self.request("POST", path, params=params, json=json)

    def request(self, method: str, path: str, **content: Any) -> Answer:
        """One request with everything: rate, place, retries, one token refresh, classification.

        `content` is httpx's: params, json, content; `headers` in it come on top of the credential's.
        """
        if not path.startswith("/") or path.startswith("//") or "\\" in path or "://" in path:
            raise DataError("refused to follow an address that is not a path of the configured origin")
        refreshes = [self._refresh] if self._refresh else []

        def attempt() -> Answer:
            try:
                return self._once(method, path, content)
            except TokenExpired:
                if not refreshes:
                    raise
                refreshes.pop()()
                return self._once(method, path, content)

        return self._patience.call(attempt)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _once(self, method: str, path: str, content: Mapping[str, Any]) -> Answer:
        with self._throttle.slot():
            answer = self._read(method, path, content)
        if error := self._judge(answer):
            raise error
        return answer

    def _judge(self, answer: Answer) -> CrosscheckError | None:
        """HTML with status 200 and cut JSON are no answers; the vendor's own error texts come from `classify`."""
        if answer.ok:
            wire.check(answer.body)
        try:
            return self._classify(answer)
        except BrokenAnswer:
            if answer.ok:
                raise
            return by_status(answer)

    def _read(self, method: str, path: str, content: Mapping[str, Any]) -> Answer:
        headers = {**content.get("headers", {}), **self._headers()}
        try:
            with self._client.stream(method, self._base + path, **{**content, "headers": headers}) as response:
                body = self._drain(response)
                return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body)
        except httpx.DecodingError:
            raise BrokenAnswer("the body does not decompress") from None
        except httpx.TransportError as error:
            raise _network(error) from None

    def _drain(self, response: httpx.Response) -> bytes:
        """The body, within the byte cap and the deadline: a server that drips must not hold the night."""
        give_up = time.monotonic() + self.policy.deadline
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self.policy.max_bytes:
                raise DataError(f"an answer of more than {self.policy.max_bytes} bytes")
            if time.monotonic() > give_up:
                raise TryAgain(f"the answer did not end within {self.policy.deadline:.0f} s")
        return bytes(body)


def _network(error: httpx.TransportError) -> CrosscheckError:
    """A refused certificate is nobody's hiccup; every other transport error is."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ConfigError("the vendor's certificate is not valid", fix="check base_url and the system's CA store")
        cause = cause.__cause__ or cause.__context__
    return TryAgain(f"the connection failed ({type(error).__name__})")
