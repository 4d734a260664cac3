"""A real Prefect server of a test's own, on loopback, with everything that it writes in one folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import httpx

ROOT = Path(__file__).parents[2]
POOL = "crosscheck"
ENDS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
T = TypeVar("T")


def until(look: Callable[[], T | None], seconds: float, what: str) -> T:
    """The first answer that is not empty; fails after a deadline."""
    deadline = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.5)


@dataclass(frozen=True)
class Prefect:
    """A server of this test's own: its folders, its address, and processes that know them."""

    home: Path
    scratch: str  # the worker keeps one folder for all users of a machine in the temporary one
    port: int

    @property
    def api(self) -> str:
        """Where the server answers."""
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def environment(self) -> dict[str, str]:
        """Loopback, SQLite, nothing told to anybody, and a worker that looks often."""
        return {**os.environ, "PREFECT_HOME": str(self.home), "TMPDIR": self.scratch,
                "PREFECT_API_URL": self.api, "DO_NOT_TRACK": "1",
                "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_LOGGING_LEVEL": "INFO",
                "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{self.home}/prefect.db",
                "PREFECT_WORKER_QUERY_SECONDS": "2",
                "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "4",
                "PREFECT_CLI_COLORS": "false"}

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """A Prefect command in a process group of its own, ended with all its children; its output in a log."""
        with (self.home / f"{words[0]}.log").open("wb") as log:
            process = subprocess.Popen([sys.executable, "-m", "prefect", *words], env=self.environment, cwd=ROOT,
                                       stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def processes(self) -> list[str]:
        """Which processes live in this folder's environment (as far as the system tells)."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if str(self.home).encode() in path.read_bytes():
                    found.append(path.parent.name)
        return found

    def say(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of Crosscheck's that knows this server, as an operator types it."""
        return subprocess.run([sys.executable, "-m", "crosscheck", *words], check=False, cwd=ROOT, text=True,
                              env=self.environment, capture_output=True, timeout=200, stdin=subprocess.DEVNULL)

    def deploy(self) -> None:
        """Every deployment of `prefect.yaml`, and the automations."""
        done = self.say("deploy")
        assert done.returncode == 0, done.stdout + done.stderr

    def alive(self) -> bool:
        """Whether the server answers."""
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.api}/health").status_code == 200
        return False

    def ask(self, path: str, body: Any = None) -> Any:
        """POST, or GET without a body."""
        answer = httpx.get(self.api + path) if body is None else httpx.post(self.api + path, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def send(self, method: str, path: str, body: Any) -> None:
        """PATCH or PUT."""
        httpx.request(method, self.api + path, json=body, timeout=30).raise_for_status()

    def runs(self, deployment: str, *states: str) -> list[dict[str, Any]]:
        """Flow runs of a deployment in some states, the next one first."""
        wanted = {"deployments": {"id": {"any_": [deployment]}}, "sort": "EXPECTED_START_TIME_ASC",
                  "flow_runs": {"state": {"type": {"any_": list(states)}}}}
        return list(self.ask("/flow_runs/filter", wanted))


@contextmanager
def served(home: Path) -> Iterator[Prefect]:
    """A server that answers; afterwards no process of it, and of what was started beside it, is left."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    scratch = TemporaryDirectory(ignore_cleanup_errors=True)
    opened = Prefect(home, scratch.name, port)
    with scratch, opened.running("server", "start", "--host", "127.0.0.1", "--port", str(port)) as server:
        until(lambda: opened.alive() or server.poll() is not None, 120, "the server answers")
        yield opened
    until(lambda: not opened.processes(), 20, "server, worker and their children are gone")
