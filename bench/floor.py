"""The floor: DuckDB alone, reading the same Parquet files and answering one hand-written query."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from bench.nights import Landed

#: What an analyst would write for the campaign table, and nothing else: no currencies, no names, no identities.
QUERY = """
WITH spend AS (
  SELECT platform, account_id, campaign_id, day, sum(spend_amount) AS spend, sum(impression_count) AS impressions,
         sum(click_count) AS clicks
  FROM ad_daily WHERE level = 'campaign' GROUP BY ALL),
leads AS (
  SELECT utm_campaign AS campaign_id, created_day AS day, count(*) AS leads FROM lead GROUP BY ALL),
won AS (
  SELECT l.utm_campaign AS campaign_id, d.closed_day AS day, count(*) AS won, sum(d.deal_amount) AS revenue
  FROM deal d JOIN lead l USING (source, lead_id) WHERE d.is_won GROUP BY ALL)
SELECT platform, account_id, campaign_id, day, spend, impressions, clicks, leads, won, revenue,
       (revenue - spend) / nullif(spend, 0) AS roi
FROM spend FULL JOIN leads USING (campaign_id, day) FULL JOIN won USING (campaign_id, day)
"""


def floor(root: Path, landed: Sequence[Landed], folder: Path) -> dict[str, float]:
    """Seconds to read every Parquet file of the night into tables, and to answer the query into one more."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "floor.duckdb"
    path.unlink(missing_ok=True)
    files: dict[str, list[str]] = {}
    for _, manifest in landed:
        for table, rows in manifest.tables.items():
            if rows:
                files.setdefault(table, []).append(str(root / manifest.folder / f"{table}.parquet"))
    with duckdb.connect(str(path)) as conn:
        began = time.perf_counter()
        for table, paths in files.items():
            conn.execute(f"CREATE TABLE {table} AS SELECT * FROM read_parquet(?)", [paths])
        read = time.perf_counter()
        conn.execute(f"CREATE TABLE answer AS {QUERY}")
        done = time.perf_counter()
    return {"floor_read_s": read - began, "floor_query_s": done - read}
