"""The quarrel over who is slow: a broken routing rule and late salespeople, told apart in the company and its truth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.calendar import HISTORY_DAYS, local_date
from sandbox.catalogue import BUSINESS_ZONE
from sandbox.delays import BROKEN, HANDED_OVER
from sandbox.model import Company
from sandbox.truth_ledger import Ledger
from sandbox.truth_sla import breaches
from sandbox.truth_speed import Wait, open_seconds, speed

HOUR = 3_600
#: A Wednesday at 12:00 in the business zone.
NOON = datetime(2026, 4, 8, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def ledger(demo: Company) -> Ledger:
    """What the first night knows."""
    return Ledger.of(demo, 1)


def test_leads_lay_while_the_rule_was_broken(demo: Company) -> None:
    """Only in those ten days hand-overs took hours, and whoever was given such a lead called at once."""
    start = local_date(demo.nights[0], BUSINESS_ZONE) - timedelta(days=HISTORY_DAYS)
    lay = [(lead, change.at) for lead in demo.leads for change in lead.statuses
           if (change.field, change.value) == HANDED_OVER and change.at > lead.created + timedelta(hours=1)]
    assert len(lay) >= 3
    for lead, handed in lay:
        assert (local_date(lead.created, BUSINESS_ZONE) - start).days in BROKEN
        assert min(call.at for call in lead.calls) - handed < timedelta(minutes=5)


def test_the_truth_holds_both_quarrels(ledger: Ledger) -> None:
    """Promises that the system broke and such that sales broke; slow hand-overs beside slow attempts."""
    owed = [cells["owed_by"] for _, cells in breaches(ledger)]
    assert {"routing", "sales"} <= set(owed)
    slow = {key[5] for key, cells in speed(ledger) if key[6] == "all_hours" and cells["band_over_60_count"]}
    assert slow == {"whole", "routing", "human", "answer"}


def test_business_time_by_hand() -> None:
    """Nights, Sundays and Tết do not count."""
    assert open_seconds(NOON, NOON + timedelta(hours=1)) == HOUR
    assert open_seconds(NOON, NOON + timedelta(days=1)) == 9.5 * HOUR
    saturday = datetime(2026, 2, 14, 10, tzinfo=UTC)  # 17:00, before Tết
    assert open_seconds(saturday, saturday + timedelta(days=7)) == 9.5 * HOUR


def test_bands_by_hand() -> None:
    """A band ends with its last second; without an end one waits, without a start nobody knows."""
    def band(seconds: int) -> str:
        return Wait(NOON, NOON + timedelta(seconds=seconds), NOON + timedelta(days=30)).band("all_hours")

    assert [band(seconds) for seconds in (0, 300, 301, 900, 901, 3_600, 3_601)] == [
        "0_5", "0_5", "5_15", "5_15", "15_60", "15_60", "over_60"]
    assert Wait(NOON, None, NOON).band("all_hours") == "waiting"
    assert Wait(None, None, NOON).band("all_hours") == "unknown"
