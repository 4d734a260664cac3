"""The newest leads judged beside the warehouse: in memory, by the selects of the marts themselves.

A night may be at work meanwhile. Nothing here waits for its lock or holds it up: what the last publication knows is
read as any reader reads it, and what was told is kept apart. No rule stands here a second time: the selects of
`lead_fact` and `sla_breach` judge the leads of a few days, as they were read just now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from crosscheck.canonical import (
    ACTIVITY,
    AD_DAILY,
    AD_TOUCH,
    CAMPAIGN,
    DEAL,
    LEAD,
    LEAD_MERGE,
    LEAD_STATUS,
    PORTRAIT_ANSWER,
)
from crosscheck.errors import ConfigError
from crosscheck.rules import LeadStates, Rules
from crosscheck.settings import Settings
from crosscheck.tables import TECHNICAL
from warehouse import ddl, ops
from warehouse.build import context, state_rules
from warehouse.dedupe import dedupe
from warehouse.engine import Warehouse, duckdb_args, naive_utc, open_warehouse, warehouse_url
from warehouse.load import load_arrow
from warehouse.marts import lead_fact, sla_breach
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.metric_coverage import RECORD as METRIC_COVERAGE
from warehouse.marts.person_alias import RECORD as PERSON_ALIAS
from warehouse.reading import published
from warehouse.shims import Expression
from warehouse.staging.base import Selectable
from warehouse.staging.calendar import refresh_days
from warehouse.staging.clock import refresh_clock
from warehouse.staging.records import BUSINESS_CLOCK, BUSINESS_DAY, LEAD_PERSON, LEAD_STATE_RULE
from warehouse.staging.states import is_answered, is_touch
from warehouse.staging.trials import trial_lead
from warehouse.suppress import HASHES

_STAGED = (LEAD, LEAD_MERGE, LEAD_STATUS, PORTRAIT_ANSWER, ACTIVITY, DEAL, CAMPAIGN, AD_DAILY, AD_TOUCH,
           LEAD_STATE_RULE, LEAD_PERSON, BUSINESS_DAY, BUSINESS_CLOCK)
_BUILT = (LEAD_FACT, METRIC_COVERAGE)
_PATIENCE_SECONDS = 60.0

Rows = Mapping[str, Sequence[pa.Table]]
LeadKey = tuple[str, str]


@dataclass(frozen=True)
class Breach:
    """A lead whose first attempt was due, and which nobody has attempted. Instants are naive UTC."""

    source: str
    lead_id: str
    owner_id: str | None
    channel: str | None
    lead_kind: str
    created_at: datetime
    due_at: datetime
    owed_by: str
    next_action: str


@dataclass(frozen=True)
class Verdict:
    """Who waits, and the leads that somebody acted on by what was read."""

    waiting: tuple[Breach, ...]
    acted: frozenset[LeadKey]


@contextmanager
def open_beside(settings: Settings) -> Iterator[Warehouse]:
    """Where the hourly watch remembers what it told, whatever a night is doing; one watch at a time.

    PostgreSQL: the outbox of the warehouse, under a lock of the watch's own. DuckDB lets one process into a file, so
    there the watch has a file of its own beside the warehouse, with an outbox and nothing else.
    """
    url, project = warehouse_url(settings), settings.project
    update: dict[str, Any] = {"project": project.model_copy(update={"name": f"{project.name}/sla"})}
    if url.drivername == "duckdb":
        file = Path(url.database or "")
        beside = f"duckdb:///{file.with_name(f'{file.stem}-sla.duckdb')}"
        update["store"] = settings.store.model_copy(update={"warehouse": beside})
    with open_warehouse(settings.model_copy(update=update), wait=_PATIENCE_SECONDS) as wh:
        if wh.dialect == "duckdb":
            with wh.engine.begin() as conn:
                conn.execute(sa.schema.CreateSchema("ops", if_not_exists=True))
                ddl.create(conn, [ops.outbox])
        yield wh


def coverage(settings: Settings) -> list[dict[str, Any]]:
    """What the last publication may tell of each source. Raises ConfigError before the first one."""
    try:
        with published(settings) as conn:
            return [dict(row) for row in conn.execute(sa.select(ddl.table(METRIC_COVERAGE))).mappings()]
    except sa.exc.ProgrammingError:
        raise ConfigError("nothing has been published yet", fix="crosscheck run") from None


def judge(settings: Settings, rules: Rules, states: LeadStates, now: datetime, since: datetime, rows: Rows,
          covered: Sequence[Mapping[str, Any]]) -> Verdict:
    """The leads created since an instant, by what was read of them and by `covered`, the published coverage.

    Who was a lead before is known from the published leads: to a repeat nothing is promised.
    """
    engine = sa.create_engine("duckdb:///:memory:", poolclass=sa.StaticPool, connect_args=duckdb_args(settings))
    try:
        with engine.begin() as conn:
            _fill(conn, settings, rules, states, now, rows)
            if covered:
                conn.execute(sa.insert(ddl.table(METRIC_COVERAGE, "mart_next")), list(covered))
            _know_persons(conn, settings, naive_utc(since))
            ctx = context(settings, now, conn, rules)
            trials = ctx.step(trial_lead)  # to a trial of a form nothing is promised
            conn.execute(sa.insert(ddl.table(LEAD_PERSON)).from_select(trials.c.keys(), sa.select(trials)))
            conn.execute(sa.insert(ddl.table(LEAD_FACT, "mart_next")).from_select(
                ddl.table(LEAD_FACT).c.keys(), lead_fact.select(ctx)))
            broken = sla_breach.select(ctx).subquery("broken")
            waiting = [Breach(**row) for row in conn.execute(_waiting(broken, naive_utc(since))).mappings()]
            acted = {(source, lead_id) for source, lead_id in conn.execute(_acted())}
    finally:
        engine.dispose()
    return Verdict(tuple(waiting), frozenset(acted))


def _fill(conn: sa.Connection, settings: Settings, rules: Rules, states: LeadStates, now: datetime,
          rows: Rows) -> None:
    """The tables that the selects read: what was read, the rules, the calendar; of campaigns nothing is asked."""
    for schema in ("staging", "mart_next", "ops"):
        conn.execute(sa.schema.CreateSchema(schema))
    for made in (*map(ddl.table, _STAGED), *(ddl.table(record, "mart_next") for record in _BUILT),
                 ops.appeal, ops.appeal_act):
        conn.execute(sa.schema.CreateTable(made))
    for record in (LEAD, LEAD_MERGE, LEAD_STATUS, ACTIVITY):
        target, came = ddl.table(record), rows.get(record.name, ())
        for each in came:
            load_arrow(conn, target, each)
        dedupe(conn, target, record, sorted({name for each in came for name in each["slice_id"].unique().to_pylist()}))
    rule = ddl.table(LEAD_STATE_RULE)
    if agreed := state_rules(settings, states):
        conn.execute(sa.insert(rule), [dict(zip(rule.c.keys(), row, strict=True)) for row in sorted(set(agreed))])
    refresh_days(conn, rules.sla, settings.project.time_zone, now)
    refresh_clock(conn, rules.sla.hours, settings.project.time_zone, now)


def _know_persons(conn: sa.Connection, settings: Settings, since: datetime) -> None:
    """Beside the leads that were read, those published before by which the same persons are known: by a record's own
    key, or by an address or number that the last publication counts to a chain of records.
    """
    lead, fact = ddl.table(LEAD), ddl.table(LEAD_FACT)
    read = conn.execute(sa.select(lead.c.source, lead.c.lead_id, lead.c.person_key, lead.c.email_hash,
                                  lead.c.phone_hash)).all()
    here = {(row.source, row.lead_id) for row in read}
    names = ("source", "lead_id", "person_key", "created_at", "created_day")
    with published(settings) as there:
        chains = _chains(there, read)
        persons = {*chains.values(), *(row.person_key for row in read)}
        older = there.execute(sa.select(*(fact.c[name] for name in names)).where(
            fact.c.person_key.in_(persons), fact.c.created_at < since)).mappings().all()
    blank = {**dict.fromkeys(TECHNICAL, ""), "page_no": 0, "row_no": 0, "is_archived": False}
    known = [{**blank, **row, "updated_at": row["created_at"]} for row in older
             if (row["source"], row["lead_id"]) not in here]
    if known:
        conn.execute(sa.insert(lead), known)
    if chains:
        conn.execute(sa.insert(ddl.table(LEAD_PERSON)), [
            {"source": source, "lead_id": lead_id, "person_key": person}
            for (source, lead_id), person in chains.items()])


def _chains(there: sa.Connection, read: Sequence[Any]) -> dict[LeadKey, str]:
    """The published person of each read lead whose address or number links records by now; the address goes first."""
    alias = ddl.table(PERSON_ALIAS)
    carried = {value for row in read for value in (row.email_hash, row.phone_hash) if value}
    known = {(row.alias_kind, row.alias_key): row.person_key for row in there.execute(
        sa.select(alias.c.alias_kind, alias.c.alias_key, alias.c.person_key)
        .where(alias.c.is_linking, alias.c.alias_kind.in_(HASHES), alias.c.alias_key.in_(carried)))}
    found = {(row.source, row.lead_id): known.get(("email", row.email_hash)) or known.get(("phone", row.phone_hash))
             for row in read}
    return {key: person for key, person in found.items() if person}


def _waiting(broken: Selectable, since: datetime) -> sa.Select[Any]:
    lead = ddl.table(LEAD)
    names = ("source", "lead_id", "owner_id", "lead_kind", "created_at", "due_at", "owed_by", "next_action")
    same = sa.and_(lead.c.source == broken.c.source, lead.c.lead_id == broken.c.lead_id)
    return (sa.select(*(broken.c[name] for name in names), _channel(lead).label("channel"))
            .join_from(broken, lead, same).where(broken.c.is_waiting, broken.c.created_at >= since)
            .order_by(broken.c.due_at, broken.c.source, broken.c.lead_id))


def _channel(lead: Selectable) -> Expression:
    """By what the lead came, in its own tracking's words: campaigns are the nights' business."""
    google = sa.or_(*(lead.c[name].is_not(None) for name in ("gclid", "gbraid", "wbraid")))
    return sa.func.coalesce(lead.c.utm_source, sa.case((google, "google"), (lead.c.fbclid.is_not(None), "facebook"),
                                                       (lead.c.ttclid.is_not(None), "tiktok")),
                            lead.c.recorded_source)


def _acted() -> sa.Select[Any]:
    """Leads with an attempt by a person, or a customer's own word; an automatic reply is neither."""
    act = ddl.table(ACTIVITY)
    return sa.select(act.c.source, act.c.lead_id).where(sa.or_(is_touch(act), is_answered(act))).distinct()
