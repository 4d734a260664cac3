"""The nightly report, after publication: it may fail, the night may not."""

from __future__ import annotations

import logging
from pathlib import Path

from crosscheck.redact import redact
from flows.notify import report_failed
from flows.outbox import Message
from flows.steps import Work

_LOG = logging.getLogger(__name__)


def write_reports(work: Work) -> tuple[tuple[Path, ...], list[Message]]:
    """The files of the published run, and what to tell where they could not be written."""
    wanted = work.settings.report
    if not wanted.enabled:
        return (), []
    try:
        from report.nightly.page import write

        written = write(work.settings, work.wh, work.settings.path(wanted.folder), wanted.languages)
    except Exception as error:  # noqa: BLE001 - whatever it was, the tables are published
        _LOG.warning("the report of %s was not written: %s", work.run.run_id, type(error).__name__)
        return (), [report_failed(work.run.run_id, redact(f"{type(error).__name__}: {error}"), work.settings)]
    return tuple(one.path for one in written), []
