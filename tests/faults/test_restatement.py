"""Restatement: what the platforms say anew about days that were read long ago is published the next night, and told."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from sandbox.model import AdDay, Company
from sandbox.truth import compare, expected
from tests.conftest import ENGINES
from tests.faults.conftest import PUBLISHED, Clean
from tests.support.nights import Playground, differences
from warehouse import ops
from warehouse.reading import published_rows

pytestmark = pytest.mark.crash
PER_ENGINE = [pytest.param(engine, marks=pytest.mark.xdist_group(f"crash-{engine}")) for engine in ENGINES]
Told = tuple[str, Decimal, Decimal | None]


@pytest.mark.parametrize("clean", PER_ENGINE, indirect=True)
def test_the_night_after_equals_a_clean_load_of_the_new_truth(clean: Clean, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warehouse that saw the old rows and one that never did publish the same, but for what it says changed; what the
    first publishes is true.
    """
    with clean.before(1) as fresh:
        reach_back = fresh.settings.project.history_days + 1  # to the first day of the warehouse that is a night older
        monkeypatch.setenv("CROSSCHECK_PROJECT__HISTORY_DAYS", str(reach_back))
        assert fresh.run(fresh.dawn(2)) == PUBLISHED
        assert differences(clean.after[2], fresh.published()).keys() == {"why_changed"}
    truth = expected(clean.second.stage.company, 2)
    found = compare(truth, published_rows(clean.second.settings, truth.rows))
    assert (found.wrong, found.facts > 10_000) == ([], True)


@pytest.mark.parametrize("clean", PER_ENGINE, indirect=True)
def test_every_restated_amount_is_told_with_its_old_and_its_new_value(clean: Clean) -> None:
    """Table, key, old and new: of a row 20 days back, of one that fell to zero, of one that vanished, of all others."""
    company = clean.second.stage.company
    told = {(row.change, Decimal(row.old_value), _amount(row.new_value))
            for key in _keys(company) for row in _restatements(clean.second, key)}
    wanted = set(_restated(company))
    assert told == wanted
    assert any(change == "vanished" for change, _, _ in wanted)
    assert any(new == 0 for _, _, new in wanted)
    assert any(new == 2 * old for _, old, new in wanted)
    assert max((company.nights[0].date() - row.day).days for row in _new_versions(company)) == 20


def _restatements(ground: Playground, key: str) -> list[Any]:
    c = ops.restatement.c
    return list(ground.rows(sa.select(c.change, c.old_value, c.new_value).where(
        c.table_name == "ad_daily", c.column_name == "spend_amount", c.row_key == key)))


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _keys(company: Company) -> Iterator[str]:
    for row in _new_versions(company):
        level = "ad" if row.ad_id else "campaign"
        yield "|".join((row.platform, row.account_id, level, row.campaign_id, row.ad_group_id, row.ad_id,
                        row.day.isoformat()))


def _restated(company: Company) -> Iterator[Told]:
    older = {_identity(row): row for row in company.ad_days if row.visible_from <= company.nights[0]}
    for row in _new_versions(company):
        old = older[_identity(row)].spend
        if row.vanished:
            yield "vanished", old, None
        elif row.spend != old:
            yield "changed", old, row.spend


def _new_versions(company: Company) -> Iterator[AdDay]:
    """Versions that the platforms gave between the first two nights to rows that the first night had read."""
    first, second, _ = company.nights
    seen = {_identity(row) for row in company.ad_days if row.visible_from <= first}
    return (row for row in company.ad_days if first < row.visible_from <= second and _identity(row) in seen)


def _identity(row: AdDay) -> tuple[Any, ...]:
    return row.platform, row.account_id, row.campaign_id, row.ad_group_id, row.ad_id, row.day
