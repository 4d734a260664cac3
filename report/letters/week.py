"""What the weekly pack rests on beside a day's facts: leaks, ratios, campaigns and disagreements, as published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from report.letters.facts import Line, mart, rows
from warehouse.marts.lead_quality import SMALL
from warehouse.metrics import FIVE_RATIOS, bounds

_CAMPAIGN = ("platform", "account_id", "campaign_id")
_MONEY = ("leak_revenue_amount", "leak_margin_amount")


@dataclass(frozen=True)
class Week:
    """The newest cohort month whose leaks are out, the newest matured week's ratios, the month's campaigns."""

    month: date | None
    leaks: Sequence[Line]
    cohort_week: date | None
    ratios: Line
    campaigns: Sequence[Line]
    disputes: Sequence[Line]


def read(conn: sa.Connection, day: date) -> Week:
    """As published now; the campaigns' month is the day's."""
    leak, quality = mart("leak_waterfall"), mart("lead_quality")
    month = conn.scalar(sa.select(sa.func.max(leak.c.cohort_month)))
    week = conn.scalar(sa.select(sa.func.max(quality.c.cohort_week)).where(quality.c.is_matured))
    return Week(month, _leaks(conn, month), week, _ratios(conn, week), _campaigns(conn, day.replace(day=1)),
                [*_disputes(conn, "contradiction"), *_disputes(conn, "sourcing_conflict")])


def _leaks(conn: sa.Connection, month: date | None) -> list[Line]:
    """By cause over all campaigns; money is null where a campaign's is."""
    leak = mart("leak_waterfall")
    key = [leak.c[name] for name in ("cause_no", "leak_cause", "leak_owner")]
    money = [sa.case((sa.func.count(leak.c[name]) == sa.func.count(), sa.func.sum(leak.c[name]))).label(name)
             for name in _MONEY]
    return rows(conn, sa.select(*key, sa.func.sum(leak.c.lead_count).label("lead_count"),
                                sa.func.count().label("row_count"), *money)
                .where(leak.c.cohort_month == month).group_by(*key).order_by(leak.c.cause_no))


def _ratios(conn: sa.Connection, week: date | None) -> Line:
    """The five ratios of a cohort week over all campaigns, from summed counts; rates null on small samples."""
    quality = mart("lead_quality")
    counts = ["unique_lead_count", *(metric.numerator[0] for metric in FIVE_RATIOS)]
    summed = (sa.select(*(sa.func.sum(quality.c[name]).label(name) for name in counts),
                        sa.func.count().label("row_count"))
              .where(quality.c.cohort_week == week, quality.c.is_matured).subquery("summed"))
    known: dict[str, Any] = {name: summed.c[name] for name in counts}
    rates = []
    for metric in FIVE_RATIOS:
        low, high = bounds(metric, known)
        for end, value in {"": metric.expression(known), "_low": low, "_high": high}.items():
            rates.append(sa.case((known["unique_lead_count"] >= SMALL, value)).label(f"{metric.name}{end}"))
    return rows(conn, sa.select(summed, *rates))[0]


def _campaigns(conn: sa.Connection, month: date) -> list[Line]:
    closed = mart("campaign_roi_closed")
    return rows(conn, sa.select(closed).where(closed.c.close_month == month)
                .order_by(closed.c.spend_reporting_amount.desc().nulls_last(), *(closed.c[name] for name in _CAMPAIGN)))


def _disputes(conn: sa.Connection, name: str) -> list[Line]:
    """Counts by kind and by who has to clear them up."""
    found = mart(name)
    kind, who = found.c[name], found.c.responsible
    return rows(conn, sa.select(sa.literal(name).label("mart"), kind.label("kind"), who, sa.func.count().label("cases"))
                .group_by(kind, who).order_by(sa.func.count().desc(), kind, who))
