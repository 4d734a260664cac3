"""Secrets of a source, read when they are used."""

from __future__ import annotations

from pathlib import Path

from connectors.base import Limits
from crosscheck.errors import ConfigError
from crosscheck.settings import SecretRef, Source


def secret(source: Source, name: str) -> str:
    """The value behind `secrets.<name>`.

    Reading again is how a rotated token reaches a running night. Raises ConfigError naming the key, never the value.
    """
    if name not in source.secrets:
        raise ConfigError(f"source {source.name}: secret {name} is not configured",
                          fix=f'[sources.secrets] {name} = "env:…" or "file:…"')
    return SecretRef(ref=source.secrets[name]).resolve(Path())


def limits(source: Source, default: Limits) -> Limits:
    """The connector's limits, unless options `concurrent` and `per_second` say otherwise: a higher quota, a sandbox."""
    return Limits(int(source.options.get("concurrent", default.concurrent)),
                  float(source.options.get("per_second", default.per_second)))
