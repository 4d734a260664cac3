"""The context of one build, and the steps between staging and the marts.

A step is a function from the context to a select. Its result is made once per build, under the function's name: as a
temporary table in a build, as a CTE when the select of a mart is only printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from crosscheck.rules import Rules, default_rules
from crosscheck.tables import Table
from crosscheck.windows import local_day
from warehouse import ddl
from warehouse.load import analyse, load_arrow
from warehouse.shims import Expression, among

if TYPE_CHECKING:
    import pyarrow as pa

Selectable = sa.FromClause
Step = Callable[["Context"], sa.Select[Any]]
#: From the rows of a step to an Arrow table with columns of a record: what SQL cannot compute. Deterministic.
Work = Callable[[Sequence[Any]], "pa.Table"]
#: One origin of a stack: where its rows are, what it knows by column name, which rows take part.
Part = tuple[Selectable, Mapping[str, Expression], Expression]

UNMATCHED, UNALLOCATED, NO_PLATFORM = "(unmatched)", "(unallocated)", "(none)"
UNATTRIBUTED = "(unattributed)"


@dataclass
class Context:
    """One build: its clock, its currency, its scope. Without a connection steps become CTEs.

    `scopes` holds, by mart or basis, the first days of what is to be built. `persons` are those whose leads are judged
    anew, `superseded` the keys of these leads and of their deals (by table of staging), `judged` the new facts (by
    mart). All are empty in a full build. `effects` are what changed rules moved, asked once all facts are built.
    """

    as_of: datetime
    time_zone: str
    reporting_currency: str
    fx_max_age_days: int
    sources: tuple[tuple[str, int], ...] = ()
    rule_version: str = ""
    rules: Rules = field(default_factory=default_rules)
    conn: sa.Connection | None = None
    privacy_key: Callable[[], str] = str
    steps: dict[str, Selectable] = field(default_factory=dict)
    scopes: dict[str, sa.Table] = field(default_factory=dict)
    persons: sa.Table | None = None
    superseded: dict[str, sa.Table] = field(default_factory=dict)
    judged: dict[str, sa.Table] = field(default_factory=dict)
    effects: Callable[[], Sequence[Mapping[str, Any]]] = tuple

    @property
    def partial(self) -> bool:
        """Whether only the partitions that changed are built."""
        return bool(self.scopes)

    @property
    def business_day(self) -> date:
        """The calendar day of the run in the business zone."""
        return local_day(self.as_of, self.time_zone)

    def step(self, make: Step) -> Selectable:
        """The result of a step, computed once per build under the function's own name."""
        name = make.__name__
        if name not in self.steps:
            chosen = make(self)
            self.steps[name] = chosen.cte(name) if self.conn is None else materialise(self.conn, name, chosen)
        return self.steps[name]

    def computed(self, work: Work, make: Step, record: Table) -> Selectable:
        """What Python makes of the rows of a step, in this build's transaction, once per build under its own name.

        Only for what SQL cannot compute. A printed select reads the published `record` instead, whose words these are.
        """
        name = work.__name__
        if self.conn is None:
            return ddl.table(record, "mart")
        if name not in self.steps:
            rows = work(self.conn.execute(make(self)).all())
            typed = {word: ddl.sql_type(record.by_name[word].field.kind) for word in rows.schema.names}
            nothing = sa.select(*(sa.cast(sa.null(), kind).label(word) for word, kind in typed.items()))
            made = materialise(self.conn, name, nothing.where(sa.false()))
            load_arrow(self.conn, made, rows)
            analyse(self.conn, made)
            self.steps[name] = made
        return self.steps[name]

    def current(self, record: Table) -> Selectable:
        """A mart as it will be after publication: the rebuilt partitions, and the published rest."""
        fresh, scope = ddl.table(record, "mart_next"), self.scopes.get(record.name)
        if self.conn is None:
            return ddl.table(record, "mart")
        if scope is None:
            return fresh
        kept = ddl.table(record, "mart")
        rest = sa.select(kept).where(kept.c[scope.info["column"]].not_in(sa.select(scope.c.start)))
        return sa.union_all(sa.select(fresh), rest).subquery(record.name)

    def newest(self, record: Table) -> Selectable:
        """The facts that this build judges, of a fact table that was planned before."""
        made = self.judged.get(record.name)
        return self.current(record) if made is None else made

    def within(self, mart: str, column: Expression) -> Expression:
        """Whether a date lies in the partitions of a mart that are being rebuilt; true in a full build."""
        scope = self.scopes.get(mart)
        return sa.true() if scope is None else column.in_(sa.select(scope.c.start))

    def judges(self, record: Table, rows: Selectable) -> Expression:
        """Whether rows, which carry the key of LEAD or DEAL, are of one that is judged anew; true in a full build."""
        keys = self.superseded.get(record.name)
        return sa.true() if keys is None else among(rows, record.key, sa.select(keys))


