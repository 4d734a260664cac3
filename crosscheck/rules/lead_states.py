"""The agreed meaning of each CRM status: one YAML file per connector, or per source by its name, signed by both heads.

    connector: hubspot
    signed_by: {marketing: null, sales: null}
    effective_from: 2026-01-01
    fields:
      hs_lead_status:
        CONNECTED: [reached]
        NEW: []          # known, means nothing
    origins:             # which side a word about a lead's origin credits
      recorded_source:
        PAID_SEARCH: [marketing]

A status that stands in no file is unknown and is reported; it never silently means nothing. A word of origin that
stands in no file credits nobody, and is reported where the file rules on such words at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from crosscheck.errors import ConfigError
from crosscheck.fields.crm import SIDES, STATES
from crosscheck.rules.reader import HEAD, Head, Reading, content_version

#: The folder of these files, below that of all rules.
STATE_FILES = "lead_states"
#: Columns of `lead` whose words credit a side.
ORIGINS = ("recorded_source", "self_declared_origin")


@dataclass(frozen=True, order=True)
class StatusRule:
    """A CRM's status and one state that it means."""

    connector: str
    status_field: str
    status: str
    state: str


@dataclass(frozen=True)
class RuleFile:
    """One file: every status it knows, with its states (an empty tuple: known, means nothing), and who signed."""

    connector: str
    effective_from: date | None
    signed_by: Mapping[str, str | None]
    statuses: Mapping[tuple[str, str], tuple[str, ...]]

    @property
    def rows(self) -> tuple[StatusRule, ...]:
        """One row per status and state."""
        return tuple(StatusRule(self.connector, field, status, state)
                     for (field, status), states in self.statuses.items() for state in states)


@dataclass(frozen=True)
class LeadStates:
    """All rule files of a folder, by connector. `version` changes exactly when a meaning changes."""

    files: Mapping[str, RuleFile]

    @property
    def rows(self) -> tuple[StatusRule, ...]:
        """One row per connector, status field, status and state, in order."""
        return tuple(sorted(row for file in self.files.values() for row in file.rows))

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits over all meanings; comments and order do not count."""
        return content_version("\n".join(sorted(
            f"{file.connector}|{field}|{status}|{','.join(sorted(states))}"
            for file in self.files.values() for (field, status), states in file.statuses.items())))

    @property
    def heads(self) -> Mapping[str, Head]:
        """By file: the version that all files share, and who signed this one."""
        return {f"{STATE_FILES}/{name}": Head(self.version, file.effective_from, file.signed_by)
                for name, file in self.files.items()}

    def states_for(self, *names: str) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """(status_field, status) -> states by the first of these names that has a file; empty when none has.

        A configured source is asked for by its own name, then its connector's: two exports need not mean the same.
        """
        return next((self.files[name].statuses for name in names if name in self.files), {})

    def knows(self, connector: str, status_field: str, status: str) -> bool:
        """Whether somebody agreed what this status means, be it nothing."""
        return (status_field, status) in self.states_for(connector)


def load_lead_states(folder: Path) -> LeadStates:
    """Every `*.yaml` of a folder. Raises ConfigError naming file and line of what is wrong."""
    files: dict[str, RuleFile] = {}
    for path in sorted(folder.glob("*.yaml")):
        file = _file(Reading.of(path))
        if file.connector in files:
            raise ConfigError(f"{path.name}: connector {file.connector} has two rule files", fix="keep one of them")
        files[file.connector] = file
    if not files:
        raise ConfigError(f"no rule file in {folder.name}", fix="crosscheck init writes the defaults")
    return LeadStates(files)


def _file(read: Reading) -> RuleFile:
    read.keys(("connector", *HEAD, "fields", "origins"), required=("connector", "fields"))
    meanings = _statuses(read, "fields", STATES)
    if read.has("origins"):
        read.mapping("origins").keys(ORIGINS)
        meanings |= _statuses(read, "origins", SIDES)
    return RuleFile(read.text("connector"), read.effective_from(), read.signatures(), meanings)


def _statuses(read: Reading, section: str, allowed: tuple[str, ...]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for field, statuses in read.named(section).items():
        for status in statuses.tree:
            if not isinstance(status, str):
                raise statuses.wrong(status, f"{field}: status {status!r} is not text; quote it")
            found[field, status] = _states(statuses, status, allowed)
    return found


def _states(statuses: Reading, status: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    states = statuses.tree[status]
    if not isinstance(states, list):
        raise statuses.wrong(status, f"{status}: give a list of states, [] for none")
    if unknown := [state for state in states if state not in allowed]:
        raise statuses.wrong(status, f"{status}: unknown state {unknown[0]!r}; there are {', '.join(allowed)}")
    if len(set(states)) != len(states):
        raise statuses.wrong(status, f"{status}: a state stands twice")
    return tuple(str(state) for state in states)
