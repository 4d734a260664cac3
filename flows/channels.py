"""One message to one channel. Apprise carries it, except to a plain webhook, whose answer has to be read.

Apprise says only whether it believes in the delivery, and calls every status 200 a success; a webhook that answers
`{"ok": false}` has refused. Whatever goes wrong is a sentence without the address.
"""

from __future__ import annotations

import base64
import json
import logging
import urllib.error
import urllib.request
import warnings
from typing import Any

from crosscheck.redact import redact

_TIMEOUT_SECONDS = 10.0
_ANSWER_BYTES = 65_536


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A webhook that sends us elsewhere has not taken the message."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        """Never follow."""


def send(address: str, title: str, body: str, *, critical: bool) -> str:
    """Deliver; the empty text when the channel took the message, else why not, redacted. Never raises."""
    try:
        apprise, channel = _open(address)
        if channel is None:
            return "the address is none that apprise knows"
        kind = apprise.NotifyType.FAILURE if critical else apprise.NotifyType.WARNING
        if type(channel).__name__ == "NotifyJSON":
            return _post(channel, {"version": "1.0", "title": title, "message": body, "type": kind.value})
        told = channel.notify(body=body, title=title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT)
    except Exception as error:  # noqa: BLE001
        return redact(f"{type(error).__name__}: {error}")[:300]
    return "" if told else "the channel refused, or did not answer"


def _open(address: str) -> tuple[Any, Any]:
    """Apprise, and the channel of an address; None when it knows none. It loads its plugins at the first one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # some plugins import imghdr
        import apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would log parts of addresses
        asset = apprise.AppriseAsset(storage_mode="memory")
        return apprise, apprise.Apprise.instantiate(address, asset=asset)


def _post(channel: Any, payload: dict[str, str]) -> str:
    """POST to a webhook and believe its answer: a status of 2xx that does not say `ok: false`."""
    place = f"{channel.host}:{channel.port}" if channel.port else channel.host
    headers = {"Content-Type": "application/json", "User-Agent": "crosscheck"} | dict(channel.headers)
    if channel.user:
        pair = f"{channel.user}:{channel.password or ''}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    request = urllib.request.Request(  # noqa: S310
        f"{'https' if channel.secure else 'http'}://{place}{channel.fullpath}", json.dumps(payload).encode(), headers)
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return _refusal(answer.read(_ANSWER_BYTES))
    except urllib.error.HTTPError as error:
        return f"the webhook answered {error.code}"
    except OSError as error:
        return f"the webhook did not answer ({type(error).__name__})"


def _refusal(body: bytes) -> str:
    try:
        said = json.loads(body or b"{}")
    except ValueError:
        return ""
    return "the webhook answered ok: false" if isinstance(said, dict) and said.get("ok") is False else ""
