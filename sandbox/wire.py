"""Requests and replies, free of sockets: what a vendor's imitation receives and gives back."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

if TYPE_CHECKING:
    from sandbox.faults import Active
    from sandbox.world import World

Row = dict[str, Any]
Made = TypeVar("Made")
REMEMBERED = 64


@dataclass(frozen=True)
class Request:
    """One HTTP request. `base_url` is the vendor's own address, for the links an answer carries."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str

    @property
    def path(self) -> str:
        """The path, decoded, without the query."""
        return unquote(urlsplit(self.target).path)

    @property
    def params(self) -> dict[str, str]:
        """Query parameters, and those of a form body; the last of a name counts."""
        found = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            found |= parse_qs(self.body.decode(), keep_blank_values=True)
        return {name: values[-1] for name, values in found.items()}

    def many(self, name: str) -> list[str]:
        """A list parameter, repeated or joined by commas."""
        values = parse_qs(urlsplit(self.target).query).get(name, [])
        return [part for value in values for part in value.split(",") if part]

    def json(self) -> Any:
        """The decoded JSON body. Raises ValueError."""
        return json.loads(self.body or b"{}")

    def url(self, **changes: str) -> str:
        """This request's own address with parameters replaced."""
        return f"{self.base_url}{urlsplit(self.target).path}?{urlencode(self.params | changes)}"


@dataclass(frozen=True)
class Reply:
    """One HTTP answer. A body that is not bytes is rendered as JSON.

    `cut` ends the connection after so many bytes, `drip` spreads the body over so many seconds.
    """

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    drip: float = 0.0

    def encode(self) -> bytes:
        """The body's bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


class Refused(Exception):
    """Ends the handling of a request with the vendor's error answer."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.reply = Reply(status, body, headers or {})


@dataclass
class Options:
    """The sandbox's adjustable sizes: small values exercise paging and limits with little data."""

    google_page_rows: int = 10_000
    google_chunk_rows: int = 1_000
    google_token_requests: int = 100_000
    meta_sync_rows: int = 5_000
    meta_polls: int = 3
    hubspot_search_cap: int = 10_000
    getfly_sync_bare_array: bool = False


class Vendor(Protocol):
    """A vendor's imitation. Safe to call from threads."""

    name: str

    def answer(self, request: Request, world: World, faults: Active) -> Reply:
        """The answer to one request as of the world's instant. Raises Refused."""
        ...

    def failure(self, kind: str, params: Mapping[str, Any]) -> Reply | None:
        """The vendor's own wording of a fault: throttled, quota, expired_token, forbidden_account, unavailable."""
        ...


@dataclass(frozen=True)
class Page:
    """A part of a longer list of `total` rows. `after` asks for the next one; None on the last."""

    rows: list[Row]
    after: str | None
    total: int


def paginate(items: Sequence[Any], cursor: str | None, size: int, faults: Active,
             show: Callable[[Any], Row] = dict) -> Page:
    """The page that a cursor names, its items shown as rows and spoiled by the data faults.

    A cursor is an offset, with a suffix where a fault repeats a page. Only the page's items are shown, unless a
    data fault needs to see them all.
    """
    rows: Sequence[Any] = faults.rows([show(one) for one in items]) if faults.spoils else items
    start = int((cursor or "0").split(".")[0])
    after = str(start + size) if start + size < len(rows) else None
    part = rows[start:start + size]
    return Page(list(part) if faults.spoils else [show(one) for one in part], faults.redirect(cursor, after), len(rows))


def sealed(cursor: str) -> str:
    """A cursor as an opaque token."""
    return base64.urlsafe_b64encode(f"at:{cursor}".encode()).decode()


def opened(token: str | None) -> str | None:
    """The cursor of a token; None without one. Raises ValueError for a token that was never given out."""
    if not token:
        return None
    text = base64.urlsafe_b64decode(token).decode()
    if not text.startswith("at:"):
        raise ValueError("not one of our tokens")
    return text.removeprefix("at:")


class Memo:
    """Remembers what was worked out about the newest World, so that paging does not reckon everything anew."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._world: World | None = None
        self._known: dict[Hashable, Any] = {}

    def get(self, world: World, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gave for this key in this world."""
        with self._lock:
            if self._world is not world or len(self._known) > REMEMBERED:
                self._world, self._known = world, {}
            if key not in self._known:
                self._known[key] = make()
            found: Made = self._known[key]
            return found


def words(text: str) -> list[str]:
    """The names in a text."""
    return text.split()


def batches(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """The rows in runs of at most `size`; one empty run when there are none."""
    for start in range(0, max(len(rows), 1), size):
        yield rows[start:start + size]
