"""The other Prefect flows: the resumable backfill, the dead-man's watch, and the hourly watch of new leads."""

from __future__ import annotations

from prefect import flow, runtime

from crosscheck.redact import redact
from crosscheck.windows import Window
from flows.artifacts import Bar, show
from flows.backfill import play_chunk, todo
from flows.nightly import NightStopped, instant, run_name, stop_unless_published, tasks, told
from flows.sla import look
from flows.tasks import PrefectTasks
from flows.watch import watch


def _backfill_name() -> str:
    given = runtime.flow_run.parameters
    return f"backfill-{given.get('source') or 'all'}-{given.get('window') or 'without-window'}"


@flow(name="backfill", flow_run_name=_backfill_name, task_runner=tasks(),
      persist_result=False, validate_parameters=False)
def backfill(window: str, source: str = "", chunk_days: int = 30, again: bool = False,
             as_of: str | None = None, config: str | None = None) -> None:
    """A range of days again, chunk by chunk; started again, it continues after the last published chunk.

    `again` reads chunks that were published before as well.
    """
    with told(config) as known:
        only = (source,) if source else ()
        pieces = todo(known, Window.parse(window), only, chunk_days, again=again)
        bar = Bar(source, len(pieces))
        for done, piece in enumerate(pieces, start=1):
            result = play_chunk(known, piece, instant(as_of), only=only, runner=PrefectTasks())
            show(result, known)
            stop_unless_published(result)
            bar.done(done)


@flow(name="dead-man", flow_run_name=run_name, persist_result=False, validate_parameters=False)
def dead_man(config: str | None = None) -> None:
    """Fails, and alerts, when no night was published within the deadline."""
    with told(config) as known:
        finding = watch(known, instant(None))
        if finding.exit_code:
            raise NightStopped(finding.text)


@flow(name="sla-watch", flow_run_name=run_name, task_runner=tasks(), persist_result=False, validate_parameters=False)
def sla_watch(config: str | None = None) -> None:
    """Tells whose first attempt is due and not made; fails only when it could not look, or could not tell."""
    with told(config) as known:
        seen = look(known, instant(None), PrefectTasks())
        if seen.exit_code:
            raise NightStopped(redact("\n".join(seen.lines())))
