"""`run`, `backfill`, `watch`, `sla`: what is scheduled, without any server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from getpass import getuser
from typing import TYPE_CHECKING

from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import UsageError, complain, following, note, print_json, progress, table
from crosscheck.errors import ConfigError
from crosscheck.settings import load
from crosscheck.windows import Window

if TYPE_CHECKING:
    from flows.night import Night


def run(*, as_of: datetime | None = None, deep: bool = False, source: tuple[str, ...] = (),
        accept: tuple[str, ...] = (), reason: str = "", config: Config = None, as_json: Json = False) -> int:
    """Run one night now: read, land, check, stage, check, build, check, publish, tell.

    Killed anywhere, the same command continues where it was. Example: `crosscheck run --as-of 2026-11-21T19:00:00Z`

    Parameters
    ----------
    as_of: the night's clock, with its zone; default now.
    deep: the weekly restatement, 95 days back.
    source: only these sources.
    accept: a failed check of the last run, as its alert names it, that is a real change: it is told and stops nothing.
    reason: why, for whoever reads the run's checks; needed with --accept.
    """
    from expectations.acceptance import Acceptance
    from flows.night import night
    from flows.runner import Threads, listening

    settings, accepted = load(config), Acceptance(accept, reason, getuser())
    with progress() as tell, listening(tell):
        result = night(settings, moment(as_of), kind="weekly_deep" if deep else "nightly", only=source,
                       runner=Threads(), resume=as_of is None, accepted=accepted)
    if as_json:
        print_json({**result.summary(), "next": _next(result)})
    else:
        _show(result)
    return result.exit_code


def backfill(window: str, *, source: tuple[str, ...] = (), chunk_days: int = 30, again: bool = False,
             as_of: datetime | None = None, config: Config = None, as_json: Json = False) -> int:
    """Read a range of days again, chunk by chunk. Stopped anywhere, the same command continues with what is left.

    Example: `crosscheck backfill 2026-01-01..2026-06-30 --source google_ads`

    Parameters
    ----------
    window: first and last account-local day, joined by two dots.
    source: only these sources.
    chunk_days: how many days are read, checked and published at a time.
    again: chunks that a backfill published before as well.
    as_of: the run's clock, with its zone; default now.
    """
    from flows.backfill import backfill as play
    from flows.runner import Threads, listening

    days, settings = window_of(window, chunk_days), load(config)
    with progress() as tell, listening(tell):
        results = play(settings, days, moment(as_of), only=source, chunk_days=chunk_days, runner=Threads(),
                       again=again)
    if as_json:
        print_json({"window": str(days), "chunks": [result.summary() for result in results]})
    elif not results:
        note("every chunk of that range has been published by a backfill before; --again reads them anyhow")
    else:
        for result in results:
            _show(result)
    return _worst(results)


def _worst(results: Sequence[Night]) -> int:
    """The code of the chunk that stopped the backfill, else the worst of the published ones."""
    if results and not results[-1].published:
        return results[-1].exit_code
    return max((result.exit_code for result in results), default=0)


def window_of(text: str, chunk_days: int) -> Window:
    """A range of days by its two ends. Raises UsageError for what is none."""
    if chunk_days < 1:
        raise UsageError("--chunk-days is at least 1", fix="leave it out: 30 days at a time")
    try:
        return Window.parse(text)
    except (ValueError, ConfigError):
        raise UsageError(f"{text!r} is not a range of days",
                         fix="write FIRST..LAST, e.g. 2026-01-01..2026-06-30") from None


def watch(*, at: datetime | None = None, config: Config = None, as_json: Json = False) -> int:
    """Alert if no night was published within the deadline; meant for a scheduler of its own.

    Example: `crosscheck watch`

    Parameters
    ----------
    at: the watcher's clock, with its zone; default now.
    """
    from flows.watch import watch as look

    finding = look(load(config), moment(at))
    if as_json:
        print_json(finding)
    else:
        note(finding.text)
    return finding.exit_code


def sla(*, at: datetime | None = None, config: Config = None, as_json: Json = False) -> int:
    """Read new leads and activities, and tell whose promised first attempt is due and not made; each lead once.

    Writes alerts and nothing else, and may run beside a night. Example: `crosscheck sla`

    Parameters
    ----------
    at: the watch's clock, with its zone; default now.
    """
    from flows.sla import look

    seen = look(load(config), moment(at))
    if as_json:
        print_json({**vars(seen), "refused": [item.error for item in seen.refused], "exit_code": seen.exit_code})
        return seen.exit_code
    if seen.waiting:
        shown = ("source", "owner_id", "lead_id", "lead_kind", "channel", "due_at", "owed_by", "next_action")
        table("waiting (UTC)", shown, [[getattr(breach, name) for name in shown] for breach in seen.waiting])
    for line in seen.lines():
        note(line)
    return seen.exit_code


def moment(text: datetime | None) -> datetime:
    """The clock of a run: an instant with its zone, to the second."""
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    if text.tzinfo is None:
        raise UsageError(f"{text.isoformat()} names no zone", fix="add Z or +07:00")
    return text.astimezone(UTC)


def _show(result: Night) -> None:
    """A night for eyes: what could not be read with its next step, then the summary."""
    for refused in result.refused:
        complain(refused.error)
    for line in result.lines():
        if not line.startswith("stale: "):  # said above, with its next step
            note(line)
    following(_next(result))


def _next(result: Night) -> str:
    """What to do about a night."""
    if result.published:
        return "crosscheck report; crosscheck trace MART KEY opens a number"
    if result.gates:
        return f"open {result.docs}; the runbook is docs/runbooks/a-gate-stopped.md"
    return "the runbook is docs/runbooks/a-source-failed.md"
