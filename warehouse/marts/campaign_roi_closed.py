"""Campaign ROI by the month in which deals closed: the cash view."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse.marts.base import Mart, Partition, stale_names
from warehouse.marts.campaign_roi_daily import RECORD as DAILY
from warehouse.marts.returns import KEY, LEADS, RATIO_CHECKS, WINS, finished, ratio_columns, stacked
from warehouse.shims import last_day, start_of
from warehouse.staging.base import Context

RECORD = Table(
    "campaign_roi_closed", Layer.MART, "One row per platform, account, campaign and month.",
    ("platform", "account_id", "campaign_id", "close_month"),
    columns("platform account_id campaign_id close_month campaign_name")
    + columns("", "spend_reporting_amount impression_count click_count", basis="spend")
    + columns("lead_count unique_lead_count qualified_count", basis="cohort")
    + columns("won_count won_deal_count margin_known_count",
              "revenue_reporting_amount gross_margin_reporting_amount", basis="closed")
    + ratio_columns(),
    "Spend of the month by the account's day; leads created and deals closed in the month, business zone. The sum of "
    "`campaign_roi_daily` over the month.",
)

PROSE = """\
What sales and accounting see: the money that went out in the month and the deals that were signed in it, whoever those
customers were and whenever they first wrote. A campaign that stopped long ago still earns here; a new one looks poor.
`tieout` proves month by month that this view and the cohort view hold the same deals."""

_SPEND = ("spend_reporting_amount", "impression_count", "click_count")


def select(ctx: Context) -> sa.Select[Any]:
    """The days of each month of the scope, summed."""
    day = ctx.current(DAILY).alias("days")
    month = start_of("month", day.c.day)
    values = {name: day.c[name] for name in (*KEY, *_SPEND, *LEADS, *WINS)} | {"close_month": month}
    rows = stacked({"close_month": sa.Date()}, _SPEND, (day, values, ctx.within(RECORD.name, month)))
    return finished(ctx, RECORD, rows, last_day("month", rows.c.close_month))


def stale(ctx: Context) -> sa.Select[Any]:
    """Months with a campaign that got another name."""
    return stale_names(ctx, RECORD, "close_month", "month")


MART = Mart(RECORD, select, PROSE, RATIO_CHECKS,
            Partition("close_month", "month", ("spend", "created", "closed")), stale)
