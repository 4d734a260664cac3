"""A small company's marts, published twice, for whatever is read out of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.marts import world
from tests.marts.company import Company
from warehouse.engine import Warehouse

_NEEDED = ("campaign_roi_closed", "campaign_roi_cohort", "attribution_summary", "lead_quality", "lead_quality_by",
           "leak_waterfall", "metric_coverage", "source_freshness", "rule_version", "why_changed")


@pytest.fixture(scope="session")
def company_wh(duckdb_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """To be read only. Four random events lie between the publications."""
    with world.opened(duckdb_template, tmp_path_factory.mktemp("company")) as made:
        company = Company(seed=3, leads=40)
        company.fill(made)
        world.release(made, world.night(made, of=_NEEDED))
        for _ in range(4):
            company.change(made)
        world.release(made, world.night(made, world.NIGHT + timedelta(days=1), of=("why_changed",)))
        yield made
