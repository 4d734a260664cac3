"""Money: decimal, with its currency, never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from crosscheck.errors import ConfigError, DataError

PRECISION, SCALE = 18, 6
_QUANTUM = Decimal(1).scaleb(-SCALE)
#: Currencies without a minor unit, as far as the supported vendors report them (ISO 4217, exponent 0).
NO_MINOR_UNIT = frozenset({"VND", "JPY", "KRW", "CLP", "ISK", "UGX", "XAF", "XOF"})


def decimal(text: str | int | Decimal) -> Decimal:
    """A finite decimal from the vendor's text, at the warehouse's scale.

    Raises DataError for anything else: NaN, Infinity, a float, a number too long for DECIMAL(18,6).

    >>> decimal("14.35")
    Decimal('14.350000')
    """
    if isinstance(text, float):
        raise DataError("money arrived as a float; parse it from the vendor's text")
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise DataError(f"not a number: {str(text)[:40]!r}") from error
    if not value.is_finite() or abs(value) >= Decimal(10) ** (PRECISION - SCALE):
        raise DataError(f"outside DECIMAL({PRECISION},{SCALE}): {str(text)[:40]!r}")
    return value.quantize(_QUANTUM, rounding=ROUND_HALF_EVEN)


def from_micros(micros: str | int) -> Decimal:
    """Google's unit: one millionth of the account currency, as a 64-bit integer in text.

    >>> from_micros("70000")
    Decimal('0.070000')
    """
    return decimal(Decimal(int(micros)).scaleb(-6))


def currency(code: str) -> str:
    """An ISO 4217 code in capitals; raises ConfigError for what cannot be one."""
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise ConfigError(f"not an ISO 4217 currency code: {code!r}")
    return code.upper()


@dataclass(frozen=True)
class Money:
    """An amount that cannot be added to another currency by accident."""

    amount: Decimal
    currency_code: str

    def __add__(self, other: Money) -> Money:
        if other.currency_code != self.currency_code:
            raise DataError(f"{self.currency_code} and {other.currency_code} do not add up; convert one first")
        return Money(self.amount + other.amount, self.currency_code)

    def convert(self, rate: Decimal, to: str) -> Money:
        """The same value in another currency at a rate of that day, rounded to the warehouse's scale."""
        return Money((self.amount * rate).quantize(_QUANTUM, rounding=ROUND_HALF_EVEN), to)
