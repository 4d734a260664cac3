"""The steps of a night. Each is small, may be repeated, and leaves its mark in the ledger."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from connectors.base import Connector, Slice
from connectors.landing import LandingZone, Manifest
from connectors.reader import land
from crosscheck.errors import CrosscheckError
from crosscheck.faultpoints import Faultpoint, faultpoint
from crosscheck.rules import load_lead_states, load_rules
from crosscheck.settings import Settings
from crosscheck.windows import Window
from expectations.acceptance import NOTHING, Acceptance
from expectations.gate import GateResult, recorded, run_gate
from flows.plan import Clock, Known, plan
from flows.runner import Runner
from flows.sources import Opened, Refused, chosen, open_source
from warehouse import Warehouse, build, history, incoming, ledger, migrations, pauses, publish, stage
from warehouse.accounts import remember
from warehouse.ledger import Run
from warehouse.marts.base import BuiltMart

DEEP = "weekly_deep"


@dataclass
class Work:
    """A night under way: what it has, and what each step has added so far."""

    settings: Settings
    wh: Warehouse
    run: Run
    clock: Clock
    runner: Runner
    zone: LandingZone
    only: tuple[str, ...]
    accepted: Acceptance = NOTHING
    opened: dict[str, Opened] = field(default_factory=dict)
    jobs: list[Slice] = field(default_factory=list)
    landed: list[tuple[Slice, Manifest]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    paused: list[pauses.Pause] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    gates: list[GateResult] = field(default_factory=list)
    built: list[BuiltMart] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def stale(self) -> bool:
        """Whether a required source is missing from this night."""
        optional = {source.name for source in self.settings.sources if not source.required}
        return any(item.source not in optional for item in self.refused)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Where the night's time goes."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - began, 3)


def begin(settings: Settings, wh: Warehouse, as_of: datetime, *, kind: str, window: Window | None,
          only: tuple[str, ...], runner: Runner, resume: bool) -> Work:
    """Migrate, finish what a crash left half published, and begin the run or resume it.

    `resume`: the clock was not given by anybody, so an unfinished run of today goes on under its own.
    """
    migrations.migrate(wh)
    publish.finish_pending(wh)
    as_of = (history.unfinished(wh, kind, as_of) or as_of) if resume else as_of
    run = ledger.begin_run(wh, kind, as_of)
    clock = Clock(run.run_id, run.as_of, settings.project, window, deep=kind == DEEP)
    return Work(settings, wh, run, clock, runner, LandingZone(settings.landing), only)


def plan_slices(work: Work) -> None:
    """Open every source that is not paused, and list what tonight reads of it."""
    held = pauses.active(work.wh, work.run.as_of, work.settings.project.time_zone)
    wanted = chosen(work.settings, work.only)
    work.paused = [held[source.name] for source in wanted if source.name in held]
    sources = [source for source in wanted if source.name not in held]
    with work.timed("accounts"):
        answers = work.runner.map("connect", partial(open_source, settings=work.settings), sources)
    before = history.planned(work.wh, work.run.run_id)
    known = {key: Known(state.covered_to, state.cursor, state.definition, before.get(key, ()))
             for key, state in ledger.states(work.wh).items()}
    for answer in answers:
        if isinstance(answer, Refused):
            work.refused.append(answer)
            continue
        work.opened[answer.source.name] = answer
        remember(work.wh, work.run, answer.connector.name, answer.accounts)
        work.closed += [f"{answer.source.name} / {one.account_id} ({one.status})"
                        for one in answer.accounts if not one.is_open]
        work.jobs += plan(answer, work.clock, known)
    ledger.plan(work.wh, work.run, work.jobs)


def read(work: Work) -> None:
    """Every slice into landing, concurrently; a refused one is part of the answer."""
    with work.timed("read"):
        answers = work.runner.map("read", partial(_read, work), work.jobs)
    for job, answer in zip(work.jobs, answers, strict=True):
        if isinstance(answer, Manifest):
            work.landed.append((job, answer))
        else:
            work.refused.append(answer)
            ledger.refused(work.wh, work.run, job, answer.error)
    ledger.landed(work.wh, work.run, [manifest for _, manifest in work.landed])


def _read(work: Work, job: Slice) -> Manifest | Refused:
    connector: Connector = work.opened[job.source].connector
    try:
        return land(connector, job, work.zone)
    except CrosscheckError as error:
        return Refused(job.source, job.account.account_id, job.stream.name, error.at(str(job)))


def load(work: Work) -> None:
    """The landed slices into `incoming`, where gate 1 can ask them."""
    def step() -> None:
        incoming.clear(work.wh)
        incoming.load_many(work.wh, work.zone, [manifest for _, manifest in work.landed])

    with work.timed("load"):
        work.runner.call("load", step)


def staged_before(work: Work) -> bool:
    """Whether an earlier attempt has staged all that landed. Gate 1 let it in then, and is not asked again: by now
    tonight's rows are part of the history that it would hold them against.
    """
    staged = {row.slice_id for row in ledger.slices(work.wh, work.run.run_id) if row.status == "staged"}
    if not all(job.slice_id in staged for job, _ in work.landed):
        return False
    work.gates.append(recorded(1, work.wh, work.run))
    return True


def gate(work: Work, number: int) -> bool:
    """Ask a gate; False stops the night before anything becomes visible."""
    faultpoint(Faultpoint.BEFORE_GATE)
    with work.timed(f"gate {number}"):
        ask = partial(run_gate, number, work.wh, work.run, settings=work.settings, jobs=work.landed, built=work.built,
                      accepted=work.accepted)
        result = work.runner.call(f"gate {number}", ask)
    work.gates.append(result)
    return result.passed


def stage_slices(work: Work) -> None:
    """Slice by slice: rows, state and ledger in one transaction each."""
    with work.timed("stage"):
        work.runner.call("stage", lambda: stage.stage_slices(work.wh, work.run, work.landed))


def build_marts(work: Work) -> None:
    """The marts beside the published ones, for the days that changed."""
    folder = work.settings.path(work.settings.rules)
    states, rules = load_lead_states(folder / "lead_states"), load_rules(folder)

    def step() -> None:
        work.built = list(build.build(work.wh, work.run, states=states, rules=rules).marts)

    with work.timed("build"):
        work.runner.call("build", step)


def publish_marts(work: Work) -> None:
    """All marts of the night become visible together."""
    with work.timed("publish"):
        work.runner.call("publish", lambda: publish.publish(work.wh, work.run, work.built))
