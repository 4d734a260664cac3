"""Getfly's wire: three shapes of a list, and errors by status, for it documents none."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Listing:
    """One answer: its rows, and what it says about paging where its shape says anything."""

    records: list[dict[str, Any]]
    more: bool | None = None
    offset: int | None = None

    def has_more(self, limit: int) -> bool:
        """Whether to ask on: `has_more` where the shape has one, else a full page; an empty page always ends."""
        return bool(self.records) and (len(self.records) >= limit if self.more is None else self.more)

    @property
    def mark(self) -> bytes:
        """What the page is recognised by: its ids, in order."""
        return hashlib.sha256("|".join(str(each.get("id")) for each in self.records).encode()).digest()


def listing(body: bytes) -> Listing:
    """Any of the three shapes: a bare list (v6), `{data: [...]}` (v6.1), `{records: [...]}` (v3).

    >>> listing(b'[{"id": "7"}]').records == listing(b'{"records": [{"id": "7"}]}').records
    True
    """
    found = tree(body)
    paging: dict[str, Any] = {}
    if isinstance(found, dict):
        paging, found = found, found["data"] if "data" in found else found.get("records")
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BrokenAnswer("an answer without a list of records")
    more, offset = paging.get("has_more"), paging.get("offset")
    return Listing(found, None if more is None else bool(more), offset if isinstance(offset, int) else None)
