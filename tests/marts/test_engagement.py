"""Interactions beside outcomes, and what their correlation may say."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from tests.marts import world
from tests.marts.company import Company
from tests.marts.world import everything, only, put, release, rows_of
from warehouse.engine import Warehouse
from warehouse.marts import engagement_lag, engagement_to_outcome
from warehouse.marts.lags import correlated

#: A night of these tests: the tables in question.
night = partial(world.night, of=("engagement_to_outcome", "engagement_lag"))

MONDAY, SUNDAY = date(2026, 3, 9), date(2026, 3, 15)
WEEK = timedelta(days=7)
C1 = {"campaign_id": "c1"}


def engaged(wh: Warehouse, day: date, **kinds: int | None) -> None:
    """What people did with campaign c1 on a day."""
    put(wh, "engagement_daily", *({"day": day, "engagement_kind": kind, "engagement_count": number}
                                  for kind, number in kinds.items()))


def came(wh: Warehouse, name: str, day: date, **values: Any) -> None:
    """A lead of campaign c1."""
    put(wh, "lead", {"lead_id": name, "created_day": day, "utm_campaign": "c1", **values})


def checked(wh: Warehouse, name: str = "engagement_to_outcome") -> list[dict[str, Any]]:
    """The rows of a table after a build; the checks of both hold."""
    with wh.engine.connect() as conn:
        for mart in (engagement_to_outcome.MART, engagement_lag.MART):
            for check in mart.checks:
                broken = sa.text(f"SELECT COUNT(*) FROM mart_next.{mart.name} WHERE ({check.predicate}) IS NOT TRUE")
                assert conn.scalar(broken) == 0, check.name
    return rows_of(wh, name)


def test_a_week_by_kind(mart_wh: Warehouse) -> None:
    """Monday to Sunday; kinds apart and together, the platform's total beside them; unknown is null, 0 is a fact."""
    engaged(mart_wh, MONDAY, reaction=5, comment=1, engagement=90)
    engaged(mart_wh, SUNDAY, reaction=2, share=4, video_view=0, follow=7)
    engaged(mart_wh, MONDAY + WEEK, video_view=3, save=None)
    night(mart_wh)
    first, second = checked(mart_wh)
    names = ("reaction_count", "comment_count", "share_count", "save_count", "interaction_count", "video_view_count",
             "platform_total_count")
    assert [first[name] for name in names] == [7, 1, 4, None, 12, 0, 90]
    assert [second[name] for name in names] == [None, None, None, None, None, 3, None]
    assert (first["activity_week"], second["activity_week"], first["unique_lead_count"], first["won_count"]) == (
        MONDAY, MONDAY + WEEK, 0, 0)


def test_outcomes_stand_in_their_own_week(mart_wh: Warehouse) -> None:
    """Leads when they came, customers when they bought; a repeat is no lead, the second deal no customer."""
    put(mart_wh, "campaign", C1)
    came(mart_wh, "a", SUNDAY, person_key="p")
    came(mart_wh, "again", SUNDAY + WEEK, person_key="p")
    put(mart_wh, "lead", {"lead_id": "lost", "created_day": MONDAY})
    put(mart_wh, "deal", *({"deal_id": f"d{days}", "lead_id": "a", "closed_day": SUNDAY + timedelta(days=days)}
                           for days in (1, 2)))
    put(mart_wh, "deal", {"deal_id": "other", "closed_day": SUNDAY})
    night(mart_wh)
    rows = checked(mart_wh)
    assert only(rows, campaign_id="(unmatched)")["unique_lead_count"] == 1
    assert [(row["activity_week"], row["unique_lead_count"], row["won_count"]) for row in rows
            if row["campaign_id"] == "c1"] == [(MONDAY, 1, 0), (MONDAY + WEEK, 0, 1)]


def test_qualified_within_thirty_days(mart_wh: Warehouse) -> None:
    """On the last instant it counts, one second later not; a week without leads is mature, others once all are old."""
    put(mart_wh, "campaign", C1)
    put(mart_wh, "engagement_daily", {"campaign_id": "c2", "day": SUNDAY, "engagement_count": 1})
    for name, late in (("in", 0), ("out", 1)):
        came(mart_wh, name, SUNDAY)
        at = world.noon(SUNDAY) + timedelta(days=30, seconds=late)
        put(mart_wh, "lead_status", {"lead_id": name, "status": "CONNECTED", "entered_at": at})
    for days, matured in ((30, False), (31, True)):
        at = datetime.combine(SUNDAY + timedelta(days=days), world.NIGHT.timetz()) - timedelta(days=1)
        release(mart_wh, night(mart_wh, at))
        assert [(row["qualified_count"], row["is_matured"])
                for row in rows_of(mart_wh, "engagement_to_outcome", "mart")] == [(1, matured), (0, True)]


