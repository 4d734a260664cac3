"""When the money of a month comes back: what its leads have brought, month after month, against what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.campaign_roi_cohort import RECORD as COHORT
from warehouse.marts.costs import COST, loaded, with_cost
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import MONEY, WIDE, Expression, count, count_if, total
from warehouse.staging.base import Context, Selectable

#: Ages in months that are shown.
LAST = 24
_KEY = ("cohort_month", "age_months")
_PAYBACKS = {"media": "spend_reporting_amount", "loaded": "loaded_cost_amount"}
_COUNTS = ("won_deal_count", "margin_known_count", "margin_missing_count")
_AMOUNTS = ("revenue_reporting_amount", "gross_margin_reporting_amount", "assumed_margin_amount")
_NOTHING = sa.cast(sa.literal_column("0"), MONEY)

RECORD = Table(
    "cohort_payback", Layer.MART,
    f"One row per month of lead creation and age in calendar months, up to the running one and to {LAST}.", _KEY,
    columns(" ".join((*_KEY, "is_month_over", "unique_lead_count")), basis="cohort")
    + columns("", f"spend_reporting_amount {' '.join(COST)} loaded_cost_amount loaded_missing", basis="spend")
    + columns(f"{' '.join(_COUNTS)} revenue_reporting_amount assumed_margin_amount", "gross_margin_reporting_amount",
              basis="closed")
    + columns("media_payback loaded_payback", "media_payback_months loaded_payback_months")
    + columns("reporting_currency_code rule_version"),
    "The whole company. Costs are those of the month of creation, the same in each row of it: spend by the account's "
    "day, people and tools by rules/costs.yaml (its version stands in the row). Deals, revenue and margins are of the "
    "month's leads, summed from the beginning to the end of the row's month, by closing day, business zone; a deal "
    "closed before its lead came counts at age 0. A payback is the first age with a margin, known and assumed, at "
    "least as high as the cost when its month was over; it stays from then on. `running`: the row's month is not over. "
    "The people of a month also sell to leads of earlier ones, and later ones to these: a loaded cost takes both as "
    "equal.",
)

PROSE = """\
The answer to "marketing only spends". Read a month downwards: the cost stands still, the margin grows, and
`media_payback_months` says after how many months it had caught up. Marketing: until then the month has not earned its
media, whatever its revenue; afterwards nobody may call it burnt. Sales: `loaded_payback_months` counts your cost as
well, and stays null while it is not declared. `margin_unknown` is no verdict: some deal's margin is on no record, and
no default rate is agreed. Compare months at the same age; a young one is not worse, it is young."""

CHECKS = (
    *(Check(f"{kind} paid back exactly where an age is told",
            f"({kind}_payback = 'paid_back') = ({kind}_payback_months IS NOT NULL)"
            f" AND COALESCE({kind}_payback_months <= age_months, TRUE)") for kind in _PAYBACKS),
    Check("loaded costs no less", "COALESCE(loaded_payback_months >= media_payback_months,"
          " loaded_payback_months IS NULL)"),
    Check("margins of won deals only", "margin_known_count + margin_missing_count <= won_deal_count"),
    Check("loaded or the reason why not", "(loaded_cost_amount IS NULL) = (loaded_missing IS NOT NULL)"),
    Check("nothing is paid back in a running month", "is_month_over OR COALESCE(media_payback_months < age_months,"
          " TRUE)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Each cohort of the scope at each age that it has reached: what it cost, what it has brought, and since when."""
    row = _with_costs(ctx, _aged(ctx))
    paid = sa.select(row, *(_first_age(row, cost).label(f"{kind}_payback_months")
                            for kind, cost in _PAYBACKS.items())).subquery("paid")
    known: dict[str, Expression] = {column.name: column for column in paid.c}
    known |= {f"{kind}_payback": _word(paid, kind, cost) for kind, cost in _PAYBACKS.items()}
    margin = sa.case((paid.c.won_deal_count == 0, _NOTHING),
                     (paid.c.margin_known_count > 0, paid.c.gross_margin_reporting_amount))
    known |= {"gross_margin_reporting_amount": margin, "reporting_currency_code": sa.literal(ctx.reporting_currency),
              "rule_version": sa.literal(ctx.rules.costs.head.version, sa.Text())}
    return sa.select(*arrange(RECORD, known))


def _number(month: Expression) -> Expression:
    """A month as a number, so that ages are differences."""
    year, place = sa.extract("year", month), sa.extract("month", month)
    return sa.cast(year * 12 + place, sa.BigInteger())


def _today(ctx: Context) -> Expression:
    return sa.literal_column(str(ctx.business_day.year * 12 + ctx.business_day.month), sa.BigInteger())


