"""How many leads will have come to a state by the horizon, from those that are not that old yet: Kaplan and Meier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from warehouse.shims import WILSON_Z, Expression, ratio, seconds_between, wilson
from warehouse.staging.base import Selectable

HORIZON, _DAY = 30, 86_400
STATES = {"reached": "reached_at", "hot": "hot_at", "potential": "potential_at", "wrong_target": "wrong_target_at",
          "closed": "first_won_at"}
_END: Expression = sa.literal_column(f"{HORIZON * _DAY}e0", sa.Double())
_ZERO: Expression = sa.literal_column("0e0", sa.Double())
_ONE: Expression = sa.literal_column("1e0", sa.Double())


def waits(lead: Selectable, key: Sequence[str], today: date) -> sa.Select[Any]:
    """One row per key, state and wait: seconds until the state, or until nobody watched any longer; how many `came` to
    the state after as long, and with those who did not, how many `left` the waiting then.

    A lead is watched for the full days that have certainly passed since its creation, so that two builds of one
    business day agree, and at most until the horizon.
    """
    opened = sa.cast(lead.c.created_day, sa.DateTime())
    watched = seconds_between(opened, sa.cast(sa.literal(today), sa.DateTime())) - sa.literal_column(f"{_DAY}e0")
    end: Expression = sa.func.least(watched, _END, type_=sa.Double())
    parts = []
    for state, moment in STATES.items():
        after: Expression = sa.func.greatest(seconds_between(lead.c.created_at, lead.c[moment]), _ZERO,
                                             type_=sa.Double())
        came = sa.and_(lead.c[moment].is_not(None), after <= end)
        parts.append(sa.select(*(lead.c[name] for name in key), sa.literal(state).label("quality_state"),
                               sa.case((came, after), else_=end).label("seconds"),
                               sa.case((came, 1), else_=0).label("came")))
    wait = sa.union_all(*parts).subquery("waits")
    group = [wait.c[name] for name in (*key, "quality_state", "seconds")]
    return sa.select(*group, sa.func.sum(wait.c.came).label("came"), sa.func.count().label("left")).group_by(*group)


def estimate(step: Selectable, key: Sequence[str]) -> sa.Select[Any]:
    """One row per key and state of these waits: the share that will have come to it by the horizon, with its interval.

    Null as long as nobody was watched to the end and somebody is still waited for.
    """
    names = [step.c[name] for name in (*key, "quality_state")]
    at_risk = sa.func.sum(step.c.left).over(partition_by=names, order_by=step.c.seconds.desc(), rows=(None, 0))
    risk = sa.select(step, sa.cast(at_risk, sa.Double()).label("at_risk")).subquery("risk")
    some, every = sa.and_(risk.c.came > 0, risk.c.came < risk.c.at_risk), risk.c.came == risk.c.at_risk
    kept = ratio(risk.c.at_risk - risk.c.came, risk.c.at_risk)
    names = [risk.c[name] for name in (*key, "quality_state")]
    fate = (sa.select(*names, sa.func.sum(sa.case((some, sa.func.ln(kept)))).label("log_kept"),
                      sa.func.sum(sa.case((some, ratio(risk.c.came, risk.c.at_risk * (risk.c.at_risk - risk.c.came)))))
                      .label("spread"),
                      sa.func.bool_or(every, type_=sa.Boolean()).label("is_over"),
                      sa.func.sum(risk.c.came).label("came"),
                      sa.func.sum(sa.case((risk.c.seconds >= _END, risk.c.left), else_=0)).label("watched"))
            .group_by(*names).subquery("fate"))
    return sa.select(*(fate.c[name] for name in (*key, "quality_state")),
                     *(sa.cast(value, sa.Double()).label(name) for name, value in _shown(fate).items()))


def _shown(fate: Selectable) -> dict[str, Expression]:
    """The estimate and its bounds. Of none and of all Greenwood has no spread: then those count who were watched."""
    none, over = fate.c.came == 0, fate.c.is_over
    width: Expression = sa.literal_column(repr(WILSON_Z)) * ratio(sa.func.sqrt(fate.c.spread), fate.c.log_kept)

    def share(log_kept: Expression) -> Expression:
        return _ONE - sa.func.exp(log_kept)

    among_none, among_all = wilson(fate.c.came, fate.c.watched), wilson(fate.c.came, fate.c.came)
    values: dict[str, Expression] = {
        "estimated_rate": sa.case((over, _ONE), (none, _ZERO), else_=share(fate.c.log_kept)),
        "estimated_rate_low": sa.case((over, among_all[0]), (none, _ZERO),
                                      else_=share(fate.c.log_kept * sa.func.exp(width))),
        "estimated_rate_high": sa.case((over, _ONE), (none, among_none[1]),
                                       else_=share(fate.c.log_kept * sa.func.exp(-width)))}
    return {name: sa.case((sa.or_(over, fate.c.watched > 0), value)) for name, value in values.items()}
