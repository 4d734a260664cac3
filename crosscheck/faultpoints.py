"""Named places where a test may kill the process, as a power cut would.

`CROSSCHECK_FAULT=stage.before_commit:3` kills with SIGKILL at the third passage of that place. Outside of
tests the variable is unset and a faultpoint costs one dictionary look-up.
"""

from __future__ import annotations

import os
import signal
import threading
from enum import StrEnum


class Faultpoint(StrEnum):
    """Every place; the crash suite fails if one of them has no test."""

    LOCK_TAKEN = "run.lock_taken"
    BETWEEN_PAGES = "land.between_pages"
    PAGE_WRITTEN = "land.page_written"
    BEFORE_MANIFEST = "land.before_manifest"
    AFTER_MANIFEST = "land.after_manifest"
    MID_LOAD = "load.mid"
    BEFORE_GATE = "gate.before"
    BEFORE_STAGE_COMMIT = "stage.before_commit"
    AFTER_STAGE_COMMIT = "stage.after_commit"
    MID_BUILD = "build.mid"
    BEFORE_PUBLISH_COMMIT = "publish.before_commit"
    AFTER_PUBLISH_COMMIT = "publish.after_commit"
    BEFORE_REPLACE = "publish.before_replace"
    AFTER_REPLACE = "publish.after_replace"
    BEFORE_ALERT = "alert.before_send"
    AFTER_ALERT = "alert.after_send"


_lock = threading.Lock()
_passed: dict[str, int] = {}


def faultpoint(place: Faultpoint) -> None:
    """Die here if the environment says so; otherwise do nothing."""
    wanted = os.environ.get("CROSSCHECK_FAULT")
    if not wanted:
        return
    name, _, count = wanted.partition(":")
    if name != place.value:
        return
    with _lock:
        _passed[name] = _passed.get(name, 0) + 1
        if _passed[name] == int(count or 1):
            os.kill(os.getpid(), signal.SIGKILL)
