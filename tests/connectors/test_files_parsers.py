"""Parsers of file columns: exactly the declared form, or a reason; nothing else ever escapes."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.file_cells import constant
from connectors.file_numbers import UnreadableError, at_scale
from connectors.file_parsers import PARSERS, Parser, reader
from crosscheck.tables import Kind

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = st.dates(min_value=date(1900, 3, 1))
AMOUNTS = st.decimals(min_value=-(10**11), max_value=10**11, places=2)
ANYTHING = st.text(st.characters(), min_size=1)
NUMBER_LIKE = st.from_regex(r"[-($]?[0-9.,]{1,40}[KMB%₫)eE0-9]{0,6}", fullmatch=True)
COUNTS = st.integers(min_value=0, max_value=2**63 - 1)


def read(parser: str, text: str) -> object:
    return PARSERS[parser].read(text, HANOI)


def reason_of(name: str, kind: Kind, text: str) -> str | None:
    try:
        reader(name, kind, HANOI, None)(text)
    except UnreadableError as error:
        return error.reason
    return None


@pytest.mark.parametrize("parser", PARSERS.values(), ids=lambda parser: parser.name)
def test_every_documented_example_is_read(parser: Parser) -> None:
    """The table in the documentation shows only what works."""
    for kind in parser.kinds:
        assert reader(parser.name, kind, HANOI, None)(parser.example) is not None


@settings(deadline=None)
@given(name=st.sampled_from(sorted(PARSERS)), text=ANYTHING | NUMBER_LIKE)
def test_nothing_but_a_typed_reason_escapes(name: str, text: str) -> None:
    """Any text at all, surrogates included, gives a value or a reason that is a code, whatever the parser."""
    for kind in PARSERS[name].kinds:
        assert re.fullmatch(r"[a-z0-9_]+", reason_of(name, kind, text) or "read")


@settings(deadline=None)
@given(amount=AMOUNTS)
def test_money_survives_being_written_in_each_form(amount: Decimal) -> None:
    """What Hà Nội and New York write for the same amount is read as the same amount."""
    american = f"{amount:,.2f}"
    vietnamese = american.translate(str.maketrans(",.", ".,"))
    assert read("money_us", f"${american}") == read("money_vn", f"{vietnamese} ₫") == amount
    assert read("decimal", f"{amount:f}") == amount


@settings(deadline=None)
@given(count=COUNTS)
def test_counts_survive_grouping(count: int) -> None:
    """Grouped and plain whole numbers are the same number, up to the largest BIGINT."""
    grouped = f"{count:,}"
    assert read("count", str(count)) == read("count_us", grouped) == read("count_vn", grouped.replace(",", "."))
    assert read("count", str(count)) == count


@settings(deadline=None)
@given(day=DAYS)
def test_days_survive_every_form(day: date) -> None:
    """One day written in five ways is one day."""
    serial = (day - date(1899, 12, 30)).days
    texts = {"day_iso": day.isoformat(), "day_dmy": f"{day.day}/{day.month}/{day.year:04}",
             "day_mdy": f"{day.month:02}-{day.day:02}-{day.year:04}", "day_excel": str(serial),
             "day_text": f"{day.day:02} {MONTHS[day.month - 1]}, {day.year:04}"}
    assert {name: read(name, text) for name, text in texts.items()} == dict.fromkeys(texts, day)


@settings(deadline=None)
@given(at=st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)))  # noqa: DTZ001
def test_instants_with_an_offset_keep_it(at: datetime) -> None:
    """An offset in the text wins over the mapping's zone."""
    assert read("instant_iso", f"{at.isoformat()}+07:00") == at.replace(tzinfo=UTC) - timedelta(hours=7)
    assert read("instant_iso", f"{at.isoformat()}Z") == at.replace(tzinfo=UTC)


