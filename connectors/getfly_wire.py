"""Getfly's wire: three shapes of a list, and errors by status, for it documents none."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

from connectors import wire
from connectors.http import Answer, by_status
from crosscheck.errors import BrokenAnswer, ConfigError, CrosscheckError


def classify(answer: Answer) -> CrosscheckError | None:
    """A key that is refused stops this source: there is one tenant, so there is nothing to skip."""
    if answer.status == 403:
        return ConfigError("the tenant refuses the key", fix="check secrets.api_key of this source")
    return by_status(answer)


def _refuse(constant: str) -> NoReturn:
    raise BrokenAnswer(f"not the expected JSON: {constant}")


def tree(body: bytes) -> Any:
    """The body with fractions as Decimal: Getfly sends money as bare numbers. Raises BrokenAnswer."""
    try:
        return json.loads(wire.readable(body), parse_float=Decimal, parse_constant=_refuse)
    except ValueError:
        raise BrokenAnswer("not the expected JSON") from None


def records(body: bytes) -> list[dict[str, Any]]:
    """The rows of any of the three shapes: a bare list (v6), `{data: [...]}` (v6.1), `{records: [...]}` (v3).

    >>> records(b'[{"id": "7"}]') == records(b'{"data": [{"id": "7"}]}') == records(b'{"records": [{"id": "7"}]}')
    True
    """
    found = tree(body)
    if isinstance(found, dict):
        found = found["data"] if "data" in found else found.get("records")
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BrokenAnswer("an answer without a list of records")
    return found


def has_more(body: bytes, found: int, limit: int) -> bool:
    """Whether to ask on: `has_more` where the shape has one, else a full page."""
    answer = tree(body)
    more = answer.get("has_more") if isinstance(answer, dict) else None
    return found > 0 and (found >= limit if more is None else bool(more))
