"""Data Docs: one folder per run, a plain page of our own on top, Great Expectations' own site beneath.

The pages hold checks, counts, accounts and days, never a value of a row. Great Expectations' site loads styles and
scripts from other people's hosts; those references are taken out, so that opening it tells nobody anything.
"""

from __future__ import annotations

import html
import logging
import re
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from crosscheck.settings import Settings
from expectations.context import SITE, quiet_context

if TYPE_CHECKING:
    from expectations.gate import GateResult

_LOG = logging.getLogger(__name__)
_REMOTE = re.compile(r"<script[^>]*\bsrc=\"https?://[^>]*>\s*</script>|<link[^>]*\bhref=\"https?://[^>]*>"
                     r"|<img[^>]*\bsrc=[\"']https?://[^>]*>")
_STYLE = """\
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1b1b}
table{border-collapse:collapse;width:100%;margin:0 0 2rem}td,th{padding:.3rem .6rem;text-align:left;
border-bottom:1px solid #ddd;vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}
.fail{background:#fde8e6}.warn{background:#fff5da}code{background:#f3f3f3;padding:0 .2rem}"""


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


def build(settings: Settings, run_id: str, results: Sequence[GateResult]) -> Path | None:
    """Write the run's pages; the path of the first one, or None when that failed: pages never fail a night."""
    where = folder(settings, run_id)
    try:
        where.mkdir(parents=True, exist_ok=True)
        quiet_context(where).build_data_docs()
        for page in (where / SITE).rglob("*.html"):
            page.write_text(_REMOTE.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")
        index = where / "index.html"
        index.write_text(_page(run_id, results), encoding="utf-8")
    except Exception as error:  # noqa: BLE001
        _LOG.warning("the Data Docs of %s were not written: %s", run_id, error)
        return None
    return index


def _page(run_id: str, results: Sequence[GateResult]) -> str:
    gates = "".join(_gate(result) for result in results)
    return (f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(run_id)}</title>"
            f"<style>{_STYLE}</style><h1>{html.escape(run_id)}</h1>"
            f"<p>Every check of the run. <a href='{SITE}/index.html'>The same as Great Expectations shows it</a>.</p>"
            f"{gates}</html>\n")


def _gate(result: GateResult) -> str:
    verdict = "passed" if result.passed else "stopped the night"
    order = sorted(result.checks, key=lambda check: (check.success, not check.stops, check.table))
    rows = "".join(
        f"<tr class='{'' if check.success else check.severity.value}'><td>{'held' if check.success else 'broken'}"
        f"<td>{check.severity.value}<td>{html.escape(check.table)}<td>{html.escape(check.check)}"
        f"<td class=n>{check.evaluated_rows:,}<td class=n>{check.failing_rows:,}<td>{html.escape(check.detail)}"
        for check in order)
    return (f"<h2>Gate {result.gate} {verdict}</h2><p>{len(result.checks)} checks, {len(result.failed)} failed, "
            f"{len(result.warned)} warnings, {result.quarantined} rows quarantined.</p><table><tr><th>result"
            f"<th>severity<th>table<th>check<th>looked at<th>broken<th>what</tr>{rows}</table>")
