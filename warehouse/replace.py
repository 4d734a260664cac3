"""How incoming rows take the place of staged ones, by load mode.

A `Replacement` says which staged rows go (`scope`) and puts the new ones in. Scope and new rows are conditions on
tables, so that restatement can compare both before anything is deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.base import LoadMode, Output, Slice
from crosscheck.errors import DataError
from crosscheck.tables import TECHNICAL, Table
from warehouse import ddl
from warehouse.shims import among

_ORDER = ("valid_from_day", "entered_at")  # what places a version in time, in tables loaded as HISTORY
_UNCOMPARED = {*TECHNICAL, "is_inferred"}


@dataclass(frozen=True)
class Replacement:
    """One output table and the slices that fill it, oldest first."""

    output: Output
    primary: Table
    jobs: tuple[Slice, ...]

    @property
    def record(self) -> Table:
        """The canonical table."""
        return self.output.table

    @property
    def staged(self) -> sa.Table:
        """Where the rows go."""
        return ddl.table(self.record)

    @property
    def incoming(self) -> sa.Table:
        """Where they come from."""
        return ddl.table(self.record, "incoming")

    @property
    def slice_ids(self) -> list[str]:
        """The slices, oldest first."""
        return [job.slice_id for job in self.jobs]

    @property
    def arriving(self) -> sa.ColumnElement[bool]:
        """Which incoming rows are meant."""
        return self.incoming.c.slice_id.in_(self.slice_ids)

    @property
    def scope(self) -> sa.ColumnElement[bool]:
        """Which staged rows the new ones replace."""
        match self.output.mode:
            case LoadMode.WINDOW:
                return sa.or_(*(self._days(*span) for span in self._spans()))
            case LoadMode.SNAPSHOT:
                return self.staged.c.stream_key.in_({job.stream_key for job in self.jobs})
            case LoadMode.CHILDREN:
                within = set(self.output.parent) <= set(self.record.key)  # then no key is there without its parent
                return self._parents() if within else sa.or_(self._same(self.record.key), self._parents())
            case _:
                return self._same(self.record.key)

    def check(self, conn: sa.Connection) -> None:
        """Raise DataError when a restated window brings days outside of itself: they would be there twice."""
        if self.output.mode is not LoadMode.WINDOW:
            return
        day = self.incoming.c.day
        query = sa.select(self.incoming.c.slice_id, sa.func.min(day), sa.func.max(day)).where(self.arriving)
        windows = {job.slice_id: job for job in self.jobs}
        for slice_id, first, last in conn.execute(query.group_by(self.incoming.c.slice_id)):
            job = windows[slice_id]
            if first not in job.window or last not in job.window:
                raise DataError(f"{self.record.name} has days {first}..{last}, outside of the window", where=str(job))

    def insert(self, conn: sa.Connection) -> None:
        """Put the new rows in; what they replace is gone by now."""
        if self.output.mode is LoadMode.HISTORY:
            self._insert_versions(conn)
            return
        names = [column.name for column in self.staged.columns]
        rows = sa.select(*(self.incoming.c[name] for name in names)).where(self.arriving)
        conn.execute(sa.insert(self.staged).from_select(names, rows))

    def _spans(self) -> list[tuple[str, Any, Any]]:
        """Stream, first and last day; consecutive windows of a stream joined."""
        spans: list[tuple[str, Any, Any]] = []
        for job in sorted(self.jobs, key=lambda one: (one.stream_key, one.window)):
            key, first, last = job.stream_key, job.window.first, job.window.last
            if spans and spans[-1][0] == key and (first - spans[-1][2]).days <= 1:
                spans[-1] = (key, spans[-1][1], max(last, spans[-1][2]))
            else:
                spans.append((key, first, last))
        return spans

    def _days(self, stream_key: str, first: Any, last: Any) -> sa.ColumnElement[bool]:
        return sa.and_(self.staged.c.stream_key == stream_key, self.staged.c.day.between(first, last))

    def _same(self, names: Sequence[str]) -> sa.ColumnElement[bool]:
        return among(self.staged, names, sa.select(*_named(self.incoming, names)).where(self.arriving))

    def _parents(self) -> sa.ColumnElement[bool]:
        """Rows of the parents seen: of the children that came, and those that came without any."""
        parent = self.output.parent
        seen = [sa.select(*_named(self.incoming, parent)).where(self.arriving)]
        if len(parent) == len(self.primary.key):
            main = ddl.table(self.primary, "incoming")
            theirs = (main.c[key].label(name) for name, key in zip(parent, self.primary.key, strict=True))
            seen.append(sa.select(*theirs).where(main.c.slice_id.in_(self.slice_ids)))
        return among(self.staged, parent, sa.union_all(*seen))  # one list: a row is looked up once, not in two ways

    def _insert_versions(self, conn: sa.Connection) -> None:
        """Insert the incoming versions that differ from the one before them and are not older than the newest."""
        names = [column.name for column in self.staged.columns]
        order = next(name for name in _ORDER if name in self.staged.c)
        entity = self.output.parent or tuple(name for name in self.record.key if name != order)
        compared = [name for name in names if name not in {*entity, order, *_UNCOMPARED}]
        rows = self._versions(names, order, entity)
        parts, sort = _named(rows, entity), [rows.c[order], rows.c.is_new, *_named(rows, self.record.key)]
        before = [sa.func.lag(rows.c[name]).over(partition_by=parts, order_by=sort).label(f"before_{name}")
                  for name in compared]
        place = sa.func.row_number().over(partition_by=parts, order_by=sort).label("place")
        placed = sa.select(rows, *before, place).subquery()
        differs = [placed.c[name].is_distinct_from(placed.c[f"before_{name}"]) for name in compared]
        chosen = sa.select(*(placed.c[name] for name in names)).where(
            placed.c.is_new == 1, sa.or_(placed.c.place == 1, *differs))
        conn.execute(sa.insert(self.staged).from_select(names, chosen))

    def _versions(self, names: Sequence[str], order: str, entity: Sequence[str]) -> sa.Subquery:
        """The newest staged version of every entity that comes again, and the incoming ones that are no older."""
        staged, incoming = self.staged, self.incoming
        newest = (sa.select(*(staged.c[name] for name in entity), sa.func.max(staged.c[order]).label("newest"))
                  .where(self._same(entity)).group_by(*(staged.c[name] for name in entity)).subquery())
        old = (sa.select(*(staged.c[name] for name in names), sa.literal_column("0").label("is_new"))
               .join(newest, sa.and_(staged.c[order] == newest.c.newest, *_equal(staged, newest, entity))))
        new = (sa.select(*(incoming.c[name] for name in names), sa.literal_column("1").label("is_new"))
               .outerjoin(newest, sa.and_(*_equal(incoming, newest, entity)))
               .where(self.arriving, sa.or_(newest.c.newest.is_(None), incoming.c[order] >= newest.c.newest)))
        return sa.union_all(old, new).subquery()


def _named(rows: sa.FromClause, names: Sequence[str]) -> list[sa.ColumnElement[Any]]:
    return [rows.c[name] for name in names]


def _equal(left: sa.FromClause, right: sa.FromClause, names: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    return [left.c[name] == right.c[name] for name in names]
