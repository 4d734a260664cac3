"""What people read is translated, all of it, and numbers are written as their language writes them."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir

from report import dictionary
from report.numbers import UNKNOWN, Numbers
from report.words import Language, catalogue, words

REPORT = Path(__file__).parents[2] / "report"
_METHODS = [("**.py", "python"), ("**.html", "jinja2.ext.babel_extract"), ("**.txt", "jinja2.ext.babel_extract")]
_CODE = re.compile(r"`[^`]+`")
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None}


def _texts() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(REPORT, method_map=_METHODS, keywords=_KEYWORDS)
    said = {tuple(text) if isinstance(text, (list, tuple)) else text for _, _, text, _, _ in found}
    return said | dictionary.texts()  # said once, where table, column or metric is defined


def test_every_text_is_translated() -> None:
    """A text in code or template without a translation, or with an empty one, is found here."""
    whole = catalogue(Language.VI)
    missing = [text for text in _texts() if (known := whole.get(text)) is None or not all([known.string])]
    assert missing == []


def test_no_translation_outlives_its_text() -> None:
    """A translation of a text that nothing says any more is found too."""
    singular = {text[0] if isinstance(text, tuple) else text for text in _texts()}
    stale = [message.id for message in catalogue(Language.VI) if message.id
             and (message.id[0] if isinstance(message.id, (list, tuple)) else message.id) not in singular]
    assert stale == []


def test_placeholders_survive_translation() -> None:
    """What a sentence fills in is the same in both languages, or filling it in would fail at night."""
    for message in catalogue(Language.VI):
        if message.id and isinstance(message.id, str):
            assert _names(str(message.string)) == _names(message.id), message.id


def test_names_of_code_survive_translation() -> None:
    """What stands in backquotes is typed as it stands, in any language."""
    for message in catalogue(Language.VI):
        if message.id and isinstance(message.id, str):
            assert set(_CODE.findall(str(message.string))) == set(_CODE.findall(message.id)), message.id


def _names(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", text))


def test_english_is_the_codes_own() -> None:
    """English needs no catalogue."""
    assert words(Language.EN).gettext("Sales") == "Sales"


VI = Numbers(Language.VI, "VND", ZoneInfo("Asia/Ho_Chi_Minh"))
EN = Numbers(Language.EN, "VND", ZoneInfo("Asia/Ho_Chi_Minh"))


@pytest.mark.parametrize(("value", "vietnamese", "english"), [
    (Decimal(1_023_456_789), "1,02 tỷ ₫", "₫1.02bn"), (Decimal(15_300_000), "15,3 triệu ₫", "₫15.3m"),
    (Decimal(-123_456_789_012), "-123 tỷ ₫", "-₫123.46bn"), (Decimal(0), "0\xa0₫", "₫0"), (None, UNKNOWN, UNKNOWN),
])
def test_headline_money(value: Decimal | None, vietnamese: str, english: str) -> None:
    """Three figures and the scale's word, as a Vietnamese newspaper writes it."""
    assert VI.short_money(value) == vietnamese
    assert EN.short_money(value) == english


def test_plain_figures() -> None:
    """Decimal marks and groups are the language's."""
    assert (VI.count(12_345), EN.count(12_345)) == ("12.345", "12,345")
    assert (VI.decimal(Decimal("1.355")), EN.decimal(Decimal("1.345"))) == ("1,36", "1.34")
    assert (VI.percent(Decimal("0.4321"), 1), EN.percent(Decimal("0.4321"))) == ("43,2%", "43%")
    assert VI.money(Decimal("1023456789")) == "1.023.456.789\xa0₫"


def test_moments_are_the_companys() -> None:
    """A stored moment is UTC and is shown in the business zone, which is named."""
    assert VI.day(date(2026, 11, 21)) == "21 thg 11, 2026"
    assert "02:00" in EN.moment(datetime(2026, 11, 20, 19, 0))  # noqa: DTZ001 - as the warehouse stores it
    assert "Asia/Ho_Chi_Minh" in EN.moment(datetime(2026, 11, 20, 19, 0))  # noqa: DTZ001
