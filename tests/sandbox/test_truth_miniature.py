"""A company of five leads, reckoned by hand: the truth itself is held against a person's arithmetic.

Rates: 25,000 from Monday 2 February, 26,000 on Tuesday 3 March. An (hubspot 1) came through campaign 10 and wrote again
(getfly 7) through campaign 20. Bình (hubspot 3) came through campaign 20 and is merged into hubspot 4 after the first
night. Getfly 9 turns out to be a wrong number after the first night. One deal of nobody is cancelled after it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.facts import Value
from sandbox.model import (
    AdAccount,
    AdDay,
    Call,
    Campaign,
    Company,
    Deal,
    FxRate,
    Lead,
    NameChange,
    StatusChange,
    Touch,
)
from sandbox.truth import expected

NIGHTS = (datetime(2026, 3, 10, 19, tzinfo=UTC), datetime(2026, 3, 11, 19, tzinfo=UTC))
BETWEEN = NIGHTS[0] + timedelta(hours=5)
GOOGLE, META = ("google_ads", "1"), ("meta_ads", "2")
A, B = (*GOOGLE, "10"), (*META, "20")
NOBODY, REST = ("(none)", "", "(unmatched)"), (*META, "(unallocated)")


def at(month: int, day: int, hour: int = 3, minute: int = 0) -> datetime:
    """An instant of 2026, UTC; the business day begins at 17:00 of the day before."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def _campaign(platform: tuple[str, str], campaign_id: str, name: str, **more: Any) -> Campaign:
    return Campaign(*platform, campaign_id, (NameChange(at(1, 1), name),), "SEARCH", "LEADS", date(2026, 1, 1), **more)


def _day(platform: tuple[str, str], campaign: str, ad: str, day: int, spend: str, **more: Any) -> AdDay:
    basic = {"visible_from": at(2, day + 2), "impressions": 1000, "clicks": 10, "engagements": {"a": 5, "b": 7},
             "claimed_conversions": Decimal("1.5"), "claimed_value": Decimal(500)}
    return AdDay(*platform, campaign, f"g{ad}" if ad else "", ad, date(2026, 2, day), spend=Decimal(spend),
                 **(basic | more))


def _lead(crm: str, lead_id: str, created: datetime, statuses: list[tuple[datetime, str, str]], **more: Any) -> Lead:
    basic = {"person": "", "name": "", "email": None, "phone": None, "url": None, "vendor_lead_id": None,
             "crm_campaign": None, "declared_origin": None, "owner_id": "7", "form_id": None}
    return Lead(crm, lead_id, created=created, statuses=tuple(StatusChange(*one) for one in statuses), **(basic | more))


def _deal(deal: tuple[str, str, str | None], won: datetime, amount: str, margin: str | None, **more: Any) -> Deal:
    basic = {"currency": "VND"} | more
    return Deal(*deal, won - timedelta(days=2), "7", list_amount=Decimal(amount), discount=Decimal(0),
                amount=Decimal(amount), margin=margin and Decimal(margin), stage_changes=(), won_at=won, **basic)


