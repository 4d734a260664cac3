"""Appeals: what one department says a lead really was, and whether the other one agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression
from warehouse.staging.appeals import HEAD, filed_appeal, is_agreed, place
from warehouse.staging.base import Context, Selectable
from warehouse.staging.heads import merged_lead

_SIGNED = ("signed_by_marketing", "signed_by_sales")
_CAMPAIGN = ("platform", "account_id", "campaign_id", "cohort_month")

RECORD = Table(
    "appeal", Layer.MART, "One row per appeal about a lead's state that was ever filed.", ("appeal_id",),
    columns("appeal_id source lead_id appealed_state appellant appeal_status filed_at",
            f"appealed_at {' '.join(_SIGNED)} binding_at withdrawn_by withdrawn_at")
    + columns("", f"{' '.join(HEAD)} {' '.join(_CAMPAIGN)}", basis="cohort"),
    "An appeal is about the person to whom its lead belongs: the head lead's state is what the newest binding appeal "
    "says, and head lead and campaign are null while no such lead is there. An appeal counts from the first night "
    "after it is binding; its instants are the clock of whoever typed the command. Why it was filed and on what it "
    "rests is free text, which stays in the warehouse: `crosscheck trace appeal appeal_id=…` prints it.",
)

PROSE = """\
Where a verdict of the records was disputed, lead by lead. Marketing and Sales alike file by `crosscheck appeal file`,
and neither is judge of its own case: while the other side's signature is missing the appeal is `pending`, stands here
for everybody to see, and changes no number. Once both signed it is `binding`, the lead is judged by it, and
`why_changed` tells its share under `appeal`. Either side may take its signature back, and the records hold again. Many
appeals that stay pending say that the two do not talk; many that become binding say that a rule or a habit is wrong."""

CHECKS = (
    Check("binding only by both", "appeal_status NOT IN ('binding', 'superseded')"
          " OR (signed_by_marketing IS NOT NULL AND signed_by_sales IS NOT NULL AND binding_at IS NOT NULL)"),
    Check("who filed it signed it", "CASE WHEN appellant = 'sales' THEN signed_by_sales ELSE signed_by_marketing END"
          " IS NOT NULL"),
    Check("withdrawn by somebody", "(appeal_status = 'withdrawn') = (withdrawn_by IS NOT NULL)"
          " AND (withdrawn_by IS NULL) = (withdrawn_at IS NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Every appeal with its person's first lead, as it is now."""
    appeal, gone, lead = ctx.step(filed_appeal), ctx.step(merged_lead), ctx.current(LEAD_FACT).alias("lead")
    root = sa.func.coalesce(gone.c.root_id, appeal.c.lead_id)
    whose = sa.and_(gone.c.source == appeal.c.source, gone.c.lead_id == appeal.c.lead_id)
    origin = appeal.outerjoin(gone, whose).outerjoin(
        lead, sa.and_(lead.c.source == appeal.c.source, lead.c.lead_id == root))
    person = [sa.func.coalesce(lead.c.head_source, appeal.c.source), sa.func.coalesce(lead.c.head_lead_id, root)]
    values: dict[str, Expression] = {
        **{name: appeal.c[name] for name in ("appeal_id", "source", "lead_id", "filed_at", "binding_at", "withdrawn_by",
                                             "withdrawn_at", *_SIGNED)},
        "appealed_state": appeal.c.state, "appealed_at": appeal.c.since_at, "appellant": appeal.c.side,
        "appeal_status": _status(appeal, person), **{name: lead.c[name] for name in (*HEAD, *_CAMPAIGN)}}
    return sa.select(*arrange(RECORD, values)).select_from(origin)


def _status(appeal: Selectable, person: Sequence[Expression]) -> Expression:
    return sa.case((appeal.c.withdrawn_at.is_not(None), "withdrawn"), (~is_agreed(appeal), "pending"),
                   (place(appeal, person) == 1, "binding"), else_="superseded")


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The lead by which its person is counted."""
    lead = ddl.table(LEAD_FACT, "mart")
    return {lead.name: sa.and_(lead.c.source == row["head_source"], lead.c.lead_id == row["head_lead_id"])}


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence, is_exact=True)
