"""The nightly report never shows a number that the marts do not hold, nor one that they hide."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crosscheck.fields.leaks import LEAK_CAUSES
from crosscheck.settings import Settings
from report.nightly import charts, labels, page
from report.nightly.commands import command
from report.nightly.drawn import Drawing
from report.nightly.facts import Facts, Rate, Tonight
from report.nightly.read import read
from report.numbers import Numbers
from report.words import Language, words
from warehouse import open_warehouse
from warehouse.ddl import create, table
from warehouse.marts import MARTS
from warehouse.marts.leak_causes import CAUSES, SET_ASIDE
from warehouse.marts.metric_coverage import NEEDS
from warehouse.migrations import migrate
from warehouse.trace import find

NIGHT = Tonight("nightly-20261120T190000", datetime(2026, 11, 20, 19, 0))  # noqa: DTZ001 - as the ledger holds it
MONTHS = [date(2026, month, 1) for month in (6, 7, 8, 9)]
WEEKS = [date(2026, 9, day) for day in (7, 14, 21, 28)]
STATES = ("reached", "hot", "potential", "wrong_target", "closed")
CAMPAIGN = {"platform": "meta_ads", "account_id": "1", "campaign_id": "6001"}
OWNERS = {cause.name: cause.owner for cause in CAUSES}
PLACES = {cause.name: place for place, cause in enumerate(CAUSES, 1)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a published file that holds every mart, all empty."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "var").mkdir()
    engine = sa.create_engine(f"duckdb:///{folder}/var/published.duckdb", poolclass=sa.NullPool)
    with engine.begin() as conn:
        conn.execute(sa.schema.CreateSchema("mart"))
        create(conn, [table(mart.record) for mart in MARTS])
    engine.dispose()
    return folder


@pytest.fixture(scope="module")
def publish(home: Path) -> Callable[[Mapping[str, list[dict[str, Any]]]], Facts]:
    """Publish rows of marts, and these alone; what the report makes of them."""
    def publish(rows: Mapping[str, list[dict[str, Any]]]) -> Facts:
        engine = sa.create_engine(f"duckdb:///{home}/var/published.duckdb", poolclass=sa.NullPool)
        with engine.begin() as conn:
            for name in USED:
                conn.execute(sa.delete(table(find(name).record)))
            for name, told in rows.items():
                if told:
                    conn.execute(sa.insert(table(find(name).record)), told)
        engine.dispose()
        return read(Settings(home=home), NIGHT)

    return publish


USED = ("leak_waterfall", "lead_quality", "campaign_roi_cohort", "campaign_roi_closed", "commitments", "rule_version",
        "response_curve", "metric_coverage", "discount")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pictures, which take most of the time."""
    monkeypatch.setattr(charts, "svg", lambda *_: "")


def leak(month: date, cause: str, campaign: str, leads: int, value: int | None) -> dict[str, Any]:
    money = {f"leak_{kind}_amount": None if value is None else 0 if cause in SET_ASIDE else Decimal(leads * value)
             for kind in ("revenue", "margin")}
    average = {f"average_{kind}_amount": value for kind in ("revenue", "margin")}
    known = 0 if value is None else 1
    return CAMPAIGN | money | average | {
        "campaign_id": campaign, "cohort_month": month, "leak_cause": cause, "cause_no": PLACES[cause],
        "leak_owner": OWNERS[cause], "horizon_days": 30, "lead_count": leads, "unique_lead_count": leads,
        "won_lead_count": known, "margin_known_lead_count": known, "reporting_currency_code": "VND"}


def quality(week: date, campaign: str, leads: int, counts: list[int], *, matured: bool = True) -> dict[str, Any]:
    states = {f"{state}_count": min(leads, count) for state, count in zip(STATES, counts, strict=True)}
    return CAMPAIGN | states | {
        "campaign_id": campaign, "cohort_week": week, "horizon_days": 30, "is_matured": matured,
        "is_small_sample": leads < 20, "lead_count": leads, "unique_lead_count": leads, "valid_lead_count": leads,
        "covered_lead_count": leads}


LEAKS = st.dictionaries(st.tuples(st.sampled_from(MONTHS), st.sampled_from(LEAK_CAUSES), st.sampled_from("ab")),
                        st.tuples(st.integers(1, 900), st.sampled_from([None, 7_000_001, 12_345_678])), max_size=25)
QUALITY = st.dictionaries(st.tuples(st.sampled_from(WEEKS), st.sampled_from("ab")),
                          st.tuples(st.integers(0, 30), st.lists(st.integers(0, 30), min_size=5, max_size=5),
                                    st.booleans()), max_size=8)


