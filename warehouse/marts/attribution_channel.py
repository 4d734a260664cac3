"""What each campaign would be missed for: the chain behind the Markov model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.chain import ENOUGH, removal_effects
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.touch import RECORD as TOUCH
from warehouse.metrics import REMOVAL
from warehouse.shims import Expression, among, binary_order, last_day, start_of
from warehouse.staging.base import Context, Selectable, stack

_CAMPAIGN = ("platform", "account_id", "campaign_id")
_HEAD = ("head_source", "head_lead_id")

RECORD = Table(
    "attribution_channel", Layer.MART,
    "One row per month and campaign that anybody had come to by its end, (unmatched) included.",
    ("close_month", *_CAMPAIGN),
    columns("close_month platform account_id campaign_id campaign_touch_count path_count won_path_count", basis="touch")
    + columns("", "removal_effect removal_total removal_rate", basis="touch"),
    "A way is a person's touches in their order, without a lookback; a won deal ends it, and the next touch begins "
    "another. The chain of a month is counted from all ways up to its last day, as they stood then: what happens later "
    "does not move it, only what is found out later about the time before. States are campaigns, of the first order. "
    f"With fewer than {ENOUGH} won ways there is no effect. The effect is solved, not simulated, and rounded to the "
    "millionth.",
)

PROSE = """\
How much would be lost without a campaign, if everything else went on as it did. Marketing: a campaign that mostly
opens ways for others has an effect here though it never comes last; one that only follows people who would have bought
is not spared by it, because a chain knows who came by and not why. Sales: `(unmatched)` is a state like any other, and
its effect is what came without marketing's traces. Few won ways make a wild chain: read `won_path_count` first."""

