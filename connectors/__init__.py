"""Connectors: one line each. What a connector is stands in `connectors.base`."""

from __future__ import annotations

from importlib import import_module

from crosscheck.errors import ConfigError

#: Name in `crosscheck.toml` → class, loaded when a source uses it: vendor clients are slow to import.
CONNECTORS: dict[str, str] = {
    "google_ads": "connectors.google_ads:GoogleAds",
    "meta_ads": "connectors.meta_ads:MetaAds",
    "hubspot": "connectors.hubspot:HubSpot",
    "getfly": "connectors.getfly:Getfly",
    "files": "connectors.files:Files",
}


def connector_class(name: str) -> type:
    """The class of a connector. Raises ConfigError for a name nobody registered."""
    if name not in CONNECTORS:
        raise ConfigError(f"no connector {name!r}", fix=f"one of: {', '.join(sorted(CONNECTORS))}")
    module, _, attribute = CONNECTORS[name].partition(":")
    found: type = getattr(import_module(module), attribute)
    return found
