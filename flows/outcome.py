"""What became of a night: for a terminal, for JSON, for Prefect's pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from expectations.gate import GateResult
from flows.outbox import Delivery
from flows.sources import Refused
from warehouse.pauses import Pause


class Outcome(StrEnum):
    """How a night can end. Everything else is an exception."""

    PUBLISHED = "published"
    PARTIAL = "published with a stale source"
    GATE_FAILED = "a gate failed, the published tables stay as they were"
    UNREAD = "no source could be read, the published tables stay as they were"


_EXIT = {Outcome.PUBLISHED: 0, Outcome.PARTIAL: 7, Outcome.GATE_FAILED: 5, Outcome.UNREAD: 4}


@dataclass(frozen=True)
class Counts:
    """Vendor rows of the run: received = staged + quarantined + deduplicated."""

    slices: int = 0
    received: int = 0
    staged: int = 0
    quarantined: int = 0
    deduplicated: int = 0


@dataclass(frozen=True)
class Night:
    """One finished night."""

    run_id: str
    as_of: datetime
    outcome: Outcome
    counts: Counts
    refused: tuple[Refused, ...] = ()
    closed: tuple[str, ...] = ()
    paused: tuple[Pause, ...] = ()
    gates: tuple[GateResult, ...] = ()
    delivery: Delivery | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    per_stream: tuple[Mapping[str, Any], ...] = ()
    docs: str = ""
    reports: tuple[str, ...] = ()

    @property
    def published(self) -> bool:
        """Whether readers see this night."""
        return self.outcome in (Outcome.PUBLISHED, Outcome.PARTIAL)

    @property
    def exit_code(self) -> int:
        """The documented exit code; 8 only when nothing worse happened."""
        code = _EXIT[self.outcome]
        return 8 if code == 0 and self.delivery is not None and self.delivery.failed else code

    def failed_checks(self) -> list[dict[str, Any]]:
        """The checks that did not pass, worst first."""
        found = [
            {"gate": gate.gate, "table": check.table, "check": check.check, "severity": check.severity.value,
             "evaluated": check.evaluated_rows, "failing": check.failing_rows, "detail": check.detail}
            for gate in self.gates for check in gate.checks if not check.success
        ]
        return sorted(found, key=lambda row: row["severity"])

    def accounting(self) -> list[dict[str, Any]]:
        """Row accounting per source, account and stream."""
        return [dict(row) for row in self.per_stream]

    def lines(self) -> list[str]:
        """The night in a few lines for a person."""
        c = self.counts
        lines = [f"{self.run_id}: {self.outcome.value}",
                 f"{c.slices} slices · {c.received} rows received = {c.staged} staged + {c.quarantined} quarantined "
                 f"+ {c.deduplicated} deduplicated"]
        lines += [f"stale: {item}" for item in self.refused]
        lines += [f"not read: {pause}" for pause in self.paused]
        lines += [f"closed, not read: {account}" for account in self.closed]
        lines += [f"gate {row['gate']} · {row['severity']} · {row['table']} · {row['check']}: {row['detail']}"
                  for row in self.failed_checks()]
        lines += [f"report: {path}" for path in self.reports]
        if self.delivery is not None and self.delivery.failed:
            lines.append(f"{self.delivery.failed} alerts were not delivered; they stay in the outbox")
        return lines

    def summary(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {"run_id": self.run_id, "as_of": self.as_of, "outcome": self.outcome.name.lower(),
                "exit_code": self.exit_code, "counts": vars(self.counts),
                "refused": [item.error for item in self.refused], "closed": self.closed,
                "paused": self.paused,
                "failed_checks": self.failed_checks(), "accounting": self.accounting(),
                "seconds": dict(self.seconds), "docs": self.docs, "reports": self.reports}
