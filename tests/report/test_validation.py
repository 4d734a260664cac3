"""The page over a run's checks: whole in one file, in both languages, and harmless whatever a check says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crosscheck.settings import Alerts, Project, Settings
from expectations.gate import GateResult
from expectations.rules import CheckResult, Severity
from report import validation

RUN: Any = SimpleNamespace(run_id="nightly-20261121T190000", as_of=datetime(2026, 11, 21, 19, tzinfo=UTC))
BROKEN = CheckResult("ad_daily", "rows are where rows were", Severity.FAIL, success=False, evaluated_rows=1_204,
                     failing_rows=3, detail="<script>alert(1)</script> & rows_now=0")
LATE = CheckResult("lead", "the newest day has arrived", Severity.WARN, success=False, evaluated_rows=2, failing_rows=1)
HELD = CheckResult("lead", "key is unique", Severity.FAIL, success=True, evaluated_rows=90, failing_rows=0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A company with a name."""
    return Settings(home=tmp_path, project=Project(name="Phố Hiến"), alerts=Alerts(owner="An"))


def test_a_stopped_night_is_said_in_both_languages(settings: Settings) -> None:
    """What stopped it comes first, its numbers as the language writes them, and what readers see meanwhile."""
    page = validation.render(settings, RUN, [GateResult(1, passed=False, checks=(HELD, LATE, BROKEN), quarantined=2)])
    for part in ("Cổng kiểm tra 1 đã dừng lần chạy đêm.", "Gate 1 stopped the night.", "1.204", "1,204", "Phố Hiến",
                 "2 dòng bị cách ly", "2 quarantined rows", "An has been told", "a-gate-stopped.md",
                 "02:00 22/11/26", "22/11/2026, 02:00"):
        assert part in page
    assert page.index("rows are where rows were") < page.index("the newest day has arrived")
    assert page.index("the newest day has arrived") < page.index("key is unique")


def test_the_page_asks_nobody_for_anything(settings: Settings) -> None:
    """No script, no address, no text of a check that becomes markup."""
    page = validation.render(settings, RUN, [GateResult(1, passed=False, checks=(BROKEN,))])
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert re.findall(r"(?:https?:)?//|\bsrc=|@import|url\(", page) == []


def test_a_good_night_and_one_without_gates(settings: Settings) -> None:
    """Warnings stop nothing and are shown; where nothing was read, no gate is said to have passed."""
    good = validation.render(settings, RUN, [GateResult(2, passed=True, checks=(HELD, LATE))], site=True)
    assert "Every gate let the night pass." in good
    assert 'href="gx/index.html"' in good
    unread = validation.render(settings, RUN, [])
    assert "No gate was asked" in unread
    assert "let the night pass" not in unread


def test_the_page_lies_where_the_alert_says_and_never_fails_a_night(settings: Settings, tmp_path: Path) -> None:
    """A folder that cannot be made is a line in the log."""
    assert validation.write(settings, RUN, []) == validation.place(settings, RUN.run_id)
    assert validation.place(settings, RUN.run_id).is_file()
    (tmp_path / "file").write_text("")
    blocked = settings.model_copy(update={"store": settings.store.model_copy(update={"docs": "file"})})
    assert validation.write(blocked, RUN, []) is None
