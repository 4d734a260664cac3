"""The files connector over small files on disk: formats, quarantine, drift, joins, windows, and files that move."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.base import LoadMode, Slice, StreamKind
from connectors.checked import checked
from connectors.files import Files
from connectors.landing import LandingZone
from connectors.reader import land, replay
from crosscheck.errors import ConfigError, DataError, Skippable
from crosscheck.settings import Settings, Source
from crosscheck.windows import Window

AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
WINDOW = Window(date(2026, 11, 1), date(2026, 11, 21))
SPEND = """
account_id: drop
time_zone: Asia/Ho_Chi_Minh
currency: VND
streams:
  - name: spend
    path: "{path}"
    grain: One row per campaign and day.
    {extra}
    outputs:
      - table: ad_daily
        columns:
          platform: {{const: zalo}}
          level: {{const: campaign}}
          campaign_id: {{from: Mã}}
          ad_group_id: {{const: ""}}
          ad_id: {{const: ""}}
          day: {{from: Ngày, parse: day_dmy}}
          spend_amount: {{from: Chi phí, parse: money_vn, "null": ["", "--"]}}
"""
HEADER = ["Mã", "Ngày", "Chi phí"]
ROWS = [["007", "01/11/2026", "1.234.567,89 ₫"], ["NA", "02/11/2026", "--"]]
Make = Callable[..., tuple[Files, Slice]]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A connector over `tmp_path/drop` with a mapping text, and a slice of its first stream."""
    monkeypatch.setenv("CROSSCHECK_PRIVACY_KEY", "a key that only this test knows")

    def build(mapping: str) -> tuple[Files, Slice]:
        (tmp_path / "drop").mkdir(exist_ok=True)
        (tmp_path / "map.yaml").write_text(mapping, encoding="utf-8")
        source = Source(name="drop", connector="files", options={"path": "drop", "mapping": "map.yaml"})
        connector = Files(source, Settings(home=tmp_path))
        return connector, Slice("drop", "files", connector.accounts()[0], connector.streams[0], WINDOW, AS_OF, "run-1",
                                "Asia/Ho_Chi_Minh")

    return build


def spend(path: str, extra: str = "") -> str:
    return SPEND.format(path=path, extra=extra)


def rows_of(connector: Files, job: Slice) -> tuple[dict[str, pd.DataFrame], list[dict[str, Any]]]:
    """All rows of a slice by table, after landing's own checks, and what was set aside."""
    tables: dict[str, list[pa.Table]] = {}
    refused: list[dict[str, Any]] = []
    for page in connector.pages(job):
        found, bad = checked(job.stream, page, connector.map(job, page))
        refused += bad.to_pylist()
        for name, rows in found.items():
            tables.setdefault(name, []).append(rows)
    return {name: pa.concat_tables(parts).to_pandas() for name, parts in tables.items()}, refused


def as_csv(header: list[str], rows: list[list[str]], delimiter: str = ",") -> str:
    return "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in [header, *rows]) + "\n"


