"""Which metrics may be published for a source, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.metrics import COVERED
from warehouse.shims import Expression, count
from warehouse.staging.base import Context, Part, Selectable, stack

RECORD = Table(
    "metric_coverage", Layer.MART, "One row per metric and source that holds a unique lead or a won deal.",
    ("source", "metric"),
    columns("source metric eligible_count covered_count needed_rate is_published", "covered_rate reason"),
    "Over everything the source has ever brought, not over a period.",
)

PROSE = """\
What is not on record cannot be judged, for or against anybody: a call that was never made and a call that was never
written down look alike. A metric below its `needed_rate` is not published; `reason` says what is missing.
`speed_to_lead` needs an outbound touch of the unique lead on record at or after its creation (a status alone has no
hour to trust), `routing_delay` the instant at which it was handed to somebody, `roi` the gross margin of every won
deal, `match` a campaign for the unique lead."""

CHECKS = (
    Check("covered within eligible", "covered_count <= eligible_count"),
    Check("a reason exactly where not published", "is_published = (reason IS NULL)"),
)


@dataclass(frozen=True)
class Need:
    """What a metric is about (`eligible`), what of it must be on record (`covered`), and the share that is enough."""

    metric: str
    eligible: str
    covered: str
    share: float
    missing: str

    @property
    def nothing(self) -> str:
        """The reason where there is nothing that the metric is about."""
        return f"nothing to measure yet: no {self.eligible}"


NEEDS = (
    Need("speed_to_lead", "unique leads", "touched", 0.6,
         "too few leads have an outbound touch on record since their creation: slow and not written down look alike"),
    Need("routing_delay", "unique leads", "assigned", 0.6,
         "too few leads have a recorded hand-over: a slow system and a slow salesperson look alike"),
    Need("roi", "won deals", "margin_known", 1.0,
         "the gross margin of some won deals is not on record: profit cannot be told from revenue"),
    Need("match", "unique leads", "matched", 0.5,
         "too few leads can be tied to a campaign: their origin was not captured, or not handed on"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Counts per source, unfolded to one row per metric."""
    counted = _counts(ctx).subquery("counted")
    kinds = {"source": sa.Text(), "metric": sa.Text(), "eligible_count": sa.BigInteger(),
             "covered_count": sa.BigInteger(), "needed_rate": sa.Double(), "nothing": sa.Text(), "missing": sa.Text()}
    row = stack(*(_unfolded(counted, need) for need in NEEDS), types=kinds)
    known: dict[str, Expression] = {column.name: column for column in row.c}
    rate = COVERED.expression(known)
    enough = sa.func.coalesce(rate >= row.c.needed_rate, sa.false())
    reason = sa.case((row.c.eligible_count == 0, row.c.nothing), (~enough, row.c.missing))
    return sa.select(*arrange(RECORD, {**known, "covered_rate": rate, "is_published": enough, "reason": reason}))


def _counts(ctx: Context) -> sa.Select[Any]:
    """One row per source: unique leads and won deals, and how many of them hold what is needed."""
    lead, deal = ctx.current(LEAD_FACT).alias("lead"), ctx.current(DEAL_FACT).alias("deal")
    names = ("unique leads", "touched", "assigned", "matched", "won deals", "margin_known")
    one: Expression = sa.literal_column("1")
    leads: dict[str, Expression] = {
        "source": lead.c.source, "unique leads": one, "touched": _flag(lead.c.first_touch_at.is_not(None)),
        "assigned": _flag(lead.c.assigned_at.is_not(None)),
        "matched": _flag(lead.c.match_method != "none")}
    deals: dict[str, Expression] = {
        "source": deal.c.source, "won deals": one, "margin_known": _flag(deal.c.gross_margin_amount.is_not(None))}
    each = stack((lead, leads, lead.c.is_unique), (deal, deals, deal.c.is_won),
                 types={"source": sa.Text(), **dict.fromkeys(names, sa.BigInteger())})
    sums = (sa.func.coalesce(count(each.c[name]), 0).label(name) for name in names)
    return sa.select(each.c.source, *sums).group_by(each.c.source)


def _unfolded(counted: Selectable, need: Need) -> Part:
    values: dict[str, Expression] = {
        "source": counted.c.source, "metric": sa.literal(need.metric), "eligible_count": counted.c[need.eligible],
        "covered_count": counted.c[need.covered], "needed_rate": sa.literal(need.share),
        "nothing": sa.literal(need.nothing), "missing": sa.literal(need.missing)}
    return counted, values, sa.true()


def _flag(condition: Expression) -> Expression:
    return sa.case((condition, 1), else_=0)


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """What the metric is about: unique leads or won deals."""
    eligible = next(need.eligible for need in NEEDS if need.metric == row["metric"])
    if eligible == "unique leads":
        return {"lead_fact": ddl.table(LEAD_FACT, "mart").c.is_unique}
    return {"deal_fact": ddl.table(DEAL_FACT, "mart").c.is_won}


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence)