class _Keep(sa.Executable, sa.ClauseElement):
    """CREATE TABLE AS for a table of this build only; SQLAlchemy 2.0 has no words for it."""

    _traverse_internals: Any = (
        ("name", InternalTraversal.dp_string), ("rows", InternalTraversal.dp_clauseelement))
    _all_selected_columns: Any = ()  # asked of a statement found compiled; DuckDB's count is no column
    inherit_cache = True

    def __init__(self, name: str, rows: sa.SelectBase) -> None:
        self.name, self.rows = name, rows


class _KeepUntilCommit(_Keep):
    """The same on PostgreSQL, where the statement takes no parameters: its words hold for these values only."""

    inherit_cache = False


@compiles(_Keep)
def _keep_until_replaced(element: _Keep, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CREATE OR REPLACE TEMPORARY TABLE {element.name} AS {compiler.process(element.rows, **kw)}"


@compiles(_KeepUntilCommit)
def _keep_until_commit(element: _KeepUntilCommit, compiler: SQLCompiler, **kw: Any) -> str:
    rows = compiler.process(element.rows, **{**kw, "literal_binds": True})
    return f"CREATE TEMPORARY TABLE {element.name} ON COMMIT DROP AS {rows}"


def materialise(conn: sa.Connection, name: str, rows: sa.SelectBase) -> sa.Table:
    """A temporary table of a select's rows, analysed where the engine plans by statistics.

    It lasts as long as the transaction; on DuckDB, until the next build on this connection replaces it.
    """
    columns = [(c.name, c.type) for c in rows.selected_columns if isinstance(c, sa.ColumnElement)]
    made = _work_table(f"work_{name}", columns)
    if conn.dialect.name == "postgresql":
        conn.execute(_KeepUntilCommit(made.name, rows))
        conn.execute(sa.text(f"ANALYZE {made.name}"))
    else:
        conn.execute(_Keep(made.name, rows))
    return made


_made: dict[Any, sa.Table] = {}


def _work_table(name: str, columns: Sequence[tuple[str, Any]]) -> sa.Table:
    """The same table for the same columns: statements about it are the same, too, and compiled once."""
    key = (name, tuple((column, repr(kind)) for column, kind in columns))
    if key not in _made:
        _made[key] = sa.Table(name, sa.MetaData(), *(sa.Column(column, kind) for column, kind in columns))
    return _made[key]


def netted(*states: tuple[sa.Select[Any], int]) -> sa.Select[Any]:
    """Rows of states that count for (1) or against (-1) and do not cancel out; `side` is what is left of a row.

    The states have the same columns.
    """
    both = sa.union_all(*(rows.add_columns(sa.literal_column(str(sign), sa.Integer()).label("side"))
                          for rows, sign in states)).subquery("both")
    left = sa.func.sum(both.c.side)
    columns = [column for column in both.c if column.name != "side"]
    return sa.select(*columns, left.label("side")).group_by(*columns).having(left != 0)


def differing(new: sa.Select[Any], old: sa.Select[Any]) -> sa.Select[Any]:
    """Rows that only one of two states has. The states have the same columns, and no row twice."""
    changed = netted((new, 1), (old, -1))
    return changed.with_only_columns(*(column for column in changed.selected_columns if column.name != "side"))


def stack(*parts: Part, types: Mapping[str, Any]) -> sa.Subquery:
    """Rows of several origins under one set of columns: what a part does not have is null.

    Grouped by key afterwards this is the full outer join of all parts, without a join.
    """
    selects = [
        sa.select(*(sa.cast(values.get(name, sa.null()), kind).label(name) for name, kind in types.items()))
        .select_from(origin).where(condition)
        for origin, values, condition in parts
    ]
    return sa.union_all(*selects).subquery("parts")
