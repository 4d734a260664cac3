"""`run`, `backfill`, `watch`: a night without any server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from crosscheck.cli.out import complain, err, print_json, progress
from crosscheck.errors import ConfigError
from crosscheck.settings import load
from crosscheck.windows import Window

if TYPE_CHECKING:
    from flows.night import Night

Json = Annotated[bool, Parameter("--json", help="Print the result as JSON.")]
Config = Annotated[Path | None, Parameter("--config", help="The configuration; default ./crosscheck.toml.")]


def run(*, as_of: datetime | None = None, deep: bool = False, source: tuple[str, ...] = (), config: Config = None,
        as_json: Json = False) -> int:
    """Run one night now: read, land, check, stage, check, build, check, publish, tell.

    Killed anywhere, the same command continues where it was. Example: `crosscheck run --as-of 2026-11-21T19:00:00Z`

    Parameters
    ----------
    as_of: the night's clock, with its zone; default now.
    deep: the weekly restatement, 95 days back.
    source: only these sources.
    """
    from flows.night import night
    from flows.runner import Threads, listening

    settings = load(config)
    with progress() as tell, listening(tell):
        result = night(settings, moment(as_of), kind="weekly_deep" if deep else "nightly", only=source,
                       runner=Threads(), resume=as_of is None)
    return _report(result, as_json=as_json)


def backfill(window: str, *, source: tuple[str, ...] = (), chunk_days: int = 30, as_of: datetime | None = None,
             config: Config = None, as_json: Json = False) -> int:
    """Read a range of days again, chunk by chunk; each finished chunk is published and never read twice.

    Example: `crosscheck backfill 2026-01-01..2026-06-30 --source google_ads`

    Parameters
    ----------
    window: first and last account-local day, joined by two dots.
    source: only these sources.
    chunk_days: how many days are read, checked and published at a time.
    as_of: the run's clock, with its zone; default now.
    """
    from flows.backfill import backfill as play
    from flows.runner import Threads, listening

    settings = load(config)
    with progress() as tell, listening(tell):
        results = play(settings, Window.parse(window), moment(as_of), only=source, chunk_days=chunk_days,
                       runner=Threads())
    codes = [_report(result, as_json=as_json) for result in results]
    if not results:
        err.print("every chunk of that range has been published before")
    return max(codes, default=0)


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
        err.print(finding.text)
    return finding.exit_code


def moment(text: datetime | None) -> datetime:
    """The clock of a run: an instant with its zone, to the second."""
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    if text.tzinfo is None:
        raise ConfigError(f"{text.isoformat()} names no zone", fix="add Z or +07:00")
    return text.astimezone(UTC)


def _report(result: Night, *, as_json: bool) -> int:
    if as_json:
        print_json(result.summary())
        return result.exit_code
    for refused in result.refused:
        complain(refused.error)
    for line in result.lines():
        err.print(line)
    return result.exit_code
