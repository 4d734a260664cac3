"""One redaction point for logs, exceptions and messages.

Exact secret values are registered when they are read; patterns catch what a vendor puts into URLs and texts.
"""

from __future__ import annotations

import logging
import re
import threading
from urllib.parse import quote

_MASK = "***"
_known: set[str] = set()
_lock = threading.Lock()
_PATTERNS = (
    re.compile(r"(?i)\b((?:access|refresh|id)_?token|client_secret|appsecret_proof|api[_-]?key|developer-token|password)"
               r"(\"?\s*[=:]\s*\"?)[^\s&\"',;}]+"),
    re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{6,}"),
    re.compile(r"(?i)(://[^/\s:@]+:)[^@\s/]+(?=@)"),
    re.compile(r"(/bot)\d+:[A-Za-z0-9_-]+"),
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


def register_secret(value: str) -> str:
    """Remember a value that must never be shown, also as a URL or a form would write it; returns it."""
    if len(value) >= 6:
        with _lock:
            _known.update((value, quote(value), quote(value, safe="")))
    return value


def redact(text: str) -> str:
    """The text without secrets and without e-mail addresses.

    >>> redact("GET /me?access_token=EAAB123 by an@example.vn")
    'GET /me?access_token=*** by ***'
    """
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, _MASK)
    for pattern in _PATTERNS:
        text = pattern.sub(lambda hit: "".join(hit.groups()) + _MASK, text)
    return _MAIL.sub(_MASK, text)


class RedactingFilter(logging.Filter):
    """Sits on handlers, so that records of every library pass through it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record pass, redacted."""
        record.msg = redact(record.getMessage())
        record.args = ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def install(level: int = logging.WARNING) -> None:
    """Give the root logger one redacting handler on stderr, and redact what handlers are there already."""
    root = logging.getLogger()
    if not root.handlers:
        logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for handler in root.handlers:
        if not any(isinstance(item, RedactingFilter) for item in handler.filters):
            handler.addFilter(RedactingFilter())
