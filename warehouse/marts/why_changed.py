"""Why a published number is another one than before: every change by its cause, adding up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import AD_DAILY
from crosscheck.fields import FIELDS, columns
from crosscheck.fields.changes import CHANGED_AMOUNTS, CHANGED_COUNTS
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.campaign_roi_closed import RECORD as CLOSED
from warehouse.marts.changes import deal_change, lead_change, paired, publication_before, spend_change
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.returns import KEY, qualified
from warehouse.shims import Expression, count, start_of, total
from warehouse.staging.base import Context, Part, Selectable, stack

RECORD = Table(
    "why_changed", Layer.MART,
    "One row per number of `campaign_roi_closed` (metric, campaign, month) and cause that changed it since the "
    "publication before.",
    ("changed_metric", *KEY, "close_month", "change_cause"),
    columns("changed_metric platform account_id campaign_id close_month change_cause",
            "old_count new_count change_count old_reporting_amount new_reporting_amount change_reporting_amount "
            "compared_day")
    + columns("reporting_currency_code"),
    "The months of `campaign_roi_closed`: spend by the account's day, leads by creation, wins and revenue by closing. "
    "Each lead, deal and campaign's day that differs has one cause, the first that holds, and adds what it changed. "
    "`unexplained` is what the published numbers changed beyond that; it appears after an update that defines a number "
    "anew, and never otherwise.",
)

PROSE = """\
"Last week this said 12, now it says 11": the rows of a number add up to the difference, so nobody has to be accused of
moving it. Marketing: `restated`, `late` and `rate` are the platforms' and banks' doing, not yours. Sales: a win that
was `late` was signed on a day that was already published; record it in time and nobody asks. `new` is plain progress.
`merged` and `same_person` take a repeat out of the count, `recredited` moves a lead or deal to another campaign, and
`re_ruled` follows a rule that both heads signed, `appeal` what both signed about a single lead (`appeal` has them).
`crosscheck as-of` prints either state whole."""

CHECKS = (
    Check("everything is explained", "change_cause <> 'unexplained'", "warn"),
    Check("something changed", "COALESCE(change_count, 0) <> 0 OR COALESCE(change_reporting_amount, 0) <> 0"),
    Check("one unit", "(change_count IS NULL) <> (change_reporting_amount IS NULL)"),
)

_PLACE = ("changed_metric", *KEY, "close_month")
_TYPES = {name: ddl.sql_type(FIELDS[name].kind)
          for name in (*_PLACE, "change_cause", "change_count", "change_reporting_amount")}


def select(ctx: Context) -> sa.Select[Any]:
    """The changes by cause and what they leave unexplained, beside the number before and now."""
    change, told = ctx.step(explained_change), ctx.step(told_change)
    rest = {"change_cause": sa.literal("unexplained")}
    names = (*_PLACE, "change_count", "change_reporting_amount")
    against: dict[str, Expression] = {name: -change.c[name] if name.startswith("change_") else change.c[name]
                                      for name in names}
    parts: list[Part] = [
        (change, {name: change.c[name] for name in _TYPES}, sa.true()), (change, against | rest, sa.true()),
        *(_published(told, metric, rest) for metric in CHANGED_COUNTS + CHANGED_AMOUNTS)]
    return _finished(ctx, told, _summed(*parts).subquery("change"))


def explained_change(ctx: Context) -> sa.Select[Any]:
    """One row per number and cause that changed it: what is new counts for it, what was old against it."""
    return _summed(*_side(ctx, "new", 1), *_side(ctx, "old", -1))


def _side(ctx: Context, side: str, sign: int) -> list[Part]:
    """What one side of every lead, deal and campaign's day that differs adds to the numbers."""
    lead, deal, spend = ctx.step(lead_change), ctx.step(deal_change), ctx.step(spend_change)
    created, closed = lead.c[f"{side}_cohort_month"], start_of("month", deal.c[f"{side}_closed_day"])
    unique, won = lead.c[f"{side}_is_unique"], deal.c[f"{side}_is_won"]
    one = sa.literal_column(str(sign), sa.BigInteger())
    revenue, spent = deal.c[f"{side}_deal_reporting_amount"], spend.c[f"{side}_spend_reporting_amount"]
    return [
        _part(lead, side, "unique_lead_count", created, lead.c.cause, one, unique),
        _part(lead, side, "qualified_count", created, lead.c.cause, one, sa.and_(unique, qualified(lead, f"{side}_"))),
        _part(deal, side, "won_count", closed, deal.c.cause, one, sa.and_(won, deal.c[f"{side}_is_first_win"])),
        _part(deal, side, "revenue_reporting_amount", closed, deal.c.revenue_cause, _signed(revenue, sign), won),
        _part(spend, "", "spend_reporting_amount", start_of("month", spend.c.day), spend.c.cause,
              _signed(spent, sign), spent.is_not(None))]


