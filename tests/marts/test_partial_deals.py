"""What a night can do to a deal: only its days are built, and they are what a full build gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.marts import world
from tests.marts.world import FIRST, put, take
from warehouse.engine import Warehouse

#: The views in which deals stand by each of their dates; test_partial_build.py looks at every table.
VIEWS = ("campaign_roi_daily", "campaign_roi_cohort", "campaign_roi_closed", "tieout")
EARLY, DAY, LATE = date(2026, 4, 8), date(2026, 4, 20), date(2026, 5, 12)
ANNA, AGAIN = {"person_key": "anna", "created_day": EARLY}, {"person_key": "anna", "created_day": DAY}
LEADS = ({"lead_id": "a", **ANNA, "utm_campaign": "c1"}, {"lead_id": "b", **AGAIN, "utm_campaign": "c2"},
         {"lead_id": "x", "created_day": EARLY, "utm_campaign": "c1"},
         {"lead_id": "y", "created_day": DAY, "utm_campaign": "c2"},
         {"lead_id": "ringed", "created_day": DAY}, {"lead_id": "left", "created_day": DAY},
         {"lead_id": "gone", "created_day": EARLY, "utm_campaign": "c1"})
VND: dict[str, Any] = {"deal_amount": 1000, "gross_margin_amount": 300}
DEALS = ({"deal_id": "first", "lead_id": "a", "closed_day": DAY, **VND},
         {"deal_id": "second", "lead_id": "b", "closed_day": LATE, **VND},
         {"deal_id": "dollars", "lead_id": "x", "closed_day": DAY, "currency_code": "USD", **VND},
         {"deal_id": "alone", "closed_day": DAY, "crm_campaign": "c2", **VND},
         {"deal_id": "named", "closed_day": DAY, "crm_campaign_norm": "bed", **VND},
         {"deal_id": "early", "lead_id": "nobody", "closed_day": DAY, **VND},
         {"deal_id": "merged", "lead_id": "gone", "closed_day": LATE, **VND},
         {"deal_id": "ring", "lead_id": "ringed", "closed_day": LATE, **VND})
OTHERS = tuple({"deal_id": f"o{n}", "created_day": FIRST, "closed_day": FIRST, **VND} for n in range(3))


def deal(name: str, **values: Any) -> Callable[[Warehouse], None]:
    """The deal, with other values."""
    was = next(each for each in DEALS if each["deal_id"] == name)
    return lambda wh: put(wh, "deal", {**was, **values})


def lead(name: str, **values: Any) -> Callable[[Warehouse], None]:
    """The lead, with other values."""
    was = next((each for each in LEADS if each["lead_id"] == name), {"lead_id": name, "created_day": EARLY})
    return lambda wh: put(wh, "lead", {**was, **values})


def merge(**into: str) -> Callable[[Warehouse], None]:
    """Leads merged into others."""
    return lambda wh: put(wh, "lead_merge", *({"lead_id": one, "merged_into_id": to} for one, to in into.items()))


def rename(wh: Warehouse) -> None:
    """The name that a deal's record carries becomes another campaign's."""
    put(wh, "campaign", {"campaign_id": "c2", "campaign_name": "Chair", "campaign_name_norm": "chair"},
        {"campaign_id": "c1", "valid_from_day": DAY, "campaign_name": "Bed", "campaign_name_norm": "bed"})


CASES: dict[str, dict[str, Callable[[Warehouse], None]]] = {"its record": {
    "changes its lead": deal("first", lead_id="y"),
    "gets a lead": deal("alone", lead_id="y"),
    "loses its lead": deal("first", lead_id=None),
    "changes its amount, without a lead": deal("alone", deal_amount=5),
    "closes on another day": deal("second", closed_day=DAY),
    "is not closed after all": deal("first", closed_day=None, closed_at=None, created_day=DAY),
    "closes before the person's first": deal("second", closed_day=EARLY),
    "is lost, and the next one is the first": deal("first", is_won=False, is_lost=True),
    "is archived": deal("first", is_archived=True),
    "was created on another day": deal("first", created_day=EARLY),
    "has another currency": deal("first", currency_code="USD"),
    "has another currency without a rate": deal("first", currency_code="EUR"),
    "vanishes": lambda wh: take(wh, "deal", {"deal_id": "first"}),
    "vanishes, and had no lead": lambda wh: take(wh, "deal", {"deal_id": "alone"}),
}, "rates and names": {
    "has its rate changed": lambda wh: put(wh, "fx_rate", {"day": DAY, "fx_rate": 30_000}),
    "has its rate taken back": lambda wh: take(wh, "fx_rate", {"day": DAY, **world.DEFAULTS["fx_rate"]}),
    "has its campaign renamed": rename,
    "has a campaign that nobody knows any more": lambda wh: take(
        wh, "campaign", {"campaign_id": "c2", "valid_from_day": FIRST, **world.DEFAULTS["campaign"]}),
}, "its lead": {
    "sees its lead matched elsewhere": lead("a", utm_campaign="c2"),
    "sees its lead appear": lead("nobody", utm_campaign="c2"),
    "sees its lead appear as an older one of the person": lead("nobody", person_key="anna", created_day=FIRST),
    "sees its lead vanish": lambda wh: take(wh, "lead", {"lead_id": "a"}),
    "sees its lead become another person": lead("b", person_key="bob"),
    "sees its lead come later": lead("a", created_day=LATE),
    "sees its lead merged": merge(x="y"),
    "sees its lead merged into the person of another": merge(y="b"),
    "sees its head merged away": merge(a="x"),
    "sees its survivor merged further": merge(left="nobody"),
    "sees its survivor vanish": lambda wh: take(wh, "lead", {"lead_id": "nobody"}),
    "sees its lead's merge taken back": lambda wh: take(wh, "lead_merge", {"lead_id": "gone"}),
    "sees merges close into a ring": merge(y="left", left="y"),
    "sees the ring opened": merge(y="b"),
}}


@pytest.fixture
def published(mart_wh: Warehouse) -> Warehouse:
    """A small company, published. What a build of parts makes is the same on PostgreSQL: test_partial_build.py."""
    put(mart_wh, "campaign", {"campaign_id": "c1"},
        {"campaign_id": "c2", "campaign_name": "Bed", "campaign_name_norm": "bed"})
    put(mart_wh, "ad_daily", {"campaign_id": "c1", "day": EARLY, "spend_amount": 100})
    put(mart_wh, "fx_rate", {"day": FIRST, "fx_rate": 20_000}, {"day": DAY, "fx_rate": 25_000})
    put(mart_wh, "lead", *LEADS)
    merge(gone="left", ringed="y", left="y")(mart_wh)
    put(mart_wh, "deal", *DEALS, *OTHERS)
    world.release(mart_wh, world.night(mart_wh, of=VIEWS))
    return mart_wh


NIGHTS = {f"{kind} {start // 4 + 1}": list(cases.items())[start:start + 4]
          for kind, cases in CASES.items() for start in range(0, len(cases), 4)}


@pytest.mark.parametrize("night", NIGHTS)
def test_deals(published: Warehouse, night: str) -> None:
    """Four cases in one night, each with whatever the ones before left; a day that nothing moves stays as it is."""
    for _, change in NIGHTS[night]:
        change(published)
    by_parts_as_whole(published, night)


@pytest.mark.deep
@pytest.mark.parametrize("kind", CASES)
def test_a_deal(published: Warehouse, kind: str) -> None:
    """A night per case, one after the other: no case is helped by what another made be built."""
    for case, change in CASES[kind].items():
        change(published)
        by_parts_as_whole(published, case)


def by_parts_as_whole(wh: Warehouse, case: str) -> None:
    """Build a night by parts and publish it, then build it whole: the same tables, and the untouched day not built."""
    report = world.night(wh, of=VIEWS)
    built = next(each for each in report.marts if each.table.name == "deal_fact")
    assert FIRST not in (built.partitions or (FIRST,)), case
    world.release(wh, report)
    names = [each.table.name for each in report.marts]
    by_parts = {name: world.rows_of(wh, name, "mart") for name in names}
    world.night(wh, full=True, of=VIEWS)
    for name in names:
        assert by_parts[name] == world.rows_of(wh, name), f"{case}: {name}"
