"""The five ratios of the mission, by campaign and week."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.campaign_roi_cohort import is_matured, within_horizon
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.metrics import COVERAGE, FIVE_RATIOS, bounds
from warehouse.shims import Expression, count_if, last_day
from warehouse.staging.base import Context, Selectable

HORIZON, SMALL = 30, 20
_AGE = sa.literal_column(str(HORIZON), sa.BigInteger())
_STATES = {"reached": "reached_at", "hot": "hot_at", "potential": "potential_at", "wrong_target": "wrong_target_at",
           "closed": "first_won_at"}

RECORD = Table(
    "lead_quality", Layer.MART,
    "One row per platform, account, campaign and week of lead creation.",
    ("platform", "account_id", "campaign_id", "cohort_week"),
    columns("platform account_id campaign_id cohort_week horizon_days is_matured is_small_sample "
            "lead_count unique_lead_count valid_lead_count covered_lead_count", basis="cohort")
    + columns(" ".join(f"{state}_count" for state in _STATES),
              " ".join(f"{state}_rate{end}" for state in _STATES for end in ("", "_low", "_high")) + " coverage_rate",
              basis="cohort"),
    f"Unique leads are the denominator; a state counts when it was reached within {HORIZON} days of creation, whatever "
    f"came later. Rates are null below {SMALL} unique leads. Weeks begin on Monday, business zone.",
)

PROSE = """\
Whether the leads are poor or poorly treated: marketing answers for wrong targets and dead contacts, sales for those who
were never reached. The shares overlap (who bought was reached as well) and do not add up to 1. Two campaigns differ
only where their intervals, `_low` to `_high`, do not overlap. Where `coverage_rate` is low, sales recorded little and
the other rates say little. Judge only weeks with `is_matured`."""

CHECKS = (
    Check("states within unique leads",
          " AND ".join(f"{state}_count <= unique_lead_count" for state in _STATES)),
    Check("bounds around the rate",
          " AND ".join(f"({state}_rate IS NULL OR ({state}_rate_low <= {state}_rate + 1e-12"
                       f" AND {state}_rate <= {state}_rate_high + 1e-12))" for state in _STATES)),
    Check("no rates on small samples", "is_small_sample = (reached_rate IS NULL)"),
    Check("who bought was reached", "closed_count <= reached_count", "warn"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Counts of each campaign and week of the scope, then rates with their bounds."""
    row = _counts(ctx).subquery("counted")
    small = row.c.unique_lead_count < SMALL
    known: dict[str, Expression] = {column.name: column for column in row.c}
    for metric in FIVE_RATIOS:
        low, high = bounds(metric, known)
        shown = {"": metric.expression(known), "_low": low, "_high": high}
        known |= {f"{metric.name}{end}": sa.case((~small, value)) for end, value in shown.items()}
    known |= {"coverage_rate": COVERAGE.expression(known), "is_small_sample": small,
              "horizon_days": _AGE, "is_matured": _matured(ctx, row)}
    return sa.select(*arrange(RECORD, known))


def _counts(ctx: Context) -> sa.Select[Any]:
    lead = ctx.current(LEAD_FACT).alias("lead")
    key = [lead.c[name] for name in ("platform", "account_id", "campaign_id", "cohort_week")]
    states = [count_if(sa.and_(lead.c.is_unique, within_horizon(lead.c[moment], lead.c.created_at, _AGE)))
              .label(f"{state}_count") for state, moment in _STATES.items()]
    return sa.select(
        *key, sa.func.count().label("lead_count"), count_if(lead.c.is_unique).label("unique_lead_count"),
        count_if(lead.c.is_valid).label("valid_lead_count"), count_if(lead.c.has_status).label("covered_lead_count"),
        *states).where(ctx.within(RECORD.name, lead.c.cohort_week)).group_by(*key)


def _matured(ctx: Context, row: Selectable) -> Expression:
    return is_matured(ctx, last_day("week", row.c.cohort_week), _AGE)


def stale(ctx: Context) -> sa.Select[Any]:
    """Weeks that have matured since they were published."""
    there = ddl.table(RECORD, "mart")
    return sa.select(there.c.cohort_week).where(there.c.is_matured != _matured(ctx, there)).distinct()


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_week", "week", ("created",)), stale)
