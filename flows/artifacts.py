"""What a night shows on Prefect's pages: the summary, the row accounting, the gates, the ROI table."""

from __future__ import annotations

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.night import Night


def show(result: Night) -> None:
    """One artifact per key; each key has its own history page."""
    create_markdown_artifact(key="night-summary", markdown="\n\n".join(result.lines()),
                             description=f"Night {result.run_id}")
    create_table_artifact(key="row-accounting", table=result.accounting(),
                          description="received = published + quarantined + deduplicated")
    create_table_artifact(key="gate-results", table=result.failed_checks() or [{"check": "all passed"}],
                          description="Checks that failed, with their severity")
    create_table_artifact(key="campaign-roi", table=result.roi_table(),
                          description="Campaign ROI by closing date, reporting currency, all published days")
