"""How long each lead waited, and for whom: for the system to hand it over, or for a person to act on it.

    created --routing--> handed over --human--> first attempt --answer--> first answered contact
       `------------------whole-------------------^

An attempt is a person's outbound touch, or an answered contact where the customer was quicker. Who attempts has the
lead: a hand-over written down later than the attempt happened with it. What comes more than HORIZON days after
creation counts as not yet come, for old leads as for young ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crosscheck.fields import FIELDS
from warehouse import ddl
from warehouse.marts.metric_coverage import RECORD as METRIC_COVERAGE
from warehouse.shims import Expression, date_add_days, seconds_between
from warehouse.staging.base import Context, Part, Selectable, stack
from warehouse.staging.hours import whole_second, with_business

HORIZON = 30
AGE = sa.literal_column(str(HORIZON), sa.BigInteger())
CLOCKS = ("all_hours", "business_hours")
#: The bands of a delay's length by their upper ends in seconds, which belong to them; None: no end.
BANDS: Mapping[str, int | None] = {"0_5": 300, "5_15": 900, "15_60": 3600, "over_60": None}
_MOMENTS = ("created", "handed", "attempted", "answered", "closes")
_KINDS: Mapping[str, Any] = {
    "delay": sa.Text(), "clock": sa.Text(), "is_started": sa.Boolean(), "is_ended": sa.Boolean(),
    "seconds": sa.BigInteger()}


@dataclass(frozen=True)
class Delay:
    """One stage: from which moment to which, and the metrics of a source that must be published for it to be shown."""

    name: str
    start: str
    end: str
    needs: tuple[str, ...]


DELAYS = (
    Delay("whole", "created", "attempted", ("speed_to_lead",)),
    Delay("routing", "created", "handed", ("routing_delay",)),
    Delay("human", "handed", "attempted", ("speed_to_lead", "routing_delay")),
    Delay("answer", "attempted", "answered", ("speed_to_lead",)))


def published_delay(ctx: Context) -> sa.Select[tuple[str, str]]:
    """One row per source and delay of which enough is on record to be published."""
    cover = ctx.current(METRIC_COVERAGE).alias("cover")
    sources = [sa.select(cover.c.source, sa.literal(delay.name, sa.Text()).label("delay"))
               .where(cover.c.is_published, cover.c.metric.in_(delay.needs)).group_by(cover.c.source)
               .having(sa.func.count() == len(delay.needs)) for delay in DELAYS]
    return sa.select(sa.union_all(*sources).subquery("sources"))


def turned_sources(ctx: Context) -> sa.Select[tuple[str]]:
    """Sources that may publish a metric today and might not as of what is published, or the other way round."""
    now, before = ctx.current(METRIC_COVERAGE).alias("now"), ddl.table(METRIC_COVERAGE, "mart")
    same = sa.and_(before.c.source == now.c.source, before.c.metric == now.c.metric)
    return sa.select(now.c.source).join(before, same).where(before.c.is_published != now.c.is_published)


def lead_moments(lead: Selectable, names: tuple[str, ...], where: Expression, horizon: Expression = AGE,
                 timed: tuple[str, ...] = _MOMENTS) -> sa.CTE:
    """Unique leads of `lead_fact` with the named columns, their moments, and the business time passed by some of them.

    `closes` is the end of the horizon. A moment that is not on record, or after it, is null.
    """
    second = {name: whole_second(lead.c[f"{name}_at"]) for name in ("created", "assigned", "first_touch", "answered")}
    closes = date_add_days(second["created"], horizon)
    attempted = sa.func.least(second["first_touch"], second["answered"], type_=sa.DateTime())
    handed = sa.case((second["assigned"].is_not(None), sa.func.least(second["assigned"], attempted,
                                                                     type_=sa.DateTime())))
    seen = {"handed": handed, "attempted": attempted, "answered": second["answered"]}
    row = sa.select(
        *(lead.c[name] for name in dict.fromkeys(("source", *names))),
        second["created"].label("created"), closes.label("closes"),
        *(sa.case((moment <= closes, moment)).label(name) for name, moment in seen.items()),
    ).where(lead.c.is_unique, where).subquery("moments")
    origin: Selectable = row
    passed = []
    for name in timed:
        origin, business = with_business(origin, row.c[name], f"{name}_day")
        passed.append(business.label(f"{name}_business"))
    return sa.select(row, *passed).select_from(origin).cte("moments_passed")


def lead_delays(ctx: Context, moments: Selectable, names: tuple[str, ...],
                delays: Sequence[Delay] = DELAYS) -> sa.Subquery:
    """One row per lead, delay that its source may publish, and clock, with the named columns of the lead.

    `seconds` last until the delay's end, else until the horizon's. A delay has not started (all null) while the moment
    from which it runs is not on record. So has routing where somebody attempted and nobody wrote down the hand-over.
    """
    shown = ctx.step(published_delay)
    types = {name: ddl.sql_type(FIELDS[name].kind) for name in ("source", *names)}
    every = stack(*_parts(moments, tuple(types), delays), types={**types, **_KINDS})
    return (sa.select(every).join(shown, sa.and_(shown.c.source == every.c.source, shown.c.delay == every.c.delay))
            .subquery("delays"))


def in_band(each: Selectable, band: str) -> Expression:
    """Whether a delay ended, and took as long as the band says."""
    ends = [end for end in BANDS.values() if end is not None]
    place = list(BANDS).index(band)
    above = [each.c.seconds > ends[place - 1]] if place else []
    below = [each.c.seconds <= ends[place]] if place < len(ends) else []
    return sa.and_(each.c.is_ended, *above, *below)


def _parts(row: Selectable, names: tuple[str, ...], delays: Sequence[Delay]) -> Iterator[Part]:
    for delay in delays:
        start, end = row.c[delay.start], row.c[delay.end]
        started: Expression = start.is_not(None)
        if delay.name == "routing":
            started = sa.or_(end.is_not(None), row.c.attempted.is_(None))
        business = (sa.func.coalesce(row.c[f"{delay.end}_business"], row.c.closes_business)
                    - row.c[f"{delay.start}_business"])
        spans = (seconds_between(start, sa.func.coalesce(end, row.c.closes)), business)
        for clock, seconds in zip(CLOCKS, spans, strict=True):
            values: dict[str, Expression] = {
                **{name: row.c[name] for name in names}, "delay": sa.literal(delay.name), "clock": sa.literal(clock),
                "is_started": started, "is_ended": sa.and_(started, end.is_not(None)),
                "seconds": sa.case((started, seconds))}
            yield row, values, sa.true()
