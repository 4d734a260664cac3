"""The plan of a night: which slices are read, from the run's clock and the ledger's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from connectors.base import Account, Slice, Stream, StreamKind
from crosscheck.settings import Project
from crosscheck.windows import Window, last_full_day, midnight, nightly
from flows.sources import Opened
from warehouse.history import Piece
from warehouse.ledger import definition


@dataclass(frozen=True)
class Known:
    """What the ledger holds of a stream: the days it covers, where its cursor stands, this very run's plan for it."""

    covered_to: date | None = None
    cursor: datetime | None = None
    definition: str = ""
    planned: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Clock:
    """The run's time, handed down: id, instant, and how far back it looks."""

    run_id: str
    as_of: datetime
    project: Project
    window: Window | None = None  # a backfill's
    deep: bool = False


def plan(opened: Opened, clock: Clock, known: Mapping[str, Known]) -> Iterator[Slice]:
    """The slices of one source: every account and stream, in chunks that the vendor can answer."""
    for account in (one for one in opened.accounts if one.is_open):
        for stream in opened.connector.streams:
            yield from _slices(opened, account, stream, clock, known)


def _slices(opened: Opened, account: Account, stream: Stream, clock: Clock,
            known: Mapping[str, Known]) -> Iterator[Slice]:
    state = known.get(f"{opened.source.name}/{account.account_id}/{stream.name}", Known())
    if state.definition != definition(stream):
        state = Known()  # the stream means something else now: what was read under the old meaning is read again
    for window, since in state.planned or _pieces(account, stream, clock, state):
        yield Slice(source=opened.source.name, connector=opened.connector.name, account=account, stream=stream,
                    window=window, as_of=clock.as_of, run_id=clock.run_id, business_zone=clock.project.time_zone,
                    since=since)


def _pieces(account: Account, stream: Stream, clock: Clock, state: Known) -> Iterator[Piece]:
    """A plan from the state as it is; an attempt of this run that got as far as staging has moved that state."""
    since = _since(account, clock, state) if stream.kind is StreamKind.INCREMENTAL else None
    return ((window, since) for window in _windows(account, stream, clock, state))


def _since(account: Account, clock: Clock, state: Known) -> datetime | None:
    """Where the cursor stands. A backfill goes back to its first day: who was made or changed in it changed since then.

    None, which is everything, for a stream never read before: its state will say that all before tonight is known.
    """
    if clock.window is None or state.cursor is None:
        return state.cursor
    return min(state.cursor, midnight(clock.window.first, account.time_zone))


def _windows(account: Account, stream: Stream, clock: Clock, state: Known) -> Iterator[Window]:
    last = last_full_day(clock.as_of, account.time_zone)
    if stream.kind is not StreamKind.WINDOW:
        if clock.window is None or stream.kind is StreamKind.INCREMENTAL:
            first = state.covered_to or last
            yield Window(min(first, last), last)
        return
    wanted = clock.window or nightly(clock.as_of, account.time_zone, covered_to=state.covered_to,
                                     lookback=_lookback(stream, clock), history=_history(stream, clock.project))
    if wanted.first <= last:
        yield from Window(wanted.first, min(wanted.last, last)).chunks(stream.chunk_days)


def _lookback(stream: Stream, clock: Clock) -> int:
    """The stream's own lookback wins where it is shorter by nature; settings may lengthen the default one."""
    if stream.max_history_days is not None and stream.lookback_days < Stream.lookback_days:
        return stream.lookback_days
    return clock.project.deep_lookback_days if clock.deep else max(stream.lookback_days, clock.project.lookback_days)


def _history(stream: Stream, project: Project) -> int:
    return min(project.history_days, stream.max_history_days or project.history_days)
