"""The money on unfit people: who counts as what, and that the parts are the whole."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.marts.company import Company
from tests.marts.world import night, noon, only, put, rows_of
from warehouse.engine import Warehouse
from warehouse.marts.spend_waste import CHECKS, divided
from warehouse.shims import MONEY

DAY, APRIL = date(2026, 4, 8), date(2026, 4, 1)
PARTS = ("invalid_contact", "wrong_target", "unjudged", "judged_fit")
MICRO = Decimal("0.000001")


def leads(wh: Warehouse, **statuses: tuple[str, ...]) -> None:
    """Leads of campaign c1, created on one day, each with its statuses on the day after."""
    put(wh, "campaign", {"campaign_id": "c1"})
    put(wh, "lead", *({"lead_id": name, "created_day": DAY, "utm_campaign": "c1"} for name in statuses))
    put(wh, "lead_status", *({"lead_id": name, "status": status, "entered_at": noon(DAY, 24 + place)}
                             for name, given in statuses.items() for place, status in enumerate(given)))


def april(wh: Warehouse, **key: Any) -> Any:
    """The row of a campaign after a night."""
    night(wh, of=["spend_waste"])
    return only(rows_of(wh, "spend_waste"), **{"campaign_id": "c1", "cohort_month": APRIL} | key)


def money(row: Any) -> list[Decimal | None]:
    """The parts of a row's spend."""
    return [row[f"{part}_spend_amount"] for part in PARTS]


def test_every_lead_bears_the_same_part(mart_wh: Warehouse) -> None:
    """100 over 3 leads: borders are cut down to a millionth, and the last part takes what is left."""
    put(mart_wh, "ad_daily", {"day": DAY, "spend_amount": 60}, {"day": DAY + timedelta(days=9), "spend_amount": 40})
    leads(mart_wh, dead=("DEAD",), wrong=("WRONG",), hot=("HOT",))
    row = april(mart_wh)
    assert money(row) == [Decimal("33.333333"), Decimal("33.333333"), 0, Decimal("33.333334")]
    assert (row["unfit_spend_amount"], row["spend_reporting_amount"]) == (Decimal("66.666666"), 100)
    assert (row["cpl_amount"], row["spend_without_lead_amount"]) == (Decimal("33.333333"), 0)


def test_a_dead_number_tells_nothing_about_the_portrait(mart_wh: Warehouse) -> None:
    """Who is both counts once, as an invalid contact; the count of wrong targets is that of the other tables."""
    put(mart_wh, "ad_daily", {"day": DAY, "spend_amount": 100})
    leads(mart_wh, both=("WRONG", "DEAD"), good=("LATER",))
    row = april(mart_wh)
    assert (row["invalid_contact_count"], row["wrong_target_count"], row["unfit_count"]) == (1, 1, 1)
    assert money(row) == [50, 0, 0, 50]


def test_reached_is_no_verdict(mart_wh: Warehouse) -> None:
    """Spoken to, tried and untouched leads are unjudged; lost and won ones are judged; the money follows."""
    put(mart_wh, "ad_daily", {"day": DAY, "spend_amount": 100})
    leads(mart_wh, spoken=("CONNECTED",), tried=("TRIED",), untouched=(), lost=("LOST",), won=("CONNECTED",))
    put(mart_wh, "deal", {"deal_id": "d", "lead_id": "won", "closed_day": DAY, "deal_amount": 5})
    row = april(mart_wh)
    assert (row["unjudged_count"], row["covered_lead_count"]) == (3, 4)
    assert (row["verdict_rate"], row["coverage_rate"]) == (0.4, 0.8)
    assert money(row) == [0, 0, 60, 40]


def test_a_verdict_after_the_horizon_is_too_late(mart_wh: Warehouse) -> None:
    """What was found more than 30 days after creation leaves the lead unjudged."""
    put(mart_wh, "ad_daily", {"day": DAY, "spend_amount": 100})
    leads(mart_wh, late=(), timely=())
    put(mart_wh, "lead_status", {"lead_id": "timely", "status": "WRONG", "entered_at": noon(DAY, 30 * 24)},
        {"lead_id": "late", "status": "WRONG", "entered_at": noon(DAY, 30 * 24 + 1)})
    assert money(april(mart_wh)) == [0, 50, 50, 0]


def test_spend_for_nobody_is_not_dropped(mart_wh: Warehouse) -> None:
    """Spend of a month without a first lead stands by itself, also where only a known person wrote again."""
    put(mart_wh, "ad_daily", {"day": DAY, "spend_amount": 100}, {"campaign_id": "c2", "day": DAY, "spend_amount": 7})
    put(mart_wh, "campaign", {"campaign_id": "c1"}, {"campaign_id": "c2"})
    put(mart_wh, "lead", {"lead_id": "old", "created_day": date(2026, 3, 3), "person_key": "p", "utm_campaign": "c2"},
        {"lead_id": "again", "created_day": DAY, "person_key": "p", "utm_campaign": "c2"})
    for campaign, spend, count in (("c1", 100, 0), ("c2", 7, 1)):
        row = april(mart_wh, campaign_id=campaign)
        assert (row["spend_without_lead_amount"], row["lead_count"], row["unique_lead_count"]) == (spend, count, 0)
        assert [*money(row), row["unfit_spend_amount"], row["verdict_rate"], row["cpl_amount"]] == [None] * 7


