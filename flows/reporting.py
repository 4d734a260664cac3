"""The nightly report and the page, after publication: they may fail, the night may not."""

from __future__ import annotations

import logging
from pathlib import Path

from crosscheck.redact import redact
from flows.notify import report_failed
from flows.outbox import Message
from flows.steps import Work
from report.words import Language

_LOG = logging.getLogger(__name__)


def write_reports(work: Work) -> tuple[tuple[Path, ...], list[Message]]:
    """The files of the published run, and what to tell where they could not be written.

    Whoever finds the folder may open the page, so that nothing in it says whose lead a lead was.
    """
    wanted = work.settings.report
    if not wanted.enabled:
        return (), []
    try:
        from report import page
        from report.nightly.page import write

        folder = work.settings.path(wanted.folder)
        written = write(work.settings, work.wh, folder, wanted.languages)
        asked = page.build(work.settings, work.wh, folder, language=Language(wanted.languages[0]), with_people=False)
    except Exception as error:  # noqa: BLE001 - whatever it was, the tables are published
        _LOG.warning("the report of %s was not written: %s", work.run.run_id, type(error).__name__)
        return (), [report_failed(work.run.run_id, redact(f"{type(error).__name__}: {error}"), work.settings)]
    return (*(one.path for one in written), asked.path), []
