"""The night, in the order in which the data flows. It reads like a sentence; the steps are in `flows.steps`.

It needs no server: lock, ledger, state and publication live in the warehouse. Killed anywhere, the same call
continues: what was landed is not fetched again, what was staged is not staged again, what was published stays.
"""

from __future__ import annotations

from datetime import datetime

from crosscheck.errors import CrosscheckError
from crosscheck.faultpoints import Faultpoint, faultpoint
from crosscheck.settings import Settings
from crosscheck.windows import Window
from expectations.acceptance import NOTHING, Acceptance
from flows import ending, steps
from flows.outcome import Night, Outcome
from flows.runner import Runner, Threads
from flows.sources import chosen
from warehouse import open_warehouse

__all__ = ["Night", "Outcome", "night"]


def night(settings: Settings, as_of: datetime, *, kind: str = "nightly", window: Window | None = None,
          only: tuple[str, ...] = (), runner: Runner | None = None, resume: bool = False,
          accepted: Acceptance = NOTHING) -> Night:
    """Play one night and say what became of it. `window` is a backfill's; `only` names sources; with `resume` an
    unfinished run of the last hours goes on under its own clock; `accepted` are checks that may not stop this one.

    Raises LockHeld when another run is writing, ConfigError when nothing can start; everything that happens to a
    single source, account or slice is part of the answer instead.
    """
    for source in chosen(settings, only):
        source.require_environment()
    with open_warehouse(settings) as wh:
        faultpoint(Faultpoint.LOCK_TAKEN)
        work = steps.begin(settings, wh, as_of, kind=kind, window=window, only=only,
                           runner=runner or Threads(), resume=resume)
        work.accepted = accepted
        try:
            outcome = _play(work)
        except CrosscheckError as error:
            ending.failed(work, error)
            raise
        return ending.finish(work, outcome)


def _play(work: steps.Work) -> Outcome:
    if work.run.published:  # killed between publication and telling: only telling is left
        ending.remember(work)
        return _published(work)
    steps.plan_slices(work)
    steps.read(work)
    if not work.landed:
        return Outcome.UNREAD
    if not steps.staged_before(work):
        steps.load(work)
        if not steps.gate(work, 1):
            return Outcome.GATE_FAILED
        steps.stage_slices(work)
    if not steps.gate(work, 2):
        return Outcome.GATE_FAILED
    steps.build_marts(work)
    if not steps.gate(work, 3):
        return Outcome.GATE_FAILED
    steps.publish_marts(work)
    return _published(work)


def _published(work: steps.Work) -> Outcome:
    return Outcome.PARTIAL if work.stale else Outcome.PUBLISHED
