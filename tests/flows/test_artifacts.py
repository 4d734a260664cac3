"""What a night shows on Prefect's pages, key by key; what cannot be shown fails nothing."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crosscheck.settings import Settings
from flows import artifacts
from flows.night import Night, Outcome
from flows.outcome import Counts

LEAKED = "a-value-that-nobody-may-store"
FRESH = {"source": "crm", "account_id": "1", "stream": "deals", "complete_to_day": None, "lag_days": None,
         "last_success_at": None, "last_error": None, "run_id": "r"}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """What Prefect would have been told, by key; the published tables hold two streams, one of them stale."""
    seen: dict[str, dict[str, Any]] = {}
    for kind in ("markdown", "table", "link"):
        monkeypatch.setattr(artifacts, f"create_{kind}_artifact", lambda *, key, **words: seen.update({key: words}))
    rows = [{**FRESH, "is_stale": False}, {**FRESH, "stream": "leads", "is_stale": True}]
    monkeypatch.setattr(artifacts, "published_rows", lambda _settings, _marts: {"source_freshness": rows})
    monkeypatch.setattr(artifacts, "campaign_totals", lambda _settings: [{"spend": None}])
    return seen


def night(outcome: Outcome, *reports: Path) -> Night:
    """A night that ended so, and wrote these files."""
    written = tuple(str(path) for path in reports)
    return Night("nightly-1", datetime(2026, 11, 21, 19, tzinfo=UTC), outcome, Counts(), reports=written)


def test_a_published_night_shows_everything(told: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """Summary, accounting, gates, freshness with the stale stream first, and a link to the report."""
    report, page = tmp_path / "nightly-vi.html", tmp_path / "page.html"
    artifacts.show(night(Outcome.PUBLISHED, report, page), Settings())
    assert set(told) == {"night-summary", "row-accounting", "gate-results", "freshness", "campaign-roi", "report"}
    assert [row["stream"] for row in told["freshness"]["table"]] == ["leads", "deals"]
    assert told["gate-results"]["table"] == [{"check": "all passed"}]
    assert told["report"]["link"] == report.as_uri()
    assert str(page) in told["report"]["description"]


def test_a_refused_night_claims_no_fresh_numbers(told: dict[str, dict[str, Any]]) -> None:
    """Nothing of what readers see is shown under its name, and no report that nobody wrote."""
    artifacts.show(night(Outcome.GATE_FAILED), Settings())
    assert set(told) == {"night-summary", "row-accounting", "gate-results"}


def test_what_cannot_be_shown_fails_nothing(told: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch,
                                            caplog: pytest.LogCaptureFixture) -> None:
    """One artifact less and a line in the log, without the error's own text; the others are there."""
    def broken(*_args: object, **_words: object) -> None:
        raise RuntimeError(LEAKED)

    monkeypatch.setattr(artifacts, "published_rows", broken)
    monkeypatch.setattr(artifacts, "create_progress_artifact", broken)
    with caplog.at_level(logging.WARNING):
        artifacts.show(night(Outcome.PUBLISHED), Settings())
        artifacts.Bar("google_ads", 3).done(1)
    assert set(told) == {"night-summary", "row-accounting", "gate-results", "campaign-roi"}
    assert "artifact freshness is missing: unexpected RuntimeError" in caplog.text
    assert "artifact backfill-google-ads is missing" in caplog.text
    assert LEAKED not in caplog.text
