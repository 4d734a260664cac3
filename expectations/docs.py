"""Data Docs: one folder per run; our own page (`report.validation`) lies on top, this site of theirs beneath.

The pages hold checks, counts, accounts and days, never a value of a row. Great Expectations' site loads styles and
scripts from other people's hosts; those references are taken out, so that opening it tells nobody anything.
"""

from __future__ import annotations

import logging
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from crosscheck.settings import Settings
from expectations.context import SITE, quiet_context

_LOG = logging.getLogger(__name__)
_REMOTE = re.compile(r"<script[^>]*\bsrc=\"https?://[^>]*>\s*</script>|<link[^>]*\bhref=\"https?://[^>]*>"
                     r"|<img[^>]*\bsrc=[\"']https?://[^>]*>")


def folder(settings: Settings, run_id: str) -> Path:
    """Where a run's Data Docs lie."""
    return settings.path(settings.store.docs) / run_id


def expire(settings: Settings, now: datetime) -> None:
    """Remove the pages of runs that are older than `store.docs_retention_days`."""
    oldest = (now - timedelta(days=settings.store.docs_retention_days)).timestamp()
    root = settings.path(settings.store.docs)
    for page in root.glob("*/index.html"):
        if page.stat().st_mtime < oldest:
            shutil.rmtree(page.parent, ignore_errors=True)


def build(settings: Settings, run_id: str) -> Path | None:
    """Write Great Expectations' site over a run; its first page, or None when that failed: pages never fail a night."""
    where = folder(settings, run_id)
    try:
        where.mkdir(parents=True, exist_ok=True)
        quiet_context(where).build_data_docs()
        for page in (where / SITE).rglob("*.html"):
            page.write_text(_REMOTE.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")
    except Exception as error:  # noqa: BLE001
        _LOG.warning("the Data Docs of %s were not written: %s", run_id, error)
        return None
    return where / SITE / "index.html"
