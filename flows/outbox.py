"""The outbox: a message is written with what it tells, and delivered afterwards, as often as it takes.

One row per message and channel, with an id that follows from run, topic, state and channel: a repeated run tells
nothing twice. A row stays `pending` until its channel took it; killed between the channel's yes and our note of it, a
message is sent once more, marked as possibly repeated. `channel` is a channel's name or reference, never its address.

The rows that one run leaves for one channel go out as one message; each keeps its own topic, its cool-down and its end.

Two tell things here: a night, and the hourly watch, whose topics begin with LIVE. Neither resolves nor delivers what
the other one told: they may be at work at the same time. Letters (`flows/letters.py`) begin with LETTER, and are
delivered by their own rule.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crosscheck.errors import ConfigError
from crosscheck.faultpoints import Faultpoint, faultpoint
from crosscheck.redact import redact
from crosscheck.settings import Alerts, Channel, Settings
from flows.channels import send
from report.alerts import repeated, resolved
from report.words import Language
from warehouse import ops
from warehouse.engine import Warehouse, naive_utc

CRITICAL, WARNING, SLA, HEARTBEAT = "critical", "warning", "sla", "heartbeat"
LIVE = "sla "
LETTER = "letter "
#: A noted message is told once and is no trouble that could be over.
RAISED, RESOLVED, NOTED = "raised", "resolved", "noted"
#: What is said first.
_STATES, _GRAVITY = (RAISED, NOTED, RESOLVED), (CRITICAL, SLA, WARNING, HEARTBEAT)
_PENDING, _SENT, _SUPPRESSED = "pending", "sent", "suppressed"
_GIVE_UP_DAYS = 7
_BODY_CHARACTERS = 3_500
#: Chat systems read these as commands: a campaign called `<!channel>` must not wake everybody up.
_INERT = str.maketrans({"<": "‹", ">": "›", "@": "＠"})


@dataclass(frozen=True)
class Message:
    """Something to tell. The same `topic` within the cool-down is told once; a passing run resolves it by name.

    Title and body are an operator's in English; `others` has both by language and audience.
    """

    topic: str
    severity: str
    title: str
    body: str
    state: str = RAISED
    others: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def words(self, channel: Channel) -> tuple[str, str]:
        """Title and body as a channel hears them."""
        return self.others.get((channel.language, channel.audience), (self.title, self.body))


@dataclass(frozen=True)
class Delivery:
    """What a delivery did: rows sent, rows still pending, rows that the cool-down kept back."""

    sent: int = 0
    failed: int = 0
    suppressed: int = 0


def enqueue(conn: sa.Connection, run_id: str, message: Message, settings: Settings, now: datetime) -> int:
    """Write a message for each channel of its severity, in the caller's transaction; how many rows are new.

    The same topic that was raised within the cool-down, and not resolved since, is kept as suppressed.
    """
    return sum(_put(conn, run_id, message, channel, settings.alerts, now)
               for channel in settings.alerts.told(message.severity))


def _put(conn: sa.Connection, run_id: str, message: Message, channel: Channel, alerts: Alerts, now: datetime) -> int:
    row = _row(run_id, message, channel, now)
    if conn.scalar(sa.select(ops.outbox.c.message_id).where(ops.outbox.c.message_id == row["message_id"])) is not None:
        return 0
    if message.state == RAISED and _cooling(conn, message.topic, channel.name, alerts, now):
        row["status"] = _SUPPRESSED
    conn.execute(sa.insert(ops.outbox).values(row))
    return 1


def resolve(conn: sa.Connection, run_id: str, still: Iterable[str], settings: Settings, now: datetime, *,
            live: bool = False) -> int:
    """Tell that what was raised is over: every open topic that is not among `still` broken ones, by the title under
    which a channel was told of it.
    """
    kept, titles = set(still), _titles(conn)
    done = [topic for topic in open_topics(conn, live=live) if topic.topic not in kept]
    return sum(
        _put(conn, run_id, _over(topic, titles.get((topic.topic, channel.name), topic.title), run_id, channel), channel,
             settings.alerts, now)
        for topic in done for channel in settings.alerts.told(topic.severity))


def _over(topic: Message, title: str, run_id: str, channel: Channel) -> Message:
    return Message(topic.topic, topic.severity, *resolved(title, run_id, Language(channel.language)), RESOLVED)


def _titles(conn: sa.Connection) -> dict[tuple[str, str], str]:
    """By topic and channel, the title that was last raised there."""
    c = ops.outbox.c
    rows = conn.execute(sa.select(c.topic, c.channel, c.title).where(c.state == RAISED).order_by(c.created_at))
    return {(topic, channel): title for topic, channel, title in rows}


def open_topics(conn: sa.Connection, *, live: bool = False) -> list[Message]:
    """Topics whose newest message raises them, as last told: of nights, or of the hourly watch."""
    box = ops.outbox
    rows = conn.execute(sa.select(box).where(_told_by(live)).order_by(box.c.created_at, box.c.state)).mappings().all()
    newest = {row["topic"]: row for row in rows}
    return [Message(row["topic"], row["severity"], row["title"], row["body"])
            for row in newest.values() if row["state"] == RAISED]


def deliver(wh: Warehouse, settings: Settings, now: datetime, *, live: bool = False) -> Delivery:
    """Send what is pending, oldest first, of one run the gravest first: a process that is killed has told the alert
    before the warnings. A channel that refuses keeps its rows for the next time.
    """
    with wh.engine.connect() as conn:
        box = ops.outbox
        found = conn.execute(sa.select(box).where(box.c.status == _PENDING, _told_by(live))).mappings().all()
        rows = sorted(found, key=lambda row: (row["created_at"], *_first(row), row["message_id"]))
        kept = conn.scalar(sa.select(sa.func.count()).select_from(box).where(
            box.c.status == _SUPPRESSED, box.c.created_at == naive_utc(now), _told_by(live))) or 0
    results = [status for group in _groups(rows, live) for status in [_deliver(wh, settings, group, now)] * len(group)]
    return Delivery(results.count(_SENT), results.count(_PENDING), int(kept) + results.count(_SUPPRESSED))


def _groups(rows: Sequence[Any], live: bool) -> list[list[Any]]:
    """What leaves together: the rows of a run for a channel. The watch tells each owner apart."""
    groups: dict[tuple[str, ...], list[Any]] = {}
    for row in rows:
        key = (row["run_id"], row["channel"], row["message_id"] if live else "")
        groups.setdefault(key, []).append(row)
    return list(groups.values())


def _told_by(live: bool) -> sa.ColumnElement[bool]:
    topic = ops.outbox.c.topic
    return topic.startswith(LIVE) if live else ~topic.startswith(LIVE) & ~topic.startswith(LETTER)


def _deliver(wh: Warehouse, settings: Settings, rows: list[Any], now: datetime) -> str:
    """Note the attempt, send, note the result: each note is committed before the next step."""
    channel = next((each for each in settings.alerts.routes if each.name == rows[0]["channel"]), None)
    if channel is None or rows[0]["created_at"] < naive_utc(now) - timedelta(days=_GIVE_UP_DAYS):
        return _note(wh, rows, _SUPPRESSED, last_error="its channel is not configured any more, or it is a week old")
    is_repeated = any(row["attempts"] > 0 and row["last_error"] is None for row in rows)
    _note(wh, rows, _PENDING, attempts=ops.outbox.c.attempts + 1, last_error=None)
    faultpoint(Faultpoint.BEFORE_ALERT)
    error = _send(settings, channel, rows, is_repeated=is_repeated)
    faultpoint(Faultpoint.AFTER_ALERT)
    if error:
        return _note(wh, rows, _PENDING, last_error=redact(error))
    return _note(wh, rows, _SENT, sent_at=naive_utc(now))


def _send(settings: Settings, channel: Channel, rows: list[Any], *, is_repeated: bool) -> str:
    try:
        address = settings.secret(channel.url)
    except ConfigError as error:
        return str(error)
    title, body = _joined(rows)
    return send(address, repeated(title, Language(channel.language)) if is_repeated else title, body,
                critical=any(row["severity"] == CRITICAL and row["state"] == RAISED for row in rows))


def _joined(rows: list[Any]) -> tuple[str, str]:
    """One message as it is; of several the gravest first, and all titles before any body, because some channels cut."""
    first, *others = sorted(rows, key=_first)
    if not others:
        return first["title"], first["body"]
    titles = [f"- {row['title']}" for row in (first, *others)]
    parts = [f"{row['title']}\n{row['body']}" for row in (first, *others)]
    return f"{first['title']} (+{len(others)})", _cut("\n\n".join(["\n".join(titles), *parts]))


def _first(row: Any) -> tuple[int, int, str]:
    return _STATES.index(row["state"]), _GRAVITY.index(row["severity"]), row["topic"]


def _note(wh: Warehouse, rows: list[Any], status: str, **values: Any) -> str:
    """Outside the fence on purpose: what a channel took stays true, whoever owns the warehouse by now."""
    box = ops.outbox
    with wh.engine.begin() as conn:
        conn.execute(sa.update(box).where(box.c.message_id.in_([row["message_id"] for row in rows]))
                     .values(status=status, **values))
    return status


def _row(run_id: str, message: Message, channel: Channel, now: datetime) -> dict[str, Any]:
    identity, (title, body) = "|".join((run_id, message.topic, message.state, channel.name)), message.words(channel)
    return {"message_id": hashlib.sha256(identity.encode()).hexdigest()[:24], "run_id": run_id,
            "topic": message.topic, "state": message.state, "severity": message.severity, "channel": channel.name,
            "title": _safe(title)[:200], "body": _cut(_safe(body)), "status": _PENDING, "attempts": 0,
            "created_at": naive_utc(now)}


def _safe(text: str) -> str:
    return redact(text).translate(_INERT)


def _cut(text: str) -> str:
    return text if len(text) <= _BODY_CHARACTERS else f"{text[:_BODY_CHARACTERS]}\n… cut; see: crosscheck status"


def _cooling(conn: sa.Connection, topic: str, channel: str, alerts: Alerts, now: datetime) -> bool:
    """Whether this channel heard of the topic within the cool-down, and has not heard that it is over."""
    box = ops.outbox
    row = conn.execute(sa.select(box.c.state, box.c.created_at).where(
        box.c.topic == topic, box.c.channel == channel, box.c.status != _SUPPRESSED)
        .order_by(box.c.created_at.desc(), box.c.state.desc()).limit(1)).first()
    since = naive_utc(now) - timedelta(hours=alerts.cooldown_hours)
    return row is not None and row.state == RAISED and bool(row.created_at > since)