def test_leads_that_follow_by_two_weeks(mart_wh: Warehouse) -> None:
    """Where leads follow interactions after two weeks, that lag shows 1, and 11 pairs show nothing."""
    put(mart_wh, "campaign", C1)
    chance = random.Random(3)
    counts = [chance.randrange(1, 9) for _ in range(14)]
    leads = [(number, week) for week, many in enumerate(counts[:12]) for number in range(many)]
    put(mart_wh, "engagement_daily", *({"day": MONDAY + week * WEEK, "engagement_count": number}
                                       for week, number in enumerate(counts)))
    put(mart_wh, "lead", *({"lead_id": f"l{week}-{number}", "created_day": MONDAY + (week + 2) * WEEK,
                            "utm_campaign": "c1"} for number, week in leads))
    night(mart_wh)
    rows = [row for row in checked(mart_wh, "engagement_lag") if row["campaign_id"] == "c1"]
    two = only(rows, lag_outcome="lead", lag_weeks=2)
    assert two["week_count"] == 12
    assert (two["correlation_ratio"], two["caveat"]) == (pytest.approx(1), "correlation_not_cause")
    three = only(rows, lag_outcome="lead", lag_weeks=3)
    assert (three["week_count"], three["correlation_ratio"], three["caveat"]) == (11, None, "too_few_weeks")
    assert only(rows, lag_outcome="won", lag_weeks=0)["caveat"] == "no_variation"
    assert only(rows, lag_outcome="qualified", lag_weeks=0)["week_count"] == 10
    assert {row["engagement_measure"] for row in rows} == {"interaction"}


def test_an_unfinished_week_is_no_pair(mart_wh: Warehouse) -> None:
    """A week counts from the second day after its Sunday on: elsewhere it is Sunday longer."""
    engaged(mart_wh, MONDAY, reaction=5)
    came(mart_wh, "a", MONDAY)
    for days, pairs in ((7, 0), (8, 2)):
        at = datetime.combine(MONDAY + timedelta(days=days - 1), world.NIGHT.timetz())
        release(mart_wh, night(mart_wh, at))
        rows = rows_of(mart_wh, "engagement_lag", "mart")
        assert len([row for row in rows if row["lag_outcome"] == "won"]) == pairs


def test_the_correlation_is_pearsons() -> None:
    """As numpy's; effective weeks as Bartlett says, never more than there are; the interval as Fisher says."""
    chance = np.random.default_rng(5)
    for _ in range(20):
        x = np.cumsum(chance.integers(-9, 10, 30))
        y = np.cumsum(chance.integers(-9, 10, 30)) + x
        pairs, share, value, low, high, _ = correlated(x.tolist(), y.tolist())
        own = [np.sum((z - z.mean())[1:] * (z - z.mean())[:-1]) / np.sum((z - z.mean()) ** 2) for z in (x, y)]
        expected = 30 * (1 - max(own[0] * own[1], 0)) / (1 + max(own[0] * own[1], 0))
        assert (pairs, share) == (30, pytest.approx(expected / 30))
        if expected < 6:
            assert value is None
            continue
        assert value == pytest.approx(np.corrcoef(x, y)[0, 1])
        reach = 1.959963984540054 / np.sqrt(expected - 3) * np.array([-1, 1])
        assert np.arctanh(np.array([low, high], dtype=float)) == pytest.approx(np.arctanh(value) + reach)


def test_neighbours_that_are_alike_tell_little() -> None:
    """Two lines that rise, or two halves of a year, show nothing; where weeks jump all of them count."""
    line, jump = list(range(12)), [0, 9] * 6
    for alike in (line, [1] * 26 + [9] * 26):
        assert correlated(alike, alike)[2:] == (None, None, None, "too_few_weeks")
    pairs, share, *_ = correlated(jump, line)
    assert (pairs, share) == (12, 1)
    assert correlated(line[:11], line[:11])[1:] == (None, None, None, None, "too_few_weeks")
    assert correlated(line, [4] * 12)[1:] == (None, None, None, None, "no_variation")


def test_the_company_adds_up(mart_wh: Warehouse) -> None:
    """Over a random company: all unique leads, all customers, all interactions; by parts as whole."""
    Company(19, leads=60).fill(mart_wh)
    release(mart_wh, night(mart_wh))
    rows, leads = rows_of(mart_wh, "engagement_to_outcome", "mart"), rows_of(mart_wh, "lead_fact", "mart")
    assert sum(row["unique_lead_count"] for row in rows) == sum(row["is_unique"] for row in leads) > 0
    deals = rows_of(mart_wh, "deal_fact", "mart")
    assert sum(row["won_count"] for row in rows) == sum(row["is_first_win"] for row in deals) > 0
    engaged(mart_wh, MONDAY, reaction=1_000, save=1)
    came(mart_wh, "new", MONDAY)
    report = night(mart_wh)
    assert not report.full
    release(mart_wh, report)
    by_parts = everything(mart_wh)
    night(mart_wh, full=True)
    assert by_parts == everything(mart_wh, "mart_next")
