"""Each lead of a mature month with the one cause by which it leaked, and what that rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.leak_causes import CAUSES, first_cause, of_cause
from warehouse.marts.leaks import horizon, is_judged, leak_lead
from warehouse.shims import Expression
from warehouse.staging.appeals import is_appealed
from warehouse.staging.base import Context, Selectable

_AS_IS = ("source", "lead_id", "platform", "account_id", "campaign_id", "created_at", "cohort_month", "lead_kind",
          "due_at", "attempt_count", "revenue_reporting_amount", "gross_margin_reporting_amount")
#: Causes that an appeal may have decided, by the state on which they rest.
_APPEALED = {"invalid_contact": "invalid_contact", "wrong_target": "wrong_target", "reached_no_follow_up": "reached",
             "lost_no_reason": "lost"}

RECORD = Table(
    "leak_evidence", Layer.MART,
    "One row per lead that was not merged away, of the months that have passed the horizon.",
    ("source", "lead_id"),
    columns("source lead_id platform account_id campaign_id")
    + columns("created_at cohort_month horizon_days lead_kind", "due_at", basis="cohort")
    + columns("leak_cause leak_owner attempt_count", "evidence evidence_at", basis="worked")
    + columns("", "revenue_reporting_amount gross_margin_reporting_amount", basis="closed")
    + columns("reporting_currency_code", "rule_file rule_version"),
    "Only what happened within the horizon of the lead's creation counts. The first cause that holds is the only one: "
    + ", ".join(cause.name for cause in CAUSES) + ". `won` comes before every leak: whoever bought is none, however "
    "late the call was. A repeat of a known person is a `duplicate`, a trial of a form a `test_lead`, and no more. "
    "`attempted_late` needs a touch on record; a status alone has no hour to trust. `nothing_recorded`: no lead of the "
    "source and month bears a status or activity. `effort_not_recorded`: none bears an outbound touch, so that nobody "
    "can say how often the lead was tried. Elsewhere, without a touch of its own, `given_up_early` rests on the "
    "status. Answers to the portrait count as they stand now, for an answer has no hour. Deals are those of the "
    "person; their amounts stand here only for `won`. "
    "Where the state behind the cause was settled by an appeal, `rule_file` is `appeal` and `rule_version` names it.",
)

PROSE = """\
The row behind every count of `leak_waterfall`: which cause, by which rule, resting on which instant. Marketing: an
`invalid_contact` or `existing_customer` is yours to explain. Sales: `due_at` and `attempt_count` are what your side of
the record says; a call that was not written down looks like none. A `wrong_target` is one that the answers to the
portrait bear out, or that both of you signed in an appeal; `wrong_target_unsupported` is a verdict that neither side
has shown, and that neither may use against the other: `target_verdicts` says why. A `test_lead`, by
the signs that both of you agreed on, and a person's later lead are nobody's. A disputed row is changed by correcting
the record or the rule, or by an appeal, never here."""

CHECKS = (
    Check("an instant exactly where there is evidence", "evidence_at IS NULL OR evidence IS NOT NULL"),
    Check("nothing after the horizon counts", "evidence_at IS NULL OR leak_cause = 'existing_customer'"
          " OR evidence_at <= created_at + horizon_days * INTERVAL '1 day'"),
    Check("a customer bought before", "leak_cause <> 'existing_customer' OR evidence_at < created_at"),
    Check("late is after the promise", "leak_cause <> 'attempted_late' OR evidence_at > due_at"),
    Check("a win has its instant", "leak_cause <> 'won' OR evidence_at >= created_at"),
    Check("money only for wins", "leak_cause = 'won'"
          " OR (revenue_reporting_amount IS NULL AND gross_margin_reporting_amount IS NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Every judged lead with its cause, and what belongs to it."""
    given = ctx.step(leak_lead)
    row = sa.select(given, first_cause(ctx, given).label("leak_cause")).subquery("judged")
    cause, rules = row.c.leak_cause, ctx.rules.heads
    versions = {"lead_states": ctx.rule_version} | {name: head.version for name, head in rules.items()}
    known: dict[str, Expression] = {
        **{name: row.c[name] for name in _AS_IS}, "leak_cause": cause, "horizon_days": horizon(ctx),
        "reporting_currency_code": sa.literal(ctx.reporting_currency),
        "leak_owner": of_cause(cause, {each.name: sa.literal(each.owner) for each in CAUSES}),
        "evidence": of_cause(cause, {each.name: sa.literal(each.evidence) for each in CAUSES if each.evidence}),
        "evidence_at": of_cause(cause, {each.name: row.c[each.evidence] for each in CAUSES if each.evidence}),
        "rule_file": sa.case((_by_appeal(row), "appeal"), else_=of_cause(cause, {
            each.name: sa.literal(each.rule) for each in CAUSES if each.rule})),
        "rule_version": sa.case((_by_appeal(row), row.c.appeals), else_=of_cause(cause, {
            each.name: sa.literal(versions[each.rule]) for each in CAUSES if each.rule}))}
    return sa.select(*arrange(RECORD, known))


def _by_appeal(row: Selectable) -> Expression:
    """Whether the state on which the cause rests is one on which both departments agreed."""
    return sa.or_(*(sa.and_(row.c.leak_cause == cause, is_appealed(row.c.appeals, state))
                    for cause, state in _APPEALED.items()))


def stale(ctx: Context) -> sa.Select[Any]:
    """Months of every lead judged anew (its touches, its form), and those that have matured since the last build."""
    lead, judged, there = ctx.current(LEAD_FACT).alias("lead"), ctx.superseded[LEAD.name], ddl.table(RECORD, "mart")
    touched = (sa.select(lead.c.cohort_month)
               .join_from(lead, judged, sa.and_(judged.c.source == lead.c.source, judged.c.lead_id == lead.c.lead_id)))
    published = ddl.table(LEAD_FACT, "mart")
    matured = sa.select(published.c.cohort_month).where(
        is_judged(ctx, published.c.cohort_month), published.c.cohort_month.not_in(sa.select(there.c.cohort_month)))
    return sa.select(sa.union(touched, matured).subquery("stale"))


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The lead, and the deals of its person."""
    lead, deal = ddl.table(LEAD_FACT, "mart"), ddl.table(DEAL_FACT, "mart")
    return {lead.name: lead.c.lead_id == row["lead_id"], deal.name: deal.c.head_lead_id == row["lead_id"]}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_month", "month", ("created",)), stale, evidence)
