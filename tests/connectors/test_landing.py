"""A slice lands whole or not at all, and can be found, opened and mapped again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from connectors import wire
from connectors.base import Account, Limits, LoadMode, Mapped, Output, RawPage, Slice, Stream, StreamKind
from connectors.frames import Draft, assemble
from connectors.landing import LandingZone
from connectors.reader import land, replay
from crosscheck.canonical import AD_DAILY, FX_RATE
from crosscheck.errors import BrokenAnswer, ConfigError, DataError, TryAgain
from crosscheck.windows import Window

RATES = Stream("rates", StreamKind.WINDOW, "one rate", (Output(FX_RATE, LoadMode.WINDOW),))
JOB = Slice("bank", "rates", Account("../../1", "UTC"), RATES, Window(date(2026, 11, 1), date(2026, 11, 2)),
            datetime(2026, 11, 3, tzinfo=UTC), "nightly-1", "Asia/Ho_Chi_Minh")
DAY1 = b'[["2026-11-01","USD","VND","25000"],["2026-11-01","EUR","VND","27000.5"]]'
DAY2 = b'[["2026-11-02","USD","VND","25100"],["2026-11-02","EUR","VND","1,5"],["2026-11-02",null,"VND","1"]]'


class Bank:
    """A connector of two pages, one row of which has a rate nobody can read and one lacks its key."""

    name = "rates"
    streams: tuple[Stream, ...] = (RATES,)
    limits = Limits()

    def __init__(self, *bodies: bytes) -> None:
        self.bodies, self.reads = bodies, 0

    def accounts(self) -> list[Account]:
        """One account."""
        return [JOB.account]

    def pages(self, job: Slice) -> Iterator[RawPage]:
        """The bodies as given; an empty one is a failure."""
        self.reads += 1
        for body in self.bodies:
            if not body:
                raise TryAgain("gone")
            yield RawPage(body, len(wire.parse(body)), {"size": len(body)})

    def map(self, job: Slice, page: RawPage) -> Mapped:
        """Columns by position."""
        rows = wire.parse(page.body)
        draft = Draft(FX_RATE, range(1, len(rows) + 1))
        for place, name in enumerate(("day", "from_currency", "to_currency", "fx_rate")):
            draft.put(name, [row[place] for row in rows])
        return assemble([draft])


@pytest.fixture(params=["local", "memory"])
def zone(request: pytest.FixtureRequest, tmp_path: Path) -> LandingZone:
    """A zone on disk, and one on an object store."""
    return LandingZone(tmp_path / "zone" if request.param == "local" else f"memory://{uuid.uuid4()}")


def test_everything_is_accounted_for(zone: LandingZone) -> None:
    """Received = mapped + quarantined, and the rows carry their place in landing."""
    manifest = land(Bank(DAY1, DAY2), JOB, zone)
    assert (manifest.received, manifest.mapped, manifest.quarantined, manifest.pages) == (5, 3, 2, 2)
    rows = pq.read_table(zone.parquet(manifest, "fx_rate"))
    assert rows.schema.equals(FX_RATE.arrow())
    assert [(r["page_no"], r["row_no"], r["fx_rate"]) for r in rows.to_pylist()] == [
        (1, 1, Decimal(25000)), (1, 2, Decimal("27000.5")), (2, 1, Decimal(25100))]
    assert set(rows["stream_key"].to_pylist()) == {"bank/../../1/rates"}
    assert pq.read_table(zone.parquet(manifest, "quarantine")).to_pylist() == [
        {"page_no": 2, "row_no": 2, "reason": "value does not fit its column", "field": "fx_rate"},
        {"page_no": 2, "row_no": 3, "reason": "required value is missing", "field": "from_currency"}]


def test_raw_pages_are_kept_as_received(zone: LandingZone) -> None:
    """Any number opens down to the vendor's own bytes."""
    manifest = land(Bank(DAY1, DAY2), JOB, zone)
    assert [zone.page(manifest, no) for no in (1, 2)] == [DAY1, DAY2]


