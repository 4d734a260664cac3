"""Spend per campaign and day, from the coarsest level that reports it, and what the control total has beyond it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import AD_DAILY, ENGAGEMENT_DAILY
from warehouse import ddl
from warehouse.shims import MONEY, Expression, count, total
from warehouse.staging.base import UNALLOCATED, Context, Part, stack
from warehouse.staging.fx import converted, rate_day, with_rate

_ACCOUNT, _RANK = "account", {"account": 0, "campaign": 1, "ad_group": 2, "ad": 3}
_SUMS = {"spend_amount": total, "impression_count": count, "click_count": count, "claimed_conversion_count": total,
         "claimed_value_amount": total}
_KEY = ("platform", "account_id", "campaign_id", "day")


def level_day(ctx: Context) -> sa.Select[Any]:
    """One row per campaign, day, level and currency of the spend scope; control totals stand under campaign ''."""
    row = ddl.table(AD_DAILY)
    key = [row.c[name] for name in (*_KEY, "level", "currency_code")]
    sums = [make(row.c[name]).label(name) for name, make in _SUMS.items()]
    return sa.select(*key, *sums).where(ctx.within("spend", row.c.day)).group_by(*key)


def campaign_day(ctx: Context) -> sa.Select[Any]:
    """One row per campaign and day with anything that platforms report, the unallocated rest included.

    The coarsest level that has rows for a campaign and day counts, finer ones only repeat it. Amounts are summed per
    currency, then converted at the rate of the day. Two currencies on one key leave the account amount null.
    """
    types = {"platform": sa.Text(), "account_id": sa.Text(), "campaign_id": sa.Text(), "day": sa.Date(),
             "currency_code": sa.Text(), **{name: _type(name) for name in _SUMS},
             "spend_reporting_amount": MONEY, "fx_day": sa.Date(), "engagement_count": sa.BigInteger()}
    part = stack(_spent(ctx), _engaged(ctx), types=types)
    single = sa.func.min(part.c.currency_code) == sa.func.max(part.c.currency_code)
    sums = {**_SUMS, "spend_reporting_amount": total, "engagement_count": count}
    values = {name: make(part.c[name]) for name, make in sums.items()}
    values["spend_amount"] = sa.case((single, values["spend_amount"]))
    return sa.select(
        *(part.c[name] for name in _KEY), *(value.label(name) for name, value in values.items()),
        sa.case((single, sa.func.min(part.c.currency_code))).label("currency_code"),
        sa.func.min(part.c.fx_day).label("fx_day"),
    ).group_by(*(part.c[name] for name in _KEY))


def _type(name: str) -> Any:
    return sa.BigInteger() if name in ("impression_count", "click_count") else sa.Numeric(18, 6)


def counted_level(ctx: Context) -> sa.Select[Any]:
    """The rows of `level_day` that count: per campaign and day only the coarsest level below the account."""
    every = ctx.step(level_day)
    rank = sa.case(_RANK, value=every.c.level)
    ranked = (sa.select(every, rank.label("rank"),
                        sa.func.min(rank).over(partition_by=[every.c[name] for name in _KEY]).label("coarsest"))
              .where(every.c.level != _ACCOUNT).subquery("ranked"))
    kept = [ranked.c[name] for name in (*_KEY, "currency_code", *_SUMS)]
    return sa.select(*kept).where(ranked.c.rank == ranked.c.coarsest)


def unallocated(ctx: Context) -> sa.Select[Any]:
    """One row per account and day whose control total differs from the sum over its campaigns."""
    every, counted = ctx.step(level_day), ctx.step(counted_level)
    key = ("platform", "account_id", "day", "currency_code")
    summed = (sa.select(*(counted.c[name] for name in key), total(counted.c.spend_amount).label("spend_amount"))
              .group_by(*(counted.c[name] for name in key)).subquery("summed"))
    rest = every.c.spend_amount - sa.func.coalesce(summed.c.spend_amount, 0)
    on = sa.and_(*(summed.c[name] == every.c[name] for name in key))
    return (sa.select(*(every.c[name] for name in key), sa.cast(rest, sa.Numeric(18, 6)).label("spend_amount"))
            .select_from(every.outerjoin(summed, on)).where(every.c.level == _ACCOUNT, rest != 0))


def _spent(ctx: Context) -> Part:
    counted, rest = ctx.step(counted_level), unallocated(ctx).subquery("rest")
    names = (*_KEY, "currency_code", *_SUMS)
    extra = {"campaign_id": sa.literal(UNALLOCATED)}
    more = [sa.cast(rest.c[name] if name in rest.c else extra.get(name, sa.null()),
                    counted.c[name].type).label(name) for name in names]
    rows = sa.union_all(sa.select(*(counted.c[name] for name in names)), sa.select(*more)).subquery("rows")
    origin, rate = with_rate(ctx, rows, rows, rows.c.day)
    values: dict[str, Expression] = {name: rows.c[name] for name in names}
    values["spend_reporting_amount"] = converted(ctx, rows.c.spend_amount, rows.c.currency_code, rate)
    values["fx_day"] = rate_day(ctx, rows.c.currency_code, rows.c.day, rate)
    return origin, values, sa.true()


def _engaged(ctx: Context) -> Part:
    row = ddl.table(ENGAGEMENT_DAILY)
    values: dict[str, Expression] = {name: row.c[name] for name in (*_KEY, "engagement_count")}
    return row, values, sa.and_(row.c.engagement_count.is_not(None), ctx.within("spend", row.c.day))
