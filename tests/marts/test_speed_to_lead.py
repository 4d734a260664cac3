"""Speed to lead: who waited how long, for whom; that nobody who waits is left out; and when nothing is said at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from crosscheck.settings import Project, Settings, Store
from tests.conftest import ENGINES
from tests.marts import world
from tests.marts.company import Company
from tests.marts.world import everything, noon, only, put, release, rows_of
from warehouse.engine import Warehouse, open_warehouse
from warehouse.marts.response_curve import CHECKS as CURVE_CHECKS
from warehouse.marts.speed_to_lead import CHECKS
from warehouse.migrations import migrate

#: A Wednesday noon of a month that has matured by the night, and one of a month that has not.
OLD, YOUNG = noon(date(2026, 4, 8)), noon(date(2026, 6, 10))
MINUTE, DAY = 60, 86_400
#: Seconds from creation to hand-over, first attempt and answer; None: never.
Times = tuple[int | None, int | None, int | None]
PER_ENGINE = pytest.mark.parametrize("told", [
    pytest.param(engine, marks=pytest.mark.xdist_group(f"speed-{engine}")) for engine in ENGINES], indirect=True)
CALL = {"direction": "outbound", "outcome": "busy", "duration_seconds": 0}
SPOKEN = {"direction": "outbound", "outcome": "answered", "duration_seconds": 60}


def leads(wh: Warehouse, campaign: str, born: datetime, times: Sequence[Times], **values: Any) -> None:
    """Leads of a campaign, all created at one instant, and what was done about each."""
    names = {f"{campaign}-{number}": each for number, each in enumerate(times)}
    put(wh, "campaign", {"campaign_id": campaign})
    put(wh, "lead", *({"lead_id": name, "created_at": born, "created_day": born.date(), "utm_campaign": campaign,
                       **values} for name in names))
    where = {"source": values["source"]} if "source" in values else {}
    put(wh, "lead_status", *({"lead_id": name, "status": "GIVEN", "entered_at": after(born, given), **where}
                             for name, (given, _, _) in names.items() if given is not None))
    calls = [(name, kind, seconds, how) for name, (_, tried, spoken) in names.items()
             for kind, seconds, how in (("try", tried, CALL), ("talk", spoken, SPOKEN)) if seconds is not None]
    put(wh, "activity", *({"lead_id": name, "activity_id": f"{name}-{kind}", "occurred_at": after(born, seconds),
                           **how, **where} for name, kind, seconds, how in calls))

#: A night of these tests: the tables in question, and what they read.
night = partial(world.night, of=("speed_to_lead", "response_curve"))


def after(born: datetime, seconds: int | None) -> datetime:
    """So many seconds later."""
    assert seconds is not None
    return born + timedelta(seconds=seconds)


#: 17:00 in the business zone, as the warehouse keeps it; and from then to ten past eight a week later.
SATURDAY, WEEK = datetime(2026, 2, 14, 10), 7 * DAY - 9 * 3_600 + 10 * MINUTE  # noqa: DTZ001
CALLED_SLOWLY: list[Times] = [(0, minute * MINUTE, None) for minute in range(1, 18)] + [(0, None, None)] * 3
CAMPAIGNS: dict[str, tuple[datetime, Sequence[Times]]] = {
    "slow_system": (OLD, [(7_200, 7_260, 8_000)] * 20), "slow_person": (OLD, [(60, 7_260, None)] * 20),
    "untidy": (OLD, [(900, 300, 300), (None, 100, None), (None, None, None)]),
    "waiting_old": (OLD, CALLED_SLOWLY), "waiting_young": (YOUNG, CALLED_SLOWLY),
    "edge": (OLD, [(0, end, None) for end in (0, 300, 301, 900, 901, 3_600, 3_601, 30 * DAY, 30 * DAY + 1)]),
    "few": (OLD, [(0, 300, None)] * 19), "enough": (OLD, [(0, 300, None)] * 20),
    "tet": (SATURDAY, [(0, WEEK, None)] * 20),
    "evening": (noon(date(2026, 4, 8), 6), [(0, 13 * 3_600, None)] * 20)}  # 18:00 to 07:00
#: By campaign: what its lead's hand-over has otherwise than at creation, and its call otherwise than unanswered.
ODD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "automatic": ({}, {"is_automatic": True}), "missed_call": ({}, {"direction": "inbound"}),
    "customer_was_quicker": ({}, {**SPOKEN, "direction": "inbound", "duration_seconds": 20}),
    "guessed": ({"is_inferred": True}, {}), "before_creation": ({"entered_at": OLD - timedelta(seconds=1)}, {})}
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rows]:
    """The published rows of one company that holds a campaign for every question below."""
    home = tmp_path_factory.mktemp("speed")
    url = f"duckdb:///{home}/warehouse.duckdb"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").create(home.name)
    settings = Settings(home=home, project=Project(name=home.name), store=Store(warehouse=url))
    with open_warehouse(world.with_source(settings)) as wh:
        migrate(wh)
        for campaign, (born, times) in CAMPAIGNS.items():
            leads(wh, campaign, born, times)
        for campaign, (status, call) in ODD.items():
            odd(wh, campaign, status, call)
        night(wh)
        yield rows_of(wh, "speed_to_lead")


def odd(wh: Warehouse, campaign: str, status: Mapping[str, Any], call: Mapping[str, Any]) -> None:
    """A campaign of one lead, with one status and one call a minute after its creation."""
    put(wh, "campaign", {"campaign_id": campaign})
    put(wh, "lead", {"lead_id": campaign, "created_at": OLD, "created_day": OLD.date(), "utm_campaign": campaign})
    put(wh, "lead_status", {"lead_id": campaign, "status": "GIVEN", "entered_at": OLD, **status})
    put(wh, "activity", {"lead_id": campaign, "activity_id": campaign, "occurred_at": after(OLD, 60), **CALL, **call})


def speed(rows: Rows, campaign: str, delay: str, clock: str = "all_hours") -> Mapping[str, Any]:
    """The row of a campaign, delay and clock."""
    return only(rows, campaign_id=campaign, delay=delay, clock=clock)


def bands(row: Mapping[str, Any]) -> list[int]:
    """Counts of the four bands, of those who wait and of those nobody knows."""
    return [row[name] for name in ("band_0_5_count", "band_5_15_count", "band_15_60_count", "band_over_60_count",
                                   "waiting_count", "unknown_count")]


@PER_ENGINE
def test_each_delay_by_itself(told: Rows) -> None:
    """A slow system and a slow salesperson are two rows; who attempts has the lead; what nobody wrote is unknown."""
    delays = ("whole", "routing", "human", "answer")
    found = {campaign: tuple(speed(told, campaign, delay)["p50_seconds"] for delay in delays)
             for campaign in ("slow_system", "slow_person")}
    assert found == {"slow_system": (7_260, 7_200, 60, 740), "slow_person": (7_260, 60, 7_200, None)}
    silent = speed(told, "slow_person", "answer")
    assert (silent["waiting_rate"], silent["band_0_5_rate"], silent["band_0_5_rate_low"]) == (1.0, 0.0, 0.0)
    assert {delay: bands(speed(told, "untidy", delay)) for delay in delays[:3]} == {
        "whole": [2, 0, 0, 0, 1, 0], "routing": [1, 0, 0, 0, 1, 1], "human": [1, 0, 0, 0, 0, 2]}


@PER_ENGINE
@pytest.mark.parametrize(("campaign", "least"), [
    ("waiting_old", [10 * MINUTE, 30 * DAY, 30 * DAY]), ("waiting_young", [7 * MINUTE, 15 * MINUTE, 16 * MINUTE])])
def test_who_waits_is_later_than_all_others(told: Rows, campaign: str, least: list[int]) -> None:
    """17 of 20 were called after 1, 2 … 17 minutes: a percentile among the other three is null, with its bound.

    In a young month they may be called at once; in a matured one they have waited for 30 days.
    """
    row = speed(told, campaign, "human")
    assert [row[f"p{percent}_seconds"] for percent in (50, 90, 95)] == [10 * MINUTE, None, None]
    assert [row[f"p{percent}_least_seconds"] for percent in (50, 90, 95)] == least
    assert (row["started_count"], row["ended_count"], row["waiting_rate"]) == (20, 17, 0.15)
    assert row["is_matured"] == campaign.endswith("old")
    assert bands(row) == [5, 10, 2, 0, 3, 0]


@PER_ENGINE
def test_edges(told: Rows) -> None:
    """A band ends with its last second, the horizon with its last too, and 19 leads are few."""
    assert bands(speed(told, "edge", "human")) == [2, 2, 2, 2, 1, 0]
    few, enough = (speed(told, campaign, "whole") for campaign in ("few", "enough"))
    assert (few["is_small_sample"], few["band_0_5_count"], few["p50_seconds"], few["band_0_5_rate"]) == (
        True, 19, None, None)
    assert (enough["is_small_sample"], enough["p95_seconds"], enough["band_0_5_rate"]) == (False, 300, 1.0)
    assert enough["band_0_5_rate_low"] < 1.0 == enough["band_0_5_rate_high"]


@PER_ENGINE
def test_business_hours_rest_on_sundays_and_at_tet(told: Rows) -> None:
    """From half an hour before closing on the Saturday before Tết to ten past eight a week later: 40 minutes."""
    assert speed(told, "tet", "human")["p50_seconds"] == WEEK
    assert speed(told, "tet", "human", "business_hours")["p50_seconds"] == 40 * MINUTE
    assert speed(told, "evening", "human", "business_hours")["p95_seconds"] == 0


@PER_ENGINE
@pytest.mark.parametrize(("campaign", "delay", "expected"), [
    ("automatic", "whole", [0, 0, 0, 0, 1, 0]), ("missed_call", "whole", [0, 0, 0, 0, 1, 0]),
    ("customer_was_quicker", "whole", [1, 0, 0, 0, 0, 0]), ("guessed", "routing", [0, 0, 0, 0, 0, 1]),
    ("guessed", "human", [0, 0, 0, 0, 0, 1]), ("before_creation", "routing", [0, 0, 0, 0, 0, 1])])
def test_what_counts(told: Rows, campaign: str, delay: str, expected: list[int]) -> None:
    """Machines and missed calls are no attempts, a conversation is; a hand-over needs a recorded instant."""
    assert bands(speed(told, campaign, delay)) == expected


def test_too_little_on_record_publishes_nothing(mart_wh: Warehouse) -> None:
    """Below 60 % of the leads a source has no rows, and the coverage says why; where it turns, all months follow."""
    leads(mart_wh, "c1", OLD, [(0, 300, None)] * 5 + [(None, 300, None)] + [(None, None, None)] * 4)
    leads(mart_wh, "c2", YOUNG, [(None, None, None)], source="other")
    release(mart_wh, night(mart_wh))
    assert {(row["source"], row["delay"]) for row in rows_of(mart_wh, "speed_to_lead")} == {
        ("crm", "whole"), ("crm", "answer")}
    coverage = {(row["source"], row["metric"]): row for row in rows_of(mart_wh, "metric_coverage")}
    assert coverage["crm", "speed_to_lead"]["covered_rate"] == 0.6
    assert coverage["crm", "routing_delay"]["reason"].startswith("too few leads have a recorded hand-over")
    assert coverage["other", "speed_to_lead"]["reason"].startswith("too few leads have an outbound touch")
    leads(mart_wh, "c3", YOUNG, [(0, 300, None)] * 10)
    report = night(mart_wh)
    assert not report.full
    release(mart_wh, report)
    by_parts = everything(mart_wh)
    assert bands(speed(by_parts["speed_to_lead"], "c1", "routing")) == [5, 0, 0, 0, 4, 1]
    night(mart_wh, full=True)
    assert by_parts == everything(mart_wh, "mart_next")


def test_every_lead_is_somewhere(mart_wh: Warehouse) -> None:
    """Over a random company every unique lead is in each delay and clock once, in the curve too; every check holds."""
    Company(11, leads=120).fill(mart_wh)
    night(mart_wh)
    facts = [row for row in rows_of(mart_wh, "lead_fact") if row["is_unique"]]
    rows, curve = rows_of(mart_wh, "speed_to_lead"), rows_of(mart_wh, "response_curve")
    old = sum(row["created_day"] < date(2026, 6, 21) - timedelta(days=30) for row in facts)
    for delay in ("whole", "routing", "human", "answer"):
        for clock in ("all_hours", "business_hours"):
            mine = [row for row in rows if (row["delay"], row["clock"]) == (delay, clock)]
            assert sum(row["unique_lead_count"] for row in mine) == len(facts)
            points = [row for row in curve if (row["delay"], row["clock"]) == (delay, clock)]
            assert sum(row["unique_lead_count"] for row in points) == (0 if delay == "answer" else old)
    with mart_wh.engine.connect() as conn:
        for mart, checks in (("speed_to_lead", CHECKS), ("response_curve", CURVE_CHECKS)):
            for check in checks:
                broken = sa.text(f"SELECT COUNT(*) FROM mart_next.{mart} WHERE ({check.predicate}) IS NOT TRUE")
                assert conn.scalar(broken) == 0, check.name


def test_the_curve(mart_wh: Warehouse) -> None:
    """Quick and slow leads of any campaign, with what became of them in time; young ones are not on it."""
    leads(mart_wh, "quick", OLD, [(0, 300, 400)] * 15 + [(0, 300, None)] * 5)
    leads(mart_wh, "slow", OLD, [(0, 7_200, 30 * DAY), (0, 7_200, 30 * DAY + 1), (0, None, None)])
    leads(mart_wh, "young", YOUNG, [(0, 300, 400)])
    put(mart_wh, "deal", {"deal_id": "d", "lead_id": "quick-3", "closed_day": date(2026, 4, 20), "deal_amount": 5})
    night(mart_wh)
    curve = {row["delay_band"]: row for row in rows_of(mart_wh, "response_curve")
             if (row["delay"], row["clock"]) == ("human", "all_hours")}
    counts = {band: (row["unique_lead_count"], row["reached_count"], row["closed_count"])
              for band, row in curve.items()}
    assert counts == {"0_5": (20, 15, 1), "over_60": (2, 1, 0), "waiting": (1, 0, 0)}
    quick, slow = curve["0_5"], curve["over_60"]
    assert (quick["reached_rate"], quick["closed_rate"]) == (0.75, 0.05)
    assert quick["reached_rate_low"] == pytest.approx(0.5313, abs=1e-4)
    assert quick["reached_rate_high"] == pytest.approx(0.8881, abs=1e-4)
    assert (slow["is_small_sample"], slow["reached_rate"]) == (True, None)
