"""JSON as vendors really send it: strict where a number could go wrong, lenient where only a name is odd."""

from __future__ import annotations

import re
from threading import Lock
from typing import Any, TypeVar, overload

import msgspec

from crosscheck.errors import BrokenAnswer

T = TypeVar("T")

_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
#: Escaped backslashes and whole pairs are consumed first, so that only a lone half is left for the last group.
_SURROGATES = re.compile(rb"\\\\|" + _HIGH + _LOW + rb"|(" + _HIGH + rb"|" + _LOW + rb")")

_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_making = Lock()


def _escape(hit: re.Match[bytes]) -> bytes:
    return b"\\" + hit[1] if hit[1] else hit[0]


def readable(body: bytes) -> bytes:
    r"""The body with lone surrogates written out as the visible text `\ud800`; no engine can store them otherwise.

    >>> readable(b'["\\ud800 x"]')
    b'["\\\\ud800 x"]'
    """
    return _SURROGATES.sub(_escape, body) if b"\\ud" in body or b"\\uD" in body else body


@overload
def parse(body: bytes) -> Any: ...
@overload
def parse(body: bytes, shape: type[T]) -> T: ...


def parse(body: bytes, shape: Any = Any) -> Any:
    """The body as a msgspec shape; NaN, Infinity, trailing bytes and truncation are refused.

    Raises BrokenAnswer. Untyped fractions come as floats: declare Decimal or str where money can be.
    """
    try:
        return _decoder(shape).decode(readable(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise BrokenAnswer(f"not the expected JSON: {_reason(error)}") from None


def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    """Made by one thread at a time: two that meet a nested shape for the first time together crash in msgspec."""
    if shape not in _decoders:
        with _making:
            _decoders.setdefault(shape, msgspec.json.Decoder(shape))
    return _decoders[shape]


def check(body: bytes) -> None:
    """Raise BrokenAnswer unless the whole body is one JSON value in UTF-8; nothing is built."""
    parse(body, msgspec.Raw)
    try:
        body.isascii() or body.decode()
    except UnicodeDecodeError:
        raise BrokenAnswer("not UTF-8") from None


def _reason(error: Exception) -> str:
    """What was wrong, without the vendor's bytes: they may be personal."""
    return "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)[:120]
