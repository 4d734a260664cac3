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
from warehouse import appeals, ddl, ops
from warehouse.engine import Warehouse
from warehouse.marts import MARTS
from warehouse.marts.appeal import RECORD as APPEAL
from warehouse.marts.base import Mart
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import last_day

Row = Mapping[Any, Any]
_Evidence = tuple[Sequence[Row], Sequence[Row], Sequence[Row], Sequence[Row]]
_PARSE: dict[Kind, Callable[[str], Any]] = {Kind.DAY: date.fromisoformat, Kind.COUNT: int,
                                            Kind.FLAG: lambda text: ("false", "true").index(text) == 1}
_WRITTEN = {Kind.DAY: "2026-11-01, or 2026-11-01..2026-11-07", Kind.COUNT: "30", Kind.FLAG: "true"}
_SHARED = ("platform", "account_id", "campaign_id", "source", "unmatched_reason")
_UNITS = {"day": "day", "cohort_week": "week", "cohort_month": "month", "created_month": "month",
          "close_month": "month", "cohort_quarter": "quarter", "activity_week": "week"}
_LEAD_SHOWN = ("source", "lead_id", "created_day", "is_unique", "match_method", "match_confidence", "reached_at",
               "hot_at", "wrong_target_at", "first_won_at", "rule_version", "appeals")
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
    appeals: Sequence[Row] = ()


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
        rows = conn.execute(sa.select(there).where(*conditions(mart.record, there, key)).limit(limit)).mappings().all()
        if not rows:
            raise ConfigError(f"no published row of {name} has {key}",
                              fix=f"name some of its key: {' '.join(mart.record.key)}")
        if len(rows) > 1:
            return Trace(name, rows)
        leads, deals, ads, restated = _evidence(conn, mart, rows[0], limit)
        return Trace(name, rows, leads, deals, ads, restated, _appeals(conn, rows[0], leads))


def conditions(record: Table, there: sa.FromClause, key: Mapping[str, str]) -> list[sa.ColumnElement[bool]]:
    """A (partial) key as conditions on rows of a mart. Raises ConfigError for a column or value that there is not."""
    if unknown := [word for word in key if word not in record.by_name]:
        raise ConfigError(f"{record.name} has no column {unknown[0]}", fix=f"its key is {' '.join(record.key)}")
    return [_condition(record, there.c[word], text) for word, text in key.items()]


