"""Gate 3: marts that do not tie out, shrank or hold impossible numbers are never published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from crosscheck.canonical import AD_DAILY
from crosscheck.settings import Settings
from expectations import docs
from expectations.gate import GateResult, run_gate
from tests.expectations.world import AS_OF, LAST, Row, insert, spend_row, technical
from tests.support.store import take_over
from warehouse import ddl, ledger
from warehouse.engine import Warehouse, open_warehouse
from warehouse.ledger import Run
from warehouse.load import load_files
from warehouse.marts import MARTS
from warehouse.marts.base import BuiltMart

RECORDS = {mart.record.name: mart.record for mart in MARTS}
DAILY, QUALITY, TIE_OUT = RECORDS["campaign_roi_daily"], RECORDS["lead_quality"], RECORDS["tieout"]
DAYS = [LAST - timedelta(days=back) for back in range(12)]


@pytest.fixture(params=["duckdb", "postgresql"])
def opened(request: pytest.FixtureRequest, settings_for: Callable[[str], Settings],
           ) -> Iterator[tuple[Warehouse, Settings, Run]]:
    """A warehouse with twelve days of spend in staging."""
    settings = settings_for(request.param)
    with open_warehouse(settings) as wh:
        take_over(wh)
        run = ledger.begin_run(wh, "nightly", AS_OF)
        rows = [spend_row("a1", "VND", campaign, day, 100) for day in DAYS for campaign in ("", "c0")]
        insert(wh, ddl.table(AD_DAILY), technical(rows, "meta/a1/spend", "s"))
        yield wh, settings, run


def daily(day: date, **changes: Any) -> Row:
    """One campaign and day, as the build makes it."""
    return dict.fromkeys(DAILY.by_name) | {
        "platform": "meta_ads", "account_id": "a1", "campaign_id": "c0", "day": day, "campaign_name": "c0",
        "spend_amount": Decimal(100), "currency_code": "VND", "spend_reporting_amount": Decimal(100), "fx_day": day,
        "lead_count": 2, "unique_lead_count": 2, "qualified_count": 0, "won_count": 0, "won_deal_count": 0,
        "margin_known_count": 0, "reporting_currency_code": "VND", "cpl_amount": Decimal(50)} | changes


def put(wh: Warehouse, schema: str, name: str, rows: list[Row], folder: Any) -> BuiltMart:
    """Rows into a mart's table; what the build would have said about it."""
    record = RECORDS[name]
    pq.write_table(pa.Table.from_pylist(rows, schema=record.arrow()), folder / "rows.parquet")
    wh.write(lambda conn: load_files(conn, ddl.table(record, schema), [folder / "rows.parquet"], record.arrow()))
    return BuiltMart(record, None, None, len(rows))


def ask(opened: tuple[Warehouse, Settings, Run], mart: BuiltMart) -> GateResult:
    """Gate 3 over one built mart."""
    wh, settings, run = opened
    return run_gate(3, wh, run, settings=settings, built=[mart])


def failed(result: GateResult) -> set[str]:
    """Names of the checks that stop the night."""
    return {check.check for check in result.failed}


def test_a_mart_that_ties_out_passes_and_is_shown(opened: Any, tmp_path: Any) -> None:
    """A faultless mart; the site lists its checks, and loads nothing from anybody's host."""
    wh, settings, run = opened
    result = ask(opened, put(wh, "mart_next", "campaign_roi_daily", [daily(day) for day in DAYS], tmp_path))
    assert failed(result) == set()
    index = docs.build(settings, run.run_id)
    assert index is not None
    pages = {page: page.read_text(encoding="utf-8") for page in index.parent.rglob("*.html")}
    listing = {page.name for page, text in pages.items() if "spend equals the control total" in text}
    assert listing == {"index.html", "gate 3 marts.html"}
    assert not any('src="http' in page or '<link rel="stylesheet" href="http' in page for page in pages.values())


