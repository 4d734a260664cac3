"""Two nights at once: one writes, the other leaves with exit code 6. Who was believed dead may not write any more."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import ENGINES
from tests.faults.conftest import LOCK_HELD, PUBLISHED, Clean
from tests.support.nights import Playground, code, differences
from tests.support.postgres import PostgresServer
from warehouse import ops

pytestmark = pytest.mark.crash


def _on(engine: str) -> Any:
    return pytest.param(engine, marks=pytest.mark.xdist_group(f"crash-{engine}"))


def _pause(process: BaseProcess, reached: Callable[[], bool]) -> None:
    """Stop a night where it is as soon as it got somewhere."""
    while not reached():
        process.join(0.02)
        assert process.is_alive(), f"the night ended first: {process.exitcode}"
    os.kill(process.pid or 0, signal.SIGSTOP)


def _resume(process: BaseProcess) -> int:
    os.kill(process.pid or 0, signal.SIGCONT)
    return code(process)


@pytest.mark.parametrize("clean", [_on(engine) for engine in ENGINES], indirect=True)
def test_of_two_overlapping_nights_one_publishes_and_one_exits_6(clean: Clean) -> None:
    """The first one reads its vendors, hence holds the lock; the second one changes nothing and says who holds it."""
    with clean.before(2) as ground:
        as_of = ground.dawn(2)
        asked = len(ground.stage.server.requests)
        first = ground.start(as_of)
        _pause(first, lambda: len(ground.stage.server.requests) > asked)
        assert ground.run(as_of) == LOCK_HELD
        assert _resume(first) == PUBLISHED
        assert differences(ground.published(), clean.after[2]) == {}
        assert ground.unaccounted() == []
        assert _attempts(ground) == [1, 1]


@pytest.mark.parametrize("clean", [_on("postgresql")], indirect=True)
def test_a_paused_night_that_lost_its_lock_is_fenced_off(clean: Clean, postgres_server: PostgresServer) -> None:
    """Its server sessions ended while it slept, another process published its night: awake, it may write nothing."""
    with clean.before(2) as ground:
        as_of = ground.dawn(2)
        sleeper = ground.start(as_of)
        _pause(sleeper, lambda: ground.slices()["staged"] > clean.first.slices()["staged"])
        _lose_sessions(postgres_server, sleeper.pid or 0)
        assert ground.run(as_of) == PUBLISHED
        before = ground.published(), ground.rows(sa.select(ops.run).order_by(ops.run.c.run_id))
        assert _resume(sleeper) != PUBLISHED  # 6, unless a question of its own was cut off by the lost session
        assert (ground.published(), ground.rows(sa.select(ops.run).order_by(ops.run.c.run_id))) == before
        assert differences(before[0], clean.after[2]) == {}
        assert _attempts(ground) == [1, 2]


def _lose_sessions(server: PostgresServer, pid: int) -> None:
    """What a lost network does to a process that cannot notice it."""
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
    with server.connect() as conn:
        assert conn.execute(ended, [f"crosscheck PID {pid}"]).fetchall()
        while conn.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted").fetchone():
            pass


def _attempts(ground: Playground) -> list[int]:
    return [row.attempts for row in ground.rows(sa.select(ops.run).order_by(ops.run.c.as_of))]