def test_a_landed_slice_is_not_read_again(zone: LandingZone) -> None:
    """A resumed run finds what it landed."""
    bank = Bank(DAY1)
    first = land(bank, JOB, zone)
    assert land(bank, JOB, zone) == first == zone.manifest(JOB)
    assert bank.reads == 1


def test_a_half_landed_slice_is_swept(zone: LandingZone) -> None:
    """What an interrupted reading left is neither found nor mixed with the next one."""
    with pytest.raises(TryAgain, match=r"bank / \.\./\.\./1 / rates / 2026-11-01"):
        land(Bank(DAY1, DAY2, b""), JOB, zone)
    assert zone.manifest(JOB) is None
    manifest = land(Bank(DAY2), JOB, zone)
    assert (manifest.pages, manifest.received) == (1, 3)
    assert not zone.fs.exists(zone.path(manifest.folder, "page-00002.json.zst"))


def test_orphans_are_swept_and_old_slices_expire(zone: LandingZone) -> None:
    """Folders without a manifest go at once, sealed ones when their retention is over."""
    kept = land(Bank(DAY1), JOB, zone)
    with pytest.raises(TryAgain):
        land(Bank(DAY1, b""), replace(JOB, run_id="nightly-0"), zone)
    assert zone.sweep(keep={replace(JOB, run_id="nightly-0").slice_id}) == 0
    assert zone.sweep() == 1
    assert zone.manifests() == [kept]
    assert (zone.expire("2026-11-03"), zone.expire("2026-11-04")) == (0, 1)
    assert zone.manifest(JOB) is None


def test_replay_maps_again_without_reading(zone: LandingZone) -> None:
    """The same raw pages give the same manifest and rows, and nobody asks the vendor."""
    bank = Bank(DAY1, DAY2)
    landed = land(bank, JOB, zone)
    before = pq.read_table(zone.parquet(landed, "fx_rate"))
    again = replay(bank, JOB, zone)
    assert bank.reads == 1
    assert again == landed == zone.manifest(JOB)
    assert pq.read_table(zone.parquet(again, "fx_rate")).equals(before)


def test_nothing_to_replay(zone: LandingZone) -> None:
    """Replaying what never landed says so."""
    with pytest.raises(BrokenAnswer, match="nothing landed"):
        replay(Bank(), JOB, zone)


def test_a_changed_page_is_refused(zone: LandingZone) -> None:
    """Evidence that somebody edited is no evidence."""
    manifest = land(Bank(DAY1), JOB, zone)
    zone.fs.pipe_file(zone.path(manifest.folder, "page-00001.json.zst"), b"other")
    with pytest.raises(DataError, match="not what was landed"):
        zone.page(manifest, 1)
    zone.fs.pipe_file(zone.path(manifest.folder, "fx_rate.parquet"), b"other")
    with pytest.raises(DataError, match="not what was landed"):
        zone.parquet(manifest, "fx_rate")


def test_an_empty_slice_lands(zone: LandingZone) -> None:
    """No pages and empty pages are answers; whether they may be empty is the gate's question."""
    manifest = land(Bank(b"[]"), JOB, zone)
    assert (manifest.received, manifest.tables) == (0, {"fx_rate": 0})
    assert pq.read_table(zone.parquet(manifest, "fx_rate")).num_rows == 0


def test_only_the_owner_reads_landing(tmp_path: Path) -> None:
    """Raw payloads hold personal data: files 0600, folders 0700, and no vendor's id climbs out of the zone."""
    land(Bank(DAY1), JOB, LandingZone(tmp_path / "zone"))
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (tmp_path / "zone").rglob("*")}
    assert modes == {(True, 0o700), (False, 0o600)}
    assert [path.name for path in tmp_path.iterdir()] == ["zone"]


def test_rows_are_streamed_in_groups(tmp_path: Path) -> None:
    """Many pages make few row groups, and none is lost."""
    body = b"[" + b",".join([b'["2026-11-01","USD","VND","25000"]'] * 30_000) + b"]"
    zone = LandingZone(tmp_path)
    manifest = land(Bank(*[body] * 4), JOB, zone)
    file = pq.ParquetFile(zone.parquet(manifest, "fx_rate"))
    assert (file.metadata.num_rows, file.metadata.num_row_groups) == (120_000, 2)


