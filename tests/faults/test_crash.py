"""Crash equivalence: a night killed anywhere and run again publishes what a night in peace publishes.

SIGKILL ends the process at a named place, as a power cut would; the same command is then given again. Nothing is
cleaned up between the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crosscheck.faultpoints import Faultpoint as At
from tests.conftest import ENGINES
from tests.faults.conftest import GATE_FAILED, PUBLISHED, Clean, spoil
from tests.support.nights import KILLED, Playground, differences

#: A night that hangs is ended by the playground; a case plays up to seventeen of them, one after the other.
pytestmark = [pytest.mark.crash, pytest.mark.timeout(1800)]
Kills = tuple[str, ...]

#: Every place that a night passes on its way to its readers, in order, and at which passage it is killed there.
ON_THE_WAY = {At.LOCK_TAKEN: 1, At.PAGE_WRITTEN: 1, At.BETWEEN_PAGES: 23, At.BEFORE_MANIFEST: 1, At.AFTER_MANIFEST: 17,
              At.MID_LOAD: 6, At.BEFORE_GATE: 1, At.BEFORE_STAGE_COMMIT: 1, At.AFTER_STAGE_COMMIT: 1, At.MID_BUILD: 5,
              At.BEFORE_PUBLISH_COMMIT: 1, At.AFTER_PUBLISH_COMMIT: 1}
#: Only DuckDB publishes by replacing a file.
OF_THE_FILE = {At.BEFORE_REPLACE: 1, At.AFTER_REPLACE: 1}
#: Only a night with something to tell gets there.
OF_THE_ALERT = (At.BEFORE_ALERT, At.AFTER_ALERT)
#: The second night, which restates and adds, killed twice before it may end.
TWICE: tuple[Kills, ...] = (
    (f"{At.PAGE_WRITTEN}:11", f"{At.BEFORE_STAGE_COMMIT}:1"),
    (f"{At.AFTER_STAGE_COMMIT}:1", f"{At.MID_BUILD}:3"),
    (f"{At.BEFORE_PUBLISH_COMMIT}:1", f"{At.AFTER_PUBLISH_COMMIT}:1"),
)


def _cases() -> Iterator[Any]:
    """A night killed in one place after the other; every kill by itself, and the second night, are for `make crash`."""
    for engine in ENGINES:
        places = ON_THE_WAY | (OF_THE_FILE if engine == "duckdb" else {})
        everywhere = tuple(f"{place}:{passage}" for place, passage in places.items())
        yield _case(engine, 1, everywhere, name="everywhere")
        for kill in everywhere:
            yield _case(engine, 1, (kill,), deep=True)
        for kills in TWICE:
            yield _case(engine, 2, kills, deep=True)


def _case(engine: str, night: int, kills: Kills, *, name: str = "", deep: bool = False) -> Any:
    marks = [pytest.mark.xdist_group(f"crash-{engine}"), *([pytest.mark.deep] if deep else [])]
    return pytest.param(engine, night, kills, id=f"{engine}-night{night}-{name or '-then-'.join(kills)}", marks=marks)


def _per_engine() -> list[Any]:
    return [pytest.param(engine, marks=pytest.mark.xdist_group(f"crash-{engine}")) for engine in ENGINES]


def test_every_faultpoint_has_a_case() -> None:
    """A new place in the night must come here before it is anything."""
    assert {*ON_THE_WAY, *OF_THE_FILE, *OF_THE_ALERT} == set(At)


@pytest.mark.parametrize(("clean", "night", "kills"), list(_cases()), indirect=["clean"], scope="session")
def test_a_killed_night_run_again_equals_a_clean_one(clean: Clean, night: int, kills: Kills) -> None:
    """EXCEPT both ways over every published table finds nothing, every slice's rows add up, and the gates found what
    they find in a night in peace, neither less nor more.
    """
    with clean.before(night) as ground:
        as_of = ground.dawn(night)
        for kill in kills:
            assert ground.run(as_of, kill) == KILLED
        assert ground.run(as_of) == PUBLISHED
        assert differences(ground.published(), clean.after[night]) == {}
        assert ground.unaccounted() == []
        assert set(ground.slices()) == {"staged"}
        assert ground.checks() == (clean.first if night == 1 else clean.second).checks()


@pytest.mark.parametrize("clean", _per_engine(), indirect=True)
def test_a_killed_alert_is_delivered_and_never_silently_twice(clean: Clean) -> None:
    """Killed before the channel took it: not lost. Killed before that was noted: again, and said to be a repetition."""
    with clean.before(2) as ground:
        as_of = ground.dawn(2)
        spoil(ground)
        told = len(ground.stage.sink.messages)
        assert ground.run(as_of, At.BEFORE_ALERT.value) == KILLED
        assert ground.stage.sink.messages[told:] == []
        assert ground.run(as_of, At.AFTER_ALERT.value) == KILLED
        assert ground.run(as_of) == GATE_FAILED
        first, again = (message["title"] for message in ground.stage.sink.messages[told:])
        assert again.endswith(first)
        assert again.startswith("Possibly repeated: ")
        _refused(ground, clean)


def _refused(ground: Playground, clean: Clean) -> None:
    """What readers see is the night before, and nothing of the refused night was staged."""
    assert differences(ground.published(), clean.after[1]) == {}
    assert ground.unaccounted() == []
    assert ground.slices() == {"staged": clean.first.slices()["staged"], "landed": ground.slices()["landed"]}
