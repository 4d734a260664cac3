"""Commands that need no vendor: a first configuration, what is wrong with it, and the SQL of every mart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from itertools import takewhile
from pathlib import Path

import pytest

from crosscheck.cli import EXIT_CODES
from crosscheck.settings import load
from tests.cli.conftest import say


def test_init_writes_what_a_run_needs_and_overwrites_nothing(here: Path) -> None:
    """Configuration, rules, a key that only its owner reads, and a .gitignore that keeps it out of a repository."""
    first = say("init", "--name", 'Công ty "A"', "--json")
    assert first.code == 0
    assert first.json["next"] == "crosscheck doctor"
    assert {Path(path).name for path in first.json["written"]} >= {"crosscheck.toml", "privacy_key", ".gitignore"}
    key = here / "secrets/privacy_key"
    assert (key.stat().st_mode & 0o777, len(key.read_text())) == (0o600, 64)
    again = say("init")
    assert again.code == 3
    assert "--force" in again.err
    assert say("init", "--force").code == 0
    assert len(key.read_text()) == 64
    assert "then: cd mine && crosscheck doctor" in say("init", "mine").err


@pytest.mark.parametrize("words", [("--zone", "Mars/Base"), ("--currency", "dong")])
def test_init_refuses_what_no_night_could_use(here: Path, words: tuple[str, str]) -> None:
    """A zone or currency that nobody knows is refused at once, and nothing is written."""
    assert say("init", *words).code == 2
    assert not (here / "crosscheck.toml").exists()


def test_the_demo_tells_its_warnings_beside_its_alert() -> None:
    """Its alert stays alone in its channel; no warning goes nowhere."""
    alerts = load(Path(__file__).parents[2] / "examples/demo/crosscheck.toml").alerts
    heard = {kind: [channel.url for channel in alerts.told(kind)] for kind in ("critical", "sla", "warning")}
    assert heard == {"critical": ["env:CROSSCHECK_ALERT_URL"], "sla": ["env:CROSSCHECK_ALERT_URL"],
                     "warning": ["env:CROSSCHECK_WARNING_URL"]}


def test_doctor_says_what_to_do_next(here: Path) -> None:
    """A fresh configuration has no source and nobody to tell: each finding has its fix, and nothing was written."""
    say("init")
    before = sorted(here.rglob("*"))
    answer = say("doctor")
    assert answer.code == 3
    assert "✗ settings: 0 sources" in answer.out
    assert "next: uncomment or add [[sources]] in crosscheck.toml" in answer.out
    assert "✓ warehouse: the first run makes it" in answer.out
    assert answer.err == "  next: mend what is marked (2), then: crosscheck doctor\n"
    assert sorted(here.rglob("*")) == before


def test_doctor_in_json(here: Path) -> None:
    """One document on standard output, nothing else."""
    say("init")
    answer = say("doctor", "--json")
    assert answer.json["ok"] is False
    assert answer.json["next"].endswith("crosscheck doctor")
    assert {item["check"] for item in answer.json["findings"]} >= {"python", "settings", "privacy key", "warehouse"}
    assert answer.err == ""


BROKEN = {
    "no file": (None, "no configuration"),
    "no TOML": ("x = [", "is not TOML"),
    "unknown key": ("[project]\nnmae = 'x'\n", "project.nmae"),
    "unknown zone": ("[project]\ntime_zone = 'Mars/Base'\n", "time zone"),
    "a secret itself": ("privacy_key = 'hunter2hunter2'\n", "by reference"),
    "an unset variable": ("[[sources]]\nname='a'\nconnector='files'\noptions={path='${NOWHERE}'}\n", "NOWHERE"),
    "no source": ("", "no source is configured"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_configuration_is_named_and_exits_3(here: Path, case: str) -> None:
    """What an operator can mend is one sentence and the next step, never a traceback; a secret is not repeated."""
    text, word = BROKEN[case]
    if text is not None:
        (here / "crosscheck.toml").write_text(text)
    answer = say("run")
    assert answer.code == 3
    assert word in answer.err
    assert "next:" in answer.err
    assert "Traceback" not in answer.err
    assert "hunter2" not in answer.err
    assert answer.out == ""


def test_an_error_with_json_is_a_document_on_stderr(here: Path) -> None:
    """Standard output stays empty; the error names what, where, next and the exit code."""
    answer = say("run", "--json")
    assert answer.out == ""
    assert json.loads(answer.err) == {"error": "no configuration at crosscheck.toml", "where": "",
                                      "next": "crosscheck init", "exit_code": 3}


@pytest.mark.parametrize("words", [
    ("run", "--nope"), ("nope",), ("sql",), ("sql", "lead_fact", "--dialect", "oracle"), ("backfill", "2026-01-01"),
    ("backfill", "2026-02-01..2026-01-01"), ("backfill", "2026-01-01..2026-01-31", "--chunk-days", "0"),
    ("sandbox", "generate", "company", "--scale", "0.01"),
], ids=" ".join)
def test_wrong_words_exit_2(here: Path, words: tuple[str, ...]) -> None:
    """Nothing happens, nothing is on standard output, and the complaint has no traceback."""
    answer = say(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err
    assert "Traceback" not in answer.err


def test_an_instant_without_zone_is_refused(here: Path) -> None:
    """Nobody knows which night 02:00 is."""
    (here / "crosscheck.toml").write_text("[[sources]]\nname='a'\nconnector='files'\n")
    answer = say("run", "--as-of", "2026-11-21T02:00:00")
    assert answer.code == 2
    assert "names no zone" in answer.err


def test_an_unknown_source_is_named_with_those_there_are(here: Path) -> None:
    """A typing error is not an empty night."""
    (here / "crosscheck.toml").write_text("[[sources]]\nname='rates'\nconnector='files'\n")
    for command in (("run",), ("backfill", "2026-01-01..2026-01-31")):
        answer = say(*command, "--source", "ratse")
        assert answer.code == 3
        assert "one of rates" in answer.err


@pytest.mark.parametrize("mart", ["campaign_roi_daily", "leak_waterfall", "why_changed"])
@pytest.mark.parametrize("dialect", ["duckdb", "postgresql"])
def test_sql_prints_a_mart_unwrapped(here: Path, mart: str, dialect: str) -> None:
    """The statement as a client can run it, character by character: what --json holds is what is printed."""
    words = ("sql", mart, "--dialect", dialect, "--as-of", "2026-11-21T19:00:00Z")
    printed = say(*words)
    assert (printed.code, printed.err) == (0, "")
    text = say(*words, "--json").json["sql"]
    assert printed.out == text + ";\n"
    assert "\x1b" not in printed.out
    assert text.upper().startswith(("WITH", "SELECT"))
    assert "%(" not in text


def test_an_unknown_mart_is_answered_with_those_there_are(here: Path) -> None:
    """The list is the next step."""
    answer = say("sql", "campaign")
    assert answer.code == 3
    assert "campaign_roi_daily" in answer.err


@pytest.mark.parametrize("command", ["run", "status"])
def test_a_warehouse_file_that_is_none_is_named(here: Path, command: str) -> None:
    """Garbage, or a folder, where the warehouse should be: one sentence and exit code 3."""
    (here / "crosscheck.toml").write_text("[[sources]]\nname='rates'\nconnector='files'\n")
    (here / "var").mkdir()
    (here / "var/warehouse.duckdb").write_bytes(b"garbage")
    answer = say(command)
    assert answer.code == 3
    assert "the warehouse file cannot be opened" in answer.err
    assert "Traceback" not in answer.err


def test_an_unforeseen_error_is_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, with a traceback to report and without what is secret in it."""
    def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("GET /me?access_token=EAAB1234567 by an@example.vn")

    monkeypatch.setattr("crosscheck.cli.look.load", broken)
    answer = say("status")
    assert answer.code == 1
    assert "RuntimeError: GET /me?access_token=*** by ***" in answer.err
    assert "please report it" in answer.err
    assert "EAAB" not in answer.err


