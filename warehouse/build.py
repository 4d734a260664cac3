"""The marts, built beside the published ones: whole, or only where something changed.

What changed is known from three sides: marks left by staging (`warehouse.dirty`), what lies under a build and is
compared with its last state (rates, campaign names), and the new facts compared with the published ones. Each can
only add partitions, so that a build of parts gives the same tables as a build of everything.
"""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import takewhile
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import create_mock_engine

from crosscheck.faultpoints import Faultpoint, faultpoint
from crosscheck.rules import Head, LeadStates, Rules, default_rules, load_rules
from crosscheck.settings import Settings
from warehouse import ddl, dirty, ops
from warehouse.engine import Warehouse
from warehouse.ledger import Run
from warehouse.marts import MARTS, BuiltMart, Mart, rule_change_effect
from warehouse.rehearsal import Effect, Judged, Totals, keep_contents, moved, rehearsed, totals
from warehouse.scope import Scopes
from warehouse.staging.agreements import refresh_agreements
from warehouse.staging.base import Context
from warehouse.staging.calendar import refresh_days
from warehouse.staging.clock import library, refresh_clock
from warehouse.staging.fx import fx_daily
from warehouse.staging.names import campaign_key
from warehouse.staging.persons import lead_person
from warehouse.staging.records import BUILD_BASIS, BUSINESS_CLOCK, BUSINESS_DAY
from warehouse.underlay import refresh_keys, refresh_persons, refresh_rates

_DEFINITIONS = ("marts", "staging", "metrics.py", "shims.py")


@dataclass(frozen=True)
class BuildReport:
    """What `mart_next` now holds. `full`: everything was built. `seconds` by mart, steps counted where first used."""

    marts: list[BuiltMart]
    full: bool
    seconds: dict[str, float] = field(default_factory=dict)


def build(wh: Warehouse, run: Run, *, full: bool = False, states: LeadStates | None = None,
          rules: Rules | None = None) -> BuildReport:
    """Fill `mart_next` in one transaction; nothing that readers see changes.

    `states` are the agreed meanings of statuses, loaded first; without them those of the last build hold. `rules` are
    the other rule files, by default as shipped. Everything is built when asked for, the first time, and when rules,
    currency or definitions changed.
    """
    now, heads = Judged(rules or default_rules(), state_rules(wh.settings, states)), states.heads if states else None
    with _no_collection():
        effects = rehearsed(wh, now, states, lambda conn, then: _rehearse(conn, wh.settings, run, then))
        return wh.write(lambda conn: _build(conn, wh.settings, run, full, now, heads, effects))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Statements are cycles that live as long as the build: the collector would walk them over and over, a tenth of a
    quiet night's build, and find nothing to free.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def context(settings: Settings, as_of: datetime, conn: sa.Connection | None = None,
            rules: Rules | None = None) -> Context:
    """The context of a build; without a connection, one that prints selects."""
    return Context(
        as_of=as_of, time_zone=settings.project.time_zone, reporting_currency=settings.project.reporting_currency,
        fx_max_age_days=settings.gates.fx_max_age_days, conn=conn, rules=rules or default_rules(),
        privacy_key=lambda: settings.secret(settings.privacy_key),
        sources=tuple((source.name, source.max_age_hours) for source in settings.sources))


def _build(conn: sa.Connection, settings: Settings, run: Run, full: bool, by: Judged,
           heads: Mapping[str, Head] | None, effects: Sequence[Effect]) -> BuildReport:
    clock = _Clock()
    dirty.load_files(conn, by.rules.heads, heads)
    keep_contents(conn, by.rules)
    ctx = _underlaid(conn, settings, run, by)
    ctx.effects = lambda: moved(effects, totals(conn, _facts())) if effects else ()
    whole = full or bool(effects) or _everything(conn)
    scopes = Scopes(conn, ctx) if not whole else None
    clock.lap("changes")
    built = []
    for mart in MARTS:
        built.append(_make(conn, ctx, mart, scopes))
        clock.lap(mart.name)
        faultpoint(Faultpoint.MID_BUILD)
    return BuildReport(built, whole, clock.laps)


def _rehearse(conn: sa.Connection, settings: Settings, run: Run, by: Judged) -> Totals:
    """What everything adds up to by other rules."""
    ctx = _underlaid(conn, settings, run, by)
    for mart in _facts():
        _make(conn, ctx, mart, None)
    return totals(conn, _facts())


