"""Who may read what on PostgreSQL: four roles, declared here and granted from the tables' own records.

A role holds no login: a login is made by the server's administrator and becomes a member. What is not named is
refused, schema `restricted`, staging and everything under construction to all of them. DuckDB knows no users; there
the published file is what readers get.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from crosscheck.errors import ConfigError
from crosscheck.tables import Table
from warehouse import ops
from warehouse.ddl import SCHEMAS
from warehouse.engine import Warehouse
from warehouse.marts import MARTS

ANALYST, HEAD, SALESPERSON, OPERATOR = (
    f"crosscheck_{name}" for name in ("analyst", "head", "salesperson", "operator"))
#: By role, one sentence for whoever grants it.
ROLES: Mapping[str, str] = {
    ANALYST: "every mart, without the columns that name a salesperson",
    HEAD: "every mart, rows per person included",
    SALESPERSON: "of the marts that name a salesperson, the rows that are his own; nothing else",
    OPERATOR: "what ran, what the gates said and what was told; no row of a person, and no mart"}
#: Of these tables of `ops` the operator may not read: values of rows, what alerts and appeals say of leads, who is
#: whom.
_NOT_THE_OPERATORS: Mapping[str, tuple[str, ...]] = {
    ops.restatement.name: tuple(ops.restatement.c.keys()), ops.salesperson.name: tuple(ops.salesperson.c.keys()),
    **{told.name: tuple(told.c.keys()) for told in (ops.appeal, ops.appeal_act)},
    ops.outbox.name: ("topic", "title", "body"), ops.erasure.name: ("alias_key", "person_key")}
_EVERYBODY, _OWN = "crosscheck_everybody", "crosscheck_own"
_NO_PRIVILEGE = "42501"
_ALL: Mapping[str, frozenset[str]] = {
    **{mart.record.full_name: frozenset(mart.record.by_name) for mart in MARTS},
    **{table.fullname: frozenset(table.c.keys()) for table in ops.TABLES}}

#: By full name of a table, the columns that may be read.
Readable = Mapping[str, tuple[str, ...]]
Column = tuple[str, str, str]


@dataclass(frozen=True)
class Drift:
    """How the server differs from the declaration, as (role, table, column): what is missing, what is too much."""

    missing: frozenset[Column]
    beyond: frozenset[Column]


def of_persons() -> list[Table]:
    """The marts with rows that name a salesperson: under row-level security, by `source` and `owner_id`."""
    return [mart.record for mart in MARTS if any(column.field.staff for column in mart.record.columns)]


def readable(role: str) -> Readable:
    """What a role may read; of rows that are not his own a salesperson sees none."""
    if role == OPERATOR:
        kept = {table.fullname: tuple(column.name for column in table.columns
                                      if column.name not in _NOT_THE_OPERATORS.get(table.name, ()))
                for table in ops.TABLES}
        return {name: columns for name, columns in kept.items() if columns}
    marts = of_persons() if role == SALESPERSON else [mart.record for mart in MARTS]
    found = {record.full_name: tuple(column.name for column in record.columns
                                     if role != ANALYST or not column.field.staff) for record in marts}
    own = ops.salesperson
    return found | ({own.fullname: tuple(own.c.keys())} if role == SALESPERSON else {})


def script() -> list[str]:
    """The statements that bring a database to the declaration from wherever it is: roles, grants, row security."""
    return [*(_create(role) for role in ROLES), *_taken_away(), *_granted(), *_own_rows()]


def grant(wh: Warehouse) -> None:
    """Run the script in one transaction, so that no reader meets a half of it.

    Raises ConfigError on DuckDB, before the first night, and where the login may not make roles.
    """
    try:
        with wh.engine.begin() as conn:
            _must_have_users(conn)
            for statement in script():
                conn.exec_driver_sql(statement)
    except sa.exc.ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _NO_PRIVILEGE:
            raise
        raise ConfigError("the warehouse's login may not make or grant roles",
                          fix="have an administrator run what crosscheck grant --sql prints") from None


def assign(wh: Warehouse, login: str, owners: Iterable[tuple[str, str]]) -> None:
    """Say which owner ids, as (source, owner id), a login's rows bear; these replace what was said before.

    Raises ConfigError on DuckDB, and before the first night.
    """
    rows = [{"login": login, "source": source, "owner_id": owner} for source, owner in sorted(set(owners))]
    with wh.engine.begin() as conn:
        _must_have_users(conn)
        conn.execute(sa.delete(ops.salesperson).where(ops.salesperson.c.login == login))
        ops.insert_rows(conn, ops.salesperson, rows)


def drift(conn: sa.Connection) -> Drift | None:
    """Where the server differs from the declaration: a mart of a newer version, a grant by hand. None: no roles, or
    no tables yet.
    """
    made = conn.scalar(sa.text("SELECT count(*) FROM pg_roles WHERE rolname = ANY(:roles)"), {"roles": list(ROLES)})
    if not made or not _has_tables(conn):
        return None
    rows = conn.execute(sa.text(
        "SELECT grantee, table_schema || '.' || table_name, column_name FROM information_schema.column_privileges "
        "WHERE privilege_type = 'SELECT' AND grantee = ANY(:roles)"), {"roles": list(ROLES)})
    found = {(str(role), str(table), str(column)) for role, table, column in rows}
    wanted = {(role, table, column) for role in ROLES for table, columns in readable(role).items()
              for column in columns}
    return Drift(frozenset(wanted - found), frozenset(found - wanted))


def _must_have_users(conn: sa.Connection) -> None:
    if conn.dialect.name != "postgresql":
        raise ConfigError("DuckDB knows no users and no roles", fix="give readers the published file, which holds "
                          "schema mart alone, or point store.warehouse at PostgreSQL")
    if not _has_tables(conn):
        raise ConfigError("there is nothing to grant yet", fix="crosscheck run")


def _has_tables(conn: sa.Connection) -> bool:
    return sa.inspect(conn).has_table(ops.salesperson.name, "ops")


def _create(role: str) -> str:
    return (f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
            f"THEN CREATE ROLE {role} NOLOGIN; END IF; END $$")


def _taken_away() -> Iterator[str]:
    """Everything, first: the script also takes back what an older declaration gave."""
    schemas, roles = ", ".join(SCHEMAS), ", ".join(ROLES)
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schemas} FROM {roles}"
    yield f"REVOKE ALL ON SCHEMA {schemas} FROM {roles}"


def _granted() -> Iterator[str]:
    for role in ROLES:
        tables = readable(role)
        for schema in sorted({name.partition(".")[0] for name in tables}):
            yield f"GRANT USAGE ON SCHEMA {schema} TO {role}"
        for name, columns in tables.items():
            some = "" if set(columns) == _ALL[name] else f" ({', '.join(columns)})"
            yield f"GRANT SELECT{some} ON {name} TO {role}"


def _own_rows() -> Iterator[str]:
    """Row-level security; who owns the tables, the pipeline, is not subject to it."""
    me = ops.salesperson.fullname
    yield from _policies(me, {_OWN: (SALESPERSON,)}, {_OWN: "login = current_user"})
    for record in of_persons():
        own = (f"EXISTS (SELECT FROM {me} AS me WHERE me.login = current_user "
               f"AND me.source = {record.name}.source AND me.owner_id = {record.name}.owner_id)")
        yield from _policies(record.full_name, {_EVERYBODY: (ANALYST, HEAD), _OWN: (SALESPERSON,)},
                             {_EVERYBODY: "true", _OWN: own})


def _policies(table: str, roles: Mapping[str, Sequence[str]], conditions: Mapping[str, str]) -> Iterator[str]:
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    for name, condition in conditions.items():
        yield f"DROP POLICY IF EXISTS {name} ON {table}"
        yield f"CREATE POLICY {name} ON {table} FOR SELECT TO {', '.join(roles[name])} USING ({condition})"
