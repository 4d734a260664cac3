"""The files connector's rows: what is mapped, what is set aside and why, drift, joins, windows, replay."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from connectors.base import LoadMode, StreamKind
from connectors.files import Files
from connectors.landing import LandingZone
from connectors.reader import land, replay
from crosscheck.errors import ConfigError
from crosscheck.settings import Settings, Source
from tests.connectors.drops import HEADER, ROWS, as_csv, connect, rows_of, spend


def test_rows_that_do_not_fit_are_set_aside_with_reason_and_column(tmp_path: Path) -> None:
    """Ragged rows, empty keys and unreadable cells go to quarantine without their values; the others stay."""
    connector, job = connect(tmp_path, spend("a.csv"))
    body = as_csv(HEADER, [*ROWS, ["8", "31/02/2026", "1"], ["", "01/11/2026", "1"], ["9", "01/11/2026", "1,5,0"],
                           ["10", "03/11/2026"], ["11", "03/11/2026", "1", "2"], ["12", "03/11/2026", "1", ""],
                           ["", "", ""]])
    (tmp_path / "drop" / "a.csv").write_text(body, encoding="utf-8")
    tables, refused = rows_of(connector, job)
    assert tables["ad_daily"]["campaign_id"].tolist() == ["007", "NA", "12"]
    assert [(bad["row_no"], bad["reason"], bad["field"]) for bad in refused] == [
        (3, "not_a_date", "Ngày"), (4, "empty", "Mã"), (5, "not_a_number", "Chi phí"),
        (6, "ragged", ""), (7, "ragged", "")]


def test_quoted_line_breaks_and_commas_stay_in_their_cell(tmp_path: Path) -> None:
    """A name over two lines is one name."""
    connector, job = connect(tmp_path, spend("a.csv"))
    (tmp_path / "drop" / "a.csv").write_text('Mã,Ngày,Chi phí\n"a, ""b""\nc",01/11/2026,5\n', encoding="utf-8")
    assert rows_of(connector, job)[0]["ad_daily"]["campaign_id"].tolist() == ['a, "b"\nc']


def test_unmapped_columns_are_drift_and_ignored_ones_are_not(tmp_path: Path) -> None:
    """A new column is reported by name; a repeated header gets a number; an empty margin is nothing."""
    connector, job = connect(tmp_path, spend("a.csv", "ignore: {Ghi chú: free text}"))
    body = "Mã,Ngày,Chi phí,Ghi chú,CTR,CTR,,\n1,01/11/2026,5,x,1,2,,\n"
    (tmp_path / "drop" / "a.csv").write_text(body, encoding="utf-8")
    (page,) = connector.pages(job)
    assert connector.map(job, page).drift == ("CTR", "CTR (2)")


@pytest.mark.parametrize(("header", "hint"), [
    ("Mã,Ngày,Chi phi", "'Chi phi'"), ("Mã;Ngày;Chi phí", "declare delimiter")])
def test_a_missing_column_names_file_column_and_close_matches(
        tmp_path: Path, header: str, hint: str) -> None:
    """The error says which file lacks which column and what it has instead."""
    connector, job = connect(tmp_path, spend("a.csv"))
    (tmp_path / "drop" / "a.csv").write_text(f"{header}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"a\.csv has no column '(Chi phí|Mã)'.*" + hint):
        list(connector.pages(job))


def test_a_restated_stream_takes_the_days_of_its_slice_only(tmp_path: Path) -> None:
    """With window_on, other days are left out and counted; a day nobody can read is set aside."""
    connector, job = connect(tmp_path, spend("a.csv", "window_on: day"))
    rows = [["1", "31/10/2026", "1"], ["2", "01/11/2026", "1"], ["3", "22/11/2026", "1"], ["4", "?", "1"]]
    (tmp_path / "drop" / "a.csv").write_text(as_csv(HEADER, rows), encoding="utf-8")
    (page,) = connector.pages(job)
    tables, refused = rows_of(connector, job)
    assert (job.stream.kind, job.stream.primary.mode) == (StreamKind.WINDOW, LoadMode.WINDOW)
    assert (page.rows, page.notes["left_out"]) == (2, 2)
    assert tables["ad_daily"]["campaign_id"].tolist() == ["2"]
    assert [bad["reason"] for bad in refused] == ["not_a_date"]


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


def test_a_lead_gets_hashes_tracking_days_and_joined_columns(tmp_path: Path) -> None:
    """People are hashed, the landing URL is parsed, the day is local, the owner comes from the joined file."""
    connector, job = connect(tmp_path, LEADS)
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


REVIEWS = """
account_id: reviews
time_zone: Asia/Ho_Chi_Minh
currency: VND
streams:
  - name: reviews
    path: reviews.csv
    grain: One row per call and listener.
    outputs:
      - table: call_review
        columns:
          call_source: {const: hubspot}
          activity_id: {from: Cuộc gọi}
          reviewer_id: {from: Người nghe}
          review_score: {from: Điểm, parse: decimal}
          reviewed_at: {from: Lúc, parse: instant_dmy}
