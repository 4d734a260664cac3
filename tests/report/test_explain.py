"""`explain`: a number in words is the mart's own, and is silent where the mart is."""

from __future__ import annotations

from contextlib import nullcontext
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crosscheck.cli import explain as command
from crosscheck.errors import ConfigError
from crosscheck.settings import Settings
from report.explained import lines
from report.numbers import Numbers
from report.words import Language, words
from tests.marts import world
from warehouse.dictionary import BASES
from warehouse.engine import Warehouse
from warehouse.explain import FEW, Explanation, Part, explain
from warehouse.marts import MARTS, Mart
from warehouse.marts.metric_coverage import NEEDS
from warehouse.metrics import METRICS, Metric

VI, EN = (Numbers(language, "VND", ZoneInfo("Asia/Ho_Chi_Minh")) for language in (Language.VI, Language.EN))
PUBLISHED = [(mart, metric) for mart in MARTS for metric in METRICS if metric.name in mart.record.by_name]


def _sum(rows: list[dict[str, Any]], name: str) -> int:
    return sum(row[name] for row in rows)


def test_parts_are_summed_before_anything_is_divided(company_wh: Warehouse) -> None:
    """The ratio over several weeks is that of their sums, of mature weeks only, with its interval."""
    rows = [row for row in world.rows_of(company_wh, "lead_quality", "mart") if row["is_matured"]]
    found = explain(company_wh, "reached_rate", {})
    assert found.mart == "lead_quality"
    assert {part.name: part.value for part in found.parts} == {
        "reached_count": _sum(rows, "reached_count"), "unique_lead_count": _sum(rows, "unique_lead_count")}
    assert found.value == pytest.approx(_sum(rows, "reached_count") / _sum(rows, "unique_lead_count"))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    assert {rule["rule_file"] for rule in found.rules} == {"lead_states/hubspot"}


def test_one_row_is_the_marts_own_number(company_wh: Warehouse) -> None:
    """Of one row, the same value as published, and the command that opens it."""
    row = next(row for row in world.rows_of(company_wh, "campaign_roi_closed", "mart")
               if row["cpl_amount"] is not None)
    key = {name: str(row[name]) for name in ("platform", "account_id", "campaign_id", "close_month")}
    found = explain(company_wh, "cpl_amount", key, "campaign_roi_closed")
    assert found.value == row["cpl_amount"]
    assert found.trace == f"crosscheck trace campaign_roi_closed {' '.join(f'{k}={v}' for k, v in key.items())}"


def test_few_are_not_said_as_a_rate(company_wh: Warehouse) -> None:
    """Below twenty the counts are all there is, in the words as well."""
    row = next(row for row in world.rows_of(company_wh, "lead_quality", "mart")
               if row["is_matured"] and 0 < row["unique_lead_count"] < 20)
    found = explain(company_wh, "closed_rate", {"campaign_id": row["campaign_id"], "platform": row["platform"],
                                                "cohort_week": row["cohort_week"].isoformat()})
    assert (found.value, found.low, found.coverage_rate) == (None, None, None)
    assert "fewer than 20" in found.silence
    assert "  not published: fewer than 20 in the denominator: look at the counts" in lines(found, EN)
    assert "  không công bố: mẫu số dưới 20: hãy xem các số đếm" in lines(found, VI)


def test_a_missing_margin_silences_roi(company_wh: Warehouse) -> None:
    """Not every margin is on record, so there is no ROI on gross profit, and it is said why."""
    found = explain(company_wh, "roi_ratio", {}, "campaign_roi_closed")
    assert found.value is None
    assert "margin" in found.silence


