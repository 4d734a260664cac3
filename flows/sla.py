"""The hourly watch: leads whose promised first attempt is due and not made, told while somebody can still be sent.

It reads what CRMs say of their newest leads, into memory, judges them as `sla_breach` does, and writes its alerts:
no landing, no staging, no cursor, no mart, and not the lock of a night. What it has told is known from the outbox: the
topic of a message names its leads, so a lead is told once, and is over when somebody acted.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pyarrow as pa

from connectors import connector_class
from connectors.base import Slice, Stream, StreamKind
from connectors.reader import peek
from crosscheck.canonical import ACTIVITY, LEAD
from crosscheck.errors import CrosscheckError
from crosscheck.rules import Sla, load_lead_states, load_rules
from crosscheck.settings import Settings, Source
from crosscheck.windows import Window, last_full_day, local_day
from flows.notify import leads_unread, leads_wait
from flows.outbox import LIVE, Delivery, Message, deliver, enqueue, open_topics, resolve
from flows.runner import Runner, Threads
from flows.sources import Opened, Refused, open_source
from warehouse import live
from warehouse.live import Breach, LeadKey, Verdict

_METRIC = "speed_to_lead"
_UNREAD = f"{LIVE}unread "
#: Holidays and weekends may be this long.
_BEHIND = timedelta(days=62)


@dataclass(frozen=True)
class Look:
    """One look: leads created since `since` that wait, what was told of it, and sources of which nothing is told."""

    as_of: datetime
    since: datetime
    waiting: tuple[Breach, ...]
    told: int
    resolved: int
    delivery: Delivery
    unwatched: Mapping[str, str]
    refused: tuple[Refused, ...]

    @property
    def exit_code(self) -> int:
        """0: looked, whatever was found; 4: a source could not be read; 8: an alert was not delivered."""
        return 4 if self.refused else 8 if self.delivery.failed else 0

    def lines(self) -> list[str]:
        """The look in a few lines for a person."""
        return [f"{len(self.waiting)} leads created since {self.since:%Y-%m-%d %H:%M} UTC wait; {self.told} messages "
                f"raised, {self.resolved} resolved",
                *(f"not watched: {name}: {why}" for name, why in sorted(self.unwatched.items())),
                *(f"not read: {item}" for item in self.refused),
                *([f"{self.delivery.failed} alerts were not delivered; the next look tries again"]
                  if self.delivery.failed else [])]


def look(settings: Settings, now: datetime, runner: Runner | None = None) -> Look:
    """Read, judge, tell. Raises ConfigError before the first publication, which says what may be judged; LockHeld
    when another look takes longer than a minute.
    """
    folder = settings.path(settings.rules)
    rules, states = load_rules(folder), load_lead_states(folder / "lead_states")
    since, covered = new_since(rules.sla, now, settings.project.time_zone), live.coverage(settings)
    watched, unwatched = _watched(settings, covered)
    rows, refused = _read(settings, watched, now, since, runner or Threads())
    verdict = live.judge(settings, rules, states, now, since, rows, covered)
    told, resolved, delivery = _tell(settings, now, verdict, refused)
    return Look(now, since, verdict.waiting, told, resolved, delivery, unwatched, tuple(refused))


def new_since(sla: Sla, now: datetime, zone: str) -> datetime:
    """From when on leads are looked at: so far back that whatever falls due in this or the last working day is seen.

    That is the opening of the second working day before the longest promise; a promise in business hours is never
    longer than a day.
    """
    day = local_day(now - timedelta(minutes=max(kind.minutes for kind in sla.kinds)), zone)
    opened = [opens for opens, _ in sla.hours.open_days(day - _BEHIND, day - timedelta(days=1), zone)]
    return opened[-2].replace(tzinfo=UTC) if len(opened) > 1 else now - _BEHIND


def _watched(settings: Settings, covered: Sequence[Mapping[str, object]]) -> tuple[list[Source], dict[str, str]]:
    """The sources that can be watched, and why the other CRMs are not."""
    known = {row["source"]: row for row in covered if row["metric"] == _METRIC}
    watched, unwatched = [], {}
    for source in settings.sources:
        filled = {output.table.name for stream in _streams(source) for output in stream.outputs}
        row = known.get(source.name)
        if filled >= {LEAD.name, ACTIVITY.name} and row is not None and row["is_published"]:
            watched.append(source)
        elif LEAD.name in filled or row is not None:
            unwatched[source.name] = str((row or {}).get("reason") or "its calls cannot be read by the hour")
    return watched, unwatched


def _streams(source: Source) -> list[Stream]:
    """What tells of new leads and of what was done with them, and can be asked for what changed since an instant."""
    streams: Iterable[Stream] = getattr(connector_class(source.connector), "streams", ())
    return [stream for stream in streams if stream.kind is StreamKind.INCREMENTAL
            and {LEAD.name, ACTIVITY.name} & {output.table.name for output in stream.outputs}]


def _read(settings: Settings, sources: list[Source], now: datetime, since: datetime,
          runner: Runner) -> tuple[dict[str, list[pa.Table]], list[Refused]]:
    """The rows by table. A source counts only whole: without its calls every lead of it would seem to wait."""
    rows: defaultdict[str, list[pa.Table]] = defaultdict(list)
    refused: list[Refused] = []
    for answer in runner.map("look", partial(_source, settings=settings, now=now, since=since), sources):
        if isinstance(answer, Refused):
            refused.append(answer)
            continue
        for name, table in answer:
            rows[name].append(table)
    return rows, refused


def _source(source: Source, settings: Settings, now: datetime,
            since: datetime) -> list[tuple[str, pa.Table]] | Refused:
    opened = open_source(source, settings)
    if isinstance(opened, Refused):
        return opened
    try:
        return [item for job in _jobs(opened, settings, now, since) for item in peek(opened.connector, job).items()]
    except CrosscheckError as error:
        return Refused(source.name, "", "", error.at(source.name))


def _jobs(opened: Opened, settings: Settings, now: datetime, since: datetime) -> Iterator[Slice]:
    for account in (one for one in opened.accounts if one.is_open):
        last = last_full_day(now, account.time_zone)
        for stream in _streams(opened.source):
            yield Slice(opened.source.name, opened.connector.name, account, stream, Window(last, last), now,
                        _name(now), settings.project.time_zone, since)


def _name(now: datetime) -> str:
    return f"sla-{now:%Y%m%dT%H%M%S}"


def _tell(settings: Settings, now: datetime, verdict: Verdict,
          refused: Sequence[Refused]) -> tuple[int, int, Delivery]:
    """What is new into the outbox, what is over resolved, then out with it."""
    with live.open_beside(settings) as wh:
        with wh.engine.begin() as conn:
            known = [message.topic for message in open_topics(conn, live=True)]
            unread = {f"{_UNREAD}{item.source}": item for item in refused}
            messages = [*_new(settings, now, verdict, known),
                        *(leads_unread(topic, item.source, item.error, settings) for topic, item in unread.items()
                          if topic not in known)]
            raised = sum(enqueue(conn, _name(now), message, settings, now) for message in messages)
            still = {*unread, *(topic for topic in known if not _is_over(topic, verdict)),
                     *(message.topic for message in messages)}
            over = resolve(conn, _name(now), still, settings, now, live=True)
        return raised, over, deliver(wh, settings, now, live=True)


def _new(settings: Settings, now: datetime, verdict: Verdict, known: Iterable[str]) -> Iterator[Message]:
    """A message per owner for the leads that no open message names."""
    told = {lead for topic in known for lead in _leads(topic)}
    groups: defaultdict[tuple[str, str], list[Breach]] = defaultdict(list)
    for breach in verdict.waiting:
        if (breach.source, breach.lead_id) not in told:
            groups[breach.source, breach.owner_id or ""].append(breach)
    for (source, _), breaches in sorted(groups.items()):
        topic = LIVE + json.dumps([source, *sorted(breach.lead_id for breach in breaches)], ensure_ascii=False)
        yield leads_wait(topic, breaches, settings, now)


def _leads(topic: str) -> list[LeadKey]:
    """The leads that a message named; none where it told of a source."""
    if topic.startswith(_UNREAD):
        return []
    source, *leads = json.loads(topic.removeprefix(LIVE))
    return [(source, lead) for lead in leads]


def _is_over(topic: str, verdict: Verdict) -> bool:
    """Whether somebody acted on every lead of it; whether a source can be read again.

    A lead that has become too old to be looked at is not over: it stays in `sla_breach`.
    """
    waiting = {(breach.source, breach.lead_id) for breach in verdict.waiting}
    return all(lead in verdict.acted and lead not in waiting for lead in _leads(topic))
