"""Small cases, each counted by hand: what a join loses, what null becomes, who gets the credit."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.marts.company import Company
from tests.marts.world import NIGHT, everything, night, noon, only, put, release, rows_of
from warehouse.engine import Warehouse

DAY = date(2026, 4, 8)
META = {"platform": "meta_ads", "account_id": "a1"}


def daily(wh: Warehouse, **key: Any) -> Any:
    """The ROI row of a key after a night."""
    night(wh, of=["campaign_roi_daily"])
    return only(rows_of(wh, "campaign_roi_daily"), **key)


def test_spend_of_a_deleted_campaign_stays(mart_wh: Warehouse) -> None:
    """Spend without a campaign in the dimension keeps its account and gets a name that says so."""
    put(mart_wh, "ad_daily", {"campaign_id": "999", "day": DAY, "spend_amount": 100})
    row = daily(mart_wh, campaign_id="999")
    assert (row["account_id"], row["campaign_name"], row["spend_amount"]) == ("a1", "(deleted 999)", 100)


def test_leads_without_spend_stay(mart_wh: Warehouse) -> None:
    """A lead on a day without spend has a row of its own, with null cost and null ratios."""
    put(mart_wh, "campaign", {"campaign_id": "c1"})
    put(mart_wh, "lead", {"lead_id": "l1", "created_day": DAY, "utm_campaign": "c1"})
    row = daily(mart_wh, campaign_id="c1", day=DAY)
    assert row["lead_count"] == 1
    assert (row["spend_reporting_amount"], row["cpl_amount"], row["roi_ratio"]) == (None, None, None)
    assert (row["revenue_reporting_amount"], row["gross_margin_reporting_amount"], row["won_count"]) == (0, 0, 0)


def test_null_is_not_zero(mart_wh: Warehouse) -> None:
    """A cost that was not reported stays null, one that is 0 stays 0, and nothing is divided by either."""
    put(mart_wh, "ad_daily", {"campaign_id": "c1", "day": DAY, "spend_amount": None, "click_count": 3},
        {"campaign_id": "c2", "day": DAY, "spend_amount": 0})
    night(mart_wh, of=["campaign_roi_daily"])
    rows = rows_of(mart_wh, "campaign_roi_daily")
    unknown, nothing = only(rows, campaign_id="c1"), only(rows, campaign_id="c2")
    assert (unknown["spend_amount"], unknown["click_count"], unknown["impression_count"]) == (None, 3, None)
    assert (nothing["spend_reporting_amount"], nothing["roas_ratio"], nothing["roi_ratio"]) == (0, None, None)


def test_engagement_on_a_day_without_delivery_stays(mart_wh: Warehouse) -> None:
    """Late reactions land on days without spend."""
    put(mart_wh, "engagement_daily", {"day": DAY, "engagement_count": 3},
        {"day": DAY, "engagement_kind": "share", "engagement_count": 4})
    row = daily(mart_wh, campaign_id="c1")
    assert (row["engagement_count"], row["spend_amount"], row["currency_code"]) == (7, None, None)


def test_the_coarsest_level_counts_once(mart_wh: Warehouse) -> None:
    """Ads below a reported campaign do not count again; the rest of the bill is unallocated, and all adds up."""
    put(mart_wh, "ad_daily",
        {"level": "account", "campaign_id": "", "day": DAY, "spend_amount": 1000},
        {"campaign_id": "c1", "day": DAY, "spend_amount": 600},
        {"level": "ad", "campaign_id": "c1", "ad_id": "x", "day": DAY, "spend_amount": 500},
        {"level": "ad", "campaign_id": "c2", "ad_id": "y", "day": DAY, "spend_amount": 150},
        {"level": "ad", "campaign_id": "c2", "ad_id": "z", "day": DAY, "spend_amount": 50})
    night(mart_wh, of=["campaign_roi_daily", "spend_reconciliation"])
    spent = {row["campaign_id"]: row["spend_amount"] for row in rows_of(mart_wh, "campaign_roi_daily")}
    assert spent == {"c1": 600, "c2": 200, "(unallocated)": 200}
    levels = {row["level"]: (row["control_amount"], row["finer_amount"], row["unallocated_amount"])
              for row in rows_of(mart_wh, "spend_reconciliation")}
    assert levels == {"campaign": (1000, 600, 400), "ad": (1000, 700, 300)}


def test_money_converts_by_the_rate_of_its_day(mart_wh: Warehouse) -> None:
    """The newest rate counts up to a week back; older than that the amount is not converted, and a check says so."""
    put(mart_wh, "fx_rate", {"day": DAY - timedelta(days=7), "fx_rate": 25_000}, {"day": DAY, "fx_rate": 25_400})
    usd = {"campaign_id": "c1", "currency_code": "USD", "spend_amount": Decimal("10.01")}
    put(mart_wh, "ad_daily", *({**usd, "day": DAY + timedelta(days=n)} for n in (-1, 0, 7, 8)))
    night(mart_wh, of=["campaign_roi_daily"])
    rows = rows_of(mart_wh, "campaign_roi_daily")
    assert [(row["spend_reporting_amount"], row["fx_day"]) for row in rows] == [
        (Decimal("250250"), DAY - timedelta(days=7)), (Decimal("254254"), DAY), (Decimal("254254"), DAY), (None, None)]


def test_a_person_counts_once(mart_wh: Warehouse) -> None:
    """A repeat is a lead, but its reach, its deal and its state belong to the person's first lead."""
    put(mart_wh, "campaign", {"campaign_id": "c1"}, {"campaign_id": "c2"})
    put(mart_wh, "lead",
        {"lead_id": "first", "person_key": "p", "created_day": DAY, "utm_campaign": "c1", "is_phone_valid": True},
        {"lead_id": "again", "person_key": "p", "created_day": DAY + timedelta(days=3), "utm_campaign": "c2"},
        {"lead_id": "lost", "person_key": "q", "created_day": DAY, "utm_campaign": "c2"})
    put(mart_wh, "lead_merge", {"lead_id": "lost", "merged_into_id": "again"})
    put(mart_wh, "lead_status", {"lead_id": "lost", "status": "HOT", "entered_at": noon(DAY + timedelta(days=4))})
    put(mart_wh, "deal", {"deal_id": "d", "lead_id": "again", "closed_day": DAY + timedelta(days=9), "deal_amount": 70,
                          "gross_margin_amount": 30},
        {"deal_id": "e", "lead_id": "lost", "closed_day": DAY + timedelta(days=9), "deal_amount": 7})
    night(mart_wh, of=["campaign_roi_cohort", "lead_fact"])
    facts = {row["lead_id"]: row for row in rows_of(mart_wh, "lead_fact")}
    assert facts.keys() == {"first", "again"}
    assert facts["first"]["hot_at"] == noon(DAY + timedelta(days=4))
    assert facts["first"]["is_valid"]
    again = facts["again"]
    assert (again["head_lead_id"], again["hot_at"], again["has_status"]) == ("first", None, None)
    cohort = only(rows_of(mart_wh, "campaign_roi_cohort"), campaign_id="c1", horizon_days=30)
    assert (cohort["lead_count"], cohort["qualified_count"]) == (1, 1)
    assert (cohort["won_count"], cohort["won_deal_count"]) == (1, 2)
    assert (cohort["revenue_reporting_amount"], cohort["gross_margin_reporting_amount"]) == (77, 30)
    assert (cohort["margin_known_count"], cohort["roi_ratio"]) == (1, None)
    repeat = only(rows_of(mart_wh, "campaign_roi_cohort"), campaign_id="c2", horizon_days=30)
    assert (repeat["lead_count"], repeat["unique_lead_count"], repeat["won_count"]) == (1, 0, 0)


