"""What a day's letters rest on, read from the published tables alone: no name, phone or mail of a person is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from crosscheck.errors import ConfigError
from warehouse import ddl
from warehouse.marts.daily_exchange import evidence
from warehouse.marts.returns import qualified
from warehouse.shims import Expression
from warehouse.trace import find

#: What is shown beside the day: the week up to it, and four weeks to know which items are on record at all.
WEEK, MONTH = 7, 28
_CAMPAIGN = ("platform", "account_id", "campaign_id")
Line = Mapping[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True)
class Facts:
    """A day that is over: the exchange's lines of the four weeks to it, and the leads and promises behind its own."""

    day: date
    begins_at: datetime
    ends_at: datetime
    read_at: datetime | None
    lines: Sequence[Line]
    born: Sequence[Line] = ()
    feedback: Sequence[Line] = ()
    waiting: Sequence[Line] = ()
    appeals: Sequence[Line] = ()
    promises: Sequence[Line] = ()
    names: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    complete: Sequence[Line] = ()
    silent: Sequence[str] = ()

    def given(self, side: str, item: str, days: int = 1) -> int | None:
        """How many were given in the days up to the day; null where four weeks have none: it is not on record then."""
        mine = [line for line in self.lines if (line["exchange_side"], line["exchange_item"]) == (side, item)]
        if not any(line["given_count"] for line in mine):
            return None
        return sum(int(line["given_count"]) for line in mine if line["exchange_day"] >= self.first(days))

    def first(self, days: int) -> date:
        """The first of so many days up to the day."""
        return self.day - timedelta(days - 1)

    def owed(self, side: str, item: str) -> int:
        """What was owed in the evening; a debt without a line is none."""
        return sum(line["still_owed_count"] or 0 for line in self.lines if line["exchange_day"] == self.day
                   and (line["exchange_side"], line["exchange_item"]) == (side, item))

    def passed_on(self, days: int = 1) -> list[Line]:
        """What sales passed on in the days up to the day."""
        return [line for line in self.feedback if self.first(days) <= line["given_day"] <= self.day]

    def series(self, side: str, item: str, days: int) -> list[tuple[date, int]]:
        """What was given on each of the last days; none where no line says any."""
        known = {line["exchange_day"]: line["given_count"] for line in self.lines
                 if (line["exchange_side"], line["exchange_item"]) == (side, item)}
        every = (self.first(days) + timedelta(number) for number in range(days))
        return [(one, known.get(one, 0)) for one in every]

    def campaign(self, line: Line) -> str:
        """The newest published name of a lead's campaign, or its id."""
        return self.names.get(tuple(line[name] for name in _CAMPAIGN)) or str(line["campaign_id"])


def newest_day(conn: sa.Connection) -> date:
    """The last day that is over. Raises ConfigError where no day was published."""
    exchange = mart("daily_exchange")
    day: date | None = conn.scalar(sa.select(sa.func.max(exchange.c.exchange_day)))
    if day is None:
        raise ConfigError("no day of the exchange has been published yet", fix="crosscheck run")
    return day


def read(conn: sa.Connection, day: date, zone: ZoneInfo) -> Facts:
    """The facts of a day of the company's zone. Raises ConfigError for one of which nothing is published."""
    exchange = mart("daily_exchange")
    lines = rows(conn, sa.select(exchange).where(exchange.c.exchange_day > day - timedelta(MONTH),
                                                  exchange.c.exchange_day <= day))
    first = conn.scalar(sa.select(sa.func.min(exchange.c.exchange_day)))
    if not first or not first <= day <= newest_day(conn):
        raise ConfigError(f"nothing is published of {day}", fix="crosscheck letters, without --day, takes the last one")
    begins, ends = _midnight(day, zone), _midnight(day + timedelta(1), zone)
    today = {"exchange_day": day, "begins_at": begins, "ends_at": ends}
    complete = _complete(conn)
    return Facts(day, begins, ends, max((line["last_success_at"] for line in complete if line["last_success_at"]),
                                        default=None),
                 lines, _born(conn, today), feedback(conn, day - timedelta(WEEK - 1), day), waiting(conn, ends),
                 appeals(conn, ends), promises(conn, day), names(conn), complete, silent(conn))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day began, naive UTC as the tables have it."""
    return datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)


def mart(name: str) -> sa.Table:
    """A published table."""
    return ddl.table(find(name).record, "mart")


def rows(conn: sa.Connection, query: sa.Select[Any]) -> list[Line]:
    """The rows of a query by column name."""
    return [dict(row) for row in conn.execute(query).mappings()]


def _behind(today: Line, side: str, item: str) -> Expression:
    """The mart's own condition on the leads behind a line of the day."""
    return evidence({**today, "exchange_side": side, "exchange_item": item})["lead_fact"]


