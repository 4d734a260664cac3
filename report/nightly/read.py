"""The report's facts from the published tables: some twenty aggregate queries, whatever the number of leads."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from crosscheck.settings import Settings
from report.nightly import money, work
from report.nightly.facts import Facts, Leak, Ratio, Ratios, Row, Tonight, Waterfall
from report.nightly.sums import mart, newest, rate, rated, rows, summed
from warehouse.metrics import COVERAGE, FIVE_RATIOS
from warehouse.reading import campaign_ratios, campaign_totals, published
from warehouse.shims import count_if, total

#: How many months, or weeks, a figure of the report covers: enough for a sample, few enough to be today's.
MONTHS, WEEKS = 3, 4
_AGREEMENTS = timedelta(days=120)


def read(settings: Settings, night: Tonight) -> Facts:
    """Everything that the report says. Raises ConfigError when nothing was published yet."""
    closed, by_campaign = campaign_totals(settings), campaign_ratios(settings)
    since = night.as_of.date() - _AGREEMENTS
    with published(settings) as conn:
        won_in = newest(conn, mart("sourcing").c.close_month, MONTHS)
        return Facts(
            settings.project.name, night, _freshness(conn), rows(conn, sa.select(mart("rule_version"))
                                                                 .order_by(mart("rule_version").c.rule_file)),
            _waterfall(conn), _ratios(conn), by_campaign, money.campaigns(conn, closed, MONTHS), money.weeks(conn),
            work.speed(conn, MONTHS), _not_published(conn), won_in, work.sourcing(conn, won_in),
            money.discounts(conn, closed, MONTHS), work.promises(conn, since), work.charters(conn, since),
            work.contradictions(conn), work.changes(conn, closed))


def _freshness(conn: sa.Connection) -> list[Row]:
    """By source: the day to which all of its streams are complete."""
    c = mart("source_freshness").c
    return rows(conn, sa.select(
        c.source, sa.func.min(c.complete_to_day).label("complete_to_day"), count_if(c.is_stale).label("stale_count"),
        sa.func.count().label("stream_count"), sa.func.max(c.last_error).label("last_error"),
        sa.func.max(c.paused_until_day).label("paused_until_day"), sa.func.max(c.pause_reason).label("pause_reason"))
        .group_by(c.source).order_by(c.source))


def _not_published(conn: sa.Connection) -> list[Row]:
    """What the marts refuse to say of a source, and why."""
    there = mart("metric_coverage")
    return rows(conn, sa.select(there).where(sa.not_(there.c.is_published)).order_by(there.c.metric, there.c.source))


def _waterfall(conn: sa.Connection) -> Waterfall:
    there = mart("leak_waterfall")
    months = newest(conn, there.c.cohort_month, MONTHS)
    key = [there.c[name] for name in ("leak_cause", "leak_owner", "cause_no")]
    query = (sa.select(*key, sa.func.sum(there.c.lead_count).label("leads"),
                       total(there.c.leak_margin_amount).label("margin"))
             .where(there.c.cohort_month.in_(months)).group_by(*key).order_by(there.c.cause_no))
    leaks = [Leak(row["leak_cause"], row["leak_owner"], row["cause_no"], int(row["leads"]), row["margin"])
             for row in rows(conn, query)]
    unpriced = newest(conn, there.c.cohort_month, MONTHS, there.c.cohort_month.in_(months),
                      there.c.average_margin_amount.is_(None))
    horizon = conn.scalar(sa.select(sa.func.max(there.c.horizon_days)))
    return Waterfall(months, horizon, tuple(leaks), unpriced)


def _ratios(conn: sa.Connection) -> Ratios:
    """The company's ratios of the newest mature weeks, and of as many before them."""
    there = mart("lead_quality")
    weeks = newest(conn, there.c.cohort_week, 2 * WEEKS, there.c.is_matured)
    now, before = weeks[-WEEKS:], weeks[:-WEEKS]
    new, old = _five(conn, now), _five(conn, before) if len(before) == WEEKS else None
    if new is None:
        return Ratios((), (), (), None)
    each = [Ratio(metric.name, rate(new, metric), rate(old, metric) if old else None) for metric in FIVE_RATIOS]
    return Ratios(now, before if old else (), tuple(each), rate(new, COVERAGE))


def _five(conn: sa.Connection, weeks: tuple[date, ...]) -> Row | None:
    there = mart("lead_quality")
    parts = ["unique_lead_count", "covered_lead_count", *(metric.numerator[0] for metric in FIVE_RATIOS)]
    sums = summed(there, parts, where=[there.c.is_matured, there.c.cohort_week.in_(weeks)])
    found = rows(conn, rated(sums, (*FIVE_RATIOS, COVERAGE), "unique_lead_count"))
    return found[0] if found and found[0]["unique_lead_count"] else None
