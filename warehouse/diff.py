"""What a replacement changes, found before it happens: the restatement log, and the rows that make days dirty."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from connectors.base import LoadMode
from warehouse import ops
from warehouse.replace import Replacement

#: Tables whose changed values are told one by one, to answer "why is March another number today?".
RESTATED = ("ad_daily", "engagement_daily", "lead", "deal")
_UNTOLD = {"updated_at"}  # changes with every touch and says nothing
Covered = Mapping[str, tuple[date, date]]


class Difference:
    """The rows of one replacement that appear, change or vanish, held in a temporary table until `drop`.

    Its columns: the key; `old_…` and `new_…` of every measure; `was`/`comes` say on which side the row is.
    """

    def __init__(self, conn: sa.Connection, part: Replacement) -> None:
        self._part, record = part, part.record
        self._measures = [name for name in record.measures if not record.by_name[name].field.personal]
        old = self._side(part.staged, part.scope).subquery("o")
        new = self._side(part.incoming, part.arriving).subquery("n")
        self.table = self._create(conn)
        joined = old.join(new, sa.and_(*(old.c[name] == new.c[name] for name in record.key)), full=True)
        was, comes = old.c[record.key[0]].is_not(None), new.c[record.key[0]].is_not(None)
        common = [sa.func.coalesce(new.c[name], old.c[name]) for name in self._common]
        sides = [side.c[name] for side in (old, new) for name in self._measures]
        differs = [old.c[name].is_distinct_from(new.c[name]) for name in (record.key[0], *self._measures)]
        query = sa.select(*common, *sides, was, comes).select_from(joined).where(sa.or_(*differs))
        conn.execute(sa.insert(self.table).from_select([column.name for column in self.table.columns], query))

    @property
    def _common(self) -> tuple[str, ...]:
        return (*self._part.record.key, "stream_key", "slice_id")

    def _side(self, table: sa.Table, rows: sa.ColumnElement[bool]) -> sa.Select[Any]:
        return sa.select(*(table.c[name] for name in (*self._common, *self._measures))).where(rows)

    def _create(self, conn: sa.Connection) -> sa.Table:
        typed = self._part.staged.c
        columns = [sa.Column(name, typed[name].type) for name in self._common]
        columns += [sa.Column(f"{side}_{name}", typed[name].type) for side in ("old", "new") for name in self._measures]
        columns += [sa.Column("was", sa.Boolean), sa.Column("comes", sa.Boolean)]
        stream = self._part.jobs[0]  # several streams fill one table, and their differences live side by side
        owner = hashlib.sha256(f"{stream.source}/{stream.stream.name}".encode()).hexdigest()[:8]
        made = sa.Table(f"difference_{self._part.record.name}_{owner}", sa.MetaData(), *columns, prefixes=["TEMPORARY"])
        conn.execute(sa.schema.DropTable(made, if_exists=True))
        conn.execute(sa.schema.CreateTable(made))
        return made

    def old_rows(self) -> sa.Select[Any]:
        """The rows that change or vanish, as they were: key and measures."""
        return self._rows(self.table.c.was, "old")

    def new_rows(self) -> sa.Select[Any]:
        """The rows that appear or change, as they are now: key and measures."""
        return self._rows(self.table.c.comes, "new")

    def _rows(self, present: sa.ColumnElement[bool], side: str) -> sa.Select[Any]:
        measures = (self.table.c[f"{side}_{name}"].label(name) for name in self._measures)
        return sa.select(*(self.table.c[name] for name in self._common), *measures).where(present)

    def log(self, conn: sa.Connection, run_id: str, covered: Covered) -> None:
        """Write `ops.restatement`: values that changed or vanished, and rows that appeared in days covered before."""
        if self._part.record.name not in RESTATED:
            return
        restated = sa.or_(self.table.c.was, *self._late(covered))
        if conn.execute(sa.select(self.table.c.was).where(restated).limit(1)).first() is None:
            return
        columns = [column.name for column in ops.restatement.columns]
        told = [self._told(name, run_id).where(restated) for name in self._measures if name not in _UNTOLD]
        conn.execute(sa.insert(ops.restatement).from_select(columns, sa.union_all(*told)))

    def _told(self, name: str, run_id: str) -> sa.Select[Any]:
        c, record = self.table.c, self._part.record
        change = sa.case((sa.not_(c.comes), "vanished"), (sa.not_(c.was), "appeared"), else_="changed")
        key: sa.ColumnElement[Any] = sa.cast(c[record.key[0]], sa.Text)
        for part in record.key[1:]:
            key = key.concat("|").concat(sa.cast(c[part], sa.Text))
        day = c["day"] if "day" in c else sa.cast(sa.null(), sa.Date)
        old, new = c[f"old_{name}"], c[f"new_{name}"]
        return sa.select(
            sa.literal(run_id, sa.Text), c.slice_id, sa.literal(record.name, sa.Text), key, day,
            sa.literal(name, sa.Text), sa.cast(old, sa.Text), sa.cast(new, sa.Text), change,
        ).where(old.is_distinct_from(new))

    def _late(self, covered: Covered) -> Iterator[sa.ColumnElement[bool]]:
        if self._part.output.mode is LoadMode.WINDOW:
            for stream_key in sorted({job.stream_key for job in self._part.jobs} & covered.keys()):
                within = self.table.c.day.between(*covered[stream_key])
                yield sa.and_(self.table.c.stream_key == stream_key, within)

    def drop(self, conn: sa.Connection) -> None:
        """Forget the rows."""
        conn.execute(sa.schema.DropTable(self.table, if_exists=True))
