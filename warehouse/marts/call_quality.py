"""How salespeople's calls ended, how long they talked, and how they were judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import ACTIVITY, CALL_REVIEW
from crosscheck.fields import columns
from crosscheck.fields.calls import CALL_OUTCOMES
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.marts.calls import caller, calls, is_call, is_short
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.metrics import CALL_METRICS, REVIEWED, bounds
from warehouse.shims import Expression, among, count, count_if, last_day, start_of
from warehouse.staging.base import Context, Selectable

SMALL = 20
_KEY = ("source", "owner_id", "worked_month")
_SHARES = tuple(f"{metric.name}{end}" for metric in CALL_METRICS for end in ("", "_low", "_high"))

RECORD = Table(
    "call_quality", Layer.MART, "One row per source, salesperson and month in which calls were made.", _KEY,
    columns(f"{' '.join(_KEY)} is_small_sample call_count inbound_count "
            f"{' '.join(f'{outcome}_count' for outcome in CALL_OUTCOMES)} short_answer_count outcome_known_count "
            "duration_known_count recording_known_count recording_count reviewed_count review_count",
            f"p50_talk_seconds {' '.join(_SHARES)} review_score_total score_per_review_ratio", basis="worked"),
    "Calls by a person on the day of the call, business zone, under whoever made them, (none) where the CRM names "
    "nobody; a call that concerns several leads counts once. Calls that came in are counted apart: how a call ended, "
    "and every share, is of the others. The shares are of calls whose end is on record, and null below "
    f"{SMALL} of them; the median is null below {SMALL} answered calls of known length, the mean judgement below "
    f"{SMALL} judgements. Reviews come from whoever listens, as rows of `call_review`, and may be of any call.",
)

PROSE = """\
Whether sales knows how to call, and whether there was anybody to call. Marketing: before `answered_rate` is laid at a
salesperson's door read `wrong_number_rate` beside it: dead numbers are what your campaigns brought. Sales: what is
`unrecorded` helps nobody, least of all who made the call; `short_answer_count` are answers that spoke to no one. Two
people differ only where their intervals, `_low` to `_high`, do not overlap, and only if they call leads of like kind.
Judgements are of the calls that somebody chose to hear: `review_sample` says which ones were drawn by lot."""

CHECKS = (
    Check("every call came in or ended in one way",
          "call_count = inbound_count + " + " + ".join(f"{outcome}_count" for outcome in CALL_OUTCOMES)),
    Check("what is on record",
          "outcome_known_count + unrecorded_count + inbound_count = call_count AND short_answer_count <= answered_count"
          " AND duration_known_count <= answered_count AND recording_count <= recording_known_count"
          " AND recording_known_count <= answered_count"),
    Check("judgements are of calls", "reviewed_count <= call_count AND reviewed_count <= review_count"
          " AND (review_count = 0) = (review_score_total IS NULL)"),
    Check("nothing of few", "is_small_sample = (answered_rate IS NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """The calls of the scope counted by how they ended, then shares with their bounds."""
    row = _summed(_ranked(_judged(ctx))).subquery("summed")
    known: dict[str, Expression] = {column.name: column for column in row.c}
    small = row.c.outcome_known_count < SMALL
    for metric in CALL_METRICS:
        low, high = bounds(metric, known)
        shown = {"": metric.expression(known), "_low": low, "_high": high}
        known |= {f"{metric.name}{end}": sa.case((~small, value)) for end, value in shown.items()}
    known["p50_talk_seconds"] = sa.case((row.c.duration_known_count >= SMALL, row.c.p50_talk_seconds))
    known[REVIEWED.name] = sa.case((row.c.review_count >= SMALL, REVIEWED.expression(known)))
    return sa.select(*arrange(RECORD, known | {"is_small_sample": small}))


def _judged(ctx: Context) -> Selectable:
    """The calls of the scope with their end (null: they came in), and what was said by who listened."""
    act, review = ddl.table(ACTIVITY), ddl.table(CALL_REVIEW)
    call = calls(ctx.within(RECORD.name, start_of("month", act.c.occurred_day)))
    said = (sa.select(review.c.call_source, review.c.activity_id, sa.func.count().label("review_count"),
                      sa.func.sum(review.c.review_score).label("score"))
            .group_by(review.c.call_source, review.c.activity_id).subquery("said"))
    theirs = sa.and_(said.c.call_source == call.c.source, said.c.activity_id == call.c.activity_id)
    outcome = sa.case((call.c.direction == "inbound", sa.null()), (call.c.outcome.in_(CALL_OUTCOMES), call.c.outcome),
                      else_="unrecorded")
    return (sa.select(call, start_of("month", call.c.occurred_day).label("worked_month"),
                      sa.cast(outcome, sa.Text()).label("ending"), said.c.review_count, said.c.score)
            .select_from(call.outerjoin(said, theirs)).subquery("judged"))


def _ranked(call: Selectable) -> Selectable:
    """Each call with its place by length among the answered ones of known length."""
    is_timed = sa.and_(sa.func.coalesce(call.c.ending, "") == "answered", call.c.duration_seconds.is_not(None))
    group = [*(call.c[name] for name in _KEY), is_timed]
    place = sa.func.row_number().over(partition_by=group, order_by=call.c.duration_seconds)
    return sa.select(call, is_timed.label("is_timed"), place.label("place"),
                     sa.func.count().over(partition_by=group).label("size")).subquery("ranked")


def _summed(call: Selectable) -> sa.Select[Any]:
    key, ending = [call.c[name] for name in _KEY], call.c.ending
    answered = ending == "answered"
    flags: dict[str, Expression] = {
        "call_count": sa.true(), "inbound_count": ending.is_(None), "outcome_known_count": ending != "unrecorded",
        **{f"{outcome}_count": ending == outcome for outcome in CALL_OUTCOMES},
        "short_answer_count": sa.and_(answered, is_short(call)), "duration_known_count": call.c.is_timed,
        "recording_known_count": sa.and_(answered, call.c.has_recording.is_not(None)),
        "recording_count": sa.and_(answered, call.c.has_recording), "reviewed_count": call.c.review_count.is_not(None)}
    values = {name: count_if(flag) for name, flag in flags.items()}
    values["review_count"] = sa.func.coalesce(count(call.c.review_count), sa.literal_column("0", sa.BigInteger()))
    values["review_score_total"] = sa.func.sum(call.c.score)
    beyond = sa.and_(call.c.is_timed, call.c.place * 2 >= call.c.size)
    values["p50_talk_seconds"] = sa.func.min(sa.case((beyond, call.c.duration_seconds)))
    return sa.select(*key, *(value.label(name) for name, value in values.items())).group_by(*key)


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The leads whom the salesperson called in the month, or who called."""
    act, lead = ddl.table(ACTIVITY), ddl.table(LEAD_FACT, "mart")
    month = sa.literal(row["worked_month"], sa.Date())
    called = (sa.select(act.c.source, act.c.lead_id)
              .where(act.c.source == row["source"], caller(act) == row["owner_id"], is_call(act),
                     act.c.occurred_day.between(month, last_day("month", month))))
    return {"lead_fact": among(lead, ("source", "lead_id"), called)}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("worked_month", "month", ("worked",)), evidence=evidence,
            is_exact=True)
