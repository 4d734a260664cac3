"""What happened, as messages: which topic, how urgent, in every language and for everybody who may be told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from connectors import connector_class
from connectors.base import Stream
from crosscheck.errors import ConfigError, CrosscheckError
from crosscheck.settings import Settings, Source
from expectations.gate import GateResult
from expectations.rules import CheckResult
from flows.outbox import CRITICAL, HEARTBEAT, NOTED, RAISED, SLA, WARNING, Message
from report import notices
from report.alerts import OPERATOR, READER, Notice
from report.phrases import Phrase
from report.words import Language
from warehouse.live import Breach


class Refusal(Protocol):
    """Something that could not be read tonight, as the flows know it."""

    @property
    def source(self) -> str:
        """Configured source."""
        ...

    @property
    def error(self) -> CrosscheckError:
        """Why, with its place and the next step."""
        ...


def message(topic: str, severity: str, notice: Notice, state: str = RAISED) -> Message:
    """A notice in all of its forms."""
    others = {(language.value, audience): (notice.title_in(language), notice.body(language, audience))
              for language in Language for audience in (OPERATOR, READER)}
    return Message(topic, severity, *others[Language.EN.value, OPERATOR], state, others)


def gate_failed(run_id: str, result: GateResult, settings: Settings, page: Path | None = None) -> Message:
    """One message for all failed checks of a gate. Its topic follows from which checks failed."""
    return message(f"gate {result.gate} {_fingerprint(result.failed)}", CRITICAL,
                   notices.gate_failed(run_id, result, settings, page))


def gates_warned(run_id: str, results: Sequence[GateResult], settings: Settings) -> Message | None:
    """One message for everything that did not hold and stopped nothing; None when there was nothing."""
    warned = [check for result in results for check in result.warned]
    if not warned:
        return None
    return message(f"warnings {_fingerprint(warned)}", WARNING, notices.gates_warned(run_id, warned, settings))


def sources_refused(run_id: str, refused: Iterable[Refusal], settings: Settings,
                    complete: Mapping[str, date] | None = None) -> list[Message]:
    """One message per source that was not, or not wholly, read; critical where the source is required.

    `complete`: up to which day each source is there.
    """
    by_source: dict[str, list[CrosscheckError]] = {}
    for item in refused:
        by_source.setdefault(item.source, []).append(item.error)
    known = {source.name: source for source in settings.sources}
    return [message(f"source {name}", CRITICAL if name not in known or known[name].required else WARNING,
                    notices.source_refused(run_id, name, errors, settings, _tables(known.get(name)),
                                           (complete or {}).get(name)))
            for name, errors in sorted(by_source.items())]


def _tables(source: Source | None) -> list[str]:
    """The canonical tables that a source fills, as its connector declares them."""
    try:
        streams: Iterable[Stream] = getattr(connector_class(source.connector), "streams", ()) if source else ()
    except ConfigError:
        return []
    return list(dict.fromkeys(output.table.name for stream in streams for output in stream.outputs))


def night_failed(run_id: str, error: CrosscheckError, settings: Settings) -> Message:
    """A night that ended in an error before it could be judged."""
    return message(f"night {type(error).__name__}", CRITICAL, notices.night_failed(run_id, error, settings))


def overdue(topic: str, late: Phrase, settings: Settings) -> Message:
    """No night was published in time."""
    return message(topic, CRITICAL, notices.overdue(late, settings))


def all_green(run_id: str, complete: Mapping[str, date], left_out: Sequence[object], warnings: int,
              settings: Settings) -> Message:
    """The sign of life of a published night: told once, and nothing that could be over."""
    return message(f"heartbeat {run_id}", HEARTBEAT,
                   notices.all_green(run_id, complete, left_out, warnings, settings), NOTED)


def report_failed(run_id: str, why: str, settings: Settings) -> Message:
    """The tables are published, the page that people read of them is not."""
    body = [f"For: {settings.alerts.owner}", f"What: the nightly report was not written: {why[:300]}",
            "Published tables: as of tonight. The report that lies there is of an earlier night, and says so.",
            "Next: crosscheck report (it writes it again)"]
    return Message("report", WARNING, f"{settings.project.name}: no report of {run_id}", "\n".join(body))


def leads_wait(topic: str, breaches: Sequence[Breach], settings: Settings, now: datetime) -> Message:
    """One message for the broken promises of one owner in one source."""
    return message(topic, SLA, notices.leads_wait(breaches, settings, now))


def leads_unread(topic: str, source: str, error: CrosscheckError, settings: Settings) -> Message:
    """The watch is blind to a source."""
    return message(topic, SLA, notices.leads_unread(source, error, settings))


def _fingerprint(checks: Iterable[CheckResult]) -> str:
    names = "|".join(sorted(f"{check.table}.{check.check}" for check in checks))
    return hashlib.sha256(names.encode()).hexdigest()[:10]
