"""The three gates. Each answers with every check it made; only `fail` checks stop the night.

1 judges tonight's rows before they enter staging, 2 staging before marts are built, 3 the marts before they are
published. Whatever a gate cannot evaluate counts as failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from connectors.base import Slice, StreamKind
from connectors.landing import Manifest
from crosscheck.rules import LeadStates, load_lead_states
from crosscheck.settings import Settings
from crosscheck.tables import Table
from expectations import freshness, promises, quarantine, reconcile, tieout, vanished, volume
from expectations.acceptance import NOTHING, Acceptance
from expectations.context import Session, session
from expectations.derive import derive
from expectations.docs import folder
from expectations.facts import check_facts
from expectations.rules import CheckResult, Severity
from expectations.run import check_table
from warehouse import ledger, ops
from warehouse.engine import Warehouse
from warehouse.ledger import Run
from warehouse.marts.base import BuiltMart


@dataclass(frozen=True)
class GateResult:
    """What a gate found. `quarantined` counts the rows that gate 1 moved out of `incoming`."""

    gate: int
    passed: bool
    checks: tuple[CheckResult, ...]
    quarantined: int = 0

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that stopped the night."""
        return tuple(check for check in self.checks if check.stops)

    @property
    def warned(self) -> tuple[CheckResult, ...]:
        """The checks that did not hold and are only told."""
        return tuple(check for check in self.checks if not check.success and not check.stops)


@dataclass(frozen=True)
class _Work:
    wh: Warehouse
    gx: Session
    run_id: str
    settings: Settings
    as_of: datetime


def run_gate(gate: int, wh: Warehouse, run: Run, *, settings: Settings,
             jobs: Sequence[tuple[Slice, Manifest]] = (), built: Sequence[BuiltMart] = (),
             accepted: Acceptance = NOTHING) -> GateResult:
    """Judge one gate and record every check in `ops.check_result`.

    Gates 1 and 2 need the slices that landed (`jobs`), gate 3 what was built. Raises nothing for bad data: read
    `passed`. The run's `as_of` is the clock. What a person has `accepted` is told and stops nothing.
    """
    slices, moved = [job for job, _ in jobs], 0
    with session(wh, folder(settings, run.run_id), run.run_id, run.as_of) as gx:
        work = _Work(wh, gx, run.run_id, settings, run.as_of)
        if gate == 1:
            checks, moved = _incoming(work, slices)
        else:
            checks = _staging(work, slices) if gate == 2 else _marts(work, built)
    checks = accepted.judged(checks)
    passed = bool(checks) and not any(check.stops for check in checks)
    ledger.record_checks(wh, run, gate, cast("Sequence[Any]", checks))
    return GateResult(gate, passed, tuple(checks), moved)


def recorded(gate: int, wh: Warehouse, run: Run) -> GateResult:
    """What an earlier attempt of the run found at a gate that let it pass."""
    c, out = ops.check_result.c, ops.quarantine.c
    asked = sa.select(c.table_name, c.check_name, c.severity, c.success, c.evaluated_rows, c.failing_rows, c.detail)
    moved = sa.select(sa.func.count()).where(out.run_id == run.run_id, out.refused_by == f"gate {gate}")
    with wh.engine.connect() as conn:
        rows = conn.execute(asked.where(c.run_id == run.run_id, c.gate == gate)).all()
        checks = tuple(CheckResult(table, name, Severity(severity), *rest) for table, name, severity, *rest in rows)
        return GateResult(gate, passed=True, checks=checks, quarantined=int(conn.scalar(moved) or 0))


def _incoming(work: _Work, jobs: Sequence[Slice]) -> tuple[list[CheckResult], int]:
    """Rows first, then what is left against history: a column of refused rows must not look like history."""
    checks: list[CheckResult] = []
    moved = 0
    for record in _records(jobs):
        rules = derive(record, as_of=work.as_of, expect_rows=_expects_rows(record, jobs), incoming=True)
        found = check_table(work.wh, work.gx, 1, record, rules, schema="incoming")
        broken = {check.check for check in found if check.failing_rows}
        moved += quarantine.move(work.wh, work.run_id, record, [rule for rule in rules if rule.name in broken])
        checks += found
    gates = work.settings.gates
    history = [quarantine.share(work.run_id, gates)]
    for record in _records(jobs):
        history += [*volume.facts(record, jobs, gates), *freshness.incoming(record, jobs),
                    *vanished.facts(record, jobs, gates)]
    return checks + check_facts(work.wh, work.gx, 1, "history", history), moved


def _staging(work: _Work, jobs: Sequence[Slice]) -> list[CheckResult]:
    """Tables as wholes, and what they must agree on."""
    facts = [fact for record in _records(jobs)
             for fact in promises.whole(record, expect_rows=_expects_rows(record, jobs))]
    facts += reconcile.facts(work.run_id, work.settings, work.as_of, _states(work.settings))
    facts += freshness.staging(work.settings.sources, work.as_of)
    return check_facts(work.wh, work.gx, 2, "staging", facts)


def _marts(work: _Work, built: Sequence[BuiltMart]) -> list[CheckResult]:
    from warehouse.marts import MARTS

    declared = {mart.name: mart.checks for mart in MARTS}
    facts = [fact for mart in built for fact in (
        *promises.facts(mart, work.as_of), *tieout.checks(mart, declared.get(mart.table.name, ())))]
    return check_facts(work.wh, work.gx, 3, "marts", facts + tieout.facts(built, work.settings.gates))


def _records(jobs: Sequence[Slice]) -> Iterator[Table]:
    """The tables that tonight's slices fill, each once."""
    seen = {output.table.name: output.table for job in jobs for output in job.stream.outputs}
    yield from seen.values()


def _expects_rows(record: Table, jobs: Sequence[Slice]) -> bool:
    """Whether nothing at all would be a broken night: changes may be none, whole reads may not."""
    return any(job.stream.primary.table.name == record.name and not job.stream.empty_is_normal
               and (job.stream.kind is not StreamKind.INCREMENTAL or job.since is None) for job in jobs)


def _states(settings: Settings) -> LeadStates | None:
    where: Path = settings.path(settings.rules) / "lead_states"
    return load_lead_states(where) if any(where.glob("*.yaml")) else None

