"""What salespeople make of their leads: who counts, what was to be expected, and what may be said of few."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from scipy.stats import binomtest, gamma

from tests.marts.company import Company
from tests.marts.world import NIGHT, night, noon, only, put, release, rows_of
from warehouse.engine import Warehouse
from warehouse.marts.rep_conversion import CHECKS, PRIOR
from warehouse.trace import trace

DAY, QUARTER = date(2026, 4, 8), date(2026, 4, 1)
SOON = noon(DAY, 48)
#: Months after the last day of the quarter.
LATER = datetime(2026, 12, 1, 19, tzinfo=UTC)
SHARES = ("advised_won_rate", "advised_won_rate_low", "advised_won_rate_high", "won_to_expected_ratio",
          "won_to_expected_least_ratio", "won_to_expected_most_ratio", "shrunk_ratio")


def leads(wh: Warehouse, who: str | None, campaign: str, *, won: int = 0, reached: int = 0, silent: int = 0) -> None:
    """Leads of a salesperson and campaign: won after they were reached, reached only, never reached."""
    names = [f"{who}-{campaign}-{number}" for number in range(won + reached + silent)]
    put(wh, "campaign", {"campaign_id": campaign})
    put(wh, "lead", *({"lead_id": name, "created_day": DAY, "owner_id": who, "utm_campaign": campaign}
                      for name in names))
    put(wh, "lead_status", *({"lead_id": name, "status": "CONNECTED", "entered_at": noon(DAY, 5)}
                             for name in names[:won + reached]))
    win(wh, *names[:won])


def win(wh: Warehouse, *names: str, at: datetime = SOON) -> None:
    """A won deal of each lead."""
    put(wh, "deal", *({"deal_id": name, "lead_id": name, "closed_day": at.date(), "closed_at": at, "deal_amount": 5}
                      for name in names))


def of(wh: Warehouse, who: str, days: int = 30, at: datetime = NIGHT) -> Any:
    """The row of a salesperson and horizon after a night."""
    night(wh, at, of=["rep_conversion"])
    return only(rows_of(wh, "rep_conversion"), owner_id=who, cohort_quarter=QUARTER, horizon_days=days)


def values(row: Any, names: Iterable[str]) -> list[Any]:
    """Some cells of a row."""
    return [row[name] for name in names]


def test_expected_is_what_the_company_makes_of_the_same_leads(mart_wh: Warehouse) -> None:
    """An has the good campaign and wins more; allowing for it, it is Bình who does better."""
    leads(mart_wh, "an", "c1", won=10, reached=10)
    leads(mart_wh, "an", "c2", reached=4, silent=6)
    leads(mart_wh, "binh", "c1", won=4)
    leads(mart_wh, "binh", "c2", won=2, reached=18, silent=20)
    an, binh = of(mart_wh, "an"), of(mart_wh, "binh")
    assert values(an, ("unique_lead_count", "reached_count", "advised_count", "advised_won_count")) == [30, 24, 24, 10]
    # c1: 14 of 24 advised are won, c2: 2 of 24; each campaign's product is cut down to a millionth
    assert an["expected_won_count"] == Decimal("11.666666") + Decimal("0.333333")
    assert binh["expected_won_count"] == Decimal("2.333333") + Decimal("1.666666")
    assert an["advised_won_rate"] > binh["advised_won_rate"]
    assert an["won_to_expected_ratio"] < 1 < binh["won_to_expected_ratio"]
    # all leads: c1 wins 14 of 24, c2 2 of 50
    assert an["given_won_count"] == Decimal("11.666666") + Decimal("0.4")
    assert binh["given_won_count"] == Decimal("2.333333") + Decimal("1.6")
    assert values(an, ("company_lead_count", "company_won_count")) == [74, 16]
    assert binh["given_won_rate"] < an["company_won_rate"] < an["given_won_rate"]


def test_interval_and_shrinking(mart_wh: Warehouse) -> None:
    """The bounds are Wilson's by what was expected; ten of ten expected draw the ratio to 1, as a prior's mean does."""
    leads(mart_wh, "an", "c1", won=15, reached=5)
    leads(mart_wh, "binh", "c1", won=5, reached=35)
    row = of(mart_wh, "an")
    bound = binomtest(15, 20).proportion_ci(0.95, method="wilson")
    expected = 20 * 20 / 60
    assert row["won_to_expected_ratio"] == pytest.approx(15 / expected, rel=1e-6)
    assert values(row, SHARES[1:3]) == pytest.approx([bound.low, bound.high])
    assert values(row, SHARES[4:6]) == pytest.approx([bound.low * 20 / expected, bound.high * 20 / expected], rel=1e-6)
    assert row["shrunk_ratio"] == pytest.approx(gamma(PRIOR + 15, scale=1 / (PRIOR + expected)).mean(), rel=1e-6)
    assert 1 < row["shrunk_ratio"] < row["won_to_expected_ratio"]


def test_nothing_is_said_of_few(mart_wh: Warehouse) -> None:
    """With 19 advised leads there are counts and what was expected, with 20 shares too."""
    leads(mart_wh, "an", "c1", won=1, reached=18, silent=9)
    row = of(mart_wh, "an")
    assert (row["is_small_sample"], row["expected_won_count"]) == (True, 1)
    assert values(row, SHARES) == [None] * 7
    assert row["given_won_rate"] == row["company_won_rate"] == pytest.approx(1 / 28, abs=1e-6)
    leads(mart_wh, "an", "c2", reached=1)
    row = of(mart_wh, "an")
    assert not row["is_small_sample"]
    assert values(row, ("advised_won_rate", "won_to_expected_ratio", "shrunk_ratio")) == [0.05, 1.0, 1.0]


def test_nothing_expected_is_no_ratio(mart_wh: Warehouse) -> None:
    """Where the company won none of the same leads nobody is measured, and what was shrunk stays at 1."""
    leads(mart_wh, "an", "c1", reached=20)
    row = of(mart_wh, "an")
    assert values(row, SHARES[3:]) == [None, None, None, 1.0]
    assert (row["expected_won_count"], row["given_won_count"], row["company_won_rate"]) == (0, 0, 0)


def test_the_horizon_is_the_leads_own(mart_wh: Warehouse) -> None:
    """A win on the last instant of 30 days counts, one a second later only at 60; being reached is judged alike."""
    leads(mart_wh, "an", "c1", reached=3, silent=2)
    end = noon(DAY, 30 * 24)
    win(mart_wh, "an-c1-0", at=end)
    win(mart_wh, "an-c1-1", at=end + timedelta(seconds=1))
    put(mart_wh, "lead_status", {"lead_id": "an-c1-3", "status": "CONNECTED", "entered_at": end},
        {"lead_id": "an-c1-4", "status": "CONNECTED", "entered_at": end + timedelta(seconds=1)})
    assert values(of(mart_wh, "an", 30), ("reached_count", "advised_won_count")) == [4, 1]
    assert values(of(mart_wh, "an", 60), ("reached_count", "advised_won_count")) == [5, 2]


def test_a_customer_of_old_is_nobodys_conversion(mart_wh: Warehouse) -> None:
    """Who bought a second before the lead came is reached, but not advised; at the very instant he is won."""
    leads(mart_wh, "an", "c1", reached=2)
    win(mart_wh, "an-c1-0", at=noon(DAY) - timedelta(seconds=1))
    win(mart_wh, "an-c1-1", at=noon(DAY))
    row = of(mart_wh, "an")
    assert values(row, ("reached_count", "advised_count", "advised_won_count", "company_won_count")) == [2, 1, 1, 1]


def test_attempted_reached_and_nobodys(mart_wh: Warehouse) -> None:
    """Whoever was reached was attempted; a lead without an owner is (none)'s; a person's second lead is nobody's."""
    leads(mart_wh, None, "c1", reached=1, silent=2)
    put(mart_wh, "lead_status", {"lead_id": "None-c1-1", "status": "TRIED", "entered_at": noon(DAY, 9)})
    put(mart_wh, "lead", {"lead_id": "z", "created_day": DAY + timedelta(1), "person_key": "p-None-c1-0",
                          "owner_id": "an"})
    row = of(mart_wh, "(none)")
    assert values(row, ("given_won_rate", "company_won_rate")) == [None, None]
    assert values(row, ("unique_lead_count", "attempted_count", "reached_count")) == [3, 2, 1]
    assert {row["owner_id"] for row in rows_of(mart_wh, "rep_conversion")} == {"(none)"}


