"""What a night's rows say against their own history: volume, columns gone null, constant metrics.

Baselines come from staging and `ops.slice` by SQL. A stream without history is judged by structure alone.
Small numbers are left alone: below `FLOOR` rows a share means nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from connectors.base import Slice, StreamKind
from crosscheck.settings import Gates
from crosscheck.tables import TECHNICAL, Kind, Table
from expectations.rules import Fact, Severity
from warehouse import ddl, ops
from warehouse.shims import day_plus

FLOOR = 10
_WEEKS = 4
_NIGHTS = 7
_VARIED = 5
_MEASURES = (Kind.MONEY, Kind.COUNT)
_TRACKING = (
    "utm_source utm_medium utm_campaign utm_content utm_term utm_campaign_norm gclid gbraid wbraid fbclid ttclid "
    "vendor_lead_id landing_page form_id")
#: A day of lost tracking is a fact about the website, to be told; it does not make the rows wrong.
TRACKING = frozenset(_TRACKING.split())


def facts(record: Table, jobs: Sequence[Slice], gates: Gates) -> list[Fact]:
    """The history facts of one incoming table, for the slices of tonight that fill it."""
    primary = [job for job in jobs if job.stream.primary.table.name == record.name]
    changes = [job for job in primary if job.stream.kind is StreamKind.INCREMENTAL]
    whole = [job for job in primary if job.stream.kind is not StreamKind.INCREMENTAL]
    found = _volume(record, whole, gates) if whole else []
    found += _incremental(record, changes, gates) if changes else []
    return [*found, *_columns(record, gates)]


def tonight(jobs: Sequence[Slice]) -> sa.CTE:
    """The landed slices of these jobs, with how far their streams were read before."""
    slice_, state = ops.slice_, ops.stream_state
    return (sa.select(slice_.c.slice_id, slice_.c.stream_key, slice_.c.first_day, slice_.c.last_day,
                      slice_.c.received_rows, state.c.covered_to_day)
            .select_from(slice_.outerjoin(state, state.c.stream_key == slice_.c.stream_key))
            .where(slice_.c.run_id == jobs[0].run_id, slice_.c.status == "landed",
                   slice_.c.stream_key.in_(sorted({job.stream_key for job in jobs}))).cte())


def _volume(record: Table, jobs: list[Slice], gates: Gates) -> list[Fact]:
    slices = tonight(jobs)
    normal = sorted({job.stream_key for job in jobs if job.stream.empty_is_normal})
    counted = _reread(record, slices)
    odd = _odd(counted, gates)
    empty = sa.and_(counted.c.stream_key.not_in(normal), counted.c.rows_before > 0, counted.c.rows_now == 0)
    meaning = f"volume left {gates.volume_drop:g}..{gates.volume_rise:g} times its history"
    found = [_fact(record, "rows are where rows were", counted, sa.or_(odd, empty), meaning)]
    if "day" in record.by_name:
        newest = _newest(record, slices)
        found.append(_fact(record, "the newest day is as full as others", newest,
                           sa.and_(_odd(newest, gates), newest.c.rows_now > 0), meaning))
    return found


def _fact(record: Table, name: str, counted: sa.CTE, wrong: sa.ColumnElement[bool], meaning: str) -> Fact:
    evaluated = sa.select(sa.func.count()).select_from(counted).where(counted.c.rows_before > 0)
    return Fact(record.name, name, Severity.FAIL, sa.select(counted).where(wrong), evaluated, meaning)


def _odd(counted: sa.CTE, gates: Gates) -> sa.ColumnElement[bool]:
    got, had = counted.c.rows_now, counted.c.rows_before
    return sa.and_(had >= FLOOR, sa.or_(got < had * gates.volume_drop, got > had * gates.volume_rise))


def _reread(record: Table, slices: sa.CTE) -> sa.CTE:
    """Rows tonight against rows held, per slice, over the days that staging already covers."""
    new, old = ddl.table(record, "incoming"), ddl.table(record)
    mine, theirs = new.c.slice_id == slices.c.slice_id, old.c.stream_key == slices.c.stream_key
    if "day" in record.by_name:
        mine = sa.and_(mine, new.c.day <= slices.c.covered_to_day)
        theirs = sa.and_(theirs, old.c.day.between(slices.c.first_day, slices.c.last_day))
    return _side_by_side(slices, _per_slice(slices, new, mine), _per_slice(slices, old, theirs), "reread")


def _newest(record: Table, slices: sa.CTE) -> sa.CTE:
    """Rows of the newest day against the mean of the same weekday in the four weeks before."""
    new, old = ddl.table(record, "incoming"), ddl.table(record)
    is_new = slices.c.last_day > slices.c.covered_to_day
    mine = sa.and_(new.c.slice_id == slices.c.slice_id, new.c.day == slices.c.last_day, is_new)
    weekdays = [day_plus(slices.c.last_day, -7 * back) for back in range(1, _WEEKS + 1)]
    theirs = sa.and_(old.c.stream_key == slices.c.stream_key, old.c.day.in_(weekdays), is_new)
    mean = sa.cast(sa.func.count(), sa.Double()) / sa.func.count(old.c.day.distinct())
    return _side_by_side(slices, _per_slice(slices, new, mine), _per_slice(slices, old, theirs, mean), "newest")


def _per_slice(slices: sa.CTE, table: sa.Table, on: sa.ColumnElement[bool], measure: Any = None) -> sa.Subquery:
    rows = sa.func.count() if measure is None else measure
    return (sa.select(slices.c.slice_id, rows.label("n")).select_from(slices.join(table, on))
            .group_by(slices.c.slice_id).subquery())


def _side_by_side(slices: sa.CTE, now: sa.Subquery, before: sa.Subquery, name: str) -> sa.CTE:
    joined = (slices.outerjoin(now, now.c.slice_id == slices.c.slice_id)
              .outerjoin(before, before.c.slice_id == slices.c.slice_id))
    return sa.select(slices.c.stream_key, slices.c.first_day, slices.c.last_day,
                     sa.func.coalesce(now.c.n, 0).label("rows_now"),
                     sa.func.coalesce(before.c.n, 0).label("rows_before")).select_from(joined).cte(name)


def _incremental(record: Table, jobs: list[Slice], gates: Gates) -> list[Fact]:
    """A night's changes against the quietest of the nights before: half of the quietest Sunday is no Sunday."""
    slice_, now = ops.slice_, tonight(jobs)
    earlier = (sa.select(slice_.c.stream_key, sa.func.min(slice_.c.received_rows).label("least"),
                         sa.func.max(slice_.c.received_rows).label("most"))
               .where(slice_.c.run_id != jobs[0].run_id, slice_.c.status == "staged", slice_.c.since.is_not(None))
               .group_by(slice_.c.stream_key).having(sa.func.count() >= _NIGHTS).subquery("earlier"))
    joined = now.join(earlier, earlier.c.stream_key == now.c.stream_key)
    query = sa.select(now.c.stream_key, now.c.received_rows, earlier.c.least, earlier.c.most).select_from(joined)
    evaluated = sa.select(sa.func.count()).select_from(joined)
    few = sa.and_(earlier.c.least >= FLOOR, now.c.received_rows < earlier.c.least * gates.volume_drop)
    many = sa.and_(earlier.c.most >= FLOOR, now.c.received_rows > earlier.c.most * gates.volume_rise)
    return [
        Fact(record.name, "changes keep coming", Severity.FAIL, query.where(few), evaluated,
             f"fewer than {gates.volume_drop:g} of the quietest night"),
        Fact(record.name, "changes do not explode", Severity.WARN, query.where(many), evaluated,
             f"more than {gates.volume_rise:g} times the busiest night"),
    ]


