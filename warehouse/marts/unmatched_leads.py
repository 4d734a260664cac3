"""Leads that no campaign can be credited with, by reason."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.staging.base import Context

RECORD = Table(
    "unmatched_leads", Layer.MART, "One row per source, month of creation and reason.",
    ("source", "created_month", "unmatched_reason"),
    columns("source created_month unmatched_reason lead_count", basis="cohort"),
    "Leads not merged away, repeats included; months in the business zone.",
)

PROSE = """\
The size of what nobody can prove. `unknown_campaign` and `ambiguous_name` are cured by naming campaigns once and
alike, `unknown_click_id` by reading clicks every night (the platform forgets them), `no_tracking` and
`fbclid_only` by putting UTM parameters on every link. `self_declared_only` is an opinion, and counts as one."""

CHECKS = (Check("no empty rows", "lead_count > 0"),)


def select(ctx: Context) -> sa.Select[Any]:
    """Unmatched leads of the scope, counted."""
    lead = ctx.current(LEAD_FACT).alias("lead")
    key = (lead.c.source, lead.c.cohort_month, lead.c.unmatched_reason)
    known: dict[str, Any] = {"source": lead.c.source, "created_month": lead.c.cohort_month,
                             "unmatched_reason": lead.c.unmatched_reason, "lead_count": sa.func.count()}
    return (sa.select(*arrange(RECORD, known)).group_by(*key)
            .where(lead.c.unmatched_reason.is_not(None), ctx.within(RECORD.name, lead.c.cohort_month)))


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("created_month", "month", ("created",)),
            evidence=lambda _: {"lead_fact": sa.true()})
