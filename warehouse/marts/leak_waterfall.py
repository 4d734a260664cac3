"""Where leads are lost, by campaign and month: one cause each, its owner, and what that is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts import leak_evidence
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.leak_causes import CAUSES, SET_ASIDE, of_cause
from warehouse.marts.leaks import horizon
from warehouse.shims import MONEY, WIDE, Expression, count_if, portion, total
from warehouse.staging.base import Context, Selectable

_CAMPAIGN = ("platform", "account_id", "campaign_id", "cohort_month")
#: A count as a factor of an amount: 38 digits in all, so that no engine rounds.
_FACTOR = sa.Numeric(8, 0)

RECORD = Table(
    "leak_waterfall", Layer.MART,
    "One row per platform, account, campaign, month of lead creation and cause, of the months that have passed the "
    "horizon.", (*_CAMPAIGN, "leak_cause"),
    columns(f"{' '.join(_CAMPAIGN)} leak_cause cause_no leak_owner horizon_days lead_count unique_lead_count",
            basis="cohort")
    + columns("won_lead_count margin_known_lead_count", "average_revenue_amount average_margin_amount "
              "leak_revenue_amount leak_margin_amount", basis="cohort")
    + columns("reporting_currency_code"),
    "Every lead of `leak_evidence` once. Without the rows `test_lead` and `duplicate` the counts of a campaign and "
    "month add up to its `unique_lead_count`. An average is what the leads of the whole company created in the month "
    "and won within the horizon brought within it, over those of which it is known, cut down to a millionth: money is "
    "count times average and adds up to unique leads times average, to the last digit. These two rows are worth 0: a "
    "repeat's person is counted elsewhere, a test has none. Money is null in a month without a won lead.",
)

PROSE = """\
Read from the top, in the order of `cause_no`: each lead stands in the first row that holds of it and in no other, so
the rows can be stacked and nobody is counted twice. The money says what as many won leads would have brought; it is a
size to compare leaks by, not a loss that was booked, for not every lead would have bought. Marketing answers for
`invalid_contact`, `existing_customer` and `wrong_target`, and the two heads together for `wrong_target_unsupported`.
Sales answers for `never_attempted`, `attempted_late`, `given_up_early`, `reached_no_follow_up` and `lost_no_reason`.
Compare owners by the sum of their rows, and open any row in `leak_evidence`."""

CHECKS = (
    Check("no more leads than there are", f"leak_cause IN {SET_ASIDE} OR lead_count <= unique_lead_count"),
    Check("money is count times average", f"leak_cause IN {SET_ASIDE} OR average_revenue_amount IS NULL"
          " OR leak_revenue_amount = lead_count * average_revenue_amount"),
    Check("what is set aside is worth nothing",
          f"leak_cause NOT IN {SET_ASIDE} OR COALESCE(leak_revenue_amount, 0) = 0"),
    Check("an average exactly where somebody bought", "(won_lead_count = 0) = (average_revenue_amount IS NULL)"
          " AND (margin_known_lead_count = 0) = (average_margin_amount IS NULL)"),
    Check("money exactly where there is an average", "(average_revenue_amount IS NULL) = (leak_revenue_amount IS NULL)"
          " AND (average_margin_amount IS NULL) = (leak_margin_amount IS NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Leads by campaign, month and cause, beside the unique leads of the campaign and the company's averages."""
    lead = ctx.current(leak_evidence.RECORD).alias("lead")
    cause, within = lead.c.leak_cause, ctx.within(RECORD.name, lead.c.cohort_month)
    key = [lead.c[name] for name in _CAMPAIGN]
    row = (sa.select(*key, cause, sa.func.count().label("lead_count")).where(within).group_by(*key, cause)
           .subquery("caused"))
    every, value = _leads(ctx).subquery("every"), _averages(lead, within).subquery("value")
    origin = row.join(every, sa.and_(*(every.c[name] == row.c[name] for name in _CAMPAIGN))).join(
        value, value.c.cohort_month == row.c.cohort_month)
    counted = sa.case((row.c.leak_cause.not_in(SET_ASIDE), row.c.lead_count), else_=0)
    known: dict[str, Expression] = {
        **{name: row.c[name] for name in (*_CAMPAIGN, "leak_cause", "lead_count")},
        **{column.name: column for column in value.c if column.name != "cohort_month"},
        "cause_no": of_cause(row.c.leak_cause, {one.name: sa.literal(place) for place, one in enumerate(CAUSES, 1)}),
        "leak_owner": of_cause(row.c.leak_cause, {one.name: sa.literal(one.owner) for one in CAUSES}),
        "horizon_days": horizon(ctx), "unique_lead_count": every.c.unique_lead_count,
        "reporting_currency_code": sa.literal(ctx.reporting_currency),
        **{f"leak_{kind}_amount": times(value.c[f"average_{kind}_amount"], counted) for kind in ("revenue", "margin")}}
    return sa.select(*arrange(RECORD, known)).select_from(origin)


def _leads(ctx: Context) -> sa.Select[Any]:
    """Unique leads straight from the facts: what the causes must add up to."""
    lead = ctx.current(LEAD_FACT).alias("fact")
    key = [lead.c[name] for name in _CAMPAIGN]
    return (sa.select(*key, count_if(lead.c.is_unique).label("unique_lead_count"))
            .where(ctx.within(RECORD.name, lead.c.cohort_month)).group_by(*key))


def _averages(lead: Selectable, within: Expression) -> sa.Select[Any]:
    """Per month, over all campaigns: what a won lead brought."""
    one: Expression = sa.literal_column("1", sa.BigInteger())
    revenue, margin = lead.c.revenue_reporting_amount, lead.c.gross_margin_reporting_amount
    return (sa.select(lead.c.cohort_month, sa.func.count(revenue).label("won_lead_count"),
                      sa.func.count(margin).label("margin_known_lead_count"),
                      portion(total(revenue), one, sa.func.count(revenue)).label("average_revenue_amount"),
                      portion(total(margin), one, sa.func.count(margin)).label("average_margin_amount"))
            .where(within).group_by(lead.c.cohort_month))


def times(amount: Expression, number: Expression) -> Expression:
    """An amount times a count, exactly."""
    return sa.cast(sa.cast(amount, WIDE) * sa.cast(number, _FACTOR), MONEY)


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The leads that `leak_evidence` counts under the cause, and the deals of their persons."""
    lead, deal, cause = ddl.table(LEAD_FACT, "mart"), ddl.table(DEAL_FACT, "mart"), _of(row["leak_cause"])
    return {lead.name: cause(lead.c.source, lead.c.lead_id), deal.name: cause(deal.c.head_source, deal.c.head_lead_id)}


def _of(name: str) -> Any:
    there = ddl.table(leak_evidence.RECORD, "mart")
    chosen = sa.select(there.c.source, there.c.lead_id).where(there.c.leak_cause == name)
    return lambda source, lead_id: sa.tuple_(source, lead_id).in_(chosen)


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_month", "month", ("created",)), leak_evidence.stale,
            evidence)
