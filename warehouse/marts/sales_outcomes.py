"""What salespeople brought home, and how much of it stayed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.order_fact import RECORD as ORDER_FACT
from warehouse.metrics import KEPT, PAID
from warehouse.shims import MONEY, Expression, among, count_if, total
from warehouse.staging.base import Context, Selectable

SMALL = 20
_KEY = ("source", "owner_id", "platform", "account_id", "campaign_id", "close_month")
_COUNTS = ("order_count", "history_known_count", "deleted_count", "standing_count", "return_known_count",
           "returned_count", "payment_known_count", "unpaid_count")
_PARTS = ("cancelled", "deleted", "returned", "net")
_NOTHING = sa.cast(sa.literal_column("0"), MONEY)

RECORD = Table(
    "sales_outcomes", Layer.MART,
    "One row per source, salesperson, campaign and month in which orders were won.", _KEY,
    columns(f"{' '.join(_KEY)} is_small_sample {' '.join(_COUNTS)}", "cancelled_count", basis="closed")
    + columns("", " ".join(f"{part}_reporting_amount" for part in ("gross", *_PARTS, "payable", "paid")),
              basis="closed")
    + columns("", "kept_ratio paid_ratio", basis="closed")
    + columns("reporting_currency_code"),
    "Orders, contracts and won deals by the month of the win, business zone, whenever they were cancelled, deleted, "
    "returned or paid since: a month that is over may still shrink. Under the deal's own salesperson, (none) where the "
    "CRM names nobody, and the campaign of `deal_fact`. An order that was taken back whole is not returned besides. "
    "Cancellations are null where no order of the row has a history, returns and payments where nobody wrote any "
    "down: they are not 0, and net is then what is known to be gone. `kept_ratio` is null below "
    f"{SMALL} orders, `paid_ratio` below {SMALL} orders of which a payment or its lack is on record.",
)

PROSE = """\
Orders brought home, and what stayed of them. Marketing: wins elsewhere are those that stand tonight; here
`gross_reporting_amount` is what was announced, and the way from it to `net_reporting_amount` is told part by part, by
campaign: customers who send things back are also a matter of what they had been promised. Sales: `net` is the tangible
number, `gross` is not; read `history_known_count`, `return_known_count` and `payment_known_count` before anybody says
that nothing was cancelled, returned or owed. Young months keep more than old ones, because returns take their time:
compare only months of like age."""

CHECKS = (
    Check("every order stands, was cancelled, or was deleted",
          "order_count = standing_count + COALESCE(cancelled_count, 0) + deleted_count AND order_count > 0"),
    Check("the parts add up to the gross",
          "gross_reporting_amount IS NULL OR gross_reporting_amount = "
          + " + ".join(f"COALESCE({part}_reporting_amount, 0)" for part in _PARTS)),
    Check("money exactly where an amount is known",
          "(gross_reporting_amount IS NULL) = (net_reporting_amount IS NULL)"),
    Check("what is known is of orders that stand", "returned_count <= return_known_count AND "
          "return_known_count <= standing_count AND unpaid_count <= payment_known_count "
          "AND payment_known_count <= standing_count"),
    Check("cancellations exactly where they would be seen",
          "(history_known_count = 0) = (cancelled_count IS NULL)"),
    Check("no rate of few", "kept_ratio IS NULL OR NOT is_small_sample"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """The orders of the scope, summed, and the shares where they may be shown."""
    row = _summed(ctx).subquery("summed")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    parts = [sa.func.coalesce(known[f"{part}_reporting_amount"], _NOTHING) for part in _PARTS[:3]]
    known["net_reporting_amount"] = known["gross_reporting_amount"] - parts[0] - parts[1] - parts[2]
    small = row.c.order_count < SMALL
    return sa.select(*arrange(RECORD, known | {
        "is_small_sample": small, "kept_ratio": sa.case((~small, KEPT.expression(known))),
        "paid_ratio": sa.case((row.c.payment_known_count >= SMALL, PAID.expression(known))),
        "reporting_currency_code": sa.literal(ctx.reporting_currency)}))


def _summed(ctx: Context) -> sa.Select[Any]:
    order = ctx.current(ORDER_FACT).alias("order_")
    key = [order.c[name] for name in _KEY]
    values = {**_counts(order), **_amounts(order)}
    return (sa.select(*key, *(value.label(name) for name, value in values.items()))
            .where(ctx.within(RECORD.name, order.c.close_month)).group_by(*key))


def _counts(order: Selectable) -> dict[str, Expression]:
    stands, back, paid = order.c.order_state == "standing", order.c.returned_amount, order.c.paid_amount
    told = _is_payment_known(order)
    flags: dict[str, Expression] = {
        "order_count": sa.true(), "history_known_count": order.c.is_history_known,
        "deleted_count": order.c.order_state == "deleted", "standing_count": stands,
        "return_known_count": sa.and_(stands, back.is_not(None)), "returned_count": sa.and_(stands, back > 0),
        "payment_known_count": told, "unpaid_count": sa.and_(told, paid <= 0)}
    told_at_all = count_if(order.c.is_history_known) > 0
    cancelled = sa.case((told_at_all, count_if(order.c.order_state == "cancelled")))
    return {name: count_if(flag) for name, flag in flags.items()} | {"cancelled_count": cancelled}


def _amounts(order: Selectable) -> dict[str, Expression]:
    amount, state, told = order.c.deal_reporting_amount, order.c.order_state, _is_payment_known(order)
    sums = {"gross": amount, "deleted": sa.case((state == "deleted", amount), (amount.is_not(None), _NOTHING)),
            "cancelled": sa.case((state == "cancelled", amount),
                                 (sa.and_(amount.is_not(None), order.c.is_history_known), _NOTHING)),
            "returned": sa.case((sa.and_(state == "standing", amount.is_not(None)), order.c.returned_reporting_amount)),
            "payable": sa.case((told, amount)), "paid": sa.case((told, order.c.paid_reporting_amount))}
    return {f"{name}_reporting_amount": total(value) for name, value in sums.items()}


def _is_payment_known(order: Selectable) -> Expression:
    return sa.and_(order.c.order_state == "standing", order.c.paid_amount.is_not(None),
                   order.c.deal_amount.is_not(None))


def stale(ctx: Context) -> sa.Select[Any]:
    """The months whose orders are built again."""
    return sa.select(ctx.scopes[ORDER_FACT.name].c.start)


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The orders of the row, those included that stand no more."""
    order, deal = ddl.table(ORDER_FACT, "mart"), ddl.table(DEAL_FACT, "mart")
    theirs = sa.select(order.c.source, order.c.deal_id).where(*(order.c[name] == row[name] for name in _KEY))
    return {"deal_fact": among(deal, ("source", "deal_id"), theirs)}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("close_month", "month", ()), stale, evidence, is_exact=True)
