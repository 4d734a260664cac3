"""What was spent on people who could never buy, and on people whom sales never judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import FIELDS, columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.campaign_roi_cohort import is_matured, within_horizon
from warehouse.marts.campaign_roi_daily import RECORD as DAILY
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.metrics import COVERAGE, RETURN_METRICS, UNFIT, VERDICT, WASTE_METRICS, bounds
from warehouse.shims import MONEY, Expression, count, last_day, portion, start_of, total
from warehouse.staging.base import Context, Part, Selectable, stack

HORIZON, SMALL = 30, 20
_AGE = sa.literal_column(str(HORIZON), sa.BigInteger())
_KEY = ("platform", "account_id", "campaign_id", "cohort_month")
_SPEND = "spend_reporting_amount"
_COUNTS = ("lead_count", "unique_lead_count", "covered_lead_count", "invalid_contact_count", "wrong_target_count",
           "unfit_count", "unjudged_count")
_PARTS = ("invalid_contact", "wrong_target", "unjudged", "judged_fit")
_VERDICTS = ("hot_at", "potential_at", "wrong_target_at", "invalid_contact_at", "lost_at", "first_won_at")
_CPL = next(metric for metric in RETURN_METRICS if metric.name == "cpl_amount")
#: Shares that rest on the leads' number: hidden while it is small.
_HIDDEN = (UNFIT, *WASTE_METRICS)

RECORD = Table(
    "spend_waste", Layer.MART, "One row per platform, account, campaign and month of lead creation.", _KEY,
    columns(f"{' '.join(_KEY)} horizon_days is_matured is_small_sample")
    + columns(" ".join(_COUNTS), basis="cohort")
    + columns("", f"{_SPEND} spend_without_lead_amount", basis="spend")
    + columns("", f"{' '.join(f'{part}_spend_amount' for part in (*_PARTS, 'unfit'))} cpl_amount", basis="cohort")
    + columns("", "unfit_rate unfit_rate_low unfit_rate_high verdict_rate coverage_rate", basis="cohort")
    + columns("", " ".join(metric.name for metric in WASTE_METRICS), basis="cohort")
    + columns("reporting_currency_code"),
    "Spend of the month by the account's day; unique leads created in the month, business zone, and what was found "
    f"about them within {HORIZON} days of each one's creation. Every unique lead bears the same part of the spend. A "
    "lead that is both counts as an invalid contact, in money and in `unfit_count`: a dead number tells nothing about "
    "the portrait. The parts are cut in the order invalid contact, wrong target, unjudged, judged fit, each border "
    "between two parts down to a millionth, so that they add up to the spend exactly. They are null without a spend or "
    f"without unique leads. Shares resting on fewer than {SMALL} unique leads are null.",
)

PROSE = """\
How much money was burnt, and by whose word. Marketing: `unfit_spend_amount` is money for people who could never have
bought; answer for it by campaign, and for `spend_without_lead_amount` as well. Sales: the accusation is worth what
`verdict_rate` is worth; `unjudged_spend_amount` is money for people about whom nobody wrote down a verdict (to have
been reached is none), and it may not be called wasted. Compare campaigns by `unfit_rate_low` to `_high`, and only
months with `is_matured`."""

CHECKS = (
    Check("parts add up to the spend",
          f"{_SPEND} IS NULL OR {_SPEND} = spend_without_lead_amount + "
          + " + ".join(f"COALESCE({part}_spend_amount, 0)" for part in _PARTS)),
    Check("no part beyond the spend",
          f"{_SPEND} IS NULL OR {_SPEND} < 0 OR unique_lead_count = 0 OR ("
          + " AND ".join(f"{part}_spend_amount BETWEEN 0 AND {_SPEND}" for part in (*_PARTS, "unfit")) + ")"),
    Check("unfit is the sum of its two", "unfit_spend_amount IS NULL"
          " OR unfit_spend_amount = invalid_contact_spend_amount + wrong_target_spend_amount"),
    Check("counts within unique leads", "unfit_count + unjudged_count <= unique_lead_count"
          " AND invalid_contact_count <= unfit_count AND wrong_target_count <= unfit_count"),
    Check("money is null where nothing is known",
          f"({_SPEND} IS NULL OR unique_lead_count = 0) = (unfit_spend_amount IS NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Spend and counts of each campaign and month of the scope, then the parts of the spend and the shares."""
    row = divided(_summed(ctx).subquery("summed"))
    known: dict[str, Expression] = {column.name: column for column in row.c}
    low, high = bounds(UNFIT, known)
    small = row.c.unique_lead_count < SMALL
    shown = {metric.name: metric.expression(known) for metric in _HIDDEN}
    shown |= {"unfit_rate_low": low, "unfit_rate_high": high}
    known |= {name: sa.case((~small, value)) for name, value in shown.items()}
    known |= {metric.name: metric.expression(known) for metric in (_CPL, VERDICT, COVERAGE)}
    known |= {"is_small_sample": small, "horizon_days": _AGE, "is_matured": _matured(ctx, row),
              "reporting_currency_code": sa.literal(ctx.reporting_currency)}
    return sa.select(*arrange(RECORD, known))


