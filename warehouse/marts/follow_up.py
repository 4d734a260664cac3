"""How long salespeople keep at it: until somebody answers, and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts import leak_evidence
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.discount import salesperson
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.leak_causes import had_fair_effort, is_idle, is_silent
from warehouse.marts.leaks import horizon, leak_lead
from warehouse.marts.metric_coverage import NEEDS
from warehouse.metrics import FAIR_EFFORT, TOUCHES, bounds
from warehouse.shims import Expression, count, count_if
from warehouse.staging.base import Context, Selectable

SMALL = 20
_KEY = ("source", "owner_id", "cohort_month")
#: Per cent.
_NEEDED = round(100 * next(need.share for need in NEEDS if need.metric == "speed_to_lead"))
#: Every unique lead is exactly one of these; the last three were owed a fair effort.
_STATES = ("reached", "settled", "fair_effort", "given_up", "untouched")
_OWED = _STATES[2:]
_SHARES = tuple(f"fair_effort_rate{end}" for end in ("", "_low", "_high"))
_MEDIANS = ("p50_touch_count", "p50_least_touch_count")

RECORD = Table(
    "follow_up", Layer.MART,
    "One row per source, salesperson and month of lead creation, of the months that have passed the horizon.", _KEY,
    columns(f"{' '.join(_KEY)} horizon_days is_small_sample unique_lead_count owed_count", basis="cohort")
    + columns(f"touch_count {' '.join(f'{state}_count' for state in _STATES)} left_count",
              " ".join((TOUCHES.name, *_SHARES, *_MEDIANS)), basis="worked")
    + columns("rule_version"),
    "Unique leads by the month of creation, business zone, under the salesperson who has them today; (none) where the "
    "CRM names nobody. Touches, whoever made them, and verdicts count from the lead's creation to the horizon of the "
    "leak tables (`leak_days`). A lead is reached, else settled, else was owed a fair effort (rules/sla.yaml, whose "
    "version stands in the row), and got it, was given up, or is untouched. "
    f"The share and its bounds are null where fewer than {SMALL} were owed one, the medians where fewer than {SMALL} "
    "were reached or owed. Who was never reached is not left out of a median: later than all who were, or, for "
    "`_least_`, reached by the very next touch. A source and month has no rows where fewer than "
    f"{_NEEDED} % of the unique leads bear a touch: a call never made and one never written down look alike.",
)

PROSE = """\
Whether leads were worked, or called once. Marketing: `given_up_count` and `left_count` are leads that you paid for and
that sales let go, the first before anybody answered, the second after a conversation; `leak_evidence` names them,
except those that an earlier cause explains. Sales: `settled_count` owes you nothing, dead numbers first of all; who was
called as often as agreed without answering is `fair_effort_count`, and nobody's fault. Where a half never answered
there is no median, only `p50_least_touch_count`: so many touches it would have taken at best. Shares whose intervals,
`_low` to `_high`, overlap do not differ, and nobody is to be ranked by them."""

CHECKS = (
    Check("every lead is one thing", "unique_lead_count = settled_count + reached_count + owed_count"
          " AND owed_count = fair_effort_count + given_up_count + untouched_count"),
    Check("left after being reached", "left_count <= reached_count"),
    Check("a fair effort takes touches", "touch_count >= fair_effort_count"),
    Check("no median below its bound", "COALESCE(p50_touch_count >= p50_least_touch_count, TRUE)"),
    Check("nothing of few", "is_small_sample = (fair_effort_rate IS NULL) AND (reached_count + owed_count >= 20)"
          " = (p50_least_touch_count IS NOT NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """The leads of the scope by state, ranked by touches within each row's group, then counts, shares and medians."""
    row = _grouped(_ranked(followed_lead(ctx).subquery("followed"))).subquery("grouped")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    low, high = bounds(FAIR_EFFORT, known)
    small = row.c.owed_count < SMALL
    shares = zip(_SHARES, (FAIR_EFFORT.expression(known), low, high), strict=True)
    known |= {name: sa.case((~small, value)) for name, value in shares}
    known |= {name: sa.case((row.c.reached_count + row.c.owed_count >= SMALL, row.c[name])) for name in _MEDIANS}
    known |= {TOUCHES.name: TOUCHES.expression(known), "is_small_sample": small, "horizon_days": horizon(ctx),
              "rule_version": sa.literal(ctx.rules.sla.head.version, sa.Text())}
    return sa.select(*arrange(RECORD, known))