def miniature() -> Company:
    """The company of the module's first paragraph."""
    campaigns = (
        _campaign(GOOGLE, "10", "Sofa Đỏ"), _campaign(GOOGLE, "12", "PMax", has_ads_level=False),
        _campaign(META, "20", "Oak"),
        _campaign(META, "29", "Gone", deleted_at=at(2, 9), rows_hidden_when_deleted=True))
    ad_days = (
        _day(GOOGLE, "10", "101", 2, "100000"), _day(GOOGLE, "12", "", 2, "50000"), _day(META, "20", "201", 3, "10.50"),
        _day(META, "29", "291", 3, "2.00"), _day(GOOGLE, "10", "101", 2, "90000", visible_from=BETWEEN, clicks=9),
        _day(GOOGLE, "12", "", 2, "0", visible_from=BETWEEN, vanished=True))
    an = {"email": "an@thu.example", "phone": "0912345678"}
    leads = (
        _lead("hubspot", "1", at(2, 2, 17, 30), [(at(2, 5), "hs_lead_status", "CONNECTED")],
              url="https://phohien.example/?UTM_Source=google&utm_campaign=sofa%20%C4%91%E1%BB%8F#top",
              calls=(Call("c1", at(2, 3), "outbound", "answered", 19, "7"),
                     Call("c2", at(2, 4), "outbound", "answered", 20, "7")), **an),
        _lead("getfly", "7", at(2, 10), [(at(2, 12), "relation_name", "Sai đối tượng"),
                                         (at(2, 20), "relation_name", "Nóng")],
              crm_campaign="20", email=" AN@thu.example", phone=None),
        _lead("hubspot", "3", at(2, 3, 5), [(at(2, 3, 6), "hs_lead_status", "CONNECTED"),
                                            (at(2, 4), "hs_lead_status", "UNQUALIFIED")],
              vendor_lead_id="900", email="binh@thu.example", merged_at=BETWEEN, merged_into="4"),
        _lead("hubspot", "4", at(2, 4), [], url="https://phohien.example/?fbclid=f1", phone="0911111111"),
        _lead("getfly", "9", at(2, 9), [(at(3, 9), "relation_name", "Đang liên hệ"),
                                        (BETWEEN, "relation_name", "Sai số")],
              declared_origin="Bạn bè", phone="0162 1234567"))
    deals = (
        _deal(("hubspot", "d1", "1"), at(3, 4, 17, 30), "1000000", "400000"),
        _deal(("getfly", "d2", "7"), at(3, 3), "200000", None),
        _deal(("hubspot", "d3", "3"), at(3, 3, 10), "100.00", "30.00", currency="USD"),
        _deal(("hubspot", "d4", None), at(2, 20), "300000", "100000", crm_campaign="SOFA  đỏ", cancelled_at=BETWEEN))
    rates = (FxRate(date(2026, 2, 2), "USD", "VND", Decimal(25_000)),
             FxRate(date(2026, 3, 3), "USD", "VND", Decimal(26_000)))
    accounts = (AdAccount(*GOOGLE, "G", "VND", "Asia/Ho_Chi_Minh"), AdAccount(*META, "M", "USD", "America/Los_Angeles"))
    touch = Touch(*META, "20", "g201", "201", "vendor_lead_id", "900", at(2, 3, 4))
    return Company(0, 1.0, "Asia/Ho_Chi_Minh", "VND", NIGHTS, accounts, campaigns, (), ad_days, (touch,), leads, deals,
                   rates)