class Liar(Bank):
    """A connector whose mapping is wrong in a chosen way."""

    def __init__(self, spoil: str) -> None:
        super().__init__(DAY1)
        self.spoil = spoil

    def map(self, job: Slice, page: RawPage) -> Mapped:
        """The right frames, spoilt."""
        mapped = super().map(job, page)
        frame = mapped.frames["fx_rate"]
        return replace(mapped, frames=_SPOILT[self.spoil](frame))


_SPOILT = {
    "row lost": lambda f: {"fx_rate": f.head(1)},
    "row invented": lambda f: {"fx_rate": pd.concat([f, f])},
    "column missing": lambda f: {"fx_rate": f.drop(columns="day")},
    "column added": lambda f: {"fx_rate": f.assign(extra=1)},
    "float money": lambda f: {"fx_rate": f.assign(fx_rate=1.5)},
    "wrong type": lambda f: {"fx_rate": f.assign(day="yesterday")},
    "table missing": lambda f: {},
    "table added": lambda f: {"fx_rate": f, "lead": f},
}


@pytest.mark.parametrize("spoil", _SPOILT)
def test_a_wrong_mapping_lands_nothing(spoil: str, tmp_path: Path) -> None:
    """Frames are held against the table record: nothing else gets into landing."""
    zone = LandingZone(tmp_path)
    with pytest.raises(DataError):
        land(Liar(spoil), JOB, zone)
    assert zone.manifest(JOB) is None


class Surprised(Bank):
    """A connector that meets what its author did not foresee."""

    def map(self, job: Slice, page: RawPage) -> Mapped:
        """Fail as code fails."""
        raise KeyError("an@example.vn")


def test_a_defect_is_a_typed_refusal_without_values(tmp_path: Path) -> None:
    """One odd record in one slice never sinks the night, and its value stays out of the message."""
    with pytest.raises(DataError, match=r"KeyError at test_landing\.py:\d+") as caught:
        land(Surprised(DAY1), JOB, LandingZone(tmp_path))
    assert "example" not in str(caught.value)
    assert caught.value.where == str(JOB)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where landing cannot be written the message says what to do."""
    zone = LandingZone(tmp_path)

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zone, "write", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        land(Bank(DAY1), JOB, zone)


def test_hostile_text_is_stored(tmp_path: Path) -> None:
    """NUL and lone surrogates get a visible escape; the rest stays as it is."""
    names = ["a\0b", "\ud800x", "'; DROP TABLE x; --", "🙂\u202e"]
    draft = Draft(AD_DAILY, [1, 2, 3, 4]).put("campaign_id", names)
    assert draft.table_rows()["campaign_id"].to_pylist() == ["a\\u0000b", "\\ud800x", *names[2:]]
    assert wire.parse(b'["\\ud800x","\\ud83d\\ude42","\\\\ud800"]') == ["\\ud800x", "🙂", "\\ud800"]


def test_hard_numbers() -> None:
    """Large ids stay text; micros are exact; NaN, 1e400 and endless integers are set aside, one reason per row."""
    draft = Draft(AD_DAILY, [1, 2, 3, 4]).put("ad_id", ["9007199254740993", "007", "NA", "18446744073709551617"])
    draft.micros("spend_amount", ["70000", "-1", "9" * 30, "999999999999999999"])
    draft.put("claimed_value_amount", ["0.1234567", "NaN", "1e400", None])
    rows = draft.table_rows()
    assert rows["ad_id"].to_pylist() == ["9007199254740993", "007", "NA", "18446744073709551617"]
    assert rows["spend_amount"].to_pylist() == [
        Decimal("0.07"), Decimal("-0.000001"), None, Decimal("999999999999.999999")]
    assert rows["claimed_value_amount"].to_pylist() == [Decimal("0.123457"), None, None, None]
    assert {row for row, _, field in draft.bad if field in ("spend_amount", "claimed_value_amount")} == {2, 3}
