"""How long it takes from the first message to the contract, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.fields import FIELDS, columns
from crosscheck.fields.velocity import STEPS
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression, count_if, ratio, seconds_between
from warehouse.staging.base import Context, Part, Selectable, stack

SMALL, PERCENTILES = 20, (50, 90)
_CAMPAIGN = ("platform", "account_id", "campaign_id", "cohort_month")
_KEY = (*_CAMPAIGN, "stage_step")
_DAY = sa.literal_column("86400", sa.BigInteger())

RECORD = Table(
    "stage_velocity", Layer.MART, "One row per platform, account, campaign, month of lead creation and step.", _KEY,
    columns(f"{' '.join(_KEY)} is_small_sample unique_lead_count entered_count passed_count open_count "
            "out_of_order_count", " ".join(f"p{percent}_days" for percent in PERCENTILES), basis="cohort"),
    "Unique leads by the month of creation, business zone, whenever the stages came. `reached`: first two-way contact, "
    "or a status that means it; `deal`: creation of the person's first deal; `won`: closing of the first won one. A "
    "percentile is the smallest number of complete days by which that share of those who entered had passed. Those who "
    "have not are later than all who have, so it is null where too few have; those out of order are left out of it. "
    f"Percentiles are null below {SMALL} leads. Where a source keeps no history of statuses, `reached` is as late as "
    "the night that saw it.",
)

PROSE = """\
How long money lies in a campaign before it comes back. Marketing: judge no campaign by wins before its
`created_to_won` had time to pass; `open_count` says how many may still come. Sales: `reached_to_deal` and `deal_to_won`
are your part of the way; leads that were lost stay in `open_count`, so that giving up makes nobody quick.
`out_of_order_count` is what the records cannot have meant: see `contradiction`. An average would hide those who wait;
there is none here."""

CHECKS = (
    Check("whoever entered passed, waits, or is out of order",
          "entered_count = passed_count + open_count + out_of_order_count AND entered_count <= unique_lead_count"),
    Check("everybody is created", "stage_step NOT IN ('created_to_reached', 'created_to_won')"
          " OR entered_count = unique_lead_count"),
    Check("percentiles rise", "COALESCE(p50_days <= p90_days, TRUE)"),
    Check("nothing of few", "NOT is_small_sample OR p50_days IS NULL"),
)


def lead_stage(ctx: Context) -> sa.Select[Any]:
    """One row per unique lead of the scope, with the instants of its stages."""
    lead, deal = ctx.current(LEAD_FACT).alias("lead"), ctx.current(DEAL_FACT).alias("deal")
    key = (deal.c.head_source, deal.c.head_lead_id)
    first = (sa.select(*key, sa.func.min(deal.c.created_at).label("deal_at"))
             .where(deal.c.head_lead_id.is_not(None)).group_by(*key).subquery("first_deal"))
    theirs = sa.and_(first.c.head_source == lead.c.source, first.c.head_lead_id == lead.c.lead_id)
    return sa.select(
        *(lead.c[name] for name in _CAMPAIGN), lead.c.created_at, lead.c.reached_at,
        first.c.deal_at, lead.c.first_won_at.label("won_at"),
    ).select_from(lead.outerjoin(first, theirs)).where(lead.c.is_unique, ctx.within(RECORD.name, lead.c.cohort_month))


def select(ctx: Context) -> sa.Select[Any]:
    """The leads of the scope once per step, ranked among those who entered it in order."""
    row = _grouped(_ranked(ctx.step(lead_stage))).subquery("grouped")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    small = row.c.passed_count + row.c.open_count < SMALL
    known |= {f"p{percent}_days": sa.case((~small, row.c[f"p{percent}_days"])) for percent in PERCENTILES}
    return sa.select(*arrange(RECORD, known | {"is_small_sample": small}))


def _ranked(lead: Selectable) -> Selectable:
    """Each lead and step: in which state it is, and its place by days, those who wait last."""
    types: dict[str, Any] = {name: ddl.sql_type(FIELDS[name].kind) for name in _KEY}
    types |= {"state": sa.Text(), "days": sa.BigInteger()}
    step = stack(*(_step(lead, name) for name in STEPS), types=types)
    group = [*(step.c[name] for name in _KEY), step.c.state.in_(("passed", "open"))]
    place = sa.func.row_number().over(partition_by=group, order_by=step.c.days.asc().nulls_last())
    size = sa.func.count().over(partition_by=group)
    return sa.select(step, place.label("place"), size.label("size")).subquery("ranked")


def _step(lead: Selectable, name: str) -> Part:
    start, end = (lead.c[f"{stage}_at"] for stage in name.split("_to_"))
    state = sa.case((start.is_(None), "out"), (end.is_(None), "open"), (end < start, "out_of_order"), else_="passed")
    days = sa.cast(sa.func.floor(ratio(seconds_between(start, end), _DAY)), sa.BigInteger())
    values: dict[str, Expression] = {name: lead.c[name] for name in _CAMPAIGN}
    return lead, values | {"stage_step": sa.literal(name), "state": state,
                           "days": sa.case((state == "passed", days))}, sa.true()


def _grouped(row: Selectable) -> sa.Select[Any]:
    """Counts, and of each percentile the smallest number of days at or beyond its place."""
    key = [row.c[name] for name in _KEY]
    counts: dict[str, Expression] = {
        "unique_lead_count": sa.func.count(), "entered_count": count_if(row.c.state != "out"),
        **{f"{state}_count": count_if(row.c.state == state) for state in ("passed", "open", "out_of_order")}}
    for percent in PERCENTILES:
        beyond = sa.and_(row.c.state == "passed", row.c.place * 100 >= row.c.size * percent)
        counts[f"p{percent}_days"] = sa.func.min(sa.case((beyond, row.c.days)))
    return sa.select(*key, *(value.label(name) for name, value in counts.items())).group_by(*key)


def stale(ctx: Context) -> sa.Select[Any]:
    """Months of every person judged anew: an open deal moves no first instant of a lead."""
    lead, judged = ctx.current(LEAD_FACT).alias("lead"), ctx.superseded[LEAD.name]
    return (sa.select(lead.c.cohort_month)
            .join_from(lead, judged, sa.and_(judged.c.source == lead.c.source, judged.c.lead_id == lead.c.lead_id))
            .distinct())


def evidence(_: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The unique leads of the campaign and month, and all their deals."""
    return {"lead_fact": ddl.table(LEAD_FACT, "mart").c.is_unique, "deal_fact": sa.true()}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_month", "month", ("created",)), stale, evidence)
