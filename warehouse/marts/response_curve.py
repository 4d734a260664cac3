"""The firm's own curve: what became of leads that waited so long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.campaign_roi_cohort import is_matured, within_horizon
from warehouse.marts.delays import AGE, BANDS, DELAYS, HORIZON, in_band, lead_delays, lead_moments
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.metrics import FIVE_RATIOS, bounds
from warehouse.shims import Expression, count_if
from warehouse.staging.base import Context, Selectable

SMALL = 20
_KEY = ("delay", "clock", "delay_band")
#: Who answered was reached: that delay explains nothing.
_SHOWN = tuple(delay for delay in DELAYS if delay.name != "answer")
_CARRIED = ("created_at", "reached_at", "first_won_at")
_STATES = {"reached": "reached_at", "closed": "first_won_at"}
_METRICS = tuple(metric for metric in FIVE_RATIOS if metric.numerator[0].removesuffix("_count") in _STATES)
_SHARES = tuple(f"{metric.name}{end}" for metric in _METRICS for end in ("", "_low", "_high"))

RECORD = Table(
    "response_curve", Layer.MART, "One row per delay, clock and band of the delay's length.", _KEY,
    columns(f"{' '.join(_KEY)} horizon_days is_small_sample")
    + columns("unique_lead_count reached_count closed_count", " ".join(_SHARES), basis="cohort"),
    f"Unique leads more than {HORIZON} days old, of every source that may publish the delay (`metric_coverage`), "
    f"whatever their campaign; reached and won within {HORIZON} days of creation. The bands of a delay and clock hold "
    f"every such lead once. Shares are null below {SMALL} leads.",
)

PROSE = """\
What waiting went along with, in this firm and nobody else's. It is a correlation: salespeople call first whom they
think ready to buy, and a number that is dead is never reached however soon somebody dials it. Marketing: a slow band
that converts as well as the quick one is no loss that slowness explains. Sales: a quick band that converts better is
a reason to try being quick, not proof that it pays. Where intervals, `_low` to `_high`, overlap, the bands do not
differ. `waiting` had no end within the horizon, `unknown` no beginning on record."""

CHECKS = (
    Check("states within unique leads", " AND ".join(f"{state}_count <= unique_lead_count" for state in _STATES)),
    Check("no rates on small samples", "is_small_sample = (reached_rate IS NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Counts of each band over all leads that are old enough, then shares with their bounds."""
    row = _counts(ctx).subquery("counted")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    small = row.c.unique_lead_count < SMALL
    for metric in _METRICS:
        low, high = bounds(metric, known)
        shown = {"": metric.expression(known), "_low": low, "_high": high}
        known |= {f"{metric.name}{end}": sa.case((~small, value)) for end, value in shown.items()}
    return sa.select(*arrange(RECORD, {**known, "is_small_sample": small, "horizon_days": AGE}))


def _counts(ctx: Context) -> sa.Select[Any]:
    lead = ctx.current(LEAD_FACT).alias("lead")
    moments = lead_moments(lead, _CARRIED, is_matured(ctx, lead.c.created_day, AGE))
    each = lead_delays(ctx, moments, _CARRIED, _SHOWN)
    key = [each.c.delay, each.c.clock, _band(each).label("delay_band")]
    states = (count_if(within_horizon(each.c[moment], each.c.created_at, AGE)).label(f"{state}_count")
              for state, moment in _STATES.items())
    return (sa.select(*key, sa.func.count().label("unique_lead_count"), *states)
            .group_by(*key))


def _band(each: Selectable) -> Expression:
    inside = [(in_band(each, band), sa.literal_column(f"'{band}'", sa.Text())) for band in BANDS]
    waiting = (each.c.is_started, sa.literal_column("'waiting'", sa.Text()))
    return sa.case(*inside, waiting, else_=sa.literal_column("'unknown'", sa.Text()))


def evidence(_: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The unique leads, whose rows hold the moments between which the delays lie."""
    return {"lead_fact": ddl.table(LEAD_FACT, "mart").c.is_unique}


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence)
