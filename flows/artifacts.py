"""What a run shows on Prefect's pages; each key has its own history page there. Showing never fails a night."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from crosscheck.settings import Settings
from flows.night import Night
from flows.tasks import safe_text
from warehouse.reading import campaign_totals, published_rows

_LOG = logging.getLogger(__name__)
_FRESHNESS = ("source", "account_id", "stream", "complete_to_day", "lag_days", "is_stale", "last_success_at",
              "last_error")


def show(result: Night, settings: Settings) -> None:
    """The night's artifacts; the files to read in the morning are those that it wrote."""
    _shown("night-summary", lambda key: create_markdown_artifact(
        key=key, markdown="\n\n".join(result.lines()), description=f"Night {result.run_id}"))
    _table("row-accounting", "received = published + quarantined + deduplicated", result.accounting)
    _table("gate-results", "Checks that failed, with their severity",
           lambda: result.failed_checks() or [{"check": "all passed"}])
    if result.published:
        _table("freshness", "Up to which day each stream is complete; what is stale", lambda: _freshness(settings))
        _table("campaign-roi", "Campaign ROI by closing date, reporting currency, all published months",
               lambda: campaign_totals(settings))
    if result.reports:
        _shown("report", lambda key: _report(key, result))


class Bar:
    """The progress of a backfill, in chunks; each source has its own page of them."""

    def __init__(self, source: str, chunks: int) -> None:
        self._id: UUID | None = None
        self._chunks, self._key = chunks, f"backfill-{(source or 'all').replace('_', '-')}"
        _shown(self._key, self._begin)

    def _begin(self, key: str) -> None:
        made = create_progress_artifact(progress=0.0 if self._chunks else 100.0, key=key,
                                        description=f"{self._chunks} chunks to read")
        assert isinstance(made, UUID), "a synchronous flow makes artifacts synchronously"
        self._id = made

    def done(self, chunks: int) -> None:
        """So many chunks are published."""
        known = self._id
        if known is not None:
            _shown(self._key, lambda _: update_progress_artifact(known, progress=100.0 * chunks / self._chunks))


def _report(key: str, result: Night) -> None:
    """A link to the report in the first language, and where the others lie: a key shows one link."""
    first, *others = (Path(path).resolve() for path in result.reports)
    beside = "".join(f"\n\nBeside it: {path}" for path in others)
    create_link_artifact(  # its path said in full: no browser opens a file from a page that came by HTTP
        key=key, link=first.as_uri(), link_text=str(first), description=f"Report of {result.run_id}{beside}")


def _freshness(settings: Settings) -> list[dict[str, Any]]:
    """The stale first, then as everywhere."""
    rows = published_rows(settings, ["source_freshness"])["source_freshness"]
    kept = [{name: row[name] for name in _FRESHNESS} for row in rows]
    return sorted(kept, key=lambda row: (not row["is_stale"], row["source"], row["account_id"], row["stream"]))


def _table(key: str, description: str, rows: Callable[[], Iterable[Mapping[str, Any]]]) -> None:
    _shown(key, lambda key: create_table_artifact(
        key=key, table=[_as_text(row) for row in rows()], description=description))


def _shown(key: str, make: Callable[[str], object]) -> None:
    """A night is published whether or not Prefect's server can be told about it."""
    try:
        make(key)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the night is over and stays as it ended
        _LOG.warning("artifact %s is missing: %s", key, safe_text(error))


def _as_text(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in row.items()}
