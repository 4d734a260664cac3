"""`status`, `sql`, `trace`: looking without changing anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import UsageError, bad, following, note, print_json, raw, table
from crosscheck.errors import ConfigError
from crosscheck.settings import Settings, load

if TYPE_CHECKING:
    from warehouse import Warehouse


def status(*, runs: int = 5, run: str = "", config: Config = None, as_json: Json = False) -> int:
    """The last runs, what failed in the newest one, and up to which day each source is complete.

    Example: `crosscheck status`

    Parameters
    ----------
    runs: how many runs to show.
    run: whose failures to show; default the newest run.
    """
    from crosscheck.cli.run import moment
    from warehouse import history, ledger, open_warehouse, pauses

    settings, now = load(config), moment(None)
    with open_warehouse(settings, lock=False) as wh, begun():
        latest = [dict(row._mapping) for row in ledger.latest_runs(wh, runs)]  # noqa: SLF001
        asked = run or (latest[0]["run_id"] if latest else "")
        refused = [dict(row._mapping) for row in ledger.slices(wh, asked) if row.status == "refused"]  # noqa: SLF001
        failed = [dict(row._mapping) for row in history.failed_checks(wh, asked)]  # noqa: SLF001
        states = ledger.states(wh)
        held = pauses.active(wh, now, settings.project.time_zone)
    if as_json:
        print_json({"runs": latest, "refused": refused, "failed_checks": failed, "streams": states,
                    "paused": list(held.values())})
        return 0
    shown = ("run_id", "as_of", "status", "note")
    table("runs", shown, [[row[name] for name in shown] for row in latest])
    table("complete up to", ("stream", "day", "rows"),
          [(key, s.covered_to, s.staged_rows) for key, s in sorted(states.items())], right=("rows",))
    for pause in held.values():
        note(str(pause))
    for row in refused:
        bad(f"{row['stream_key']} {row['first_day']}..{row['last_day']}: {row['error']}")
    for row in failed:
        bad(f"gate {row['gate']} · {row['severity']} · {row['table_name']} · {row['check_name']}: {row['detail']}")
    return 0


@contextmanager
def begun() -> Iterator[None]:
    """A warehouse in which no run ever began has no ledger yet."""
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except DBAPIError as error:
        if "does not exist" not in str(error.orig):
            raise
        raise ConfigError("nothing has been run in this warehouse yet", fix="crosscheck run") from None


def sql(mart: str, *, dialect: Literal["duckdb", "postgresql"] = "duckdb", as_of: datetime | None = None,
        config: Config = None, as_json: Json = False) -> int:
    """Print the SELECT that builds a mart, steps as CTEs, in an engine's own words.

    Example: `crosscheck sql campaign_roi_cohort --dialect postgresql`

    Parameters
    ----------
    mart: its name, as in docs/tables.md.
    dialect: whose words.
    as_of: the build's clock, with its zone; default now.
    """
    from crosscheck.cli.run import moment
    from warehouse.build import printed
    from warehouse.trace import find

    text = printed(find(mart), _settings_or_defaults(config), moment(as_of), dialect)
    print_json({"mart": mart, "dialect": dialect, "sql": text}) if as_json else raw(text + ";")
    return 0


def _settings_or_defaults(config: Path | None) -> Settings:
    """An analyst may read the SQL before anything is configured."""
    try:
        return load(config)
    except ConfigError:
        if config is not None:
            raise
        return Settings()


def trace(mart: str, *key: str, slice_id: Annotated[str | None, Parameter("--payload")] = None, page: int = 1,
          limit: int = 50, config: Config = None, as_json: Json = False) -> int:
    """Open a published number: its row, the leads, deals and ad rows it counts, and where their payload lies.

    Example: `crosscheck trace campaign_roi_closed platform=meta_ads campaign_id=6001 close_month=2026-10-01`

    Parameters
    ----------
    mart: its name, as in docs/tables.md.
    key: as much of the row's key as you know, each as column=value; days also as day=2026-11-01..2026-11-07.
    slice_id: print the vendor's own answer that a slice landed. It may hold personal data.
    page: which page of that slice.
    limit: how many rows to show, of those published and of each kind of evidence.
    """
    from warehouse import open_warehouse
    from warehouse.trace import trace as follow

    settings = load(config)
    with open_warehouse(settings, lock=False) as wh, begun():
        if slice_id:
            return _payload(settings, wh, slice_id, page, as_json=as_json)
        found = follow(wh, mart, pairs(key), limit)
    if as_json:
        print_json({"mart": mart, **{part: [dict(row) for row in getattr(found, part)] for part in _PARTS}})
        return 0
    for part, title in _PARTS.items():
        show(title, getattr(found, part))
    if len(found.rows) > 1:
        more = f"; there may be more than {limit}: --limit {limit * 10}" if len(found.rows) == limit else ""
        following(f"name more of the key to open one row to its evidence{more}")
    elif found.leads or found.deals or found.ads:
        following(f"crosscheck trace {mart} --payload SLICE_ID --page PAGE_NO shows the vendor's own answer")
    return 0


_PARTS = {"rows": "published", "leads": "leads", "deals": "deals", "ads": "ad rows", "restated": "restated since",
          "appeals": "appeals"}


def pairs(words: Sequence[str]) -> dict[str, str]:
    """Words like column=value. Raises UsageError for others."""
    split = [word.partition("=") for word in words]
    if wrong := [name for name, equals, _ in split if not equals]:
        raise UsageError(f"{wrong[0]!r} is not column=value",
                         fix="crosscheck trace MART platform=meta_ads day=2026-11-01")
    return {name: value for name, _, value in split}


def show(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A table of rows without the columns in which nothing stands; nothing when there are none."""
    if rows:
        names = [name for name in rows[0] if any(row[name] is not None for row in rows)]
        table(f"{title} ({len(rows)})", names, [[row[name] for name in names] for row in rows])


def _payload(settings: Settings, wh: Warehouse, slice_id: str, page: int, *, as_json: bool) -> int:
    from connectors.landing import LandingZone
    from warehouse.trace import payload

    where = payload(wh, slice_id)
    body = LandingZone(settings.landing).raw(where, page).decode("utf-8", "replace")
    print_json({"folder": where, "page": page, "body": body}) if as_json else raw(body)
    return 0