EVIDENCE: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
    ({"vendor_lead_id": "f1", "gclid": "k1"}, ("c1", "vendor_lead_id", 1.0, None)),
    ({"gclid": "k1", "utm_campaign": "c1"}, ("g1", "click_id", 0.95, None)),
    ({"gclid": "k9", "wbraid": "k1"}, ("g1", "click_id", 0.95, None)),
    ({"utm_campaign": "c1", "utm_campaign_norm": "tủ"}, ("c1", "utm_campaign_id", 0.9, None)),
    ({"utm_campaign": "S", "utm_campaign_norm": "sofa", "utm_source": " FB "}, ("c1", "utm_campaign_name", 0.8, None)),
    ({"utm_campaign": "Sofa", "utm_campaign_norm": "sofa"}, ("(unmatched)", "none", 0.0, "ambiguous_name")),
    ({"utm_campaign": "Old", "utm_campaign_norm": "old"}, ("c1", "utm_campaign_name", 0.8, None)),
    ({"utm_campaign": "?", "utm_campaign_norm": "sofa", "crm_campaign": "g1"}, ("g1", "crm_campaign_id", 0.7, None)),
    ({"crm_campaign": "Tủ", "crm_campaign_norm": "tủ"}, ("c2", "crm_campaign_name", 0.6, None)),
    ({"utm_campaign": "spent"}, ("spent", "utm_campaign_id", 0.9, None)),
    ({"gclid": "k9", "utm_campaign": "?", "fbclid": "x"}, ("(unmatched)", "none", 0.0, "unknown_click_id")),
    ({"utm_campaign": "?", "fbclid": "x"}, ("(unmatched)", "none", 0.0, "unknown_campaign")),
    ({"fbclid": "x", "self_declared_origin": "y"}, ("(unmatched)", "none", 0.0, "fbclid_only")),
    ({"self_declared_origin": "y"}, ("(unmatched)", "none", 0.0, "self_declared_only")),
    ({}, ("(unmatched)", "none", 0.0, "no_tracking")),
]


