"""The five ratios cut in four ways; what a young month will come to: Kaplan and Meier by scipy, lifelines, by hand."""

from __future__ import annotations

import warnings
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from tests.marts.company import Company
from tests.marts.world import NIGHT, night, noon, only, put, release, rows_of
from warehouse.engine import Warehouse
from warehouse.marts.lead_quality_by import CHECKS
from warehouse.marts.waiting import HORIZON, estimate
from warehouse.shims import WILSON_Z

OLD, YOUNG, TODAY = date(2026, 4, 8), date(2026, 5, 10), date(2026, 6, 21)
END = HORIZON * 86_400
NAME = "lead_quality_by"
RATES = ("estimated_rate", "estimated_rate_low", "estimated_rate_high")


def leads(wh: Warehouse, days: dict[str, date], **more: Any) -> None:
    """Leads of campaign c1 by name."""
    put(wh, "campaign", {"campaign_id": "c1"})
    put(wh, "lead", *({"lead_id": name, "created_day": day, "utm_campaign": "c1", "owner_id": "an", **more}
                      for name, day in days.items()))


def hold(wh: Warehouse) -> list[dict[str, Any]]:
    """The rows after a night; the checks of the mart hold."""
    night(wh, of=[NAME])
    with wh.engine.connect() as conn:
        for check in CHECKS:
            broken = sa.text(f"SELECT COUNT(*) FROM mart_next.{NAME} WHERE ({check.predicate}) IS NOT TRUE")
            assert conn.scalar(broken) == 0, check.name
    return rows_of(wh, NAME)


def test_every_cut_holds_every_lead(mart_wh: Warehouse) -> None:
    """Over a random company each dimension has all unique leads of a month, and as many of each state."""
    Company(31, leads=40).fill(mart_wh)
    rows, facts = hold(mart_wh), [row for row in rows_of(mart_wh, "lead_fact") if row["is_unique"]]
    reached = sum(row["reached_at"] is not None and row["reached_at"] <= row["created_at"] + timedelta(days=HORIZON)
                  for row in facts)
    for dimension in ("campaign", "source", "landing_page", "salesperson"):
        ours = [row for row in rows if (row["dimension"], row["quality_state"]) == (dimension, "reached")]
        assert sum(row["unique_lead_count"] for row in ours) == len(facts) > 0
        assert sum(row["state_count"] for row in ours) == reached > 0


def test_the_values_of_each_cut(mart_wh: Warehouse) -> None:
    """A row says what it is about, and nothing else; 20 leads have a share, 19 none; the mature is not guessed at."""
    leads(mart_wh, {f"l{number}": OLD for number in range(19)}, landing_page="x.vn/a")
    leads(mart_wh, {"other": OLD}, landing_page=None)
    put(mart_wh, "lead_status", *({"lead_id": f"l{number}", "status": "CONNECTED", "entered_at": noon(OLD, 720 + late)}
                                  for number, late in enumerate((0, 1, -5))))
    rows = [row for row in hold(mart_wh) if row["quality_state"] == "reached"]
    assert [tuple(row[name] for name in ("dimension", "campaign_id", "source", "landing_page", "owner_id",
                                         "unique_lead_count", "state_count", "state_rate")) for row in rows] == [
        ("campaign", "c1", "", "", "", 20, 2, 0.1), ("landing_page", "", "", "(none)", "", 1, 0, None),
        ("landing_page", "", "", "x.vn/a", "", 19, 2, None), ("salesperson", "", "crm", "", "an", 20, 2, 0.1),
        ("source", "", "crm", "", "", 20, 2, 0.1)]
    assert all(row["is_matured"] and row["observed_until_day"] is None and row["estimated_rate"] is None
               for row in rows)


def test_a_young_month_by_hand(mart_wh: Warehouse) -> None:
    """Ten leads of 41 days and ten of 20: two of each are reached after 10 days, two of the old after 25.

    20 are at risk at first, so 16/20 are left; then only the 8 older ones are, of which 6/8: 1 - 0.8 x 0.75 = 0.4.
    """
    old = {f"o{number}": YOUNG for number in range(10)}
    leads(mart_wh, old | {f"y{number}": date(2026, 5, 31) for number in range(10)})
    after = {"o0": 10, "o1": 10, "o2": 25, "o3": 25, "o4": 31}
    put(mart_wh, "lead_status", *({"lead_id": name, "status": "CONNECTED", "entered_at": noon(YOUNG, 24 * days)}
                                  for name, days in after.items()),
        *({"lead_id": name, "status": "CONNECTED", "entered_at": noon(date(2026, 6, 10))} for name in ("y0", "y1")))
    row = only(hold(mart_wh), dimension="campaign", quality_state="reached")
    assert (row["is_matured"], row["observed_until_day"]) == (False, TODAY)
    assert (row["state_count"], row["state_rate"]) == (6, 0.3)
    assert row["estimated_rate"] == pytest.approx(0.4, abs=1e-12)
    closed = only(rows_of(mart_wh, NAME), dimension="campaign", quality_state="closed")
    none = WILSON_Z**2 / (10 + WILSON_Z**2)
    assert [closed[name] for name in RATES] == [0, 0, pytest.approx(none, abs=1e-12)]


