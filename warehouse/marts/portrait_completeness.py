"""Whether sales asked what was agreed, beside what it says of the leads: by campaign, salesperson and month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.fields.portrait import SUPPORTS
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.cuts import cut, of_row
from warehouse.marts.discount import salesperson
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.target_verdicts import by_sales
from warehouse.metrics import COMPLETENESS
from warehouse.shims import Expression, count, count_if, wilson
from warehouse.staging.base import Context, Selectable
from warehouse.staging.portrait import support

SMALL = 20
_DIMENSIONS = ("campaign", "salesperson", "campaign_and_salesperson")
_VALUES = ("source", "owner_id", "platform", "account_id", "campaign_id")
_KEY = ("dimension", *_VALUES, "cohort_month")
_COUNTS = ("owed_lead_count", "complete_count", "asked_count", "answer_count", "called_wrong_count",
           *(f"called_wrong_{each}_count" for each in SUPPORTS))
_RATES = tuple(f"completeness_rate{end}" for end in ("", "_low", "_high"))

RECORD = Table(
    "portrait_completeness", Layer.MART,
    "One row per campaign, per salesperson, and per campaign and salesperson, and month of lead creation.", _KEY,
    columns(f"{' '.join(_KEY)} is_small_sample {' '.join(_COUNTS)}", " ".join(_RATES), basis="cohort")
    + columns("rule_version"),
    "Every lead stands in each dimension once: never add up rows of two. Columns that a dimension does not need are "
    "empty. Unique leads that were spoken to or judged, ever, under the salesperson who has them today; (none) where "
    "the CRM names nobody. Answers as they stand now. Nothing is asked of a source without a property for it. "
    "Answers of one lead hang together, so the interval is that of as many yes-or-no leads, not of as many answers. "
    f"Rates are null below {SMALL} leads, and where nothing is asked. `rule_version` is that of the portrait.",
)

PROSE = """\
The other side of the wrong targets. Sales: `completeness_rate` is how much of the agreed form you brought back from
people you spoke to; who asks little cannot say whom marketing sent. Marketing: `called_wrong_supported_count` is what
you answer for, the two beside it are not; they say nothing for your leads either, only that nobody looked or that the
form says otherwise. Two people differ only where their intervals, `_low` to `_high`, do not overlap."""

CHECKS = (
    Check("no more answers than questions", "answer_count <= asked_count AND complete_count <= owed_lead_count"),
    Check("every wrong target stands in one group", "called_wrong_count = "
          + " + ".join(f"called_wrong_{each}_count" for each in SUPPORTS)),
    Check("bounds around the rate", "completeness_rate IS NULL OR (completeness_rate_low <= completeness_rate + 1e-12"
          " AND completeness_rate <= completeness_rate_high + 1e-12)"),
    Check("no rate of few leads or of no question",
          "(is_small_sample OR asked_count = 0) = (completeness_rate IS NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Counts of each salesperson, campaign and month of the scope, then the rate with its bounds."""
    row = _counts(ctx).subquery("counted")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    leads, small = row.c.owed_lead_count, row.c.owed_lead_count < SMALL
    rate = COMPLETENESS.expression(known)
    shown = dict(zip(_RATES, (rate, *wilson(rate * leads, leads)), strict=True))
    known |= {name: sa.case((sa.and_(~small, row.c.asked_count > 0), value)) for name, value in shown.items()}
    known |= {"is_small_sample": small, "rule_version": sa.literal(ctx.rules.portrait.head.version, sa.Text())}
    return sa.select(*arrange(RECORD, known))


def _counts(ctx: Context) -> sa.Select[Any]:
    lead = ctx.current(LEAD_FACT).alias("lead")
    said, wrong = by_sales(lead), lead.c.wrong_target_at.is_not(None)
    borne_out = support(sa.true(), lead.c.portrait_verdict)
    is_complete = sa.and_(lead.c.asked_count > 0, lead.c.answer_count == lead.c.asked_count)
    each = sa.select(
        *(lead.c[name] for name in (*_VALUES, "cohort_month") if name != "owner_id"),
        salesperson(lead).label("owner_id"), lead.c.asked_count, lead.c.answer_count,
        is_complete.label("is_complete"), wrong.label("is_wrong"), borne_out.label("support")).where(
            lead.c.is_unique, sa.or_(lead.c.reached_at.is_not(None), said.is_not(None)),
            ctx.within(RECORD.name, lead.c.cohort_month)).subquery("owed")
    return _grouped(cut(each, _DIMENSIONS, _VALUES))


def _grouped(each: Selectable) -> sa.Select[Any]:
    key = [each.c[name] for name in _KEY]
    values = {"owed_lead_count": sa.func.count(), "complete_count": count_if(each.c.is_complete),
              "asked_count": count(each.c.asked_count), "answer_count": count(each.c.answer_count),
              "called_wrong_count": count_if(each.c.is_wrong),
              **{f"called_wrong_{word}_count": count_if(sa.and_(each.c.is_wrong, each.c.support == word))
                 for word in SUPPORTS}}
    return sa.select(*key, *(value.label(name) for name, value in values.items())).group_by(*key)


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The leads that are counted."""
    lead = ddl.table(LEAD_FACT, "mart")
    return {"lead_fact": sa.and_(of_row(row), sa.or_(lead.c.reached_at.is_not(None), by_sales(lead).is_not(None)))}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_month", "month", ("created",)), evidence=evidence,
            is_exact=True)