def _excel(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Số liệu")
    for row in [["báo cáo tháng 11"], HEADER, *ROWS]:
        sheet.append(row)
    book.save(path)


def _parquet(path: Path) -> None:
    pq.write_table(pa.table(dict(zip(HEADER, zip(*ROWS, strict=True), strict=True))), path)


def _json_lines(path: Path) -> None:
    path.write_text("\n".join(json.dumps(dict(zip(HEADER, row, strict=True))) for row in ROWS), encoding="utf-8")


@pytest.mark.parametrize(("file", "write", "extra"), [
    ("a.csv", lambda path: path.write_text(as_csv(HEADER, ROWS), encoding="utf-8"), ""),
    ("bom.csv", lambda path: path.write_text(as_csv(HEADER, ROWS), encoding="utf-8-sig"), "encoding: latin-1"),
    ("utf16.csv", lambda path: path.write_text(as_csv(HEADER, ROWS, ";"), encoding="utf-16"), 'delimiter: ";"'),
    ("a.tsv", lambda path: path.write_text(as_csv(HEADER, ROWS, "\t"), encoding="utf-8"), ""),
    ("a.xlsx", _excel, "skip_rows: 1\n    sheet: Số liệu"),
    ("a.parquet", _parquet, ""),
    ("a.jsonl", _json_lines, ""),
])
def test_every_format_and_encoding_gives_the_same_rows(
        make: Make, tmp_path: Path, file: str, write: Callable[[Path], Any], extra: str) -> None:
    """The same two rows come out of seven files; a campaign called NA stays, a declared null marker is null."""
    connector, job = make(spend(file, extra))
    write(tmp_path / "drop" / file)
    tables, refused = rows_of(connector, job)
    found = tables["ad_daily"]
    assert refused == []
    assert found["campaign_id"].tolist() == ["007", "NA"]
    assert found["spend_amount"].tolist() == [Decimal("1234567.89"), None]
    assert found["day"].tolist() == [date(2026, 11, 1), date(2026, 11, 2)]
    assert set(found["currency_code"]) == {"VND"}


def test_a_vietnamese_code_page_gives_composed_letters(make: Make, tmp_path: Path) -> None:
    """Windows-1258 spells letters in two parts; names from it match names from everywhere else."""
    connector, job = make(spend("a.csv", "encoding: windows-1258").replace("Mã", "Ma").replace("Chi phí", "Tien"))
    (tmp_path / "drop" / "a.csv").write_bytes(b"Ma,Ng\xe0y,Tien\nT\xea\xect,01/11/2026,1\n")
    assert rows_of(connector, job)[0]["ad_daily"]["campaign_id"].tolist() == ["Tết"]


def test_rows_that_do_not_fit_are_set_aside_with_reason_and_column(make: Make, tmp_path: Path) -> None:
    """Ragged rows, empty keys and unreadable cells go to quarantine without their values; the others stay."""
    connector, job = make(spend("a.csv"))
    body = as_csv(HEADER, [*ROWS, ["8", "31/02/2026", "1"], ["", "01/11/2026", "1"], ["9", "01/11/2026", "1,5,0"],
                           ["10", "03/11/2026"], ["11", "03/11/2026", "1", "2"], ["12", "03/11/2026", "1", ""],
                           ["", "", ""]])
    (tmp_path / "drop" / "a.csv").write_text(body, encoding="utf-8")
    tables, refused = rows_of(connector, job)
    assert tables["ad_daily"]["campaign_id"].tolist() == ["007", "NA", "12"]
    assert [(bad["row_no"], bad["reason"], bad["field"]) for bad in refused] == [
        (3, "not_a_date", "Ngày"), (4, "empty", "Mã"), (5, "not_a_number", "Chi phí"),
        (6, "ragged", ""), (7, "ragged", "")]


def test_quoted_line_breaks_and_commas_stay_in_their_cell(make: Make, tmp_path: Path) -> None:
    """A name over two lines is one name."""
    connector, job = make(spend("a.csv"))
    (tmp_path / "drop" / "a.csv").write_text('Mã,Ngày,Chi phí\n"a, ""b""\nc",01/11/2026,5\n', encoding="utf-8")
    assert rows_of(connector, job)[0]["ad_daily"]["campaign_id"].tolist() == ['a, "b"\nc']


def test_unmapped_columns_are_drift_and_ignored_ones_are_not(make: Make, tmp_path: Path) -> None:
    """A new column is reported by name; a repeated header gets a number; an empty margin is nothing."""
    connector, job = make(spend("a.csv", "ignore: {Ghi chú: free text}"))
    body = "Mã,Ngày,Chi phí,Ghi chú,CTR,CTR,,\n1,01/11/2026,5,x,1,2,,\n"
    (tmp_path / "drop" / "a.csv").write_text(body, encoding="utf-8")
    (page,) = connector.pages(job)
    assert connector.map(job, page).drift == ("CTR", "CTR (2)")


@pytest.mark.parametrize(("header", "hint"), [
    ("Mã,Ngày,Chi phi", "'Chi phi'"), ("Mã;Ngày;Chi phí", "declare delimiter")])
def test_a_missing_column_names_file_column_and_close_matches(
        make: Make, tmp_path: Path, header: str, hint: str) -> None:
    """The error says which file lacks which column and what it has instead."""
    connector, job = make(spend("a.csv"))
    (tmp_path / "drop" / "a.csv").write_text(f"{header}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"a\.csv has no column '(Chi phí|Mã)'.*" + hint):
        list(connector.pages(job))


def test_a_file_that_changes_while_it_is_read_is_refused(make: Make, tmp_path: Path) -> None:
    """Replacing the file after the first page fails the slice, naming the file."""
    connector, job = make(spend("a.csv", "page_rows: 1"))
    file = tmp_path / "drop" / "a.csv"
    file.write_text(as_csv(HEADER, ROWS), encoding="utf-8")
    pages = connector.pages(job)
    next(pages)
    file.write_text(as_csv(HEADER, [ROWS[0]]), encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.csv changed while it was read"):
        list(pages)


@pytest.mark.parametrize(("file", "body"), [
    ("a.csv", b""), ("a.csv", 'Mã,Ngày,Chi phí\n1,"01/11'.encode()), ("a.csv", b"M\xe3,x\n"),
    ("a.xlsx", b"PK\x03\x04half"), ("a.parquet", b"PAR1half"), ("a.jsonl", b'{"a": 1}\n{"a": '), ("a.jsonl", b"[1]\n")])
def test_broken_and_half_uploaded_files_are_refused_whole(make: Make, tmp_path: Path, file: str, body: bytes) -> None:
    """A file that is not its format gives no rows at all."""
    connector, job = make(spend(file))
    (tmp_path / "drop" / file).write_bytes(body)
    with pytest.raises(DataError, match=file):
        list(connector.pages(job))


def test_a_file_that_did_not_come_leaves_its_stream_out(make: Make) -> None:
    """No file is not an empty file: the stream is skipped, and what is published stays."""
    connector, job = make(spend("*.csv"))
    with pytest.raises(Skippable, match=r"no file '\*\.csv'"):
        list(connector.pages(job))


def test_a_pattern_reads_all_its_files_in_order_and_in_chunks(make: Make, tmp_path: Path) -> None:
    """Two files of two rows in chunks of one give four pages, oldest name first, each naming its file."""
    connector, job = make(spend("day-*.csv", "page_rows: 1"))
    for day in ("02", "01"):
        rows = [[f"{day}a", *ROWS[0][1:]], [f"{day}b", *ROWS[1][1:]]]
        (tmp_path / "drop" / f"day-{day}.csv").write_text(as_csv(HEADER, rows), encoding="utf-8")
    pages = list(connector.pages(job))
    assert [page.notes["file"] for page in pages] == ["day-01.csv", "day-01.csv", "day-02.csv", "day-02.csv"]
    assert rows_of(connector, job)[0]["ad_daily"]["campaign_id"].tolist() == ["01a", "01b", "02a", "02b"]


def test_a_restated_stream_takes_the_days_of_its_slice_only(make: Make, tmp_path: Path) -> None:
    """With window_on, other days are left out and counted; a day nobody can read is set aside."""
    connector, job = make(spend("a.csv", "window_on: day"))
    rows = [["1", "31/10/2026", "1"], ["2", "01/11/2026", "1"], ["3", "22/11/2026", "1"], ["4", "?", "1"]]
    (tmp_path / "drop" / "a.csv").write_text(as_csv(HEADER, rows), encoding="utf-8")
    (page,) = connector.pages(job)
    tables, refused = rows_of(connector, job)
    assert (job.stream.kind, job.stream.primary.mode) == (StreamKind.WINDOW, LoadMode.WINDOW)
    assert (page.rows, page.notes["left_out"]) == (2, 2)
    assert tables["ad_daily"]["campaign_id"].tolist() == ["2"]
    assert [bad["reason"] for bad in refused] == ["not_a_date"]


def test_json_numbers_keep_their_digits_and_absent_keys_are_null(make: Make, tmp_path: Path) -> None:
    """An id beyond 2**53 stays exact, NaN is refused, and a line without a key has a null there."""
    mapping = spend("a.jsonl").replace("money_vn", "decimal")
    connector, job = make(mapping)
    lines = ['{"Mã": 9007199254740993, "Ngày": "01/11/2026", "Chi phí": 1.10}', '{"Mã": "b", "Ngày": "01/11/2026"}',
             '{"Mã": "c", "Ngày": "01/11/2026", "Chi phí": NaN}']
    (tmp_path / "drop" / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    tables, refused = rows_of(connector, job)
    assert tables["ad_daily"]["campaign_id"].tolist() == ["9007199254740993", "b"]
    assert tables["ad_daily"]["spend_amount"].tolist() == [Decimal("1.10"), None]
    assert [(bad["row_no"], bad["reason"]) for bad in refused] == [(3, "not_a_number")]


LEADS = """
account_id: crm
time_zone: Asia/Ho_Chi_Minh
streams:
  - name: leads
    path: leads.csv
    grain: One row per lead.
    where: {Mã: non_empty}
    join:
      - {path: staff.csv, on: {Sale: Tên}, take: {Id: Sale Id}}
    outputs:
      - table: lead
        person: {email: Email, phone: SĐT}
        landing_url: Trang
        columns:
          lead_id: {from: Mã}
          created_at: {from: Tạo lúc, parse: instant_dmy}
          updated_at: {as_of: true}
          is_archived: {from: Xóa, values: {x: true}, otherwise: false, default: false}
          crm_campaign: {from: Chiến dịch}
          owner_id: {from: Sale Id}
      - table: lead_status
        mode: history
        where: {Trạng thái: non_empty}
        columns:
          lead_id: {from: Mã}
          status_field: {const: Trạng thái}
          status: {from: Trạng thái, values: {Nóng: hot, Mất: lost}}
          entered_at: {as_of: true}
          is_inferred: {const: true}
"""


def test_a_lead_gets_hashes_tracking_days_and_joined_columns(make: Make, tmp_path: Path) -> None:
    """People are hashed, the landing URL is parsed, the day is local, the owner comes from the joined file."""
    connector, job = make(LEADS)
    (tmp_path / "drop" / "staff.csv").write_text("Tên,Id\nLan,s1\n", encoding="utf-8")
    header = ["Mã", "Email", "SĐT", "Trang", "Tạo lúc", "Xóa", "Chiến dịch", "Sale", "Trạng thái"]
    page = "https://x.vn/a?utm_campaign=T%E1%BA%BFt&gclid=g1"
    rows = [["1", "An@X.vn", "0912345678", page, "22/11/2026 00:30", "", "Tết  Sale", "Lan", "Nóng"],
            ["2", "", "", "", "22/11/2026 00:30", "x", "", "Bình", ""], ["", "", "", "", "", "", "", "", "Nóng"],
            ["3", "", "", "", "22/11/2026 00:30", "", "", "Lan", "Ngủ"]]
    (tmp_path / "drop" / "leads.csv").write_text(as_csv(header, rows), encoding="utf-8")
    tables, refused = rows_of(connector, job)
    first, second = tables["lead"].to_dict("records")
    assert (first["person_key"], first["is_phone_valid"]) == (first["email_hash"], True)
    assert (first["utm_campaign"], first["gclid"], first["landing_page"]) == ("Tết", "g1", "x.vn/a")
    assert (first["crm_campaign_norm"], first["owner_id"], first["is_archived"]) == ("tết sale", "s1", False)
    assert (first["created_day"], first["updated_at"]) == (date(2026, 11, 22), pd.Timestamp(2026, 11, 22))
    assert (pd.isna(second["owner_id"]), second["is_email_valid"], second["is_archived"]) == (True, None, True)
    assert tables["lead_status"]["status"].tolist() == ["hot"]
    assert [(bad["row_no"], bad["reason"], bad["field"]) for bad in refused] == [(3, "unknown_value", "Trạng thái")]


def test_an_account_may_stand_in_every_row_and_comes_out_once(make: Make, tmp_path: Path) -> None:
    """A further table has one row per key, whatever the number of rows that say it."""
    extra = spend("a.csv") + "      - table: account\n        columns: {platform: {const: zalo}}\n"
    connector, job = make(extra)
    (tmp_path / "drop" / "a.csv").write_text(as_csv(HEADER, ROWS), encoding="utf-8")
    (account,) = rows_of(connector, job)[0]["account"].to_dict("records")
    found = (account["account_id"], account["time_zone"], account["currency_code"])
    assert found == ("drop", "Asia/Ho_Chi_Minh", "VND")


def test_a_landed_slice_maps_again_without_its_file(make: Make, tmp_path: Path) -> None:
    """The raw page holds the cells, so a replay gives the same rows after the file is gone."""
    connector, job = make(spend("a.csv"))
    file = tmp_path / "drop" / "a.csv"
    file.write_text(as_csv(HEADER, ROWS), encoding="utf-8")
    zone = LandingZone(tmp_path / "landing")
    first = land(connector, job, zone)
    file.unlink()
    again = replay(connector, job, zone)
    assert (first.received, first.mapped, first.quarantined) == (2, 2, 0)
    assert again == first


@pytest.mark.parametrize(("options", "key"), [({"path": "x"}, "mapping"), ({"mapping": "map.yaml"}, "path")])
def test_a_missing_option_is_named(tmp_path: Path, options: dict[str, str], key: str) -> None:
    """Path and mapping are both needed."""
    (tmp_path / "map.yaml").write_text(spend("a.csv"), encoding="utf-8")
    with pytest.raises(ConfigError, match=f"needs options.{key}"):
        Files(Source(name="drop", connector="files", options=options), Settings(home=tmp_path))
