"""JSON shapes met by many threads at once, as the slices of a night do."""

from __future__ import annotations

import subprocess
import sys

_MANY_FIRST_TIMES = """
import sys, threading
import msgspec
from connectors import wire

sys.setswitchinterval(1e-6)
for number in range(150):
    inner = msgspec.defstruct(f"Inner{number}", [("value", str)])
    outer = msgspec.defstruct(f"Outer{number}", [("first", inner), ("second", list[inner])])
    start = threading.Barrier(8)

    def read():
        start.wait()
        wire.parse(b'{"first": {"value": "1"}, "second": [{"value": "2"}]}', outer)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_a_shape_may_be_met_for_the_first_time_by_many_threads() -> None:
    """No thread sees a shape that another one is still preparing; it would end the whole process by SIGSEGV."""
    found = subprocess.run([sys.executable, "-c", _MANY_FIRST_TIMES], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
