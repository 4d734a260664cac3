"""What a night shows on Prefect's pages: the summary, the row accounting, the gates, the ROI table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from crosscheck.settings import Settings
from flows.night import Night
from warehouse.reading import campaign_totals


def show(result: Night, settings: Settings) -> None:
    """One artifact per key; each key has its own history page."""
    create_markdown_artifact(key="night-summary", markdown="\n\n".join(result.lines()),
                             description=f"Night {result.run_id}")
    create_table_artifact(key="row-accounting", table=[_as_text(row) for row in result.accounting()],
                          description="received = published + quarantined + deduplicated")
    failed = [_as_text(row) for row in result.failed_checks()]
    create_table_artifact(key="gate-results", table=failed or [{"check": "all passed"}],
                          description="Checks that failed, with their severity")
    if result.published:
        create_table_artifact(key="campaign-roi", table=[_as_text(row) for row in campaign_totals(settings)],
                              description="Campaign ROI by closing date, reporting currency, all published months")


def _as_text(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in row.items()}
