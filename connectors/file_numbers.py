"""Numbers as people write them: each form is declared, none is guessed.

`1.234` is a thousand in Hà Nội and a bit more than one in New York, so a column names its form. Every parser
takes the trimmed, non-empty text of one cell and raises `UnreadableError` for whatever is not exactly that form.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

from crosscheck.errors import DataError
from crosscheck.money import SCALE, decimal

#: The largest BIGINT.
_INT64 = 2**63 - 1
#: What decimal arithmetic keeps exactly; longer numbers would be rounded without a word.
_LONGEST = 28
_VN = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?|[0-9]+(?:,[0-9]+)?")
_US = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_DONG = re.compile(r"^(?:₫|đ|VNĐ|VND)\s*|\s*(?:₫|đ|VNĐ|VND)$", re.IGNORECASE)
_DOLLAR = re.compile(r"^(?:US\$|\$|USD)\s*|\s*(?:USD|\$)$", re.IGNORECASE)
_SUFFIX = {"": 0, "K": 3, "M": 6, "B": 9}


class UnreadableError(Exception):
    """A cell that is not of its column's declared form. `reason` is a code; the value is never in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def plain(text: str) -> Decimal:
    """Digits with a decimal point, as programs write them.

    >>> plain("-1234.5")
    Decimal('-1234.5')
    """
    sign, digits = _signed(text)
    return sign * _number(_PLAIN, digits)


def money_vn(text: str) -> Decimal:
    """Points between thousands, a decimal comma, the đồng sign before, behind or absent.

    >>> money_vn("1.234.567,89 ₫")
    Decimal('1234567.89')
    """
    sign, digits = _signed(text, _DONG)
    return sign * _number(_VN, digits, thousands=".")


def money_us(text: str) -> Decimal:
    """Commas between thousands, a decimal point, the dollar sign before, behind or absent.

    >>> money_us("($1,234.56)")
    Decimal('-1234.56')
    """
    sign, digits = _signed(text, _DOLLAR)
    return sign * _number(_US, digits, thousands=",")


def money_us_suffix(text: str) -> Decimal:
    """The same, shortened with K, M or B: what was rounded away before the export stays away.

    >>> int(money_us_suffix("$1,117.10K"))
    1117100
    """
    sign, digits = _signed(text, _DOLLAR)
    suffix = digits[-1:].upper() if digits[-1:].isalpha() else ""
    if suffix not in _SUFFIX:
        raise UnreadableError("not_a_number")
    number = _number(_US, digits[: len(digits) - len(suffix)].rstrip(), thousands=",")
    return sign * number.scaleb(_SUFFIX[suffix])


def micros(text: str) -> Decimal:
    """Millionths of the currency unit, a whole number.

    >>> micros("70000")
    Decimal('0.070000')
    """
    return Decimal(count(text, signed=True)).scaleb(-6)


def percent(text: str) -> Decimal:
    """A share, with or without the sign; 1 is the whole.

    >>> percent("12.5 %")
    Decimal('0.125')
    """
    return plain(text.removesuffix("%").rstrip()).scaleb(-2)


def count(text: str, *, signed: bool = False) -> int:
    """A whole number without grouping; negative ones only where a form allows them.

    >>> count("007")
    7
    """
    if len(text) < 19 and text.isascii() and text.isdigit():
        return int(text)  # nearly all of them
    sign, digits = _signed(text)
    if not re.fullmatch(r"[0-9]+", digits) or (sign < 0 and not signed):
        raise UnreadableError("not_a_count")
    return _int64(sign * _number(_PLAIN, digits))


def count_vn(text: str) -> int:
    """A whole number with points between thousands.

    >>> count_vn("1.234.567")
    1234567
    """
    return _int64(_number(_VN, text, thousands="."))


def count_us(text: str) -> int:
    """A whole number with commas between thousands.

    >>> count_us("1,234,567")
    1234567
    """
    return _int64(_number(_US, text, thousands=","))


def at_scale(value: Decimal, scale: int | None) -> Decimal:
    """The value as DECIMAL(18,6); more decimals than that are refused unless the mapping declares a `scale`.

    >>> at_scale(Decimal("1.429999948"), 2)
    Decimal('1.430000')
    """
    if scale is not None and abs(value) < Decimal(10) ** 18:
        value = value.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_EVEN)
    try:
        exact = decimal(value)
    except DataError:
        raise UnreadableError("out_of_range") from None
    if exact != value:
        raise UnreadableError(f"more_than_{SCALE}_decimals")
    return exact


def _signed(text: str, currency: re.Pattern[str] | None = None) -> tuple[int, str]:
    negative = text.startswith("(") and text.endswith(")")
    body = _unsigned(text[1:-1]) if negative else text
    sign = -1 if negative else 1
    for _ in range(2):  # the sign stands before the currency or behind it: -$5, $-5
        if body.startswith(("-", "\N{MINUS SIGN}")) and sign > 0:
            sign, body = -1, _unsigned(body[1:])
        if currency is not None:
            body, currency = currency.sub("", body, count=1).strip(), None
    return sign, body


def _unsigned(text: str) -> str:
    if text.lstrip().startswith(("-", "\N{MINUS SIGN}", "(")):
        raise UnreadableError("not_a_number")
    return text.strip()


def _number(form: re.Pattern[str], text: str, thousands: str = "") -> Decimal:
    if not form.fullmatch(text):
        raise UnreadableError("not_a_number")
    if thousands:
        text = text.replace(thousands, "").replace(",", ".")
    if len(text) > _LONGEST:
        raise UnreadableError("out_of_range")
    return Decimal(text)


def _int64(value: Decimal) -> int:
    if abs(value) > _INT64:
        raise UnreadableError("out_of_range")
    if value != value.to_integral_value():
        raise UnreadableError("not_a_count")
    return int(value)
