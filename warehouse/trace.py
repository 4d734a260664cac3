"""From a published number down to its leads, deals and ad rows, and to the vendor's own payload in landing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from connectors.landing import address
from crosscheck.canonical import AD_DAILY, DEAL, LEAD
from crosscheck.errors import ConfigError
from crosscheck.tables import Kind, Table
from crosscheck.windows import Window
from warehouse import ddl, ops
from warehouse.engine import Warehouse
from warehouse.marts import MARTS
from warehouse.marts.base import Mart
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import last_day

Row = Mapping[Any, Any]
_PARSE: dict[Kind, Callable[[str], Any]] = {Kind.DAY: date.fromisoformat, Kind.COUNT: int}
_CAMPAIGN = ("platform", "account_id", "campaign_id")
_LEAD_SHOWN = ("source", "lead_id", "created_day", "is_unique", "match_method", "match_confidence", "reached_at",
               "hot_at", "wrong_target_at", "first_won_at", "rule_version")
_DEAL_SHOWN = ("source", "deal_id", "lead_id", "is_won", "closed_day", "deal_amount", "currency_code",
               "deal_reporting_amount", "fx_day")
_AD_SHOWN = ("level", "day", "ad_id", "spend_amount", "currency_code", "impression_count", "click_count")
_PLACE = ("slice_id", "page_no", "row_no")


@dataclass(frozen=True)
class Trace:
    """A published row and what it was made of. `payload` on each evidence row: folder, page and row in landing."""

    mart: str
    rows: Sequence[Row]
    leads: Sequence[Row] = ()
    deals: Sequence[Row] = ()
    ads: Sequence[Row] = ()
    restated: Sequence[Row] = ()


def find(name: str) -> Mart:
    """A mart by name; raises ConfigError naming those there are."""
    for mart in MARTS:
        if mart.name == name:
            return mart
    raise ConfigError(f"no mart {name!r}", fix=f"one of {', '.join(mart.name for mart in MARTS)}")


def trace(wh: Warehouse, name: str, key: Mapping[str, str], limit: int = 50) -> Trace:
    """Open the rows of a mart that a (partial) key names. Raises ConfigError when the key names nothing."""
    mart = find(name)
    there = ddl.table(mart.record, "mart")
    with wh.engine.connect() as conn:
        rows = conn.execute(sa.select(there).where(*_conditions(mart.record, there, key)).limit(limit)).mappings().all()
        if not rows:
            raise ConfigError(f"no published row of {name} has {key}",
                              fix=f"name some of its key: {' '.join(mart.record.key)}")
        return Trace(name, rows, *(() if len(rows) > 1 else _evidence(conn, mart, rows[0], limit)))


def _conditions(record: Table, there: sa.FromClause, key: Mapping[str, str]) -> list[sa.ColumnElement[bool]]:
    if unknown := [word for word in key if word not in record.by_name]:
        raise ConfigError(f"{record.name} has no column {unknown[0]}", fix=f"its key is {' '.join(record.key)}")
    return [there.c[word] == _typed(record, word, text) for word, text in key.items()]


def _typed(record: Table, word: str, text: str) -> Any:
    kind = record.by_name[word].field.kind
    try:
        return _PARSE.get(kind, str)(text)
    except ValueError:
        raise ConfigError(f"{word}={text} is not a {kind.value}", fix=f"write {word}=2026-11-01") from None


def _evidence(conn: sa.Connection, mart: Mart, row: Row, limit: int) -> tuple[Sequence[Row], ...]:
    """Leads, deals, ad rows and restatements behind one row; a lead or deal itself is its own evidence."""
    if mart.record in (LEAD_FACT, DEAL_FACT):
        staged = LEAD if mart.record is LEAD_FACT else DEAL
        own = {word: row[word] for word in mart.record.key}
        found = _select(conn, ddl.table(staged), mart.record.key, own, (), limit)
        return (found, ()) if mart.record is LEAD_FACT else ((), found)
    same = {word: row[word] for word in _CAMPAIGN if word in row}
    first, last = _period(conn, mart, row)
    leads = _with_place(conn, LEAD_FACT, LEAD, _LEAD_SHOWN, same, ("created_day", first, last), limit)
    placed = "closed_day" if mart.partition and "closed" in mart.partition.bases else "cohort_month"
    deals = _with_place(conn, DEAL_FACT, DEAL, _DEAL_SHOWN, same, (placed, first, last), limit)
    ads = _select(conn, ddl.table(AD_DAILY), _AD_SHOWN, same, ("day", first, last), limit)
    return leads, deals, ads, _restated(conn, row, first, last, limit)


def _period(conn: sa.Connection, mart: Mart, row: Row) -> tuple[date, date]:
    """The days that a row's period covers."""
    if mart.partition is None:
        return date.min, date.max
    first: date = row[mart.partition.column]
    last = conn.scalar(sa.select(last_day(mart.partition.unit, sa.literal(first, sa.Date()))))
    return first, last or first


def _with_place(conn: sa.Connection, fact: Table, staged: Table, shown: Sequence[str], same: Row,
                period: tuple[str, date, date], limit: int) -> Sequence[Row]:
    """Rows of a fact, with where their payload lies."""
    f, s = ddl.table(fact, "mart"), ddl.table(staged)
    joined = f.join(s, sa.and_(*(f.c[word] == s.c[word] for word in fact.key)))
    return _run(conn, [*(f.c[word] for word in shown if word in f.c), *(s.c[word] for word in _PLACE)], joined,
                [*(f.c[word] == value for word, value in same.items()), f.c[period[0]].between(*period[1:])], limit)


def _select(conn: sa.Connection, table: sa.Table, shown: Sequence[str], same: Row,
            period: tuple[str, date, date] | tuple[()], limit: int) -> Sequence[Row]:
    where = [table.c[word] == value for word, value in same.items()]
    if period:
        where.append(table.c[period[0]].between(*period[1:]))
    return _run(conn, [table.c[word] for word in (*shown, *_PLACE)], table, where, limit)


def _run(conn: sa.Connection, shown: Sequence[Any], origin: Any, where: Sequence[Any], limit: int) -> Sequence[Row]:
    query = sa.select(*shown).select_from(origin).where(*where).order_by(*shown[:2]).limit(limit)
    return conn.execute(query).mappings().all()


def _restated(conn: sa.Connection, row: Row, first: date, last: date, limit: int) -> Sequence[Row]:
    t = ops.restatement
    where: list[sa.ColumnElement[bool]] = [t.c.day.between(first, last)]
    if row.get("campaign_id"):
        where.append(t.c.row_key.contains(f"|{row['campaign_id']}|", autoescape=True))
    return conn.execute(sa.select(t).where(*where).order_by(t.c.day).limit(limit)).mappings().all()


def payload(wh: Warehouse, slice_id: str) -> str:
    """The landing folder of a slice, relative to the zone: source, account, stream, window, slice."""
    s = ops.slice_
    with wh.engine.connect() as conn:
        row = conn.execute(sa.select(s).where(s.c.slice_id == slice_id)).first()
    if row is None:
        raise ConfigError(f"no slice {slice_id}", fix="crosscheck status")
    return address(row.source, row.account_id, row.stream, Window(row.first_day, row.last_day), slice_id)
