"""What a company of a given size would have published: rows of the marts, made by statements, without a pipeline.

Leads, their causes and their deals are rows of their own, since a mart has one for each; what the marts sum is summed
from them here, so that the waterfall, the ratios and the campaigns agree. Spend, attribution, speed and what changed
are made up in the marts' own shape and number of rows. Everything is a function of a lead's number: the same each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from crosscheck.fields.credit import ATTRIBUTION_MODELS
from crosscheck.settings import Project, Settings
from warehouse import ledger, open_warehouse, ops
from warehouse.ddl import create, table
from warehouse.marts import MARTS
from warehouse.marts.leak_causes import CAUSES
from warehouse.metrics import FIVE_RATIOS
from warehouse.migrations import migrate
from warehouse.publish import finish_pending

AS_OF = datetime(2026, 11, 20, 19, tzinfo=UTC)
_KEY = "platform, account_id, campaign_id"
_STATES = [metric.name.removesuffix("_rate") for metric in FIVE_RATIOS]
_HORIZONS = (30, 60, 90)


@dataclass(frozen=True)
class Size:
    """Leads of a year, and among how many campaigns and salespeople they are divided."""

    leads: int
    campaigns: int = 40
    people: int = 30


def settings(home: Path) -> Settings:
    """Settings of the company."""
    return Settings(home=home, project=Project(name="bench", reporting_currency="VND"))


def publish(home: Path, size: Size) -> Settings:
    """Write the company's marts as published, once in the warehouse and once for readers."""
    (home / "var").mkdir(parents=True)
    known = settings(home)
    with open_warehouse(known) as wh:
        migrate(wh)
        wh.write(lambda conn: create(conn, [table(mart.record) for mart in MARTS]))
        run = ledger.begin_run(wh, "nightly", AS_OF)
        wh.write(lambda conn: _fill(conn, size, run.run_id))
        finish_pending(wh)
    return known


def _fill(conn: sa.Connection, size: Size, run_id: str) -> None:
    conn.exec_driver_sql(_drawn(size))
    for mart, select in _rows(size):
        columns, _, query = select.partition("=>")
        conn.exec_driver_sql(f"INSERT INTO mart.{mart} ({columns}) {query}")
    conn.execute(sa.insert(ops.publication).values(
        run_id=run_id, as_of=AS_OF.replace(tzinfo=None), tables="{}", publication_no=1, business_day=AS_OF.date(),
        state="pending"))


def _drawn(size: Size) -> str:
    """Every lead: an even pace over the year before the horizon, a campaign, a salesperson, a cause."""
    causes = ", ".join(f"({at}, '{cause.name}', '{cause.owner}')" for at, cause in enumerate(CAUSES, 1))
    return f"""CREATE TEMP TABLE drawn AS SELECT n, cause.name AS leak_cause, cause.owner AS leak_owner,
        cause.no AS cause_no, TIMESTAMP '2025-11-01' + to_microseconds(n * (353 * 86400000000 // {size.leads})) AS
        created_at,
        date_trunc('month', created_at)::DATE AS month, date_trunc('week', created_at)::DATE AS week,
        ['google_ads', 'meta_ads', 'tiktok_ads'][1 + place % 3] AS platform, '1' AS account_id,
        (120210000000000000 + place)::TEXT AS campaign_id, 'hubspot' AS source,
        (90000000000 + n * 7919)::TEXT AS lead_id,
        (7001 + n * 31 % {size.people})::TEXT AS owner_id, leak_cause = 'won' AS won,
        hash(n, 2) % 9000000 + 1000000 AS worth
        FROM (SELECT range AS n, sqrt(hash(n) % {size.campaigns**2})::BIGINT % {size.campaigns} AS place
              FROM range({size.leads})) AS leads
        JOIN (VALUES {causes}) AS cause (no, name, owner)
          ON cause.no = 1 + sqrt(hash(n, 1) % 400)::BIGINT % {len(CAUSES)}"""


def _rows(size: Size) -> Iterator[tuple[str, str]]:
    """Each mart, and its columns with the statement that fills them."""
    yield from _per_lead()
    yield from _summed()
    yield from _by_campaign(size)
    yield from _around()


