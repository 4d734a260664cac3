"""A small warehouse for judging gates: 35 days of two ad accounts, leads, deals and rates, and a night on top.

The night re-reads seven days and brings one new one. Tests change its rows before a gate sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from connectors.base import Account, LoadMode, Output, Slice, Stream, StreamKind
from crosscheck.canonical import ACCOUNT, AD_DAILY, CANONICAL, DEAL, FX_RATE, LEAD
from crosscheck.settings import Settings
from crosscheck.tables import Table
from crosscheck.windows import Window
from expectations.gate import GateResult, run_gate
from tests.support.store import take_over
from warehouse import ddl, incoming, ledger, ops
from warehouse.engine import Warehouse
from warehouse.ledger import Run
from warehouse.load import load_files

AS_OF = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)
LAST = date(2026, 11, 21)
WEEK = Window(LAST - timedelta(days=7), LAST)
ACCOUNTS = (("a1", "VND"), ("a2", "USD"))
Row = dict[str, Any]

SPEND = Stream("spend", StreamKind.WINDOW, "campaign and day", (Output(AD_DAILY, LoadMode.WINDOW),))
LEADS = Stream("leads", StreamKind.INCREMENTAL, "lead", (Output(LEAD, LoadMode.UPSERT),))
RATES = Stream("rates", StreamKind.SNAPSHOT, "day and currency", (Output(FX_RATE, LoadMode.SNAPSHOT),))


def spend_row(account: str, currency: str, campaign: str, day: date, spend: int) -> Row:
    """One row of ad_daily; an empty campaign is the account's control total."""
    level = "campaign" if campaign else "account"
    return {"platform": "meta_ads", "account_id": account, "level": level, "campaign_id": campaign, "ad_group_id": "",
            "ad_id": "", "day": day, "currency_code": currency, "spend_amount": Decimal(spend),
            "impression_count": spend * 3, "click_count": spend // 4, "claimed_conversion_count": Decimal(1),
            "claimed_value_amount": None}


def spend_days(account: str, currency: str, window: Window) -> list[Row]:
    """Four campaigns a day and the control total above them."""
    rows = []
    for offset in range(window.days):
        day = window.first + timedelta(days=offset)
        costs = [100 + 10 * number + day.day for number in range(4)]
        rows += [spend_row(account, currency, f"c{number}", day, cost) for number, cost in enumerate(costs)]
        rows.append(spend_row(account, currency, "", day, sum(costs)))
    return rows


def lead_row(number: int, day: date) -> Row:
    """One lead with an UTM."""
    instant = datetime.combine(day, datetime.min.time()) + timedelta(hours=3)
    return {"source": "crm", "lead_id": f"l{number}", "person_key": f"p{number}", "created_at": instant,
            "created_day": day, "updated_at": instant, "is_archived": False, "utm_campaign": "spring",
            "owner_id": "anna", "email_hash": f"h{number}", "is_email_valid": True}


def rate_row(day: date) -> Row:
    """The dollar in đồng."""
    return {"day": day, "from_currency": "USD", "to_currency": "VND", "fx_rate": Decimal(25000)}


def deal_row(number: int, currency: str | None, day: date) -> Row:
    """A won deal."""
    instant = datetime.combine(day, datetime.min.time())
    return {"source": "crm", "deal_id": f"d{number}", "created_at": instant, "created_day": day, "updated_at": instant,
            "is_won": True, "is_lost": False, "is_archived": False, "closed_at": instant, "closed_day": day,
            "deal_amount": Decimal(500), "currency_code": currency, "lead_id": f"l{number}"}


def technical(rows: Iterable[Row], stream_key: str, slice_id: str) -> list[Row]:
    """Rows with their place in landing."""
    return [{"stream_key": stream_key, "slice_id": slice_id, "page_no": 1, "row_no": number} | row
            for number, row in enumerate(rows, 1)]