def followed_lead(ctx: Context) -> sa.Select[Any]:
    """One row per unique lead of the scope, where its source writes down touches that month: its state and touches."""
    lead = ctx.step(leak_lead)
    touched = sa.func.count(sa.case((lead.c.attempt_count > 0, 1)))
    group = [lead.c.source, lead.c.cohort_month]
    enough = touched.over(partition_by=group) * 100 >= sa.func.count().over(partition_by=group) * _NEEDED
    values: dict[str, Expression] = {
        "source": lead.c.source, "owner_id": salesperson(lead), "cohort_month": lead.c.cohort_month,
        "state": _state(ctx, lead), "touch_count": lead.c.attempt_count, "until_count": lead.c.until_reached_count,
        "is_left": sa.and_(is_idle(ctx, lead), ~_is_settled(lead)), "is_recorded": enough}
    row = (sa.select(*(value.label(name) for name, value in values.items()))
           .where(lead.c.is_unique, ctx.within(RECORD.name, lead.c.cohort_month)).subquery("stated"))
    return sa.select(row).where(row.c.is_recorded)


def _is_settled(lead: Selectable) -> Expression:
    """Nobody need be called any more: bought, dead, outside the portrait, or lost."""
    return sa.or_(*(lead.c[name].is_not(None) for name in ("won_at", "bought_at", "invalid_at", "wrong_target_at",
                                                           "lost_at")))


def _state(ctx: Context, lead: Selectable) -> Expression:
    return sa.case((lead.c.reached_at.is_not(None), "reached"), (_is_settled(lead), "settled"),
                   (had_fair_effort(ctx, lead), "fair_effort"), (is_silent(lead), "untouched"), else_="given_up")


def _ranked(lead: Selectable) -> Selectable:
    """Each lead with its place by the touches until it was reached, those never reached last, and at best next."""
    group = [*(lead.c[name] for name in _KEY), lead.c.state == "settled"]
    most = sa.case((lead.c.state == "reached", lead.c.until_count))
    least = sa.case((lead.c.state == "reached", lead.c.until_count), else_=lead.c.touch_count + 1)
    return sa.select(
        lead, most.label("most"), least.label("least"), sa.func.count().over(partition_by=group).label("size"),
        sa.func.row_number().over(partition_by=group, order_by=most.asc().nulls_last()).label("place"),
        sa.func.row_number().over(partition_by=group, order_by=least).label("least_place")).subquery("ranked")


def _grouped(lead: Selectable) -> sa.Select[Any]:
    key = [lead.c[name] for name in _KEY]
    sums: dict[str, Expression] = {
        "unique_lead_count": sa.func.count(), "touch_count": count(lead.c.touch_count),
        **{f"{state}_count": count_if(lead.c.state == state) for state in _STATES},
        "owed_count": count_if(lead.c.state.in_(_OWED)), "left_count": count_if(lead.c.is_left)}
    for name, place, value in zip(_MEDIANS, (lead.c.place, lead.c.least_place), (lead.c.most, lead.c.least),
                                  strict=True):
        beyond = sa.and_(lead.c.state != "settled", place * 2 >= lead.c.size)
        sums[name] = sa.func.min(sa.case((beyond, value)))
    return sa.select(*key, *(value.label(name) for name, value in sums.items())).group_by(*key)


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The unique leads of the salesperson and month."""
    lead = ddl.table(LEAD_FACT, "mart")
    return {"lead_fact": sa.and_(lead.c.is_unique, salesperson(lead) == row["owner_id"])}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_month", "month", ("created",)), leak_evidence.stale,
            evidence)
