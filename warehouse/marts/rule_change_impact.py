"""What a changed rule moved: the same records, judged by the version before and by the new one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.fields.agreements import RULED
from crosscheck.fields.appeals import APPEALABLE
from crosscheck.rules import STATE_FILES
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.returns import qualified
from warehouse.shims import Expression, among, count_if
from warehouse.staging.base import Context, Selectable
from warehouse.staging.records import LEAD_STATE_RULE_BEFORE, RULE_FILE
from warehouse.staging.states import outcome_before

_KEY = ("rule_file", "old_rule_version", "new_rule_version", "changed_day", "source", "ruled_state")
_COUNTS = tuple(f"{name}_count" for name in ("old_rule", "new_rule", "moved_in", "moved_out", "redated"))

RECORD = Table(
    "rule_change_impact", Layer.MART,
    "One row per change of a rule's version, night, source and state of a lead.", _KEY,
    columns(f"{' '.join(_KEY)} is_draft {' '.join(_COUNTS)}"),
    "Both counts are of the records of one and the same night, so that their difference is the rule's alone: what "
    "came, was restated or merged that night moves neither. Unique leads, ever in the state. `is_draft`: a signature "
    "was missing when it was published. Rows stay as they were written. The files of `lead_states` are told, which say "
    "what a lead is; what any file moved in total says `rule_change_effect`.",
)

PROSE = """\
Read this before you sign a rule, and before you quarrel about a jump in a curve: it says how many leads became
something else because a word got another meaning, and not because of anybody's work. Marketing: a wrong target that
`moved_in` is a definition, not a bad campaign. Sales: so is a reached lead that `moved_out`. With `is_draft` one of you
has not agreed to it. The numbers by the old version are not lost: `crosscheck as-of` prints them as they were
published."""

CHECKS = (
    Check("what moved is the difference", "new_rule_count = old_rule_count + moved_in_count - moved_out_count"),
    Check("moved out of those that were in", "moved_out_count + redated_count <= old_rule_count"),
    Check("another version", "old_rule_version <> new_rule_version"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """What was told before, and tonight's change if there is one."""
    told, before = ddl.table(RECORD, "mart"), ddl.table(LEAD_STATE_RULE_BEFORE)
    if ctx.conn is not None and ctx.conn.execute(sa.select(before).limit(1)).first() is None:
        return sa.select(told)
    fresh = _change(ctx).subquery("fresh")
    kept = sa.select(told).where(~among(told, _KEY, sa.select(*(fresh.c[name] for name in _KEY))))
    return sa.select(sa.union_all(sa.select(fresh), kept).subquery("changes"))


def _change(ctx: Context) -> sa.Select[Any]:
    """Per source and state: the unique leads by either version. No row where no meaning changed."""
    moved, before, file = _judged_twice(ctx), ddl.table(LEAD_STATE_RULE_BEFORE), ddl.table(RULE_FILE)
    old: Expression = sa.select(sa.func.max(before.c.rule_version)).scalar_subquery()
    new: Expression = sa.select(sa.func.max(file.c.rule_version)).where(_is_states(file)).scalar_subquery()
    draft: Expression = sa.select(sa.func.bool_or(file.c.is_draft)).where(_is_states(file)).scalar_subquery()
    values: dict[str, Expression] = {
        "rule_file": sa.literal(STATE_FILES), "old_rule_version": old, "new_rule_version": new, "is_draft": draft,
        "changed_day": sa.cast(sa.literal(ctx.business_day, sa.Date()), sa.Date()),
        **{column.name: column for column in moved.c}}
    return sa.select(*arrange(RECORD, values)).where(old != new)


def _is_states(file: Selectable) -> Expression:
    return file.c.rule_file.startswith(f"{STATE_FILES}/", autoescape=True)


def _judged_twice(ctx: Context) -> Selectable:
    """Counts by source and state."""
    lead, was = ctx.current(LEAD_FACT).alias("lead"), ctx.step(outcome_before)
    same = sa.and_(was.c.head_source == lead.c.source, was.c.head_lead_id == lead.c.lead_id)
    judged = lead.outerjoin(was, same)
    return sa.union_all(*(
        sa.select(lead.c.source, sa.literal(state).label("ruled_state"), *_moves(lead, was, state))
        .select_from(judged).where(lead.c.is_unique).group_by(lead.c.source) for state in RULED)).subquery("moved")


def _moves(lead: Selectable, was: Selectable, state: str) -> list[sa.Label[Any]]:
    new, old = (_is_in(rows, state) for rows in (lead, was))
    redated: Expression = sa.false()
    if state in APPEALABLE:
        redated = sa.and_(old, new, lead.c[f"{state}_at"] != was.c[f"{state}_at"])
    found = (old, new, sa.and_(new, ~old), sa.and_(old, ~new), redated)
    return [count_if(condition).label(name) for name, condition in zip(_COUNTS, found, strict=True)]


def _is_in(rows: Selectable, state: str) -> Expression:
    return rows.c[f"{state}_at"].is_not(None) if state in APPEALABLE else qualified(rows)


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=lambda _: {})