def test_nobody_watched_to_the_end(mart_wh: Warehouse) -> None:
    """A month whose oldest lead has a day to go has no estimate; a day later it has one, though nothing was brought."""
    day = TODAY - timedelta(days=HORIZON)
    leads(mart_wh, {f"l{number}": day for number in range(20)})
    put(mart_wh, "lead_status", {"lead_id": "l0", "status": "CONNECTED", "entered_at": noon(day, 5)})
    assert only(hold(mart_wh), dimension="source", quality_state="reached")["estimated_rate"] is None
    release(mart_wh, night(mart_wh, of=[NAME]))
    report = night(mart_wh, NIGHT + timedelta(days=1), of=[NAME])
    assert not report.full
    row = only(rows_of(mart_wh, NAME), dimension="source", quality_state="reached")
    assert (row["estimated_rate"], row["observed_until_day"]) == (0.05, TODAY + timedelta(days=1))


Waits = list[tuple[int, bool]]
WAITS = st.lists(st.tuples(st.sampled_from((0, 1, 3_600, 86_400, END // 2, END)), st.booleans()), min_size=1,
                 max_size=20)


def curve(waits: Waits) -> tuple[float | None, ...]:
    """The share at the horizon with its interval by scipy; nothing of a bound that scipy leaves open."""
    told = ecdf(CensoredData.right_censored([at for at, _ in waits], [not came for _, came in waits])).sf
    left = float(told.evaluate(END))
    if left > 0 and all(at < END for at, _ in waits):
        return (None,) * 3
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
        bounds = told.confidence_interval(method="log-log")
    open_ends = not 0 < left < 1
    return 1 - left, *(None if open_ends else 1 - float(end.evaluate(END)) for end in (bounds.high, bounds.low))


def lifelines_curve(waits: Waits) -> tuple[float | None, ...]:
    """The same by lifelines."""
    from lifelines import KaplanMeierFitter

    if curve(waits)[0] is None:
        return (None,) * 3
    told = KaplanMeierFitter().fit([at for at, _ in waits], [came for _, came in waits])
    left = float(told.survival_function_at_times(END).iloc[0])
    high, low = told.confidence_interval_survival_function_.loc[:END].iloc[-1]
    return 1 - left, *((None, None) if not 0 < left < 1 else (1 - float(low), 1 - float(high)))


def estimated(wh: Warehouse, groups: list[Waits]) -> dict[int, list[float | None]]:
    """By group, what the warehouse makes of its waits."""
    selects = [sa.select(sa.literal(place).label("place"), sa.literal("reached").label("quality_state"),
                         sa.cast(sa.literal(at), sa.Double()).label("seconds"),
                         sa.cast(sa.literal(sum(came for one, came in waits if one == at)), sa.Integer()).label("came"),
                         sa.literal(sum(one == at for one, _ in waits)).label("left"))
               for place, waits in enumerate(groups) for at in {at for at, _ in waits}]
    query = estimate(sa.union_all(*selects).subquery("waits"), ["place"])
    with wh.engine.connect() as conn:
        return {row["place"]: [row[name] for name in RATES] for row in conn.execute(query).mappings()}


def agree(found: list[float | None], oracle: tuple[float | None, ...]) -> None:
    """The estimate is the oracle's, and so is its interval wherever the oracle has one."""
    share, *bounds = oracle
    assert found[0] == (share if share is None else pytest.approx(share, abs=1e-12))
    for bound, expected in zip(found[1:], bounds, strict=True):
        assert expected is None or bound == pytest.approx(expected, abs=1e-9)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(groups=[[(END, True), (END, False), (0, True)], [(3_600, False), (86_400, True)], [(END, False)]])
@given(groups=st.lists(WAITS, min_size=5, max_size=8))
def test_kaplan_and_meier(wh: Warehouse, groups: list[Waits]) -> None:
    """On both engines the estimate is scipy's, and so is its interval wherever scipy has one."""
    found = estimated(wh, groups)
    for place, waits in enumerate(groups):
        agree(found[place], curve(waits))
        low, high = found[place][1:]
        assert found[place][0] is None or low <= found[place][0] <= high


@pytest.mark.nights
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=st.lists(WAITS, min_size=5, max_size=8))
def test_kaplan_and_meier_by_lifelines(wh: Warehouse, groups: list[Waits]) -> None:
    """And lifelines', which takes seconds to import."""
    found = estimated(wh, groups)
    for place, waits in enumerate(groups):
        agree(found[place], lifelines_curve(waits))
