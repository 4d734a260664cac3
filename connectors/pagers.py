"""Cursor paging that cannot loop, and does not follow addresses the vendor writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from connectors.base import RawPage
from crosscheck.errors import DataError, Retriable

PAGE_CAP = 100_000
REPEATS = 2


class CursorExpired(Retriable):
    """The vendor forgot where we were: only reading the slice from its first page helps. The reader does that."""


@dataclass(frozen=True)
class Page:
    """One answer, the cursor of the next one (None: the last), and what its rows are recognised by.

    `content` is the part that must not repeat: the rows without request ids.
    """

    raw: RawPage
    following: str | None
    content: bytes


def walk(fetch: Callable[[str | None], Page], *, cap: int = PAGE_CAP) -> Iterator[RawPage]:
    """Pages from the first (cursor None) to the one without a following cursor.

    Vendors do serve a page twice: its rows land twice and staging counts the losers. But a cursor that comes back
    (A-A or A-B-A), or rows that keep coming back, mean that the answer never completes: DataError, never fewer rows.
    """
    cursors: set[str] = set()
    contents: set[bytes] = set()
    cursor: str | None = None
    repeats = 0
    for _ in range(cap):
        page = fetch(cursor)
        mark = hashlib.sha256(page.content).digest()
        repeats += bool(page.raw.rows) and mark in contents
        if repeats > REPEATS or page.following in cursors:
            raise DataError("the vendor's paging goes in circles", fix="nothing: the next run reads the slice again")
        yield page.raw
        if page.following is None:
            return
        contents.add(mark)
        cursors.add(page.following)
        cursor = page.following
    raise DataError(f"the vendor's paging does not end: stopped after {cap} pages")
