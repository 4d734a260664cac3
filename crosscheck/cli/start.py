"""`init`: the first crosscheck.toml."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

from cyclopts import Parameter

from crosscheck.cli.out import UsageError, following, note, print_json
from crosscheck.errors import ConfigError

_TOML = """\
# Crosscheck: who, where, which sources. Secrets stand here by reference only: env:NAME or file:PATH.
rules = "rules"
privacy_key = "file:secrets/privacy_key"

[project]
name = {name}
reporting_currency = "{currency}"
time_zone = "{zone}"
history_days = 120

[store]
warehouse = "duckdb:///var/warehouse.duckdb"   # or env:CROSSCHECK_WAREHOUSE_URL → postgresql+psycopg://…
published = "var/published.duckdb"
landing = "var/landing"
docs = "var/data-docs"

[alerts]
critical = []                                  # e.g. ["env:CROSSCHECK_ALERT_URL"], an Apprise address
# sla = ["env:SALES_ALERT_URL"]                # who can send somebody to a lead that waits: crosscheck sla
owner = "data operations"

# [[alerts.channels]]                          # as many as there are readers: docs/runbooks/alerts.md
# name = "operator_zalo"
# url = "env:OPERATOR_ZALO_URL"                # zalo://TOKEN/CHAT_ID, from: crosscheck alerts pair zalo
# severities = ["critical", "warning", "heartbeat"]   # and "sla"
# language = "vi"                              # or "en"
# audience = "operator"                        # or "reader": what it means for the numbers, nothing to type

# [[sources]]
# name = "google_ads"
# connector = "google_ads"
# options = {{ login_customer_id = "1234567890" }}
# [sources.secrets]
# developer_token = "env:GOOGLE_ADS_DEVELOPER_TOKEN"
# client_id = "env:GOOGLE_ADS_CLIENT_ID"
# client_secret = "env:GOOGLE_ADS_CLIENT_SECRET"
# refresh_token = "env:GOOGLE_ADS_REFRESH_TOKEN"
#
# [[sources]]
# name = "meta_ads"
# connector = "meta_ads"
# secrets = {{ access_token = "env:META_ACCESS_TOKEN" }}
#
# [[sources]]
# name = "getfly"
# connector = "getfly"
# options = {{ base_url = "https://YOURS.getflycrm.com" }}
# secrets = {{ api_key = "env:GETFLY_API_KEY" }}
#
# [[sources]]
# name = "hubspot"
# connector = "hubspot"
# secrets = {{ access_token = "env:HUBSPOT_TOKEN" }}
"""


def init(folder: Path = Path(), *, name: str = "crosscheck", currency: str = "VND", zone: str = "Asia/Ho_Chi_Minh",
         force: bool = False, as_json: Annotated[bool, Parameter("--json")] = False) -> int:
    """Write a first crosscheck.toml, a privacy key and the rule files; nothing that exists is overwritten.

    Example: `crosscheck init my-company --currency VND`

    Parameters
    ----------
    folder: where the configuration lives.
    name: how the project calls itself; two projects on one PostgreSQL never share a lock.
    currency: the reporting currency, ISO 4217.
    zone: the business zone, in which a lead's day begins.
    force: overwrite crosscheck.toml.
    as_json: print the paths as JSON.
    """
    if zone not in available_timezones():
        raise UsageError(f"{zone!r} is no time zone", fix="--zone Asia/Ho_Chi_Minh, a name of the IANA list")
    if not (len(currency) == 3 and currency.isalpha() and currency.isupper()):
        raise UsageError(f"{currency!r} is no currency", fix="--currency VND, three capital letters of ISO 4217")
    target = folder / "crosscheck.toml"
    if target.exists() and not force:
        raise ConfigError(f"{target} exists already", fix="edit it, or add --force to write it anew")
    folder.mkdir(parents=True, exist_ok=True)
    quoted = json.dumps(name, ensure_ascii=False)
    target.write_text(_TOML.format(name=quoted, currency=currency, zone=zone), encoding="utf-8")
    written = [target, *_ignored(folder), *new_key(folder, secrets.token_hex(32)), *_rules(folder)]
    step = "crosscheck doctor" if folder == Path() else f"cd {folder} && crosscheck doctor"
    if as_json:
        print_json({"written": [str(path) for path in written], "next": step})
        return 0
    for path in written:
        note(f"✓ {path}")
    following(f"uncomment your sources in {target}, then: {step}")
    return 0


def _ignored(folder: Path) -> list[Path]:
    """Secrets and data never enter a repository by accident."""
    path = folder / ".gitignore"
    if path.exists():
        return []
    path.write_text("secrets/\nvar/\n.env\n", encoding="utf-8")
    return [path]


def new_key(folder: Path, key: str) -> list[Path]:
    """Without the privacy key the hashes in the warehouse cannot be linked to a person; back it up apart from the data.
    One that is there stays.
    """
    path = folder / "secrets" / "privacy_key"
    if path.exists():
        return []
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(key, encoding="utf-8")
    return [path]


def _rules(folder: Path) -> list[Path]:
    """Copies of the shipped rules, for both heads to change and sign."""
    from crosscheck.rules import SHIPPED

    written = []
    for rule in sorted(SHIPPED.rglob("*.yaml")):
        path = folder / "rules" / rule.relative_to(SHIPPED)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(rule.read_bytes())
            written.append(path)
    return written