ROWS: list[tuple[int, str, tuple[str, ...], dict[str, Value]]] = [
    # What was spent on 2 February, before and after Google's second thought.
    (1, "campaign_roi_daily", (*A, "2026-02-02"), {
        "spend_amount": 100_000, "spend_reporting_amount": 100_000, "currency_code": "VND", "impression_count": 1000,
        "click_count": 10, "engagement_count": 12, "claimed_conversion_count": Decimal("1.5"), "lead_count": 0,
        "cpl_amount": None, "roas_ratio": 0.0, "roi_ratio": -1.0}),
    (2, "campaign_roi_daily", (*A, "2026-02-02"), {"spend_amount": 90_000, "click_count": 9}),
    # An wrote at 00:30 of 3 February in Hưng Yên; the wrong-target verdict of 12 February was never seen by a night.
    (1, "campaign_roi_daily", (*A, "2026-02-03"), {
        "spend_amount": None, "spend_reporting_amount": None, "currency_code": None, "impression_count": None,
        "lead_count": 1, "unique_lead_count": 1, "qualified_count": 1, "cpl_amount": None, "roas_ratio": None}),
    (1, "campaign_roi_daily", (*B, "2026-02-10"), {"lead_count": 1, "unique_lead_count": 0, "qualified_count": 0}),
    # 10.50 USD at Monday's rate; Bình is unique, reached, and a wrong target.
    (1, "campaign_roi_daily", (*B, "2026-02-03"), {
        "spend_amount": Decimal("10.50"), "spend_reporting_amount": 262_500, "unique_lead_count": 1,
        "qualified_count": 0, "cpl_amount": 262_500.0, "cpql_amount": None}),
    (2, "campaign_roi_daily", (*B, "2026-02-03"), {"spend_reporting_amount": 262_500, "lead_count": 0}),
    (2, "campaign_roi_daily", (*NOBODY, "2026-02-04"), {"lead_count": 1, "unique_lead_count": 1, "qualified_count": 0}),
    (1, "campaign_roi_daily", (*REST, "2026-02-03"), {
        "spend_amount": 2, "spend_reporting_amount": 50_000, "impression_count": None, "engagement_count": None}),
    # An's first win is the Getfly order; its margin is unknown, so there is no ROI.
    (1, "campaign_roi_daily", (*A, "2026-03-03"), {
        "won_count": 1, "won_deal_count": 1, "revenue_reporting_amount": 200_000, "margin_known_count": 0,
        "gross_margin_reporting_amount": None}),
    (1, "campaign_roi_daily", (*A, "2026-03-05"), {
        "won_count": 0, "won_deal_count": 1, "revenue_reporting_amount": 1_000_000, "margin_known_count": 1,
        "gross_margin_reporting_amount": 400_000}),
    (1, "campaign_roi_daily", (*B, "2026-03-03"), {
        "won_count": 1, "revenue_reporting_amount": 2_600_000, "gross_margin_reporting_amount": 780_000}),
    (2, "campaign_roi_daily", (*NOBODY, "2026-03-03"), {"won_count": 1, "revenue_reporting_amount": 2_600_000}),
    # Both of An's deals fall within 30 days, the second on the last instant.
    (1, "campaign_roi_cohort", (*A, "2026-02-01", "30"), {
        "spend_reporting_amount": 100_000, "lead_count": 1, "unique_lead_count": 1, "qualified_count": 1,
        "won_count": 1, "won_deal_count": 2, "revenue_reporting_amount": 1_200_000,
        "gross_margin_reporting_amount": 400_000,
        "margin_known_count": 1, "cpl_amount": 100_000.0, "cac_media_amount": 100_000.0, "roas_ratio": 12.0,
        "roi_ratio": None, "roi_revenue_ratio": 11.0, "is_matured": False}),
    # Bình's USD margin: (780,000 - 262,500) / 262,500.
    (1, "campaign_roi_cohort", (*B, "2026-02-01", "30"), {
        "lead_count": 2, "unique_lead_count": 1, "qualified_count": 0, "roi_ratio": 517_500 / 262_500}),
    (1, "campaign_roi_closed", (*A, "2026-03-01"), {
        "spend_reporting_amount": None, "won_count": 1, "won_deal_count": 2, "revenue_reporting_amount": 1_200_000}),
    (1, "campaign_roi_closed", (*A, "2026-02-01"), {
        "spend_reporting_amount": 100_000, "won_count": 0, "won_deal_count": 1, "revenue_reporting_amount": 300_000,
        "roas_ratio": 3.0, "roi_ratio": 0.0}),
    (2, "campaign_roi_closed", (*A, "2026-02-01"), {"spend_reporting_amount": 90_000, "won_deal_count": 0}),
    (1, "tieout", ("2026-02-01", "won_by_close_date"), {
        "told_count": 1, "crm_count": 1, "crm_reporting_amount": 300_000, "difference_count": 0}),
    (1, "tieout", ("2026-02-01", "won_by_cohort"), {
        "told_count": 0, "told_reporting_amount": 0, "explained_count": 1, "explained_reporting_amount": 300_000,
        "explanation": "no_known_lead"}),
    (1, "tieout", ("2026-03-01", "won_by_cohort"), {
        "told_count": 3, "crm_count": 3, "explained_count": 0, "explanation": None,
        "told_reporting_amount": 3_800_000, "difference_reporting_amount": 0}),
    # Bình's first record went into another one between the nights.
    (1, "tieout", ("2026-02-01", "leads_in"), {"told_count": 5, "crm_count": 5, "explanation": None}),
    (2, "tieout", ("2026-02-01", "leads_in"), {
        "told_count": 4, "crm_count": 5, "explained_count": 1, "explanation": "merged_away",
        "crm_reporting_amount": None}),
    # An's campaign stands in Getfly only; Bình's form came before the deal, in whichever record it lies.
    (1, "lead_origin", ("hubspot", "1"), {
        "recorded_side": "marketing", "first_touch_side": "marketing", "before_sales_side": "marketing",
        "declared_side": "unknown", "tracked_by": "utm", "sales_act": "touch"}),
    (1, "lead_origin", ("hubspot", "3"), {"recorded_side": "unknown", "tracked_by": "platform_form",
                                          "sales_act": "deal"}),
    (2, "lead_origin", ("hubspot", "4"), {"first_touch_side": "marketing", "tracked_by": "platform_form"}),
    (1, "lead_origin", ("getfly", "9"), {"first_touch_side": "unknown", "before_sales_side": "unknown"}),
    (1, "sourcing", ("before_sales", "2026-03-01", "marketing"), {
        "won_count": 2, "won_deal_count": 3, "revenue_reporting_amount": 3_800_000, "margin_known_count": 2,
        "gross_margin_reporting_amount": 1_180_000}),
    (1, "sourcing", ("recorded", "2026-03-01", "unknown"), {"won_count": 1, "revenue_reporting_amount": 2_600_000}),
    (1, "sourcing", ("first_touch", "2026-02-01", "unknown"), {"won_count": 0, "won_deal_count": 1}),
    # An's week ends on 8 February: 30 days later is 10 March, yesterday on the first night.
    (1, "lead_quality", (*A, "2026-02-02"), {
        "lead_count": 1, "unique_lead_count": 1, "valid_lead_count": 1, "reached_count": 1, "hot_count": 1,
        "wrong_target_count": 0, "closed_count": 1, "reached_rate": None, "is_matured": True, "is_small_sample": True}),
    (1, "lead_quality", (*NOBODY, "2026-02-09"), {"valid_lead_count": 1, "is_matured": False}),
    (2, "lead_quality", (*NOBODY, "2026-02-09"), {"valid_lead_count": 0, "reached_count": 0}),
    (1, "spend_reconciliation", (*GOOGLE, "2026-02-02", "campaign"), {
        "control_amount": 150_000, "finer_amount": 150_000, "unallocated_amount": 0}),
    (1, "spend_reconciliation", (*GOOGLE, "2026-02-02", "ad"), {
        "finer_amount": 100_000, "unallocated_amount": 50_000, "currency_code": "VND"}),
    (2, "spend_reconciliation", (*GOOGLE, "2026-02-02", "ad"), {"control_amount": 90_000, "unallocated_amount": 0}),
    (1, "spend_reconciliation", (*META, "2026-02-03", "campaign"), {
        "control_amount": Decimal("12.50"), "finer_amount": Decimal("10.50"), "unallocated_amount": 2}),
    (1, "unmatched_leads", ("hubspot", "2026-02-01", "fbclid_only"), {"lead_count": 1}),
    (1, "unmatched_leads", ("getfly", "2026-02-01", "self_declared_only"), {"lead_count": 1}),
    # Of An, Bình and the one who left a phone, only An was called; the last one has no campaign.
    (1, "metric_coverage", ("hubspot", "speed_to_lead"), {
        "eligible_count": 3, "covered_count": 1, "covered_rate": 1 / 3, "needed_rate": 0.6, "is_published": False}),
    (1, "metric_coverage", ("hubspot", "match"), {"covered_count": 2, "is_published": True, "reason": None}),
    (2, "metric_coverage", ("hubspot", "match"), {"covered_rate": 0.5, "is_published": True}),
    (1, "metric_coverage", ("hubspot", "roi"), {"eligible_count": 3, "covered_count": 3, "is_published": True}),
    (1, "metric_coverage", ("getfly", "roi"), {"eligible_count": 1, "covered_count": 0, "is_published": False}),
    (1, "metric_coverage", ("getfly", "match"), {"eligible_count": 1, "covered_count": 0, "is_published": False}),
    # An and Bình were reached and won within 30 days, each the only one of a campaign; of nobody's two nothing came.
    (1, "rep_conversion", ("hubspot", "7", "2026-01-01", "30"), {
        "unique_lead_count": 3, "attempted_count": 2, "reached_count": 2, "advised_count": 2, "advised_won_count": 2,
        "expected_won_count": 2, "given_won_count": 2, "company_lead_count": 4, "company_won_count": 2,
        "is_matured": False, "is_small_sample": True, "advised_won_rate": None, "company_won_rate": None}),
    (1, "rep_conversion", ("getfly", "7", "2026-01-01", "30"), {
        "unique_lead_count": 1, "attempted_count": 1, "reached_count": 0, "expected_won_count": 0}),
    # All media of February; its only deal is of no known lead. In March An and Bình became customers.
    (1, "cac", ("2026-02-01",), {
        "spend_reporting_amount": 462_500, "won_count": 0, "won_deal_count": 1, "cac_media_amount": None,
        "mer_ratio": 300_000 / 462_500, "loaded_missing": "marketing_cost", "is_month_over": True}),
    (1, "cac", ("2026-03-01",), {
        "spend_reporting_amount": None, "won_count": 2, "won_deal_count": 3, "revenue_reporting_amount": 3_800_000,
        "loaded_missing": "month_not_over"}),
    # What An's order brought nobody knows: three tenths of 200,000 are assumed. March is not over, so nothing is back.
    (1, "cohort_payback", ("2026-02-01", "0"), {
        "unique_lead_count": 4, "won_deal_count": 0, "gross_margin_reporting_amount": 0, "media_payback": "open"}),
    (1, "cohort_payback", ("2026-02-01", "1"), {
        "won_deal_count": 3, "margin_known_count": 2, "gross_margin_reporting_amount": 1_180_000,
        "assumed_margin_amount": 60_000, "spend_reporting_amount": 462_500, "media_payback": "running",
        "media_payback_months": None, "loaded_payback": "cost_unknown"}),
]


