"""The weekly workbook: every sheet in both languages, numbers as numbers, and no text that a spreadsheet obeys."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
import xlsxwriter

from report.letters.facts import Facts
from report.letters.letter import Letter
from report.letters.rows import Teller
from report.letters.workbook import COUNT, MOMENT, MONEY, SHARE, TEXT, Field, Sheet, fill, workbook
from report.words import Language
from tests.report.test_letters import voice
from tests.support.letters import DAY
from warehouse import ddl
from warehouse.marts import MARTS

NIGHTFALL = datetime(2026, 6, 20, 17, 0)  # noqa: DTZ001 - as the warehouse stores it
_KINDS = {"text": TEXT, "count": COUNT, "money": MONEY, "share": SHARE, "at": MOMENT}


def teller(language: Language = Language.EN) -> Teller:
    return Teller(Facts(DAY, NIGHTFALL, NIGHTFALL, None, ()), voice(language))


def one_sheet(*lines: dict[str, Any]) -> Any:
    """A sheet with these rows, as a spreadsheet reads it."""
    made = BytesIO()
    fields = [Field(name, kind, lambda line, name=name: line.get(name)) for name, kind in _KINDS.items()]
    with xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        fill(book, teller(), Sheet("rows", fields, lines))
    return openpyxl.load_workbook(made)["rows"]


@pytest.mark.parametrize("text", ["=1+1", "+84901234567", "-2+3", "@SUM(A1)", "\tx", '=HYPERLINK("http://x")',
                                  "http://x.example", "mailto:a@b.vn", "{=1}"])
def test_no_text_is_obeyed(text: str) -> None:
    """What begins like a formula, a link or a command stays a text, character by character, and links nowhere."""
    cell = one_sheet({"text": text})["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


def test_numbers_are_numbers() -> None:
    """Counts, money with its currency, shares and moments of the company's zone; what is not known is empty."""
    page = one_sheet({"text": "x", "count": 3, "money": 5_000, "share": 0.25, "at": NIGHTFALL}, {"text": "y"})
    assert [page.cell(2, column).value for column in range(2, 6)] == [3, 5000, 0.25, datetime(2026, 6, 21)]  # noqa: DTZ001
    assert [page.cell(2, column).number_format for column in (3, 4)] == ['#,##0 "VND"', "0.0%"]
    assert [page.cell(3, column).value for column in range(2, 6)] == [None] * 4
    assert page.freeze_panes == "B2"
    assert page.auto_filter.ref == "A1:E3"


@pytest.mark.parametrize("language", list(Language))
def test_the_sheets_are_there(language: Language) -> None:
    """Eight sheets, the first tells how to read the others; headings in the reader's language, even without a row."""
    engine = sa.create_engine("sqlite://", execution_options={"schema_translate_map": {"mart": None}})
    with engine.connect() as conn:
        for mart in MARTS:
            ddl.table(mart.record, "mart").create(conn)
        letter = Letter("weekly", language.value, "firm", "=subject", "headline", (), (), (), "closing")
        book = openpyxl.load_workbook(BytesIO(workbook(teller(language), letter, conn)))
    first = {Language.EN: "Read me", Language.VI: "Đọc trước"}[language]
    assert len(book.sheetnames) == 8
    assert book.sheetnames[0] == first
    assert book[first]["A1"].data_type == "s"
    assert all(sheet["A1"].value for sheet in book)
