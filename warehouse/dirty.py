"""What has to be built again: marked as rows change, in the transaction that changes them; cleared by publication.

Spend and calls are marked by day, in `ops.dirty`. What happens to a lead or a deal is marked by lead and by deal,
because the days that it moves (its creation, its repeats' creation, its deals' closing) follow from joins that only the
build can make.
A change of meaning (rules, currency, definitions) marks everything: basis "all".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import ACTIVITY, LEAD
from crosscheck.rules import SIGNATORIES, STATE_FILES, Head
from warehouse import ddl, ops
from warehouse.staging.records import (
    DEAL_TOUCHED,
    LEAD_STATE_RULE,
    LEAD_STATE_RULE_BEFORE,
    LEAD_TOUCHED,
    RULE_FILE,
)

#: The bases of `ops.dirty`.
SPEND, WORKED, ALL = "spend", "worked", "all"
_TOUCH_COLUMNS = {"vendor_lead_id": ("vendor_lead_id",), "gclid": ("gclid", "gbraid", "wbraid")}


def mark(conn: sa.Connection, _: object, table_name: str, rows: sa.Select[Any]) -> None:
    """Note what the given rows of a staging table touch.

    `rows` selects key and measures of the table, for those rows only that appeared, changed or vanished. Staging calls
    it before the replacement with the old versions, and after it with the new ones (then staging holds the new state).
    Before the first publication there is nothing to compare with, and nothing is noted.
    """
    if table_name not in _MARKERS or not _ever_published(conn):
        return
    _MARKERS[table_name](conn, rows.subquery("touched"))


def clear(conn: sa.Connection) -> None:
    """Forget every mark: what they asked for is published. Called in the publication's own transaction."""
    conn.execute(sa.delete(ops.dirty))
    for published in (LEAD_TOUCHED, DEAL_TOUCHED, LEAD_STATE_RULE_BEFORE):
        conn.execute(sa.delete(ddl.table(published)))


def mark_days(conn: sa.Connection, basis: str, days: sa.Select[Any]) -> None:
    """Note days of one basis; `days` selects one column of dates."""
    day = days.subquery("days")
    conn.execute(sa.insert(ops.dirty).from_select(
        ["basis", "day"], sa.select(sa.literal(basis), *day.c).distinct()))


def mark_all(conn: sa.Connection) -> None:
    """Note that every partition of every mart has to be built again."""
    conn.execute(sa.insert(ops.dirty).values(basis=ALL, day=date(1, 1, 1)))


def mark_leads(conn: sa.Connection, leads: sa.SelectBase) -> None:
    """Note leads; `leads` selects source and lead_id."""
    _mark_keys(conn, ddl.table(LEAD_TOUCHED), leads)


def mark_deals(conn: sa.Connection, deals: sa.SelectBase) -> None:
    """Note deals; `deals` selects source and deal_id."""
    _mark_keys(conn, ddl.table(DEAL_TOUCHED), deals)


def _mark_keys(conn: sa.Connection, touched: sa.Table, keys: sa.SelectBase) -> None:
    """Add keys to a table that holds nothing else, each once."""
    come, names = keys.subquery("come"), touched.c.keys()
    known = sa.exists().where(*(touched.c[name] == come.c[name] for name in names))
    conn.execute(sa.insert(touched).from_select(
        names, sa.select(*(come.c[name] for name in names)).where(~known).distinct()))


def load_rules(conn: sa.Connection, rows: Iterable[tuple[str, str, str, str, str]]) -> None:
    """Replace the agreed meanings by (source, status_field, status, state, rule_version), where they differ.

    A difference marks everything: a new meaning judges history anew. What was published last is kept beside it until
    the difference is published, too.
    """
    rule, before = ddl.table(LEAD_STATE_RULE), ddl.table(LEAD_STATE_RULE_BEFORE)
    wanted = set(rows)
    if wanted == {tuple(row) for row in conn.execute(sa.select(rule))}:
        return
    if _ever_published(conn) and conn.execute(sa.select(before).limit(1)).first() is None:
        conn.execute(sa.insert(before).from_select(rule.c.keys(), sa.select(rule)))
    conn.execute(sa.delete(rule))
    if wanted:
        conn.execute(sa.insert(rule), [dict(zip(rule.c.keys(), row, strict=True)) for row in sorted(wanted)])
    mark_all(conn)


