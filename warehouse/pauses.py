"""Sources that nights leave out for a while: with a reason, and with an end that comes by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from crosscheck.windows import local_day
from warehouse import ops
from warehouse.engine import Warehouse, naive_utc


@dataclass(frozen=True)
class Pause:
    """Why a source is not read, up to and including which day, and who said so."""

    source: str
    until_day: date
    reason: str
    by_whom: str

    def __str__(self) -> str:
        return f"{self.source} is paused until {self.until_day} by {self.by_whom}: {self.reason}"


def active(wh: Warehouse, now: datetime, zone: str) -> dict[str, Pause]:
    """By source, the pause that holds at an instant: the newest one, unless it is over or was ended."""
    p = ops.source_pause.c
    with wh.engine.connect() as conn:
        if not conn.scalar(_made()):
            return {}
        rows = conn.execute(sa.select(ops.source_pause).order_by(p.paused_at)).all()
    newest = {row.source: row for row in rows if row.paused_at <= naive_utc(now)}
    today = local_day(now, zone)
    return {row.source: Pause(row.source, row.until_day, row.reason, row.by_whom) for row in newest.values()
            if row.until_day >= today and (row.resumed_at is None or row.resumed_at > naive_utc(now))}


def _made() -> sa.Select[tuple[int]]:
    """Whether the table is there: who only looks may look before the first night of a new version."""
    there = sa.table("tables", sa.column("table_schema"), sa.column("table_name"), schema="information_schema")
    return sa.select(sa.func.count()).select_from(there).where(
        there.c.table_schema == "ops", there.c.table_name == ops.source_pause.name)


def pause(wh: Warehouse, wanted: Pause, now: datetime) -> None:
    """Leave a source out from now on; a newer pause of it replaces an older one."""
    moment, p = naive_utc(now), ops.source_pause

    def work(conn: sa.Connection) -> None:
        conn.execute(sa.delete(p).where(p.c.source == wanted.source, p.c.paused_at == moment))
        conn.execute(sa.insert(p).values(**vars(wanted), paused_at=moment, resumed_at=None))
    wh.write(work)


def resume(wh: Warehouse, source: str, now: datetime, zone: str) -> Pause | None:
    """Read a source again from the next night on; the pause that this ended, None when there was none."""
    ended, p = active(wh, now, zone).get(source), ops.source_pause
    if ended is not None:
        wh.write(lambda conn: conn.execute(sa.update(p).where(p.c.source == source, p.c.resumed_at.is_(None))
                                           .values(resumed_at=naive_utc(now))))
    return ended
