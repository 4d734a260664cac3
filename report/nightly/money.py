"""The report's facts about money: campaigns, weeks, discounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from report.nightly.facts import Campaigns, Discounts, Returns, Row, Week
from report.nightly.sums import mart, newest, rows, shown, summed
from warehouse.marts.campaign_roi_cohort import within_horizon
from warehouse.marts.lead_quality import HORIZON
from warehouse.metrics import DISCOUNT, RETURN_METRICS
from warehouse.shims import Expression, start_of, total

_KEY = ("platform", "account_id", "campaign_id")
_PARTS = ("spend_reporting_amount", "unique_lead_count", "qualified_count", "won_count", "won_deal_count",
          "margin_known_count", "revenue_reporting_amount", "gross_margin_reporting_amount")
_WEEKS = 18


def campaigns(conn: sa.Connection, closed: Sequence[Row], limit: int) -> Campaigns:
    """Returns of the newest mature months by campaign, most spend first, and of all campaigns together."""
    there = mart("campaign_roi_cohort")
    horizon = conn.scalar(sa.select(sa.func.min(there.c.horizon_days)))
    ours = [there.c.horizon_days == horizon, there.c.is_matured]
    months = newest(conn, there.c.cohort_month, limit, *ours)
    where = [*ours, there.c.cohort_month.in_(months)]
    names = {tuple(row[part] for part in _KEY): row["campaign_name"] for row in closed}
    found = [_returns(row, names) for row in rows(conn, _valued([there.c[part] for part in _KEY], where))]
    whole = [_returns(row, names) for row in rows(conn, _valued([], where)) if months]
    each = sorted(found, key=lambda one: (one.spend is None, -(one.spend or 0), one.campaign_id))
    roi = {tuple(row[part] for part in _KEY): row["roi"] for row in closed}
    return Campaigns(months, horizon, whole[0] if whole else None, tuple(each), roi)


def _valued(key: Sequence[Any], where: Sequence[Any]) -> sa.Select[Any]:
    """Sums, then the agreed metrics over them."""
    row = summed(mart("campaign_roi_cohort"), _PARTS, key, where).subquery("row")
    known: dict[str, Expression] = dict(row.c.items())
    return sa.select(row, *(metric.expression(known).label(metric.name) for metric in RETURN_METRICS))


def _returns(row: Row, names: dict[tuple[Any, ...], str]) -> Returns:
    key = tuple(row.get(part, "") for part in _KEY)
    counts = [row[name] or 0 for name in ("unique_lead_count", "qualified_count", "won_count", "won_deal_count",
                                          "margin_known_count")]
    platform, account_id, campaign_id = key
    leads, qualified, won, deals, known = counts
    return Returns(platform, account_id, campaign_id, names.get(key) or campaign_id, row["spend_reporting_amount"],
                   leads, qualified, won, deals, known, row["revenue_reporting_amount"],
                   row["gross_margin_reporting_amount"], row["cpl_amount"], row["cpql_amount"], row["roi_ratio"])


def weeks(conn: sa.Connection) -> tuple[Week, ...]:
    """Cost and gross profit by week of lead creation, each lead counted for the same number of days."""
    quality = mart("lead_quality").c
    matured = sa.func.min(sa.case((quality.is_matured, 1), else_=0)).label("matured")
    listed = rows(conn, sa.select(quality.cohort_week, matured).group_by(quality.cohort_week)
                  .order_by(quality.cohort_week.desc()).limit(_WEEKS))
    if not listed:
        return ()
    first = listed[-1]["cohort_week"]
    spend = {row["week"]: row["spend"] for row in rows(conn, _spend(first))}
    won = {row["cohort_week"]: row for row in rows(conn, _won(first))}
    return tuple(_week(row, spend, won.get(row["cohort_week"])) for row in reversed(listed))


def _week(row: Row, spend: dict[date, Any], won: Row | None) -> Week:
    deals, known = (won["deals"], won["known"]) if won else (0, 0)
    margin = Decimal() if won is None else won["margin"] if deals == known else None
    return Week(row["cohort_week"], bool(row["matured"]), spend.get(row["cohort_week"]), margin, deals, known)


def _spend(first: date) -> sa.Select[Any]:
    daily = mart("campaign_roi_daily").c
    week = start_of("week", daily.day)
    return sa.select(week.label("week"), total(daily.spend_reporting_amount).label("spend")).where(
        daily.day >= first).group_by(week)


def _won(first: date) -> sa.Select[Any]:
    """Deals won within the horizon of the lead that they go back to, by its week."""
    deal, lead = mart("deal_fact"), mart("lead_fact")
    age = sa.literal_column(str(HORIZON), sa.BigInteger())
    margin = deal.c.gross_margin_reporting_amount
    head = sa.and_(lead.c.source == deal.c.head_source, lead.c.lead_id == deal.c.head_lead_id)
    return (sa.select(lead.c.cohort_week, sa.func.count().label("deals"), sa.func.count(margin).label("known"),
                      total(margin).label("margin")).join_from(deal, lead, head)
            .where(deal.c.is_won, within_horizon(deal.c.closed_at, deal.c.head_created_at, age),
                   lead.c.cohort_week >= first).group_by(lead.c.cohort_week))


def discounts(conn: sa.Connection, closed: Sequence[Row], limit: int) -> Discounts:
    """What was let off the list price in the newest months, by month and by campaign."""
    there = mart("discount")
    months = newest(conn, there.c.close_month, limit)
    names = {tuple(row[part] for part in _KEY): row["campaign_name"] for row in closed}
    by_month = rows(conn, _discount([there.c.close_month], months).order_by("close_month"))
    by_campaign = [dict(row) | {"campaign_name": names.get(tuple(row[part] for part in _KEY)) or row["campaign_id"]}
                   for row in rows(conn, _discount([there.c[part] for part in _KEY], months))]
    beyond = mart("off_promotion").c
    excess = sa.select(beyond.close_month, sa.func.count().label("deals"),
                       total(beyond.excess_reporting_amount).label("excess")).group_by(beyond.close_month)
    return Discounts(months, by_month, sorted(by_campaign, key=lambda row: -(row["list_reporting_amount"] or 0)),
                     {row["close_month"]: row for row in rows(conn, excess)})


def _discount(key: Sequence[Any], months: tuple[date, ...]) -> sa.Select[Any]:
    there = mart("discount")
    parts = ("won_deal_count", "discount_known_count", "discounted_deal_count", "list_reporting_amount",
             "discount_reporting_amount")
    sums = summed(there, parts, key, [there.c.close_month.in_(months)])
    return shown(sums, DISCOUNT, "discount_known_count")
