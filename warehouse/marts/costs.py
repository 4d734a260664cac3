"""What people and tools cost, month by month, as both heads declared it; undeclared is unknown, not free."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from warehouse.shims import MONEY, Expression
from warehouse.staging.base import Context, Selectable
from warehouse.staging.fx import converted, with_rate

COST = ("marketing_cost_amount", "sales_cost_amount")
_DECLARED: dict[str, Any] = {"cost_month": sa.Date(), "currency_code": sa.Text(), "marketing": MONEY, "sales": MONEY}


def monthly_cost(ctx: Context) -> sa.Select[Any]:
    """One row per declared month that has begun, at the rate of its first day, which no later day can change."""
    costs, today = ctx.rules.costs, ctx.business_day
    rows = [(month, costs.currency, cost.marketing, cost.sales) for month, cost in costs.months.items()
            if month <= today]
    given = [sa.select(*(sa.cast(sa.null() if value is None else sa.literal(value, kind), kind).label(name)
                         for (name, kind), value in zip(_DECLARED.items(), row, strict=True))) for row in rows]
    none = sa.select(*(sa.cast(sa.null(), kind).label(name) for name, kind in _DECLARED.items())).where(sa.false())
    cost = sa.union_all(none, *given).subquery("declared")
    origin, rate = with_rate(ctx, cost, cost, cost.c.cost_month)
    amounts = (converted(ctx, cost.c[side], cost.c.currency_code, rate).label(f"{side}_cost_amount")
               for side in ("marketing", "sales"))
    is_ours = cost.c.currency_code == ctx.reporting_currency
    return sa.select(cost.c.cost_month, *amounts,
                     sa.or_(is_ours, rate.c.fx_rate.is_not(None)).label("has_rate")).select_from(origin)


def with_cost(ctx: Context, row: Selectable, month: Expression) -> tuple[sa.Join, Selectable]:
    """Rows with the declared costs of their month, where there are any."""
    cost = ctx.step(monthly_cost).alias("cost")
    return row.outerjoin(cost, cost.c.cost_month == month), cost


def loaded(spend: Expression, cost: Selectable, is_over: Expression) -> dict[str, Expression]:
    """The departments' costs of a row, all costs together, and what is missing for that."""
    marketing, sales = (cost.c[name] for name in COST)
    missing = sa.case(
        (~is_over, "month_not_over"), (spend.is_(None), "media_spend"), (~cost.c.has_rate, "exchange_rate"),
        (marketing.is_(None), "marketing_cost"), (sales.is_(None), "sales_cost"))
    return {**{name: cost.c[name] for name in COST}, "loaded_missing": missing,
            "loaded_cost_amount": sa.case((missing.is_(None), sa.cast(spend + marketing + sales, MONEY)))}