@pytest.mark.parametrize(("changes", "check"), [
    ({"spend_amount": Decimal(90)}, "spend equals the control total"),
    ({"roas_ratio": float("inf")}, "every column keeps its record"),
    ({"roas_ratio": float("nan")}, "every column keeps its record"),
    ({"lead_count": -1}, "every column keeps its record"),
    ({"reporting_currency_code": "XXX"}, "every column keeps its record"),
    ({"campaign_name": None}, "every column keeps its record"),
    ({"day": DAYS[1]}, "key is unique"),
    ({"spend_reporting_amount": None}, "every spend converted"),
])
def test_an_impossible_row_stops_the_publication(opened: Any, tmp_path: Any, changes: Row, check: str) -> None:
    """One wrong row among twelve."""
    rows = [daily(day) for day in DAYS]
    rows[0] |= changes
    assert check in failed(ask(opened, put(opened[0], "mart_next", "campaign_roi_daily", rows, tmp_path)))


def test_a_broken_promise_names_its_columns(opened: Any, tmp_path: Any) -> None:
    """Each with what is wrong in how many rows; columns that keep theirs are not named."""
    rows = [daily(day) for day in DAYS]
    for row in rows[:3]:
        row["lead_count"] = -1
    rows[5] |= {"roas_ratio": float("nan"), "reporting_currency_code": "XXX", "campaign_name": None}
    result = ask(opened, put(opened[0], "mart_next", "campaign_roi_daily", rows, tmp_path))
    (told,) = [check for check in result.failed if check.check == "every column keeps its record"]
    assert sorted(told.detail.partition(": ")[2].split("; ")) == [
        "rule=campaign_name is filled rows_wrong=1", "rule=lead_count is plausible rows_wrong=3",
        "rule=reporting_currency_code is a known value rows_wrong=1", "rule=roas_ratio is plausible rows_wrong=1"]
    assert told.failing_rows == 4


def test_a_mart_that_lost_most_rows_stops_the_publication(opened: Any, tmp_path: Any) -> None:
    """Readers have twelve rows; the next version has two."""
    put(opened[0], "mart", "campaign_roi_daily", [daily(day) for day in DAYS], tmp_path)
    mart = put(opened[0], "mart_next", "campaign_roi_daily", [daily(day) for day in DAYS[:2]], tmp_path)
    assert "the mart did not shrink" in failed(ask(opened, mart))


@pytest.mark.parametrize(("changes", "broken"), [
    ({}, set()),
    ({"difference_reporting_amount": Decimal(1), "told_reporting_amount": Decimal(8)}, {"every amount ties out"}),
    ({"told_count": 1, "difference_count": 1}, {"every count ties out"}),
    ({"told_count": 1, "explained_count": 1}, {"what is explained has its reason"}),
    ({"told_count": 1, "explained_count": 1, "explanation": "no_known_lead"}, set()),
    ({"statement": "leads_in"}, {"every amount ties out"})])
def test_wins_and_leads_that_do_not_tie_out_stop_the_publication(opened: Any, tmp_path: Any, changes: Row,
                                                                 broken: set[str]) -> None:
    """One đồng is enough, and so is one deal, unless it is explained."""
    row = dict.fromkeys(TIE_OUT.by_name) | {
        "close_month": date(2026, 11, 1), "statement": "won_by_cohort", "reporting_currency_code": "VND",
        "told_count": 2, "crm_count": 2, "explained_count": 0, "difference_count": 0,
        "told_reporting_amount": Decimal(9), "crm_reporting_amount": Decimal(9),
        "explained_reporting_amount": Decimal(0), "difference_reporting_amount": Decimal(0)} | changes
    assert failed(ask(opened, put(opened[0], "mart_next", TIE_OUT.name, [row], tmp_path))) == broken


def test_a_warning_alone_stops_nothing(opened: Any, tmp_path: Any) -> None:
    """Great Expectations would call the suite failed; the severity decides."""
    wh = opened[0]
    wh.write(lambda conn: conn.execute(sa.delete(ddl.table(AD_DAILY)).where(ddl.table(AD_DAILY).c.level == "account")))
    rows = [daily(day) for day in DAYS]
    rows[0]["spend_amount"] = rows[0]["spend_reporting_amount"] = Decimal(90)
    result = ask(opened, put(wh, "mart_next", "campaign_roi_daily", rows, tmp_path))
    assert result.passed
    assert "spend equals what was reported" in {check.check for check in result.warned}