CHECKS = (
    Check("won within ways", "won_path_count <= path_count"),
    Check("an effect exactly where enough was won", f"(removal_effect IS NULL) = (won_path_count < {ENOUGH})"),
    Check("no effect beyond the total", "removal_effect IS NULL OR removal_effect <= removal_total"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """The effects, and what each is of their sum."""
    row = ctx.computed(removal_effects, path_move, RECORD).alias("effect")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    known["removal_total"] = sa.func.sum(row.c.removal_effect).over(partition_by=row.c.close_month)
    return sa.select(*arrange(RECORD, known | {"removal_rate": REMOVAL.expression(known)}))


def path_move(ctx: Context) -> sa.Select[Any]:
    """One row per month, place before and place after, with how many ways went on so: null before is a beginning.

    Null after is a won deal. A touch that nothing follows is the end of a way that leads to nothing yet. All months
    are needed, because a chain is counted from the beginning; those `is_wanted` are to be told.
    """
    event = _numbered(ctx, ctx.step(travelled))
    way: dict[str, Any] = {"partition_by": (*(event.c[name] for name in _HEAD), event.c.won_before),
                           "order_by": event.c.place}
    before = [sa.func.lag(event.c[name]).over(**way).label(f"before_{name}") for name in _CAMPAIGN]
    step = sa.select(event.c.month, event.c.is_win, *before, *(event.c[name] for name in _CAMPAIGN)).subquery("step")
    moved = sa.or_(step.c.is_win == 0, step.c.before_platform.is_not(None))
    names = (*(f"before_{name}" for name in _CAMPAIGN), *_CAMPAIGN)
    further = sa.select(step.c.month, *(step.c[name] for name in names)).where(moved)
    every = sa.union_all(_beginnings(ctx), further).subquery("move")
    counted = sa.select(every, sa.func.count().label("move_count")).group_by(*every.c).subquery("counted")
    return sa.select(counted, ctx.within(RECORD.name, counted.c.month).label("is_wanted"))


def travelled(ctx: Context) -> sa.Select[Any]:
    """Persons with more than one touch, or who bought: of the others there is no order to find."""
    touch, win = ctx.current(TOUCH).alias("touch"), ctx.current(DEAL_FACT).alias("win")
    head = [touch.c[name] for name in _HEAD]
    often = sa.select(*head).group_by(*head).having(sa.func.count() > 1)
    return sa.select(sa.union(often, sa.select(*(win.c[name] for name in _HEAD)).where(_is_end(win)))
                     .subquery("persons"))


def _beginnings(ctx: Context) -> sa.Select[Any]:
    """Ways of one touch, of those who did not travel."""
    touch = ctx.current(TOUCH).alias("touch")
    nowhere = [sa.cast(sa.null(), sa.Text()).label(f"before_{name}") for name in _CAMPAIGN]
    return (sa.select(start_of("month", touch.c.created_day).label("month"), *nowhere,
                      *(touch.c[name] for name in _CAMPAIGN))
            .where(~among(touch, _HEAD, sa.select(ctx.step(travelled)))))


def touch_order(touch: Selectable) -> tuple[Expression, ...]:
    """The order of the touches of a person: at one instant a further click before what carries the lead."""
    own = sa.case((touch.c.is_own, 1), else_=0)
    return (touch.c.touch_at, own, *(binary_order(touch.c[name]) for name in TOUCH.key))


def _numbered(ctx: Context, persons: Selectable) -> Selectable:
    """Touches and wins of persons, each in its place, with how many wins went before. A win ends its instant."""
    number = sa.Integer()
    types = {**dict.fromkeys(_HEAD, sa.Text()), "happened_at": sa.DateTime(), "is_win": number, "month": sa.Date(),
             "touch_place": sa.BigInteger(), **dict.fromkeys(_CAMPAIGN, sa.Text())}
    touch, win = ctx.current(TOUCH).alias("touch"), _wins(ctx).subquery("win")
    placed = (sa.select(touch, sa.func.row_number().over(
        partition_by=(touch.c.head_source, touch.c.head_lead_id), order_by=touch_order(touch)).label("touch_place"))
        .where(among(touch, _HEAD, sa.select(persons))).subquery("placed"))
    touched: dict[str, Expression] = {
        **{name: placed.c[name] for name in (*_HEAD, "touch_place", *_CAMPAIGN)}, "happened_at": placed.c.touch_at,
        "is_win": sa.literal_column("0"), "month": start_of("month", placed.c.created_day)}
    won: dict[str, Expression] = {**{name: win.c[name] for name in _HEAD}, "happened_at": win.c.closed_at,
                                  "is_win": sa.literal_column("1"), "month": win.c.close_month}
    event = stack((placed, touched, sa.true()), (win, won, sa.true()), types=types)
    order: dict[str, Any] = {"partition_by": (event.c.head_source, event.c.head_lead_id),
             "order_by": (event.c.happened_at, event.c.is_win, event.c.touch_place)}
    before = sa.func.coalesce(sa.func.sum(event.c.is_win).over(**order, rows=(None, -1)), 0)
    month = sa.func.max(event.c.month).over(**order, rows=(None, 0))  # never back, whatever days a source may tell
    shown = [column for column in event.c if column.name != "month"]
    return sa.select(*shown, month.label("month"), before.label("won_before"),
                     sa.func.row_number().over(**order).label("place")).subquery("event")


def _wins(ctx: Context) -> sa.Select[Any]:
    """The instants at which persons bought; two deals of one instant are one end."""
    deal = ctx.current(DEAL_FACT).alias("deal")
    month = start_of("month", deal.c.closed_day)
    return (sa.select(*(deal.c[name] for name in _HEAD), deal.c.closed_at, sa.func.min(month).label("close_month"))
            .where(_is_end(deal)).group_by(*(deal.c[name] for name in _HEAD), deal.c.closed_at))


def _is_end(deal: Selectable) -> Expression:
    return sa.and_(deal.c.is_won, deal.c.head_lead_id.is_not(None), deal.c.closed_at.is_not(None))


def stale(ctx: Context) -> sa.Select[Any]:
    """Every month from the earliest on in which a touch or a win differs: a chain is counted from all before it."""
    touch, there = ctx.current(TOUCH).alias("touch"), ddl.table(RECORD, "mart")
    days = (sa.select(ctx.scopes[name].c.start) for name in (TOUCH.name, "closed"))
    changed = sa.union_all(*days).subquery("changed")
    earliest = sa.select(start_of("month", sa.func.min(changed.c.start))).scalar_subquery()
    every = sa.union(sa.select(start_of("month", touch.c.created_day).label("month")), sa.select(there.c.close_month))
    month = every.subquery("every_month")
    return sa.select(month.c.month).where(month.c.month >= earliest)


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The leads by which people came to the campaign up to the month's end, and what these people bought by then."""
    touch, lead, deal = ddl.table(TOUCH, "mart"), ddl.table(LEAD_FACT, "mart"), ddl.table(DEAL_FACT, "mart")
    end = last_day("month", sa.literal(row["close_month"], sa.Date()))
    came = sa.and_(*(touch.c[name] == row[name] for name in _CAMPAIGN), touch.c.created_day <= end)
    leads = among(lead, ("source", "lead_id"), sa.select(touch.c.source, touch.c.lead_id).where(came))
    deals = among(deal, _HEAD, sa.select(*(touch.c[name] for name in _HEAD)).where(came))
    return {"lead_fact": leads, "deal_fact": sa.and_(deal.c.is_won, deal.c.closed_day <= end, deals)}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("close_month", "month", ("closed",)), stale, evidence,
            is_exact=True)
