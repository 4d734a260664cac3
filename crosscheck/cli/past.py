"""`as-of`: what was believed on an earlier day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from cyclopts import Parameter

from crosscheck.cli.look import begun, pairs, show
from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import note, print_json
from crosscheck.settings import load


def as_of(mart: str, *key: str, on: Annotated[date, Parameter("--on")], limit: int = 50, config: Config = None,
          as_json: Json = False) -> int:
    """What a mart said on an earlier day: the publication that readers had at the end of it, and its rows.

    Example: `crosscheck as-of campaign_roi_closed campaign_id=6001 --on 2026-11-01`

    Parameters
    ----------
    mart: its name, as in docs/tables.md.
    key: as much of the rows' key as you know, each as column=value.
    on: the day, in the business zone.
    limit: how many rows to show; --json has all of them.
    """
    from warehouse import open_warehouse
    from warehouse.reading import believed

    with open_warehouse(load(config), lock=False) as wh, begun():
        found = believed(wh, mart, on, pairs(key))
    if as_json:
        print_json({"mart": mart, "on": on, "run_id": found.run_id, "as_of": found.as_of, "rows": found.rows})
        return 0
    note(f"{mart} on {on}, as {found.run_id} published it with the clock at {found.as_of} UTC: {len(found.rows)} rows")
    show(mart, found.rows[:limit])
    return 0