@pytest.mark.parametrize(("parser", "text", "value"), [
    ("money_vn", "1.234.567,89 ₫", Decimal("1234567.89")),
    ("money_vn", "-5.000đ", Decimal(-5000)),
    ("money_vn", "1.234", Decimal(1234)),
    ("money_us", "1,234", Decimal(1234)),
    ("money_us", "-$1,234.56", Decimal("-1234.56")),
    ("money_us", "$-1,234.56", Decimal("-1234.56")),
    ("money_us", "(1,234.56)", Decimal("-1234.56")),
    ("money_us", "$3,723.3", Decimal("3723.3")),
    ("money_us_suffix", "$342.09K", Decimal(342090)),
    ("money_us_suffix", "$1,117.10K", Decimal(1117100)),
    ("money_us_suffix", "2.5M", Decimal(2500000)),
    ("money_us_suffix", "1B", Decimal(1000000000)),
    ("money_us_suffix", "$12.50", Decimal("12.50")),
    ("percent", "12.5%", Decimal("0.125")),
    ("text", "NA", "NA"),
    ("text", "null", "null"),
    ("id", "007", "007"),
    ("flag", "CÓ", True),
    ("day_dmy", "31/12/2026", date(2026, 12, 31)),
    ("day_dmy", "31-08-2023", date(2023, 8, 31)),
    ("day_mdy", "12/31/2026", date(2026, 12, 31)),
    ("day_iso", "2024-02-29", date(2024, 2, 29)),
    ("day_iso", "2021-04-25T00:00:00", date(2021, 4, 25)),
    ("day_excel", "60", date(1900, 2, 28)),
    ("instant_text", "15 Apr, 2021 00:03:00", datetime(2021, 4, 14, 17, 3, tzinfo=UTC)),
    ("instant_dmy", "03-07-2021 01:09", datetime(2021, 7, 2, 18, 9, tzinfo=UTC)),
    ("instant_mdy", "3/7/2021 1:09 PM", datetime(2021, 3, 7, 6, 9, tzinfo=UTC)),
    ("instant_excel", "45000.5", datetime(2023, 3, 15, 5, 0, tzinfo=UTC)),
    ("instant_iso", "2018-02-01", datetime(2018, 1, 31, 17, 0, tzinfo=UTC)),
])
def test_forms_of_real_exports(parser: str, text: str, value: object) -> None:
    """The shapes that stand in real exports, in the zone of the mapping."""
    assert read(parser, text) == value


@pytest.mark.parametrize(("parser", "text", "reason"), [
    ("money_vn", "1,234.56", "not_a_number"),
    ("money_us", "1.234,56", "not_a_number"),
    ("money_us", "12,34", "not_a_number"),
    ("money_us", "--5", "not_a_number"),
    ("money_us_suffix", "5X", "not_a_number"),
    ("decimal", "NaN", "not_a_number"),
    ("decimal", "Infinity", "not_a_number"),
    ("decimal", "٣", "not_a_number"),
    ("decimal", "< 10", "not_a_number"),
    ("decimal", "1" * 5000, "out_of_range"),
    ("count", "1.0", "not_a_count"),
    ("count", "-1", "not_a_count"),
    ("count", str(2**63), "out_of_range"),
    ("count", "9" * 5000, "out_of_range"),
    ("count_vn", "1,5", "not_a_count"),
    ("flag", "maybe", "not_a_flag"),
    ("text", "a\0b", "unstorable_character"),
    ("text", "\ud800", "unstorable_character"),
    ("day_dmy", "12/31/2026", "not_a_date"),
    ("day_dmy", "31/12-2026", "not_a_date"),
    ("day_iso", "2023-02-30", "not_a_date"),
    ("day_iso", "0000-01-01", "not_a_date"),
    ("day_iso", "2023-02-28 09:00", "time_where_a_day_is_declared"),
    ("day_excel", "0", "not_a_date"),
    ("day_excel", "1e9", "not_a_date"),
    ("instant_iso", "2023-02-28 25:00", "not_a_time"),
    ("instant_iso", "0001-01-01T00:00:00+07:00", "not_a_date"),
    ("instant_mdy", "1/1/2021 13:00 PM", "not_a_time"),
])
def test_what_is_not_the_declared_form_is_refused_with_a_reason(parser: str, text: str, reason: str) -> None:
    """A number of the other country, a day that never was, a digit of another script: refused, never guessed."""
    with pytest.raises(UnreadableError) as refused:
        read(parser, text)
    assert refused.value.reason == reason


def test_a_scale_rounds_and_no_scale_refuses_what_the_warehouse_cannot_hold() -> None:
    """More than six decimals are an error unless the mapping says to what the source really was."""
    assert at_scale(Decimal("1.429999948"), 2) == Decimal("1.43")
    with pytest.raises(UnreadableError, match="more_than_6_decimals"):
        at_scale(Decimal("1.429999948"), None)
    with pytest.raises(UnreadableError, match="out_of_range"):
        at_scale(Decimal("1e13"), None)
    with pytest.raises(UnreadableError, match="out_of_range"):
        at_scale(Decimal("1e400"), 2)


@pytest.mark.parametrize(("value", "kind"), [
    ("x", Kind.COUNT), (True, Kind.MONEY), ("yes", Kind.FLAG), ("x", Kind.DAY)])
def test_a_constant_must_be_of_its_columns_kind(value: str | bool, kind: Kind) -> None:
    """A constant that cannot stand in its column is found when the mapping is read."""
    with pytest.raises(ValueError, match="is not a"):
        constant(value, kind)
