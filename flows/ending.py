"""How a night ends: the ledger's last word, the messages through the outbox, the pages, the clean-up.

A night that was killed after its publication is told by the run that resumes it: nothing is lost by then but the
process, and the outbox tells nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from crosscheck.errors import CrosscheckError, Fatal
from expectations import docs
from expectations.gate import recorded
from flows.notify import all_green, gate_failed, gates_warned, night_failed, sources_refused
from flows.outbox import Delivery, Message, deliver, enqueue, resolve
from flows.outcome import Counts, Night, Outcome
from flows.reporting import write_reports
from flows.sources import Refused
from flows.steps import Work
from report import validation
from warehouse import incoming, ledger
from warehouse.engine import naive_utc
from warehouse.history import complete_to
from warehouse.pauses import active
from warehouse.suppress import expire

_LOG = logging.getLogger(__name__)
_STATUS = {Outcome.PUBLISHED: "published", Outcome.PARTIAL: "published", Outcome.GATE_FAILED: "gate_failed",
           Outcome.UNREAD: "failed"}


def finish(work: Work, outcome: Outcome) -> Night:
    """Note the end, tell it, and say what became of the night."""
    over = outcome in (Outcome.PUBLISHED, Outcome.PARTIAL)  # a stopped night has not looked at everything
    with work.timed("report"):
        reports, failures = write_reports(work) if over else ((), [])
    with work.timed("tell"):
        page = _pages(work)
        delivery = _tell(work, [*_messages(work, outcome), *failures], resolving=over)
        if over and work.settings.letters.people:
            from flows.letters import with_letters

            delivery = with_letters(delivery, work)
    note = "; ".join(sorted({str(item.error.where or item.source) for item in work.refused}))
    ledger.finish_run(work.wh, work.run, _STATUS[outcome], note[:500])
    _clean(work)
    return _report(work, outcome, delivery, str(page or ""), tuple(str(path) for path in reports))


def failed(work: Work, error: CrosscheckError) -> None:
    """A night that ended in an error: told, and left unfinished, so that the next call resumes it."""
    if isinstance(error, Fatal) and error.exit_code == 6:
        return  # somebody else writes now: nothing may be noted here
    incoming.clear(work.wh)  # scratch rows hold raw contact data; the run that resumes this one loads them again
    ledger.finish_run(work.wh, work.run, "failed", str(error)[:500])
    _tell(work, [night_failed(work.run.run_id, error, work.settings)], resolving=False)


def _pages(work: Work) -> Path | None:
    """Our own page over every check, and beside it Great Expectations' where somebody wants them."""
    if work.settings.store.data_docs:
        docs.build(work.settings, work.run.run_id)
    return validation.write(work.settings, work.run, work.gates)


def _messages(work: Work, outcome: Outcome) -> Iterator[Message]:
    run_id, settings = work.run.run_id, work.settings
    complete = complete_to(work.wh)
    yield from sources_refused(run_id, work.refused, settings, complete)
    for result in work.gates:
        if not result.passed:
            yield gate_failed(run_id, result, settings, validation.place(settings, run_id))
    if outcome is Outcome.PUBLISHED and work.clock.window is None:  # chunks of a backfill give no sign of life
        left_out = [f"- {each}" for each in (*work.paused, *work.refused)]
        yield all_green(run_id, complete, left_out, sum(len(result.warned) for result in work.gates), settings)
    warned = gates_warned(run_id, work.gates, settings)
    if warned is not None:
        yield warned


def _tell(work: Work, messages: list[Message], *, resolving: bool) -> Delivery:
    """Everything into the outbox in one transaction, what is over resolved, then out with it."""
    def write(conn: Connection) -> None:
        for message in messages:
            enqueue(conn, work.run.run_id, message, work.settings, work.run.as_of)
        if resolving:
            resolve(conn, work.run.run_id, [message.topic for message in messages], work.settings, work.run.as_of)

    work.wh.write(write)
    return deliver(work.wh, work.settings, work.run.as_of)


def _clean(work: Work) -> None:
    """Tonight's scratch rows, raw contact data among them; what is older than its retention; what killed readings left.

    Files that will not go are never a reason to fail a night.
    """
    incoming.clear(work.wh)
    days = work.settings.store.contact_retention_days
    work.wh.write(lambda conn: expire(conn, naive_utc(work.run.as_of), days))
    oldest = work.run.as_of - timedelta(days=work.settings.store.landing_retention_days)
    try:
        work.zone.expire(oldest.isoformat())
        work.zone.sweep()
        docs.expire(work.settings, work.run.as_of)
    except OSError as error:
        _LOG.warning("landing was not cleaned up: %s", type(error).__name__)


def _report(work: Work, outcome: Outcome, delivery: Delivery, index: str, reports: tuple[str, ...]) -> Night:
    rows = [dict(row._mapping) for row in ledger.slices(work.wh, work.run.run_id)]  # noqa: SLF001
    shown = ("stream_key", "first_day", "last_day", "status", "received_rows", "staged_rows", "quarantined_rows",
             "deduplicated_rows")
    staged = [row for row in rows if row["status"] == "staged"]

    def total(column: str) -> int:
        return sum(row[column] or 0 for row in staged)

    counts = Counts(len(staged), total("received_rows"), total("staged_rows"), total("quarantined_rows"),
                    total("deduplicated_rows"))
    per_stream = tuple({name: row[name] for name in shown} for row in rows)
    return Night(work.run.run_id, work.run.as_of, outcome, counts, tuple(work.refused), tuple(work.closed),
                 tuple(work.paused), tuple(work.gates), delivery, work.seconds, per_stream, index, reports)


def remember(work: Work) -> None:
    """What an earlier attempt of this run, which published and was killed, had to tell: from the ledger."""
    work.refused = _refused_before(work)
    work.gates = [recorded(gate, work.wh, work.run) for gate in (1, 2, 3)]
    work.paused = list(active(work.wh, work.run.as_of, work.settings.project.time_zone).values())


def _refused_before(work: Work) -> list[Refused]:
    rows = [row for row in ledger.slices(work.wh, work.run.run_id) if row.status == "refused"]
    return [Refused(row.source, row.account_id, row.stream, CrosscheckError(row.error, where=row.stream_key))
            for row in rows]
