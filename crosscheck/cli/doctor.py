"""`doctor`: one line per check, each with what to do about it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from crosscheck.cli.out import err, out, print_json
from crosscheck.errors import CrosscheckError
from crosscheck.settings import Settings, load

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
    """Check versions, settings, secrets, rules, the warehouse, every source and every alert address.

    Nothing is written and no secret is shown. Example: `crosscheck doctor`

    Parameters
    ----------
    offline: do not call the sources.
    """
    findings = [*_machine(), *_configured(config, offline=offline)]
    bad = [finding for finding in findings if not finding.ok]
    if as_json:
        print_json({"findings": findings, "ok": not bad})
    for finding in () if as_json else findings:
        mark = "[green]✓[/green]" if finding.ok else "[red]✗[/red]"
        out.print(f"{mark} {finding.check}: {finding.detail}")
        if not finding.ok and finding.fix:
            out.print(f"    [bold]next:[/bold] {finding.fix}")
    if not bad and not as_json:
        err.print("  [bold]next:[/bold] crosscheck run")
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
        yield Finding("settings", False, error.what, error.fix)  # noqa: FBT003
        return
    yield Finding("settings", True, f"{len(settings.sources)} sources, reporting in {settings.project.reporting_currency}")  # noqa: FBT003
    yield _try("privacy key", lambda: f"{len(settings.secret(settings.privacy_key))} characters")
    yield _try("rules", lambda: _rules(settings))
    yield _try("warehouse", lambda: _warehouse(settings))
    for ref in (*settings.alerts.critical, *settings.alerts.warning):
        yield _try(f"alert address {ref}", lambda ref=ref: "present" if settings.secret(ref) else "empty")  # type: ignore[misc]
    if not settings.alerts.critical:
        yield Finding("alerts", False, "nobody is told when a night fails", "set alerts.critical")  # noqa: FBT003
    for source in () if offline else settings.sources:
        yield _try(f"source {source.name}", lambda source=source: _source(settings, source.name))  # type: ignore[misc]


def _try(check: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check, True, look())  # noqa: FBT003
    except CrosscheckError as error:
        return Finding(check, False, error.what, error.fix)  # noqa: FBT003


def _rules(settings: Settings) -> str:
    from crosscheck.rules import load_lead_states

    states = load_lead_states(settings.path(settings.rules) / "lead_states")
    return f"version {states.version}"


def _warehouse(settings: Settings) -> str:
    from warehouse import open_warehouse

    with open_warehouse(settings) as wh:
        return f"{wh.dialect} answers"


def _source(settings: Settings, name: str) -> str:
    from flows.sources import Refused, open_source

    source = next(item for item in settings.sources if item.name == name)
    opened = open_source(source, settings)
    if isinstance(opened, Refused):
        raise opened.error
    return ", ".join(f"{a.account_id} ({a.currency_code or 'no currency'}, {a.time_zone})" for a in opened.accounts)
