"""The advertiser's ads through the whole night, on both engines, against pandas."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa

from crosscheck.canonical import CANONICAL
from tests.conftest import ENGINES
from tests.examples.exports import DATA, needs_exports
from tests.examples.nights import Played, played
from tests.examples.oracles import expected_kag
from warehouse import open_warehouse

pytestmark = [pytest.mark.nights, needs_exports, pytest.mark.xdist_group("kag")]


@pytest.fixture(scope="module", params=ENGINES)  # the smallest example proves the other engine
def kag(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Two nights on each engine."""
    folder = tmp_path_factory.mktemp("kag")
    if request.param == "duckdb":
        with played("kag", folder) as nights:
            yield nights
        return
    server = request.getfixturevalue("postgres_server")
    with played("kag", folder, server.create("example_kag")) as nights:
        yield nights
    server.drop("example_kag")


def test_published_totals_are_the_files(kag: Played) -> None:
    """Spend to the cent and claimed conversions of all three campaigns, and nothing that has no leads behind it."""
    totals = kag.totals()
    assert (kag.first.exit_code, kag.second.exit_code) == (0, 0)
    assert totals == expected_kag(DATA)
    assert (sum(totals.spend.values()), sum(totals.claimed.values())) == (Decimal("58705.23"), 3264)
    assert {row["cpl_amount"] for row in kag.rows["campaign_roi_daily"]} == {None}
    assert kag.rows["metric_coverage"] == []


def test_the_same_file_again_changes_nothing(kag: Played) -> None:
    """Read again the next night, no published row differs, nothing is called restated, nothing waits."""
    assert kag.published_unchanged()
    assert (kag.marks, kag.second.counts.received) == (0, 1143)


def test_no_scratch_row_outlives_the_night(kag: Played) -> None:
    """Where `incoming` lasts (PostgreSQL), nothing stays in it: it would hold raw contact data outside `restricted`."""
    with open_warehouse(kag.settings, lock=False) as wh, wh.engine.connect() as conn:
        tables = sa.inspect(conn).get_table_names(schema="incoming")
        assert len(tables) == (len(CANONICAL) if wh.dialect == "postgresql" else 0)
        assert [conn.scalar(sa.text(f"SELECT count(*) FROM incoming.{name}")) for name in tables] == [0] * len(tables)