def test_the_strongest_evidence_names_the_campaign(mart_wh: Warehouse) -> None:
    """Methods in their order; ambiguous evidence decides nothing; every failure has its reason."""
    google = {"platform": "google_ads", "account_id": "ga"}
    put(mart_wh, "campaign",
        {"campaign_id": "c1", "campaign_name_norm": "old", "campaign_name": "Old", "valid_from_day": DAY},
        {"campaign_id": "c1", "valid_from_day": DAY + timedelta(days=9)},
        {"campaign_id": "c2", "campaign_name": "Tủ", "campaign_name_norm": "tủ"}, {**google, "campaign_id": "g1"})
    put(mart_wh, "ad_daily", {"campaign_id": "spent", "day": DAY, "spend_amount": 1})
    put(mart_wh, "ad_touch", {"touch_kind": "vendor_lead_id", "touch_id": "f1"},
        {**google, "touch_kind": "gclid", "touch_id": "k1", "campaign_id": "g1"})
    put(mart_wh, "lead", *({"lead_id": f"l{number:02}", "created_day": DAY, **given}
                           for number, (given, _) in enumerate(EVIDENCE)))
    night(mart_wh, of=["lead_fact"])
    shown = ("campaign_id", "match_method", "match_confidence", "unmatched_reason")
    found = [tuple(row[name] for name in shown) for row in rows_of(mart_wh, "lead_fact")]
    for (given, expected), got in zip(EVIDENCE, found, strict=True):
        assert got == expected, given


def test_a_rename_does_not_rewrite_the_past(mart_wh: Warehouse) -> None:
    """Rows carry the name as of their day; days before the first version carry that one."""
    put(mart_wh, "campaign", {"campaign_id": "c1", "valid_from_day": DAY, "campaign_name": "Old"},
        {"campaign_id": "c1", "valid_from_day": DAY + timedelta(days=2), "campaign_name": "New"})
    days = [DAY + timedelta(days=n) for n in range(-1, 3)]
    put(mart_wh, "ad_daily", *({"campaign_id": "c1", "day": day, "spend_amount": 1} for day in days))
    night(mart_wh, of=["campaign_roi_closed", "campaign_roi_daily"])
    assert [row["campaign_name"] for row in rows_of(mart_wh, "campaign_roi_daily")] == ["Old", "Old", "Old", "New"]
    assert rows_of(mart_wh, "campaign_roi_closed")[0]["campaign_name"] == "New"


def test_a_cohort_matures(mart_wh: Warehouse) -> None:
    """A month is mature once its last day and the horizon lie before the business day, and is rebuilt then."""
    put(mart_wh, "lead", {"lead_id": "l", "created_day": DAY})
    release(mart_wh, night(mart_wh, noon(date(2026, 5, 30)).replace(tzinfo=NIGHT.tzinfo)))
    assert not only(rows_of(mart_wh, "campaign_roi_cohort", "mart"), horizon_days=30)["is_matured"]
    report = night(mart_wh, noon(date(2026, 5, 31)).replace(tzinfo=NIGHT.tzinfo))
    release(mart_wh, report)
    assert not report.full
    assert only(rows_of(mart_wh, "campaign_roi_cohort", "mart"), horizon_days=30)["is_matured"]
    assert not only(rows_of(mart_wh, "campaign_roi_cohort", "mart"), horizon_days=60)["is_matured"]


def test_a_deal_without_a_lead_is_counted_in_the_open(mart_wh: Warehouse) -> None:
    """It is in the cash view and in the CRM, in no cohort, and the tie-out adds up."""
    put(mart_wh, "campaign", {"campaign_id": "c1"})
    put(mart_wh, "lead", {"lead_id": "l", "created_day": DAY})
    put(mart_wh, "deal", {"deal_id": "d", "lead_id": "l", "closed_day": DAY, "deal_amount": 5},
        {"deal_id": "e", "lead_id": "nobody", "closed_day": DAY, "deal_amount": 11, "crm_campaign": "c1"},
        {"deal_id": "open", "lead_id": "l", "closed_day": None, "deal_amount": 99})
    night(mart_wh, of=["campaign_roi_closed", "tieout"])
    ties = rows_of(mart_wh, "tieout")
    for statement, told, amount in (("won_by_close_date", 2, 16), ("won_by_cohort", 1, 5), ("won_by_declared", 2, 16)):
        tie = only(ties, statement=statement)
        assert [tie[f"{way}_count"] for way in ("told", "explained", "crm", "difference")] == [told, 2 - told, 2, 0]
        assert [tie[f"{way}_reporting_amount"] for way in ("told", "explained", "crm", "difference")] == [
            amount, 16 - amount, 16, 0]
        assert tie["explanation"] == ("no_known_lead" if told == 1 else None)
    assert only(rows_of(mart_wh, "campaign_roi_closed"), campaign_id="c1")["revenue_reporting_amount"] == 11


