"""From table records to SQLAlchemy tables: one definition for every engine.

DuckDB gets no keys or indexes: they would slow each bulk load, and staging makes keys unique before they are
written. PostgreSQL gets a unique index per key, and one index per way in which rows are replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import sqlalchemy as sa

from crosscheck.tables import Kind, Layer, Table
from warehouse.shims import MONEY

#: Every schema of the warehouse. `incoming` and `mart_next` hold work in progress and have no constraints; `inbox` is
#: what stands behind `incoming` on DuckDB.
SCHEMAS = ("incoming", "staging", "restricted", "ops", "mart", "mart_next", "archive")
_UNCHECKED = ("incoming", "inbox", "mart_next")

_REPORTED = sa.Numeric(18, 6)
_TYPES: dict[Kind, Any] = {
    Kind.TEXT: sa.Text(),
    Kind.ID: sa.Text(),
    Kind.COUNT: sa.BigInteger(),
    Kind.MONEY: MONEY,
    Kind.QUANTITY: sa.Numeric(18, 6),
    Kind.RATE: sa.Double(),
    Kind.INSTANT: sa.DateTime(),
    Kind.DAY: sa.Date(),
    Kind.FLAG: sa.Boolean(),
}


def sql_type(kind: Kind, layer: Layer = Layer.MART) -> Any:
    """The SQLAlchemy type of a kind. Instants are naive and always UTC; money is wider in a mart, which holds sums."""
    return _REPORTED if kind is Kind.MONEY and layer is not Layer.MART else _TYPES[kind]


@cache
def table(record: Table, schema: str | None = None) -> sa.Table:
    """The SQLAlchemy table of a record, in its layer's schema or in another one of SCHEMAS.

    The same arguments give the same object. In `incoming` and `mart_next` every column may be null and nothing is
    unique: there the gates judge, not the engine.
    """
    where = schema or record.layer.value
    free = where in _UNCHECKED
    columns = [
        sa.Column(c.name, sql_type(c.field.kind, record.layer), nullable=free or not c.required,
                  comment=c.field.meaning)
        for c in record.columns
    ]
    made = sa.Table(record.name, sa.MetaData(), *columns, schema=where, comment=record.grain)
    if not free:
        _index(made, record)
    return made


@cache
def log(record: Table) -> sa.Table:
    """The archive of a mart: its columns, whether the row came or went, and with which publication.

    Every column of the mart may be null: one that it gained later is null in older differences, as it was in the mart
    when it was added.
    """
    columns: list[sa.Column[Any]] = [
        *(sa.Column(c.name, sql_type(c.field.kind), comment=c.field.meaning) for c in record.columns),
        sa.Column("side", sa.BigInteger(), nullable=False, comment="1: the row came; -1: it went."),
        sa.Column("publication_no", sa.BigInteger(), nullable=False, comment="With which one, as in ops.publication.")]
    made = sa.Table(record.name, sa.MetaData(), *columns, schema="archive",
                    comment=f"Rows of {record.full_name} that came or went with a publication.")
    sa.Index(f"{record.name}_publication_archive", made.c.publication_no)
    return made


def _index(made: sa.Table, record: Table) -> None:
    """The key, unique; and the columns by which a slice replaces its rows (PostgreSQL only)."""
    names = {f"{record.name}_key": record.key}
    if "stream_key" in made.c:
        names[f"{record.name}_stream"] = ("stream_key", "day") if "day" in made.c else ("stream_key",)
    if "lead_id" in made.c and "lead_id" not in record.key[:2]:
        names[f"{record.name}_lead"] = ("source", "lead_id") if "source" in made.c else ("lead_id",)
    for name, columns in names.items():
        sa.Index(f"{name}_{made.schema}", *(made.c[c] for c in columns), unique=name.endswith("_key"))


def create(conn: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Create what does not exist yet, with its comments. What exists is left as it is: migrations change it.

    Tables of `incoming` exist on PostgreSQL only, and are not logged: a crash empties them, and they are loaded again.
    """
    statements: list[str] = []
    listed = conn.execute(sa.text("SELECT table_schema, table_name FROM information_schema.tables"))
    there = {(schema, name) for schema, name in listed}
    for made in (one for one in tables if (one.schema, one.name) not in there):
        statements += (str(each.compile(dialect=conn.dialect)) for each in _definition(made, conn.dialect.name))
        if made.schema == "incoming":
            statements.append(f"ALTER TABLE {made.fullname} SET UNLOGGED")
    if statements:  # one round trip: there are hundreds; nothing is bound, so a doubled percent sign is one
        script = ";\n".join(statements).replace("%%", "%")
        conn.exec_driver_sql(script, execution_options={"no_parameters": True})


def _definition(made: sa.Table, dialect: str) -> Iterator[sa.schema.ExecutableDDLElement]:
    yield sa.schema.CreateTable(made)
    if dialect == "postgresql":
        yield from (sa.schema.CreateIndex(index) for index in made.indexes)
    yield sa.schema.SetTableComment(made)
    yield from (sa.schema.SetColumnComment(column) for column in made.columns)


def create_schemas(conn: sa.Connection) -> None:
    """Every schema of the warehouse, if absent."""
    for name in SCHEMAS:
        conn.execute(sa.schema.CreateSchema(name, if_not_exists=True))
