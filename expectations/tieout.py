"""Gate 3: the marts about to be published against staging, against themselves and against what readers see now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import AD_DAILY, LEAD, LEAD_MERGE
from crosscheck.fields.ads import LEVELS
from crosscheck.settings import Gates
from expectations.rules import Fact, Severity, flag
from expectations.volume import FLOOR
from warehouse import ddl
from warehouse.marts.base import BuiltMart, Check

#: Keys that point at a person; a failing row is counted, not named.
_PERSONAL = frozenset({"lead_id", "deal_id", "person_key", "head_lead_id", "root_id"})
#: What `leak_waterfall` counts beside the unique leads, said once more: a check does not ask what it checks.
_ASIDE = ("test_lead", "duplicate")
_SMALLEST: sa.ColumnElement[Any] = sa.literal_column("0.000001")


def checks(mart: BuiltMart, declared: Sequence[Check]) -> list[Fact]:
    """The mart's own checks: each predicate must be true for every row, null is a failure."""
    table = ddl.table(mart.table, "mart_next")
    shown: list[Any] = [table.c[name] for name in mart.table.key if name not in _PERSONAL]
    every = sa.select(sa.func.count()).select_from(table)
    return [Fact(mart.table.name, check.name, Severity(check.severity),
                 sa.select(*(shown or [sa.literal("a row").label("row")])).select_from(table)
                 .where(sa.literal_column(f"(({check.predicate}) IS NOT TRUE)")), every, check.predicate)
            for check in declared]


def facts(built: Sequence[BuiltMart], gates: Gates) -> list[Fact]:
    """Sums tie out, no mart lost most of its rows; over the rebuilt partitions."""
    by_name = {mart.table.name: mart for mart in built}
    found = [_shrunk(mart, gates) for mart in built if not mart.is_of_one_night]
    if "campaign_roi_daily" in by_name:
        found += _spend(by_name["campaign_roi_daily"])
    if "lead_fact" in by_name:
        found.append(_leads(by_name["lead_fact"]))
    if "leak_waterfall" in by_name:
        found.append(_causes(by_name["leak_waterfall"]))
    return found