@dataclass
class World:
    """History in staging, and tonight's rows by slice: change `tonight`, then ask a gate."""

    wh: Warehouse
    settings: Settings
    run: Run
    jobs: list[Slice] = field(default_factory=list)
    tonight: dict[str, list[Row]] = field(default_factory=dict)
    judged: tuple[str, ...] = ("spend",)

    def rows(self, stream: str, account: str = "") -> list[Row]:
        """Tonight's rows of a stream (of one account)."""
        return [row for job in self.jobs if job.stream.name == stream and account in ("", job.account.account_id)
                for row in self.tonight[job.slice_id]]

    def keep(self, stream: str, wanted: Callable[[Row], bool]) -> None:
        """Drop tonight's rows that are not wanted."""
        for job in self.jobs:
            if job.stream.name == stream:
                self.tonight[job.slice_id] = [row for row in self.tonight[job.slice_id] if wanted(row)]

    def extend(self, stream: str, account: str, rows: Iterable[Row]) -> None:
        """Add rows to a slice of tonight."""
        job = next(job for job in self.jobs if job.stream.name == stream and job.account.account_id == account)
        self.tonight[job.slice_id] += rows

    def gate_1(self) -> GateResult:
        """Load what landed and ask gate 1."""
        self._land()
        return self.ask(1)

    def gate_2(self, **changes: Any) -> GateResult:
        """Stage what landed, without the stage step's own cleverness, and ask gate 2. `changes` go to the ledger."""
        self._land()
        for job in self.jobs:
            table, rows = ddl.table(job.stream.primary.table), self.tonight[job.slice_id]
            self._replace(job, table, rows)
            done = {"status": "staged", "staged_rows": len(rows), "deduplicated_rows": 0, "quarantined_rows": 0}
            self.wh.write(lambda conn, job=job, done=done: conn.execute(  # type: ignore[misc]
                sa.update(ops.slice_).where(ops.slice_.c.slice_id == job.slice_id).values(**done | changes)))
        return self.ask(2)

    def ask(self, gate: int, **options: Any) -> GateResult:
        """A gate over the state as it is, asked about the streams of `judged`."""
        landed: Any = [(job, None) for job in self.jobs if job.stream.name in self.judged]
        return run_gate(gate, self.wh, self.run, settings=self.settings, jobs=landed, **options)

    def stage(self, record: Table, rows: Iterable[Row]) -> None:
        """Put rows straight into staging."""
        insert(self.wh, ddl.table(record), technical(rows, "crm/t/deals", "old"))

    def _land(self) -> None:
        ledger.plan(self.wh, self.run, self.jobs)
        for job in self.jobs:
            target = incoming.writable(self.wh, job.stream.primary.table)
            rows = technical(self.tonight[job.slice_id], job.stream_key, job.slice_id)
            insert(self.wh, target, rows)
            self.wh.write(lambda conn, job=job, rows=rows: conn.execute(  # type: ignore[misc]
                sa.update(ops.slice_).where(ops.slice_.c.slice_id == job.slice_id).values(
                    status="landed", received_rows=len(rows), mapped_rows=len(rows), quarantined_rows=0)))

    def _replace(self, job: Slice, table: sa.Table, rows: list[Row]) -> None:
        dated = "day" in table.c and job.stream.kind is StreamKind.WINDOW
        inside = table.c.day.between(job.window.first, job.window.last) if dated else sa.true()
        self.wh.write(lambda conn: conn.execute(table.delete().where(table.c.stream_key == job.stream_key, inside)))
        insert(self.wh, table, technical(rows, job.stream_key, job.slice_id))


def insert(wh: Warehouse, table: sa.Table, rows: list[Row]) -> None:
    """Rows by the warehouse's own bulk load: one statement each is what DuckDB takes minutes for."""
    if not rows:
        return
    if table.schema == "ops":
        wh.write(lambda conn: conn.execute(sa.insert(table), rows))
        return
    schema = next(record for record in CANONICAL if record.name == table.name).arrow()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)
        wh.write(lambda conn: load_files(conn, table, [file], schema))


def make(wh: Warehouse, settings: Settings) -> World:
    """The world before tonight's gates: history staged, tonight's rows ready and faultless."""
    take_over(wh)
    run = ledger.begin_run(wh, "nightly", AS_OF)
    world = World(wh, settings, run)
    history = Window(LAST - timedelta(days=35), LAST - timedelta(days=1))
    insert(wh, ddl.table(ACCOUNT), technical([
        {"platform": "meta_ads", "account_id": account, "time_zone": "UTC", "currency_code": currency}
        for account, currency in ACCOUNTS], "meta/-/accounts", "old"))
    for account, currency in ACCOUNTS:
        job = add_job(world, "meta", "meta_ads", account, stream=SPEND, window=WEEK)
        world.tonight[job.slice_id] = spend_days(account, currency, WEEK)
        _history(world, job, spend_days(account, currency, history), history)
    rates = add_job(world, "rates", "files", "vcb", stream=RATES, window=Window(LAST, LAST))
    world.tonight[rates.slice_id] = [rate_row(LAST - timedelta(days=back)) for back in range(36)]
    _history(world, rates, [rate_row(LAST - timedelta(days=back)) for back in range(1, 36)], history)
    leads = add_job(world, "crm", "hubspot", "t", stream=LEADS, window=Window(LAST, LAST),
                    since=AS_OF - timedelta(days=1))
    world.tonight[leads.slice_id] = [lead_row(number, LAST) for number in range(1000, 1030)]
    _history(world, leads, [lead_row(n, LAST - timedelta(days=1 + n % 30)) for n in range(300)], history)
    insert(wh, ddl.table(DEAL), technical([deal_row(n, "VND", LAST - timedelta(days=n)) for n in range(1, 20)],
                                          "crm/t/deals", "old"))
    return world


def add_job(world: World, source: str, connector: str, account: str, *, stream: Stream, window: Window,
            since: datetime | None = None) -> Slice:
    """A slice of tonight; what it brings is for the caller to say."""
    job = Slice(source, connector, Account(account, "UTC"), stream, window, AS_OF, world.run.run_id, "UTC", since)
    world.jobs.append(job)
    return job


def _history(world: World, job: Slice, rows: list[Row], window: Window) -> None:
    insert(world.wh, ddl.table(job.stream.primary.table), technical(rows, job.stream_key, "old"))
    instant = AS_OF.replace(tzinfo=None) - timedelta(days=1)
    insert(world.wh, ops.stream_state, [{
        "stream_key": job.stream_key, "source": job.source, "account_id": job.account.account_id,
        "stream": job.stream.name, "covered_from_day": window.first, "covered_to_day": window.last,
        "definition": "x", "staged_rows": len(rows), "slice_id": "old", "run_id": "old", "fresh_at": instant}])
