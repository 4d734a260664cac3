"""The planted leaks: each is there, in a small company too, on either side of its border."""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox.company import make_company
from sandbox.truth import expected


@pytest.mark.parametrize("scale", [0.1, 0.3])
def test_the_planted_leaks_are_there(scale: float) -> None:
    """Nobody's, never called, a fair effort: each at least once; and of every other cause that histories bring."""
    rows = expected(make_company(scale=scale), 1).rows["leak_evidence"].values()
    causes = Counter(row["leak_cause"] for row in rows)
    assert {"never_assigned", "never_attempted", "unreachable", "given_up_early", "attempted_late", "invalid_contact",
            "wrong_target", "wrong_target_unsupported", "reached_no_follow_up", "still_open", "won",
            "duplicate", "test_lead"} <= set(causes)
    assert sum(causes.values()) == len(rows)
    assert causes["nothing_recorded"] == 0
    attempts = {row["attempt_count"] for row in rows if row["leak_cause"] == "given_up_early"}
    assert {5, 6} <= attempts  # one call short of a fair effort, and a second
