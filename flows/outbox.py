"""The outbox: a message is written with what it tells, and delivered afterwards, as often as it takes.

One row per message and channel, with an id that follows from run, topic, state and channel: a repeated run tells
nothing twice. A row stays `pending` until its channel took it; killed between the channel's yes and our note of it, a
message is sent once more, marked as possibly repeated. `channel` is the reference of an address, never the address.

Two tell things here: a night, and the hourly watch, whose topics begin with LIVE. Neither resolves nor delivers what
the other one told: they may be at work at the same time. Letters (`flows/letters.py`) begin with LETTER, and are
delivered by their own rule.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crosscheck.errors import ConfigError
from crosscheck.faultpoints import Faultpoint, faultpoint
from crosscheck.redact import redact
from crosscheck.settings import Alerts, Settings
from flows.channels import send
from warehouse import ops
from warehouse.engine import Warehouse, naive_utc

CRITICAL, WARNING, SLA = "critical", "warning", "sla"
LIVE = "sla "
LETTER = "letter "
RAISED, RESOLVED = "raised", "resolved"
_PENDING, _SENT, _SUPPRESSED = "pending", "sent", "suppressed"
_GIVE_UP_DAYS = 7
_BODY_CHARACTERS = 3_500
#: Chat systems read these as commands: a campaign called `<!channel>` must not wake everybody up.
_INERT = str.maketrans({"<": "‹", ">": "›", "@": "＠"})


@dataclass(frozen=True)
class Message:
    """Something to tell. The same `topic` within the cool-down is told once; a passing run resolves it by name."""

    topic: str
    severity: str
    title: str
    body: str
    state: str = RAISED


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
    new = 0
    for channel in _channels(settings.alerts, message.severity):
        row = _row(run_id, message, channel, now)
        if conn.scalar(sa.select(ops.outbox.c.message_id).where(ops.outbox.c.message_id == row["message_id"])) is None:
            if message.state == RAISED and _cooling(conn, message.topic, channel, settings.alerts, now):
                row["status"] = _SUPPRESSED
            conn.execute(sa.insert(ops.outbox).values(row))
            new += 1
    return new


def resolve(conn: sa.Connection, run_id: str, still: Iterable[str], settings: Settings, now: datetime, *,
            live: bool = False) -> int:
    """Tell that what was raised is over: every open topic that is not among `still` broken ones."""
    done = [topic for topic in open_topics(conn, live=live) if topic.topic not in set(still)]
    messages = [Message(topic.topic, topic.severity, f"Resolved: {topic.title}",
                        f"The run {run_id} no longer shows it. Nothing is left to do.", RESOLVED) for topic in done]
    return sum(enqueue(conn, run_id, message, settings, now) for message in messages)


def open_topics(conn: sa.Connection, *, live: bool = False) -> list[Message]:
    """Topics whose newest message raises them, as last told: of nights, or of the hourly watch."""
    box = ops.outbox
    rows = conn.execute(sa.select(box).where(_told_by(live)).order_by(box.c.created_at, box.c.state)).mappings().all()
    newest = {row["topic"]: row for row in rows}
    return [Message(row["topic"], row["severity"], row["title"], row["body"])
            for row in newest.values() if row["state"] == RAISED]


def deliver(wh: Warehouse, settings: Settings, now: datetime, *, live: bool = False) -> Delivery:
    """Send what is pending, oldest first. A channel that refuses keeps its rows for the next time."""
    with wh.engine.connect() as conn:
        box = ops.outbox
        rows = conn.execute(sa.select(box).where(box.c.status == _PENDING, _told_by(live))
                            .order_by(box.c.created_at, box.c.message_id)).mappings().all()
        kept = conn.scalar(sa.select(sa.func.count()).select_from(box).where(
            box.c.status == _SUPPRESSED, box.c.created_at == naive_utc(now), _told_by(live))) or 0
    results = [_deliver_one(wh, settings, row, now) for row in rows]
    return Delivery(results.count(_SENT), results.count(_PENDING), int(kept) + results.count(_SUPPRESSED))


def _told_by(live: bool) -> sa.ColumnElement[bool]:
    topic = ops.outbox.c.topic
    return topic.startswith(LIVE) if live else ~topic.startswith(LIVE) & ~topic.startswith(LETTER)


def _deliver_one(wh: Warehouse, settings: Settings, row: Any, now: datetime) -> str:
    """Note the attempt, send, note the result: each note is committed before the next step."""
    if _obsolete(settings.alerts, row, now):
        return _note(wh, row, _SUPPRESSED, last_error="its channel is not configured any more, or it is a week old")
    repeated = row["attempts"] > 0 and row["last_error"] is None
    _note(wh, row, _PENDING, attempts=row["attempts"] + 1, last_error=None)
    faultpoint(Faultpoint.BEFORE_ALERT)
    error = _send(settings, row, repeated=repeated)
    faultpoint(Faultpoint.AFTER_ALERT)
    if error:
        return _note(wh, row, _PENDING, last_error=redact(error))
    return _note(wh, row, _SENT, sent_at=naive_utc(now))


def _send(settings: Settings, row: Any, *, repeated: bool) -> str:
    try:
        address = settings.secret(row["channel"])
    except ConfigError as error:
        return str(error)
    title = f"Possibly repeated: {row['title']}" if repeated else row["title"]
    return send(address, title, row["body"], critical=row["severity"] == CRITICAL and row["state"] == RAISED)


def _note(wh: Warehouse, row: Any, status: str, **values: Any) -> str:
    """Outside the fence on purpose: what a channel took stays true, whoever owns the warehouse by now."""
    box = ops.outbox
    with wh.engine.begin() as conn:
        conn.execute(sa.update(box).where(box.c.message_id == row["message_id"]).values(status=status, **values))
    return status


def _obsolete(alerts: Alerts, row: Any, now: datetime) -> bool:
    is_old = row["created_at"] < naive_utc(now) - timedelta(days=_GIVE_UP_DAYS)
    return row["channel"] not in alerts.addresses or bool(is_old)


def _channels(alerts: Alerts, severity: str) -> Sequence[str]:
    """Breaches go to who leads the salespeople; where nobody is named, to whoever hears of anything."""
    of = {CRITICAL: alerts.critical, WARNING: alerts.warning, SLA: alerts.sla or alerts.warning or alerts.critical}
    return of[severity]


def _row(run_id: str, message: Message, channel: str, now: datetime) -> dict[str, Any]:
    identity = "|".join((run_id, message.topic, message.state, channel))
    return {"message_id": hashlib.sha256(identity.encode()).hexdigest()[:24], "run_id": run_id,
            "topic": message.topic, "state": message.state, "severity": message.severity, "channel": channel,
            "title": _safe(message.title)[:200], "body": _cut(_safe(message.body)), "status": _PENDING, "attempts": 0,
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
