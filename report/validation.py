"""A page per run over every check of its gates: one file, both languages, no script, no request to anybody.

It holds checks, counts, accounts and days, never a value of a row. Names and details of checks are the ones that
alerts, the command line and the runbook use, so they are not translated.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crosscheck.settings import Settings
from expectations.context import SITE
from expectations.docs import folder
from expectations.gate import GateResult
from report.numbers import Numbers
from report.phrases import _
from report.words import Language, words

_LOG = logging.getLogger(__name__)
_GATES = {1: _("Gate 1: tonight's rows, before they enter staging"),
          2: _("Gate 2: staging, before the marts are built"),
          3: _("Gate 3: the marts, before they are published")}


class Run(Protocol):
    """What the page says of its run."""

    @property
    def run_id(self) -> str:
        """Its name."""
        ...

    @property
    def as_of(self) -> datetime:
        """Its clock."""
        ...


def place(settings: Settings, run_id: str) -> Path:
    """Where a run's page lies."""
    return folder(settings, run_id) / "index.html"


def write(settings: Settings, run: Run, gates: Sequence[GateResult]) -> Path | None:
    """Write a run's page; None when that failed: a page never fails a night."""
    page = place(settings, run.run_id)
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(render(settings, run, gates, site=(page.parent / SITE / "index.html").exists()),
                        encoding="utf-8")
    except Exception as error:  # noqa: BLE001
        _LOG.warning("the page of %s was not written: %s", run.run_id, error)
        return None
    return page


def render(settings: Settings, run: Run, gates: Sequence[GateResult], *, site: bool = False) -> str:
    """The page as text; `site`: Great Expectations' own pages lie beside it."""
    zone = ZoneInfo(settings.project.time_zone)
    parts = {language.value: _body().render(
        _=words(language).gettext, ngettext=words(language).ngettext, project=settings.project.name, run=run,
        shown=Numbers(language, settings.project.reporting_currency, zone), owner=settings.alerts.owner, site=site,
        gates=[_gate(gate, language) for gate in gates], stopped=[gate.gate for gate in gates if not gate.passed],
        warned=any(gate.warned for gate in gates),
    ) for language in Language}
    page: str = _frame().render(title=f"{settings.project.name}: {run.run_id}", parts=parts)
    return page


def _gate(gate: GateResult, language: Language) -> dict[str, Any]:
    """A gate with its checks, broken ones first."""
    order = sorted(gate.checks, key=lambda check: (check.success, not check.stops, check.table, check.check))
    return {"name": _GATES[gate.gate].said(language), "result": gate,
            "broken": [check for check in order if not check.success],
            "held": [check for check in order if check.success]}


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True)


def _body() -> Any:
    return _environment().get_template("validation_body.html")


def _frame() -> Any:
    return _environment().get_template("validation.html")