def test_a_quarter_matures_with_its_youngest_lead(mart_wh: Warehouse) -> None:
    """30 June and 30 days end on 30 July: the night of 31 July is the first that may compare; later nights notice."""
    leads(mart_wh, "an", "c1", won=1)
    for day, is_matured in ((30, False), (31, True)):
        assert of(mart_wh, "an", at=datetime(2026, 7, day, 3, tzinfo=UTC))["is_matured"] is is_matured
    release(mart_wh, night(mart_wh, datetime(2026, 7, 30, 3, tzinfo=UTC), of=["rep_conversion"]))
    report = night(mart_wh, datetime(2026, 7, 31, 3, tzinfo=UTC), of=["rep_conversion"])
    built = next(one for one in report.marts if one.table.name == "rep_conversion")
    assert built.partitions == (QUARTER,)


def test_a_row_opens_to_its_leads(mart_wh: Warehouse) -> None:
    """The unique leads of the salesperson and quarter, and nobody else's."""
    leads(mart_wh, "an", "c1", won=2, silent=1)
    leads(mart_wh, "binh", "c1", won=1)
    put(mart_wh, "lead", {"lead_id": "old", "created_day": date(2026, 3, 31), "owner_id": "an"})
    release(mart_wh, night(mart_wh, of=["rep_conversion"]))
    found = trace(mart_wh, "rep_conversion", {"owner_id": "an", "cohort_quarter": "2026-04-01", "horizon_days": "30"})
    assert [lead["lead_id"] for lead in found.leads] == ["an-c1-0", "an-c1-1", "an-c1-2"]


def test_the_company_is_the_sum_of_its_people(mart_wh: Warehouse) -> None:
    """Over a random company leads add up, expected wins add up to the wins but for the cut, and every check holds."""
    Company(21, leads=100).fill(mart_wh)
    night(mart_wh, LATER, of=["rep_conversion"])
    groups: defaultdict[Any, list[Any]] = defaultdict(list)
    for row in rows_of(mart_wh, "rep_conversion"):
        groups[row["cohort_quarter"], row["horizon_days"]].append(row)
    for group in groups.values():
        assert sum(row["unique_lead_count"] for row in group) == group[0]["company_lead_count"]
        for count, expected in ((sum(row["advised_won_count"] for row in group), "expected_won_count"),
                                (group[0]["company_won_count"], "given_won_count")):
            assert 0 <= count - sum(row[expected] for row in group) < Decimal("0.001")
    assert sum(row["advised_won_count"] for group in groups.values() for row in group) > 3
    with mart_wh.engine.connect() as conn:
        for check in CHECKS:
            broken = sa.text(f"SELECT COUNT(*) FROM mart_next.rep_conversion WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name
