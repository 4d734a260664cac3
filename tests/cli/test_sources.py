"""`pause`, `resume`, `freshness`, `alerts test` as a person meets them: what they say, what they refuse, exit codes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sandbox.sink import Sink
from tests.cli.conftest import say

AT = ("--at", "2026-11-21T19:00Z")
_CONFIG = """
[alerts]
critical = ["env:GOOD"]
[[alerts.channels]]
name = "head"
url = "env:BAD"
language = "vi"
audience = "reader"
[[sources]]
name = "meta_ads"
connector = "meta_ads"
"""


@pytest.fixture
def home(here: Path, duckdb_template: Path) -> Path:
    """A configured source and a warehouse that no night has read into."""
    (here / "crosscheck.toml").write_text(_CONFIG)
    (here / "var").mkdir()
    shutil.copy(duckdb_template, here / "var/warehouse.duckdb")
    return here


def test_a_pause_is_said_wherever_one_looks(home: Path) -> None:
    """By `pause` itself, `status`, `freshness` and `resume`; afterwards by none."""
    said = say("pause", "meta_ads", "--until", "2099-12-05", "--reason", "new agency", *AT)
    assert (said.code, "From 2099-12-06 on it is read again" in said.err) == (0, True)
    assert "new agency" in say("status").err
    (row,) = say("freshness", *AT, "--json").json["sources"]
    assert (row["state"], row["paused_until"], row["reason"]) == ("paused", "2099-12-05", "new agency")
    assert "paused until 2099-12-05: new agency" in say("freshness", *AT).out
    assert say("resume", "meta_ads", "--at", "2026-11-21T20:00Z", "--json").json["ended"]["reason"] == "new agency"
    assert "new agency" not in say("status").err
    assert "was not paused" in say("resume", "meta_ads").err


@pytest.mark.parametrize(("words", "step"), [
    (("connect", "test"), "mend it, then: crosscheck connect test meta_ads"), (("plan",), "crosscheck connect test")])
def test_a_source_that_refuses_is_mended_first(home: Path, words: tuple[str, ...], step: str) -> None:
    """Its secret is missing: what to set is said, and then the command that shows that it answers."""
    said = say(*words)
    assert (said.code, said.err.splitlines()[-1]) == (3, f"  next: {step}")
    assert "access_token" in said.err
    assert say(*words, "--json").json["next"] == step


@pytest.mark.parametrize(("words", "code", "told"), [
    (("meta_ads", "--until", "2026-11-20", "--reason", "x"), 2, "is over already"),
    (("meta_ads", "--until", "2099-12-05", "--reason", " "), 2, "readers will ask"),
    (("tiktok", "--until", "2099-12-05", "--reason", "x"), 3, "one of meta_ads"),
])
def test_a_pause_that_cannot_be_meant(home: Path, words: tuple[str, ...], code: int, told: str) -> None:
    """Each with what to type instead; nothing is paused."""
    said = say("pause", *words, *AT)
    assert (said.code, told in said.err) == (code, True)
    assert say("status", "--json").json["paused"] == []


def test_every_channel_is_really_tried(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One takes it, the other's secret is missing: exit code 8, and each is told apart; one alone can be asked for."""
    with Sink() as sink:
        monkeypatch.setenv("GOOD", sink.url)
        monkeypatch.delenv("BAD", raising=False)
        tried = say("alerts", "test", "--json")
        assert (tried.code, tried.json["ok"]) == (8, False)
        assert [(each["channel"], bool(each["failed"])) for each in tried.json["channels"]] == [
            ("env:GOOD", False), ("head", True)]
        assert "a test message" in sink.messages[0]["title"]
        monkeypatch.setenv("BAD", sink.url)
        assert say("alerts", "test", "head").code == 0
        assert "tin thử" in sink.messages[1]["title"]
        assert say("alerts", "test", "nobody").code == 2