def _columns(record: Table, gates: Gates) -> list[Fact]:
    """Columns that went null, and metrics that stopped varying, per stream."""
    optional = [c.name for c in record.columns if not c.required and c.name not in TECHNICAL]
    measures = [c.name for c in record.columns if c.field.kind in _MEASURES and c.name in record.measures]
    if not optional:
        return []
    now, before = _profile(record, "incoming", optional, measures), _profile(record, None, optional, measures)
    both = now.join(before, now.c.stream_key == before.c.stream_key)
    evaluated = sa.select(sa.func.count()).select_from(both)
    solid = [name for name in optional if name not in TRACKING]
    found = [
        Fact(record.name, "no column goes silent", Severity.FAIL, _silent(both, now, before, solid, 0.2),
             evaluated, "all null tonight, filled before"),
        Fact(record.name, "columns stay filled", Severity.WARN,
             _emptier(both, now, before, optional, gates.null_share_rise), evaluated, "far more nulls than before"),
    ] if solid else []
    if "day" in record.by_name and measures:
        found.append(Fact(record.name, "metrics vary", Severity.FAIL, _constant(both, now, before, measures),
                          evaluated, "one and the same value everywhere, many values before"))
    return found


def _profile(record: Table, schema: str | None, optional: list[str], measures: list[str]) -> Any:
    table = ddl.table(record, schema)
    day = [sa.func.count(table.c.day.distinct()).label("days")] if "day" in table.c else []
    columns = [sa.func.count(table.c[name]).label(f"f_{name}") for name in optional]
    varied = [sa.func.count(table.c[name].distinct()).label(f"v_{name}") for name in measures] if day else []
    read = sa.select(ddl.table(record, "incoming").c.stream_key)
    where = [table.c.stream_key.in_(read)] if schema is None else []  # history only of the streams read tonight
    return sa.select(table.c.stream_key, sa.func.count().label("n"), *day, *columns, *varied).where(*where).group_by(
        table.c.stream_key).cte()


def _silent(both: Any, now: Any, before: Any, names: list[str], share: float) -> sa.Select[Any]:
    return _per_column(both, now, names, lambda name: sa.and_(
        now.c[f"f_{name}"] == 0, before.c[f"f_{name}"] >= before.c.n * share))


def _emptier(both: Any, now: Any, before: Any, names: list[str], rise: float) -> sa.Select[Any]:
    def wrong(name: str) -> sa.ColumnElement[bool]:
        filled = sa.cast(now.c[f"f_{name}"], sa.Double()) / now.c.n
        lost: sa.ColumnElement[bool] = sa.cast(before.c[f"f_{name}"], sa.Double()) / before.c.n - filled > rise
        return lost
    return _per_column(both, now, names, wrong)


def _constant(both: Any, now: Any, before: Any, names: list[str]) -> sa.Select[Any]:
    return _per_column(both, now, names, lambda name: sa.and_(
        now.c.days >= _NIGHTS, now.c[f"v_{name}"] == 1, before.c[f"v_{name}"] >= _VARIED))


def _per_column(both: Any, now: Any, names: list[str],
                wrong: Callable[[str], sa.ColumnElement[bool]]) -> sa.Select[Any]:
    queries = [sa.select(now.c.stream_key, sa.literal(name).label("column_name"), now.c.n.label("rows_now"))
               .select_from(both).where(now.c.n >= 2 * FLOOR, wrong(name)) for name in names]
    return sa.select(sa.union_all(*queries).subquery())
