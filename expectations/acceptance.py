"""What a person may accept: a change that is real, though it looks like a broken reading.

Only checks that hold a night against its own history can be accepted, by table and name, for one run, with a reason.
The others say that numbers are wrong, and no reason makes those right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from crosscheck.errors import ConfigError
from expectations.rules import CheckResult, Severity

AGAINST_HISTORY = (
    "rows are where rows were", "the newest day is as full as others", "the last days did not vanish",
    "changes keep coming", "no column goes silent", "metrics vary", "few records vanish", "the mart did not shrink")


@dataclass(frozen=True)
class Acceptance:
    """The checks accepted for one run, each as "table: check", why, and by whom. Empty: nothing is accepted.

    Raises ConfigError for a check that nobody may accept, and for a missing reason.
    """

    checks: tuple[str, ...] = ()
    reason: str = ""
    by: str = ""

    def __post_init__(self) -> None:
        for name in self.checks:
            if name.partition(": ")[2] not in AGAINST_HISTORY:
                raise ConfigError(f"{name!r} cannot be accepted",
                                  fix='write "TABLE: CHECK" as the alert does; the checks that can be accepted: '
                                      f"{'; '.join(AGAINST_HISTORY)}")
        if self.checks and not self.reason.strip():
            raise ConfigError("an acceptance needs its reason: readers will ask", fix='--reason "what happened"')

    def judged(self, checks: Iterable[CheckResult]) -> list[CheckResult]:
        """The same results; an accepted one is told, with its reason, and does not stop the night."""
        return [self._told(check) if check.stops and title(check) in self.checks else check for check in checks]

    def _told(self, check: CheckResult) -> CheckResult:
        return replace(check, severity=Severity.WARN,
                       detail=f"accepted by {self.by}: {self.reason} · {check.detail}"[:1000])


NOTHING = Acceptance()


def title(check: CheckResult) -> str:
    """How alerts, the command line and an acceptance name a check."""
    return f"{check.table}: {check.check}"


def acceptable(checks: Iterable[CheckResult]) -> list[str]:
    """Those of the checks that a person may accept."""
    return [title(check) for check in checks if check.check in AGAINST_HISTORY]
