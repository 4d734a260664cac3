"""What either department promised, and what is on record of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.delivered import agreed_effort, agreed_sum, evidence, is_over
from warehouse.metrics import DELIVERED, bounds
from warehouse.shims import Expression
from warehouse.staging.base import Context, Selectable
from warehouse.staging.fx import converted, with_rate
from warehouse.staging.records import AGREEMENT, PROMISE

SMALL = 20
_RATES = tuple(f"delivered_rate{end}" for end in ("", "_low", "_high"))
_LEADS = ("promised_lead_count", "counted_lead_count", "met_lead_count")
_COUNTS = {"leads": "unique_lead_count", "qualified_leads": "qualified_count", "wins": "won_count"}

RECORD = Table(
    "commitments", Layer.MART, "One row per promise of a month or of a campaign's charter.", ("agreement", "promise"),
    columns("agreement promise promised_by is_at_most first_day last_day is_over is_draft is_small_sample",
            "platform campaign_id is_kept promised_count delivered_count promised_reporting_amount "
            f"delivered_reporting_amount promised_share {' '.join((*_RATES, *_LEADS))}")
    + columns("reporting_currency_code rule_version"),
    "Promises stand in rules/commitments.yaml; what was delivered is summed from `campaign_roi_daily` (budget, leads, "
    "qualified leads, wins), `sla_breach` (`in_time`) and `follow_up` (`fair_effort`), by their definitions. Platform "
    "and campaign are null where a promise is of the whole company. `is_kept` is null until the period is over, and "
    "where the record cannot tell: no rate for the budget's currency on the first day, spend that nobody reported, no "
    "lead of a source that writes touches down. It compares counts, exactly; qualified leads and efforts of an old "
    "period may still change. "
    f"`delivered_rate` and its bounds are null below {SMALL} counted leads.",
)

PROSE = """\
Both ways, line under line: what Marketing promised Sales, and what Sales promised Marketing. Marketing: leads fewer
than promised are yours, also where they were good; a budget is kept by spending less. Sales: `in_time` and
`fair_effort` are what you owe for them; compare `counted_lead_count` with `promised_lead_count` before you quote a
share, because leads nobody wrote a touch about prove nothing for either of you. While `is_over` is false the row shows
how far you are. With `is_draft` one of you has not signed, and the other cannot be held to it."""

CHECKS = (
    Check("kept is said only when it is over", "is_over OR is_kept IS NULL"),
    Check("an amount exactly where a budget was promised",
          "CASE WHEN promise = 'budget' THEN promised_count IS NULL AND promised_share IS NULL"
          " ELSE promised_reporting_amount IS NULL AND (promised_count IS NULL) <> (promised_share IS NULL) END"),
    Check("met are counted, counted are promised",
          "promised_share IS NULL OR (met_lead_count <= counted_lead_count"
          " AND counted_lead_count <= promised_lead_count)"),
    Check("a count is delivered as a count", "(promised_count IS NULL) = (delivered_count IS NULL)"),
    Check("a campaign has its platform", "(platform IS NULL) = (campaign_id IS NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Each promise beside what is on record of its period."""
    row = _beside(ctx).subquery("beside")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    low, high = bounds(DELIVERED, known)
    small = sa.and_(row.c.promised_share.is_not(None), row.c.counted_lead_count < SMALL)
    shown = zip(_RATES, (DELIVERED.expression(known), low, high), strict=True)
    known |= {name: sa.case((~small, value)) for name, value in shown}
    known |= {"is_small_sample": small, "is_kept": sa.case((row.c.is_over, _kept(row))),
              "reporting_currency_code": sa.literal(ctx.reporting_currency),
              "rule_version": sa.literal(ctx.rules.commitments.head.version, sa.Text())}
    return sa.select(*arrange(RECORD, known))


def _beside(ctx: Context) -> sa.Select[Any]:
    promise, agreed = ddl.table(PROMISE), ddl.table(AGREEMENT)
    found, effort = ctx.step(agreed_sum), ctx.step(agreed_effort)
    origin: Any = promise.join(agreed, agreed.c.agreement == promise.c.agreement)
    for other in (found, effort):
        origin = origin.outerjoin(other, other.c.agreement == promise.c.agreement)
    origin, rate = with_rate(ctx, promise, origin, agreed.c.first_day)
    which, nothing = promise.c.promise, sa.literal_column("0", sa.BigInteger())
    counts = {name: sa.func.coalesce(found.c[column], nothing) for name, column in _COUNTS.items()}
    timely = (found.c.unique_lead_count, found.c.counted_lead_count, found.c.met_lead_count)
    tried = (effort.c.owed_count, effort.c.owed_count, effort.c.fair_effort_count)
    shares = {name: sa.case((which == "in_time", sa.func.coalesce(one, nothing)),
                            (which == "fair_effort", sa.func.coalesce(other, nothing)))
              for name, one, other in zip(_LEADS, timely, tried, strict=True)}
    known: dict[str, Expression] = {
        **{column.name: column for column in agreed.c}, **{column.name: column for column in promise.c}, **shares,
        "promised_reporting_amount": converted(ctx, promise.c.promised_amount, promise.c.currency_code, rate),
        "delivered_count": sa.case(counts, value=which), "is_over": is_over(ctx, agreed),
        "delivered_reporting_amount": sa.case((which == "budget", found.c.spend_reporting_amount))}
    return sa.select(*(value.label(name) for name, value in known.items())).select_from(origin)


def _kept(row: Selectable) -> Expression:
    """By counts and decimals; null where nothing is counted."""
    least = sa.cast(row.c.promised_share, sa.Numeric(8, 6)) * sa.cast(row.c.counted_lead_count, sa.Numeric(16, 0))
    return sa.case(
        (row.c.promised_count.is_not(None), row.c.delivered_count >= row.c.promised_count),
        (row.c.promise == "budget",
         row.c.delivered_reporting_amount <= row.c.promised_reporting_amount),
        (row.c.counted_lead_count > 0, row.c.met_lead_count >= least))


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence, is_exact=True)
