"""Exchange rates: sparse as published, dense as needed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import FX_RATE
from warehouse import ddl
from warehouse.shims import MONEY, WIDE, Expression, day_plus
from warehouse.staging.base import Context, Selectable


def fx_daily(ctx: Context) -> sa.Select[Any]:
    """One row per day and currency that has a rate into the reporting currency.

    The rate is that of the day, else the newest earlier one that is not older than the gate allows.
    """
    rate = ddl.table(FX_RATE)
    ages = [sa.select(sa.literal_column(str(age), sa.Integer()).label("age")) for age in range(ctx.fx_max_age_days + 1)]
    age = sa.union_all(*ages).subquery("ages")
    day = day_plus(rate.c.day, age.c.age)
    newest = sa.func.row_number().over(partition_by=(rate.c.from_currency, day), order_by=age.c.age)
    dense = (sa.select(day.label("day"), rate.c.from_currency, rate.c.fx_rate, rate.c.day.label("fx_day"),
                       newest.label("place"))
             .select_from(rate.join(age, sa.true()))
             .where(rate.c.to_currency == ctx.reporting_currency).subquery("dense"))
    return sa.select(dense.c.day, dense.c.from_currency, dense.c.fx_rate, dense.c.fx_day).where(dense.c.place == 1)


def with_rate(ctx: Context, rows: Selectable, origin: Selectable, day: Expression) -> tuple[sa.Join, Selectable]:
    """Rows of `origin` (a join that contains `rows`) with the rate of their currency on a day, where there is one."""
    rate = ctx.step(fx_daily).alias("rate")
    return origin.outerjoin(rate, sa.and_(rate.c.from_currency == rows.c.currency_code, rate.c.day == day)), rate


def converted(ctx: Context, amount: Expression, currency: Expression, rate: Selectable) -> Expression:
    """An amount in the reporting currency; null when its currency has no rate young enough."""
    return sa.case((currency == ctx.reporting_currency, sa.cast(amount, MONEY)),
                   else_=sa.cast(sa.cast(amount, WIDE) * rate.c.fx_rate, MONEY))


def rate_day(ctx: Context, currency: Expression, day: Expression, rate: Selectable) -> Expression:
    """The day of the rate that converts; the day itself where nothing needs converting."""
    return sa.case((currency == ctx.reporting_currency, day), else_=rate.c.fx_day)