def _per_lead() -> Iterator[tuple[str, str]]:
    yield "lead_fact", f"""source, lead_id, person_key, head_source, head_lead_id, is_unique, is_test, created_at,
        created_day, cohort_week, cohort_month, {_KEY}, match_method, match_confidence, is_valid, owner_id => SELECT
        source, lead_id,
        lead_id, source, lead_id, leak_cause <> 'duplicate', leak_cause = 'test_lead', created_at, created_at::DATE,
        week,
        month, {_KEY}, 'id', 1, true, owner_id FROM drawn"""
    yield "leak_evidence", f"""source, lead_id, {_KEY}, created_at, cohort_month, horizon_days, lead_kind, leak_cause,
        leak_owner, attempt_count, reporting_currency_code, rule_file, rule_version => SELECT source, lead_id, {_KEY},
        created_at, month, 30, 'unique', leak_cause, leak_owner, 1, 'VND', 'sla', '8eee616e' FROM drawn"""
    yield "deal_fact", f"""source, deal_id, lead_id, head_source, head_lead_id, head_created_at, cohort_month, {_KEY},
        match_method, created_at, created_day, closed_at, closed_day, is_won, is_first_win, is_lost, is_archived,
        deal_reporting_amount, gross_margin_reporting_amount, reporting_currency_code => SELECT source, lead_id,
        lead_id,
        source, lead_id, created_at, month, {_KEY}, 'id', created_at, created_at::DATE, created_at + INTERVAL 9 DAY,
        (created_at + INTERVAL 9 DAY)::DATE, true, true, false, false, worth, worth // 3, 'VND' FROM drawn WHERE won"""
    yield "contradiction", """source, lead_id, contradiction, responsible, rule_version, cohort_month, claim, contrary,
        claim_at => SELECT source, lead_id, 'lost_but_won', 'sales', 'v', month, 'a', 'b', created_at
        FROM drawn WHERE n % 50 = 0"""


def _summed() -> Iterator[tuple[str, str]]:
    """What the marts sum of leads."""
    yield "leak_waterfall", f"""{_KEY}, cohort_month, leak_cause, cause_no, leak_owner, horizon_days, lead_count,
        unique_lead_count, won_lead_count, margin_known_lead_count, average_revenue_amount, average_margin_amount,
        leak_revenue_amount, leak_margin_amount, reporting_currency_code => SELECT {_KEY}, month, leak_cause, cause_no,
        leak_owner, 30, count(*), count(*), 1, 1, 5000000, 1700000, count(*) * 5000000, count(*) * 1700000, 'VND'
        FROM drawn GROUP BY ALL"""
    counts = ", ".join(f"count_if(hash(n, {at}) % 10 < {at})" for at in range(5, 0, -1))
    named = ", ".join(f"{state}_count" for state in _STATES)
    yield "lead_quality", f"""{_KEY}, cohort_week, horizon_days, is_matured, is_small_sample, lead_count,
        unique_lead_count,
        valid_lead_count, covered_lead_count, {named} => SELECT {_KEY}, week, 30, week < DATE '2026-10-12', false,
        count(*),
        count(*), count(*), count(*), {counts} FROM drawn GROUP BY {_KEY}, week"""
    for at, state in enumerate(_STATES):
        for dimension, by in (("campaign", f"{_KEY}, '' AS source, '' AS owner_id"),
                              ("salesperson", "'' AS platform, '' AS account_id, '' AS campaign_id, source, owner_id")):
            yield "lead_quality_by", f"""dimension, {_KEY}, source, owner_id, landing_page, cohort_month, quality_state,
                horizon_days, is_matured, is_small_sample, unique_lead_count, valid_lead_count, covered_lead_count,
                state_count => SELECT '{dimension}', * FROM (SELECT {by}, '', month, '{state}', 30,
                month < DATE '2026-10-01', false, count(*), count(*), count(*), count_if(hash(n, {at}) % 10 < {5 - at})
                FROM drawn GROUP BY ALL)"""


