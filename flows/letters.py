"""Letters on their way: written into the outbox once per person and day, handed over, and never handed over twice.

A letter is news and no alarm: where nobody knows whether a channel took it, because the process was killed while it
was handed over, it is not sent again by itself but noted as uncertain; `crosscheck letters --send --again` sends it,
under the same Message-ID. What was not taken for certain is tried again the next time, and given up as old news.
It is composed from the published tables when it is sent; the outbox keeps its short form.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crosscheck.errors import ConfigError, CrosscheckError
from crosscheck.faultpoints import Faultpoint, faultpoint
from crosscheck.redact import redact
from crosscheck.settings import Settings
from flows import channels
from flows.outbox import LETTER, Delivery
from flows.steps import Work
from report.letters import forms
from report.letters.mail import message
from report.letters.post import DAILY, Parcel, compose, last_day, week_of
from report.letters.weekly import WEEKLY
from warehouse import ops
from warehouse.engine import Warehouse, naive_utc

_LOG = logging.getLogger(__name__)
_PENDING, _SENT, _SUPPRESSED = "pending", "sent", "suppressed"
_UNCERTAIN = "killed while it was handed over: it may not have arrived; crosscheck letters --send --again"
_OLD_NEWS, _LATE = timedelta(days=3), timedelta(days=2)
_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Sent:
    """What a delivery of letters did; `uncertain` may have arrived or not, and are not sent again by themselves."""

    sent: int = 0
    failed: int = 0
    uncertain: int = 0
    given_up: int = 0


def with_letters(told: Delivery, work: Work) -> Delivery:
    """After a night's publication: the daily letters, after a week's last day the pack, too. Nothing that goes wrong
    with them fails the night; what was not delivered counts as such.
    """
    if work.run.kind.startswith("backfill"):
        return told
    try:
        sent = night_letters(work.wh, work.settings, work.run.as_of)
    except Exception as error:  # noqa: BLE001
        _LOG.warning("letters were not written: %s", redact(f"{type(error).__name__}: {error}"))
        return replace(told, failed=told.failed + 1)
    return replace(told, sent=told.sent + sent.sent, failed=told.failed + sent.failed)


def night_letters(wh: Warehouse, settings: Settings, now: datetime) -> Sent:
    """What a night has to send; a pack whose night published nothing is made up for by one of the next two."""
    day = last_day(settings)
    sunday = week_of(day)
    write(wh, settings, day, (DAILY,), now)
    if day - sunday <= _LATE:
        write(wh, settings, sunday, (WEEKLY,), now)
    return deliver(wh, settings, now)


def write(wh: Warehouse, settings: Settings, day: date, kinds: Sequence[str], now: datetime) -> int:
    """Everybody's letters of a day into the outbox, as far as they are not there; how many are new."""
    parcels = compose(settings, day, kinds, settings.letters.people, is_whole=False)
    box = ops.outbox
    with wh.engine.begin() as conn:
        there = set(conn.scalars(sa.select(box.c.message_id).where(box.c.topic.startswith(LETTER))))
        rows = [_row(parcel, now) for parcel in parcels if parcel.message_id not in there]
        ops.insert_rows(conn, box, rows)
    return len(rows)


def _row(parcel: Parcel, now: datetime) -> dict[str, Any]:
    kind = WEEKLY if parcel.letter.kind == WEEKLY else DAILY
    return {"message_id": parcel.message_id, "run_id": f"{kind}-{parcel.day}", "topic": f"{LETTER}{parcel.topic}",
            "state": "letter", "severity": "letter", "channel": parcel.person.channel,
            "title": parcel.letter.subject[:200], "body": forms.chat(parcel.letter, parcel.again), "status": _PENDING,
            "attempts": 0, "created_at": naive_utc(now)}


def deliver(wh: Warehouse, settings: Settings, now: datetime, *, again: bool = False) -> Sent:
    """Hand over what is pending, oldest first; with `again` also what nobody knows the fate of."""
    box = ops.outbox
    waits = sa.or_(box.c.status == _PENDING, sa.and_(sa.literal(again), box.c.last_error == _UNCERTAIN))
    with wh.engine.connect() as conn:
        rows = conn.execute(sa.select(box).where(box.c.topic.startswith(LETTER), waits)
                            .order_by(box.c.created_at, box.c.message_id)).mappings().all()
    composed = {run_id: _composed(settings, run_id) for run_id in {row["run_id"] for row in rows}}
    results = [_deliver_one(wh, settings, row, composed[row["run_id"]], now, again=again) for row in rows]
    return Sent(*(results.count(result) for result in (_SENT, _PENDING, _UNCERTAIN, _SUPPRESSED)))


