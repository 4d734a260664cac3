"""Money: decimal, with its currency, never a float."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from crosscheck.errors import ConfigError, DataError

PRECISION, SCALE = 18, 6
_QUANTUM = Decimal(1).scaleb(-SCALE)


def decimal(text: str | int | Decimal) -> Decimal:
    """A finite decimal from the vendor's text, at the warehouse's scale.

    Raises DataError for anything else: NaN, Infinity, a float, a number too long for DECIMAL(18,6).

    >>> decimal("14.35")
    Decimal('14.350000')
    """
    if isinstance(text, float):
        raise DataError("money arrived as a float; parse it from the vendor's text")
    try:
        value = Decimal(text).quantize(_QUANTUM, rounding=ROUND_HALF_EVEN)
    except InvalidOperation as error:  # infinite, or more digits than any context holds
        raise DataError(f"not a number that fits DECIMAL({PRECISION},{SCALE}): {str(text)[:40]!r}") from error
    if value.is_nan() or abs(value) >= Decimal(10) ** (PRECISION - SCALE):
        raise DataError(f"outside DECIMAL({PRECISION},{SCALE}): {str(text)[:40]!r}")
    return value


def currency(code: str) -> str:
    """An ISO 4217 code in capitals; raises ConfigError for what cannot be one."""
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise ConfigError(f"not an ISO 4217 currency code: {code!r}")
    return code.upper()
