"""The files connector's files: formats, encodings, patterns, addresses, and files that are broken or move."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import fsspec
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosscheck.errors import DataError, Skippable
from tests.connectors.drops import HEADER, ROWS, as_csv, connect, rows_of, spend


def _written(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


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
        tmp_path: Path, file: str, write: Callable[[Path], Any], extra: str) -> None:
    """The same two rows come out of seven files; a campaign called NA stays, a declared null marker is null."""
    connector, job = connect(tmp_path, spend(file, extra))
    write(tmp_path / "drop" / file)
    tables, refused = rows_of(connector, job)
    found = tables["ad_daily"]
    assert refused == []
    assert found["campaign_id"].tolist() == ["007", "NA"]
    assert found["spend_amount"].tolist() == [Decimal("1234567.89"), None]
    assert found["day"].tolist() == [date(2026, 11, 1), date(2026, 11, 2)]
    assert set(found["currency_code"]) == {"VND"}


def test_a_vietnamese_code_page_gives_composed_letters(tmp_path: Path) -> None:
    """Windows-1258 spells letters in two parts; names from it match names from everywhere else."""
    mapping = spend("a.csv", "encoding: windows-1258").replace("Mã", "Ma").replace("Chi phí", "Tien")
    connector, job = connect(tmp_path, mapping)
    (tmp_path / "drop" / "a.csv").write_bytes(b"Ma,Ng\xe0y,Tien\nT\xea\xect,01/11/2026,1\n")
    assert rows_of(connector, job)[0]["ad_daily"]["campaign_id"].tolist() == ["Tết"]


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """Replacing the file after the first page fails the slice, naming the file."""
    connector, job = connect(tmp_path, spend("a.csv", "page_rows: 1"))
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
def test_broken_and_half_uploaded_files_are_refused_whole(tmp_path: Path, file: str, body: bytes) -> None:
    """A file that is not its format gives no rows at all."""
    connector, job = connect(tmp_path, spend(file))
    (tmp_path / "drop" / file).write_bytes(body)
    with pytest.raises(DataError, match=file):
        list(connector.pages(job))


def test_a_file_that_did_not_come_leaves_its_stream_out(tmp_path: Path) -> None:
    """No file is not an empty file: the stream is skipped, and what is published stays."""
    connector, job = connect(tmp_path, spend("*.csv"))
    with pytest.raises(Skippable, match=r"no file '\*\.csv'"):
        list(connector.pages(job))


def test_a_pattern_reads_all_its_files_in_order_and_in_chunks(tmp_path: Path) -> None:
    """Two files of two rows in chunks of one give four pages, oldest name first, each naming its file."""
    connector, job = connect(tmp_path, spend("day-*.csv", "page_rows: 1"))
    for day in ("02", "01"):
        rows = [[f"{day}a", *ROWS[0][1:]], [f"{day}b", *ROWS[1][1:]]]
        (tmp_path / "drop" / f"day-{day}.csv").write_text(as_csv(HEADER, rows), encoding="utf-8")
    pages = list(connector.pages(job))
    assert [page.notes["file"] for page in pages] == ["day-01.csv", "day-01.csv", "day-02.csv", "day-02.csv"]
    assert rows_of(connector, job)[0]["ad_daily"]["campaign_id"].tolist() == ["01a", "01b", "02a", "02b"]


def test_json_numbers_keep_their_digits_and_absent_keys_are_null(tmp_path: Path) -> None:
    """An id beyond 2**53 stays exact, NaN is refused, and a line without a key has a null there."""
    mapping = spend("a.jsonl").replace("money_vn", "decimal")
    connector, job = connect(tmp_path, mapping)
    lines = ['{"Mã": 9007199254740993, "Ngày": "01/11/2026", "Chi phí": 1.10}', '{"Mã": "b", "Ngày": "01/11/2026"}',
             '{"Mã": "c", "Ngày": "01/11/2026", "Chi phí": NaN}']
    (tmp_path / "drop" / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    tables, refused = rows_of(connector, job)
    assert tables["ad_daily"]["campaign_id"].tolist() == ["9007199254740993", "b"]
    assert tables["ad_daily"]["spend_amount"].tolist() == [Decimal("1.10"), None]
    assert [(bad["row_no"], bad["reason"]) for bad in refused] == [(3, "not_a_number")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.lists(st.lists(st.text(max_size=8), max_size=5), max_size=6).map(_written))
def test_any_bytes_at_all_are_counted_or_refused(tmp_path: Path, body: bytes) -> None:
    """Whatever lies below the header, every row is mapped or set aside, or the file is refused as a whole."""
    connector, job = connect(tmp_path, spend("a.csv"))
    (tmp_path / "drop" / "a.csv").write_bytes(",".join(HEADER).encode() + b"\n" + body)
    try:
        received = sum(page.rows for page in connector.pages(job))
    except DataError:
        return
    tables, refused = rows_of(connector, job)
    assert len(tables["ad_daily"]) + len(refused) == received


def test_files_may_lie_on_any_file_system(tmp_path: Path) -> None:
    """An address of fsspec works like a folder, patterns and the look before and after included."""
    system = fsspec.filesystem("memory")
    system.pipe("/inbox/a-1.csv", as_csv(HEADER, ROWS).encode())
    connector, job = connect(tmp_path, spend("a-*.csv"), "memory://inbox")
    assert rows_of(connector, job)[0]["ad_daily"]["campaign_id"].tolist() == ["007", "NA"]
