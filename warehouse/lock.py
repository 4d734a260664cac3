"""One writer at a time on both engines, and a fence against one that was believed dead.

DuckDB: the operating system's lock on the working file, taken by opening it. PostgreSQL: an advisory lock of one
session, keyed by the project's name; the server frees it when that session ends. Who begins a run also writes its
token into `ops.lease`: a writer that lost the lock and wakes up later finds a foreign token and stops.
"""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from crosscheck.errors import LockHeld
from warehouse.ops import lease

T = TypeVar("T")
_PAUSE_SECONDS = 0.2
_opened: set[Path] = set()
_opening = threading.Lock()


def owner_token() -> str:
    """Who we are: host, process, and a part that no other opening shares."""
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(6).hex()}"


def refused(holder: str) -> LockHeld:
    """The error for a warehouse that somebody else writes."""
    return LockHeld(f"another run holds the warehouse: {holder}", fix="wait until it ends, or stop that process")


def poll(attempt: Callable[[], T | None], limit: float, holder: Callable[[], str]) -> T:
    """The first result that is not None, tried for `limit` seconds; raises LockHeld naming the holder."""
    deadline = time.monotonic() + limit
    while (result := attempt()) is None:
        if time.monotonic() >= deadline:
            raise refused(holder())
        time.sleep(_PAUSE_SECONDS)
    return result


@contextmanager
def only_here(file: Path) -> Iterator[None]:
    """Refuse a second opening of a file within this process, which the operating system's lock lets pass."""
    with _opening:
        if file in _opened:
            raise refused(f"this process (PID {os.getpid()})")
        _opened.add(file)
    try:
        yield
    finally:
        with _opening:
            _opened.discard(file)


class AdvisoryLock:
    """PostgreSQL's session lock for one project. `ensure` takes it again after a lost connection."""

    def __init__(self, engine: sa.Engine, project: str, limit: float) -> None:
        digest = hashlib.sha256(f"crosscheck/{project}".encode()).digest()
        self._key = int.from_bytes(digest[:8], "big", signed=True)
        self._engine = engine
        self._conn = poll(self._attempt, limit, self._holder)

    def _attempt(self) -> sa.Connection | None:
        conn = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if conn.scalar(sa.select(sa.func.pg_try_advisory_lock(self._key))):
            return conn
        conn.close()
        return None

    def _holder(self) -> str:
        query = sa.text(
            "SELECT a.application_name, a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
            "AND (l.classid::bigint << 32) | l.objid::bigint = :key")
        with self._engine.connect() as conn:
            row = conn.execute(query, {"key": self._key}).first()
        return f"{row[0]}, server process {row[1]}" if row else "somebody who has just left"

    def ensure(self) -> None:
        """Hold the lock still, or again; raises LockHeld when somebody took it meanwhile."""
        try:
            self._conn.execute(sa.text("SELECT 1"))
        except sa.exc.DBAPIError:
            self._conn.invalidate()
            self._conn.close()
            self._conn = poll(self._attempt, 0, self._holder)

    def release(self) -> None:
        """Give the lock back; a connection that is already lost has given it back itself."""
        with suppress(sa.exc.DBAPIError):
            self._conn.execute(sa.select(sa.func.pg_advisory_unlock(self._key)))
        with suppress(sa.exc.DBAPIError):
            self._conn.close()


def take_lease(conn: sa.Connection, owner: str) -> None:
    """Make `owner` the only one whose write transactions pass the fence. Called under the lock."""
    conn.execute(sa.delete(lease))
    conn.execute(sa.insert(lease).values(owner=owner))


def guard(conn: sa.Connection, owner: str) -> None:
    """Stop a write transaction whose owner was replaced; on PostgreSQL nobody can replace it before the commit."""
    query = sa.select(lease.c.owner)
    current = conn.scalar(query.with_for_update(read=True) if conn.dialect.name == "postgresql" else query)
    if current != owner:
        raise refused(f"{current or 'nobody'} took over from {owner}")