@pytest.mark.parametrize(("night", "mart", "key", "cells"), ROWS,
                         ids=[f"night {night} {mart} {' '.join(key[-2:])}" for night, mart, key, _ in ROWS])
def test_reckoned_by_hand(night: int, mart: str, key: tuple[str, ...], cells: dict[str, Value]) -> None:
    """Each row holds what a person with pencil and paper gets."""
    row = expected(miniature(), night).rows[mart][key]
    assert {name: row[name] for name in cells} == cells


def test_nothing_else_is_published() -> None:
    """No row stands beside those that the five leads, four rows of spend and four deals explain."""
    first, second = expected(miniature(), 1).rows, expected(miniature(), 2).rows
    pmax = (*GOOGLE, "12")
    assert set(first["campaign_roi_daily"]) == {
        (*A, "2026-02-02"), (*A, "2026-02-03"), (*A, "2026-02-20"), (*A, "2026-03-03"), (*A, "2026-03-05"),
        (*pmax, "2026-02-02"), (*B, "2026-02-03"), (*B, "2026-02-10"), (*B, "2026-03-03"), (*REST, "2026-02-03"),
        (*NOBODY, "2026-02-04"), (*NOBODY, "2026-02-09")}
    assert set(second["campaign_roi_daily"]) == set(first["campaign_roi_daily"]) - {
        (*pmax, "2026-02-02"), (*A, "2026-02-20"), (*B, "2026-03-03")} | {(*NOBODY, "2026-03-03")}
    assert {month for month, statement in second["tieout"] if statement != "leads_in"} == {"2026-03-01"}
