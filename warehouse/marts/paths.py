"""The way to each won deal: which touches lie on it, in which order, and what each is there."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from warehouse.marts.attribution_channel import RECORD as CHANNEL
from warehouse.marts.attribution_channel import touch_order
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.touch import RECORD as TOUCH
from warehouse.shims import Expression, date_add_days, start_of
from warehouse.staging.base import Context, Selectable

#: The mart whose months are asked for.
MART_NAME = "attribution"
LOOKBACK_DAYS = 90
CAMPAIGN = ("platform", "account_id", "campaign_id")
_HEAD = ("head_source", "head_lead_id")
_DEAL = ("source", "deal_id")
_TOUCH = (*CAMPAIGN, "touch_at", "is_direct", "is_paid")


def won_path(ctx: Context) -> sa.Select[Any]:
    """One row per won deal of the scope and touch on its way; a deal without any has one row without a touch.

    Beside the touch stand the places of those touches that rules ask for, each null where there is none.
    """
    return marked(_placed(ctx))


def marked(row: Selectable) -> sa.Select[Any]:
    """Touches of deals in their order, with what `won_path` tells beside each."""
    deal = [row.c[name] for name in _DEAL]

    def last(*conditions: Expression) -> Expression:
        return sa.func.max(sa.case((sa.and_(*conditions), row.c.touch_no))).over(partition_by=deal)

    ends = row.c.touch_no == sa.func.max(row.c.touch_no).over(partition_by=[*deal, *(row.c[n] for n in CAMPAIGN)])
    first_paid = sa.func.min(sa.case((row.c.is_paid, row.c.touch_no))).over(partition_by=deal)
    carrier = sa.and_(row.c.touch_source == row.c.source, row.c.touch_lead_id == row.c.lead_id)
    known = sa.select(
        row, first_paid.label("first_paid_no"), last(row.c.is_paid).label("last_paid_no"),
        last(~row.c.is_direct).label("last_known_no"), last(carrier).label("carrier_no"),
        last(row.c.touch_at <= row.c.created_at).label("opened_no"), ends.label("is_campaigns_last")).subquery("known")
    total = sa.func.sum(sa.case((known.c.is_campaigns_last, known.c.removal_effect)))
    return sa.select(known, total.over(partition_by=[known.c[name] for name in _DEAL]).label("effect_total"))


def _placed(ctx: Context) -> Selectable:
    """Deals with their touches, numbered in order, each with its campaign's removal effect in the month of the deal."""
    deal, touch, effect = _deals(ctx), ctx.current(TOUCH).alias("touch"), ctx.current(CHANNEL).alias("effect")
    near = sa.and_(*(touch.c[name] == deal.c[name] for name in _HEAD), touch.c.touch_at <= deal.c.closed_at,
                   touch.c.touch_at >= deal.c.lookback_at, touch.c.touch_at > deal.c.won_before_at)
    same = sa.and_(*(effect.c[name] == touch.c[name] for name in CAMPAIGN), effect.c.close_month == deal.c.close_month)
    key = [deal.c[name] for name in _DEAL]
    number = sa.func.row_number().over(partition_by=key, order_by=touch_order(touch))
    return sa.select(
        deal, *(touch.c[name] for name in _TOUCH), touch.c.source.label("touch_source"),
        touch.c.lead_id.label("touch_lead_id"), effect.c.removal_effect,
        sa.case((touch.c.lead_id.is_not(None), number)).label("touch_no"),
        sa.func.count(touch.c.lead_id).over(partition_by=key).label("path_touch_count"),
    ).select_from(deal.outerjoin(touch, near).outerjoin(effect, same)).subquery("placed")


def _deals(ctx: Context) -> Selectable:
    """Won deals of the scope, with the instant after which their way begins: the person's win before, or none."""
    deal, before = ctx.current(DEAL_FACT).alias("deal"), _wins_before(ctx)
    month = start_of("month", deal.c.closed_day)
    same = sa.and_(*(before.c[name] == deal.c[name] for name in _HEAD), before.c.closed_at == deal.c.closed_at)
    kept = ("source", "deal_id", "lead_id", *_HEAD, "created_at", "closed_at", "deal_reporting_amount")
    lookback = date_add_days(deal.c.closed_at, sa.literal_column(f"-{LOOKBACK_DAYS}"))
    long_ago = date_add_days(lookback, sa.literal_column("-1"))  # no OR in the join: engines would try every pair
    since = sa.func.coalesce(before.c.won_before_at, long_ago)
    return (sa.select(*(deal.c[name] for name in kept), month.label("close_month"), lookback.label("lookback_at"),
                      since.label("won_before_at"))
            .select_from(deal.outerjoin(before, same))
            .where(deal.c.is_won, ctx.within(MART_NAME, month)).subquery("deals"))


def _wins_before(ctx: Context) -> Selectable:
    """Per person and instant of a win, the instant of the win before."""
    deal = ctx.current(DEAL_FACT).alias("deal")
    head = [deal.c[name] for name in _HEAD]
    win = sa.select(*head, deal.c.closed_at).where(deal.c.is_won).distinct().subquery("win")
    before = sa.func.lag(win.c.closed_at).over(partition_by=[win.c[name] for name in _HEAD], order_by=win.c.closed_at)
    return sa.select(win, sa.type_coerce(before, sa.DateTime()).label("won_before_at")).subquery("before")
