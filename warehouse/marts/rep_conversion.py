"""What salespeople made of the leads that answered, beside what they were given to work with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.campaign_roi_cohort import ages, is_matured, within_horizon
from warehouse.marts.discount import salesperson
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.metrics import ADVISED, CONVERSION_METRICS, bounds
from warehouse.shims import MONEY, Expression, count, last_day, portion, ratio, start_of, total
from warehouse.staging.base import Context, Selectable

SMALL = 20
#: Wins of as many expected that are added to both sides of the ratio (docs/decisions/0018-people-and-cost.md).
PRIOR = 10
_KEY = ("source", "owner_id", "cohort_quarter", "horizon_days")
#: Leads of one campaign and age are alike: within them salespeople are compared.
_STRATUM = ("platform", "account_id", "campaign_id", "cohort_quarter", "horizon_days")
_CELL = tuple(dict.fromkeys((*_KEY, *_STRATUM)))
_COUNTS = ("unique_lead_count", "attempted_count", "reached_count", "advised_count", "advised_won_count")
_HIDDEN = ("advised_won_rate", "advised_won_rate_low", "advised_won_rate_high", "won_to_expected_ratio",
           "won_to_expected_least_ratio", "won_to_expected_most_ratio", "shrunk_ratio")
#: What rests on the whole company's leads, not on one person's.
_PROMISED = ("given_won_rate", "company_won_rate")

RECORD = Table(
    "rep_conversion", Layer.MART,
    "One row per source, salesperson, quarter of lead creation and horizon.", _KEY,
    columns(f"{' '.join(_KEY)} is_matured is_small_sample {' '.join(_COUNTS)} expected_won_count",
            " ".join(_HIDDEN), basis="cohort")
    + columns("given_won_count company_lead_count company_won_count", " ".join(_PROMISED), basis="cohort"),
    "Unique leads by the quarter of creation, business zone, under the salesperson who has them today; (none) where "
    "the CRM names nobody. A quarter, because of a month few salespeople win enough. Outcomes count within the "
    "horizon, from each lead's own creation; whether a lead was won before it was called reached is not asked, for a "
    "status may be told late. Expected: of each campaign (unmatched leads are one) the share that the whole company "
    "won, times the salesperson's leads of it, each product cut down to a millionth. The least and the most ratio are "
    "the Wilson bounds of the share by what was expected, which is taken as known. `shrunk_ratio`: ten wins of ten "
    f"expected are added. What rests on fewer than {SMALL} advised leads is null; so is what the company makes of its "
    f"leads where it had fewer than {SMALL}.",
)

PROSE = """\
Whether sales lacks skill, or good leads. Marketing: `won_to_expected_ratio` allows for the mix of campaigns, and for
nothing else; between two people whose intervals, `_least_` to `_most_`, overlap the data shows no difference, nor
between anybody whose interval holds 1 and the company. This is no league table: do not sort it, and use only rows with
`is_matured`. Sales: `given_won_rate` below `company_won_rate` says that you were given worse leads than others; a
campaign that one person alone serves cannot tell the two apart and draws everybody's ratio to 1. `shrunk_ratio` is the
figure to talk about where few were won."""

CHECKS = (
    Check("the way narrows", "advised_won_count <= advised_count AND advised_count <= reached_count"
          " AND reached_count <= attempted_count AND attempted_count <= unique_lead_count"),
    Check("no more is expected than there are leads",
          "expected_won_count <= advised_count AND given_won_count <= unique_lead_count"),
    Check("no share without its interval", "(advised_won_rate IS NULL) = (advised_won_rate_low IS NULL)"
          " AND (won_to_expected_ratio IS NULL) = (won_to_expected_least_ratio IS NULL)"
          " AND (won_to_expected_ratio IS NULL) = (won_to_expected_most_ratio IS NULL)"),
    Check("nothing of few", "is_small_sample = (advised_won_rate IS NULL)"
          " AND is_small_sample = (shrunk_ratio IS NULL)"),
    Check("shrinking draws to 1", "COALESCE(ABS(shrunk_ratio - 1) <= ABS(won_to_expected_ratio - 1) + 1e-9, TRUE)"),
    Check("the company is whole",
          "unique_lead_count <= company_lead_count AND company_won_count <= company_lead_count"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Each salesperson's leads by campaign, what the company makes of such leads, and both summed."""
    row = _summed(_beside_company(ctx)).subquery("summed")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    known |= {metric.name: metric.expression(known) for metric in CONVERSION_METRICS} | _judged(known)
    small = row.c.advised_count < SMALL
    known |= {name: sa.case((~small, known[name])) for name in _HIDDEN}
    known |= {name: sa.case((row.c.company_lead_count >= SMALL, known[name])) for name in _PROMISED}
    return sa.select(*arrange(RECORD, known | {"is_small_sample": small, "is_matured": _matured(ctx, row)}))