def test_unknown_spend_is_not_zero(mart_wh: Warehouse) -> None:
    """Leads without a reported spend have counts and no money; a spend of 0 has money of 0 and no share."""
    leads(mart_wh, dead=("DEAD",))
    row = april(mart_wh)
    assert (row["invalid_contact_count"], row["spend_reporting_amount"], row["spend_without_lead_amount"]) == (
        1, None, None)
    assert [*money(row), row["unfit_spend_amount"]] == [None] * 5
    put(mart_wh, "ad_daily", {"day": DAY, "spend_amount": 0})
    assert money(april(mart_wh)) == [0, 0, 0, 0]


def test_shares_of_few_are_hidden(mart_wh: Warehouse) -> None:
    """With 19 leads there are counts and money, with 20 shares and bounds too."""
    put(mart_wh, "ad_daily", {"day": DAY, "spend_amount": 100})
    names = ("unfit_rate", "unfit_rate_low", "unfit_rate_high", "unfit_spend_rate", "wrong_target_spend_rate",
             "invalid_contact_spend_rate")
    leads(mart_wh, **{f"l{number}": ("WRONG",) for number in range(19)})
    row = april(mart_wh)
    assert (row["is_small_sample"], row["unfit_spend_amount"]) == (True, 100)
    assert [row[name] for name in names] == [None] * 6
    leads(mart_wh, l19=("DEAD",))
    row = april(mart_wh)
    assert not row["is_small_sample"]
    assert [row[name] for name in (names[0], *names[3:])] == [1.0, 1.0, 0.95, 0.05]
    assert row["unfit_rate_low"] < 1 == row["unfit_rate_high"]


def test_all_spend_and_all_leads_are_there(mart_wh: Warehouse) -> None:
    """Over a random company the table holds the spend and the leads of the daily view, and every check holds."""
    Company(11, leads=80).fill(mart_wh)
    night(mart_wh, of=["spend_waste"])
    rows, days = rows_of(mart_wh, "spend_waste"), rows_of(mart_wh, "campaign_roi_daily")
    for name in ("spend_reporting_amount", "lead_count", "unique_lead_count"):
        assert sum(row[name] or 0 for row in rows) == sum(row[name] or 0 for row in days) > 0
    for row in rows:
        parts = [*money(row), row["spend_without_lead_amount"]]
        assert sum(part or 0 for part in parts) == (row["spend_reporting_amount"] or 0)
    with mart_wh.engine.connect() as conn:
        for check in CHECKS:
            broken = sa.text(f"SELECT COUNT(*) FROM mart_next.spend_waste WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name


AMOUNTS = st.decimals(Decimal("-999999999999.999999"), Decimal("999999999999.999999"), places=6)
SIZES = st.lists(st.integers(0, 2_000_000), min_size=4, max_size=4).filter(any)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(st.tuples(AMOUNTS, SIZES), min_size=1, max_size=30))
@example(cases=[(Decimal("999999999999.999999"), [1, 999_999, 999_983, 17]), (MICRO, [1, 1, 1, 1])])
def test_the_parts_are_the_whole(wh: Warehouse, cases: list[tuple[Decimal, list[int]]]) -> None:
    """Whatever is divided among whomever: parts add up exactly, no border is off, nobody is given what is nobody's."""
    for (spend, sizes), row in zip(cases, _divided(wh, cases), strict=True):
        parts, whole = [row[f"{part}_spend_amount"] for part in PARTS], sum(sizes)
        assert sum(parts) == spend
        assert row["unfit_spend_amount"] == parts[0] + parts[1]
        for upto in range(1, 4):
            exact = Fraction(spend) * sum(sizes[:upto]) / whole
            assert Fraction(sum(parts[:upto])) == exact // Fraction(MICRO) * Fraction(MICRO)
        assert all(part == 0 for part, size in zip(parts, sizes, strict=True) if size == 0)
        assert spend < 0 or all(0 <= part <= spend for part in parts)


def _divided(wh: Warehouse, cases: list[tuple[Decimal, list[int]]]) -> list[Any]:
    """The engine's own division of each case, in order."""
    names = ("place", "spend_reporting_amount", "invalid_contact_count", "unfit_count", "unjudged_count",
             "unique_lead_count")
    rows = [sa.select(*(sa.cast(sa.literal_column(f"{value}"), MONEY if name.endswith("amount") else sa.BigInteger())
                        .label(name) for name, value in zip(names, (
                            place, f"{spend:f}", sizes[0], sizes[0] + sizes[1], sizes[2], sum(sizes)), strict=True)))
            for place, (spend, sizes) in enumerate(cases)]
    row = divided(sa.union_all(*rows).subquery("cases"))
    with wh.engine.connect() as conn:
        return list(conn.execute(sa.select(row).order_by(row.c.place)).mappings())