def divided(row: Selectable) -> Selectable:
    """Rows with their spend cut at the borders between the parts; parts are null without unique leads."""
    spend, leads, unfit = row.c[_SPEND], row.c.unique_lead_count, row.c.unfit_count
    borders = {"invalid": row.c.invalid_contact_count, "unfit": unfit, "doubtful": unfit + row.c.unjudged_count}
    cut = sa.select(row, *(portion(spend, upto, leads).label(name) for name, upto in borders.items())).subquery("cut")
    parts: dict[str, Expression] = {
        "invalid_contact": cut.c.invalid, "unfit": cut.c.unfit, "wrong_target": cut.c.unfit - cut.c.invalid,
        "unjudged": cut.c.doubtful - cut.c.unfit, "judged_fit": cut.c[_SPEND] - cut.c.doubtful}
    alone: Expression = sa.case((cut.c.unique_lead_count == 0, cut.c[_SPEND]),
                                (cut.c[_SPEND].is_not(None), sa.cast(sa.literal_column("0"), MONEY)))
    money: dict[str, Expression] = {f"{part}_spend_amount": sa.cast(value, MONEY) for part, value in parts.items()}
    money["spend_without_lead_amount"] = alone
    return sa.select(*(cut.c[column.name] for column in row.c),
                     *(value.label(name) for name, value in money.items())).subquery("divided")


def _summed(ctx: Context) -> sa.Select[Any]:
    types = {name: ddl.sql_type(FIELDS[name].kind) for name in (*_KEY, _SPEND, *_COUNTS)}
    part = stack(_spent(ctx), _brought(ctx), types=types)
    key, zero = [part.c[name] for name in _KEY], sa.literal_column("0", sa.BigInteger())
    counts = (sa.func.coalesce(count(part.c[name]), zero).label(name) for name in _COUNTS)
    return sa.select(*key, total(part.c[_SPEND]).label(_SPEND), *counts).group_by(*key)


def _spent(ctx: Context) -> Part:
    day = ctx.current(DAILY).alias("spend")
    month = start_of("month", day.c.day)
    values = {name: day.c[name] for name in (*_KEY[:3], _SPEND)} | {"cohort_month": month}
    return day, values, sa.and_(day.c[_SPEND].is_not(None), ctx.within(RECORD.name, month))


def _brought(ctx: Context) -> Part:
    """Each lead, with what was found about it in time."""
    lead = ctx.current(LEAD_FACT).alias("lead")
    seen = {name: within_horizon(lead.c[name], lead.c.created_at, _AGE) for name in _VERDICTS}
    flags: dict[str, Expression] = {
        "lead_count": sa.true(), "unique_lead_count": lead.c.is_unique,
        "covered_lead_count": sa.and_(lead.c.is_unique, lead.c.has_status),
        **{f"{state}_count": sa.and_(lead.c.is_unique, seen[f"{state}_at"])
           for state in ("invalid_contact", "wrong_target")},
        "unfit_count": sa.and_(lead.c.is_unique, sa.or_(seen["invalid_contact_at"], seen["wrong_target_at"])),
        "unjudged_count": sa.and_(lead.c.is_unique, *(~each for each in seen.values()))}
    one, none = sa.literal_column("1", sa.BigInteger()), sa.literal_column("0", sa.BigInteger())
    values = {name: sa.case((flag, one), else_=none) for name, flag in flags.items()}
    return (lead, {name: lead.c[name] for name in _KEY} | values, ctx.within(RECORD.name, lead.c.cohort_month))


def _matured(ctx: Context, row: Selectable) -> Expression:
    return is_matured(ctx, last_day("month", row.c.cohort_month), _AGE)


def stale(ctx: Context) -> sa.Select[Any]:
    """Months that have matured since they were published."""
    there = ddl.table(RECORD, "mart")
    return sa.select(there.c.cohort_month).where(there.c.is_matured != _matured(ctx, there)).distinct()


def evidence(_: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The leads of the month and the spend; no deal is counted."""
    return {"lead_fact": sa.true(), "ad_daily": sa.true()}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_month", "month", ("spend", "created")), stale, evidence)
