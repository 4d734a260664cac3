"""Leads of which two records say what cannot both be true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.fields import FIELDS, columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.disputes import lead_dispute
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression, date_add_days
from warehouse.staging.base import Context, Part, Selectable, stack

RECORD = Table(
    "contradiction", Layer.MART, "One row per lead that was not merged away and kind of contradiction in its records.",
    ("source", "lead_id", "contradiction"),
    columns("source lead_id contradiction responsible rule_version")
    + columns("cohort_month", basis="cohort")
    + columns("claim contrary claim_at", "contrary_at", basis="worked"),
    "A lead stands for itself and what was merged into it; a repeat of the person is a record of its own. A status "
    "counts against a win only while it is the newest of its field. `_then_hot`: another field's later status says "
    "hot, both instants recorded by the source. `reached_without_contact`: only where the source recorded an answered "
    "contact with some other lead of the month. `_before_created`: not where others were merged in, whose creation is "
    "no longer told. `reached_after_won`: more than a day later, and every sign of reaching has a recorded instant.",
)

PROSE = """\
Where the records quarrel with themselves, before departments quarrel over them. Marketing: leads counted as new that
sales had already touched or sold to are not yours to claim. Sales: a lead written off and won all the same, or reached
without any conversation on record, makes every verdict beside it doubtful. No row accuses a person: `responsible`
says which side can look both records up and correct the false one, `claim_at` and `contrary_at` where to look."""

CHECKS = (
    Check("something is missing only where its absence contradicts",
          "(contrary_at IS NULL) = (contradiction = 'reached_without_contact')"),
    Check("before creation is before", "contradiction NOT IN ('won_before_created', 'touched_before_created')"
          " OR contrary_at < claim_at"),
    Check("after the win is after", "contradiction <> 'reached_after_won' OR claim_at > contrary_at"),
    Check("hot came later", "contradiction NOT IN ('wrong_target_then_hot', 'invalid_contact_then_hot')"
          " OR contrary_at > claim_at"),
)


@dataclass(frozen=True)
class Dispute:
    """One kind: who clears it up, the two statements with the instants they rest on, and when they contradict."""

    kind: str
    responsible: str
    claim: str
    claim_at: str
    contrary: str
    contrary_at: str
    holds: Callable[[Selectable], Expression]


def _both(one: str, other: str) -> Callable[[Selectable], Expression]:
    return lambda row: sa.and_(row.c[one].is_not(None), row.c[other].is_not(None))


def _earlier(one: str, other: str) -> Callable[[Selectable], Expression]:
    return lambda row: row.c[one] < row.c[other]


def _before_created(name: str) -> Callable[[Selectable], Expression]:
    return lambda row: sa.and_(row.c[name] < row.c.created_at, ~row.c.has_merged)


def _reached(row: Selectable) -> Expression:
    """The first sign that the lead was reached, by status or by contact."""
    return sa.func.least(row.c.reached_status_at, row.c.answered_at, type_=sa.DateTime())


def _unheard(row: Selectable) -> Expression:
    return sa.and_(row.c.reached_status_at.is_not(None), row.c.answered_at.is_(None), row.c.has_contacts)


def _too_late(row: Selectable) -> Expression:
    day = sa.literal_column("1", sa.BigInteger())
    return sa.and_(row.c.reached_inferred_at.is_(None), row.c.reached_at > date_add_days(row.c.won_at, day))


DISPUTES = (
    *(Dispute(f"{state}_but_won", side, state, f"{state}_at", "won", "won_at", _both(f"{state}_at", "won_at"))
      for state, side in (("wrong_target", "sales"), ("lost", "sales"), ("invalid_contact", "both"))),
    Dispute("reached_without_contact", "sales", "reached", "reached_status_at", "no_answered_contact", "answered_at",
            _unheard),
    *(Dispute(f"{event}_before_created", "marketing", "created", "created_at", event, f"{event}_at",
              _before_created(f"{event}_at")) for event in ("won", "touched")),
    Dispute("reached_after_won", "sales", "reached", "reached_at", "won", "won_at", _too_late),
    *(Dispute(f"{state}_then_hot", "sales", state, f"{state}_told_at", "hot", "hot_told_at",
              _earlier(f"{state}_told_at", "hot_told_at")) for state in ("wrong_target", "invalid_contact")),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Every lead of the scope once per kind that holds of it."""
    given = ctx.step(lead_dispute)
    row = sa.select(given, _reached(given).label("reached_at")).subquery("dispute")
    types = {column.name: ddl.sql_type(FIELDS[column.name].kind) for column in RECORD.columns
             if column.name != "rule_version"}
    every = stack(*(_rows(row, dispute) for dispute in DISPUTES), types=types)
    known: dict[str, Expression] = {column.name: column for column in every.c}
    return sa.select(*arrange(RECORD, known | {"rule_version": sa.literal(ctx.rule_version, sa.Text())}))


def _rows(row: Selectable, dispute: Dispute) -> Part:
    words = {"contradiction": dispute.kind, "responsible": dispute.responsible, "claim": dispute.claim,
             "contrary": dispute.contrary}
    values: dict[str, Expression] = {
        "source": row.c.source, "lead_id": row.c.root_id, "cohort_month": row.c.cohort_month,
        "claim_at": row.c[dispute.claim_at], "contrary_at": row.c[dispute.contrary_at],
        **{name: sa.literal(word) for name, word in words.items()}}
    return row, values, dispute.holds(row)


def stale(ctx: Context) -> sa.Select[Any]:
    """Months of every lead judged anew: a status may be the newest though no first instant moved."""
    lead, judged = ctx.current(LEAD_FACT).alias("lead"), ctx.superseded[LEAD.name]
    return (sa.select(lead.c.cohort_month)
            .join_from(lead, judged, sa.and_(judged.c.source == lead.c.source, judged.c.lead_id == lead.c.lead_id))
            .distinct())


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The lead, and the deals that it carries."""
    return {fact.name: ddl.table(fact, "mart").c.lead_id == row["lead_id"] for fact in (LEAD_FACT, DEAL_FACT)}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("cohort_month", "month", ("created",)), stale, evidence)
