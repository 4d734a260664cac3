"""Reading what is published, as an analyst would: DuckDB's published copy, or the mart schema of PostgreSQL.

What was published on an earlier day is read in the warehouse itself, where the archive is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from crosscheck.errors import ConfigError
from crosscheck.settings import Settings
from warehouse import archive
from warehouse.ddl import table
from warehouse.engine import Warehouse, warehouse_url
from warehouse.marts import MARTS
from warehouse.marts.lead_quality import SMALL
from warehouse.metrics import COVERAGE, FIVE_RATIOS, bounds
from warehouse.shims import ratio
from warehouse.trace import conditions, find

#: Columns that tell when and by whom a row was made, not what it says.
PROVENANCE = frozenset({"run_id", "last_success_at"})
_KEY = ("platform", "account_id", "campaign_id")


@dataclass(frozen=True)
class Belief:
    """What was published by a run, `as_of` being its clock in UTC."""

    run_id: str
    as_of: datetime
    rows: list[dict[str, Any]]


@contextmanager
def published(settings: Settings) -> Iterator[sa.Connection]:
    """A read-only connection to the published tables. Raises ConfigError when nothing was published yet."""
    engine = _engine(settings)
    try:
        with engine.connect() as conn:
            yield conn
    finally:
        engine.dispose()


def _engine(settings: Settings) -> sa.Engine:
    url = warehouse_url(settings)
    if url.drivername != "duckdb":
        return sa.create_engine(url, poolclass=sa.NullPool, execution_options={"postgresql_readonly": True})
    file = settings.path(settings.store.published)
    if not file.is_file():
        raise ConfigError("nothing has been published yet", fix="crosscheck run")
    return sa.create_engine(url.set(database=str(file)), poolclass=sa.NullPool, connect_args={"read_only": True})


def believed(wh: Warehouse, mart: str, day: date, key: Mapping[str, str] | None = None) -> Belief:
    """The rows of a mart (those that a partial key names) as readers had them at the end of a day.

    Raises ConfigError for a mart, a column or a day that there is not.
    """
    record = find(mart).record
    with wh.engine.connect() as conn:
        held = archive.held_on(conn, day)
        rows = archive.state(record, held.publication_no).subquery(mart)
        order = [rows.c[name] for name in record.key]
        chosen = sa.select(rows).where(*conditions(record, rows, key or {})).order_by(*order)
        return Belief(held.run_id, held.as_of, [dict(row) for row in conn.execute(chosen).mappings()])


def published_rows(settings: Settings, marts: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """By mart name, every published row as a dict."""
    wanted = set(marts)
    with published(settings) as conn:
        return {mart.record.name: [dict(row) for row in conn.execute(sa.select(table(mart.record))).mappings()]
                for mart in MARTS if mart.record.name in wanted}


def comparable(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """By mart name, every published row without its provenance: what two equal nights have in common."""
    with published(settings) as conn:
        return {mart.record.name: [tuple(row) for row in conn.execute(sa.select(*_content(mart.record)))]
                for mart in MARTS}


def _content(record: Any) -> list[sa.ColumnElement[Any]]:
    return [column for column in table(record).c if column.name not in PROVENANCE]


def campaign_totals(settings: Settings) -> list[dict[str, Any]]:
    """One row per campaign over all published months, cash view, with spend, leads, won, revenue, margin and roi.

    Sums first, then the ratio; null where a part is not known.
    """
    closed, names = table(find("campaign_roi_closed").record), _names()
    key = [closed.c[name] for name in _KEY]
    sums = {"spend": closed.c.spend_reporting_amount, "leads": closed.c.unique_lead_count, "won": closed.c.won_count,
            "revenue": closed.c.revenue_reporting_amount, "margin": closed.c.gross_margin_reporting_amount,
            "deals": closed.c.won_deal_count, "known": closed.c.margin_known_count}
    totals = (sa.select(*key, *(sa.func.sum(column).label(name) for name, column in sums.items()))
              .group_by(*key).subquery())
    roi = sa.case((totals.c.deals == totals.c.known, ratio(totals.c.margin - totals.c.spend, totals.c.spend)))
    query = (sa.select(totals, names.c.campaign_name, roi.label("roi")).join(names, _same(totals, names))
             .order_by(totals.c.spend.desc().nulls_last(), totals.c.campaign_id))
    with published(settings) as conn:
        return [dict(row) for row in conn.execute(query).mappings()]


def campaign_ratios(settings: Settings) -> list[dict[str, Any]]:
    """One row per campaign over its matured weeks: the five counts, rates and Wilson bounds, recomputed from sums.

    Rates are null below the small-sample limit of `lead_quality`.
    """
    quality, names = table(find("lead_quality").record), _names()
    counts = ["unique_lead_count", "covered_lead_count", *(metric.numerator[0] for metric in FIVE_RATIOS)]
    key = [quality.c[name] for name in _KEY]
    summed = (sa.select(*key, *(sa.func.sum(quality.c[name]).label(name) for name in counts))
              .where(quality.c.is_matured).group_by(*key).subquery())
    known = {name: summed.c[name] for name in counts}
    rates: list[sa.ColumnElement[Any]] = []
    for metric in (*FIVE_RATIOS, COVERAGE):
        low, high = bounds(metric, known)
        ends = {"": metric.expression(known), "_low": low, "_high": high}
        rates += [sa.case((known["unique_lead_count"] >= SMALL, value)).label(f"{metric.name}{end}")
                  for end, value in ends.items()]
    query = (sa.select(names.c.campaign_name, *known.values(), *rates).join_from(summed, names, _same(summed, names))
             .order_by(summed.c.unique_lead_count.desc(), summed.c.campaign_id))
    with published(settings) as conn:
        return [dict(row) for row in conn.execute(query).mappings()]


def _names() -> sa.Subquery:
    """One row per campaign with anything published: its name in the newest of its months."""
    closed = table(find("campaign_roi_closed").record)
    key = [closed.c[name] for name in _KEY]
    newest = sa.func.row_number().over(partition_by=key, order_by=closed.c.close_month.desc())
    ranked = sa.select(*key, closed.c.campaign_name, newest.label("place")).subquery()
    return sa.select(*(ranked.c[name] for name in _KEY), ranked.c.campaign_name).where(ranked.c.place == 1).subquery()


def _same(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(*(one.c[name] == other.c[name] for name in _KEY))