def _condition(record: Table, column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    """A value; of days also a range with both its ends, each of which may be left open: `2026-11-01..2026-11-07`."""
    name, (first, dots, last) = column.name, text.partition("..")
    if not dots or record.by_name[name].field.kind is not Kind.DAY:
        return sa.and_(column == _typed(record, name, text))
    begins = column >= _typed(record, name, first) if first else sa.true()
    return sa.and_(begins, column <= _typed(record, name, last) if last else sa.true())


def _typed(record: Table, word: str, text: str) -> Any:
    kind = record.by_name[word].field.kind
    try:
        return _PARSE.get(kind, str)(text)
    except ValueError:
        raise ConfigError(f"{word}={text} is not a {kind.value}", fix=f"write {word}={_WRITTEN[kind]}") from None


def _evidence(conn: sa.Connection, mart: Mart, row: Row, limit: int) -> _Evidence:
    """Leads, deals, ad rows and restatements behind one row."""
    if mart.record in (LEAD_FACT, DEAL_FACT):
        return _own(conn, mart, row, limit)
    lead, deal, ad = ddl.table(LEAD_FACT, "mart"), ddl.table(DEAL_FACT, "mart"), ddl.table(AD_DAILY)
    parts, period = mart.evidence(row), _period(conn, mart, row)
    leads = _with_place(conn, lead, LEAD, _LEAD_SHOWN, [] if mart.is_exact else [
        *_shared(lead, row), lead.c.created_day.between(*period)], parts.get(lead.name), limit)
    deals = _with_place(conn, deal, DEAL, _DEAL_SHOWN, [] if mart.is_exact else [
        *_shared(deal, row), _placed(mart, deal, lead, period)], parts.get(deal.name), limit)
    ads = [] if ad.name not in parts else _run(
        conn, [ad.c[word] for word in (*_AD_SHOWN, *_PLACE)], ad,
        [*_shared(ad, row), ad.c.day.between(*period), parts[ad.name]], limit)
    return leads, deals, ads, _restated(conn, {} if mart.is_exact else row, period, leads, deals, limit)


def _own(conn: sa.Connection, mart: Mart, row: Row, limit: int) -> _Evidence:
    """A lead or deal is its own evidence."""
    staged, always = ddl.table(LEAD if mart.record is LEAD_FACT else DEAL), (date.min, date.max)
    same = [staged.c[word] == row[word] for word in mart.record.key]
    found = _run(conn, [staged.c[word] for word in (*mart.record.key, *_PLACE)], staged, same, limit)
    nothing: Sequence[Row] = ()
    leads, deals = (found, nothing) if mart.record is LEAD_FACT else (nothing, found)
    return leads, deals, nothing, _restated(conn, {}, always, leads, deals, limit)


def _shared(table: sa.Table, row: Row) -> list[sa.ColumnElement[bool]]:
    """What a row and its evidence have in common: campaign or source, and the reason."""
    return [table.c[word] == row[word] for word in _SHARED if word in row and word in table.c]


def _period(conn: sa.Connection, mart: Mart, row: Row) -> tuple[date, date]:
    """The days that a row's period covers."""
    word = next((word for word in mart.record.key if word in _UNITS), None)
    if word is None:
        return date.min, date.max
    first: date = row[word]
    last = conn.scalar(sa.select(last_day(_UNITS[word], sa.literal(first, sa.Date()))))
    return first, last or first


def _placed(mart: Mart, deal: sa.Table, lead: sa.Table, period: tuple[date, date]) -> sa.ColumnElement[bool]:
    """Deals of a period: those closed in it, or in a table of cohorts those whose head lead was created in it."""
    if {"close_month", "day", "activity_week"} & set(mart.record.key):
        return deal.c.closed_day.between(*period)
    if period == (date.min, date.max):
        return sa.true()
    head = lead.alias("head")
    return sa.exists().where(head.c.source == deal.c.head_source, head.c.lead_id == deal.c.head_lead_id,
                             head.c.created_day.between(*period))


def _with_place(conn: sa.Connection, fact: sa.Table, staged: Table, shown: Sequence[str], where: Sequence[Any],
                part: Any, limit: int) -> Sequence[Row]:
    """Rows of a fact, with where their payload lies; none when the mart counts none of them."""
    if part is None:
        return []
    s = ddl.table(staged)
    joined = fact.join(s, sa.and_(*(fact.c[word] == s.c[word] for word in staged.key)))
    return _run(conn, [*(fact.c[word] for word in shown), *(s.c[word] for word in _PLACE)], joined, [*where, part],
                limit)


def _run(conn: sa.Connection, shown: Sequence[Any], origin: Any, where: Sequence[Any], limit: int) -> Sequence[Row]:
    query = sa.select(*shown).select_from(origin).where(*where).order_by(*shown[:2]).limit(limit)
    return conn.execute(query).mappings().all()


def _restated(conn: sa.Connection, row: Row, period: tuple[date, date], leads: Sequence[Row], deals: Sequence[Row],
              limit: int) -> Sequence[Row]:
    """What later fetches gave differently: of the shown leads and deals, and of the account's or campaign's days."""
    t = ops.restatement
    keys = {"lead": [f"{one['source']}|{one['lead_id']}" for one in leads],
            "deal": [f"{one['source']}|{one['deal_id']}" for one in deals]}
    mine = [sa.and_(t.c.table_name == name, t.c.row_key.in_(found)) for name, found in keys.items() if found]
    if "platform" in row:
        spend = [t.c.day.between(*period), t.c.row_key.startswith(f"{row['platform']}|{row['account_id']}|",
                                                                  autoescape=True)]
        if "campaign_id" in row:
            spend.append(t.c.row_key.contains(f"|{row['campaign_id']}|", autoescape=True))
        mine.append(sa.and_(*spend))
    query = sa.select(t).where(sa.or_(sa.false(), *mine)).order_by(t.c.day, t.c.row_key).limit(limit)
    return conn.execute(query).mappings().all()


def _appeals(conn: sa.Connection, row: Row, leads: Sequence[Row]) -> Sequence[Row]:
    """What was appealed, and by whom, of the shown leads or their persons; of an appeal's own row, the appeal."""
    filed, there = ops.appeal.c, ddl.table(APPEAL, "mart")
    keys = [(one["source"], one["lead_id"]) for one in leads]
    persons = sa.select(there.c.appeal_id).where(sa.tuple_(there.c.head_source, there.c.head_lead_id).in_(keys))
    mine = [sa.tuple_(filed.source, filed.lead_id).in_(keys), filed.appeal_id.in_(persons)] if keys else []
    return appeals.told(conn, sa.or_(filed.appeal_id == row.get("appeal_id", ""), *mine))


def payload(wh: Warehouse, slice_id: str) -> str:
    """The landing folder of a slice, relative to the zone: source, account, stream, window, slice."""
    s = ops.slice_
    with wh.engine.connect() as conn:
        row = conn.execute(sa.select(s).where(s.c.slice_id == slice_id)).first()
    if row is None:
        raise ConfigError(f"no slice {slice_id}", fix="crosscheck status")
    return address(row.source, row.account_id, row.stream, Window(row.first_day, row.last_day), slice_id)
