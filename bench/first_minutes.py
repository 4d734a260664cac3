"""The first ten minutes of somebody new, by the command line, with a stopwatch: `python -m bench.first_minutes`.

demo → init → doctor → connect test → plan → run → report, each in a process of its own, against the sandbox's vendors.
Of each step: its time, its exit code, and the next command that it offered. A command that is not there is said so.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from crosscheck.cli.demo import stage

ALLOWED_SECONDS = 600
_MARK = "next:"


@dataclass(frozen=True)
class Step:
    """One command as it went; `code` is None where there is no such command."""

    command: str
    seconds: float
    code: int | None
    offered: str

    @property
    def line(self) -> str:
        """For eyes."""
        if self.code is None:
            return f"{'—':>7}  crosscheck {self.command}: there is no such command"
        offered = self.offered or "it offers no next command"
        return f"{self.seconds:6.1f}s  crosscheck {self.command}: exit code {self.code}\n{'':9}next: {offered}"


def steps(folder: Path, scale: float) -> Iterator[Step]:
    """All steps, as they end. The demo's own folder comes first; the rest is a company that somebody connects."""
    yield typed("demo", str(folder / "demo"), "--scale", str(scale))
    yield typed("init", str(folder / "mine"), "--currency", "VND")
    with stage(folder / "sandbox", scale=scale) as play:  # the sandbox's accounts stand in for one's own
        known, as_of = {"CROSSCHECK_CONFIG": str(play.config)}, play.dawn(1).isoformat()
        yield typed("doctor", **known)
        yield typed("connect", "test", **known)
        yield typed("plan", **known)
        yield typed("run", "--as-of", as_of, **known)
        yield typed("report", **known)


def typed(*words: str, **known: str) -> Step:
    """Type a command and wait for it."""
    if not _exists(words[0]):
        return Step(" ".join(words), 0.0, None, "")
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "crosscheck", *words], env={**os.environ, **known}, check=False,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return Step(_short(words), time.monotonic() - began, done.returncode, offered(done.stdout + done.stderr))


def offered(text: str) -> str:
    """The last next step that a command printed."""
    found = [line.split(_MARK, 1)[1].strip() for line in text.splitlines() if line.strip().startswith(_MARK)]
    return found[-1] if found else ""


def _exists(word: str) -> bool:
    from crosscheck.cli import app

    return word in app


def _short(words: tuple[str, ...]) -> str:
    return " ".join(Path(word).name if word.startswith("/") else word for word in words)


def main() -> int:
    """Play and print; 1 when a step failed, offered nothing, or everything took longer than ten minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the demo company")
    parser.add_argument("--json", action="store_true", help="one document instead of lines")
    known, played = parser.parse_args(), []
    with TemporaryDirectory(prefix="first-minutes-") as folder:
        for step in steps(Path(folder), known.scale):
            played.append(step)
            if not known.json:
                print(step.line, flush=True)
    total = sum(step.seconds for step in played)
    if known.json:
        print(json.dumps({"steps": [asdict(step) for step in played], "seconds": round(total, 1)}, indent=2))
    else:
        print(f"{total:6.1f}s  of {ALLOWED_SECONDS} that somebody new has")
    stuck = [step for step in played if step.code is not None and (step.code or not step.offered)]
    return 1 if stuck or total > ALLOWED_SECONDS else 0


if __name__ == "__main__":
    sys.exit(main())