def load_files(conn: sa.Connection, rules: Mapping[str, Head], states: Mapping[str, Head] | None) -> None:
    """Replace what is known of the rule files. Without `states` those that were loaded last still hold.

    Nothing is marked: who signed changes no number, and a version is part of what the build compares.
    """
    file = ddl.table(RULE_FILE)
    known = sa.true() if states is not None else file.c.rule_file.not_like(f"{STATE_FILES}/%")
    conn.execute(sa.delete(file).where(known))
    conn.execute(sa.insert(file), [
        {"rule_file": name, "rule_version": head.version, "is_draft": head.is_draft,
         "effective_from": head.effective_from and head.effective_from.isoformat(),
         **{f"signed_by_{side}": head.signed_by.get(side) for side in SIGNATORIES}}
        for name, head in ({**rules, **(states or {})}).items()])


def rule_version(conn: sa.Connection) -> str:
    """The version of the agreed meanings that hold now; empty when there are none."""
    return str(conn.scalar(sa.select(sa.func.max(ddl.table(LEAD_STATE_RULE).c.rule_version))) or "")


def _ever_published(conn: sa.Connection) -> bool:
    return conn.execute(sa.select(ops.publication.c.run_id).limit(1)).first() is not None


def _spend_days(conn: sa.Connection, rows: sa.Subquery) -> None:
    mark_days(conn, SPEND, sa.select(rows.c.day))


def _leads(conn: sa.Connection, rows: sa.Subquery) -> None:
    mark_leads(conn, sa.select(rows.c.source, rows.c.lead_id).where(rows.c.lead_id.is_not(None)))


def _deals(conn: sa.Connection, rows: sa.Subquery) -> None:
    _leads(conn, rows)
    mark_deals(conn, sa.select(rows.c.source, rows.c.deal_id))


def _wins(conn: sa.Connection, rows: sa.Subquery) -> None:
    mark_deals(conn, sa.select(rows.c.source, rows.c.deal_id))


def _activities(conn: sa.Connection, rows: sa.Subquery) -> None:
    _leads(conn, rows)
    mark_days(conn, WORKED, sa.select(rows.c.occurred_day).where(rows.c.occurred_day.is_not(None)))


def _reviews(conn: sa.Connection, rows: sa.Subquery) -> None:
    """The days of the calls that somebody listened to."""
    call = ddl.table(ACTIVITY)
    theirs = sa.and_(call.c.source == rows.c.call_source, call.c.activity_id == rows.c.activity_id)
    mark_days(conn, WORKED, sa.select(call.c.occurred_day).join(rows, theirs).where(call.c.occurred_day.is_not(None)))


def _merges(conn: sa.Connection, rows: sa.Subquery) -> None:
    _leads(conn, rows)
    mark_leads(conn, sa.select(rows.c.source, rows.c.merged_into_id.label("lead_id")))


def _clicks(conn: sa.Connection, rows: sa.Subquery) -> None:
    """Leads that carry a click or form id which a platform now tells about, or no longer."""
    lead = ddl.table(LEAD)
    mark_leads(conn, sa.union(*(
        sa.select(lead.c.source, lead.c.lead_id).join(
            rows, sa.and_(rows.c.touch_kind == kind, rows.c.touch_id == lead.c[column]))
        for kind, columns in _TOUCH_COLUMNS.items() for column in columns)))


_MARKERS = {
    "ad_daily": _spend_days, "engagement_daily": _spend_days, "lead": _leads, "lead_status": _leads,
    "activity": _activities, "call_review": _reviews, "deal": _deals, "deal_win": _wins,
    "lead_merge": _merges, "ad_touch": _clicks, "portrait_answer": _leads,
}