def _deliver_one(wh: Warehouse, settings: Settings, row: Any, found: dict[str, Parcel] | CrosscheckError,
                 now: datetime, *, again: bool) -> str:
    """Note that it is handed over, hand it over, note the result; each note is committed before the next step."""
    if row["attempts"] and row["last_error"] is None and not again:
        _note(wh, row, _SENT, last_error=_UNCERTAIN)
        return _UNCERTAIN
    if isinstance(found, CrosscheckError):
        return _note(wh, row, _PENDING, last_error=redact(str(found)))
    parcel = found.get(row["message_id"])
    if parcel is None or row["created_at"] < naive_utc(now) - _OLD_NEWS:
        return _note(wh, row, _SUPPRESSED, last_error="it is old news, or its reader is not configured any more")
    faultpoint(Faultpoint.BEFORE_ALERT)
    error = _hand_over(wh, settings, row, parcel, now)
    faultpoint(Faultpoint.AFTER_ALERT)
    if error:
        return _note(wh, row, _PENDING, last_error=redact(error)[:300])
    return _note(wh, row, _SENT, sent_at=naive_utc(now), last_error=None)


def _composed(settings: Settings, run_id: str) -> dict[str, Parcel] | CrosscheckError:
    kind, _, day = run_id.partition("-")
    try:
        made = compose(settings, date.fromisoformat(day), (kind,), settings.letters.people)
    except CrosscheckError as error:
        return error
    return {parcel.message_id: parcel for parcel in made}


def _hand_over(wh: Warehouse, settings: Settings, row: Any, parcel: Parcel, now: datetime) -> str:
    """By mail or chat; the empty text when the channel took it, else why not. Never raises."""
    try:
        address = settings.secret(parcel.person.channel)
        if not address.startswith(("mailto:", "mailtos:")):
            _begin(wh, row)
            short = forms.chat(parcel.letter, parcel.again)
            return channels.send(address, parcel.letter.subject, short, critical=False)
        mailbox = Mailbox.of(address)
        mail = message(parcel, mailbox.sender, list(mailbox.to), now)
        with mailbox.open() as smtp:  # a server that does not answer is known not to have taken it
            _begin(wh, row)
            smtp.send_message(mail, mailbox.sender, list(mailbox.to))
    except (CrosscheckError, OSError, smtplib.SMTPException) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _begin(wh: Warehouse, row: Any) -> None:
    _note(wh, row, _PENDING, attempts=row["attempts"] + 1, last_error=None)


def _note(wh: Warehouse, row: Any, status: str, **values: Any) -> str:
    """As the outbox does, outside the fence: what a channel took stays true, whoever owns the warehouse by now."""
    box = ops.outbox
    with wh.engine.begin() as conn:
        conn.execute(sa.update(box).where(box.c.message_id == row["message_id"]).values(status=status, **values))
    return status


@dataclass(frozen=True)
class Mailbox:
    """A mail server and whom it writes to, from an address such as alerts have."""

    host: str
    port: int
    mode: str
    user: str
    password: str
    sender: str
    to: tuple[str, ...]

    @classmethod
    def of(cls, address: str) -> Mailbox:
        """Read by Apprise, which knows the servers of the usual providers. Raises ConfigError for no mail address."""
        _apprise, found = channels.opened(address)
        if found is None or not found.targets:
            raise ConfigError("a channel of letters is no mail address", fix="mailtos://user:password@host?to=a@b.vn")
        mode = getattr(found.secure_mode, "value", found.secure_mode) if found.secure else "insecure"
        return cls(found.smtp_host, int(found.port), str(mode), found.user or "", found.password or "",
                   str(found.from_addr[1]), tuple(str(to) for _name, to in found.targets))

    @contextmanager
    def open(self) -> Iterator[smtplib.SMTP]:
        """A session that is ready to take mail."""
        trusted = None if self.mode == "insecure" else ssl.create_default_context()
        kind: Any = smtplib.SMTP_SSL if self.mode == "ssl" else smtplib.SMTP
        options = {"context": trusted} if self.mode == "ssl" else {}
        with kind(self.host, self.port, timeout=_TIMEOUT_SECONDS, **options) as smtp:
            if self.mode == "starttls":
                smtp.starttls(context=trusted)
            if self.user and self.password:
                smtp.login(self.user, self.password)
            yield smtp
