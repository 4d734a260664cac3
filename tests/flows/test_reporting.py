"""A report that fails fails no night."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crosscheck.settings import Report, Settings
from flows.reporting import write_reports


def work(folder: Path, *, enabled: bool = True) -> Any:
    """What a night's end knows of itself, as far as a report asks."""
    return SimpleNamespace(settings=Settings(home=folder, report=Report(enabled=enabled)), wh=None,
                           run=SimpleNamespace(run_id="nightly-20261120T190000"))


def test_what_went_wrong_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the writing raises becomes one warning, which says what to do."""
    def broken(*_: object) -> None:
        raise RuntimeError("no room on the disk")

    monkeypatch.setattr("report.nightly.page.write", broken)
    written, (told,) = write_reports(work(tmp_path))
    assert written == ()
    assert (told.topic, told.severity) == ("report", "warning")
    assert "no room on the disk" in told.body
    assert "crosscheck report" in told.body


def test_a_night_may_do_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reports are not wanted, none is tried."""
    monkeypatch.setattr("report.nightly.page.write", None)
    assert write_reports(work(tmp_path, enabled=False)) == ((), [])


def test_the_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder and the languages are those of the settings."""
    def wrote(_: object, __: object, folder: Path, languages: tuple[str, ...]) -> list[Any]:
        return [SimpleNamespace(path=folder / language) for language in languages]

    def asked(*_: object, with_people: bool, **__: object) -> Any:
        assert not with_people
        return SimpleNamespace(path=home / "page.html")

    home = tmp_path / "var" / "report"
    monkeypatch.setattr("report.nightly.page.write", wrote)
    monkeypatch.setattr("report.page.build", asked)
    assert write_reports(work(tmp_path)) == ((home / "vi", home / "en", home / "page.html"), [])
