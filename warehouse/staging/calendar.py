"""Business hours as instants: no engine is asked about time zones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.rules import LeadKind, Sla
from crosscheck.windows import local_day
from warehouse import ddl
from warehouse.load import load_arrow
from warehouse.shims import Expression, date_add_seconds
from warehouse.staging.base import Context, Selectable
from warehouse.staging.records import BUSINESS_DAY

#: Beyond the last day of a calendar: holidays and weekends may be this long.
_AHEAD = timedelta(days=31)


def refresh_days(conn: sa.Connection, sla: Sla, zone: str, as_of: datetime) -> None:
    """Write the calendar anew where it does not reach, or was made by other rules or for another zone.

    It covers whole years, so that a quiet night writes nothing.
    """
    day, lead = ddl.table(BUSINESS_DAY), ddl.table(LEAD)
    today = local_day(as_of, zone)
    oldest = conn.scalar(sa.select(sa.func.min(lead.c.created_day))) or today
    first, last = date(min(oldest, today).year, 1, 1), date(today.year, 12, 31)
    made_for, known = f"{sla.head.version} {zone}", day.c.business_day
    bounds = sa.select(sa.func.min(known), sa.func.max(known), sa.func.max(day.c.rule_version))
    if tuple(conn.execute(bounds).one()) == (first, last, made_for):
        return
    conn.execute(sa.delete(day))
    rows = [{**row, "rule_version": made_for} for row in _days(sla, zone, first, last)]
    load_arrow(conn, day, pa.Table.from_pylist(rows, schema=BUSINESS_DAY.arrow()))


def _days(sla: Sla, zone: str, first: date, last: date) -> Iterator[dict[str, Any]]:
    """Each calendar day: its opening and closing, if it has any, and the next opening after the day."""
    following: datetime | None = None
    for back in range((last + _AHEAD - first).days + 1):
        day = last + _AHEAD - timedelta(days=back)
        opens, closes = next(sla.hours.open_days(day, day, zone), (None, None))
        if day <= last:
            yield {"business_day": day, "opens_at": opens, "closes_at": closes, "next_opens_at": following}
        following = opens or following


def due_at(ctx: Context, lead: Selectable, day: Selectable) -> Expression:
    """Until when a lead is to be attempted first; `day` is the row of the calendar for its day of creation."""
    return _by_kind(ctx, lead, lambda kind: _due(lead, day, kind))


def lead_kind(ctx: Context, lead: Selectable) -> Expression:
    """The name of the first kind that fits."""
    return _by_kind(ctx, lead, lambda kind: sa.literal(kind.name))


def _by_kind(ctx: Context, lead: Selectable, value: Callable[[LeadKind], Expression]) -> Expression:
    *named, rest = ctx.rules.sla.kinds
    return sa.case(*((_is_kind(lead, kind), value(kind)) for kind in named), (sa.true(), value(rest)))


def _is_kind(lead: Selectable, kind: LeadKind) -> Expression:
    """Whether each list of a kind names the lead; unknown is no."""
    lists = {"sources": lead.c.source, "forms": lead.c.form_id}
    named: list[Expression] = [lists[name].in_(words) for name, words in kind.when.items() if name in lists]
    pages = kind.when.get("landing_pages")
    if pages is not None:
        named.append(sa.or_(sa.false(), *(lead.c.landing_page.startswith(page, autoescape=True) for page in pages)))
    return sa.and_(*named)


def _due(lead: Selectable, day: Selectable, kind: LeadKind) -> Expression:
    """The kind's minutes later; in business hours what the day does not hold passes from the next opening on."""
    seconds, created = kind.minutes * 60, lead.c.created_at
    if not kind.in_business_hours:
        return date_add_seconds(created, seconds)
    left: Expression = day.c.closes_at - created
    return sa.case(
        (sa.or_(day.c.opens_at.is_(None), created >= day.c.closes_at), date_add_seconds(day.c.next_opens_at, seconds)),
        (created < day.c.opens_at, date_add_seconds(day.c.opens_at, seconds)),
        (date_add_seconds(created, seconds) <= day.c.closes_at, date_add_seconds(created, seconds)),
        else_=date_add_seconds(day.c.next_opens_at - left, seconds))
