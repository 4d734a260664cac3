"""From configured sources to connectors and their accounts; one sick source never sinks the others."""

from __future__ import annotations

from dataclasses import dataclass

from connectors import connector_class
from connectors.base import Account, Connector
from crosscheck.errors import ConfigError, CrosscheckError
from crosscheck.settings import Settings, Source


@dataclass(frozen=True)
class Opened:
    """A source whose credential answered, with the accounts it reaches."""

    source: Source
    connector: Connector
    accounts: tuple[Account, ...]


@dataclass(frozen=True)
class Refused:
    """Something that could not be read tonight, and what to do. `where` names source, account, stream, window."""

    source: str
    account_id: str
    stream: str
    error: CrosscheckError

    def __str__(self) -> str:
        return str(self.error)


def chosen(settings: Settings, only: tuple[str, ...]) -> list[Source]:
    """The sources that a run reads: those named, or all. Raises ConfigError when there is none, or none of a name."""
    known = {source.name: source for source in settings.sources}
    if not known:
        raise ConfigError("no source is configured", fix="uncomment or add [[sources]] in crosscheck.toml")
    if unknown := [name for name in only if name not in known]:
        raise ConfigError(f"no source {unknown[0]!r} is configured", fix=f"one of {', '.join(known)}")
    return [source for name, source in known.items() if not only or name in only]


def open_source(source: Source, settings: Settings) -> Opened | Refused:
    """The connector of a source and the accounts tonight reads; its refusal is a value, not an exception."""
    try:
        source.require_environment()
        connector: Connector = connector_class(source.connector)(source, settings)
        accounts = tuple(a for a in connector.accounts() if not source.accounts or a.account_id in source.accounts)
        _all_found(source, accounts)
    except CrosscheckError as error:
        return Refused(source.name, "", "", error.at(source.name))
    return Opened(source, connector, accounts)


def _all_found(source: Source, accounts: tuple[Account, ...]) -> None:
    missing = set(source.accounts) - {a.account_id for a in accounts}
    if missing:
        raise ConfigError(f"the credential does not reach account {', '.join(sorted(missing))}",
                          fix=f"give it access, or correct accounts of [[sources]] {source.name}")
