"""Three whole nights on either engine: history, a night that must fail, and a clean one; then the proof.

The nights are played once per engine; every test then looks at what was seen of them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
import sqlalchemy as sa

from crosscheck.fields.changes import CHANGE_CAUSES, CHANGED_AMOUNTS, CHANGED_COUNTS
from crosscheck.rules import load_rules
from crosscheck.windows import local_day
from sandbox.company import make_company
from sandbox.faults import Fault
from sandbox.truth import Comparison, compare, expected
from tests.conftest import ENGINES
from tests.support.nights import Playground, Rows, code, differences, theatre
from warehouse import build, ddl, ledger, open_warehouse
from warehouse.marts import MARTS
from warehouse.marts.campaign_roi_closed import RECORD as CLOSED
from warehouse.marts.rule_change_effect import RECORD as EFFECT
from warehouse.marts.rule_change_impact import RECORD as IMPACT
from warehouse.marts.why_changed import RECORD as WHY
from warehouse.reading import PROVENANCE, believed, published, published_rows

SCALE = 0.3  # below it no share of a salesperson or a delay rests on enough leads to be shown
POLLS = 40
#: Between two looks of the reader, in seconds: the night has the processor in the meantime.
_PAUSE = 0.25
pytestmark = pytest.mark.nights
PER_ENGINE = [pytest.param(engine, marks=pytest.mark.xdist_group(f"nights-{engine}")) for engine in ENGINES]


@dataclass(frozen=True)
class Glance:
    """What a reader sees in one query: the same spend told by two tables, and how many leads there are."""

    daily: Decimal
    closed: Decimal
    leads: int


@dataclass
class Story:
    """What was seen of the nights, by night from 1."""

    ground: Playground
    codes: list[int] = field(default_factory=list)
    published: list[Rows] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    glances: list[Glance] = field(default_factory=list)
    first_night: Comparison | None = None
    alerts: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)

    def play(self, number: int, fault: Fault | None = None) -> None:
        """One night, in a process of its own, while a reader reads on."""
        as_of = self.ground.dawn(number)
        if fault:
            self.ground.stage.server.inject(fault)
        process = self.ground.start(as_of)
        if self.published:
            self._watch(process)
        self.codes.append(code(process))
        self.published.append(self.ground.published())
        self.files.append(_digest(self.ground))

    def _watch(self, process: BaseProcess) -> None:
        polls = 0
        while process.is_alive() or polls < POLLS:
            self.glances.append(_glance(self.ground))
            process.join(_PAUSE)
            polls += 1


def _digest(ground: Playground) -> str:
    file = ground.settings.path(ground.settings.store.published)
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _glance(ground: Playground) -> Glance:
    """One statement, hence one snapshot on either engine."""
    daily, closed, leads = (ddl.table(next(mart.record for mart in MARTS if mart.record.name == name), "mart")
                            for name in ("campaign_roi_daily", "campaign_roi_closed", "lead_fact"))
    query = sa.select(
        sa.select(sa.func.sum(daily.c.spend_reporting_amount)).scalar_subquery(),
        sa.select(sa.func.sum(closed.c.spend_reporting_amount)).scalar_subquery(),
        sa.select(sa.func.count()).select_from(leads).scalar_subquery())
    with published(ground.settings) as conn:
        return Glance(*conn.execute(query).one())


@pytest.fixture(scope="module")
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Night 1; night 2 with a volume that fell by nine tenths; night 3, clean."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgresql" else None
    with theatre(tmp_path_factory.mktemp(request.param), server, make_company(scale=SCALE)) as opened:
        told = Story(opened.playground())
        told.play(1)
        told.first_night = _compared(told.ground, 1)
        told.play(2, Fault("meta_ads", "volume_drop", path_contains="insights", times=10_000))
        told.play(3)
        told.alerts = [message["title"] for message in opened.stage.sink.messages]
        told.warned = [message["title"] for message in opened.stage.warnings.messages]
        yield told


def _compared(ground: Playground, night: int, missed: tuple[int, ...] = ()) -> Comparison:
    truth = expected(ground.stage.company, night, missed=missed)
    return compare(truth, published_rows(ground.settings, truth.rows))


@pytest.mark.parametrize("story", PER_ENGINE, indirect=True)
def test_two_nights_publish_and_one_is_refused(story: Story) -> None:
    """Exit codes 0, 5, 0; one alert, and one message that it is over. What warned beside the fault is told too."""
    assert story.codes == [0, 5, 0]
    assert any("nightly-20261119" in title for title in story.warned)
    assert len(story.alerts) == 2
    assert story.alerts[1].startswith("Resolved: ")


@pytest.mark.parametrize("story", PER_ENGINE, indirect=True)
def test_every_published_number_is_the_true_one(story: Story) -> None:
    """No fact is wrong: after the first night, and after the third, which covers what the second one missed."""
    assert story.first_night is not None
    last = _compared(story.ground, 3, missed=(2,))
    assert story.first_night.wrong + last.wrong == []
    assert min(story.first_night.facts, last.facts) > 20_000


@pytest.mark.parametrize("story", PER_ENGINE, indirect=True)
def test_a_refused_night_leaves_what_is_published_as_it_was(story: Story) -> None:
    """Row by row, and on DuckDB byte by byte."""
    assert differences(story.published[0], story.published[1]) == {}
    assert story.files[0] == story.files[1]
    assert differences(story.published[1], story.published[2]) != {}


@pytest.mark.parametrize("story", PER_ENGINE, indirect=True)
def test_every_row_of_every_slice_is_accounted_for(story: Story) -> None:
    """Received = staged + quarantined + deduplicated, for all slices that were staged; a refused night staged none."""
    assert story.ground.unaccounted() == []
    staged, landed = story.ground.slices()["staged"], story.ground.slices()["landed"]
    assert staged > landed > 0


@pytest.mark.parametrize("story", PER_ENGINE, indirect=True)
def test_a_reader_sees_the_old_tables_or_the_new_ones(story: Story) -> None:
    """Polled all through two nights, two tables always tell the same spend, and there are only two states, in order."""
    assert len(story.glances) >= 2 * POLLS
    assert {glance for glance in story.glances if glance.daily != glance.closed} == set()
    states = list(dict.fromkeys(story.glances))
    assert len(states) == 2
    assert story.glances == sorted(story.glances, key=states.index)


@pytest.mark.parametrize("story", PER_ENGINE, indirect=True)
def test_the_first_night_can_be_read_again_after_the_third(story: Story) -> None:
    """Every mart, row by row, on the day of the first night and on that of the refused one."""
    with story.ground.open() as wh:
        for day in {local_day(as_of, wh.settings.project.time_zone) for as_of in story.ground.stage.company.nights[:2]}:
            then = {mart.name: [tuple(value for name, value in row.items() if name not in PROVENANCE)
                                for row in believed(wh, mart.name, day).rows] for mart in MARTS}
            assert differences(then, story.published[0]) == {}


@pytest.mark.parametrize("story", PER_ENGINE, indirect=True)
def test_every_number_that_changed_is_explained(story: Story) -> None:
    """The causes add up to the difference between the first publication and the second, for each number."""
    rows, explained = story.ground.rows(sa.select(ddl.table(WHY, "mart"))), Counter[tuple[Any, ...]]()
    for row in rows:
        value = row.change_reporting_amount if row.change_count is None else row.change_count
        explained[tuple(row._mapping[name] for name in ("changed_metric", *CLOSED.key))] += value
    before, now = (_numbers(story.published[night]) for night in (0, 2))
    changed = {key: now[key] - before[key] for key in now.keys() | before.keys() if now[key] != before[key]}
    assert {key: value for key, value in explained.items() if value} == changed
    assert {"new", "restated", "merged", "appeal", "re_ruled"} <= {row.change_cause for row in rows}
    assert {row.change_cause for row in rows} <= {*CHANGE_CAUSES} - {"unexplained"}


def _numbers(rows: Rows) -> Counter[tuple[Any, ...]]:
    """The published numbers by metric, campaign and month."""
    named = [dict(zip(CLOSED.by_name, row, strict=True)) for row in rows[CLOSED.name]]
    return Counter({(name, *(row[part] for part in CLOSED.key)): row[name] or Decimal(0)
                    for row in named for name in CHANGED_COUNTS + CHANGED_AMOUNTS})


@pytest.mark.parametrize("story", PER_ENGINE, indirect=True)
def test_what_the_new_meaning_moved_ends_at_what_is_published(story: Story) -> None:
    """Each new total of the third night is its table's own, and qualified leads move as the rule's own leads do."""
    rows = story.ground.rows(sa.select(ddl.table(EFFECT, "mart")))
    told = {(row.moved_table, row.moved_measure): row for row in rows}
    for (name, measure), row in told.items():
        shown = ddl.table(next(mart.record for mart in MARTS if mart.name == name), "mart")
        total = sa.func.count() if measure == "row_count" else sa.func.sum(shown.c[measure])
        found = story.ground.rows(sa.select(total).select_from(shown))[0][0]
        new = row.new_total_count if row.new_total_reporting_amount is None else row.new_total_reporting_amount
        assert found == new, (name, measure)
    impact = next(row for row in story.ground.rows(sa.select(ddl.table(IMPACT, "mart")))
                  if (row.source, row.ruled_state) == ("getfly", "qualified"))
    moved = told["campaign_roi_closed", "qualified_count"]
    assert moved.new_total_count - moved.old_total_count == impact.moved_in_count - impact.moved_out_count > 0


@pytest.mark.parametrize("story", PER_ENGINE, indirect=True)
def test_a_full_build_equals_what_three_nights_built_piece_by_piece(story: Story) -> None:
    """EXCEPT ALL both ways between `mart` and a `mart_next` that was built whole, for every mart."""
    with open_warehouse(story.ground.settings) as wh:
        run = ledger.begin_run(wh, "rebuild", story.ground.stage.company.nights[2])
        assert build.build(wh, run, full=True, rules=load_rules(wh.settings.path(wh.settings.rules))).full
        with wh.engine.connect() as conn:
            found = {mart.record.name: _between(conn, mart.record.name) for mart in MARTS}
    assert found == {mart.record.name: (0, 0) for mart in MARTS}


def _between(conn: sa.Connection, name: str) -> tuple[int, int]:
    record = next(mart.record for mart in MARTS if mart.record.name == name)
    shown, fresh = (sa.select(*(column for column in ddl.table(record, schema).c if column.name not in PROVENANCE))
                    for schema in ("mart", "mart_next"))
    counts = (sa.select(sa.func.count()).select_from(sa.except_all(one, other).subquery())
              for one, other in ((shown, fresh), (fresh, shown)))
    only_shown, only_fresh = (int(conn.scalar(count) or 0) for count in counts)
    return only_shown, only_fresh
