"""The warehouse opened: one object for DuckDB and for PostgreSQL. Only this package opens databases.

Instants are naive UTC everywhere in the warehouse; `naive_utc` turns a run's clock into that form.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from crosscheck.errors import ConfigError
from crosscheck.redact import redact
from crosscheck.settings import Settings
from crosscheck.windows import utc
from warehouse.lock import AdvisoryLock, guard, only_here, owner_token, poll

T = TypeVar("T")
_RETRY_PAUSES = (0.2, 1.0, 3.0, 8.0)
_RETRIED_STATES = {"40001", "40P01", "55P03", "57P01", "57P02", "57P03", None}
_GX_DUCKDB = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True, "pool_reset_on_return": None}


def naive_utc(moment: datetime) -> datetime:
    """An aware instant as the warehouse stores it: UTC without a zone."""
    return utc(moment).replace(tzinfo=None)


@dataclass
class Warehouse:
    """An open warehouse. `dialect` is "duckdb" or "postgresql"; `file` is DuckDB's working file, else None."""

    engine: sa.Engine
    dialect: str
    settings: Settings
    owner: str = field(default_factory=owner_token)
    file: Path | None = None
    lock: AdvisoryLock | None = field(default=None, repr=False)

    def gx_url(self) -> str:
        """The connection string for validation. It may hold a password: never log it."""
        return self.engine.url.render_as_string(hide_password=False)

    def gx_kwargs(self) -> dict[str, Any]:
        """What `create_engine` needs beside `gx_url`.

        DuckDB shares its file only between equal configurations, and must not roll back, or pending results are lost.
        """
        args: dict[str, Any] = {"connect_args": self._connect_args}
        return args | _GX_DUCKDB if self.dialect == "duckdb" else args

    @cached_property
    def gx_engine(self) -> sa.Engine:
        """An engine of its own for validation, closed with the warehouse."""
        return sa.create_engine(self.gx_url(), **self.gx_kwargs())

    @property
    def _connect_args(self) -> dict[str, Any]:
        return duckdb_args(self.settings) if self.dialect == "duckdb" else _postgres_args()

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in one fenced transaction.

        A lost connection, deadlock or serialization failure repeats the whole transaction a few times: `work` must
        first ask the ledger whether its earlier commit went through. Raises LockHeld when another run took over.
        """
        for pause in (*_RETRY_PAUSES, None):
            try:
                with self.engine.begin() as conn:
                    guard(conn, self.owner)
                    return work(conn)
            except sa.exc.DBAPIError as error:
                if pause is None or not self._may_repeat(error):
                    raise
                time.sleep(pause)
                self._recover()
        raise AssertionError("the last attempt returns or raises")

    def rehearse(self, work: Callable[[sa.Connection], T]) -> T:
        """The answer of `work`, run in such a transaction; what it wrote is rolled back, and nobody sees it."""
        def undone(conn: sa.Connection) -> T:
            answer = work(conn)
            if (open_ := conn.get_transaction()) is not None:
                open_.rollback()
            return answer

        return self.write(undone)

    def _may_repeat(self, error: sa.exc.DBAPIError) -> bool:
        transient = isinstance(error, sa.exc.OperationalError) or error.connection_invalidated
        return self.dialect == "postgresql" and transient and getattr(error.orig, "sqlstate", None) in _RETRIED_STATES

    def _recover(self) -> None:
        try:
            if self.lock:
                self.lock.ensure()
        except sa.exc.OperationalError:
            return  # the server is not back yet: the next attempt waits longer


def warehouse_url(settings: Settings) -> sa.URL:
    """The configured URL, its reference resolved and a DuckDB path made absolute. Raises ConfigError."""
    text = settings.store.warehouse
    text = settings.secret(text) if text.startswith(("env:", "file:")) else text
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        raise ConfigError("store.warehouse is not a database URL", fix="duckdb:///… or postgresql://…") from None
    if url.drivername == "duckdb":
        return url.set(database=str(settings.path(url.database or "var/warehouse.duckdb")))
    if url.get_backend_name() in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise ConfigError(f"no engine for {url.drivername}", fix="use duckdb:///… or postgresql://…")


@contextmanager
def open_warehouse(settings: Settings, *, lock: bool = True, wait: float = 0.0,
                   owner: str | None = None) -> Iterator[Warehouse]:
    """The warehouse, closed at the end. With `lock` we are the only writer; without it, a reader.

    Waits up to `wait` seconds for another writer, then raises LockHeld naming it. DuckDB lets nobody read the
    working file while another process writes it. `owner` is the fencing token, a fresh one unless given.
    """
    url = warehouse_url(settings)
    with ExitStack() as stack:
        opened = _open_duckdb if url.drivername == "duckdb" else _open_postgres
        wh = opened(stack, url, settings, lock, wait)
        wh.owner = owner or wh.owner
        stack.callback(_dispose_gx, wh)
        yield wh


def _dispose_gx(wh: Warehouse) -> None:
    if "gx_engine" in wh.__dict__:
        wh.gx_engine.dispose()


def duckdb_args(settings: Settings) -> dict[str, Any]:
    """How every DuckDB file is opened: no way to other files or the network, and no way to change that."""
    return {"config": {
        "enable_external_access": False, "allow_community_extensions": False, "lock_configuration": True,
        "checkpoint_threshold": "1GB", "memory_limit": settings.store.memory_limit, "preserve_insertion_order": False,
    }}


def _open_duckdb(stack: ExitStack, url: sa.URL, settings: Settings, lock: bool, wait: float) -> Warehouse:
    file = Path(url.database or "")
    if not lock and not file.exists():
        raise ConfigError(f"no warehouse at {file.name} yet", fix="crosscheck run")
    stack.enter_context(only_here(file))
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"no warehouse in {file.parent}: {error.strerror}", fix="see who owns the folder") from None
    engine = sa.create_engine(url, connect_args=duckdb_args(settings), pool_size=8, max_overflow=8)
    stack.callback(engine.dispose)
    holder = "another process"

    def attempt() -> sa.Connection | None:
        nonlocal holder
        try:
            return engine.connect()
        except sa.exc.DBAPIError as error:
            if "Could not set lock" not in str(error):
                raise _unusable(error) from None
            found = re.search(r"\(PID (\d+)\)", str(error))
            holder = f"PID {found[1]}" if found else holder
            return None

    anchor = poll(attempt, wait, lambda: holder)  # an open connection keeps the file and its lock
    stack.callback(anchor.close)
    file.chmod(0o600)
    return Warehouse(engine, "duckdb", settings, file=file)


def _unusable(error: sa.exc.DBAPIError) -> Exception:
    """A file that DuckDB cannot open is for a person to look at."""
    if type(error.orig).__name__ != "IOException":
        return error
    return ConfigError(f"the warehouse file cannot be opened: {_first_line(error)}",
                       fix="check its place, its owner and the disk; a broken one is restored from a copy, or moved "
                           "away and filled anew by crosscheck run")


def _postgres_args() -> dict[str, Any]:
    return {"application_name": f"crosscheck PID {os.getpid()}", "keepalives_idle": 30, "connect_timeout": 10,
            "options": "-c timezone=UTC -c client_min_messages=warning -c search_path=public"}


def _open_postgres(stack: ExitStack, url: sa.URL, settings: Settings, lock: bool, wait: float) -> Warehouse:
    engine = sa.create_engine(url, connect_args=_postgres_args(), pool_size=4, max_overflow=8, pool_pre_ping=True)
    stack.callback(engine.dispose)
    try:
        engine.connect().close()
    except sa.exc.OperationalError as error:
        raise ConfigError(f"PostgreSQL does not answer: {_first_line(error)}", fix="check store.warehouse") from None
    held = AdvisoryLock(engine, settings.project.name, wait) if lock else None
    if held:
        stack.callback(held.release)
    return Warehouse(engine, "postgresql", settings, lock=held)


def _first_line(error: sa.exc.DBAPIError) -> str:
    return redact(str(error.orig).splitlines()[0])
