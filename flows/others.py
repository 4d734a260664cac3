"""The other Prefect flows: the resumable backfill and the dead-man's watch."""

from __future__ import annotations

from prefect import flow
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.task_runners import ThreadPoolTaskRunner

from crosscheck.windows import Window
from flows.backfill import chunks, play_chunk
from flows.nightly import NightStopped, instant, settings
from flows.tasks import PrefectTasks
from flows.watch import watch


@flow(name="backfill", flow_run_name="backfill-{window}", task_runner=ThreadPoolTaskRunner(max_workers=8),
      persist_result=False, validate_parameters=False)
def backfill(window: str, source: str = "", chunk_days: int = 30, as_of: str | None = None,
             config: str | None = None) -> None:
    """A range of days again, chunk by chunk; started again, it continues after the last published chunk."""
    known, clock = settings(config), instant(as_of)
    todo = chunks(known, Window.parse(window), source, chunk_days)
    bar = create_progress_artifact(progress=0.0, key="backfill-progress", description=f"{len(todo)} chunks to read")
    for done, piece in enumerate(todo, start=1):
        result = play_chunk(known, piece, clock, only=(source,) if source else (), runner=PrefectTasks())
        if not result.published:
            raise NightStopped("\n".join(result.lines()))
        update_progress_artifact(bar, progress=100.0 * done / len(todo))  # type: ignore[arg-type]


@flow(name="dead-man", persist_result=False, validate_parameters=False)
def dead_man(config: str | None = None) -> None:
    """Fails, and alerts, when no night was published within the deadline."""
    finding = watch(settings(config), instant(None))
    if finding.exit_code:
        raise NightStopped(finding.text)