def _born(conn: sa.Connection, today: Line) -> list[Line]:
    lead = mart("lead_fact")
    shown = [lead.c[name] for name in ("source", "lead_id", *_CAMPAIGN, "owner_id", "attempted_at")]
    return rows(conn, sa.select(*shown, qualified(lead).label("is_qualified"))
                 .where(_behind(today, "marketing", "leads")).order_by(lead.c.source, lead.c.lead_id))


def feedback(conn: sa.Connection, first: date, last: date) -> list[Line]:
    """What sales passed on in some days, and every appeal that waits for marketing's answer; verdicts with what the
    portrait's answers say of them. What a note says is not read.
    """
    piece, judged = mart("sales_feedback"), mart("target_verdicts")
    same = sa.and_(piece.c.feedback_kind == "verdict", judged.c.source == piece.c.source,
                   judged.c.lead_id == piece.c.lead_id, judged.c.evidence == piece.c.feedback_subject + "_at")
    shown = [piece.c[name] for name in ("source", "lead_id", "feedback_kind", "feedback_id", "feedback_subject",
                                        "given_day", "is_answer_owed", *_CAMPAIGN)]
    given = sa.or_(piece.c.given_day.between(first, last),
                   sa.and_(piece.c.is_answer_owed, piece.c.given_day <= last))
    return rows(conn, sa.select(*shown, judged.c.support).select_from(piece.outerjoin(judged, same)).where(given)
                .order_by(*(piece.c[name] for name in find("sales_feedback").record.key)))


def waiting(conn: sa.Connection, evening: datetime) -> list[Line]:
    """The leads whose first attempt was due by an evening and had not been made, longest due first."""
    late, at = mart("sla_breach"), sa.literal(evening, sa.DateTime())
    shown = [late.c[name] for name in ("source", "lead_id", *_CAMPAIGN, "owner_id", "owed_by", "due_at", "next_action",
                                       "responded_at")]
    return rows(conn, sa.select(*shown).where(
        late.c.due_at < at, sa.or_(late.c.responded_at.is_(None), late.c.responded_at >= at))
        .order_by(late.c.due_at, late.c.source, late.c.lead_id))


def appeals(conn: sa.Connection, evening: datetime) -> list[Line]:
    """The appeals that waited for the other side's answer in an evening, oldest first."""
    claim, at = mart("appeal"), sa.literal(evening, sa.DateTime())
    shown = [claim.c[name] for name in ("appeal_id", "source", "lead_id", "appealed_state", "appellant", "appealed_at",
                                        "filed_at")]
    settled = sa.func.least(claim.c.binding_at, claim.c.withdrawn_at, type_=sa.DateTime())
    return rows(conn, sa.select(*shown).where(claim.c.filed_at < at, sa.or_(settled.is_(None), settled >= at))
                 .order_by(claim.c.filed_at, claim.c.appeal_id))


def promises(conn: sa.Connection, day: date) -> list[Line]:
    """The promises that run on a day, or ended in the week before it."""
    promise = mart("commitments")
    return rows(conn, sa.select(promise).where(
        promise.c.first_day <= day, promise.c.last_day > day - timedelta(WEEK))
        .order_by(promise.c.last_day, promise.c.agreement, promise.c.promise))


def names(conn: sa.Connection) -> dict[tuple[str, ...], str]:
    """The newest published name of each campaign."""
    closed = mart("campaign_roi_closed")
    found = rows(conn, sa.select(*(closed.c[name] for name in _CAMPAIGN), closed.c.campaign_name)
                 .where(closed.c.campaign_name.is_not(None)).order_by(closed.c.close_month))
    return {tuple(row[name] for name in _CAMPAIGN): row["campaign_name"] for row in found}


def _complete(conn: sa.Connection) -> list[Line]:
    """Up to which day each source is on record: its least complete stream's, and whether that is too old."""
    fresh = mart("source_freshness")
    return rows(conn, sa.select(
        fresh.c.source, sa.func.min(fresh.c.complete_to_day).label("complete_to_day"),
        sa.func.bool_or(fresh.c.is_stale, type_=sa.Boolean()).label("is_stale"),
        sa.func.max(fresh.c.last_success_at).label("last_success_at")).group_by(fresh.c.source)
        .order_by(fresh.c.source))


def silent(conn: sa.Connection) -> list[str]:
    """Sources that record too few attempts for anybody to say that their leads wait."""
    covered = mart("metric_coverage")
    return [str(row["source"]) for row in rows(conn, sa.select(covered.c.source).where(
        covered.c.metric == "speed_to_lead", ~covered.c.is_published).order_by(covered.c.source))]
