"""Whether a campaign still brings the people of the portrait: each month against what came before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.metrics import FIT_METRICS, bounds
from warehouse.shims import Expression, count, count_if
from warehouse.staging.base import Context, Selectable

SMALL = 20
_CAMPAIGN = ("platform", "account_id", "campaign_id")
_COUNTS = ("decided_count", "fit_count")
_EARLIER = tuple(f"earlier_{name}" for name in _COUNTS)
_RATES = tuple(f"{metric.name}{end}" for metric in FIT_METRICS for end in ("", "_low", "_high"))

RECORD = Table(
    "portrait_drift", Layer.MART,
    "One row per platform, account, campaign, month of lead creation and comparison.",
    (*_CAMPAIGN, "cohort_month", "compared_with"),
    columns(f"{' '.join(_CAMPAIGN)} cohort_month compared_with unique_lead_count {' '.join((*_COUNTS, *_EARLIER))}",
            f"{' '.join(_RATES)} fit_change", basis="cohort")
    + columns("rule_version"),
    "Unique leads; only those count as decided whose questions are all answered, whenever that was. Every month stands "
    "twice: against the earlier months of the same campaign, and against all leads of the company of the months before "
    f"the campaign's first. A rate that rests on fewer than {SMALL} decided leads is null. The newest months grow as "
    "answers come in. `rule_version` is that of the portrait, which judges all months alike.",
)

PROSE = """\
Whether a campaign misses the right people. Sales: `before_launch` is the table to show when a new campaign is blamed;
only `fell` says that its leads fit worse than what came before, and `no_difference` says that the data shows none.
Marketing: against `own_earlier_months` a `fell` is yours to explain, an audience or a message has changed. Both:
compare `decided_count` with `unique_lead_count` first, for who was never asked is in neither share. Nothing here says
how much; the two intervals do."""

CHECKS = (
    Check("who fits is decided", "fit_count <= decided_count AND earlier_fit_count <= earlier_decided_count"
          " AND decided_count <= unique_lead_count"),
    Check("no rate of few", f"(decided_count < {SMALL}) = (fit_rate IS NULL)"
          f" AND (earlier_decided_count < {SMALL}) = (earlier_fit_rate IS NULL)"),
    Check("a change exactly where there are two rates",
          "(fit_rate IS NULL OR earlier_fit_rate IS NULL) = (fit_change IS NULL)"),
    Check("no change where intervals overlap", "fit_change IS NULL OR fit_change = 'no_difference'"
          " OR fit_rate_high < earlier_fit_rate_low OR earlier_fit_rate_high < fit_rate_low"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Months beside what came before them, with rates, their bounds, and what both allow to say."""
    row = _compared(ctx).subquery("compared")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    for metric in FIT_METRICS:
        is_shown = known[metric.denominator] >= SMALL
        for name, value in zip(("", "_low", "_high"), (metric.expression(known), *bounds(metric, known)), strict=True):
            known[f"{metric.name}{name}"] = sa.case((is_shown, value))
    known |= {"fit_change": _change(known), "rule_version": sa.literal(ctx.rules.portrait.head.version, sa.Text())}
    return sa.select(*arrange(RECORD, known))


def _change(row: Mapping[str, Expression]) -> Expression:
    return sa.case(
        (sa.or_(row["fit_rate"].is_(None), row["earlier_fit_rate"].is_(None)), sa.null()),
        (row["fit_rate_high"] < row["earlier_fit_rate_low"], "fell"),
        (row["fit_rate_low"] > row["earlier_fit_rate_high"], "rose"), else_="no_difference")


def _compared(ctx: Context) -> sa.CompoundSelect[Any]:
    """Each month twice: with the campaign's own earlier leads, and with the company's before the campaign."""
    own = ctx.step(fit_month)
    company = _before_each(own).subquery("company")
    shown = [own.c[name] for name in (*_CAMPAIGN, "cohort_month", "unique_lead_count", *_COUNTS)]
    mine = sa.select(*shown, *(own.c[name] for name in _EARLIER), sa.literal("own_earlier_months").label(
        "compared_with"))
    launch = sa.select(*shown, *(company.c[name] for name in _EARLIER), sa.literal("before_launch").label(
        "compared_with")).join_from(own, company, company.c.cohort_month == own.c.first_month)
    return sa.union_all(mine, launch)


def fit_month(ctx: Context) -> sa.Select[Any]:
    """One row per campaign and month with leads: how many fit, beside the campaign's first month and earlier leads."""
    lead = ctx.current(LEAD_FACT).alias("lead")
    key = [lead.c[name] for name in (*_CAMPAIGN, "cohort_month")]
    verdict = lead.c.portrait_verdict
    month = (sa.select(*key, sa.func.count().label("unique_lead_count"),
                       count_if(verdict.in_(("fits", "fails"))).label("decided_count"),
                       count_if(verdict == "fits").label("fit_count"))
             .where(lead.c.is_unique).group_by(*key).subquery("month"))
    whose = [month.c[name] for name in _CAMPAIGN]
    first = sa.func.min(month.c.cohort_month).over(partition_by=whose)
    return sa.select(month, first.label("first_month"), *_so_far(month, whose))


def _before_each(own: Selectable) -> sa.Select[Any]:
    """The whole company's leads before each month in which there are any."""
    month = (sa.select(own.c.cohort_month, *(count(own.c[name]).label(name) for name in _COUNTS))
             .group_by(own.c.cohort_month).subquery("every"))
    return sa.select(month.c.cohort_month, *_so_far(month, []))


def _so_far(month: Selectable, whose: list[Any]) -> list[sa.Label[Any]]:
    """The sums of the months before, 0 before the first."""
    over: dict[str, Any] = {"partition_by": whose or None, "order_by": month.c.cohort_month, "rows": (None, -1)}
    zero = sa.literal_column("0", sa.BigInteger())
    return [sa.func.coalesce(sa.cast(sa.func.sum(month.c[name]).over(**over), sa.BigInteger()), zero)
            .label(f"earlier_{name}") for name in _COUNTS]


def evidence(_: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The leads of the campaign and month; the earlier ones stand in rows of their own."""
    return {"lead_fact": ddl.table(LEAD_FACT, "mart").c.is_unique}


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence)
