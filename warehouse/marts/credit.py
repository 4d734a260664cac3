"""How a deal is divided among the touches on its way, by each rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sqlalchemy as sa

from warehouse.shims import MONEY, Expression, portion, seconds_between
from warehouse.staging.base import Selectable

HALF_LIFE_DAYS = 7
_DEAL = ("source", "deal_id", "attribution_model")
Part = Callable[[Selectable], Expression]


def _flag(condition: Expression) -> Expression:
    return sa.case((condition, 1), else_=0)


def _one(_: Selectable) -> Expression:
    return sa.literal_column("1")


def _only(number: Callable[[Selectable], Expression]) -> Part:
    """All to one touch, by its place."""
    return lambda row: _flag(row.c.touch_no == number(row))


def _u_shaped(row: Selectable) -> Expression:
    between = row.c.path_touch_count - 2
    return sa.case((between <= 0, 1), (row.c.touch_no.in_((1, row.c.path_touch_count)), 40 * between), else_=20)


def _w_shaped(row: Selectable) -> Expression:
    carrier, opened = (sa.func.coalesce(row.c[name], 1) for name in ("carrier_no", "opened_no"))
    roles = _flag(row.c.touch_no == 1) + _flag(row.c.touch_no == carrier) + _flag(row.c.touch_no == opened)
    rest = row.c.path_touch_count - 1 - _flag(carrier != 1) - _flag(sa.and_(opened != 1, opened != carrier))
    return sa.case((rest == 0, roles), (roles > 0, 30 * roles * rest), else_=10)


def _time_decay(row: Selectable) -> Expression:
    """In millionths of a touch at the closing itself: whole numbers add up alike on every engine."""
    lives = seconds_between(row.c.touch_at, row.c.closed_at) / sa.literal_column(f"{HALF_LIFE_DAYS * 86_400}e0")
    left: Expression = sa.func.power(sa.literal_column("0.5e0"), lives, type_=sa.Double())
    return sa.func.floor(left * sa.literal_column("1e6") + sa.literal_column("0.5e0"))


def _markov(row: Selectable) -> Expression:
    effect = sa.cast(row.c.removal_effect * sa.literal_column("1000000"), sa.BigInteger())
    known = sa.func.coalesce(row.c.effect_total, 0) > 0
    return sa.case((~known, 1), (row.c.is_campaigns_last, effect), else_=0)


#: What a touch counts in each model, as a whole number: its part of the deal is that number over the way's sum.
PARTS: Mapping[str, Part] = {
    "first_touch": _only(_one),
    "last_touch": _only(lambda row: row.c.path_touch_count),
    "last_non_direct": _only(lambda row: sa.func.coalesce(row.c.last_known_no, row.c.path_touch_count)),
    "first_paid": _only(lambda row: row.c.first_paid_no),
    "last_paid": _only(lambda row: row.c.last_paid_no),
    "linear": _one,
    "u_shaped": _u_shaped, "w_shaped": _w_shaped, "time_decay": _time_decay, "markov": _markov,
    "shapley": lambda row: _flag(row.c.is_campaigns_last),
}


def divided(path: Selectable) -> Selectable:
    """Ways under every model: each touch that is credited, with its part, the sum of parts up to it, and of all.

    A deal of which a model credits no touch keeps one row, in which the sum of all is 0.
    """
    model = sa.union_all(*(sa.select(sa.literal_column(f"'{name}'", sa.Text()).label("attribution_model"))
                           for name in PARTS)).subquery("model")
    chosen = sa.case((path.c.touch_no.is_(None), 0), *(
        (model.c.attribution_model == name, sa.cast(part(path), sa.BigInteger())) for name, part in PARTS.items()))
    row = (sa.select(path, model.c.attribution_model, sa.cast(chosen, sa.BigInteger()).label("part"))
           .join_from(path, model, sa.true()).subquery("counted"))
    deal, number = [row.c[name] for name in _DEAL], sa.BigInteger()
    so_far = sa.func.sum(row.c.part).over(partition_by=deal, order_by=row.c.touch_no, rows=(None, 0))
    whole = sa.func.sum(row.c.part).over(partition_by=deal)
    summed = sa.select(row, sa.cast(so_far, number).label("so_far"), sa.cast(whole, number).label("whole")).subquery()
    is_first = sa.func.coalesce(summed.c.touch_no, 1) == 1
    credited = sa.or_(summed.c.part > 0, sa.and_(summed.c.whole == 0, is_first))
    return sa.select(summed).where(credited).subquery("divided")


def share(amount: Expression, row: Selectable) -> Expression:
    """The touch's part of an amount, from border to border; all of it where nobody shares it, or nobody has any."""
    upto = portion(amount, row.c.so_far, row.c.whole) - portion(amount, row.c.so_far - row.c.part, row.c.whole)
    return sa.cast(sa.case((row.c.part == row.c.whole, amount), else_=upto), MONEY)