def _aged(ctx: Context) -> Selectable:
    """What each cohort has brought by each age: sums of the months so far."""
    cohort, won = _cohorts(ctx).subquery("cohort"), _wins(ctx).subquery("won")
    ages = sa.union_all(*(sa.select(sa.literal_column(str(age), sa.BigInteger()).label("age_months"))
                          for age in range(LAST + 1))).subquery("ages")
    age, reached = ages.c.age_months, _today(ctx) - _number(cohort.c.cohort_month)
    same = sa.and_(won.c.cohort_month == cohort.c.cohort_month, won.c.age_months == age)
    origin = cohort.join(ages, age <= reached).outerjoin(won, same)

    def so_far(name: str, kind: Any) -> sa.Label[Any]:
        summed = sa.func.sum(sa.func.coalesce(won.c[name], 0)).over(
            partition_by=cohort.c.cohort_month, order_by=age)
        return sa.cast(summed, kind).label(name)

    return sa.select(cohort, age, (age < reached).label("is_month_over"),
                     *(so_far(name, sa.BigInteger()) for name in _COUNTS),
                     *(so_far(name, MONEY) for name in _AMOUNTS)).select_from(origin).subquery("aged")


def _cohorts(ctx: Context) -> sa.Select[Any]:
    """Months of creation with their leads and spend: any one horizon of the campaigns' cohorts, summed."""
    there, days = ctx.current(COHORT).alias("campaigns"), ctx.rules.horizons.days[0]
    return (sa.select(there.c.cohort_month, total(there.c.spend_reporting_amount).label("spend_reporting_amount"),
                      count(there.c.unique_lead_count).label("unique_lead_count"))
            .where(there.c.horizon_days == days, ctx.within(RECORD.name, there.c.cohort_month))
            .group_by(there.c.cohort_month))


def _wins(ctx: Context) -> sa.Select[Any]:
    """Won deals of the scope's cohorts by their age at closing; what no margin is known of, at the agreed rate."""
    deal, rate = ctx.current(DEAL_FACT).alias("deal"), ctx.rules.costs.default_margin_rate
    closed = sa.func.greatest(_number(deal.c.closed_day), _number(deal.c.cohort_month), type_=sa.BigInteger())
    each = sa.select(
        deal.c.cohort_month, (closed - _number(deal.c.cohort_month)).label("age_months"),
        deal.c.deal_reporting_amount.label("revenue"), deal.c.gross_margin_reporting_amount.label("margin"),
    ).where(deal.c.is_won, deal.c.cohort_month.is_not(None),
            ctx.within(RECORD.name, deal.c.cohort_month)).subquery("each")
    unknown = each.c.margin.is_(None)
    assumed = sa.cast(sa.null() if rate is None else
                      sa.cast(each.c.revenue, WIDE) * sa.cast(sa.literal(rate), sa.Numeric(7, 6)), MONEY)
    sums: dict[str, Expression] = {
        "won_deal_count": count_if(sa.true()), "margin_known_count": count_if(~unknown),
        "margin_missing_count": count_if(sa.and_(unknown, assumed.is_(None))),
        "revenue_reporting_amount": total(each.c.revenue), "gross_margin_reporting_amount": total(each.c.margin),
        "assumed_margin_amount": total(sa.case((unknown, assumed)))}
    key = (each.c.cohort_month, each.c.age_months)
    return sa.select(*key, *(value.label(name) for name, value in sums.items())).group_by(*key)


def _with_costs(ctx: Context, row: Selectable) -> Selectable:
    """Beside the rows what their month of creation cost; it is over from age 1 on."""
    origin, cost = with_cost(ctx, row, row.c.cohort_month)
    known = loaded(row.c.spend_reporting_amount, cost, _number(row.c.cohort_month) < _today(ctx))
    return sa.select(row, *(value.label(name) for name, value in known.items())).select_from(origin).subquery("costed")


def _first_age(row: Selectable, cost: str) -> Expression:
    """The first age, up to the row's, at which the margin had covered a cost by the end of a month."""
    margin = row.c.gross_margin_reporting_amount + row.c.assumed_margin_amount
    covered = sa.and_(row.c.is_month_over, row.c.margin_missing_count == 0, margin >= row.c[cost])
    return sa.func.min(sa.case((covered, row.c.age_months))).over(
        partition_by=row.c.cohort_month, order_by=row.c.age_months)


def _word(row: Selectable, kind: str, cost: str) -> Expression:
    return sa.case((row.c[f"{kind}_payback_months"].is_not(None), "paid_back"), (row.c[cost].is_(None), "cost_unknown"),
                   (row.c.margin_missing_count > 0, "margin_unknown"), (~row.c.is_month_over, "running"), else_="open")


def stale(ctx: Context) -> sa.Select[Any]:
    """Cohorts with a month that has passed since they were published: the next one has begun."""
    there = ddl.table(RECORD, "mart")
    passed = _number(there.c.cohort_month) + there.c.age_months < _today(ctx)
    return sa.select(there.c.cohort_month).where(there.c.is_month_over != passed).distinct()


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The unique leads of the month, their deals won by the end of the row's, and the spend."""
    lead, deal = ddl.table(LEAD_FACT, "mart"), ddl.table(DEAL_FACT, "mart")
    first = row["cohort_month"]
    in_time = _number(deal.c.closed_day) <= first.year * 12 + first.month + row["age_months"]
    return {"lead_fact": lead.c.is_unique, "deal_fact": sa.and_(deal.c.is_won, in_time), "ad_daily": sa.true()}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_month", "month", ("spend", "created")), stale, evidence)
