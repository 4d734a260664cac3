"""`doctor`: one line per check, each with what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.text import Text

from crosscheck.cli.out import following, out, print_json
from crosscheck.errors import ConfigError, CrosscheckError, LockHeld
from crosscheck.redact import redact
from crosscheck.settings import Channel, Settings, Source, load

if TYPE_CHECKING:
    from warehouse import Warehouse

#: Versions whose neighbours are known to break the night without an error (docs/decisions/0003-dependencies.md).
PINS = {"prefect": "3.8.8", "duckdb": "1.5.6", "great-expectations": "1.24.1"}
_ENOUGH_DISK = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, whether it is well, and the next step."""

    check: str
    ok: bool
    detail: str
    fix: str = ""


def doctor(*, config: Annotated[Path | None, Parameter("--config", help="Default ./crosscheck.toml.")] = None,
           offline: bool = False, as_json: Annotated[bool, Parameter("--json", help="Print as JSON.")] = False) -> int:
    """Check versions, settings, secrets, rules, the warehouse, every source, every alert channel and the scheduler.

    Nothing is written and no secret is shown. Example: `crosscheck doctor`

    Parameters
    ----------
    offline: call neither the sources nor Prefect's server.
    """
    findings = [*_machine(), *_configured(config, offline=offline), *(() if offline else _scheduled())]
    bad = [finding for finding in findings if not finding.ok]
    step = f"mend what is marked ({len(bad)}), then: crosscheck doctor" if bad else "crosscheck connect test"
    if as_json:
        print_json({"findings": findings, "ok": not bad, "next": step})
    for finding in () if as_json else findings:
        mark = ("✓", "green") if finding.ok else ("✗", "red")
        out.print(Text.assemble(mark, f" {finding.check}: {finding.detail}"))
        if not finding.ok and finding.fix:
            out.print(Text.assemble("    ", ("next:", "bold"), f" {finding.fix}"))
    if not as_json:
        following(step)
    return 3 if bad else 0


def _machine() -> Iterator[Finding]:
    yield Finding("python", sys.version_info >= (3, 11), sys.version.split()[0], "install Python 3.11 or newer")
    for name, pin in PINS.items():
        found = _version(name)
        yield Finding(name, found == pin, found or "absent", f"install {name}=={pin}: make demo does")
    alchemy = _version("sqlalchemy") or "absent"
    yield Finding("sqlalchemy", alchemy.startswith("2.0."), alchemy,
                  "stay below 2.1: on it Prefect's server deploys and never schedules")
    free = shutil.disk_usage(Path.cwd()).free
    yield Finding("disk", free > _ENOUGH_DISK, f"{free / 1024**3:.0f} GiB free", "make room: at least 2 GiB")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _configured(config: Path | None, *, offline: bool) -> Iterator[Finding]:
    try:
        settings = load(config)
    except CrosscheckError as error:
        yield Finding("settings", ok=False, detail=error.what, fix=error.fix)
        return
    yield _known(settings)
    yield _try("privacy key", lambda: f"{len(settings.secret(settings.privacy_key))} characters")
    yield _try("rules", lambda: _rules(settings))
    yield _try("warehouse", lambda: _warehouse(settings))
    for channel in settings.alerts.routes:
        yield _try(f"alert channel {channel.name}", partial(_channel, settings, channel))
    if not settings.alerts.told("critical"):
        yield Finding("alerts", ok=False, detail="nobody is told when a night fails",
                      fix="set alerts.critical, or a channel of [[alerts.channels]]")
    for source in () if offline else settings.sources:
        yield _try(f"source {source.name}", partial(_source, settings, source))


def _scheduled() -> Iterator[Finding]:
    """Who runs without Prefect has no PREFECT_API_URL, and nothing to look at."""
    from crosscheck.cli.scheduler import checks

    if not (api := os.environ.get("PREFECT_API_URL")):
        return
    for number, (check, look) in enumerate(checks(api, PINS["prefect"])):
        finding = _try(check, look)
        yield finding
        if not finding.ok and number == 0:
            return  # who does not answer, or lets nobody in, tells nothing else either


def _known(settings: Settings) -> Finding:
    count = len(settings.sources)
    return Finding("settings", ok=count > 0, fix="uncomment or add [[sources]] in crosscheck.toml",
                   detail=f"{count} sources, reporting in {settings.project.reporting_currency}")


def _try(check: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check, ok=True, detail=look())
    except CrosscheckError as error:
        return Finding(check, ok=False, detail=redact(error.what), fix=redact(error.fix))


def _rules(settings: Settings) -> str:
    from crosscheck.rules import load_lead_states, load_rules

    folder = settings.path(settings.rules)
    states, rules = load_lead_states(folder / "lead_states"), load_rules(folder)
    drafts = [name for name, head in ({**states.heads, **rules.heads}).items() if head.is_draft]
    unsigned = f"; drafts, for both heads to sign: {', '.join(drafts)}" if drafts else ""
    return f"lead states {states.version}, others {rules.version}{unsigned}"


def _warehouse(settings: Settings) -> str:
    """A file that is not there yet is not made by looking; a night under way is no fault."""
    from warehouse import open_warehouse
    from warehouse.engine import warehouse_url

    url = warehouse_url(settings)
    if url.drivername == "duckdb" and not Path(url.database or "").exists():
        return "the first run makes it"
    try:
        with open_warehouse(settings, lock=False) as wh:
            return f"{wh.dialect} answers{_roles(wh)}"
    except LockHeld as held:
        return held.what


def _roles(wh: Warehouse) -> str:
    """Whether PostgreSQL's reading roles are granted as declared, where there are any."""
    from warehouse import roles

    if wh.dialect != "postgresql":
        return ""
    with wh.engine.connect() as conn:
        found = roles.drift(conn)
    if found is None:
        return ", without reading roles"
    if wrong := sorted({(role, table) for role, table, _ in found.missing | found.beyond}):
        raise ConfigError(f"grants differ from the declaration: {len(wrong)} times, first {' on '.join(wrong[0])}",
                          fix="crosscheck grant")
    return ", reading roles as declared"


def _channel(settings: Settings, channel: Channel) -> str:
    from flows.channels import known

    if not known(settings.secret(channel.url)):
        raise ConfigError(f"what {channel.url} holds is no address that apprise knows",
                          fix="docs/runbooks/alerts.md has one for each service")
    return f"{', '.join(channel.severities)}; crosscheck alerts test sends to it"


def _source(settings: Settings, source: Source) -> str:
    from flows.sources import Refused, open_source

    opened = open_source(source, settings)
    if isinstance(opened, Refused):
        raise opened.error
    return ", ".join(f"{a.account_id} ({a.currency_code or 'no currency'}, {a.time_zone})" for a in opened.accounts)
