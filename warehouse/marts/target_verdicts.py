"""Right or wrong target: what sales said of each lead, what its answers say, and whether the two agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression
from warehouse.staging.base import Context, Selectable
from warehouse.staging.portrait import support

_AS_IS = ("source", "lead_id", "platform", "account_id", "campaign_id", "owner_id", "created_at", "cohort_month",
          "portrait_verdict", "asked_count", "answer_count", "failed_rule")
#: Signs that sales thinks the lead worth something; of two at once the first.
_RIGHT = ("hot_at", "potential_at", "first_won_at")

RECORD = Table(
    "target_verdicts", Layer.MART,
    "One row per unique lead that sales called a wrong target, or hot, potential or won.", ("source", "lead_id"),
    columns("source lead_id platform account_id campaign_id", "owner_id")
    + columns("created_at cohort_month", basis="cohort")
    + columns("sales_verdict evidence evidence_at portrait_verdict support asked_count answer_count", "failed_rule",
              basis="worked")
    + columns("rule_version"),
    "One wrong target is one for good, whatever was said later; `contradiction` lists who was both. The answers are "
    "those on any record of the person, as they stand now; they say something only where every question that the "
    "source asks is answered and the source asks for what the hard rules need. `supported`: wrong and a hard rule "
    "fails, or right and none does. `contradicted`: the other way round. `unsupported`: the answers decide nothing. "
    "`rule_version` is that of the portrait.",
)

PROSE = """\
Who called the lead a wrong target, and on what ground. Marketing: a `supported` wrong target is yours to explain, with
the `failed_rule` beside it. Sales: an `unsupported` one was judged before all was asked, and a `contradicted` one
against the agreed portrait; neither may be used against marketing, unless both of you signed it in an `appeal`. The
same holds of leads that sales liked: a right target that fails a rule says that the portrait is wrong, or that the
answers are. The answers themselves stand in the CRM, for they may name people."""

CHECKS = (
    Check("nothing is said of what was not asked", "portrait_verdict IN ('fits', 'fails') OR support = 'unsupported'"),
    Check("an answer decides", "portrait_verdict NOT IN ('fits', 'fails') OR (support = 'supported') ="
          " ((sales_verdict = 'wrong') = (portrait_verdict = 'fails'))"),
    Check("a wrong target was called so", "(sales_verdict = 'wrong') = (evidence = 'wrong_target_at')"),
)


def by_sales(lead: Selectable) -> Expression:
    """What sales said of a lead; null where nothing."""
    said = (lead.c[name].is_not(None) for name in _RIGHT)
    return sa.case((lead.c.wrong_target_at.is_not(None), "wrong"), (sa.or_(*said), "right"))


def select(ctx: Context) -> sa.Select[Any]:
    """Every first lead that was judged, with what its judgement rests on."""
    lead = ctx.current(LEAD_FACT).alias("lead")
    first: Expression = sa.func.least(*(lead.c[name] for name in _RIGHT), type_=sa.DateTime())
    wrong = lead.c.wrong_target_at
    signs = [(wrong.is_not(None), "wrong_target_at"), *((lead.c[name] == first, name) for name in _RIGHT)]
    known: dict[str, Expression] = {
        **{name: lead.c[name] for name in _AS_IS}, "sales_verdict": by_sales(lead), "evidence": sa.case(*signs),
        "evidence_at": sa.func.coalesce(wrong, first),
        "support": support(wrong.is_not(None), lead.c.portrait_verdict),
        "rule_version": sa.literal(ctx.rules.portrait.head.version, sa.Text())}
    return sa.select(*arrange(RECORD, known)).where(
        lead.c.is_unique, by_sales(lead).is_not(None), ctx.within(RECORD.name, lead.c.cohort_month))


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The lead."""
    return {"lead_fact": ddl.table(LEAD_FACT, "mart").c.lead_id == row["lead_id"]}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_month", "month", ("created",)), evidence=evidence)
