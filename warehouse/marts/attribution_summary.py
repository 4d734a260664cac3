"""What each campaign is credited with, month by month, by every model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.attribution import RECORD as ATTRIBUTION
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import MONEY, Expression, among, total
from warehouse.staging.base import Context

_KEY = ("attribution_model", "platform", "account_id", "campaign_id", "close_month")

RECORD = Table(
    "attribution_summary", Layer.MART, "One row per model, campaign and month in which deals were won.", _KEY,
    columns("attribution_model platform account_id campaign_id close_month")
    + columns("touched_deal_count attributed_deal_count", "attributed_reporting_amount", basis="closed")
    + columns("reporting_currency_code"),
    "The sum of `attribution`. In each model the months hold every won deal once and its amount to the last unit, "
    "(unattributed) included. `(unmatched)` are touches without a known campaign, `(unattributed)` deals without any "
    "touch that the model credits.",
)

PROSE = """\
Read across the models, not down one of them: the same deals and the same revenue, divided eleven times. Marketing: the
distance between your best and your worst model is what you cannot prove. Sales: `(unattributed)` and `(unmatched)` are
yours to explain as much as marketing's. For pay the two heads agree on one model and leave the others in sight. There
is no spend here: hold the amounts against `campaign_roi_closed`."""

CHECKS = (
    Check("no part without a deal", "touched_deal_count > 0"),
    Check("no more than whole deals", "attributed_deal_count <= touched_deal_count"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """The parts of each deal, then those of all deals of the month."""
    row = ctx.current(ATTRIBUTION).alias("part")
    one = [row.c[name] for name in (*_KEY, "source", "deal_id")]
    deal = (sa.select(*one, total(row.c.attribution_weight).label("weight"),
                      total(row.c.attributed_reporting_amount).label("amount"))
            .where(ctx.within(RECORD.name, row.c.close_month)).group_by(*one).subquery("deal"))
    key = {name: deal.c[name] for name in _KEY}
    known: dict[str, Expression] = {
        **key, "touched_deal_count": sa.func.count(),
        "attributed_deal_count": sa.cast(sa.func.sum(deal.c.weight), MONEY),
        "attributed_reporting_amount": total(deal.c.amount),
        "reporting_currency_code": sa.literal(ctx.reporting_currency)}
    return sa.select(*arrange(RECORD, known)).group_by(*key.values())


def stale(ctx: Context) -> sa.Select[Any]:
    """The months in which the parts were made anew."""
    return sa.select(ctx.scopes[ATTRIBUTION.name].c.start)


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The deals of the month of which the campaign has a part, and the leads that its touches left."""
    part, lead, deal = (ddl.table(record, "mart") for record in (ATTRIBUTION, LEAD_FACT, DEAL_FACT))
    mine = [part.c[name] == row[name] for name in _KEY]
    leads = sa.select(part.c.touch_source, part.c.touch_lead_id).where(*mine, part.c.touch_lead_id.is_not(None))
    return {"deal_fact": among(deal, DEAL_FACT.key, sa.select(part.c.source, part.c.deal_id).where(*mine)),
            "lead_fact": among(lead, LEAD_FACT.key, leads)}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("close_month", "month", ("closed",)), stale, evidence,
            is_exact=True)
