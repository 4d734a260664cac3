"""Faultpoints: nothing without the variable, death at the named passage with it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from crosscheck.faultpoints import Faultpoint, faultpoint

_CODE = """
from crosscheck.faultpoints import Faultpoint, faultpoint
for number in (1, 2, 3):
    faultpoint(Faultpoint.MID_LOAD)
    print(number, flush=True)
"""


def passages(fault: str) -> tuple[int, list[str]]:
    """Exit code of a process that passes one place three times, and the passages it survived."""
    done = subprocess.run([sys.executable, "-c", _CODE], env={"CROSSCHECK_FAULT": fault}, capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize(("fault", "survived"), [("load.mid", 0), ("load.mid:3", 2)])
def test_the_process_dies_at_the_passage(fault: str, survived: int) -> None:
    """By SIGKILL, which nothing can catch, at the first passage or the one that is named."""
    code, passed = passages(fault)
    assert (code, len(passed)) == (-9, survived)


@pytest.mark.parametrize("fault", ["", "load.mid:4", "build.mid", "load"])
def test_every_other_place_is_safe(fault: str) -> None:
    """Unset, not reached, or another place."""
    assert passages(fault) == (0, ["1", "2", "3"])


def test_unset_is_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of tests every place does nothing."""
    monkeypatch.delenv("CROSSCHECK_FAULT", raising=False)
    for place in Faultpoint:
        faultpoint(place)
