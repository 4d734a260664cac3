"""Who brought each person, by four definitions side by side: on record, first touch, before sales, declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.fields import columns
from crosscheck.fields.sourcing import DEFINITIONS
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.origins import MARKS, origin_event
from warehouse.shims import Expression
from warehouse.staging.base import Context, Selectable

RECORD = Table(
    "lead_origin", Layer.MART, "One row per person, by the head lead.", ("source", "lead_id"),
    columns("source lead_id created_at created_day cohort_month", basis="cohort")
    + columns(" ".join(f"{definition}_side" for definition in DEFINITIONS), basis="cohort")
    + columns("", "first_record_at recorded_at declared_at tracked_at tracked_by", basis="touch")
    + columns("", "sales_act_at sales_act", basis="worked")
    + columns("rule_version"),
    "A person's records are the head lead, its repeats and what was merged into any of them. Which words of origin "
    "credit whom is agreed in rules/lead_states; two records of the same instant that credit different sides credit "
    "none. A touch at the instant of the first sales act counts as before it: who works on a record has it already.",
)

PROSE = """\
Behind every count of who brought the customers: one person, four answers, and the instants on which they rest.
Marketing: only a form, a click id or a UTM parameter counts as your touch, and only if sales had not called or opened
a deal before. Sales: a source of your own is your word until no touch is found before your first act; then it is
proven. `unknown` is nobody's, and is never shared out."""

CHECKS = (
    Check("marketing before sales is tracked", "before_sales_side <> 'marketing' OR (tracked_at IS NOT NULL"
          " AND (sales_act_at IS NULL OR tracked_at <= sales_act_at))"),
    Check("sales before marketing has acted", "before_sales_side <> 'sales' OR (sales_act_at IS NOT NULL"
          " AND (tracked_at IS NULL OR sales_act_at < tracked_at))"),
    Check("a known first touch stays known", "first_touch_side = 'unknown' OR first_touch_side = before_sales_side"),
    Check("who is credited is on record", "(recorded_side = 'unknown' OR recorded_at IS NOT NULL)"
          " AND (declared_side = 'unknown' OR declared_at IS NOT NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Persons of the scope with the first instants of what credits either side, and the sides that follow."""
    event = ctx.step(origin_event)
    act = sa.func.least(event.c.touched_at, event.c.deal_created_at, type_=sa.DateTime())
    tracked = sa.func.least(*(event.c[f"{mark}_at"] for mark in MARKS), type_=sa.DateTime())
    row = sa.select(event, act.label("sales_act_at"), tracked.label("tracked_at")).subquery("origin")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    for word in ("recorded", "declared"):
        marketing, sales = row.c[f"{word}_marketing_at"], row.c[f"{word}_sales_at"]
        known[f"{word}_side"] = _earlier(marketing, sales)
        known[f"{word}_at"] = sa.func.least(marketing, sales, type_=sa.DateTime())
    known |= {
        "first_touch_side": _first_touch(row), "before_sales_side": _before_sales(row),
        "tracked_by": sa.case(*((row.c[f"{mark}_at"] == row.c.tracked_at, mark) for mark in MARKS)),
        "sales_act": sa.case((row.c.touched_at == row.c.sales_act_at, "touch"),
                             (row.c.sales_act_at.is_not(None), "deal")),
        "rule_version": sa.literal(ctx.rule_version, sa.Text())}
    return sa.select(*arrange(RECORD, known))


def _earlier(marketing: Expression, sales: Expression) -> Expression:
    """The side that is credited first; unknown where neither is, or both at once."""
    return sa.case((sa.and_(marketing.is_not(None), sa.or_(sales.is_(None), marketing < sales)), "marketing"),
                   (sa.and_(sales.is_not(None), sa.or_(marketing.is_(None), sales < marketing)), "sales"),
                   else_="unknown")


def _first_touch(row: Selectable) -> Expression:
    return sa.case((row.c.sales_act_at < row.c.first_record_at, "sales"),
                   (row.c.tracked_at == row.c.first_record_at, "marketing"), else_="unknown")


def _before_sales(row: Selectable) -> Expression:
    timely = sa.or_(row.c.sales_act_at.is_(None), row.c.tracked_at <= row.c.sales_act_at)
    return sa.case((sa.and_(row.c.tracked_at.is_not(None), timely), "marketing"),
                   (row.c.sales_act_at.is_not(None), "sales"), else_="unknown")


def stale(ctx: Context) -> sa.Select[Any]:
    """Days of every person judged anew: a touch or a word may be new though no lead's row moved."""
    lead, judged = ctx.current(LEAD_FACT).alias("lead"), ctx.superseded[LEAD.name]
    return (sa.select(lead.c.created_day)
            .join_from(lead, judged, sa.and_(judged.c.source == lead.c.source, judged.c.lead_id == lead.c.lead_id))
            .distinct())


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The person's leads and deals in the CRM of the first one."""
    return {fact.name: ddl.table(fact, "mart").c.head_lead_id == row["lead_id"] for fact in (LEAD_FACT, DEAL_FACT)}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("created_day", "day", ("created",)), stale, evidence)
