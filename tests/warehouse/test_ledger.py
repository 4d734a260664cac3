"""The ledger: which run is resumed, what is remembered, what is told about failures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pytest
import sqlalchemy as sa

from crosscheck.errors import QuotaExhausted
from tests.support import landed
from tests.support.landed import NIGHT_1, NIGHT_2, NIGHT_3, SPEND, spend
from warehouse import ledger, ops, stage


@dataclass(frozen=True)
class Answer:
    """A check's result as a gate gives it."""

    table: str = "ad_daily"
    check: str = "has rows"
    severity: str = "fail"
    success: bool = True
    evaluated_rows: int | None = 3
    failing_rows: int | None = 0
    detail: str = "asked by an@example.vn"


@pytest.mark.parametrize("status", ["running", "failed", "published"])
def test_an_unfinished_run_is_resumed(wh, status):
    """The same instant continues under the same id after a crash, a failure, or a publication nobody was told of."""
    run = ledger.begin_run(wh, "nightly", NIGHT_1)
    if status == "failed":
        ledger.finish_run(wh, run, status)
    with wh.engine.begin() as conn:
        conn.execute(sa.update(ops.run).values(status=status))
    again = ledger.begin_run(wh, "nightly", NIGHT_1)
    assert (again.run_id, again.attempts, again.published) == (run.run_id, 2, status == "published")


@pytest.mark.parametrize("status", ["published", "gate_failed"])
def test_a_finished_run_is_left_alone(wh, status):
    """Asked again for the same instant, a finished run gets a successor with a number; other kinds have their own."""
    ids = []
    for _ in range(3):
        run = ledger.begin_run(wh, "nightly", NIGHT_1)
        ids.append(run.run_id)
        ledger.finish_run(wh, run, status, "done, see mail of an@example.vn")
    assert ids == ["nightly-20261120T190000", "nightly-20261120T190000-2", "nightly-20261120T190000-3"]
    assert ledger.begin_run(wh, "backfill", NIGHT_1).run_id == "backfill-20261120T190000"
    assert {run.note for run in ledger.latest_runs(wh)} == {"done, see mail of ***", ""}


def test_refusal_is_kept_without_secrets(desk):
    """A slice that could not be read says why; planning it again in a resumed run keeps that."""
    run = desk.begin(NIGHT_1)
    job = landed.job(SPEND, run.run_id)
    ledger.plan(desk.wh, run, [job])
    ledger.refused(desk.wh, run, job, QuotaExhausted("no more tonight: access_token=EAAB123"))
    ledger.plan(desk.wh, run, [job])
    [row] = ledger.slices(desk.wh, run.run_id)
    assert (row.status, row.error_kind, row.error) == (
        "refused", "QuotaExhausted", "no more tonight: access_token=***")


def test_landing_again_does_not_unstage(desk):
    """A resumed run notes its landed slices again; those staged stay staged."""
    run = desk.begin(NIGHT_1)
    job, manifest = desk.load(run, SPEND, {"ad_daily": [spend("2026-11-02", "1")]})
    stage.stage_slice(desk.wh, run, job, manifest)
    ledger.landed(desk.wh, run, [manifest])
    assert [row.status for row in ledger.slices(desk.wh, run.run_id)] == ["staged"]


def test_trailing_volumes_come_from_earlier_runs(desk):
    """Gate 1 compares with what earlier nights received, not with tonight."""
    desk.night(NIGHT_1, SPEND, {"ad_daily": [spend("2026-11-02", "1")]})
    desk.night(NIGHT_2, SPEND, {"ad_daily": [spend("2026-11-02", "1"), spend("2026-11-03", "1")]})
    desk.night(NIGHT_3, SPEND, {"ad_daily": []})
    first, last = date(2026, 11, 1), date(2026, 11, 20)
    assert ledger.trailing_volumes(desk.wh, "ads/1/spend", desk.runs[-1]) == [(first, last, 2), (first, last, 1)]


def test_checks_of_a_repeated_gate_replace_the_earlier_ones(wh):
    """A gate asked twice in a run leaves one set of results, without personal data."""
    run = ledger.begin_run(wh, "nightly", NIGHT_1)
    ledger.record_checks(wh, run, 1, [Answer(), Answer(check="key")])
    ledger.record_checks(wh, run, 2, [Answer()])
    ledger.record_checks(wh, run, 1, [Answer(success=False)])
    with wh.engine.connect() as conn:
        rows = conn.execute(sa.select(ops.check_result).order_by(ops.check_result.c.gate)).all()
    assert [(row.gate, row.success, row.detail) for row in rows] == [
        (1, False, "asked by ***"), (2, True, "asked by ***")]


def test_accounting_names_the_slice_that_does_not_add_up(desk):
    """A ledger row that loses rows is found."""
    desk.night(NIGHT_1, SPEND, {"ad_daily": [spend("2026-11-02", "1")]})
    run_id = desk.runs[-1].run_id
    with desk.wh.engine.begin() as conn:
        conn.execute(sa.update(ops.slice_).values(received_rows=2))
    [told] = ledger.accounting_errors(desk.wh, run_id)
    assert "ads/1/spend" in told
    assert "received 2, staged 1" in told


def test_a_definition_changes_with_its_tables():
    """A stream that gets another load mode or column, or asks for another property, is another definition."""
    assert ledger.definition(landed.SPEND) != ledger.definition(landed.LEADS)
    assert ledger.definition(replace(landed.LEADS, asks=("budget",))) != ledger.definition(landed.LEADS)
