"""Landed slices made of plain rows, without a vendor: what the warehouse's tests feed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.base import Account, LoadMode, Output, Slice, Stream, StreamKind
from connectors.landing import LandingZone, Manifest, folder
from crosscheck.canonical import AD_DAILY, CAMPAIGN, CONTACT, DEAL, LEAD, LEAD_MERGE, LEAD_STATUS
from crosscheck.tables import Kind, Table
from crosscheck.windows import Window

NIGHT_1, NIGHT_2, NIGHT_3 = (datetime(2026, 11, day, 19, tzinfo=UTC) for day in (20, 21, 22))
Rows = Sequence[Mapping[str, Any]]
_FILL: dict[Kind, Any] = {
    Kind.TEXT: "x", Kind.ID: "x", Kind.COUNT: 1, Kind.INSTANT: datetime(2026, 11, 1, 8),  # noqa: DTZ001 - stored form
    Kind.DAY: date(2026, 11, 1), Kind.FLAG: False}

SPEND = Stream("spend", StreamKind.WINDOW, "", (Output(AD_DAILY, LoadMode.WINDOW),))
TOTALS = Stream("totals", StreamKind.WINDOW, "", (Output(AD_DAILY, LoadMode.WINDOW),))
CAMPAIGNS = Stream("campaigns", StreamKind.SNAPSHOT, "", (Output(CAMPAIGN, LoadMode.HISTORY),))
LEADS = Stream("leads", StreamKind.INCREMENTAL, "", (
    Output(LEAD, LoadMode.UPSERT),
    Output(LEAD_STATUS, LoadMode.HISTORY, ("source", "lead_id", "status_field")),
    Output(LEAD_MERGE, LoadMode.CHILDREN, ("source", "merged_into_id")),
    Output(CONTACT, LoadMode.UPSERT)))
DEALS = Stream("deals", StreamKind.INCREMENTAL, "", (Output(DEAL, LoadMode.UPSERT),))


def job(stream: Stream, run_id: str, first: str = "2026-11-01", last: str = "2026-11-20", *, account: str = "1",
        source: str = "ads", as_of: datetime = NIGHT_1) -> Slice:
    """A slice of a stream over a window of days."""
    window = Window(date.fromisoformat(first), date.fromisoformat(last))
    return Slice(source, "demo", Account(account, "UTC"), stream, window, as_of, run_id, "Asia/Ho_Chi_Minh")


def spend(day: str, amount: str | None, campaign: str = "c1", **more: Any) -> dict[str, Any]:
    """An `ad_daily` row; the rest of its columns is filled."""
    return {"platform": "google_ads", "account_id": "1", "level": "campaign", "campaign_id": campaign,
            "ad_group_id": "", "ad_id": "", "day": date.fromisoformat(day), "currency_code": "VND",
            "spend_amount": None if amount is None else Decimal(amount), **more}


def land(zone: LandingZone, slice_: Slice, tables: Mapping[str, Rows], quarantined: Rows = ()) -> Manifest:
    """Write the Parquet files of a slice; `row_no` counts up, `page_no` is 1 unless rows say otherwise."""
    where = folder(slice_)
    digests = {}
    for output in slice_.stream.outputs:
        record = output.table
        rows = [_row(record, slice_, number, row) for number, row in enumerate(tables.get(record.name, ()), start=1)]
        digests[f"{record.name}.parquet"] = _write(zone, where, record.name, pa.Table.from_pylist(rows, record.arrow()))
    bad = pa.Table.from_pylist([dict(row) for row in quarantined], pa.schema(
        [("page_no", pa.int64()), ("row_no", pa.int64()), ("reason", pa.string()), ("field", pa.string())]))
    digests["quarantine.parquet"] = _write(zone, where, "quarantine", bad)
    counts = {output.table.name: len(tables.get(output.table.name, ())) for output in slice_.stream.outputs}
    mapped = counts[slice_.stream.primary.table.name]
    manifest = Manifest(
        slice_id=slice_.slice_id, run_id=slice_.run_id, source=slice_.source, connector=slice_.connector, account={},
        stream=slice_.stream.name, stream_key=slice_.stream_key, window=str(slice_.window), since=None,
        as_of=slice_.as_of.isoformat(), business_zone=slice_.business_zone, folder=where, pages=1,
        received=mapped + len(quarantined), mapped=mapped, quarantined=len(quarantined), tables=counts, drift=[],
        notes={}, page_rows=[mapped + len(quarantined)], page_notes=[{}], sha256=digests)
    zone.seal(manifest)
    return manifest


def _row(record: Table, slice_: Slice, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    filled = {c.name: _FILL[c.field.kind] for c in record.columns if c.required}
    technical = {"stream_key": slice_.stream_key, "slice_id": slice_.slice_id, "page_no": 1, "row_no": number}
    return {**filled, **technical, **row}


def _write(zone: LandingZone, where: str, name: str, table: pa.Table) -> str:
    sink = zone.create(where, f"{name}.parquet")
    pq.write_table(table, sink)
    sink.close()
    return sink.sha256