def _signed(amount: Expression, sign: int) -> Expression:
    return amount if sign > 0 else -amount


def told_change(ctx: Context) -> sa.Select[Any]:
    """One row per campaign and month of `campaign_roi_closed` of which a number differs: before and now."""
    return sa.select(paired(ctx, CLOSED, CLOSED.key, CHANGED_COUNTS + CHANGED_AMOUNTS))


def _part(rows: Selectable, side: str, metric: str, month: Expression, cause: Expression, value: Expression,
          counts: Expression) -> Part:
    campaign: dict[str, Expression] = {name: rows.c[f"{side}_{name}" if side else name] for name in KEY}
    return rows, {**campaign, "changed_metric": sa.literal(metric), "close_month": month, "change_cause": cause,
                  _change(metric): value}, counts


def _change(metric: str) -> str:
    return "change_count" if metric in CHANGED_COUNTS else "change_reporting_amount"


def _published(told: Selectable, metric: str, rest: Mapping[str, Expression]) -> Part:
    """What a published number changed by."""
    new, old = (sa.func.coalesce(told.c[f"{side}_{metric}"], 0) for side in ("new", "old"))
    return told, {**{name: told.c[name] for name in CLOSED.key}, **rest, "changed_metric": sa.literal(metric),
                  _change(metric): new - old}, sa.true()


def _summed(*parts: Part) -> sa.Select[Any]:
    """Per number and cause; what cancels out is no change."""
    row = stack(*parts, types=_TYPES)
    by = [row.c[name] for name in (*_PLACE, "change_cause")]
    number, amount = count(row.c.change_count), total(row.c.change_reporting_amount)
    return (sa.select(*by, number.label("change_count"), amount.label("change_reporting_amount"))
            .group_by(*by).having(sa.or_(number != 0, amount != 0)))


def _finished(ctx: Context, told: Selectable, change: Selectable) -> sa.Select[Any]:
    now, before = ctx.current(CLOSED).alias("now"), ctx.step(publication_before)
    origin: Any = change.join(before, sa.true())
    for rows in (told, now):
        origin = origin.outerjoin(rows, sa.and_(*(rows.c[name] == change.c[name] for name in CLOSED.key)))
    known: dict[str, Expression] = {name: change.c[name] for name in _TYPES}
    for side in ("old", "new"):
        for metrics, ending in ((CHANGED_COUNTS, "count"), (CHANGED_AMOUNTS, "reporting_amount")):
            value = {name: sa.case((told.c.close_month.is_not(None), told.c[f"{side}_{name}"]), else_=now.c[name])
                     for name in metrics}
            known[f"{side}_{ending}"] = sa.case(value, value=change.c.changed_metric)
    known |= {"compared_day": before.c.business_day, "reporting_currency_code": sa.literal(ctx.reporting_currency)}
    return sa.select(*arrange(RECORD, known)).select_from(origin)


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """What the number counts today."""
    lead, deal = ddl.table(LEAD_FACT, "mart"), ddl.table(DEAL_FACT, "mart")
    parts: dict[str, dict[str, Expression]] = {
        "spend_reporting_amount": {AD_DAILY.name: sa.true()}, "won_count": {deal.name: deal.c.is_first_win},
        "revenue_reporting_amount": {deal.name: deal.c.is_won}}
    leads: dict[str, Expression] = {lead.name: lead.c.is_unique}
    return parts.get(str(row["changed_metric"]), leads)


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence, is_of_one_night=True)
