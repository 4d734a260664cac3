"""Money: exact, bounded, never a float."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscheck.errors import ConfigError, DataError
from crosscheck.money import PRECISION, SCALE, currency, decimal

_LIMIT = Decimal(10) ** (PRECISION - SCALE)
STORABLE = st.decimals(-_LIMIT + 1, _LIMIT - 1, places=SCALE)


@given(value=STORABLE)
def test_a_storable_amount_arrives_as_it_was(value: Decimal) -> None:
    """Text of up to six decimals loses nothing, whatever its size and sign."""
    assert decimal(str(value)) == value
    assert decimal(value).as_tuple().exponent == -SCALE


@given(value=st.decimals(allow_nan=False, allow_infinity=False, min_value=-_LIMIT * 10, max_value=_LIMIT * 10))
def test_an_amount_fits_its_column_or_is_refused(value: Decimal) -> None:
    """Nothing that DECIMAL(18,6) cannot hold gets through, rounding up to the limit included."""
    try:
        stored = decimal(value)
    except DataError:
        assert abs(value) > _LIMIT - 1
        return
    assert abs(stored) < _LIMIT
    assert abs(stored - value) <= Decimal("0.0000005")


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-inf", "12,5", "", "₫5", "1e12", "1e999999999",
                                  "999999999999.9999999"])
def test_what_is_no_amount(text: str) -> None:
    """Not a number, too long, or written in a way that only a declared parser may guess."""
    with pytest.raises(DataError):
        decimal(text)


def test_a_float_is_refused() -> None:
    """Its cents were lost before it came."""
    value: Any = 14.35
    with pytest.raises(DataError, match="float"):
        decimal(value)


@pytest.mark.parametrize(("code", "right"), [
    ("vnd", "VND"), ("USD", "USD"), ("đồn", None), ("US", None), ("U5D", None)])
def test_currency_codes(code: str, right: str | None) -> None:
    """Three Latin letters, made capitals; anything else is a mistake in the configuration."""
    if right is not None:
        assert currency(code) == right
        return
    with pytest.raises(ConfigError, match="ISO 4217"):
        currency(code)
