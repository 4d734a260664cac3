"""Planted nights: every bad one is caught by the gate that should, no good one is refused, on both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from crosscheck.canonical import AD_DAILY, DEAL, FX_RATE, LEAD_STATUS
from crosscheck.settings import Source
from expectations.gate import GateResult
from tests.expectations.world import AS_OF, LAST, World, deal_row, insert, spend_row, technical
from warehouse import ddl, ops

Plant = Callable[[World], None]
#: Every night is played on DuckDB; these, which between them use every kind of check, on PostgreSQL too.
ON_BOTH = {"empty answer", "volume -90 %", "null column", "constant metric", "negative impressions", "future days",
           "required column null", "last days vanished", "duplicate keys", "finer levels above the control total",
           "orphan account", "stale exchange rate", "ordinary", "refund", "quiet weekend"}


def on_engines(nights: Iterable[str]) -> list[tuple[str, str]]:
    """Night and engine."""
    return [(name, engine) for name in nights for engine in ("duckdb", "postgresql")
            if engine == "duckdb" or name in ON_BOTH]


def set_all(column: str, value: object, account: str = "a1") -> Plant:
    """The same value in a column of every spend row of one account."""
    def plant(world: World) -> None:
        for row in world.rows("spend", account):
            row[column] = value
    return plant


def set_one(column: str, value: object) -> Plant:
    """A value in one spend row."""
    def plant(world: World) -> None:
        world.rows("spend", "a1")[3][column] = value
    return plant


def empty_answer(world: World) -> None:
    """Nothing where 35 rows were."""
    world.keep("spend", lambda row: row["account_id"] != "a1")


def nothing_at_all(world: World) -> None:
    """No row of any account."""
    world.keep("spend", lambda row: False)


def volume_drop(world: World) -> None:
    """One row of ten."""
    kept = [id(row) for row in world.rows("spend", "a1")[::10]]
    world.keep("spend", lambda row: row["account_id"] != "a1" or id(row) in kept)


def volume_rise(world: World) -> None:
    """Eleven rows for each one, with campaigns of their own."""
    world.extend("spend", "a1", [row | {"campaign_id": f"x{number}-{row['campaign_id']}", "level": "campaign"}
                                 for number in range(11) for row in world.rows("spend", "a1")])


def newest_day_thin(world: World) -> None:
    """The newest day with two campaigns of twenty."""
    for back in (7, 14, 21, 28):
        insert(world.wh, ddl.table(AD_DAILY), technical(
            [spend_row("a1", "VND", f"m{n}", LAST - timedelta(days=back), 5) for n in range(30)],
            "meta/a1/spend", "old"))


def days_vanished(world: World) -> None:
    """The last four days are missing at the end of the window."""
    world.keep("spend", lambda row: row["account_id"] != "a1" or row["day"] <= LAST - timedelta(days=4))


def future_days(world: World) -> None:
    """A whole day from next month."""
    world.extend("spend", "a1", [spend_row("a1", "VND", f"c{n}", LAST + timedelta(days=30), 100) for n in range(4)])


def required_null(world: World) -> None:
    """A row without its currency."""
    world.rows("spend", "a1")[0]["currency_code"] = None


GATE_1: dict[str, tuple[Plant, str]] = {
    "empty answer": (empty_answer, "rows are where rows were"),
    "nothing at all": (nothing_at_all, "has rows"),
    "volume -90 %": (volume_drop, "rows are where rows were"),
    "volume +1000 %": (volume_rise, "rows are where rows were"),
    "newest day almost empty": (newest_day_thin, "the newest day is as full as others"),
    "last days vanished": (days_vanished, "the last days did not vanish"),
    "null column": (set_all("click_count", None), "no column goes silent"),
    "all-null spend": (set_all("spend_amount", None), "no column goes silent"),
    "constant metric": (set_all("spend_amount", Decimal(0)), "metrics vary"),
    "unknown currency": (set_all("currency_code", "XXX"), "few rows are quarantined"),
    "negative impressions": (set_one("impression_count", -5), "few rows are quarantined"),
    "unknown level": (set_one("level", "planet"), "few rows are quarantined"),
    "future days": (future_days, "few rows are quarantined"),
    "required column null": (required_null, "currency_code is filled"),
}


@pytest.mark.parametrize(("name", "world"), on_engines(GATE_1), indirect=["world"])
def test_a_bad_night_stops_at_gate_1(world: World, name: str) -> None:
    """The gate refuses, and the check that names the fault is among the failed ones."""
    plant, check = GATE_1[name]
    plant(world)
    assert check in failed(world.gate_1())


def duplicate_keys(world: World) -> None:
    """A row that staging should have deduplicated."""
    world.extend("spend", "a1", [dict(world.rows("spend", "a1")[0])])


def wrong_currency(world: World) -> None:
    """A VND account whose rows say USD."""
    set_all("currency_code", "USD")(world)


def finer_exceeds(world: World) -> None:
    """A campaign that spent more than its whole account."""
    row = next(row for row in world.rows("spend", "a1") if row["level"] == "campaign")
    row["spend_amount"] = Decimal(10_000)


def orphan_account(world: World) -> None:
    """Spend of an account that nobody listed."""
    ghost = technical([spend_row("ghost", "VND", "c0", LAST, 5)], "meta/ghost/spend", "x")
    insert(world.wh, ddl.table(AD_DAILY), ghost)


def no_rate(world: World) -> None:
    """No rate at all."""
    world.keep("rates", lambda row: False)
    world.wh.write(lambda conn: conn.execute(ddl.table(FX_RATE).delete()))


def stale_rates(world: World) -> None:
    """The newest rate is nine days old, one more than the gate allows for yesterday's spend."""
    world.keep("rates", lambda row: row["day"] <= LAST - timedelta(days=8))