"""


def test_listeners_judgements_name_the_source_of_the_call(tmp_path: Path) -> None:
    """Beside that of their own file: else no call would be found. A judgement without a score is set aside."""
    connector, job = connect(tmp_path, REVIEWS)
    rows = [["800123", "lan", "4.5", "22/11/2026 09:00"], ["800124", "lan", "", "22/11/2026 09:05"]]
    (tmp_path / "drop" / "reviews.csv").write_text(
        as_csv(["Cuộc gọi", "Người nghe", "Điểm", "Lúc"], rows), encoding="utf-8")
    tables, refused = rows_of(connector, job)
    (row,) = tables["call_review"].to_dict("records")
    assert (row["source"], row["call_source"], row["activity_id"], float(row["review_score"])) == (
        "drop", "hubspot", "800123", 4.5)
    assert [bad["row_no"] for bad in refused] == [2]


ANSWERS = """
account_id: drop
time_zone: Asia/Ho_Chi_Minh
streams:
  - name: budgets
    path: answers.csv
    grain: One row per lead.
    outputs:
      - table: portrait_answer
        columns:
          lead_id: {from: Mã}
          portrait_property: {const: budget}
          answer: {from: Ngân sách}
"""


def test_a_column_is_an_answer_to_the_portrait(tmp_path: Path) -> None:
    """One question per stream: text as it stands, a number beside it where it is one, null where nobody answered."""
    connector, job = connect(tmp_path, ANSWERS)
    (tmp_path / "drop" / "answers.csv").write_text(
        as_csv(["Mã", "Ngân sách"], [["1", "3000000"], ["2", "tùy"], ["3", ""]]), encoding="utf-8")
    rows = rows_of(connector, job)[0]["portrait_answer"].to_dict("records")
    assert [(row["source"], row["lead_id"], row["portrait_property"]) for row in rows] == [
        ("drop", lead, "budget") for lead in "123"]
    assert [None if pd.isna(row["answer"]) else row["answer"] for row in rows] == ["3000000", "tùy", None]
    assert [None if pd.isna(row["answer_number"]) else row["answer_number"] for row in rows] == [3_000_000, None, None]


def test_an_account_may_stand_in_every_row_and_comes_out_once(tmp_path: Path) -> None:
    """A further table has one row per key, whatever the number of rows that say it."""
    extra = spend("a.csv") + "      - table: account\n        columns: {platform: {const: zalo}}\n"
    connector, job = connect(tmp_path, extra)
    (tmp_path / "drop" / "a.csv").write_text(as_csv(HEADER, ROWS), encoding="utf-8")
    (account,) = rows_of(connector, job)[0]["account"].to_dict("records")
    found = (account["account_id"], account["time_zone"], account["currency_code"])
    assert found == ("drop", "Asia/Ho_Chi_Minh", "VND")


def test_a_landed_slice_maps_again_without_its_file(tmp_path: Path) -> None:
    """The raw page holds the cells, so a replay gives the same rows after the file is gone."""
    connector, job = connect(tmp_path, spend("a.csv"))
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