def test_every_lead_of_the_crm_is_classified_or_set_aside(mart_wh: Warehouse) -> None:
    """A lead merged away stands in its own month with the reason, an archived one is classified."""
    put(mart_wh, "lead", {"lead_id": "l", "created_day": DAY}, {"lead_id": "old", "created_day": date(2026, 3, 31)},
        {"lead_id": "gone", "created_day": DAY}, {"lead_id": "bin", "created_day": DAY, "is_archived": True})
    put(mart_wh, "lead_merge", {"lead_id": "gone", "merged_into_id": "old"}, {"lead_id": "x", "merged_into_id": "l"})
    night(mart_wh)
    shown = ("crm_count", "told_count", "explained_count", "explanation", "told_reporting_amount")
    assert [tuple(row[name] for name in shown) for row in rows_of(mart_wh, "tieout")] == [
        (1, 1, 0, None, None), (3, 2, 1, "merged_away", None)]


def test_a_deleted_deal_takes_its_win_along(mart_wh: Warehouse) -> None:
    """Archived after it was published, a deal is no win any more; the lead it came from still counts."""
    deal = {"deal_id": "d1", "lead_id": "l1", "closed_day": DAY, "deal_amount": 500, "gross_margin_amount": 200}
    put(mart_wh, "campaign", {"campaign_id": "c1"})
    put(mart_wh, "lead", {"lead_id": "l1", "created_day": DAY, "utm_campaign": "c1"})
    put(mart_wh, "deal", deal)
    release(mart_wh, night(mart_wh))
    before = only(rows_of(mart_wh, "campaign_roi_daily"), campaign_id="c1", day=DAY)
    put(mart_wh, "lead", {"lead_id": "l1", "created_day": DAY, "utm_campaign": "c1", "is_archived": True})
    put(mart_wh, "deal", deal | {"is_archived": True})
    after = daily(mart_wh, campaign_id="c1", day=DAY)
    assert [(row["lead_count"], row["won_count"], row["revenue_reporting_amount"]) for row in (before, after)] == [
        (1, 1, 500), (1, 0, 0)]
    assert only(rows_of(mart_wh, "lead_fact"), lead_id="l1")["first_won_at"] is None


def test_the_horizon_counts_from_each_leads_own_creation(mart_wh: Warehouse) -> None:
    """What happened one second after the horizon is outside of it; later horizons see it."""
    put(mart_wh, "lead", {"lead_id": "in", "created_day": DAY}, {"lead_id": "out", "created_day": DAY})
    edge = noon(DAY) + timedelta(days=30)
    put(mart_wh, "lead_status", {"lead_id": "in", "status": "CONNECTED", "entered_at": edge},
        {"lead_id": "out", "status": "CONNECTED", "entered_at": edge + timedelta(seconds=1)})
    night(mart_wh, of=["campaign_roi_cohort"])
    rows = rows_of(mart_wh, "campaign_roi_cohort")
    assert {row["horizon_days"]: row["qualified_count"] for row in rows} == {30: 1, 60: 2, 90: 2}


def test_days_add_up_to_months(mart_wh: Warehouse) -> None:
    """Summed over campaigns, the daily view, the closed view and the tie-out hold the same money and deals."""
    Company(9, leads=80).fill(mart_wh)
    night(mart_wh)
    marts = everything(mart_wh, "mart_next")
    for name in ("won_deal_count", "revenue_reporting_amount", "spend_reporting_amount", "lead_count"):
        by_day = sum(row[name] or 0 for row in marts["campaign_roi_daily"])
        assert by_day == sum(row[name] or 0 for row in marts["campaign_roi_closed"])
        if name in ("spend_reporting_amount", "lead_count"):
            assert by_day == sum(row[name] or 0 for row in marts["campaign_roi_cohort"] if row["horizon_days"] == 60)
    assert sum(row["lead_count"] for row in marts["lead_quality"]) == len(marts["lead_fact"])
    assert {row["difference_count"] for row in marts["tieout"]} == {0}
    assert {row["difference_reporting_amount"] for row in marts["tieout"]} == {0, None}
    leads = [row for row in marts["tieout"] if row["statement"] == "leads_in"]
    assert sum(row["told_count"] for row in leads) == len(marts["lead_fact"])
