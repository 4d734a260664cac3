"""Who brought the won deals, by eleven rules side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import DEAL
from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.attribution_channel import RECORD as CHANNEL
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.credit import HALF_LIFE_DAYS, divided, share
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.paths import CAMPAIGN, LOOKBACK_DAYS, won_path
from warehouse.shims import MONEY, Expression, start_of
from warehouse.staging.base import NO_PLATFORM, UNATTRIBUTED, Context, Selectable, differing

_DEAL = ("source", "deal_id")

RECORD = Table(
    "attribution", Layer.MART,
    "One row per won deal, model and touch that the model credits; one under (unattributed) where it credits none.",
    ("source", "deal_id", "attribution_model", "touch_no"),
    columns("source deal_id attribution_model touch_no")
    + columns("close_month", basis="closed")
    + columns("platform account_id campaign_id path_touch_count lookback_days attribution_weight",
              "touch_source touch_lead_id touch_at attributed_reporting_amount", basis="closed")
    + columns("reporting_currency_code"),
    f"Touches of the deal's person (`touch`) up to the closing, at most {LOOKBACK_DAYS} days before it and after the "
    "person's previous win. first_touch, last_touch: the one. last_non_direct: the last that is not direct, else the "
    "last. first_paid, last_paid: without a paid touch no credit. linear: all alike. u_shaped: 40 % first, 40 % last, "
    "20 % between; of two, half each. w_shaped: 30 % each to the first, to the lead that carries the deal and to the "
    "last before the deal was opened (each of these two else to the first), 10 % to the rest; without a rest, a third "
    f"each. time_decay: half the weight every {HALF_LIFE_DAYS} days before the closing. shapley: campaigns win a deal "
    "together if all that were on its way are among them; the Shapley value of that game is an equal part for each, "
    "exactly, however many they are. markov: in proportion to the month's removal effects (`attribution_channel`), all "
    "alike where there are none. These two know campaigns and not touches: a campaign's part stands on its last touch. "
    "Weights and amounts are cut at the borders between touches, down to a millionth, and so add up exactly.",
)

PROSE = """\
No row here is the truth, and the models are published together so that nobody can choose one in silence: where they
agree there is nothing to quarrel about, where they differ the spread is the size of the quarrel. Marketing: a campaign
that wins by one model only has not won. Sales: `(unattributed)` is what no recorded touch preceded; that is where
deals of your own making are, and where tracking failed as well. Spend is attributed nowhere: it stays where the
platform booked it."""

CHECKS = (
    Check("credited by a lead, or by nobody",
          f"(touch_no = 0) = (campaign_id = '{UNATTRIBUTED}') AND (touch_no = 0) = (touch_lead_id IS NULL)"),
    Check("a place on the way", "touch_no BETWEEN 0 AND path_touch_count"),
    Check("nobody alone takes the whole", "touch_no > 0 OR attribution_weight = 1"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Every touch on every way under every model that credits it."""
    return sa.select(*arrange(RECORD, _known(ctx, divided(ctx.step(won_path)))))


def _known(ctx: Context, row: Selectable) -> dict[str, Expression]:
    credited = row.c.whole > 0
    nobody = {"platform": NO_PLATFORM, "account_id": "", "campaign_id": UNATTRIBUTED}
    one = sa.cast(sa.literal_column("1"), MONEY)
    return {
        **{name: row.c[name] for name in (*_DEAL, "attribution_model", "close_month", "path_touch_count")},
        **{name: sa.case((credited, row.c[name]), else_=word) for name, word in nobody.items()},
        **{name: sa.case((credited, row.c[name])) for name in ("touch_source", "touch_lead_id", "touch_at")},
        "touch_no": sa.case((credited, row.c.touch_no), else_=0),
        "lookback_days": sa.literal_column(str(LOOKBACK_DAYS), sa.BigInteger()),
        "attribution_weight": share(one, row), "attributed_reporting_amount": share(row.c.deal_reporting_amount, row),
        "reporting_currency_code": sa.literal(ctx.reporting_currency)}


def stale(ctx: Context) -> sa.Select[Any]:
    """Months of deals judged anew, whose ways may differ though they do not; months whose removal effects differ."""
    deal, judged = ctx.current(DEAL_FACT).alias("deal"), ctx.superseded[DEAL.name]
    moved = (sa.select(start_of("month", deal.c.closed_day).label("close_month"))
             .join_from(deal, judged, sa.and_(*(judged.c[name] == deal.c[name] for name in _DEAL)))
             .where(deal.c.is_won))
    names = ("close_month", *CAMPAIGN, "removal_effect")
    both = ctx.current(CHANNEL).alias("new"), ddl.table(CHANNEL, "mart").alias("old")
    changed = differing(*(sa.select(*(each.c[name] for name in names)) for each in both)).subquery("changed")
    return sa.select(sa.union(moved, sa.select(changed.c.close_month)).subquery("months"))


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The deal, and the lead that the touch left."""
    lead, deal = ddl.table(LEAD_FACT, "mart"), ddl.table(DEAL_FACT, "mart")
    return {"deal_fact": sa.and_(*(deal.c[name] == row[name] for name in _DEAL)),
            "lead_fact": sa.and_(lead.c.source == row["touch_source"], lead.c.lead_id == row["touch_lead_id"])}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("close_month", "month", ("closed",)), stale, evidence,
            is_exact=True)
