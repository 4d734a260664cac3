"""Leads, one by one: the row behind every count."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.shims import start_of
from warehouse.staging.base import Context
from warehouse.staging.heads import lead_head
from warehouse.staging.match import with_campaign
from warehouse.staging.portrait import by_rules, head_answer
from warehouse.staging.states import KEPT, head_outcome
from warehouse.staging.trials import is_trial

RECORD = Table(
    "lead_fact", Layer.MART,
    "One row per lead that was not merged away, repeats of known persons included.",
    ("source", "lead_id"),
    columns("source lead_id person_key head_source head_lead_id is_unique is_test", basis="")
    + columns("created_at created_day cohort_week cohort_month", basis="cohort")
    + columns("platform account_id campaign_id match_method match_confidence is_valid",
              "unmatched_reason has_status owner_id", basis="cohort")
    + columns("", "assigned_at first_touch_at answered_at attempted_at reached_at hot_at potential_at wrong_target_at "
                  "invalid_contact_at lost_at", basis="worked")
    + columns("", "first_won_at", basis="closed")
    + columns("", "asked_count answer_count portrait_verdict failed_rule", basis="worked")
    + columns("", "rule_version appeals"),
    "Outcomes stand on the head lead only: on a repeat they are null, because they belong to the person's first lead. "
    "So they are on a test lead, which is nobody's and its own head. "
    "The campaign of a row is the one that brought this very lead. A state on which both departments agreed in an "
    "appeal (`appeals`) is as they agreed, whatever the records say.",
)

_STATES = tuple(f"{state}_at" for state in KEPT)
_FIRSTS = ("first_won_at", "assigned_at", "first_touch_at", "answered_at")

PROSE = """\
Every count of leads in the other tables is a count of these rows, so a disputed number opens here: filter by campaign
and cohort, and read which lead was reached when, by which rule version, and how its campaign was found. A repeat of a
person stays visible but carries no outcome of its own; `head_lead_id` says where the outcome went. A trial of a form
(`is_test`) stays visible, too, and is counted among `lead_count` only: tell the other side before you try one."""

CHECKS = (
    Check("head of itself if unique", "is_unique = (source = head_source AND lead_id = head_lead_id AND NOT is_test)"),
    Check("a reason where there is no campaign", "(match_method = 'none') = (unmatched_reason IS NOT NULL)"),
    Check("outcomes only on unique leads", "is_unique OR (has_status IS NULL AND first_won_at IS NULL)"),
    Check("answers only on unique leads", "is_unique = (portrait_verdict IS NOT NULL)"
          " AND is_unique = (answer_count IS NOT NULL)"),
    Check("no more answers than questions", "COALESCE(answer_count <= asked_count, TRUE)"),
    Check("who fails, fails a rule", "portrait_verdict IS NULL OR portrait_verdict <> 'fails'"
          " OR failed_rule IS NOT NULL"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Live leads of the scope with their head, campaign and, on heads, first instants."""
    lead, head, outcome, answered = (ddl.table(LEAD), ctx.step(lead_head), ctx.step(head_outcome),
                                     ctx.step(head_answer))
    origin: Any = lead.join(head, sa.and_(head.c.source == lead.c.source, head.c.lead_id == lead.c.lead_id))
    for found in (outcome, answered):
        origin = origin.outerjoin(found, sa.and_(found.c.head_source == lead.c.source,
                                                 found.c.head_lead_id == lead.c.lead_id))
    origin, campaign = with_campaign(ctx, origin, lead)
    is_test = is_trial(head.c.person_key)
    unique = sa.and_(head.c.head_source == lead.c.source, head.c.head_lead_id == lead.c.lead_id, ~is_test)
    contact = sa.or_(sa.func.coalesce(lead.c.is_email_valid, sa.false()),
                     sa.func.coalesce(lead.c.is_phone_valid, sa.false()))
    values: dict[str, Any] = {
        **{name: lead.c[name] for name in ("source", "lead_id", "created_at", "created_day", "owner_id")},
        **campaign,
        **{name: head.c[name] for name in ("person_key", "head_source", "head_lead_id")}, "is_unique": unique,
        "is_test": is_test,
        "cohort_week": start_of("week", lead.c.created_day), "cohort_month": start_of("month", lead.c.created_day),
        "is_valid": sa.and_(unique, contact, outcome.c.invalid_contact_at.is_(None)),
        "has_status": sa.case((unique, sa.func.coalesce(outcome.c.has_status, sa.false()))),
        **{name: sa.case((~is_test, outcome.c[name])) for name in (*_STATES, *_FIRSTS, "appeals")},
        **by_rules(ctx, lead.c.source, answered, unique),
        "rule_version": sa.literal(ctx.rule_version, sa.Text()),
    }
    return sa.select(*arrange(RECORD, values)).select_from(origin).where(head.c.is_live)


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("created_day", "day", ("created",)))
