"""How fast leads are worked on, and whether the system or the salesperson is slow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.campaign_roi_cohort import is_matured
from warehouse.marts.delays import AGE, BANDS, HORIZON, in_band, lead_delays, lead_moments, turned_sources
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.metrics import SPEED_METRICS, bounds
from warehouse.shims import Expression, count_if, last_day
from warehouse.staging.base import Context, Selectable

SMALL = 20
PERCENTILES = (50, 90, 95)
_LEAD = ("source", "platform", "account_id", "campaign_id", "cohort_month")
_KEY = (*_LEAD, "delay", "clock")
_SHARES = tuple(f"{metric.name}{end}" for metric in SPEED_METRICS for end in ("", "_low", "_high"))
_SECONDS = tuple(f"p{percent}{end}_seconds" for percent in PERCENTILES for end in ("", "_least"))

RECORD = Table(
    "speed_to_lead", Layer.MART,
    "One row per source, platform, account, campaign, month of lead creation, delay and clock.", _KEY,
    columns(f"{' '.join(_KEY)} horizon_days is_matured is_small_sample", basis="cohort")
    + columns("unique_lead_count started_count ended_count waiting_count unknown_count", basis="cohort")
    + columns(" ".join(f"band_{band}_count" for band in BANDS), " ".join((*_SECONDS, *_SHARES)), basis="cohort"),
    f"Unique leads. A delay counts as ended within {HORIZON} days of the lead's creation; until then, and if it never "
    "ends, the lead waits, and is later than all that ended: a percentile among those who wait is null. "
    "`_least` is what it is at least, whatever becomes of them; once matured, those who wait are known to have waited "
    f"to the horizon. Percentiles and shares are null below {SMALL} leads whose delay started. A delay has no rows for "
    "a source that records too little of it: `metric_coverage` says why.",
)

PROSE = """\
Who let the leads go cold. Marketing: "sales is slow" is about `human`, from the hand-over to the first attempt of a
person, and about business hours; what lies before the hand-over is `routing`, and no salesperson can answer for it.
Sales: leads in `waiting_count` are no excuse for a good median, they count as later than all others; `answer` is what
the customer takes to pick up, too. `unknown_count` is what nobody wrote down. Automatic replies never count. Compare
only matured months, and shares only where their intervals, `_low` to `_high`, do not overlap; that the quick win more
often, if they do, is correlation (`response_curve`)."""

CHECKS = (
    Check("every lead started or unknown, ended or waiting", "unique_lead_count = started_count + unknown_count"
          " AND started_count = ended_count + waiting_count"),
    Check("bands add up to those who ended",
          f"ended_count = {' + '.join(f'band_{band}_count' for band in BANDS)}"),
    Check("no percentile below its bound", " AND ".join(
        f"(p{percent}_seconds IS NULL OR p{percent}_seconds >= p{percent}_least_seconds)" for percent in PERCENTILES)),
    Check("percentiles rise", "COALESCE(p50_seconds <= p90_seconds, TRUE)"
          " AND COALESCE(p90_seconds <= p95_seconds, TRUE) AND COALESCE(p50_least_seconds <= p95_least_seconds, TRUE)"),
    Check("nothing on small samples", "is_small_sample = (p50_least_seconds IS NULL)"
          " AND is_small_sample = (waiting_rate IS NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Delays of the scope's leads, ranked within each row's group, then counts, percentiles and shares."""
    row = _grouped(_ranked(ctx, _delays(ctx))).subquery("grouped")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    small = row.c.started_count < SMALL
    for metric in SPEED_METRICS:
        low, high = bounds(metric, known)
        shares = {"": metric.expression(known), "_low": low, "_high": high}
        known |= {f"{metric.name}{end}": sa.case((~small, value)) for end, value in shares.items()}
    known |= {name: sa.case((~small, row.c[name])) for name in _SECONDS}
    known |= {"is_small_sample": small, "horizon_days": AGE, "is_matured": _matured(ctx, row)}
    return sa.select(*arrange(RECORD, known))


def _delays(ctx: Context) -> Selectable:
    lead = ctx.current(LEAD_FACT).alias("lead")
    moments = lead_moments(lead, _LEAD, ctx.within(RECORD.name, lead.c.cohort_month))
    return lead_delays(ctx, moments, _LEAD)


def _ranked(ctx: Context, each: Selectable) -> Selectable:
    """Each delay with its place, those who wait last, and its place if those who wait were as quick as can be."""
    group = [each.c[name] for name in (*_KEY, "is_started")]
    most = sa.case((each.c.is_ended, each.c.seconds))
    least = sa.case((sa.or_(each.c.is_ended, _matured(ctx, each)), each.c.seconds), else_=0)
    return sa.select(
        each, most.label("most"), least.label("least"), sa.func.count().over(partition_by=group).label("size"),
        sa.func.row_number().over(partition_by=group, order_by=most.asc().nulls_last()).label("place"),
        sa.func.row_number().over(partition_by=group, order_by=least).label("least_place")).subquery("ranked")


def _grouped(row: Selectable) -> sa.Select[Any]:
    """Counts, and of each percentile the smallest value at or beyond its place; null where only waiting is left."""
    key = [row.c[name] for name in _KEY]
    counts: dict[str, Expression] = {
        "unique_lead_count": sa.func.count(), "started_count": count_if(row.c.is_started),
        "ended_count": count_if(row.c.is_ended), "waiting_count": count_if(sa.and_(row.c.is_started, ~row.c.is_ended)),
        "unknown_count": count_if(~row.c.is_started),
        **{f"band_{band}_count": count_if(in_band(row, band)) for band in BANDS}}
    for percent in PERCENTILES:
        for end, place, value in (("", row.c.place, row.c.most), ("_least", row.c.least_place, row.c.least)):
            beyond = sa.and_(row.c.is_started, place * 100 >= row.c.size * percent)
            counts[f"p{percent}{end}_seconds"] = sa.func.min(sa.case((beyond, value)))
    return sa.select(*key, *(value.label(name) for name, value in counts.items())).group_by(*key)


def _matured(ctx: Context, row: Selectable) -> Expression:
    return is_matured(ctx, last_day("month", row.c.cohort_month), AGE)


def stale(ctx: Context) -> sa.Select[Any]:
    """Months that have matured since they were published, and all months of a source that may publish more, or less."""
    there, lead = ddl.table(RECORD, "mart"), ddl.table(LEAD_FACT, "mart")
    aged = sa.select(there.c.cohort_month).where(there.c.is_matured != _matured(ctx, there))
    turned = sa.select(lead.c.cohort_month).where(lead.c.source.in_(turned_sources(ctx)))
    both = sa.union(aged, turned).subquery("stale")
    return sa.select(both.c.cohort_month)


def evidence(_: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The unique leads of the source, campaign and month; their rows hold the moments between which the delays lie."""
    return {"lead_fact": ddl.table(LEAD_FACT, "mart").c.is_unique}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_month", "month", ("created",)), stale, evidence)
