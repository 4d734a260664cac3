"""The command line as a person or a script meets it: words in, exit code and two streams out."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crosscheck.__main__ import call
from crosscheck.cli.demo import Stage, stage


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one document it is."""
        return json.loads(self.out)


Say = Callable[..., Answer]


def say(*words: str | Path) -> Answer:
    """Type a command."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = call([str(word) for word in words])
    return Answer(code, out.getvalue(), err.getvalue())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and an environment that names no configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROSSCHECK_CONFIG", "crosscheck.toml")
    return tmp_path


@pytest.fixture(scope="session")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The demo company behind its vendors, with the environment that a shell would have."""
    with stage(tmp_path_factory.mktemp("cli") / "demo", scale=0.1) as made, pytest.MonkeyPatch.context() as env:
        env.setenv("CROSSCHECK_CONFIG", str(made.config))
        yield made
