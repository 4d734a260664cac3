"""Rows straight into staging, without vendors: random but seeded, and changed as a night would change them."""

from __future__ import annotations

import random
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from crosscheck import canonical
from crosscheck.rules import Agreement, Commitments, Head, LeadStates, RuleFile, Rules, default_rules
from crosscheck.settings import Settings, Source
from crosscheck.tables import Table
from warehouse import ddl, dirty, ledger, ops, publish
from warehouse.build import BuildReport, build
from warehouse.engine import Warehouse, open_warehouse
from warehouse.marts import MARTS
from warehouse.staging.base import Context, Selectable

FIRST = date(2026, 3, 2)
NIGHT = datetime(2026, 6, 20, 19, 0, tzinfo=UTC)
TECHNICAL = {"stream_key": "test/1/rows", "slice_id": "s1", "page_no": 1, "row_no": 1}
STATES = LeadStates({"hubspot": RuleFile("hubspot", None, {}, {
    ("status", "CONNECTED"): ("reached",), ("status", "HOT"): ("reached", "hot"), ("status", "LATER"): ("potential",),
    ("status", "WRONG"): ("wrong_target",), ("status", "DEAD"): ("invalid_contact",), ("status", "NEW"): (),
    ("status", "WON"): ("closed",), ("status", "TRIED"): ("attempted",), ("status", "LOST"): ("lost",),
    ("status", "GIVEN"): ("assigned",),
    ("recorded_source", "AD"): ("marketing",), ("recorded_source", "OWN"): ("sales",), ("recorded_source", "TYPED"): (),
    ("self_declared_origin", "advert"): ("marketing",), ("self_declared_origin", "friend"): ("sales",)})})
#: The shipped rules, with promises of a company's month and of a campaign.
_APRIL = Agreement("2026-04", date(2026, 4, 1), date(2026, 4, 30), {
    "budget": Decimal(2_000), "leads": Decimal(9), "qualified_leads": Decimal(4), "in_time": Decimal("0.5"),
    "fair_effort": Decimal("0.1"), "wins": Decimal(2)}, {})
RULES = replace(default_rules(), commitments=Commitments(Head("promised", None, {}), "USD", (
    _APRIL, replace(_APRIL, name="Sofa", last_day=date(2026, 5, 20), platform="meta_ads", campaign="c1",
                    objective="flats", message="by Tết", portrait_version="old"))))
STATUSES = tuple(status for field, status in STATES.files["hubspot"].statuses if field == "status")

_SHIPPED = default_rules().portrait
#: The same rules, with the shipped portrait collected from the one CRM.
COLLECTED = replace(RULES, portrait=replace(_SHIPPED, fields=tuple(
    replace(field, collected_from={"crm": field.name}) for field in _SHIPPED.fields)))

DEFAULTS: dict[str, dict[str, Any]] = {
    "campaign": {"platform": "meta_ads", "account_id": "a1", "valid_from_day": FIRST, "campaign_name": "Sofa",
                 "campaign_name_norm": "sofa"},
    "ad_daily": {"platform": "meta_ads", "account_id": "a1", "level": "campaign", "campaign_id": "c1",
                 "ad_group_id": "", "ad_id": "", "currency_code": "VND"},
    "engagement_daily": {"platform": "meta_ads", "account_id": "a1", "campaign_id": "c1",
                         "engagement_kind": "reaction"},
    "ad_touch": {"platform": "meta_ads", "account_id": "a1", "campaign_id": "c1", "day": FIRST},
    "lead": {"source": "crm", "is_archived": False},
    "lead_merge": {"source": "crm"},
    "lead_status": {"source": "crm", "status_field": "status", "is_inferred": False},
    "portrait_answer": {"source": "crm"},
    "activity": {"source": "crm", "activity_kind": "call", "is_automatic": False},
    "call_review": {"source": "ears", "call_source": "crm", "reviewer_id": "lan", "review_score": 5},
    "deal_win": {"source": "crm", "is_inferred": False},
    "deal": {"source": "crm", "is_won": True, "is_lost": False, "is_archived": False, "currency_code": "VND"},
    "fx_rate": {"from_currency": "USD", "to_currency": "VND"},
}
RECORDS: Mapping[str, Table] = {record.name: record for record in canonical.CANONICAL}


def with_source(settings: Settings) -> Settings:
    """Settings with the one CRM whose statuses STATES reads."""
    return settings.model_copy(update={"sources": (Source(name="crm", connector="hubspot"),)})


@contextmanager
def opened(file: Path, home: Path) -> Iterator[Warehouse]:
    """A copy of a warehouse file, ready to be written."""
    (home / "var").mkdir()
    shutil.copy(file, home / "var/warehouse.duckdb")
    with open_warehouse(with_source(Settings(home=home))) as made:
        ledger.begin_run(made, "nightly", NIGHT)
        yield made


def noon(day: date, hours: float = 0) -> datetime:
    """An instant on a day, naive UTC as the warehouse stores it."""
    return datetime.combine(day, time(5)) + timedelta(hours=hours)


