"""What happened, in words for the person who has to act: who, what, where, what it means, and the next command."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from crosscheck.errors import CrosscheckError
from crosscheck.settings import Settings
from expectations.acceptance import acceptable, title
from expectations.gate import GateResult
from expectations.rules import CheckResult
from flows.outbox import CRITICAL, SLA, WARNING, Message
from warehouse.live import Breach

_JUDGED = {1: "tonight's rows, before they entered staging", 2: "staging, before the marts were built",
           3: "the marts, before they were published"}
_CHECKS_SHOWN = 12
_LEADS_SHOWN = 25
_ACTIONS = {"assign": "give it to somebody, who attempts it now",
            "attempt": "attempt it now, or write down the attempt that was made"}


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


def gate_failed(run_id: str, result: GateResult, settings: Settings, docs: Path | None = None) -> Message:
    """One message for all failed checks of a gate. Its topic follows from which checks failed."""
    failed = result.failed
    body = [
        f"For: {settings.alerts.owner}",
        f"What: gate {result.gate} refused {_JUDGED[result.gate]}.",
        ", ".join((_many(len(failed), "failed check"), _many(len(result.warned), "warning"),
                   _many(result.quarantined, "quarantined row"))) + ".",
        *_lines(failed),
        "Published tables: unchanged. Readers see the last night that passed; nothing of this run is visible.",
        f"Next: crosscheck status --run {run_id}; docs/runbooks/a-gate-stopped.md says what each check means.",
    ]
    if accept := acceptable(failed):
        named = " ".join(f'--accept "{name}"' for name in accept)
        body.append(f'If the change is real: crosscheck run {named} --reason "what happened"')
    if docs is not None:
        body.append(f"Every check: {docs}")
    return Message(f"gate {result.gate} {_fingerprint(failed)}", CRITICAL,
                   f"{settings.project.name}: {run_id} stopped at gate {result.gate}", "\n".join(body))


def gates_warned(run_id: str, results: Sequence[GateResult], settings: Settings) -> Message | None:
    """One message for everything that did not hold and stopped nothing; None when there was nothing."""
    warned = [check for result in results for check in result.warned]
    if not warned:
        return None
    body = [f"For: {settings.alerts.owner}", f"What: {_many(len(warned), 'warning')}; the night went on.",
            *_lines(warned), "Published tables: as decided by the checks that can stop a night.",
            f"Next: crosscheck status --run {run_id}"]
    return Message(f"warnings {_fingerprint(warned)}", WARNING,
                   f"{settings.project.name}: {_many(len(warned), 'warning')} in {run_id}", "\n".join(body))


def sources_refused(run_id: str, refused: Iterable[Refusal], settings: Settings) -> list[Message]:
    """One message per source that was not, or not wholly, read; critical where the source is required."""
    by_source: dict[str, list[CrosscheckError]] = {}
    for item in refused:
        by_source.setdefault(item.source, []).append(item.error)
    optional = {source.name for source in settings.sources if not source.required}
    return [_source(run_id, source, errors, settings, WARNING if source in optional else CRITICAL)
            for source, errors in sorted(by_source.items())]


def _source(run_id: str, source: str, errors: Sequence[CrosscheckError], settings: Settings, severity: str) -> Message:
    lines = list(dict.fromkeys(f"- {error.where or source}: {error.what}" for error in errors))[:_CHECKS_SHOWN]
    steps = list(dict.fromkeys(error.fix for error in errors if error.fix)) or ["crosscheck doctor"]
    body = [f"For: {settings.alerts.owner}", f"What: {source} was not read completely in {run_id}.", *lines,
            f"Published tables: rows of {source} are as old as its last good night.",
            f"Next: {steps[0]}; docs/runbooks/a-source-failed.md"]
    return Message(f"source {source}", severity, f"{settings.project.name}: {source} could not be read",
                   "\n".join(body))


def night_failed(run_id: str, error: CrosscheckError, settings: Settings) -> Message:
    """A night that ended in an error before it could be judged."""
    body = [f"For: {settings.alerts.owner}", f"What: {error.what}", f"Where: {error.where or run_id}",
            "Published tables: unchanged.",
            f"Next: {error.fix or 'crosscheck run'} (a repeated run goes on where this one stopped)"]
    return Message(f"night {type(error).__name__}", CRITICAL, f"{settings.project.name}: {run_id} did not finish",
                   "\n".join(body))


def report_failed(run_id: str, why: str, settings: Settings) -> Message:
    """The tables are published, the page that people read of them is not."""
    body = [f"For: {settings.alerts.owner}", f"What: the nightly report was not written: {why[:300]}",
            "Published tables: as of tonight. The report that lies there is of an earlier night, and says so.",
            "Next: crosscheck report (it writes it again)"]
    return Message("report", WARNING, f"{settings.project.name}: no report of {run_id}", "\n".join(body))


def leads_wait(topic: str, breaches: Sequence[Breach], settings: Settings, now: datetime) -> Message:
    """One message for the broken promises of one owner in one source, longest overdue first; no name, phone or mail."""
    source, owner = breaches[0].source, breaches[0].owner_id
    who = f"salesperson {owner} of {source}, and who leads them" if owner else f"who hands out the leads of {source}"
    shown = [_breach(breach, settings, now) for breach in breaches[:_LEADS_SHOWN]]
    rest = len(breaches) - len(shown)
    body = [f"For: {who}", f"What: {_many(len(breaches), 'lead')} should have been attempted by now, and nobody has "
            "written down that it was. An automatic reply is no attempt.",
            *shown, *([f"- and {rest} more"] if rest else []),
            "Published tables: unchanged; the next night has them in sla_breach.",
            "Next: as each line says; crosscheck sla lists all that wait; docs/runbooks/leads-that-wait.md"]
    return Message(topic, SLA, f"{settings.project.name}: {_many(len(breaches), 'lead')} of {source} still to attempt",
                   "\n".join(body))


def leads_unread(topic: str, source: str, error: CrosscheckError, settings: Settings) -> Message:
    """The watch is blind to a source, and says so."""
    body = [f"For: {settings.alerts.owner}", f"What: the hourly watch could not read {source}: {error.what}",
            "Published tables: unchanged. Until it can, nobody is told of leads that wait there.",
            f"Next: {error.fix or 'crosscheck doctor'}; docs/runbooks/a-source-failed.md"]
    return Message(topic, SLA, f"{settings.project.name}: nobody watches the leads of {source}", "\n".join(body))


def _breach(breach: Breach, settings: Settings, now: datetime) -> str:
    due = breach.due_at.replace(tzinfo=UTC)
    minutes = int((now - due).total_seconds()) // 60
    local = due.astimezone(ZoneInfo(settings.project.time_zone))
    channel = " ".join((breach.channel or "channel not recorded").split())[:40]  # whoever wrote the link wrote it
    return (f"- lead {breach.lead_id} ({breach.lead_kind}, {channel}): due "
            f"{local:%d %b %H:%M}, {minutes // 60} h {minutes % 60:02} min late; {_ACTIONS[breach.next_action]}")


def _lines(checks: Sequence[CheckResult]) -> list[str]:
    shown = [_line(check) for check in checks[:_CHECKS_SHOWN]]
    rest = len(checks) - len(shown)
    return [*shown, f"- and {rest} more"] if rest else shown


def _line(check: CheckResult) -> str:
    numbers = f"{check.failing_rows:,} of {check.evaluated_rows:,}" if check.evaluated_rows else "nothing to look at"
    detail = f" · {check.detail}" if check.detail else ""
    return f"- {title(check)} ({numbers}){detail}"


def _fingerprint(checks: Iterable[CheckResult]) -> str:
    names = "|".join(sorted(f"{check.table}.{check.check}" for check in checks))
    return hashlib.sha256(names.encode()).hexdigest()[:10]


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
