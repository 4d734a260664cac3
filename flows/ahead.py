"""What the next night would read, before anything is written: windows, rows and calls by what is known of the past.

Vendors are asked for their accounts, as every night asks them, and for nothing else.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from connectors.base import Slice, StreamKind
from connectors.landing import LandingZone
from crosscheck.settings import Settings
from crosscheck.windows import Window
from flows.plan import Clock, Known, plan
from flows.runner import Runner, Threads
from flows.sources import Opened, Refused, chosen, open_source
from warehouse import ledger, open_warehouse, pauses
from warehouse.engine import warehouse_url
from warehouse.history import Newest, newest
from warehouse.ledger import State


@dataclass(frozen=True)
class Expected:
    """One stream of an account tonight. `rows` is None where nothing is known; `calls` then is the least possible.
    `is_new`: it was never read.
    """

    source: str
    account_id: str
    stream: str
    kind: str
    first_day: date
    last_day: date
    windows: int
    since: datetime | None
    rows: int | None
    calls: int
    is_new: bool


@dataclass(frozen=True)
class Pace:
    """A source's calls, and how long they take at the pace that its connector keeps: the vendor's quota in mind."""

    source: str
    calls: int
    per_second: float
    concurrent: int

    @property
    def seconds(self) -> int:
        """The least that the calls take."""
        return math.ceil(self.calls / self.per_second)


@dataclass(frozen=True)
class Ahead:
    """The plan of a night."""

    as_of: datetime
    streams: tuple[Expected, ...]
    paces: tuple[Pace, ...]
    refused: tuple[Refused, ...]
    paused: tuple[pauses.Pause, ...]
    closed: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0, or what the first source that refused would end a night with."""
        return self.refused[0].error.exit_code if self.refused else 0


def look_ahead(settings: Settings, as_of: datetime, *, only: tuple[str, ...] = (), deep: bool = False,
               window: Window | None = None, runner: Runner | None = None) -> Ahead:
    """Plan a night, or a backfill's `window`, and write nothing."""
    wanted = chosen(settings, only)
    states, before, held = _known(settings, as_of)
    sources = [source for source in wanted if source.name not in held]
    answers = (runner or Threads()).map("connect", lambda source: open_source(source, settings), sources)
    opened = [answer for answer in answers if isinstance(answer, Opened)]
    clock = Clock("plan", as_of, settings.project, window, deep=deep)
    known = {key: Known(state.covered_to, state.cursor, state.definition) for key, state in states.items()}
    streams = {one.source.name: _expected(plan(one, clock, known), before, LandingZone(settings.landing))
               for one in opened}
    return Ahead(
        as_of, tuple(each for found in streams.values() for each in found),
        tuple(_pace(one, streams[one.source.name]) for one in opened),
        tuple(answer for answer in answers if isinstance(answer, Refused)),
        tuple(held[source.name] for source in wanted if source.name in held),
        tuple(f"{one.source.name} / {account.account_id} ({account.status})" for one in opened
              for account in one.accounts if not account.is_open))


def _known(settings: Settings,
           as_of: datetime) -> tuple[dict[str, State], dict[str, Newest], dict[str, pauses.Pause]]:
    """What the warehouse knows; a warehouse that is not there yet knows nothing, and is not made by looking."""
    url = warehouse_url(settings)
    if url.drivername == "duckdb" and not Path(url.database or "").exists():
        return {}, {}, {}
    with open_warehouse(settings, lock=False) as wh:
        return ledger.states(wh), newest(wh), pauses.active(wh, as_of, settings.project.time_zone)


def _pace(opened: Opened, streams: list[Expected]) -> Pace:
    limits = opened.connector.limits
    return Pace(opened.source.name, sum(each.calls for each in streams), limits.per_second, limits.concurrent)


def _expected(jobs: Iterator[Slice], before: dict[str, Newest], zone: LandingZone) -> list[Expected]:
    """Per stream, in the order of the plan."""
    groups: defaultdict[str, list[Slice]] = defaultdict(list)
    for job in jobs:
        groups[job.stream_key].append(job)
    return [_stream(slices, before.get(key), zone) for key, slices in groups.items()]


def _stream(slices: list[Slice], last: Newest | None, zone: LandingZone) -> Expected:
    first = slices[0]
    rows = None if last is None else _rows(slices, last)
    return Expected(
        first.source, first.account.account_id, first.stream.name, first.stream.kind.value,
        min(job.window.first for job in slices), max(job.window.last for job in slices), len(slices), first.since,
        rows, max(len(slices), _pages(rows, last, zone)), last is None)


def _rows(slices: list[Slice], last: Newest) -> int | None:
    """As many a day as the newest slice had; of changes and whole lists, as many as last time. Of the first changes
    after everything was read nothing is known.
    """
    if slices[0].since is not None and last.is_whole:
        return None
    if slices[0].stream.kind is not StreamKind.WINDOW:
        return last.received
    return round(last.received / last.window.days * sum(job.window.days for job in slices))


def _pages(rows: int | None, last: Newest | None, zone: LandingZone) -> int:
    """As many rows to a page as the newest slice had, while it is still in landing."""
    landed = zone.at(last.folder) if last is not None and last.received else None
    if rows is None or last is None or landed is None:
        return 0
    return math.ceil(rows / (last.received / max(landed.pages, 1)))
