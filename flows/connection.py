"""Whether every account can be read, and every stream of it: one page each, kept nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from connectors.base import Account, Slice, Stream, StreamKind
from crosscheck.errors import CrosscheckError
from crosscheck.settings import Settings, Source
from crosscheck.windows import Window, last_full_day
from flows.runner import Runner, Threads
from flows.sources import Opened, Refused, chosen, open_source

#: An incremental stream is asked for what changed since then; a quiet day is an answer too.
_CHANGED = timedelta(days=1)


@dataclass(frozen=True)
class Answered:
    """An account that the credential reaches: what the vendor says of it, and the streams that answered."""

    source: str
    account: Account
    complete_to: date | None
    per_second: float
    concurrent: int
    streams: tuple[str, ...]
    refused: tuple[Refused, ...]


def probe(settings: Settings, now: datetime, complete: dict[str, date], *, only: tuple[str, ...] = (),
                     read: bool = True, runner: Runner | None = None) -> list[Answered | Refused]:
    """Every account of the sources, or the refusal of a source; with `read` a page of each stream is asked for."""
    ask = partial(_source, settings=settings, now=now, complete=complete, read=read)
    found = (runner or Threads()).map("connect", ask, chosen(settings, only))
    return [each for answers in found for each in answers]


def _source(source: Source, settings: Settings, now: datetime, complete: dict[str, date],
            read: bool) -> list[Answered | Refused]:
    opened = open_source(source, settings)
    if isinstance(opened, Refused):
        return [opened]
    return [_account(opened, account, settings, now, complete, read) for account in opened.accounts]


def _account(opened: Opened, account: Account, settings: Settings, now: datetime, complete: dict[str, date],
             read: bool) -> Answered:
    asked = list(_jobs(opened, account, settings, now)) if read and account.is_open else []
    refused = [one for job in asked if (one := _page(opened, job)) is not None]
    sick = {one.stream for one in refused}
    limits = opened.connector.limits
    return Answered(opened.source.name, account, complete.get(f"{opened.source.name}/{account.account_id}"),
                    limits.per_second, limits.concurrent,
                    tuple(job.stream.name for job in asked if job.stream.name not in sick), tuple(refused))


def _jobs(opened: Opened, account: Account, settings: Settings, now: datetime) -> Iterator[Slice]:
    last = last_full_day(now, account.time_zone)
    for stream in opened.connector.streams:
        yield Slice(opened.source.name, opened.connector.name, account, stream, Window(last, last), now, "connect-test",
                    settings.project.time_zone, _since(stream, now))


def _since(stream: Stream, now: datetime) -> datetime | None:
    return now - _CHANGED if stream.kind is StreamKind.INCREMENTAL else None


def _page(opened: Opened, job: Slice) -> Refused | None:
    """The first page of a stream: a missing scope is told by the stream that needs it, and by nothing else."""
    try:
        next(iter(opened.connector.pages(job)), None)
    except CrosscheckError as error:
        return Refused(job.source, job.account.account_id, job.stream.name,
                       error.at(f"{job.source} / {job.account.account_id} / {job.stream.name}"))
    return None
