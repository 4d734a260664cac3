"""What the three ROI tables share: their measures, their stacking of origins, their ratios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import FIELDS, columns
from crosscheck.tables import Column, Kind, Table
from warehouse import ddl
from warehouse.marts.base import Check, arrange
from warehouse.metrics import RETURN_METRICS
from warehouse.shims import MONEY, Expression, count, total
from warehouse.staging.base import Context, Part, Selectable, stack
from warehouse.staging.names import campaign_version, with_name

KEY = ("platform", "account_id", "campaign_id")
LEADS = ("lead_count", "unique_lead_count", "qualified_count")
WINS = ("won_count", "won_deal_count", "revenue_reporting_amount", "gross_margin_reporting_amount",
        "margin_known_count")
_ZERO_WITHOUT_ROWS = (*LEADS, "won_count", "won_deal_count", "margin_known_count")

RATIO_CHECKS = (
    Check("roi only with every margin", "roi_ratio IS NULL OR margin_known_count = won_deal_count"),
    Check("no ratio on no spend",
          "spend_reporting_amount <> 0 OR (roas_ratio IS NULL AND roi_ratio IS NULL AND roi_revenue_ratio IS NULL)"
          " OR spend_reporting_amount IS NULL"),
    Check("funnel narrows", "qualified_count <= unique_lead_count AND unique_lead_count <= lead_count"),
    Check("margins of won deals only", "margin_known_count <= won_deal_count AND won_count <= won_deal_count"),
)


def ratio_columns() -> tuple[Column, ...]:
    """The columns of the ratios, and the currency of all reporting amounts."""
    return columns("reporting_currency_code", " ".join(metric.name for metric in RETURN_METRICS))


#: On which `qualified` rests: the first one must have come, the others must not.
QUALIFIED_STATES = ("reached", "wrong_target", "invalid_contact")


def qualified(lead: Selectable, side: str = "") -> Expression:
    """Whether a lead was ever reached, and is neither wrong target nor invalid contact. `side` stands before the names
    of its columns.
    """
    reached, *refused = (lead.c[f"{side}{state}_at"] for state in QUALIFIED_STATES)
    return sa.and_(reached.is_not(None), *(moment.is_(None) for moment in refused))


def stacked(period: Mapping[str, Any], spend: tuple[str, ...], *parts: Part) -> sa.Subquery:
    """Origins under one set of columns, summed per key and period: a full outer join of all parts."""
    measures = (*spend, *LEADS, *WINS)
    types = {**{name: ddl.sql_type(FIELDS[name].kind) for name in KEY}, **period,
             **{name: ddl.sql_type(FIELDS[name].kind) for name in measures}}
    part = stack(*parts, types=types)
    key = [part.c[name] for name in (*KEY, *period)]
    return sa.select(*key, *(_summed(part, name) for name in measures)).group_by(*key).subquery("summed")


def _summed(part: Selectable, name: str) -> sa.Label[Any]:
    """A measure's sum; a word that only one part knows is carried along."""
    sums = {Kind.COUNT: count, Kind.MONEY: total, Kind.QUANTITY: total}
    return sums.get(FIELDS[name].kind, sa.func.max)(part.c[name]).label(name)


def finished(ctx: Context, record: Table, rows: Selectable, last: Expression,
             **values: Expression) -> sa.Select[Any]:
    """Summed rows with names as of the period's last day, zeros where nothing happened, and the ratios."""
    origin, name = with_name(rows, last, ctx.step(campaign_version))
    known = {column.name: column for column in rows.c} | values
    for column in _ZERO_WITHOUT_ROWS:
        known[column] = sa.func.coalesce(known[column], sa.literal_column("0", sa.BigInteger()))
    nothing = (known["won_deal_count"] == 0, sa.cast(sa.literal_column("0"), MONEY))
    revenue, margin = "revenue_reporting_amount", "gross_margin_reporting_amount"
    known[revenue] = sa.case(nothing, else_=known[revenue])
    # A month sums days, and days without wins carry a margin of 0: it must not stand for margins nobody knows.
    known[margin] = sa.case(nothing, (known["margin_known_count"] > 0, known[margin]))
    known |= {metric.name: metric.expression(known) for metric in RETURN_METRICS}
    known |= {"campaign_name": name, "reporting_currency_code": sa.literal(ctx.reporting_currency)}
    return sa.select(*arrange(record, known)).select_from(origin)


def lead_values(lead: Selectable, qualified: Expression) -> dict[str, Expression]:
    """What one lead adds: itself, itself if unique, itself if qualified."""
    one, none = sa.literal_column("1", sa.BigInteger()), sa.literal_column("0", sa.BigInteger())
    return {**{name: lead.c[name] for name in KEY}, "lead_count": one,
            "unique_lead_count": sa.case((lead.c.is_unique, one), else_=none),
            "qualified_count": sa.case((sa.and_(lead.c.is_unique, qualified), one), else_=none)}


def deal_values(deal: Selectable) -> dict[str, Expression]:
    """What one won deal adds."""
    one, none = sa.literal_column("1", sa.BigInteger()), sa.literal_column("0", sa.BigInteger())
    margin = deal.c.gross_margin_reporting_amount
    return {**{name: deal.c[name] for name in KEY}, "won_count": sa.case((deal.c.is_first_win, one), else_=none),
            "won_deal_count": one, "revenue_reporting_amount": deal.c.deal_reporting_amount,
            "gross_margin_reporting_amount": margin,
            "margin_known_count": sa.case((margin.is_not(None), one), else_=none)}