def rebuilt(mart: BuiltMart, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a date of another table lies in the partitions that the mart was rebuilt for."""
    if mart.partitions is None:
        return sa.true()
    return column.in_(mart.partitions) if mart.partitions else sa.false()


def _shrunk(mart: BuiltMart, gates: Gates) -> Fact:
    old, new = ddl.table(mart.table, "mart"), ddl.table(mart.table, "mart_next")
    same = rebuilt(mart, old.c[mart.partition_column]) if mart.partition_column else sa.true()
    before = sa.select(sa.func.count().label("rows_published")).select_from(old).where(same).subquery("before")
    now = sa.select(sa.func.count().label("rows_next")).select_from(new).subquery("now")
    query = sa.select(before.c.rows_published, now.c.rows_next).select_from(before.join(now, sa.true()))
    lost = sa.and_(before.c.rows_published >= FLOOR, now.c.rows_next < before.c.rows_published * gates.volume_drop)
    return Fact(mart.table.name, "the mart did not shrink", Severity.FAIL, query.where(lost),
                sa.select(before.c.rows_published),
                f"fewer than {gates.volume_drop:g} of the rows that readers see now")


def _spend(mart: BuiltMart) -> list[Fact]:
    """Spend of every account and day in the mart equals the control total, or the coarsest level without one."""
    row, mart_row = ddl.table(AD_DAILY), ddl.table(mart.table, "mart_next")
    place = ("platform", "account_id", "day")
    at_level = {level: sa.func.sum(sa.case((row.c.level == level, row.c.spend_amount))) for level in LEVELS}
    has_control = sa.func.max(flag(sa.and_(row.c.level == "account", row.c.spend_amount.is_not(None))))
    staged = (sa.select(*(row.c[name] for name in place), has_control.label("has_control"),
                        sa.func.coalesce(*at_level.values()).label("spend"))
              .where(rebuilt(mart, row.c.day)).group_by(*(row.c[name] for name in place)).cte("staged"))
    summed = (sa.select(*(mart_row.c[name] for name in place), sa.func.sum(mart_row.c.spend_amount).label("spend"))
              .where(mart_row.c.spend_amount.is_not(None))
              .group_by(*(mart_row.c[name] for name in place)).cte("summed"))
    both = staged.join(summed, sa.and_(*(staged.c[n] == summed.c[n] for n in place)), full=True)
    columns = [sa.func.coalesce(staged.c[name], summed.c[name]).label(name) for name in place]
    query = sa.select(*columns, staged.c.spend.label("staged"), summed.c.spend.label("in_mart")).select_from(both)
    differs = sa.func.abs(sa.func.coalesce(staged.c.spend, 0) - sa.func.coalesce(summed.c.spend, 0)) >= _SMALLEST
    controlled = sa.func.coalesce(staged.c.has_control, 1) == 1
    evaluated = sa.select(sa.func.count()).select_from(both)
    return [
        Fact(mart.table.name, "spend equals the control total", Severity.FAIL, query.where(differs, controlled),
             evaluated, "the mart's spend of an account and day is not the platform's total"),
        Fact(mart.table.name, "spend equals what was reported", Severity.WARN,
             query.where(differs, sa.not_(controlled)), evaluated,
             "no control total; the mart's spend is not the sum of the coarsest level"),
    ]


def _leads(mart: BuiltMart) -> Fact:
    """Every lead that was not merged away is in the mart, per source and day of creation."""
    lead, merge, fact = ddl.table(LEAD), ddl.table(LEAD_MERGE), ddl.table(mart.table, "mart_next")
    gone = sa.exists().where(merge.c.source == lead.c.source, merge.c.lead_id == lead.c.lead_id).correlate(lead)
    staged = (sa.select(lead.c.source, lead.c.created_day, sa.func.count().label("n"))
              .where(~gone, rebuilt(mart, lead.c.created_day)).group_by(lead.c.source, lead.c.created_day).cte("alive"))
    there = (sa.select(fact.c.source, fact.c.created_day, sa.func.count().label("n"))
             .group_by(fact.c.source, fact.c.created_day).cte("facts"))
    both = staged.join(there, sa.and_(staged.c.source == there.c.source,
                                      staged.c.created_day == there.c.created_day), full=True)
    query = sa.select(sa.func.coalesce(staged.c.source, there.c.source).label("source"),
                      sa.func.coalesce(staged.c.created_day, there.c.created_day).label("created_day"),
                      staged.c.n.label("staged"), there.c.n.label("in_mart")).select_from(both)
    return Fact(mart.table.name, "every lead is there once", Severity.FAIL,
                query.where(staged.c.n.is_distinct_from(there.c.n)),
                sa.select(sa.func.count()).select_from(both), "leads in staging and leads in the mart differ")


def _causes(mart: BuiltMart) -> Fact:
    """Each unique lead of a campaign and month has one cause, and the money of all causes is that of all leads."""
    row = ddl.table(mart.table, "mart_next")
    key = [row.c[name] for name in ("platform", "account_id", "campaign_id", "cohort_month")]
    people, caused = sa.func.max(row.c.unique_lead_count), sa.case((row.c.leak_cause.not_in(_ASIDE), row.c.lead_count))
    counted = sa.func.coalesce(sa.func.sum(caused), 0)
    worth = [sa.func.sum(row.c[f"leak_{kind}_amount"]).is_distinct_from(
        sa.func.max(row.c[f"average_{kind}_amount"]) * people) for kind in ("revenue", "margin")]
    query = sa.select(*key, counted.label("with_a_cause"), people.label("unique_leads")).group_by(*key)
    return Fact(mart.table.name, "the causes add up", Severity.FAIL, query.having(sa.or_(counted != people, *worth)),
                sa.select(sa.func.count()).select_from(row),
                "leads or money over all causes are not those of the unique leads")