@given(leaks=LEAKS, weeks=QUALITY, language=st.sampled_from(Language))
@settings(max_examples=7, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_the_report_says_what_the_marts_hold(publish: Any, leaks: Any, weeks: Any, language: Language) -> None:
    """Whatever is published: each leak is the sum of its rows, each ratio of its parts, and hidden ones are hidden."""
    matured = {week: all(of for (other, _), (_, _, of) in weeks.items() if other == week) for week, _ in weeks}
    facts = publish({
        "leak_waterfall": [leak(*key, *value) for key, value in leaks.items()],
        "lead_quality": [quality(week, name, leads, counts, matured=matured[week])
                         for (week, name), (leads, counts, _) in weeks.items()]})
    shown = sorted({month for month, _, _ in leaks})[-3:]
    sums: Counter[str] = Counter()
    money: defaultdict[str, list[Any]] = defaultdict(list)
    for (month, cause, _), (leads, value) in leaks.items():
        if month in shown:
            sums[cause] += leads
            money[cause] += [] if value is None else [0 if cause in SET_ASIDE else leads * value]
    assert {one.cause: one.leads for one in facts.waterfall.leaks} == sums
    assert {one.cause: one.margin for one in facts.waterfall.leaks} == {
        cause: sum(money[cause]) if money[cause] else None for cause in sums}
    old = [(leads, counts) for (week, _), (leads, counts, _) in weeks.items() if matured[week]]
    every = sum(leads for leads, _ in old)
    for one in facts.ratios.ratios:
        hits = sum(min(leads, counts[STATES.index(one.name.removesuffix("_rate"))]) for leads, counts in old)
        assert (one.now.hits, one.now.of) == (hits, every)
        assert one.now.value == (pytest.approx(hits / every) if every >= 20 else None)
    assert bool(facts.ratios.ratios) == (every > 0)
    _written(facts, language)


def _written(facts: Facts, language: Language) -> None:
    """The page shows exactly these leaks, and no share of a small sample."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "svg", lambda *_: "")
        text = page.html(Settings(), facts, language)
    found = dict(re.findall(r'data-cause="(\w+)" data-leads="(\d+)"', text))
    assert found == {one.cause: str(one.leads) for one in facts.waterfall.leaks}
    for name, row in re.findall(r'<tr data-ratio="(\w+)">(.*?)</tr>', text, re.DOTALL):
        rate = next(one.now for one in facts.ratios.ratios if one.name == name)
        assert ("<b>" in row) == (rate.value is not None), row


def test_an_empty_company_has_a_report(publish: Any, undrawn: None) -> None:
    """On its first night there is nothing to say, and the page says so."""
    text = page.html(Settings(), publish({}), Language.EN)
    assert "no month of leads has passed its horizon yet" in text
    assert not re.search(r"\d%", re.sub(r"<style>.*?</style>|<footer>.*", "", text, flags=re.DOTALL))


def roi(campaign: str, *, spend: int | None, deals: int, known: int, margin: int | None) -> dict[str, Any]:
    return CAMPAIGN | {
        "campaign_id": campaign, "cohort_month": MONTHS[-1], "horizon_days": 30, "is_matured": True,
        "campaign_name": campaign, "spend_reporting_amount": spend, "lead_count": 40, "unique_lead_count": 40,
        "qualified_count": 20, "won_count": deals, "won_deal_count": deals, "margin_known_count": known,
        "revenue_reporting_amount": 1000, "gross_margin_reporting_amount": margin, "reporting_currency_code": "VND"}


def test_roi_is_shown_or_its_absence_explained(publish: Any, undrawn: None) -> None:
    """A missing margin, or no spend, hides the campaign's ROI and the company's; the reason stands in its place."""
    facts = publish({"campaign_roi_cohort": [
        roi("whole", spend=100, deals=2, known=2, margin=150), roi("gap", spend=100, deals=3, known=2, margin=90),
        roi("free", spend=None, deals=1, known=1, margin=50)]})
    assert {one.campaign_id: one.roi for one in facts.campaigns.each} == {
        "whole": pytest.approx(0.5), "gap": None, "free": None}
    assert (facts.campaigns.total.spend, facts.campaigns.total.margin, facts.campaigns.total.roi) == (200, 290, None)
    text = page.html(Settings(), facts, Language.EN)
    rows = dict(re.findall(r'data-campaign="(\w+)">(.*?)</tr>', text, re.DOTALL))
    assert "+50%" in rows["whole"]
    assert "gross margin known of 2 of 3 won deals" in rows["gap"]
    assert "no spend on record" in rows["free"]


@pytest.mark.parametrize(("won", "month", "said"), [
    (5, MONTHS[-1], None),
    (7, MONTHS[-1], "Won here: 5; new customers of the same leads in the table of campaigns: 7. The other 2 had"),
    (4, MONTHS[-1], "Won here: 5; new customers in the table of campaigns: 4, of leads created in"),
    (7, MONTHS[0], "Won here: 5; new customers in the table of campaigns: 7, of leads created in"),
])
def test_two_counts_of_wins_are_explained(publish: Any, undrawn: None, won: int, month: date, said: str | None) -> None:
    """Where waterfall and campaigns count other wins, one sentence says why; where they agree there is none."""
    cohort = roi("a", spend=100, deals=won, known=won, margin=150) | {"cohort_month": month}
    facts = publish({"campaign_roi_cohort": [cohort], "leak_waterfall": [
        leak(MONTHS[-1], cause, "a", leads, 10) for cause, leads in (("won", 5), ("existing_customer", 2))]})
    told = re.findall(r'id="won-apart">(.*?)</p>', page.html(Settings(), facts, Language.EN))
    assert [bool(said) and one.startswith(said) for one in told] == ([True] if said else [])


def test_a_difference_needs_intervals_apart() -> None:
    """Overlapping intervals are no change; hidden rates differ from nothing."""
    low, high, hidden = Rate(1, 20, .05, .01, .2), Rate(15, 20, .75, .5, .9), Rate(1, 2, None, None, None)
    assert low.differs(high)
    assert not low.differs(Rate(3, 20, .15, .05, .36))
    assert not low.differs(hidden)
    assert not hidden.differs(low)
    assert not low.differs(None)


def test_owners_are_told_by_what_they_lost(publish: Any) -> None:
    """Bought, open, repeated and test leads are nobody's loss; the largest comes first."""
    causes = {"won": 50, "still_open": 60, "duplicate": 70, "test_lead": 80, "invalid_contact": 30,
              "attempted_late": 40, "never_attempted": 1, "unreachable": 5}
    facts = publish({"leak_waterfall": [leak(MONTHS[-1], cause, "a", leads, 10) for cause, leads in causes.items()]})
    assert [(one.owner, one.leads, one.margin) for one in facts.waterfall.losses] == [
        ("sales", 41, 410), ("marketing", 30, 300), ("nobody", 5, 50)]


def test_commands_are_typed_as_they_stand() -> None:
    """Days, blanks and quotes survive a shell; what is null is not named."""
    assert command("commitments", agreement="Cheap sofas", promise="leads", campaign_id=None) == (
        "crosscheck trace commitments 'agreement=Cheap sofas' promise=leads")
    assert command("lead_quality", cohort_week=date(2026, 9, 7)) == (
        "crosscheck trace lead_quality cohort_week=2026-09-07")


def test_every_word_of_the_tables_has_a_name() -> None:
    """A number, band or reason that the tables gain and the report cannot name is found here."""
    from crosscheck.fields.changes import CHANGED_AMOUNTS, CHANGED_COUNTS
    from crosscheck.fields.sourcing import DEFINITIONS
    from crosscheck.fields.speed import BANDS, DELAYS

    assert {*CHANGED_COUNTS, *CHANGED_AMOUNTS, *(need.metric for need in NEEDS)} <= set(labels.METRICS)
    assert set(labels.BASES) == {*CHANGED_COUNTS, *CHANGED_AMOUNTS}
    assert (set(labels.DEFINITIONS), set(labels.DELAYS)) == (set(DEFINITIONS), set(DELAYS))
    assert set(labels.BANDS) == {*BANDS, "waiting", "unknown"}
    assert set(labels.REASONS) == {reason for need in NEEDS for reason in (need.missing, need.nothing)}


def test_charts_draw(publish: Any) -> None:
    """Both sizes are one picture with its figures in words, without script, link or address of anybody's."""
    facts = publish({"leak_waterfall": [leak(MONTHS[-1], cause, "a", leads, 10)
                                        for cause, leads in (("won", 5), ("lost_price", 9))]})
    drawing = Drawing(words(Language.VI), Numbers(Language.VI, "VND", page.ZoneInfo("Asia/Ho_Chi_Minh")))
    drawn = drawing.all(facts)
    assert [name for name, svg in drawn.items() if svg] == ["waterfall"]
    text = str(drawn["waterfall"])
    assert text.count('role="img"') == 2
    assert "Mất vì giá: 9 · 90" in text
    assert not re.search(r"<script|href|url\(|https?://(?!www\.w3\.org/)", text)
    bars = drawing.bars(facts)
    assert [(bar.begin, bar.end) for bar in bars] == [(0, 14), (5, 14), (0, 5)]


def test_postgresql_answers_the_same_queries(settings_for: Callable[[str], Settings], undrawn: None) -> None:
    """The report asks nothing that only one engine understands."""
    there = settings_for("postgresql")
    with open_warehouse(there) as wh:
        migrate(wh)
        wh.write(lambda conn: create(conn, [table(mart.record) for mart in MARTS]))
    facts = read(there, NIGHT)
    assert facts.waterfall.leads == 0
    assert "no week of leads is 30 days old yet" in page.html(there, facts, Language.EN)


def test_axes_count_as_the_reader_does() -> None:
    """A Vietnamese axis divides by a comma, an English one by a point."""
    spots = [charts.Spot("Chi", "02/11", 0.5, is_matured=True), charts.Spot("Chi", "09/11", 1500.5, is_matured=True)]
    spots += [charts.Spot("Lãi", "02/11", 0.2, is_matured=True)]
    for language, thousand in ((Language.VI, ">1.000<"), (Language.EN, ">1,000<")):
        counts = Numbers(language, "VND", page.ZoneInfo("Asia/Ho_Chi_Minh")).chart_format
        drawn = charts.svg(lambda size: charts.lines(spots, {"Chi": "#111", "Lãi": "#222"}, size), "",
                           charts.SIZES[0], counts)
        assert thousand in drawn, drawn
