"""Facts: what a published cell must hold, and how a published table is held against them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Value = int | Decimal | float | bool | str | None
Key = tuple[str, ...]

#: The grain of every mart whose truth is known.
KEYS: Mapping[str, tuple[str, ...]] = {
    "campaign_roi_daily": ("platform", "account_id", "campaign_id", "day"),
    "campaign_roi_cohort": ("platform", "account_id", "campaign_id", "cohort_month", "horizon_days"),
    "campaign_roi_closed": ("platform", "account_id", "campaign_id", "close_month"),
    "tieout": ("close_month", "statement"),
    "lead_quality": ("platform", "account_id", "campaign_id", "cohort_week"),
    "lead_quality_by": ("dimension", "platform", "account_id", "campaign_id", "source", "landing_page", "owner_id",
                        "cohort_month", "quality_state"),
    "spend_reconciliation": ("platform", "account_id", "day", "level"),
    "unmatched_leads": ("source", "created_month", "unmatched_reason"),
    "metric_coverage": ("source", "metric"),
    "lead_origin": ("source", "lead_id"),
    "stage_velocity": ("platform", "account_id", "campaign_id", "cohort_month", "stage_step"),
    "discount": ("source", "owner_id", "platform", "account_id", "campaign_id", "close_month"),
    "order_fact": ("source", "deal_id"),
    "sales_outcomes": ("source", "owner_id", "platform", "account_id", "campaign_id", "close_month"),
    "call_quality": ("source", "owner_id", "worked_month"),
    "review_sample": ("source", "activity_id"),
    "engagement_to_outcome": ("platform", "account_id", "campaign_id", "activity_week"),
    "engagement_lag": ("platform", "account_id", "campaign_id", "engagement_measure", "lag_outcome", "lag_weeks"),
    "off_promotion": ("source", "deal_id"),
    "sourcing": ("definition", "close_month", "sourcing_side"),
    "sourcing_conflict": ("source", "lead_id", "sourcing_conflict"),
    "contradiction": ("source", "lead_id", "contradiction"),
    "leak_evidence": ("source", "lead_id"),
    "leak_waterfall": ("platform", "account_id", "campaign_id", "cohort_month", "leak_cause"),
    "speed_to_lead": ("source", "platform", "account_id", "campaign_id", "cohort_month", "delay", "clock"),
    "response_curve": ("delay", "clock", "delay_band"),
    "person_alias": ("source", "lead_id", "alias_kind"),
    "sla_breach": ("source", "lead_id"),
    "spend_waste": ("platform", "account_id", "campaign_id", "cohort_month"),
    "rep_conversion": ("source", "owner_id", "cohort_quarter", "horizon_days"),
    "follow_up": ("source", "owner_id", "cohort_month"),
    "target_verdicts": ("source", "lead_id"),
    "portrait_completeness": ("dimension", "source", "owner_id", "platform", "account_id", "campaign_id",
                              "cohort_month"),
    "portrait_drift": ("platform", "account_id", "campaign_id", "cohort_month", "compared_with"),
    "cac": ("close_month",),
    "cohort_payback": ("cohort_month", "age_months"),
    "commitments": ("agreement", "promise"),
    "campaign_charter": ("agreement",),
    "daily_exchange": ("exchange_day", "exchange_side", "exchange_item"),
    "sales_feedback": ("source", "lead_id", "feedback_kind", "feedback_id"),
    "appeal": ("source", "lead_id", "appealed_state"),
    "rule_version": ("rule_file",),
    "rule_change_impact": ("rule_file", "changed_day", "source", "ruled_state"),
    "why_changed": ("changed_metric", "platform", "account_id", "campaign_id", "close_month", "change_cause"),
    "touch": ("source", "lead_id", "platform", "account_id", "campaign_id"),
    "attribution_channel": ("close_month", "platform", "account_id", "campaign_id"),
    "attribution": ("source", "deal_id", "attribution_model", "touch_no"),
    "attribution_summary": ("attribution_model", "platform", "account_id", "campaign_id", "close_month"),
}
RELATIVE, ABSOLUTE = 1e-9, 1e-12


@dataclass(frozen=True)
class Fact:
    """One cell: the mart, its key as text, the column and the only right value."""

    mart: str
    key: dict[str, str]
    column: str
    value: Value


@dataclass(frozen=True)
class Mismatch:
    """One cell that is not as it must be; for a row nobody expected, the column is the star."""

    mart: str
    key: dict[str, str]
    column: str
    expected: Value
    found: Any

    def __str__(self) -> str:
        where = ", ".join(self.key.values())
        return f"{self.mart}({where}).{self.column}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True)
class Comparison:
    """How many facts were compared, and those that do not hold."""

    facts: int
    wrong: list[Mismatch]


@dataclass(frozen=True)
class Truth:
    """The right rows of each mart: mart -> key in the order of `KEYS` -> column -> value."""

    night: int
    rows: Mapping[str, Mapping[Key, Mapping[str, Value]]]

    @property
    def facts(self) -> Iterator[Fact]:
        """Every cell, one after the other."""
        for mart, rows in self.rows.items():
            for key, columns in rows.items():
                named = dict(zip(KEYS[mart], key, strict=True))
                yield from (Fact(mart, named, column, value) for column, value in columns.items())

    def __len__(self) -> int:
        return sum(len(columns) for rows in self.rows.values() for columns in rows.values())


def compare(truth: Truth, rows_by_mart: Mapping[str, Sequence[Mapping[str, Any]]]) -> Comparison:
    """Holds published rows against the truth, both ways.

    A missing row counts once per fact, an absent column and an unexpected or doubled row once each. Amounts and
    counts must be exact; floats may differ by 1e-9 of their size.
    """
    wrong: list[Mismatch] = []
    for mart, expected in truth.rows.items():
        found: dict[Key, Mapping[str, Any]] = {}
        for row in rows_by_mart.get(mart, ()):
            key = tuple(as_text(row.get(name)) for name in KEYS[mart])
            if key not in expected or key in found:
                named = dict(zip(KEYS[mart], key, strict=True))
                wrong.append(Mismatch(mart, named, "*", None, "doubled row" if key in found else "unexpected row"))
            found[key] = row
        wrong += _differences(mart, expected, found)
    return Comparison(len(truth), wrong)


def _differences(mart: str, expected: Mapping[Key, Mapping[str, Value]],
                 found: Mapping[Key, Mapping[str, Any]]) -> Iterable[Mismatch]:
    for key, columns in expected.items():
        named = dict(zip(KEYS[mart], key, strict=True))
        row = found.get(key)
        for column, value in columns.items():
            if row is None or column not in row:
                yield Mismatch(mart, named, column, value, "no such row" if row is None else "no such column")
            elif not same(value, row[column]):
                yield Mismatch(mart, named, column, value, row[column])


def as_text(value: Any) -> str:
    """A key's text: days in ISO form, whatever type the reader made of them."""
    if isinstance(value, datetime):
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)


def same(expected: Value, found: Any) -> bool:
    """Whether a published value is the expected one. NaN and NaT stand for null, as readers make them so.

    Days and instants (UTC) are expected as ISO text.
    """
    if found is not None and found != found:  # noqa: PLR0124 - only not-a-number differs from itself
        found = None
    if expected is None or found is None:
        return expected is None and found is None
    if isinstance(found, date):
        return expected == (found.isoformat() if "T" in str(expected) else as_text(found))
    if isinstance(expected, bool | str):
        return bool(found == expected)
    if isinstance(expected, float):
        return math.isclose(expected, float(found), rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return Decimal(str(found)) == expected
