"""Calls to listen to, drawn by lot from each day's work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import ACTIVITY
from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.calls import calls, is_call, is_short
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression, among, binary_order
from warehouse.staging.base import Context, Selectable

#: Calls drawn of each salesperson, day and outcome group.
DRAWN = 2
_STRATUM = ("source", "owner_id", "occurred_day", "outcome_group")

RECORD = Table(
    "review_sample", Layer.MART, "One row per call that was drawn to be listened to.", ("source", "activity_id"),
    columns("source activity_id owner_id outcome_group occurred_day occurred_at stratum_call_count draw_no",
            "direction duration_seconds has_recording", basis="worked"),
    f"Of each salesperson, day of the business zone and outcome group the first {DRAWN} calls in the order of the MD5 "
    "of day, source and call, as `2026-11-20|hubspot|800123`, from the first night after that day on. Whoever draws "
    "again draws the same calls, nobody can choose them, and no call is drawn for two days. A call that comes into the "
    "CRM later, or ends otherwise than was said, makes its day's lot be drawn again. Calls without a recording are "
    "drawn like others: who could be spared by not recording would not record. The recording itself stays where it is: "
    "the CRM opens it by the call's id.",
)

PROSE = """\
Which calls to hear, so that nobody hears only the worst or the best: tonight's are those of yesterday's `occurred_day`.
Marketing: hear also those that ended as `wrong_number`; whether the number was dead is your part of the matter. Sales:
`stratum_call_count` says of how many calls one was drawn; a group of which few were drawn weighs more when judgements
are averaged. A call that was drawn and has no recording is a finding by itself."""

CHECKS = (
    Check("no more than agreed, and than there are", f"draw_no <= {DRAWN} AND draw_no <= stratum_call_count"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """The calls of the days in scope that are over, in the order of the draw; the first of each stratum."""
    call = _grouped(ctx)
    stratum = [call.c[name] for name in _STRATUM]
    ballot = sa.cast(call.c.occurred_day, sa.Text()) + "|" + call.c.source + "|" + call.c.activity_id
    lot = binary_order(sa.func.md5(ballot))
    row = sa.select(call, sa.func.row_number().over(partition_by=stratum, order_by=lot).label("draw_no"),
                    sa.func.count().over(partition_by=stratum).label("stratum_call_count")).subquery("drawn")
    return sa.select(*arrange(RECORD, dict(row.c.items()))).where(row.c.draw_no <= DRAWN)


def _grouped(ctx: Context) -> Selectable:
    day = ddl.table(ACTIVITY).c.occurred_day
    call = calls(sa.and_(day < sa.literal(ctx.business_day), ctx.within(RECORD.name, day)))
    answered = call.c.outcome == "answered"
    group: Expression = sa.case(
        (sa.and_(answered, is_short(call)), "short_answer"), (answered, "conversation"),
        (call.c.outcome.in_(("busy", "no_answer", "voicemail")), "unanswered"),
        (call.c.outcome == "wrong_number", "wrong_number"), else_="unrecorded")
    return sa.select(call, group.label("outcome_group")).subquery("grouped")


def stale(ctx: Context) -> sa.Select[Any]:
    """Days that are over since the newest published one: their calls may have come before they were."""
    act, there = ddl.table(ACTIVITY), ddl.table(RECORD, "mart")
    newest = sa.func.coalesce(sa.select(sa.func.max(there.c.occurred_day)).scalar_subquery(), sa.literal(date(1, 1, 1)))
    return (sa.select(act.c.occurred_day).distinct()
            .where(is_call(act), act.c.occurred_day > newest, act.c.occurred_day < sa.literal(ctx.business_day)))


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The leads of the call."""
    act, lead = ddl.table(ACTIVITY), ddl.table(LEAD_FACT, "mart")
    theirs = (sa.select(act.c.source, act.c.lead_id)
              .where(act.c.source == row["source"], act.c.activity_id == row["activity_id"]))
    return {"lead_fact": among(lead, ("source", "lead_id"), theirs)}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("occurred_day", "day", ("worked",)), stale, evidence,
            is_exact=True)