def deal_without_currency(world: World) -> None:
    """A won amount in nobody's money."""
    world.stage(DEAL, [deal_row(900, None, LAST)])


GATE_2: dict[str, tuple[Plant, str]] = {
    "duplicate keys": (duplicate_keys, "key is unique"),
    "wrong currency": (wrong_currency, "the currency is the account's"),
    "finer levels above the control total": (finer_exceeds, "finer levels do not exceed the control total"),
    "orphan account": (orphan_account, "every account is known"),
    "no exchange rate": (no_rate, "every amount has a rate"),
    "stale exchange rate": (stale_rates, "every amount has a rate"),
    "deal without currency": (deal_without_currency, "every won amount has a currency"),
}


@pytest.mark.parametrize(("name", "world"), on_engines(GATE_2), indirect=["world"])
def test_a_bad_night_stops_at_gate_2(world: World, name: str) -> None:
    """What gate 1 could not see in single rows, staging shows."""
    plant, check = GATE_2[name]
    if name == "duplicate keys":
        world.wh.write(lambda conn: conn.execute(sa.text(
            "DROP INDEX IF EXISTS staging.ad_daily_key_staging")))  # the engine would refuse before the gate
    plant(world)
    assert check in failed(world.gate_2())


def test_rows_that_do_not_add_up_stop_the_night(world: World) -> None:
    """A slice with fewer rows accounted for than received."""
    assert "every row is accounted for" in failed(world.gate_2(staged_rows=1))


def test_a_missing_rate_is_named_with_currency_and_day(world: World) -> None:
    """The alert must say what to load."""
    no_rate(world)
    detail = next(check.detail for check in world.gate_2().failed if check.check == "every amount has a rate")
    assert "currency_code=USD" in detail
    assert "day=2026-" in detail


def refund(world: World) -> None:
    """A credit: negative spend on campaign and account alike."""
    for row in world.rows("spend", "a1"):
        if row["day"] == LAST and row["campaign_id"] in ("c0", ""):
            row["spend_amount"] -= Decimal(5_000)


def quiet_weekend(world: World) -> None:
    """No delivery on the newest day."""
    world.keep("spend", lambda row: row["day"] < LAST)


def restated(world: World) -> None:
    """A day three days back spent ten percent more."""
    for row in world.rows("spend"):
        if row["day"] == LAST - timedelta(days=3):
            row["spend_amount"] *= Decimal("1.1")


def new_campaign(world: World) -> None:
    """A fifth campaign on the newest day, inside the control total."""
    control = next(row for row in world.rows("spend", "a1") if row["day"] == LAST and not row["campaign_id"])
    control["spend_amount"] += 50
    world.extend("spend", "a1", [spend_row("a1", "VND", "c9", LAST, 50)])


def new_account(world: World) -> None:
    """An account read for the first time: no history to compare with."""
    world.wh.write(lambda conn: [conn.execute(table.delete().where(table.c.stream_key == "meta/a2/spend"))
                                 for table in (ddl.table(AD_DAILY), ops.stream_state)])


def more_clicks_than_impressions(world: World) -> None:
    """Platforms count both on their own clocks."""
    set_one("click_count", 10_000)(world)


def a_few_rows_less(world: World) -> None:
    """One campaign paused: a fifth of the rows is gone."""
    for row in world.rows("spend", "a1"):
        if row["campaign_id"] == "":
            row["spend_amount"] = sum(other["spend_amount"] for other in world.rows("spend", "a1")
                                      if other["day"] == row["day"] and other["campaign_id"] not in ("", "c3"))
    world.keep("spend", lambda row: row["campaign_id"] != "c3")


