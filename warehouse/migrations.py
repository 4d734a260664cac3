"""Numbered steps from an empty database to today's schema: forward only, each applied once, in one transaction.

Version 1 creates every table from its record. A later change of a record needs a step of its own here; a new table
does not, because missing tables are created every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlalchemy as sa

from crosscheck.canonical import CANONICAL
from crosscheck.errors import VersionRetired
from crosscheck.fields import FIELDS
from crosscheck.tables import Kind
from warehouse import archive, ddl, incoming, ops
from warehouse.engine import Warehouse
from warehouse.lock import take_lease
from warehouse.marts import MARTS
from warehouse.staging.records import DERIVED

Step = Callable[[sa.Connection], None]


def _from_records(conn: sa.Connection) -> None:
    ddl.create(conn, all_tables())


def _lost_leads(conn: sa.Connection) -> None:
    """`lead_fact` tells when a lead was lost."""
    for schema in ("mart", "mart_next"):
        conn.execute(sa.text(f"ALTER TABLE {schema}.lead_fact ADD COLUMN IF NOT EXISTS lost_at TIMESTAMP"))


def _recorded_source(conn: sa.Connection) -> None:
    """`lead` keeps the lead source on record; null until the record is read again."""
    conn.execute(sa.text("ALTER TABLE staging.lead ADD COLUMN IF NOT EXISTS recorded_source TEXT"))


def _one_tieout(conn: sa.Connection) -> None:
    """`tieout` says what `date_basis_tieout` said, and more."""
    for schema in ("mart", "mart_next"):
        conn.execute(sa.text(f"DROP TABLE IF EXISTS {schema}.date_basis_tieout"))


def _discounts(conn: sa.Connection) -> None:
    """`deal_fact` has the discount in the reporting currency."""
    for schema in ("mart", "mart_next"):
        conn.execute(sa.text(f"ALTER TABLE {schema}.deal_fact ADD COLUMN IF NOT EXISTS discount_reporting_amount "
                             "NUMERIC(18, 6)"))


def _delays(conn: sa.Connection) -> None:
    """`lead_fact` tells when a lead was handed to somebody, and first spoken to."""
    for schema in ("mart", "mart_next"):
        for name in ("assigned_at", "answered_at"):
            conn.execute(sa.text(f"ALTER TABLE {schema}.lead_fact ADD COLUMN IF NOT EXISTS {name} TIMESTAMP"))


def _archive(conn: sa.Connection) -> None:
    """The archive goes back to the first publication from here on. From here on, too, a step that adds a column to a
    mart adds it in schema `archive` as well.
    """
    for name, kind in (("publication_no", "BIGINT"), ("business_day", "DATE")):
        conn.execute(sa.text(f"ALTER TABLE ops.publication ADD COLUMN IF NOT EXISTS {name} {kind}"))


def _wider_money(conn: sa.Connection) -> None:
    """Sums of money have 24 digits; what staging holds of one thing on one day keeps its 18."""
    rows = conn.execute(sa.text(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns WHERE numeric_precision = 18"
        " AND table_schema IN ('mart', 'mart_next', 'archive')")).all()
    for schema, table, column in rows:
        if column in FIELDS and FIELDS[column].kind is Kind.MONEY:
            conn.execute(sa.text(f"ALTER TABLE {schema}.{table} ALTER COLUMN {column} TYPE NUMERIC(24, 6)"))


def _orders(conn: sa.Connection) -> None:
    """`deal` tells what was returned and paid, `activity` its day and recording; null until they are read again."""
    for table, name, kind in (("deal", "order_kind", "TEXT"), ("deal", "returned_amount", "NUMERIC(18, 6)"),
                              ("deal", "paid_amount", "NUMERIC(18, 6)"), ("activity", "occurred_day", "DATE"),
                              ("activity", "has_recording", "BOOLEAN")):
        conn.execute(sa.text(f"ALTER TABLE staging.{table} ADD COLUMN IF NOT EXISTS {name} {kind}"))


def _appeals(conn: sa.Connection) -> None:
    """`lead_fact` tells which of its states rest on an appeal. Who comes from before the archive has no log yet."""
    for schema in ("mart", "mart_next", "archive"):
        conn.execute(sa.text(f"ALTER TABLE IF EXISTS {schema}.lead_fact ADD COLUMN IF NOT EXISTS appeals TEXT"))


def _portrait(conn: sa.Connection) -> None:
    """`lead_fact` tells what the answers to the portrait say."""
    for schema in ("mart", "mart_next", "archive"):
        for name, kind in (("asked_count", "BIGINT"), ("answer_count", "BIGINT"), ("portrait_verdict", "TEXT"),
                           ("failed_rule", "TEXT")):
            conn.execute(sa.text(f"ALTER TABLE IF EXISTS {schema}.lead_fact ADD COLUMN IF NOT EXISTS {name} {kind}"))


def _test_leads(conn: sa.Connection) -> None:
    """`lead` has the hash of its mail's domain, null until read again; `lead_fact` tells which leads are tests."""
    conn.execute(sa.text("ALTER TABLE staging.lead ADD COLUMN IF NOT EXISTS email_domain_hash TEXT"))
    for schema in ("mart", "mart_next", "archive"):
        conn.execute(sa.text(f"ALTER TABLE IF EXISTS {schema}.lead_fact ADD COLUMN IF NOT EXISTS is_test BOOLEAN"))


