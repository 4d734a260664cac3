"""Small companies' marts, for whatever is read out of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.marts import world
from tests.marts.company import Company
from tests.support import letters
from warehouse.engine import Warehouse

_NEEDED = ("campaign_roi_closed", "campaign_roi_cohort", "attribution_summary", "lead_quality", "lead_quality_by",
           "leak_waterfall", "metric_coverage", "source_freshness", "rule_version", "why_changed")
DAY = date(2026, 4, 8)


@pytest.fixture(scope="session")
def company_wh(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """To be read only. One won deal has no margin."""
    with world.opened(duckdb_template, tmp_path_factory.mktemp("company")) as made:
        Company(seed=3, leads=80).fill(made)
        world.put(made, "lead", {"lead_id": "m", "created_day": DAY, "utm_campaign": "c1", "utm_campaign_norm": "c1"})
        world.put(made, "deal", {"deal_id": "m", "lead_id": "m", "closed_day": DAY, "deal_amount": 500})  # no margin
        world.release(made, world.night(made, of=_NEEDED))
        yield made


@pytest.fixture(scope="session")
def letters_wh(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The company of the letters after its week. To be read only."""
    with letters.company(duckdb_template, tmp_path_factory.mktemp("letters")) as made:
        yield made
