"""Persons about whose origin the records, somebody's word and the touches credit different sides."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.fields import FIELDS, columns
from crosscheck.fields.sourcing import DEFINITIONS
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_origin import RECORD as ORIGIN
from warehouse.marts.lead_origin import evidence, stale
from warehouse.shims import MONEY, Expression, total
from warehouse.staging.base import Context, Part, Selectable, stack

_SIDES = tuple(f"{definition}_side" for definition in DEFINITIONS)
_SHOWN = ("source", "lead_id", "created_day", "cohort_month", *_SIDES, "tracked_by", "sales_act", "won_deal_count",
          "revenue_reporting_amount")

RECORD = Table(
    "sourcing_conflict", Layer.MART, "One row per person, by the head lead, and pair of statements that contradict.",
    ("source", "lead_id", "sourcing_conflict"),
    columns("source lead_id sourcing_conflict responsible")
    + columns(f"created_day cohort_month {' '.join(_SIDES)}", basis="cohort")
    + columns("claim_at contrary_at", "tracked_by sales_act", basis="worked")
    + columns("won_deal_count reporting_currency_code", "revenue_reporting_amount", basis="closed")
    + columns("rule_version"),
    "Only statements that credit a side take part: what is unknown contradicts nothing. `_against_touch`: a claim on "
    "record or by word against `before_sales_side`; `contrary_at` is the form or click that was there, or the sales "
    "act before which there was none. `recorded_against_declared`: the two claims against each other. Persons who "
    "bought nothing have 0 won deals. Deals are counted whenever they closed.",
)

PROSE = """\
Every person of whom two departments can both say "ours". Sales: a record or a word that claims a person whose form or
click was there before you called is yours to correct or to explain. Marketing: so is a claim on a person whom sales
called, or sold to, with no touch of yours before. Where only two claims differ, both look it up. `claim_at` and
`contrary_at` are the instants to look at, `revenue_reporting_amount` is what hangs on them; no row accuses a person."""

CHECKS = (
    Check("the claims contradict", "CASE sourcing_conflict WHEN 'recorded_against_declared' THEN recorded_side <>"
          " declared_side WHEN 'recorded_against_touch' THEN recorded_side <> before_sales_side ELSE declared_side <>"
          " before_sales_side END"),
    Check("a form or click came first", "sourcing_conflict = 'recorded_against_declared' OR responsible <> 'sales'"
          " OR tracked_by IS NOT NULL"),
    Check("a sales act came first", "sourcing_conflict = 'recorded_against_declared' OR responsible <> 'marketing'"
          " OR sales_act IS NOT NULL"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Persons of the scope once per pair that contradicts, with what they bought."""
    person = _with_wins(ctx)
    names = (*_SHOWN, "sourcing_conflict", "responsible", "claim_at", "contrary_at")
    types = {name: ddl.sql_type(FIELDS[name].kind) for name in names}
    every = stack(_against_touch(person, "recorded"), _against_touch(person, "declared"), _claims(person), types=types)
    known: dict[str, Expression] = {column.name: column for column in every.c}
    return sa.select(*arrange(RECORD, known | {
        "reporting_currency_code": sa.literal(ctx.reporting_currency),
        "rule_version": sa.literal(ctx.rule_version, sa.Text())}))


def _with_wins(ctx: Context) -> Selectable:
    """The persons of the scope with the number and the sum of their won deals."""
    origin, deal = ctx.current(ORIGIN).alias("origin"), ctx.current(DEAL_FACT).alias("deal")
    key = (deal.c.head_source, deal.c.head_lead_id)
    won = (sa.select(*key, sa.func.count().label("deals"), total(deal.c.deal_reporting_amount).label("revenue"))
           .where(deal.c.is_won, deal.c.head_lead_id.is_not(None)).group_by(*key).subquery("won"))
    theirs = sa.and_(won.c.head_source == origin.c.source, won.c.head_lead_id == origin.c.lead_id)
    nothing = sa.cast(sa.literal_column("0"), MONEY)
    return (sa.select(origin, sa.func.coalesce(won.c.deals, 0).label("won_deal_count"),
                      sa.case((won.c.deals.is_(None), nothing), else_=won.c.revenue).label("revenue_reporting_amount"))
            .select_from(origin.outerjoin(won, theirs))
            .where(ctx.within(RECORD.name, origin.c.created_day)).subquery("persons"))


def _against_touch(person: Selectable, word: str) -> Part:
    """A claim against the touches: the side that is claimed has to clear it up."""
    claimed, seen = person.c[f"{word}_side"], person.c.before_sales_side
    seen_at = sa.case((seen == "marketing", person.c.tracked_at), else_=person.c.sales_act_at)
    return _rows(person, f"{word}_against_touch", claimed, (claimed, person.c[f"{word}_at"]), (seen, seen_at))


def _claims(person: Selectable) -> Part:
    """One claim against the other: both have to."""
    recorded, declared = ((person.c[f"{word}_side"], person.c[f"{word}_at"]) for word in ("recorded", "declared"))
    return _rows(person, "recorded_against_declared", sa.literal("both"), recorded, declared)


def _rows(person: Selectable, kind: str, responsible: Expression, claim: tuple[Expression, Expression],
          contrary: tuple[Expression, Expression]) -> Part:
    """The persons of whom two statements, each a side and its instant, credit different sides."""
    values: dict[str, Expression] = {name: person.c[name] for name in _SHOWN}
    values |= {"sourcing_conflict": sa.literal(kind), "responsible": responsible, "claim_at": claim[1],
               "contrary_at": contrary[1]}
    known = sa.and_(claim[0] != "unknown", contrary[0] != "unknown")
    return person, values, sa.and_(claim[0] != contrary[0], known)


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("created_day", "day", ("created",)), stale, evidence)
