"""Who brought the customers of each month, by every definition at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.fields import FIELDS, columns
from crosscheck.fields.sourcing import DEFINITIONS
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_origin import RECORD as ORIGIN
from warehouse.marts.returns import WINS, deal_values
from warehouse.shims import Expression, count, start_of, total
from warehouse.staging.base import Context, Part, Selectable, stack

RECORD = Table(
    "sourcing", Layer.MART, "One row per definition, month in which deals were won and side.",
    ("definition", "close_month", "sourcing_side"),
    columns("definition close_month sourcing_side", basis="closed")
    + columns("won_count won_deal_count margin_known_count", "revenue_reporting_amount gross_margin_reporting_amount",
              basis="closed")
    + columns("reporting_currency_code"),
    "Won deals by closing day, business zone; the side is that of the deal's person in `lead_origin`. A deal that no "
    "known lead carries is `unknown` by every definition. The sides of a month add up to all its wins, by each "
    "definition; `tieout` proves it.",
)

PROSE = """\
"We found those customers ourselves": four answers beside each other, and no fifth one that mixes them. `recorded` is
what stands in the CRM, `declared` what somebody said; `first_touch` asks how the person's first record came in,
`before_sales` whether anything of marketing's came before the first sales act. Marketing: the distance between
`first_touch` and `recorded` is what the records withhold from you, or lend you. Sales: a customer is proven yours where
`before_sales` says so; where only the record does, open `sourcing_conflict`. The heads lock one definition for pay;
the others stay visible. `unknown` is nobody's."""

CHECKS = (
    Check("no empty rows", "won_deal_count > 0"),
    Check("parts of the deals", "won_count <= won_deal_count AND margin_known_count <= won_deal_count"),
    Check("a margin only where one is known", "(margin_known_count > 0) = (gross_margin_reporting_amount IS NOT NULL)"),
)


def sourced_deal(ctx: Context) -> sa.Select[Any]:
    """One row per won deal of the scope's months, with its person's side by each definition."""
    deal, origin = ctx.current(DEAL_FACT).alias("deal"), ctx.current(ORIGIN).alias("origin")
    month = start_of("month", deal.c.closed_day)
    person = sa.and_(origin.c.source == deal.c.head_source, origin.c.lead_id == deal.c.head_lead_id)
    measures = deal_values(deal)
    return sa.select(
        month.label("close_month"), *(measures[name].label(name) for name in WINS),
        *(sa.func.coalesce(origin.c[f"{one}_side"], "unknown").label(f"{one}_side") for one in DEFINITIONS),
    ).select_from(deal.outerjoin(origin, person)).where(deal.c.is_won, ctx.within(RECORD.name, month))


def select(ctx: Context) -> sa.Select[Any]:
    """The deals of the scope, counted once by each definition."""
    deal = ctx.step(sourced_deal)
    types = {name: ddl.sql_type(FIELDS[name].kind) for name in (*RECORD.key, *WINS)}
    part = stack(*(_told(deal, definition) for definition in DEFINITIONS), types=types)
    key = [part.c[name] for name in RECORD.key]
    known: dict[str, Expression] = {name: part.c[name] for name in RECORD.key}
    known |= {name: (count if name.endswith("count") else total)(part.c[name]) for name in WINS}
    known["reporting_currency_code"] = sa.literal(ctx.reporting_currency)
    return sa.select(*arrange(RECORD, known)).group_by(*key)


def _told(deal: Selectable, definition: str) -> Part:
    values: dict[str, Expression] = {name: deal.c[name] for name in ("close_month", *WINS)}
    return deal, values | {"definition": sa.literal(definition), "sourcing_side": deal.c[f"{definition}_side"]
                           }, sa.true()


def stale(ctx: Context) -> sa.Select[Any]:
    """Months of the wins of every person judged anew."""
    deal, judged = ctx.current(DEAL_FACT).alias("deal"), ctx.superseded[LEAD.name]
    return (sa.select(start_of("month", deal.c.closed_day))
            .join_from(deal, judged, sa.and_(judged.c.source == deal.c.source, judged.c.lead_id == deal.c.lead_id))
            .where(deal.c.is_won).distinct())


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The won deals of the persons of that side, and those of nobody where it is unknown."""
    deal, origin = ddl.table(DEAL_FACT, "mart"), ddl.table(ORIGIN, "mart")
    side = origin.c[f"{row['definition']}_side"]
    theirs = sa.exists().where(origin.c.source == deal.c.head_source, origin.c.lead_id == deal.c.head_lead_id,
                               side == row["sourcing_side"])
    nobodys = deal.c.head_lead_id.is_(None) if row["sourcing_side"] == "unknown" else sa.false()
    return {"deal_fact": sa.and_(deal.c.is_won, sa.or_(theirs, nobodys))}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("close_month", "month", ("closed",)), stale, evidence)
