"""`report`: the nightly report, written again by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from crosscheck.cli.look import begun
from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import following, print_json, table
from crosscheck.settings import load

_NEXT = "crosscheck explain closed_rate says a number of it in words; every number has its command beside it"


def report(*, language: tuple[Literal["vi", "en"], ...] = (), out: Path | None = None, config: Config = None,
           as_json: Json = False) -> int:
    """Write the nightly report of what is published now: one HTML file per language that needs nothing else.

    The night writes it by itself after publication. Example: `crosscheck report --language vi --out reports`

    Parameters
    ----------
    language: only these languages; default those of `[report]`.
    out: the folder; default that of `[report]`.
    """
    from report.nightly.page import write
    from warehouse import open_warehouse

    settings = load(config)
    folder = out or settings.path(settings.report.folder)
    with open_warehouse(settings, lock=False) as wh, begun():
        written = write(settings, wh, folder, language or settings.report.languages)
    if as_json:
        print_json({"reports": [{**vars(one), "path": str(one.path)} for one in written], "next": _NEXT})
        return 0
    table("nightly report", ("language", "file", "bytes", "seconds"),
          [(one.language, one.path, f"{one.size:,}", one.seconds) for one in written], right=("bytes", "seconds"))
    following(_NEXT)
    return 0