@pytest.mark.parametrize(("metric", "key", "mart", "said"), [
    ("nonsense", {}, "", "no metric"), ("closed_rate", {"deal_id": "1"}, "", "not published by"),
    ("closed_rate", {"campaign_id": "nobody"}, "", "no published row"),
    ("cpl_amount", {}, "campaign_roi_cohort", "several horizon_days"), ("closed_rate", {}, "cac", "not published by"),
])
def test_what_cannot_be_said_is_refused(company_wh: Warehouse, metric: str, key: dict[str, str], mart: str,
                                        said: str) -> None:
    """A wrong word, no row, or views of the same leads that would be counted twice: an error with a way on."""
    with pytest.raises(ConfigError, match=said) as refused:
        explain(company_wh, metric, key, mart)
    assert refused.value.fix


def test_the_words_are_the_readers(company_wh: Warehouse) -> None:
    """The same number in Vietnamese: texts of the records, figures and phrases; names stay as they are typed."""
    found = explain(company_wh, "reached_rate", {})
    told, english = lines(found, VI), lines(found, EN)
    assert told[0] == "reached_rate: Lead đã thực sự nói chuyện được."
    assert "  lead_quality: Mỗi dòng là một nền tảng, tài khoản, chiến dịch và tuần tạo lead." in told
    assert (f"  reached_count = {found.parts[0].value}, theo ngày tạo lead, múi giờ công ty: "
            "Lead không trùng tiếp cận được trong thời gian theo dõi.") in told
    assert any(line.endswith("Unique leads reached within the horizon.") for line in english)
    assert any(f"reached_rate = {VI.percent(found.value, 1)} (khoảng tin cậy 95 % từ" in line for line in told)


def test_the_command_takes_a_language(company_wh: Warehouse, monkeypatch: pytest.MonkeyPatch,
                                      capsys: pytest.CaptureFixture[str]) -> None:
    """By itself it speaks the report's first language, and JSON is the same in each."""
    monkeypatch.setattr("warehouse.open_warehouse", lambda *_, **__: nullcontext(company_wh))
    monkeypatch.setattr(command, "load", lambda _: Settings())

    def said(**options: Any) -> str:
        assert command.explain("reached_rate", **options) == 0
        return capsys.readouterr().out

    assert said() == said(language="vi") == "\n".join((*lines(explain(company_wh, "reached_rate", {}), VI), ""))
    assert said(language="en").startswith("reached_rate: Leads actually spoken to.")
    assert said(language="vi", as_json=True) == said(language="en", as_json=True)


@pytest.mark.parametrize("low", [None, 0.25])
@pytest.mark.parametrize(("mart", "metric"), PUBLISHED, ids=lambda one: one.name)
def test_every_published_number_has_words_in_both_languages(mart: Mart, metric: Metric, low: float | None) -> None:
    """Whatever mart publishes it, with a value or without one: no line but its names and figures stays English."""
    found = _found(mart, metric, low)
    told, english = lines(found, VI), lines(found, EN)
    say = words(Language.VI).gettext
    assert len(told) == len(english) > 5
    assert [line for line in told if line in english and " = " not in line] == []
    assert say(metric.meaning) in told[0]
    assert any(say(mart.record.grain) in line for line in told)
    assert all(any(say(mart.record.by_name[part.name].field.meaning) in line for line in told) for part in found.parts)


def _found(mart: Mart, metric: Metric, low: float | None) -> Explanation:
    """What might be found: silent for every reason that there is, or a value with all that is said of it."""
    parts = tuple(Part(name, Decimal("1234.5") if low else None, BASES.get(mart.record.by_name[name].basis, ""))
                  for name in (*metric.numerator, metric.denominator) if name in mart.record.by_name)
    reasons = () if low else (FEW, metric.null_rule, *(need.missing for need in NEEDS))
    return Explanation(metric.name, metric.meaning, metric.formula, metric.null_rule, metric.unit, mart.name, 12, 3,
                       parts, Decimal("0.5"), low, low and 0.75, "; ".join(reasons), 0.5,
                       ({"rule_file": "sla", "rule_version": "1a2b", "is_draft": bool(low)},), "")
