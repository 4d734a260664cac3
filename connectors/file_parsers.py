"""The parsers a mapping may name: pure functions from one cell's text to a value, or a reason why not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from connectors import file_dates, file_numbers, utm
from connectors.file_numbers import UnreadableError
from crosscheck.tables import Kind

Value = Any
#: Control characters and lone surrogates: PostgreSQL or UTF-8 cannot hold them.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_TRUE = frozenset({"yes", "y", "true", "t", "1", "1.0", "có"})
_FALSE = frozenset({"no", "n", "false", "f", "0", "0.0", "không"})
_WORDS = frozenset({Kind.TEXT, Kind.ID})
_AMOUNTS = frozenset({Kind.MONEY, Kind.QUANTITY})
_COUNTS = frozenset({Kind.COUNT, Kind.QUANTITY})


@dataclass(frozen=True)
class Parser:
    """One declared form. `kinds`: the kinds of column it may fill; `meaning` and `example` are the documentation."""

    name: str
    kinds: frozenset[Kind]
    meaning: str
    example: str
    read: Callable[[str, ZoneInfo], Value]


def text(cell: str) -> str:
    """The text without the space around it; what no database holds is refused, not dropped.

    >>> text(" Tết 50% ")
    'Tết 50%'
    """
    if _UNSTORABLE.search(cell):
        raise UnreadableError("unstorable_character")
    return cell.strip()


def flag(cell: str) -> bool:
    """Yes or no, true or false, 1 or 0, có or không, in any case.

    >>> flag("Yes"), flag("0")
    (True, False)
    """
    word = unicodedata.normalize("NFC", cell).casefold()
    if word not in _TRUE | _FALSE:
        raise UnreadableError("not_a_flag")
    return word in _TRUE


def norm(cell: str) -> str | None:
    """The form in which names are compared.

    >>> norm("Tết  SALE")
    'tết sale'
    """
    return utm.norm(text(cell))


def _zoneless(function: Callable[[str], Value]) -> Callable[[str, ZoneInfo], Value]:
    return lambda cell, _: function(cell)


def _whole(function: Callable[[str], int], name: str, meaning: str, example: str) -> Parser:
    return Parser(name, _COUNTS, meaning, example, _zoneless(function))


def _amount(function: Callable[[str], Value], name: str, meaning: str, example: str) -> Parser:
    return Parser(name, _AMOUNTS, meaning, example, _zoneless(function))


def _dates(form: str, meaning: str, date_example: str, time_example: str) -> tuple[Parser, Parser]:
    def read_day(cell: str, _: ZoneInfo) -> Value:
        return file_dates.day(cell, form)

    def read_instant(cell: str, zone: ZoneInfo) -> Value:
        return file_dates.instant(cell, form, zone)

    return (Parser(f"day_{form}", frozenset({Kind.DAY}), f"A day, {meaning}.", date_example, read_day),
            Parser(f"instant_{form}", frozenset({Kind.INSTANT}), f"An instant, {meaning}.", time_example, read_instant))


_ALL: tuple[Parser, ...] = (
    Parser("text", _WORDS, "Text, trimmed; the default of text columns.", "NA", _zoneless(text)),
    Parser("id", _WORDS, "An id: text, never a number, leading zeros kept; the default of id columns.", "0012",
           _zoneless(text)),
    Parser("norm", _WORDS, "A name in the form in which names are compared.", "Tết  SALE", _zoneless(norm)),
    Parser("flag", frozenset({Kind.FLAG}), "Yes or no, true or false, 1 or 0, có or không.", "Yes", _zoneless(flag)),
    _whole(file_numbers.count, "count", "A whole number without grouping.", "1234567"),
    _whole(file_numbers.count_vn, "count_vn", "A whole number, points between thousands.", "1.234.567"),
    _whole(file_numbers.count_us, "count_us", "A whole number, commas between thousands.", "1,234,567"),
    _amount(file_numbers.plain, "decimal", "Digits with a decimal point.", "1234.56"),
    _amount(file_numbers.money_vn, "money_vn", "Points between thousands, decimal comma, đồng sign or none.",
            "1.234.567,89 ₫"),
    _amount(file_numbers.money_us, "money_us", "Commas between thousands, decimal point, dollar sign or none.",
            "$1,234.56"),
    _amount(file_numbers.money_us_suffix, "money_us_suffix", "The same with K, M or B behind it.", "$342.09K"),
    _amount(file_numbers.micros, "micros", "Millionths of the unit, a whole number.", "70000"),
    _amount(file_numbers.percent, "percent", "A share in percent; becomes 0.125.", "12.5%"),
    *_dates("iso", "year-month-day", "2021-04-25", "2021-04-25T09:30:00+07:00"),
    *_dates("dmy", "day before month, with / - or .", "31/12/2026", "31-12-2026 09:30"),
    *_dates("mdy", "month before day, with / - or .", "12/31/2026", "12/31/2026 9:30 PM"),
    *_dates("text", "the month as an English word", "15 Apr, 2021", "15 Apr, 2021 00:03:00"),
    *_dates("excel", "a spreadsheet's serial number", "45000", "45000.5"),
)

PARSERS: dict[str, Parser] = {parser.name: parser for parser in _ALL}
_DEFAULTS = {Kind.TEXT: "text", Kind.ID: "id"}


def default_for(kind: Kind) -> str | None:
    """The parser of a kind that needs no declaration; None where the form must be named."""
    return _DEFAULTS.get(kind)


def reader(name: str, kind: Kind, zone: ZoneInfo, scale: int | None) -> Callable[[str], Value]:
    """The named parser bound to a column: amounts come out at the warehouse's scale."""
    read = partial(_read, PARSERS[name].read, zone)
    if kind in _AMOUNTS:
        return lambda cell: file_numbers.at_scale(Decimal(read(cell)), scale)
    return read


def _read(function: Callable[[str, ZoneInfo], Value], zone: ZoneInfo, cell: str) -> Value:
    return function(cell, zone)
