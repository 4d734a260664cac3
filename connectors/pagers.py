"""Cursor paging that cannot loop, and does not follow addresses the vendor writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from connectors.base import RawPage
from crosscheck.errors import DataError

PAGE_CAP = 100_000


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

    A page whose rows were seen before is asked for once more, because vendors do serve one twice; if it repeats, or
    if a cursor comes back (A-A or A-B-A), the answer cannot be complete: DataError, never silently fewer rows.
    """
    cursors: set[str] = set()
    contents: set[bytes] = set()
    cursor: str | None = None
    for _ in range(cap):
        page = _fresh(fetch, cursor, contents)
        yield page.raw
        if page.following is None:
            return
        if page.following in cursors:
            raise DataError("the vendor's paging goes in circles: a cursor came back")
        cursors.add(page.following)
        cursor = page.following
    raise DataError(f"the vendor's paging does not end: stopped after {cap} pages")


def _fresh(fetch: Callable[[str | None], Page], cursor: str | None, contents: set[bytes]) -> Page:
    for _ in range(2):
        page = fetch(cursor)
        mark = hashlib.sha256(page.content).digest()
        if not page.raw.rows or mark not in contents:
            contents.add(mark)
            return page
    raise DataError("the vendor serves the same page again and again")
