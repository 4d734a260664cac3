"""The report's facts about work: speed, sourcing, promises, contradictions, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from crosscheck.fields.speed import BANDS
from report.nightly.facts import Band, Changes, Delay, Rate, Row, Speed
from report.nightly.sums import mart, newest, rate, rated, rows, summed
from warehouse.metrics import SPEED_METRICS
from warehouse.shims import count, total

#: The whole wait, in hours in which somebody is at work, is what a customer feels and a promise is about.
CURVE = {"delay": "whole", "clock": "business_hours"}
_KEY = ("platform", "account_id", "campaign_id")
_LARGEST = 8


def speed(conn: sa.Connection, limit: int) -> Speed:
    """The delays of the newest mature months, and the company's own response curve."""
    there = mart("speed_to_lead")
    months = newest(conn, there.c.cohort_month, limit, there.c.is_matured)
    parts = ["started_count", *dict.fromkeys(metric.numerator[0] for metric in SPEED_METRICS)]
    key = [there.c.delay, there.c.clock]
    sums = summed(there, parts, key, [there.c.is_matured, there.c.cohort_month.in_(months)])
    delays = [Delay(row["delay"], row["clock"], row["started_count"] or 0,
                    {metric.name: rate(row, metric) for metric in SPEED_METRICS})
              for row in rows(conn, rated(sums, SPEED_METRICS, "started_count"))]
    return Speed(months, tuple(sorted(delays, key=lambda one: (one.clock, one.name))), _curve(conn))


def _curve(conn: sa.Connection) -> tuple[Band, ...]:
    there = mart("response_curve")
    found = {row["delay_band"]: row for row in rows(conn, sa.select(there).where(
        *(there.c[name] == value for name, value in CURVE.items())))}
    return tuple(_band(found[name]) for name in (*BANDS, "waiting", "unknown") if name in found)


def _band(row: Row) -> Band:
    reached, closed = (Rate(row[f"{state}_count"], row["unique_lead_count"],
                            *(row[f"{state}_rate{end}"] for end in ("", "_low", "_high")))
                       for state in ("reached", "closed"))
    return Band(row["delay_band"], row["unique_lead_count"], reached, closed)


def sourcing(conn: sa.Connection, months: tuple[date, ...]) -> list[Row]:
    """Wins and revenue by definition and side."""
    there = mart("sourcing")
    key = [there.c.definition, there.c.sourcing_side]
    return rows(conn, summed(there, ("won_count", "won_deal_count", "revenue_reporting_amount"), key,
                             [there.c.close_month.in_(months)]).order_by(*key))


def promises(conn: sa.Connection, since: date) -> list[Row]:
    """What either side promised, newest period last, the company's before those of campaigns."""
    c = mart("commitments").c
    return rows(conn, sa.select(mart("commitments")).where(c.last_day >= since).order_by(
        sa.case((c.campaign_id.is_(None), 0), else_=1), c.first_day.desc(), c.agreement, c.promise))


def charters(conn: sa.Connection, since: date) -> list[Row]:
    """What both heads agreed before a campaign began."""
    c = mart("campaign_charter").c
    return rows(conn, sa.select(mart("campaign_charter")).where(c.last_day >= since).order_by(c.first_day.desc(),
                                                                                             c.agreement))


def contradictions(conn: sa.Connection) -> list[Row]:
    """Records that contradict each other, by kind and by who can mend them."""
    c = mart("contradiction").c
    number = sa.func.count().label("lead_count")
    return rows(conn, sa.select(c.contradiction, c.responsible, number).group_by(c.contradiction, c.responsible)
                .order_by(number.desc(), c.contradiction, c.responsible))


def changes(conn: sa.Connection, closed: Sequence[Row]) -> Changes:
    """Why numbers changed since the publication before."""
    there = mart("why_changed")
    key = [there.c.changed_metric, there.c.change_cause]
    parts = [count(there.c.change_count).label("change_count"),
             total(there.c.change_reporting_amount).label("change_reporting_amount"),
             sa.func.count().label("number_count")]
    by_cause = rows(conn, sa.select(*key, *parts).group_by(*key).order_by(*key))
    names = {tuple(row[part] for part in _KEY): row["campaign_name"] for row in closed}
    largest = [dict(row) | {"campaign_name": names.get(tuple(row[part] for part in _KEY)) or row["campaign_id"]}
               for column in (there.c.change_reporting_amount, there.c.change_count)
               for row in rows(conn, _largest(there, column))]
    return Changes(conn.scalar(sa.select(sa.func.max(there.c.compared_day))), by_cause, largest)


def _largest(there: sa.Table, column: Any) -> sa.Select[Any]:
    key = [there.c[name] for name in ("changed_metric", *_KEY, "close_month", "change_cause")]
    return (sa.select(there).where(column.is_not(None), there.c.change_cause != "new")
            .order_by(sa.func.abs(column).desc(), *key).limit(_LARGEST))