def _facts() -> list[Mart]:
    """The marts that are built before what rules did to them is told."""
    return [*takewhile(lambda mart: mart.record is not rule_change_effect.RECORD, MARTS)]


def _underlaid(conn: sa.Connection, settings: Settings, run: Run, by: Judged) -> Context:
    """The context of a build, with everything refreshed that lies under it."""
    ctx, zone = context(settings, run.as_of, conn, by.rules), settings.project.time_zone
    if by.meanings is not None:
        dirty.load_rules(conn, by.meanings)
    ctx.rule_version = dirty.rule_version(conn)
    refresh_agreements(conn, by.rules.commitments)
    _compare_basis(conn, settings, by.rules)
    refresh_days(conn, by.rules.sla, zone, run.as_of)
    refresh_clock(conn, by.rules.sla.hours, zone, run.as_of)
    refresh_rates(conn, ctx.step(fx_daily))
    refresh_keys(conn, ctx.step(campaign_key))
    refresh_persons(conn, ctx.step(lead_person))
    return ctx


def _make(conn: sa.Connection, ctx: Context, mart: Mart, scopes: Scopes | None) -> BuiltMart:
    """One mart into `mart_next`, for its scope."""
    partitions, chosen = scopes.plan(mart) if scopes else (None, mart.select(ctx))
    target = ddl.table(mart.record, "mart_next")
    conn.execute(sa.text(f"TRUNCATE {target.fullname}"))
    rows = 0
    if chosen is not None:
        rows = conn.execute(sa.insert(target).from_select(target.c.keys(), chosen)).rowcount
        _analyse(conn, target)
    return BuiltMart(mart.record, mart.partition.column if mart.partition else None, partitions, rows,
                     mart.is_of_one_night)


def _analyse(conn: sa.Connection, target: sa.Table) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text(f"ANALYZE {target.fullname}"))


def state_rules(settings: Settings, states: LeadStates | None) -> list[tuple[str, str, str, str, str]] | None:
    """The agreed meanings by configured source: a file of its own name goes before its connector's."""
    if states is None:
        return None
    return [(source.name, field, status, state, states.version) for source in settings.sources
            for (field, status), meant in states.states_for(source.name, source.connector).items() for state in meant]


def _everything(conn: sa.Connection) -> bool:
    """Whether nothing was published yet, or a change of meaning waits for its publication."""
    if conn.execute(sa.select(ops.publication.c.run_id).limit(1)).first() is None:
        return True
    return conn.execute(sa.select(ops.dirty.c.day).where(ops.dirty.c.basis == dirty.ALL).limit(1)).first() is not None


def _compare_basis(conn: sa.Connection, settings: Settings, rules: Rules) -> None:
    """Mark everything, and forget the calendars, when currency, zone, rate's age, rules or code are others by now."""
    basis = ddl.table(BUILD_BASIS)
    project = settings.project
    now = "|".join((project.reporting_currency, project.time_zone, str(settings.gates.fx_max_age_days), rules.version,
                    library(), definitions()))
    if conn.scalar(sa.select(basis.c.fingerprint)) == now:
        return
    conn.execute(sa.delete(basis))
    for calendar in (BUSINESS_DAY, BUSINESS_CLOCK):
        conn.execute(sa.delete(ddl.table(calendar)))
    conn.execute(sa.insert(basis).values(fingerprint=now))
    dirty.mark_all(conn)


@cache
def definitions() -> str:
    """Content version of the code that defines the marts: an edited select builds everything anew."""
    here, digest = Path(__file__).parent, hashlib.sha256()
    for name in _DEFINITIONS:
        for file in sorted((here / name).glob("*.py")) if (here / name).is_dir() else [here / name]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


class _Clock:
    """Seconds between laps."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now, self._last = now, now()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Book the time since the lap before."""
        then, self._last = self._last, self._now()
        self.laps[name] = self._last - then


def printed(mart: Mart, settings: Settings, as_of: datetime, dialect: str) -> str:
    """A mart's whole definition as one statement in an engine's words: steps as CTEs, earlier marts as published.

    Rules are the company's own, as a night reads them.
    """
    chosen = mart.select(context(settings, as_of, rules=load_rules(settings.path(settings.rules))))
    named = create_mock_engine(f"{dialect}://", lambda *_: None).dialect
    return str(chosen.compile(dialect=named, compile_kwargs={"literal_binds": True}))
