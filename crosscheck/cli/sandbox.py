"""`sandbox generate|serve`: the demo company, on disk or behind the vendors' protocols."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crosscheck.cli.options import Json
from crosscheck.cli.out import UsageError, following, note, print_json, raw
from crosscheck.errors import ConfigError

if TYPE_CHECKING:
    from sandbox.model import Company


def generate(folder: Path, *, seed: int = 7, scale: float = 1.0, as_json: Json = False) -> int:
    """Write a demo company to a folder: its events, from which every expected answer follows, and its exchange rates.

    Example: `crosscheck sandbox generate var/company --scale 10`

    Parameters
    ----------
    folder: where to write.
    seed: the same seed gives the same company.
    scale: 1 is about 2,400 leads and 5,000 ad-days; it grows in proportion.
    """
    from sandbox.company import make_company
    from sandbox.generate import write

    try:
        company = make_company(seed=seed, scale=scale)
    except ValueError as error:
        raise UsageError(str(error), fix="--scale 0.15 is a small company") from None
    write(company, folder)
    counts = {"leads": len(company.leads), "deals": len(company.deals), "ad_days": len(company.ad_days),
              "nights": [night.isoformat() for night in company.nights], "folder": str(folder)}
    if as_json:
        print_json(counts)
    else:
        raw(f"{counts['leads']} leads, {counts['deals']} deals, {counts['ad_days']} ad-days in {folder}")
        following(f"crosscheck sandbox serve {folder}")
    return 0


def serve(folder: Path, *, now: datetime | None = None, as_json: Json = False) -> int:
    """Serve a company on free loopback ports, as Google Ads, Meta, HubSpot and Getfly would, until interrupted.

    Example: `crosscheck sandbox serve var/company`

    Parameters
    ----------
    folder: what `generate` wrote.
    now: what the vendors know: everything up to this instant; default the company's last night.
    """
    from crosscheck.cli.run import moment
    from sandbox.server import SandboxServer

    company = company_in(folder)
    with SandboxServer(company, moment(now) if now else company.nights[-1]) as server:
        if as_json:
            print_json(server.urls)
        else:
            for vendor, url in server.urls.items():
                raw(f"{vendor:12} {url}")
        note("  Ctrl-C ends it; the tokens are in sandbox/credentials.py")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


def company_in(folder: Path) -> Company:
    """The company that `generate` wrote to a folder. Raises ConfigError when there is none."""
    from sandbox.generate import read

    try:
        return read(folder)
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(f"no company in {folder}", fix=f"crosscheck sandbox generate {folder}") from None
