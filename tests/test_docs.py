"""Documents that cannot lie: what they name exists, what is generated is fresh."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from crosscheck.cli import EXIT_CODES, app
from crosscheck.settings import Settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
             *sorted((ROOT / "docs").rglob("*.md"))]
ALONE = ["init", "doctor", "run", "backfill", "watch", "sla", "grant", "salesperson", "erase", "status", "sql", "trace",
         "as-of", "letters", "verify", "demo"]
GROUPS = {"appeal": ("file", "sign", "withdraw", "list"), "sandbox": ("generate", "serve")}
COMMANDS = [*((name,) for name in ALONE), *((group, word) for group, words in GROUPS.items() for word in words)]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command: tuple[str, ...]) -> None:
    """Help names an example, and every command with data to show offers --json."""
    shown = subprocess.run([sys.executable, "-m", "crosscheck", *command, "--help"], capture_output=True, text=True,
                           check=True, env={"COLUMNS": "200", "PATH": "/usr/bin:/bin"})
    assert "Example: " in shown.stdout
    assert "--json" in shown.stdout


def test_help_answers_without_the_heavy_libraries() -> None:
    """`crosscheck --help` imports neither Prefect nor Great Expectations nor pandas nor an engine."""
    code = ("import sys; from crosscheck.cli import app; app(['--help'], result_action='return_value');"
            "sys.exit(bool({'prefect','great_expectations','pandas','duckdb','pyarrow'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_the_readme_lists_every_exit_code() -> None:
    """A script that calls crosscheck finds each exit code in the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(re.search(rf"\| {code} \|", text) for code in EXIT_CODES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_name_only_what_exists(document: Path) -> None:
    """Commands, files and make targets that a document names are there."""
    text = document.read_text(encoding="utf-8")
    known = {name for (name, *_rest) in COMMANDS}
    used = set(re.findall(r"`(?:\.venv/bin/)?crosscheck ([a-z-]+)", text))
    assert used <= known
    folders = "docs|rules|connectors|warehouse|expectations|flows|sandbox|examples|tests|requirements"
    paths = re.findall(rf"`((?:{folders})/[\w./-]+\.\w+)`", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)\b", text, re.MULTILINE)) <= targets


def test_generated_documents_are_fresh() -> None:
    """docs/tables.md and docs/metrics.md are what the records say today."""
    from warehouse.dictionary import documents

    for path, text in documents().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, "run: make docs"


def test_the_example_environment_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every CROSSCHECK_ setting of .env.example is one that the settings know, or a secret's name."""
    names = re.findall(r"^(CROSSCHECK_\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    secrets = {"CROSSCHECK_CONFIG", "CROSSCHECK_PRIVACY_KEY", "CROSSCHECK_WAREHOUSE_URL", "CROSSCHECK_ALERT_URL"}
    for name in set(names) - secrets:
        section, _, key = name.removeprefix("CROSSCHECK_").lower().partition("__")
        assert key in type(getattr(Settings(), section)).model_fields


def test_the_app_is_complete() -> None:
    """The list of commands above is the list of commands there are."""
    top = {name for name in app if not name.startswith("-")}
    assert top == {name for (name, *_rest) in COMMANDS}
