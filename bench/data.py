"""A landing zone of a given size, written straight as a connector would have left it. Seeded; no vendor involved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.base import Account, LoadMode, Output, Slice, Stream, StreamKind
from connectors.landing import LandingZone, Manifest, folder
from crosscheck import canonical as c
from crosscheck.tables import Table
from crosscheck.windows import Window

ZONE = "Asia/Ho_Chi_Minh"
LAST = date(2026, 11, 20)
AS_OF = datetime(2026, 11, 20, 19, tzinfo=UTC)


@dataclass(frozen=True)
class Size:
    """What to make: `ads` × `days` ad-day rows, and leads with their statuses, activities and deals."""

    accounts: int = 4
    campaigns: int = 500
    ads: int = 2_500
    days: int = 400
    leads: int = 200_000


def _window(name: str, *tables: Table) -> Stream:
    return Stream(name, StreamKind.WINDOW, f"{name} by day", tuple(Output(t, LoadMode.WINDOW) for t in tables))


LEVELS = {"account": _window("account_daily", c.AD_DAILY), "campaign": _window("campaign_daily", c.AD_DAILY),
          "ad": _window("ad_daily", c.AD_DAILY)}
CAMPAIGNS = Stream("campaigns", StreamKind.SNAPSHOT, "campaign", (Output(c.CAMPAIGN, LoadMode.HISTORY),))
ACCOUNTS = Stream("accounts", StreamKind.SNAPSHOT, "account", (Output(c.ACCOUNT, LoadMode.SNAPSHOT),))
RATES = Stream("rates", StreamKind.SNAPSHOT, "day", (Output(c.FX_RATE, LoadMode.SNAPSHOT),))
LEADS = Stream("contacts", StreamKind.INCREMENTAL, "contact", (
    Output(c.LEAD, LoadMode.UPSERT), Output(c.LEAD_STATUS, LoadMode.CHILDREN, ("source", "lead_id"))))
CALLS = Stream("calls", StreamKind.INCREMENTAL, "call", (Output(c.ACTIVITY, LoadMode.UPSERT),))
DEALS = Stream("deals", StreamKind.INCREMENTAL, "deal", (Output(c.DEAL, LoadMode.UPSERT),))


def account(number: int) -> Account:
    """An ad account; every second one in dollars."""
    return Account(f"acc{number}", ZONE, f"Account {number}", ("VND", "USD")[number % 2])


def job(stream: Stream, holder: Account, window: Window, source: str, run: str, as_of: datetime) -> Slice:
    """The slice under which rows are landed."""
    return Slice(source=source, connector=source, account=holder, stream=stream, window=window, as_of=as_of, run_id=run,
                 business_zone=ZONE)


def put(zone: LandingZone, task: Slice, tables: dict[str, dict[str, Any]]) -> tuple[Slice, Manifest]:
    """Land columns by table name; absent columns are null, technical ones are added."""
    counts: dict[str, int] = {}
    hashes: dict[str, str] = {}
    for output in task.stream.outputs:
        rows = _complete(output.table, tables[output.table.name], task)
        sink = zone.create(folder(task), f"{output.table.name}.parquet")
        pq.write_table(rows, sink, compression="zstd", compression_level=1)
        sink.close()
        counts[output.table.name] = rows.num_rows
        hashes[f"{output.table.name}.parquet"] = sink.sha256
    sink = zone.create(folder(task), "quarantine.parquet")
    pq.write_table(pa.table({"page_no": pa.array([], pa.int64()), "row_no": pa.array([], pa.int64()),
                             "reason": pa.array([], pa.string()), "field": pa.array([], pa.string())}), sink)
    sink.close()
    hashes["quarantine.parquet"] = sink.sha256
    size = counts[task.stream.primary.table.name]
    manifest = Manifest(
        slice_id=task.slice_id, run_id=task.run_id, source=task.source, connector=task.connector,
        account=asdict(task.account), stream=task.stream.name, stream_key=task.stream_key, window=str(task.window),
        since=None, as_of=task.as_of.isoformat(), business_zone=ZONE, folder=folder(task), pages=1, received=size,
        mapped=size, quarantined=0, tables=counts, drift=[], notes={}, page_rows=[size], page_notes=[{}], sha256=hashes)
    zone.seal(manifest)
    return task, manifest


def _complete(record: Table, given: dict[str, Any], task: Slice) -> pa.Table:
    size = len(next(iter(given.values())))
    fixed = {"stream_key": task.stream_key, "slice_id": task.slice_id, "page_no": 1}
    arrays = []
    for field in record.arrow():
        if field.name in given:
            arrays.append(_cast(given[field.name], field.type))
        elif field.name == "row_no":
            arrays.append(pa.array(np.arange(1, size + 1)))
        else:
            arrays.append(pa.repeat(pa.scalar(fixed.get(field.name), field.type), size))
    return pa.table(arrays, schema=record.arrow())


def _cast(values: Any, kind: pa.DataType) -> pa.Array:
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    if pa.types.is_decimal(kind) and pa.types.is_integer(array.type):
        return pc.cast(pc.cast(array, pa.decimal128(19, 0)), pa.decimal128(38, 6)).cast(kind)
    return pc.cast(array, kind)
