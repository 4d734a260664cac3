"""Whether weeks with many interactions were followed by weeks with many leads, qualified leads or customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.fields.engagement import ENGAGEMENT_MEASURES
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.engagement_to_outcome import HORIZON, is_grown
from warehouse.marts.engagement_to_outcome import RECORD as WEEKLY
from warehouse.marts.lags import ENOUGH, ENOUGH_EFFECTIVE, EVERY, MOST_WEEKS, lagged
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression, among, count, day_plus
from warehouse.staging.base import Context

_CAMPAIGN = ("platform", "account_id", "campaign_id")
_KEY = (*_CAMPAIGN, "engagement_measure", "lag_outcome", "lag_weeks")

RECORD = Table(
    "engagement_lag", Layer.MART,
    f"One row per campaign, measure of interaction, outcome and lag of 0 to {MOST_WEEKS} weeks; (all): the company.",
    _KEY,
    columns(f"{' '.join(_KEY)} week_count caveat",
            "effective_week_rate correlation_ratio correlation_least_ratio correlation_most_ratio", basis="spend"),
    "Complete weeks of `engagement_to_outcome`: one is complete two days after its Sunday, when every account's day is "
    "over. A pair is a week of which interactions were reported and the week so many weeks later; a week without "
    f"leads or customers counts 0 there, and of qualified leads only weeks count whose leads are older than {HORIZON} "
    "days. The interval is Fisher's, by the effective weeks: as many as the likeness of neighbouring weeks leaves "
    f"(Bartlett, first order). Below {ENOUGH} pairs, or {ENOUGH_EFFECTIVE} effective weeks, there is no correlation: "
    "two lines that merely rise always correlate. It is not adjusted for spend, season or trend.",
)

PROSE = """\
A correlation, not a cause: a campaign that spends more is liked more and brings more leads, and neither made the other.
Marketing: an interval, `_least_` to `_most_`, that holds 0 shows nothing, and of 27 intervals for one campaign one or
two miss 0 by mere chance; so do not pick the best lag. Sales: an interval that lies above 0 at the same lags for weeks
on end is a reason to test, by pausing the campaign, not to dismiss it. `caveat` says why a row holds no number. Never
multiply a correlation by money."""

CHECKS = (
    Check("within its interval", "correlation_ratio IS NULL"
          " OR correlation_ratio BETWEEN correlation_least_ratio AND correlation_most_ratio"),
    Check("a number exactly where it may stand",
          "(correlation_ratio IS NULL) = (caveat <> 'correlation_not_cause') AND (correlation_ratio IS NULL) ="
          " (correlation_least_ratio IS NULL) AND (correlation_ratio IS NULL) = (correlation_most_ratio IS NULL)"),
    Check("enough weeks", f"correlation_ratio IS NULL OR (week_count >= {ENOUGH}"
                          f" AND effective_week_rate * week_count >= {ENOUGH_EFFECTIVE} - 1e-9)"),
)


def complete_week(ctx: Context) -> sa.Select[Any]:
    """Weeks that are over in every account's zone, of campaigns with any interaction and of the whole company:
    interactions by measure, then outcomes.
    """
    row = ctx.current(WEEKLY).alias("weekly")
    measures = [f"{name}_count" for name in ENGAGEMENT_MEASURES]
    numbers = [row.c[name] for name in (*measures, "unique_lead_count", "qualified_count", "won_count")]
    shared = [row.c.activity_week, is_grown(ctx, row).label("is_grown")]
    over = day_plus(row.c.activity_week, 7) < sa.literal(ctx.business_day)
    liked = ctx.current(WEEKLY).alias("liked")
    campaigns = (sa.select(*(liked.c[name] for name in _CAMPAIGN))
                 .where(sa.or_(*(liked.c[name] > 0 for name in measures))))
    own = (sa.select(*(row.c[name] for name in _CAMPAIGN), *shared, *numbers)
           .where(over, among(row, _CAMPAIGN, campaigns)))
    company = [sa.literal_column(f"'{word}'", sa.Text()) for word in EVERY]
    every = sa.select(*company, *shared, *(count(number) for number in numbers)).where(over).group_by(*shared)
    return sa.select(sa.union_all(own, every).subquery("weeks"))


def select(ctx: Context) -> sa.Select[Any]:
    """What Python makes of these weeks."""
    return sa.select(*arrange(RECORD, dict(ctx.computed(lagged, complete_week, RECORD).alias("lagged").c.items())))


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The unique leads of the campaign, or of the company, and the first deals of its customers; a campaign's ads."""
    lead, deal = ddl.table(LEAD_FACT, "mart"), ddl.table(DEAL_FACT, "mart")

    def theirs(fact: sa.Table) -> Expression:
        return sa.true() if row["campaign_id"] == EVERY[-1] else sa.and_(*(fact.c[name] == row[name]
                                                                           for name in _CAMPAIGN))

    return {"lead_fact": sa.and_(lead.c.is_unique, theirs(lead)),
            "deal_fact": sa.and_(deal.c.is_first_win, theirs(deal)), "ad_daily": sa.true()}


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence, is_exact=True)
