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
stands in no file credits nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from crosscheck.errors import ConfigError
from crosscheck.fields.crm import SIDES, STATES

_KEYS = ("connector", "signed_by", "effective_from", "fields", "origins")
_ORIGINS = ("recorded_source", "self_declared_origin")
_SIGNATORIES = ("marketing", "sales")


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
        lines = sorted(f"{file.connector}|{field}|{status}|{','.join(sorted(states))}"
                       for file in self.files.values() for (field, status), states in file.statuses.items())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]

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
        file = _read(path)
        if file.connector in files:
            raise ConfigError(f"{path.name}: connector {file.connector} has two rule files", fix="keep one of them")
        files[file.connector] = file
    if not files:
        raise ConfigError(f"no rule file in {folder.name}", fix="crosscheck init writes the defaults")
    return LeadStates(files)


def _read(path: Path) -> RuleFile:
    try:
        tree = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark is not None else 0
        raise _wrong(path, line, str(error.problem or error.context).splitlines()[0]) from None
    except YAMLError as error:
        raise _wrong(path, 0, str(error).splitlines()[0]) from None
    _check_keys(path, tree, _KEYS, required=("connector", "fields"))
    meanings = _statuses(path, tree, "fields", STATES)
    if "origins" in tree:
        _check_keys(path, _mapping(path, tree, "origins"), _ORIGINS)
        meanings |= _statuses(path, tree, "origins", SIDES)
    return RuleFile(str(tree["connector"]), _effective(path, tree), _signatures(path, tree), meanings)


def _statuses(path: Path, tree: Any, section: str, allowed: tuple[str, ...]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for field, statuses in _mapping(path, tree, section).items():
        for status in _mapping(path, tree[section], field):
            if not isinstance(status, str):
                raise _wrong(path, _line(statuses, status), f"{field}: status {status!r} is not text; quote it")
            found[field, status] = _states(path, statuses, status, allowed)
    return found


def _states(path: Path, statuses: Any, status: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    states, line = statuses[status], _line(statuses, status)
    if not isinstance(states, list):
        raise _wrong(path, line, f"{status}: give a list of states, [] for none")
    if unknown := [state for state in states if state not in allowed]:
        raise _wrong(path, line, f"{status}: unknown state {unknown[0]!r}; there are {', '.join(allowed)}")
    if len(set(states)) != len(states):
        raise _wrong(path, line, f"{status}: a state stands twice")
    return tuple(str(state) for state in states)


def _effective(path: Path, tree: Any) -> date | None:
    day = tree.get("effective_from")
    if day is None or isinstance(day, date):
        return day
    raise _wrong(path, _line(tree, "effective_from"), "effective_from is a day, as in 2026-01-31")


def _signatures(path: Path, tree: Any) -> dict[str, str | None]:
    if tree.get("signed_by") is None:
        return dict.fromkeys(_SIGNATORIES)
    signed = _mapping(path, tree, "signed_by")
    _check_keys(path, signed, _SIGNATORIES)
    return {name: None if signed.get(name) is None else str(signed[name]) for name in _SIGNATORIES}


def _mapping(path: Path, parent: Any, key: str) -> Any:
    if not isinstance(parent[key], dict):
        raise _wrong(path, _line(parent, key), f"{key} must be a mapping")
    return parent[key]


def _check_keys(path: Path, tree: Any, allowed: tuple[str, ...], required: tuple[str, ...] = ()) -> None:
    if not isinstance(tree, dict):
        raise _wrong(path, 0, "a mapping is expected")
    for key in tree:
        if key not in allowed:
            raise _wrong(path, _line(tree, key), f"unknown key {key!r}; there are {', '.join(allowed)}")
    for key in required:
        if key not in tree:
            raise _wrong(path, 0, f"key {key!r} is missing")


def _line(tree: Any, key: object) -> int:
    return int(tree.lc.key(key)[0])


def _wrong(path: Path, line: int, what: str) -> ConfigError:
    return ConfigError(f"{path.name}, line {line + 1}: {what}", fix=f"edit {path.name}")
