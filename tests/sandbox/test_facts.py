"""Holding published rows against the truth."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox.facts import Truth, compare, same

TRUTH = Truth(1, {"tieout": {("2026-02-01", "won_by_cohort"): {
    "crm_count": 3, "crm_reporting_amount": Decimal("10.5"), "ratio": 0.25, "note": None}}})
ROW: dict[str, Any] = {"close_month": date(2026, 2, 1), "statement": "won_by_cohort", "crm_count": 3,
                       "crm_reporting_amount": Decimal("10.500000"), "ratio": 0.25 + 1e-12, "note": None}


def _wrong(*rows: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(one.column, one.found) for one in compare(TRUTH, {"tieout": rows}).wrong]


def test_right_rows() -> None:
    """Equal cells are no mismatch, whatever scale, type or spelling the reader gave them."""
    assert compare(TRUTH, {"tieout": [ROW]}).facts == 4
    assert _wrong(ROW) == []
    assert _wrong(ROW | {"close_month": datetime(2026, 2, 1), "note": float("nan")}) == []  # noqa: DTZ001
    assert same("2026-02-01", date(2026, 2, 1))
    assert same("2026-02-01T05:00:01", datetime(2026, 2, 1, 5, 0, 1))  # noqa: DTZ001
    assert not same("2026-02-01T05:00:01", datetime(2026, 2, 1, 5, 0, 2))  # noqa: DTZ001


def test_every_fault_is_named() -> None:
    """A wrong cell, a missing column, a missing, doubled or unexpected row: each is told."""
    assert _wrong(ROW | {"crm_count": 4}) == [("crm_count", 4)]
    assert _wrong({name: value for name, value in ROW.items() if name != "note"}) == [("note", "no such column")]
    assert len(_wrong()) == 4
    assert _wrong(ROW, ROW) == [("*", "doubled row")]
    assert _wrong(ROW, ROW | {"close_month": "2026-03-01"}) == [("*", "unexpected row")]
    assert "crm_count: expected 3, found 4" in str(
        compare(TRUTH, {"tieout": [ROW | {"crm_count": 4}]}).wrong[0])


@pytest.mark.parametrize(("expected", "found"), [
    (Decimal("0.1"), Decimal("0.100001")), (3, None), (None, 0), (0.5, 0.5000001), (True, False), ("VND", "USD")])
def test_not_the_same(expected: Any, found: Any) -> None:
    """Amounts are exact, null is not zero."""
    assert not same(expected, found)