def test_looking_before_the_first_night_is_no_fault(here: Path) -> None:
    """Status, trace and verify name the command that comes first."""
    say("init")
    for words in (("status",), ("trace", "lead_fact", "lead_id=1")):
        answer = say(*words)
        assert answer.code == 3
        assert "next: crosscheck run" in answer.err
    answer = say("verify", "nowhere")
    assert answer.code == 3
    assert "crosscheck sandbox generate" in answer.err


def test_generate_and_serve_a_company(here: Path) -> None:
    """The company is written, and served on ports that answer, until interrupted."""
    made = say("sandbox", "generate", "company", "--scale", "0.15", "--json")
    assert made.json["leads"] > 100
    words = [sys.executable, "-m", "crosscheck", "sandbox", "serve", "company", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as served:
        assert served.stdout is not None
        lines = takewhile(lambda line: line != "}\n", served.stdout)
        urls = json.loads("".join(lines) + "}")
        assert urls.keys() >= {"google_ads", "meta_ads", "hubspot", "getfly"}
        served.terminate()


def test_help_answers_at_once() -> None:
    """Under a second of processor time, in a process of its own."""
    began = os.times().children_user
    started = time.monotonic()
    shown = subprocess.run([sys.executable, "-m", "crosscheck", "--help"], capture_output=True, text=True, check=True)
    spent = os.times().children_user - began
    assert spent < 1, f"{spent:.2f} s of processor time, {time.monotonic() - started:.2f} s in all"
    text = " ".join(shown.stdout.split())
    assert all(meaning in text for meaning in ("yesterday's tables are kept", "holds the lock"))
    assert all(str(code) in shown.stdout for code in EXIT_CODES)