def _judged(row: Mapping[str, Expression]) -> dict[str, Expression]:
    """The share and what it is by the expected one, each with its interval."""
    low, high = bounds(ADVISED, row)
    leads, won, expected = row["advised_count"], row["advised_won_count"], row["expected_won_count"]
    return {"advised_won_rate": ADVISED.expression(row), "advised_won_rate_low": low, "advised_won_rate_high": high,
            "won_to_expected_least_ratio": ratio(low * leads, expected),
            "won_to_expected_most_ratio": ratio(high * leads, expected),
            "shrunk_ratio": ratio(won + PRIOR, expected + PRIOR)}


def rep_lead(ctx: Context) -> sa.Select[Any]:
    """One row per salesperson, campaign, quarter and horizon of the scope: how many leads came how far."""
    lead, age = ctx.current(LEAD_FACT).alias("lead"), ages(ctx)
    days, quarter = age.c.horizon_days, start_of("quarter", lead.c.created_day)

    def seen(name: str) -> Expression:
        return within_horizon(lead.c[name], lead.c.created_at, days)

    bought: Expression = sa.func.coalesce(lead.c.first_won_at < lead.c.created_at, sa.false())
    reached, won = seen("reached_at"), sa.and_(seen("first_won_at"), ~bought)
    advised = sa.and_(reached, ~bought)
    flags: dict[str, Expression] = {
        "unique_lead_count": sa.true(), "attempted_count": sa.or_(seen("attempted_at"), reached),
        "reached_count": reached, "advised_count": advised, "advised_won_count": sa.and_(advised, won),
        "won_count": won}
    each: dict[str, Expression] = {
        **{name: lead.c[name] for name in ("source", *_STRATUM[:3])}, "owner_id": salesperson(lead),
        "cohort_quarter": quarter, "horizon_days": days,
        **{name: sa.case((flag, 1), else_=0) for name, flag in flags.items()}}
    row = (sa.select(*(value.label(name) for name, value in each.items())).select_from(lead.join(age, sa.true()))
           .where(lead.c.is_unique, ctx.within(RECORD.name, quarter)).subquery("each"))
    key = [row.c[name] for name in _CELL]
    return sa.select(*key, *(count(row.c[name]).label(name) for name in flags)).group_by(*key)


def _beside_company(ctx: Context) -> Selectable:
    """Beside each cell, what the whole company makes of its campaign's leads, and of all."""
    cell = rep_lead(ctx).subquery("cell")

    def company(name: str, *group: str) -> Expression:
        return sa.cast(sa.func.sum(cell.c[name]).over(partition_by=[cell.c[one] for one in group]), sa.BigInteger())

    def expected(won: str, leads: str) -> Expression:
        return portion(sa.cast(company(won, *_STRATUM), MONEY), cell.c[leads], company(leads, *_STRATUM))

    return sa.select(
        cell, expected("advised_won_count", "advised_count").label("expected_won_count"),
        expected("won_count", "unique_lead_count").label("given_won_count"),
        company("unique_lead_count", *_STRATUM[3:]).label("company_lead_count"),
        company("won_count", *_STRATUM[3:]).label("company_won_count")).subquery("beside")


def _summed(cell: Selectable) -> sa.Select[Any]:
    """Campaigns of a salesperson together; a campaign without an advised lead promises nothing."""
    key, nothing = [cell.c[name] for name in _KEY], sa.cast(sa.literal_column("0"), MONEY)
    sums = {name: count(cell.c[name]) for name in _COUNTS}
    sums |= {name: sa.func.coalesce(total(cell.c[name]), nothing) for name in ("expected_won_count", "given_won_count")}
    sums |= {name: sa.func.max(cell.c[name]) for name in ("company_lead_count", "company_won_count")}
    return sa.select(*key, *(value.label(name) for name, value in sums.items())).group_by(*key)


def _matured(ctx: Context, row: Selectable) -> Expression:
    return is_matured(ctx, last_day("quarter", row.c.cohort_quarter), row.c.horizon_days)


def stale(ctx: Context) -> sa.Select[Any]:
    """Quarters that have matured since they were published."""
    there = ddl.table(RECORD, "mart")
    return sa.select(there.c.cohort_quarter).where(there.c.is_matured != _matured(ctx, there)).distinct()


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The unique leads of the salesperson and quarter; when they were reached and won stands in their rows."""
    lead = ddl.table(LEAD_FACT, "mart")
    return {"lead_fact": sa.and_(lead.c.is_unique, salesperson(lead) == row["owner_id"])}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_quarter", "quarter", ("created",)), stale, evidence)