def _paused(conn: sa.Connection) -> None:
    """`source_freshness` tells which sources are left out on purpose."""
    for schema in ("mart", "mart_next", "archive"):
        for name, kind in (("paused_until_day", "DATE"), ("pause_reason", "TEXT"), ("paused_by", "TEXT")):
            conn.execute(sa.text(f"ALTER TABLE IF EXISTS {schema}.source_freshness "
                                 f"ADD COLUMN IF NOT EXISTS {name} {kind}"))


#: What was ever applied, oldest first; the position is the version.
STEPS: tuple[tuple[str, Step], ...] = (
    ("tables from records", _from_records), ("when a lead was lost", _lost_leads),
    ("the lead source on record", _recorded_source), ("one tie-out", _one_tieout),
    ("discounts in the reporting currency", _discounts),
    ("when a lead was assigned and answered", _delays), ("an archive of publications", _archive),
    ("wider sums of money", _wider_money), ("orders after the win, days of work", _orders),
    ("which states rest on an appeal", _appeals), ("answers to the portrait", _portrait),
    ("test leads", _test_leads), ("which sources are paused", _paused))


def all_tables() -> Iterator[sa.Table]:
    """Every table of every schema but `incoming`, which is no part of what lasts."""
    yield from ops.TABLES
    for record in CANONICAL:
        yield ddl.table(record)
    for record in DERIVED:
        yield ddl.table(record)
    for mart in MARTS:
        yield ddl.table(mart.record)
        yield ddl.table(mart.record, "mart_next")
    yield from archive.tables()


def migrate(wh: Warehouse) -> int:
    """Bring the schema to the newest version; returns how many steps were applied.

    The warehouse must be open with its lock; from here on its owner alone may write. Raises VersionRetired when a
    newer Crosscheck wrote the schema.
    """
    with wh.engine.begin() as conn:
        ddl.create_schemas(conn)
        ddl.create(conn, [ops.schema_version])
        applied = conn.scalar(sa.select(sa.func.max(ops.schema_version.c.version))) or 0
        if applied > len(STEPS):
            raise VersionRetired(f"the warehouse has schema {applied}, this Crosscheck knows {len(STEPS)}",
                                 fix="install the Crosscheck that wrote it, or a newer one")
        for version, (name, step) in enumerate(STEPS[applied:], start=applied + 1):
            step(conn)
            conn.execute(sa.insert(ops.schema_version).values(version=version, name=name))
        ddl.create(conn, all_tables())
        take_lease(conn, wh.owner)
    with wh.engine.connect() as conn:
        incoming.prepare(conn)
        conn.commit()
    return len(STEPS) - applied