def _by_campaign(size: Size) -> Iterator[tuple[str, str]]:
    """Spend beside what leads brought: by day, by closing month, and by month of creation at each horizon."""
    parts = """spend_reporting_amount, lead_count, unique_lead_count, qualified_count, won_count, won_deal_count,
        margin_known_count, revenue_reporting_amount, gross_margin_reporting_amount, reporting_currency_code"""
    sums = """sum(40000 + n % 777), count(*), count(*), count_if(n % 3 = 0), count_if(won), count_if(won),
        count_if(won),
        sum(worth) FILTER (won), sum(worth // 3) FILTER (won), 'VND'"""
    yield "campaign_roi_daily", f"""{_KEY}, day, campaign_name, {parts} => SELECT {_KEY}, created_at::DATE AS day,
        campaign_id, {sums} FROM drawn GROUP BY {_KEY}, day"""
    yield "campaign_roi_closed", f"""{_KEY}, close_month, campaign_name, {parts} => SELECT {_KEY}, month,
        'Chiến dịch ' || campaign_id[-3:], {sums} FROM drawn GROUP BY {_KEY}, month"""
    for days in _HORIZONS:
        won = f"won AND hash(n, 9) % 100 < {days}"
        late = sums.replace("won)", f"{won})")
        yield "campaign_roi_cohort", f"""{_KEY}, cohort_month, horizon_days, is_matured, campaign_name, {parts} =>
            SELECT {_KEY}, month, {days}, month < DATE '2026-10-01', 'Chiến dịch ' || campaign_id[-3:], {late} FROM
            drawn
            GROUP BY {_KEY}, month"""
    for at, model in enumerate(ATTRIBUTION_MODELS):
        yield "attribution_summary", f"""attribution_model, {_KEY}, close_month, touched_deal_count,
        attributed_deal_count,
            attributed_reporting_amount, reporting_currency_code => SELECT '{model}', {_KEY}, month, count(*), count(*),
            sum(worth * (0.7 + hash(n, {at}) % 600000 / 1000000.0))::DECIMAL(38, 6), 'VND' FROM drawn WHERE won
            GROUP BY {_KEY}, month"""


def _around() -> Iterator[tuple[str, str]]:
    """What stands around the leads."""
    yield "speed_to_lead", f"""source, {_KEY}, cohort_month, delay, clock, horizon_days, is_matured, is_small_sample,
        unique_lead_count, started_count, ended_count, waiting_count, unknown_count, band_0_5_count, band_5_15_count,
        band_15_60_count, band_over_60_count => SELECT source, {_KEY}, month, delay, 'business_hours', 30, true, false,
        count(*), count(*), count_if(n % 10 < 9), count_if(n % 10 = 9), 0, count_if(n % 10 < 2),
        count_if(n % 10 IN (2, 3)), count_if(n % 10 IN (4, 5)), count_if(n % 10 IN (6, 7, 8)) FROM drawn,
        (VALUES ('whole'), ('routing'), ('human')) AS waits (delay) GROUP BY source, {_KEY}, month, delay"""
    yield "response_curve", """delay, clock, delay_band, horizon_days, is_small_sample, unique_lead_count,
        reached_count,
        closed_count, reached_rate, reached_rate_low, reached_rate_high, closed_rate, closed_rate_low,
        closed_rate_high =>
        SELECT 'whole', 'business_hours', band, 30, false, 9000, 4000, 900, 0.44, 0.43, 0.45, 0.1, 0.09, 0.11
        FROM (VALUES ('0_5'), ('5_15'), ('15_60'), ('over_60'), ('waiting')) AS bands (band)"""
    yield "sourcing", """definition, close_month, sourcing_side, won_count, won_deal_count, margin_known_count,
        revenue_reporting_amount, gross_margin_reporting_amount, reporting_currency_code => SELECT definition, month,
        side,
        count(*), count(*), count(*), sum(worth), sum(worth // 3), 'VND' FROM drawn,
        (VALUES ('recorded', 'marketing'), ('first_touch', 'sales')) AS said (definition, side) WHERE won
        GROUP BY definition, month, side"""
    yield "discount", f"""source, owner_id, {_KEY}, close_month, is_small_sample, won_deal_count, discount_known_count,
        discounted_deal_count, margin_known_count, list_reporting_amount, discount_reporting_amount,
        reporting_currency_code => SELECT source, owner_id, {_KEY}, month, false, count(*), count(*), count(*),
        count(*),
        sum(worth), sum(worth // 20), 'VND' FROM drawn WHERE won GROUP BY source, owner_id, {_KEY}, month"""
    yield "why_changed", f"""changed_metric, {_KEY}, close_month, change_cause, old_count, new_count, change_count,
        compared_day, reporting_currency_code => SELECT 'won_count', {_KEY}, month, 'late', count(*), count(*) + 2, 2,
        DATE '2026-11-19', 'VND' FROM drawn WHERE won GROUP BY {_KEY}, month"""
    yield "source_freshness", """source, account_id, stream, is_stale, complete_to_day => VALUES
        ('hubspot', '1', 'contacts', false, DATE '2026-11-20')"""
    yield "rule_version", """rule_file, rule_version, is_draft => VALUES ('sla', '8eee616e', true)"""
