"""The five ratios by campaign, source, landing page and salesperson; of young months, what they will come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.campaign_roi_cohort import is_matured, within_horizon
from warehouse.marts.cuts import cut, landing_page, of_row
from warehouse.marts.discount import salesperson
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.waiting import HORIZON, STATES, estimate, waits
from warehouse.metrics import COVERAGE, STATE, bounds
from warehouse.shims import Expression, count_if, last_day
from warehouse.staging.base import Context

SMALL = 20
_AGE = sa.literal_column(str(HORIZON), sa.BigInteger())
_DIMENSIONS = ("campaign", "source", "landing_page", "salesperson")
_VALUES = ("platform", "account_id", "campaign_id", "source", "landing_page", "owner_id")
KEY = ("dimension", *_VALUES, "cohort_month")
_COUNTS = ("unique_lead_count", "valid_lead_count", "covered_lead_count")
_RATES, _ESTIMATES = (tuple(f"{name}_rate{end}" for end in ("", "_low", "_high")) for name in ("state", "estimated"))

RECORD = Table(
    "lead_quality_by", Layer.MART,
    "One row per dimension, its value, month of lead creation and state.", (*KEY, "quality_state"),
    columns(f"{' '.join(KEY)} quality_state horizon_days is_matured is_small_sample {' '.join(_COUNTS)} state_count",
            f"{' '.join(_RATES)} coverage_rate observed_until_day {' '.join(_ESTIMATES)}", basis="cohort"),
    "Every unique lead once per dimension: never add up rows of two. A state counts when it was reached within "
    f"{HORIZON} days of creation. Columns that a dimension does not need are empty; (none) stands for a lead without a "
    "landing page or salesperson. While a month is young, `state_rate` is what is seen so far, and `estimated_rate` is "
    f"the Kaplan-Meier estimate of what it will be after {HORIZON} days, each lead being watched for its full days up "
    "to `observed_until_day`. Its interval is Greenwood's on the log-log scale; where no lead or every lead came to "
    f"the state, Wilson's over those that were watched to the end. Rates are null below {SMALL} unique leads; so is an "
    "estimate as long as nobody was watched for the whole horizon, and that of a mature month, which needs none.",
)

PROSE = """\
Whether the leads are poor or poorly treated, by whoever may be the cause: marketing looks at campaign, landing page and
source, sales at salesperson. Marketing: `wrong_target` says little where `coverage_rate` is low. Sales: leads are not
dealt out by lot, so a salesperson's shares are those of the leads given, too; `rep_conversion` allows for that. Two
rows differ only where their intervals do not overlap; of a young month compare the estimates, never the shares."""

CHECKS = (
    Check("states within unique leads", "state_count <= unique_lead_count"),
    Check("bounds around the rate", " AND ".join(
        f"({rate} IS NULL OR ({rate}_low <= {rate} + 1e-12 AND {rate} <= {rate}_high + 1e-12))"
        for rate in ("state_rate", "estimated_rate"))),
    Check("no rate of few", "is_small_sample = (state_rate IS NULL)"),
    Check("an estimate only of the young", "estimated_rate IS NULL OR (NOT is_matured AND NOT is_small_sample)"),
    Check("watched while young", "is_matured = (observed_until_day IS NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Counts of each value and month of the scope, one row per state, beside the estimate of the young ones."""
    counted, waited = ctx.step(quality_count), estimate(ctx.step(quality_wait), KEY).subquery("waited")
    each = sa.union_all(*(
        sa.select(*(counted.c[name] for name in (*KEY, *_COUNTS)), sa.literal(state).label("quality_state"),
                  counted.c[f"{state}_count"].label("state_count")) for state in STATES)).subquery("each")
    same = sa.and_(*(waited.c[name] == each.c[name] for name in (*KEY, "quality_state")))
    row = sa.select(each, *(waited.c[name] for name in _ESTIMATES)).outerjoin_from(each, waited, same).subquery("row")
    small, known = row.c.unique_lead_count < SMALL, dict[str, Expression](row.c.items())
    rates = (STATE.expression(known), *bounds(STATE, known))
    known |= {name: sa.case((~small, value)) for name, value in zip(_RATES, rates, strict=True)}
    known |= {name: sa.case((~small, row.c[name])) for name in _ESTIMATES}
    matured = is_matured(ctx, last_day("month", row.c.cohort_month), _AGE)
    known |= {"coverage_rate": COVERAGE.expression(known), "is_small_sample": small, "is_matured": matured,
              "horizon_days": _AGE, "observed_until_day": sa.case((~matured, sa.cast(ctx.business_day, sa.Date())))}
    return sa.select(*arrange(RECORD, known))


def quality_lead(ctx: Context) -> sa.Select[Any]:
    """One row per unique lead of the scope."""
    lead, staged = ctx.current(LEAD_FACT).alias("fact"), ddl.table(LEAD)
    same = sa.and_(staged.c.source == lead.c.source, staged.c.lead_id == lead.c.lead_id)
    return (sa.select(*(lead.c[name] for name in (*_VALUES[:4], "cohort_month", "created_at", "created_day", "is_valid",
                                                  "has_status", *STATES.values())),
                      landing_page(staged).label("landing_page"), salesperson(lead).label("owner_id"))
            .join_from(lead, staged, same).where(lead.c.is_unique, ctx.within(RECORD.name, lead.c.cohort_month)))


def quality_wait(ctx: Context) -> sa.Select[Any]:
    """The waits of the leads of young months."""
    lead = ctx.step(quality_lead)
    young = sa.select(lead).where(~is_matured(ctx, last_day("month", lead.c.cohort_month), _AGE)).subquery("young")
    return waits(cut(young, _DIMENSIONS, _VALUES), KEY, ctx.business_day)


def quality_count(ctx: Context) -> sa.Select[Any]:
    """One row per value and month of the scope: its leads, and how many of them came to each state in time."""
    lead = cut(ctx.step(quality_lead), _DIMENSIONS, _VALUES)
    key = [lead.c[name] for name in KEY]
    states = [count_if(within_horizon(lead.c[moment], lead.c.created_at, _AGE)).label(f"{state}_count")
              for state, moment in STATES.items()]
    return sa.select(*key, sa.func.count().label("unique_lead_count"),
                     count_if(lead.c.is_valid).label("valid_lead_count"),
                     count_if(lead.c.has_status).label("covered_lead_count"), *states).group_by(*key)


def stale(ctx: Context) -> sa.Select[Any]:
    """Months of leads judged anew, for a landing page is in no fact, and those that were young on another day."""
    lead, judged, there = ctx.current(LEAD_FACT).alias("lead"), ctx.superseded[LEAD.name], ddl.table(RECORD, "mart")
    same = sa.and_(judged.c.source == lead.c.source, judged.c.lead_id == lead.c.lead_id)
    touched = sa.select(lead.c.cohort_month).join_from(lead, judged, same)
    young = sa.select(there.c.cohort_month).where(there.c.observed_until_day != sa.literal(ctx.business_day))
    return sa.select(sa.union(touched, young).subquery("stale"))


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The unique leads of the value and month."""
    return {"lead_fact": of_row(row)}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_month", "month", ("created",)), stale, evidence,
            is_exact=True)
