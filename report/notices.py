"""The notices of nights and watches, in words that are translated: one function per thing that can happen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from crosscheck.errors import CrosscheckError
from crosscheck.settings import Settings
from expectations.acceptance import acceptable, title
from expectations.gate import GateResult
from expectations.rules import CheckResult
from report.alerts import Notice, numbers
from report.phrases import Phrase, _, ngettext
from report.terms import ACTIONS
from warehouse.live import Breach

_JUDGED = {1: _("tonight's rows, before they entered staging"), 2: _("staging, before the marts were built"),
           3: _("the marts, before they were published")}
_CHECKS_SHOWN = 12
_LEADS_SHOWN = 25
_ACTIONS = {name: _(text) for name, text in ACTIONS.items()}
_UNCHANGED = _("unchanged.")


def gate_failed(run_id: str, result: GateResult, settings: Settings, page: Path | None = None) -> Notice:
    """All failed checks of a gate."""
    failed, steps = result.failed, [
        _("crosscheck status --run %(run)s; docs/runbooks/a-gate-stopped.md says what each check means.", run=run_id)]
    if accept := acceptable(failed):
        named = " ".join(f'--accept "{name}"' for name in accept)
        steps.append(_('If the change is real: crosscheck run %(checks)s --reason "what happened"', checks=named))
    counts = (ngettext("%(count)s failed check", "%(count)s failed checks", len(failed)),
              ngettext("%(count)s warning", "%(count)s warnings", len(result.warned)),
              ngettext("%(count)s quarantined row", "%(count)s quarantined rows", result.quarantined))
    return Notice(
        _("%(project)s: %(run)s stopped at gate %(gate)s", project=settings.project.name, run=run_id, gate=result.gate),
        settings.alerts.owner,
        _("gate %(gate)s refused %(judged)s.", gate=result.gate, judged=_JUDGED[result.gate]),
        (_("unchanged. Readers see the last night that passed; nothing of this run is visible."),
         *_in_doubt(failed)),
        tuple(steps), (_("%(counts)s.", counts=counts), *_lines(failed)),
        () if page is None else (_("Every check: %(page)s", page=page),))


def gates_warned(run_id: str, warned: Sequence[CheckResult], settings: Settings) -> Notice:
    """Everything that did not hold and stopped nothing."""
    many = ngettext("%(count)s warning", "%(count)s warnings", len(warned))
    return Notice(_("%(project)s: %(warnings)s in %(run)s", project=settings.project.name, warnings=many, run=run_id),
                  settings.alerts.owner, _("%(warnings)s; the night went on.", warnings=many),
                  (_("as decided by the checks that can stop a night."), *_in_doubt(warned)),
                  (_("crosscheck status --run %(run)s", run=run_id),), tuple(_lines(warned)))


def source_refused(run_id: str, source: str, errors: Sequence[CrosscheckError], settings: Settings,
                   tables: Iterable[str] = (), complete_to: date | None = None) -> Notice:
    """A source that was not, or not wholly, read; `tables` rest on it, and it is complete up to a day."""
    found = dict.fromkeys(f"- {error.where or source}: {error.what}" for error in errors)
    steps = list(dict.fromkeys(error.fix for error in errors if error.fix)) or ["crosscheck doctor"]
    touched = numbers(tables)
    until = (_("rows of %(source)s are as old as its last good night, and complete up to %(day)s.", source=source,
               day=complete_to) if complete_to else
             _("rows of %(source)s are as old as its last good night.", source=source))
    return Notice(
        _("%(project)s: %(source)s could not be read", project=settings.project.name, source=source),
        settings.alerts.owner, _("%(source)s was not read completely in %(run)s.", source=source, run=run_id),
        (until, *([_("Not up to date until it is read: %(numbers)s.", numbers=touched)] if touched else [])),
        (_("%(step)s; docs/runbooks/a-source-failed.md", step=steps[0]),), tuple(found)[:_CHECKS_SHOWN])


def night_failed(run_id: str, error: CrosscheckError, settings: Settings) -> Notice:
    """A night that ended in an error before it could be judged."""
    return Notice(
        _("%(project)s: %(run)s did not finish", project=settings.project.name, run=run_id), settings.alerts.owner,
        error.what, (_UNCHANGED,),
        (_("%(step)s (a repeated run goes on where this one stopped)", step=error.fix or "crosscheck run"),),
        (_("Where: %(where)s", where=error.where or run_id),))


def late(last: datetime | None, hours: float | None, deadline: int) -> Phrase:
    """How long ago the last night was published, None being never."""
    if last is None:
        return _("no night was ever published; the deadline is %(deadline)s hours.", deadline=deadline)
    at, since = f"{last:%Y-%m-%d %H:%M}", f"{hours:.0f}"
    return _("the last published night is that of %(last)s UTC, %(hours)s hours ago; the deadline is %(deadline)s "
             "hours.", last=at, hours=since, deadline=deadline)


def overdue(sentence: Phrase, settings: Settings) -> Notice:
    """No night was published in time."""
    return Notice(
        _("%(project)s: no night was published in time", project=settings.project.name), settings.alerts.owner,
        sentence,
        (_("unchanged, and older than they should be."),),
        (_("crosscheck status; then crosscheck run, and look at the scheduler (prefect deployment ls)."),))


def all_green(run_id: str, complete: Mapping[str, date], left_out: Sequence[object], warnings: int,
              settings: Settings) -> Notice:
    """A night that was published, told to whoever would worry about silence."""
    if warnings:
        name = _("%(project)s: %(run)s is published, with %(warnings)s", project=settings.project.name, run=run_id,
                 warnings=ngettext("%(count)s warning", "%(count)s warnings", warnings))
    else:
        name = _("%(project)s: %(run)s is published, all green", project=settings.project.name, run=run_id)
    days = (_("- %(source)s: complete up to %(day)s", source=source, day=day)
            for source, day in sorted(complete.items()))
    return Notice(name, settings.alerts.owner, _("every gate let the night pass."),
                  (_("new as of this night."),),
                  (_("nothing. If this message is missing tomorrow: crosscheck status"),), (*days, *left_out))


def trial(settings: Settings) -> Notice:
    """What `crosscheck alerts test` sends."""
    return Notice(_("%(project)s: a test message", project=settings.project.name), settings.alerts.owner,
                  _("somebody tests whether alerts arrive here. They do."), (_UNCHANGED,),
                  (_("nothing; crosscheck alerts test sent this."),))


def leads_wait(breaches: Sequence[Breach], settings: Settings, now: datetime) -> Notice:
    """The broken promises of one owner in one source, longest overdue first; no name, phone or mail."""
    source, owner = breaches[0].source, breaches[0].owner_id
    who = f"salesperson {owner} of {source}, and who leads them" if owner else f"who hands out the leads of {source}"
    leads = ngettext("%(count)s lead", "%(count)s leads", len(breaches))
    shown: list[object] = [_breach(breach, settings, now) for breach in breaches[:_LEADS_SHOWN]]
    if len(breaches) > len(shown):
        shown.append(_("- and %(count)s more", count=len(breaches) - len(shown)))
    return Notice(
        _("%(project)s: %(leads)s of %(source)s still to attempt", project=settings.project.name, leads=leads,
          source=source), who,
        _("%(leads)s should have been attempted by now, and nobody has written down that it was. An automatic reply "
          "is no attempt.", leads=leads),
        (_("unchanged; the next night has them in sla_breach."),),
        (_("as each line says; crosscheck sla lists all that wait; docs/runbooks/leads-that-wait.md"),), tuple(shown))


def leads_unread(source: str, error: CrosscheckError, settings: Settings) -> Notice:
    """The watch is blind to a source, and says so."""
    return Notice(
        _("%(project)s: nobody watches the leads of %(source)s", project=settings.project.name, source=source),
        settings.alerts.owner,
        _("the hourly watch could not read %(source)s: %(why)s", source=source, why=error.what),
        (_("unchanged. Until it can, nobody is told of leads that wait there."),),
        (_("%(step)s; docs/runbooks/a-source-failed.md", step=error.fix or "crosscheck doctor"),))


def _breach(breach: Breach, settings: Settings, now: datetime) -> Phrase:
    due = breach.due_at.replace(tzinfo=UTC)
    minutes = int((now - due).total_seconds()) // 60
    local = f"{due.astimezone(ZoneInfo(settings.project.time_zone)):%d %b %H:%M}"
    hours, rest = minutes // 60, f"{minutes % 60:02}"
    channel = " ".join((breach.channel or "channel not recorded").split())[:40]  # whoever wrote the link wrote it
    return _("- lead %(lead)s (%(kind)s, %(channel)s): due %(due)s, %(hours)s h %(minutes)s min late; %(action)s",
             lead=breach.lead_id, kind=breach.lead_kind, channel=channel, due=local, hours=hours,
             minutes=rest, action=_ACTIONS[breach.next_action])


def _in_doubt(checks: Sequence[CheckResult]) -> list[Phrase]:
    """Which numbers the checks are about, where a reader would know them."""
    touched = numbers(check.table for check in checks)
    return [_("The fault is in what these rest on: %(numbers)s.", numbers=touched)] if touched else []


def _lines(checks: Sequence[CheckResult]) -> list[object]:
    shown: list[object] = [_line(check) for check in checks[:_CHECKS_SHOWN]]
    if len(checks) > len(shown):
        shown.append(_("- and %(count)s more", count=len(checks) - len(shown)))
    return shown


def _line(check: CheckResult) -> str:
    looked = f"{check.failing_rows:,} of {check.evaluated_rows:,}" if check.evaluated_rows else "nothing to look at"
    detail = f" · {check.detail}" if check.detail else ""
    return f"- {title(check)} ({looked}){detail}"