def page_served_twice(world: World) -> None:
    """Duplicates in incoming are staging's work, not a fault."""
    world.extend("spend", "a1", [dict(row) for row in world.rows("spend", "a1")[:3]])


def nothing(world: World) -> None:
    """An ordinary night."""


GOOD: dict[str, Plant] = {
    "ordinary": nothing, "refund": refund, "quiet weekend": quiet_weekend, "restated day": restated,
    "new campaign": new_campaign, "new account": new_account, "clicks > impressions": more_clicks_than_impressions,
    "paused campaign": a_few_rows_less,
}


@pytest.mark.parametrize(("name", "world"), on_engines(GOOD), indirect=["world"])
def test_a_good_night_is_not_refused(world: World, name: str) -> None:
    """Both gates let it pass."""
    GOOD[name](world)
    assert failed(world.gate_1()) == set()
    assert failed(world.gate_2()) == set()


def test_a_page_served_twice_is_only_told(world: World) -> None:
    """Duplicates in incoming are counted and left to staging."""
    page_served_twice(world)
    result = world.gate_1()
    assert result.passed
    assert [(check.check, check.failing_rows) for check in result.warned] == [("key is unique", 3)]


def test_a_day_without_tracking_is_told_and_published(world: World) -> None:
    """Lost UTMs make leads unmatched, not wrong."""
    world.judged = ("leads",)
    for row in world.rows("leads"):
        row |= {"utm_campaign": None, "created_day": LAST}
    result = world.gate_1()
    assert result.passed
    assert "columns stay filled" in {check.check for check in result.warned}


def test_a_status_without_a_rule_is_told(world: World) -> None:
    """The list of unknown values reaches the alert."""
    world.judged = ("leads",)
    rules = world.settings.path(world.settings.rules) / "lead_states"
    rules.mkdir(parents=True)
    (rules / "hubspot.yaml").write_text(
        "connector: hubspot\nfields:\n  hs_lead_status:\n    NEW: []\n", encoding="utf-8")
    entered = {"source": "crm", "lead_id": "l1", "status_field": "hs_lead_status",
               "entered_at": AS_OF.replace(tzinfo=None)}
    world.stage(LEAD_STATUS, [entered | {"status": "NEW", "is_inferred": False},
                              entered | {"status": "Odd: 50% :x", "is_inferred": False}])
    result = world.gate_2()
    assert result.passed
    told = next(check for check in result.warned if check.check == "every status has a rule")
    assert "status=Odd: 50% :x" in told.detail


def test_a_word_of_origin_without_a_rule_is_counted(world: World) -> None:
    """How many leads bear an unknown one, not what somebody wrote; a field without any rule is not asked."""
    world.judged = ("leads",)
    world.settings = world.settings.model_copy(update={"sources": (Source(name="crm", connector="hubspot"),)})
    rules = world.settings.path(world.settings.rules) / "lead_states"
    rules.mkdir(parents=True)
    (rules / "hubspot.yaml").write_text(
        "connector: hubspot\nfields: {}\norigins:\n  recorded_source: {OFFLINE: []}\n", encoding="utf-8")
    words = ("OFFLINE", None, "Chị Lan's friend", "Chị Lan's friend")
    for row, word in zip(world.rows("leads"), words, strict=False):
        row |= {"recorded_source": word, "self_declared_origin": "odd"}
    told = next(check for check in world.gate_2().warned if check.check == "every word of origin has a rule")
    assert "leads=2" in told.detail
    assert "Lan" not in told.detail


def test_a_fault_in_a_few_rows_is_quarantined_and_counted(world: World) -> None:
    """Below the tolerated share the night goes on without the bad rows, which are named by place, not by value."""
    world.settings = world.settings.model_copy(
        update={"gates": world.settings.gates.model_copy(update={"quarantine_share": 0.1})})
    set_one("impression_count", -5)(world)
    result = world.gate_1()
    assert result.passed
    assert result.quarantined == 1
    with world.wh.engine.connect() as conn:
        rows = conn.execute(sa.select(ops.quarantine)).mappings().all()
        left = conn.scalar(sa.select(sa.func.count()).select_from(ddl.table(AD_DAILY, "incoming")))
    assert [(row["field"], row["row_no"], row["refused_by"]) for row in rows] == [("impression_count", 4, "gate 1")]
    assert left == len(world.rows("spend")) - 1


def failed(result: GateResult) -> set[str]:
    """Names of the checks that stop the night."""
    return {check.check for check in result.failed}
