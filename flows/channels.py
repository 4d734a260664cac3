"""One message to one channel: apprise carries it, we read the answer.

Apprise says only whether it believes in the delivery, keeps the reason to itself, and takes status 200 for a yes where
Telegram, Lark, DingTalk or a webhook says `ok: false` beside it (1.13.1). So we listen: to the answers that its
services get while a message leaves, and to what a mail server replied. Whatever goes wrong is a sentence without the
address.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from crosscheck.redact import redact

_REPLY = "Socket Exception: "
_UNKNOWN = "the address is none that apprise knows"
_lock = threading.Lock()
_heard: ContextVar[list[Any] | None] = ContextVar("heard", default=None)


def send(address: str, title: str, body: str, *, critical: bool) -> str:
    """Deliver; the empty text when the channel took the message, else why not, redacted. Never raises."""
    try:
        apprise, channel = opened(address)
        if channel is None:
            return _UNKNOWN
        kind = apprise.NotifyType.FAILURE if critical else apprise.NotifyType.WARNING
        with _listening() as heard:
            told = channel.notify(body=body, title=title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT)
        return redact(_why(heard, told=bool(told)))[:300]
    except Exception as error:  # noqa: BLE001
        return redact(f"{type(error).__name__}: {error}")[:300]


def known(address: str) -> bool:
    """Whether an address is one to apprise; nothing is sent."""
    return opened(address)[1] is not None


def opened(address: str) -> tuple[Any, Any]:
    """Apprise, and the channel of an address; None when it knows none. It loads its plugins at the first one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # some plugins import imghdr
        import apprise

        from flows import zalo

        with _lock:
            zalo.install()
            _listen()
        asset = apprise.AppriseAsset(storage_mode="memory", http_redirects=False)
        return apprise, apprise.Apprise.instantiate(address, asset=asset)


@contextmanager
def _listening() -> Iterator[list[Any]]:
    """What this thread hears from services meanwhile: answers, errors of the network, replies of a mail server."""
    heard: list[Any] = []
    before = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(before)


def _why(heard: list[Any], *, told: bool) -> str:
    """The last refusal. What apprise believes in was still refused if an answer of status 2xx says so."""
    answers = [each for each in heard if not isinstance(each, str | Exception)]
    if told:
        return next((why for each in answers if each.ok and (why := _refusal(each))), "")
    reasons = [_reason(each) for each in heard]
    return next((why for why in reversed(reasons) if why), "the channel refused, or did not answer")


def _reason(each: Any) -> str:
    if isinstance(each, str):
        return f"the mail server refused: {each}"
    return f"the channel did not answer ({type(each).__name__})" if isinstance(each, Exception) else _refusal(each)


def _refusal(answer: Any) -> str:
    """Why an answer is none of a service that took a message; the empty text when it is one."""
    if answer.is_redirect:
        return f"the channel answered {answer.status_code} and sent us elsewhere"
    try:
        said = answer.json()
    except ValueError:
        said = "a web page" if answer.content.lstrip()[:1] == b"<" else None
    if answer.ok and not _says_no(said):
        return ""
    return f"the channel answered {answer.status_code}: {_words(said)}".rstrip(": ")


def _says_no(said: Any) -> bool:
    """`ok: false` of Slack, Telegram and Zalo; the codes of Lark, DingTalk and WeCom; a page of some proxy."""
    if not isinstance(said, dict):
        return isinstance(said, str)
    if isinstance(said.get("ok"), bool):
        return not said["ok"]
    codes = [said.get(name) for name in ("errcode", "StatusCode", "code", "error_code")]
    return any(type(code) is int and code != 0 and code // 100 != 2 for code in codes)


def _words(said: Any) -> str:
    if not isinstance(said, dict):
        return said or ""
    named = (said.get(name) for name in ("description", "error", "errmsg", "msg", "message"))
    return next((each for each in named if isinstance(each, str)), "ok: false" if said.get("ok") is False else "")


def _listen() -> None:
    """Hear the answers that apprise keeps to itself. Whoever else uses requests notices nothing."""
    import requests

    if getattr(requests.Session.send, "heard", False):
        return
    original = requests.Session.send

    def sent(session: Any, request: Any, **options: Any) -> Any:
        try:
            answer = original(session, request, **options)
        except requests.RequestException as error:
            _hear(error)
            raise
        _hear(answer)
        return answer

    sent.heard = True  # type: ignore[attr-defined]
    requests.Session.send = sent  # type: ignore[assignment,method-assign]
    logger = logging.getLogger("apprise")  # it would log parts of addresses: nothing goes further than our ears
    logger.handlers, logger.propagate = [_Ear()], False
    logger.setLevel(logging.DEBUG)


def _hear(what: Any) -> None:
    heard = _heard.get()
    if heard is not None:
        heard.append(what)


class _Ear(logging.Handler):
    """Of apprise's log only what a mail server said; requests' own errors, which name URLs, are heard above."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the reply of a mail server."""
        text = record.getMessage()
        if text.startswith(_REPLY) and "email" in record.pathname:
            _hear(text.removeprefix(_REPLY))