def row(table: str, **values: Any) -> dict[str, Any]:
    """A whole staging row from what matters in it."""
    made = {**dict.fromkeys(ddl.table(RECORDS[table]).c.keys()), **TECHNICAL, **DEFAULTS.get(table, {}), **values}
    if table == "lead":
        made["created_at"] = made["created_at"] or noon(made["created_day"])
        made["person_key"] = made["person_key"] or made["email_hash"] or made["phone_hash"] or f"p-{made['lead_id']}"
        if not (made["email_hash"] or made["phone_hash"]):
            made["email_hash"] = made["person_key"]  # a person is known by the mail, unless a test says otherwise
    if table == "deal":
        made["created_day"] = made["created_day"] or made["closed_day"] or FIRST
        made["created_at"] = made["created_at"] or noon(made["created_day"])
        if made["closed_day"] is not None:
            made["closed_at"] = made["closed_at"] or noon(made["closed_day"])
    if table == "activity":
        made["occurred_day"] = made["occurred_day"] or (made["occurred_at"] + timedelta(hours=7)).date()
    if "updated_at" in made:
        made["updated_at"] = made["created_at"]
    return made


def put(wh: Warehouse, table: str, *rows: Mapping[str, Any]) -> None:
    """Upsert rows by key as staging does: marks before and after, in one transaction."""
    record = RECORDS[table]
    target = ddl.table(record)
    whole = [row(table, **values) for values in rows]

    def work(conn: sa.Connection) -> None:
        there = _are(target, record, whole)
        dirty.mark(conn, wh, table, sa.select(target).where(there))
        conn.execute(sa.delete(target).where(there))
        conn.execute(sa.insert(target), whole)
        dirty.mark(conn, wh, table, sa.select(target).where(there))

    if whole:
        wh.write(work)


def take(wh: Warehouse, table: str, *rows: Mapping[str, Any]) -> None:
    """Remove rows by key, marked as staging marks what vanishes."""
    target = ddl.table(RECORDS[table])
    gone = _are(target, RECORDS[table], [{**DEFAULTS.get(table, {}), **values} for values in rows])

    def work(conn: sa.Connection) -> None:
        dirty.mark(conn, wh, table, sa.select(target).where(gone))
        conn.execute(sa.delete(target).where(gone))

    wh.write(work)


def _are(target: sa.Table, record: Table, rows: Iterable[Mapping[str, Any]]) -> sa.ColumnElement[bool]:
    """Whether a row has the key of one of these: the same statement however many they are."""
    key = sa.tuple_(*(target.c[name] for name in record.key))
    return key.in_([tuple(values[name] for name in record.key) for values in rows])


def night(wh: Warehouse, at: datetime = NIGHT, *, full: bool = False, states: LeadStates | None = STATES,
          of: Collection[str] = (), rules: Rules | None = None) -> BuildReport:
    """Build the marts as of an instant, as a run of its own: all, or some with the facts and what they read."""
    run = ledger.begin_run(wh, "nightly", at)
    wanted = {"lead_fact", "deal_fact", *of}.union(*map(read_by, of)) if of else {mart.name for mart in MARTS}
    with patch("warehouse.build.MARTS", tuple(mart for mart in MARTS if mart.name in wanted)):
        return build(wh, run, full=full, states=states, rules=rules or RULES)


@cache
def read_by(name: str) -> frozenset[str]:
    """The marts that a mart's select reads, and those that they read."""
    ctx = _Reading(NIGHT, "Asia/Ho_Chi_Minh", "VND", 7)
    next(mart for mart in MARTS if mart.name == name).select(ctx)
    return frozenset(ctx.read).union(*map(read_by, ctx.read))


@dataclass
class _Reading(Context):
    """A context that notes which marts are asked for."""

    read: set[str] = field(default_factory=set)

    def current(self, record: Table) -> Selectable:
        """The mart, noted."""
        self.read.add(record.name)
        return super().current(record)


def release(wh: Warehouse, report: BuildReport, name: str = "run") -> None:
    """Publish inside the warehouse, under the clock of the newest night, as a run of its own."""
    with wh.engine.connect() as conn:
        at = conn.scalar(sa.select(sa.func.max(ops.run.c.as_of))).replace(tzinfo=UTC)
    run = ledger.Run(f"{name}-{random.random()}", "nightly", at, wh.owner, 1, "running")
    wh.write(lambda conn: publish.swap(conn, wh, run, report.marts))


def rows_of(wh: Warehouse, mart: str, schema: str = "mart_next") -> list[dict[str, Any]]:
    """Rows of a mart, ordered by key; doubles cut to 12 digits, where engines may differ in the last bit."""
    record = next(each.record for each in MARTS if each.name == mart)
    target = ddl.table(record, schema)
    with wh.engine.connect() as conn:
        found = [{name: _cut(value) for name, value in each.items()}
                 for each in conn.execute(sa.select(target)).mappings()]
    return sorted(found, key=lambda each: tuple(str(each[name]) for name in record.key))


def _cut(value: Any) -> Any:
    return float(f"{value:.12g}") if isinstance(value, float) else value


def everything(wh: Warehouse, schema: str = "mart") -> dict[str, list[dict[str, Any]]]:
    """Every mart's rows by name."""
    return {mart.name: rows_of(wh, mart.name, schema) for mart in MARTS}


def only(rows: Iterable[Mapping[str, Any]], **key: Any) -> Mapping[str, Any]:
    """The one row with these values."""
    found = [each for each in rows if all(each[name] == value for name, value in key.items())]
    assert len(found) == 1, f"{len(found)} rows for {key}"
    return found[0]
