"""`page`: what is published, as one HTML file to open and to question."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from crosscheck.cli.look import begun
from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import following, print_json, raw
from crosscheck.settings import load

People = Annotated[bool, Parameter("--people", negative="--no-people",
                                   help="Whose leads they are; without it nothing in the file says so.")]


def page(*, out: Path | None = None, people: People = True, config: Config = None, as_json: Json = False) -> int:
    """Write the page: filters, the leak waterfall down to its evidence, attribution side by side, what changed and why.

    Example: `crosscheck page --out var/report`

    Parameters
    ----------
    out: the folder to write `page.html` to; default `report` beside the published file.
    people: whose leads they are; without it nothing in the file says so.
    """
    from report.page import build
    from warehouse import open_warehouse

    settings = load(config)
    with open_warehouse(settings, lock=False) as wh, begun():
        written = build(settings, wh, out, with_people=people)
    if as_json:
        print_json({"page": str(written.path), "size_bytes": written.size_bytes, "row_count": written.row_count})
        return 0
    raw(str(written.path))
    following("open it in a browser; it needs no server and loads nothing")
    return 0
