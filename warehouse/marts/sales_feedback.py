"""What Sales passed on about each lead, piece by piece, and what Marketing still has to answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import ACTIVITY, DEAL
from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.appeal import RECORD as APPEAL
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.exchanged import VERDICTS, is_told, settled_at, work_kind
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression
from warehouse.staging.base import NO_PLATFORM, Context, Part, Selectable, stack
from warehouse.staging.heads import merged_lead
from warehouse.staging.zones import local_date

_KEY = ("source", "lead_id", "feedback_kind", "feedback_id")
_TOLD = ("given_at", "given_day", "feedback_subject", "owner_id", "settled_at")
_OF_LEAD = ("head_source", "head_lead_id", "platform", "account_id", "campaign_id", "cohort_month")

RECORD = Table(
    "sales_feedback", Layer.MART, "One row per lead and piece of feedback that Sales gave about it.", _KEY,
    columns(f"{' '.join(_KEY)} given_at given_day", "feedback_subject owner_id is_answer_owed settled_at",
            basis="worked") + columns("", " ".join(_OF_LEAD), basis="cohort"),
    "The pieces that `daily_exchange` counts for sales, by the same days: notes, verdicts (hot, potential, wrong "
    "target, invalid contact, lost), reasons of lost deals, appeals. A note that concerns several leads has a row for "
    "each, and counts there once. The lead is the one that survived its merges; of a deal without one it is (none). "
    "`owner_id` wrote the note, has the lead or the deal; who filed an appeal stands in `appeal`. What a note says is "
    "not even read from the CRM, which opens it by `feedback_id`; the CRM's own words for a reason stay in staging.",
)

PROSE = """\
What sales passed on at the end of the day, so that it reaches whoever can change a campaign. Marketing: group by
`campaign_id` and `feedback_subject`; many a `wrong_target` or `price` of one campaign is a message about that campaign,
and each row with `is_answer_owed` is an appeal that waits for you. Sales: what you told only by word of mouth is not
here. A `note` says that there is something to read, not what; a verdict or a reason is what others can count."""

CHECKS = (
    Check("an answer is owed to appeals only", "(feedback_kind = 'appeal') = (is_answer_owed IS NOT NULL)"
          " AND (is_answer_owed IS NULL OR is_answer_owed = (settled_at IS NULL))"),
    Check("only a deal may have no lead", f"feedback_kind = 'lost_reason' OR lead_id <> '{NO_PLATFORM}'"),
    Check("everything but a note says something", "(feedback_kind = 'note') = (feedback_subject IS NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Every piece on the lead that it concerns today, with that lead's person and campaign."""
    lead, row = ctx.current(LEAD_FACT).alias("lead"), _pieces(ctx)
    waits = sa.case((row.c.feedback_kind == "appeal", row.c.settled_at.is_(None)))
    values: dict[str, Expression] = {**{name: row.c[name] for name in (*_KEY, *_TOLD)}, "is_answer_owed": waits,
                                     **{name: lead.c[name] for name in _OF_LEAD}}
    whose = sa.and_(lead.c.source == row.c.source, lead.c.lead_id == row.c.lead_id)
    return sa.select(*arrange(RECORD, values)).select_from(row.outerjoin(lead, whose))


def _pieces(ctx: Context) -> Selectable:
    """All pieces, each once per lead, whichever of its merged records they were given about."""
    types = {**dict.fromkeys((*_KEY, "feedback_subject", "owner_id"), sa.Text()), "given_day": sa.Date(),
             **dict.fromkeys(("given_at", "settled_at"), sa.DateTime())}
    given = stack(_notes(), *(_verdict(ctx, state) for state in VERDICTS), _reasons(ctx), _appeals(ctx), types=types)
    gone = ctx.step(merged_lead)
    away = sa.and_(gone.c.source == given.c.source, gone.c.lead_id == given.c.lead_id)
    root = sa.func.coalesce(gone.c.root_id, given.c.lead_id, NO_PLATFORM)
    key = [root if name == "lead_id" else given.c[name] for name in _KEY]
    return (sa.select(*(column.label(name) for name, column in zip(_KEY, key, strict=True)),
                      *(sa.func.min(given.c[name]).label(name) for name in _TOLD))
            .select_from(given.outerjoin(gone, away)).group_by(*key).subquery("pieces"))


def _piece(row: Selectable, kind: str, identity: Expression, at: Expression, day: Expression,
           **more: Expression) -> dict[str, Expression]:
    return {"source": row.c.source, "lead_id": row.c.lead_id, "feedback_kind": sa.literal(kind, sa.Text()),
            "feedback_id": identity, "given_at": at, "given_day": day, **more}


def _notes() -> Part:
    act = ddl.table(ACTIVITY)
    values = _piece(act, "note", act.c.activity_id, act.c.occurred_at, act.c.occurred_day, owner_id=act.c.actor_id)
    return act, values, sa.and_(work_kind(act) == "notes", act.c.occurred_day.is_not(None))


def _verdict(ctx: Context, state: str) -> Part:
    lead = ctx.current(LEAD_FACT).alias(f"lead_{state}")
    word, at = sa.literal(state, sa.Text()), lead.c[f"{state}_at"]
    values = _piece(lead, "verdict", word, at, local_date(ctx, at), feedback_subject=word, owner_id=lead.c.owner_id)
    return lead, values, is_told(lead, state)


def _reasons(ctx: Context) -> Part:
    """Reasons of lost deals, in the words of the rule file."""
    deal, means = ddl.table(DEAL), ctx.rules.lost_reasons
    said = deal.c.lost_reason
    subject = sa.case((said.in_(means.price), "price"), (said.in_(means.competitor), "competitor"), else_="other")
    values = _piece(deal, "lost_reason", deal.c.deal_id, deal.c.closed_at, deal.c.closed_day, feedback_subject=subject,
                    owner_id=deal.c.owner_id)
    lost = sa.and_(deal.c.is_lost, ~deal.c.is_won, ~deal.c.is_archived)
    return deal, values, sa.and_(lost, said.is_not(None), deal.c.closed_day.is_not(None))


def _appeals(ctx: Context) -> Part:
    claim = ctx.current(APPEAL).alias("claim")
    values = _piece(claim, "appeal", claim.c.appeal_id, claim.c.filed_at, local_date(ctx, claim.c.filed_at),
                    feedback_subject=claim.c.appealed_state, settled_at=settled_at(claim))
    return claim, values, claim.c.appellant == "sales"


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The lead by which its person is counted, and the lost deal."""
    lead, deal = ddl.table(LEAD_FACT, "mart"), ddl.table(DEAL_FACT, "mart")
    found = {lead.name: sa.and_(lead.c.source == row["head_source"], lead.c.lead_id == row["head_lead_id"])}
    if row["feedback_kind"] == "lost_reason":
        found[deal.name] = sa.and_(deal.c.source == row["source"], deal.c.deal_id == row["feedback_id"])
    return found


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence, is_exact=True)
