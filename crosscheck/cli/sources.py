"""`plan`, `freshness`, `pause`, `resume`, `connect test`: sources before, between and instead of nights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosscheck.cli.look import begun
from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import UsageError, complain, following, note, print_json, table
from crosscheck.cli.run import moment, window_of
from crosscheck.settings import Settings, load
from crosscheck.windows import local_day

if TYPE_CHECKING:
    from flows.ahead import Expected
    from flows.connection import Answered
    from warehouse import Warehouse


def plan(window: str = "", *, source: tuple[str, ...] = (), deep: bool = False, as_of: datetime | None = None,
         config: Config = None, as_json: Json = False) -> int:
    """What the next night, or a backfill, would read of every account and stream; nothing is read and nothing written.

    Rows and calls are expected from the newest reading. Example: `crosscheck plan`

    Parameters
    ----------
    window: first and last day of a backfill, joined by two dots; default the next night.
    source: only these sources.
    deep: the weekly restatement.
    as_of: the night's clock, with its zone; default now.
    """
    from flows.ahead import look_ahead

    days = window_of(window, 1) if window else None
    seen = look_ahead(load(config), moment(as_of), only=source, deep=deep, window=days)
    step = "crosscheck connect test" if seen.refused else f"crosscheck backfill {days}" if days else "crosscheck run"
    if as_json:
        print_json({**{name: getattr(seen, name) for name in ("as_of", "streams", "paused", "closed")},
                    "quota": [{**asdict(pace), "seconds": pace.seconds} for pace in seen.paces],
                    "refused": [each.error for each in seen.refused], "next": step})
        return seen.exit_code
    table(f"what a night as of {seen.as_of:%Y-%m-%d %H:%M} UTC would read",
          ("source", "account", "stream", "days", "read", "windows", "rows", "calls"),
          [(one.source, one.account_id, one.stream, f"{one.first_day} … {one.last_day}", _how(one.kind, one.since),
            one.windows, *_expected(one)) for one in seen.streams], right=("windows", "rows", "calls"))
    table("what it costs at the pace that each connector keeps", ("source", "calls", "a second", "at once", "at least"),
          [(one.source, f"{one.calls:,}", f"{one.per_second:g}", one.concurrent, f"{one.seconds:,} s")
           for one in seen.paces], right=("calls", "a second", "at once", "at least"))
    for paused in seen.paused:
        note(f"not read: {paused}")
    for closed in seen.closed:
        note(f"closed, not read: {closed}")
    for refused in seen.refused:
        complain(refused.error)
    following(step)
    return seen.exit_code


def _expected(one: Expected) -> tuple[str, str]:
    """Rows and calls; where nothing is known of the rows, the calls are the least possible."""
    if one.rows is None:
        return "never read" if one.is_new else "unknown", f"{one.calls:,}+"
    return f"{one.rows:,}", f"{one.calls:,}"


def _how(kind: str, since: datetime | None) -> str:
    if kind == "window":
        return "these days, again"
    if kind == "snapshot":
        return "the whole list"
    return f"changes since {since:%Y-%m-%d %H:%M}" if since else "everything"


def freshness(*, at: datetime | None = None, config: Config = None, as_json: Json = False) -> int:
    """Per source: complete up to which day, how old that is, what was promised, and whether it is paused.

    Example: `crosscheck freshness`

    Parameters
    ----------
    at: the clock, with its zone; default now.
    """
    from warehouse import open_warehouse
    from warehouse.freshness import look

    settings, now = load(config), moment(at)
    with open_warehouse(settings, lock=False) as wh, begun():
        found = look(wh, settings, now)
    if as_json:
        print_json({"as_of": now, "sources": found})
        return 0
    table("sources", ("source", "complete to", "age", "last read", "promised", "state"),
          [(one.source, one.complete_to, None if one.age_days is None else _days(one.age_days),
            None if one.age_hours is None else f"{one.age_hours} h ago", f"within {one.promise_hours} h",
            one.state if not one.reason else f"{one.state} until {one.paused_until}: {one.reason}")
           for one in found], right=("age", "last read", "promised"))
    if late := [one.source for one in found if one.state in ("stale", "never read")]:
        following(f"crosscheck connect test {late[0]}; then crosscheck run")
    return 0


def _days(age: int) -> str:
    return "up to date" if age <= 0 else f"{age} day{'' if age == 1 else 's'} behind"


def pause(source: str, *, until: date, reason: str, at: datetime | None = None, config: Config = None,
          as_json: Json = False) -> int:
    """Leave a source out of every night up to and including a day; it ends by itself, and is said meanwhile.

    Example: `crosscheck pause meta_ads --until 2026-12-05 --reason "the account is moved to the new agency"`

    Parameters
    ----------
    source: a configured source.
    until: the last day on which it is left out, in the business zone.
    reason: why, for whoever reads the numbers meanwhile.
    at: the clock, with its zone; default now.
    """
    from flows.sources import chosen
    from warehouse.pauses import Pause
    from warehouse.pauses import pause as leave_out

    settings, now = load(config), moment(at)
    chosen(settings, (source,))
    if not reason.strip():
        raise UsageError("--reason is empty: readers will ask", fix='--reason "what happened"')
    if until < local_day(now, settings.project.time_zone):
        raise UsageError(f"{until} is over already", fix="a day that is still to come")
    held = Pause(source, until, " ".join(reason.split())[:300], getuser())
    with _writing(settings) as wh:
        leave_out(wh, held, now)
    if as_json:
        print_json(held)
        return 0
    note(f"{held}. From {until + timedelta(days=1)} on it is read again; what was missed is read then.")
    following(f"crosscheck resume {source} ends it early")
    return 0


def resume(source: str, *, at: datetime | None = None, config: Config = None, as_json: Json = False) -> int:
    """Read a paused source again from the next night on; what was missed is read then.

    Example: `crosscheck resume meta_ads`

    Parameters
    ----------
    source: a configured source.
    at: the clock, with its zone; default now.
    """
    from flows.sources import chosen
    from warehouse.pauses import resume as read_again

    settings = load(config)
    chosen(settings, (source,))
    with _writing(settings) as wh:
        ended = read_again(wh, source, moment(at), settings.project.time_zone)
    if as_json:
        print_json({"source": source, "ended": ended})
        return 0
    note(f"{source} was not paused" if ended is None else f"{source} is read again; it was paused: {ended.reason}")
    following("crosscheck run")
    return 0


@contextmanager
def _writing(settings: Settings) -> Iterator[Warehouse]:
    """The warehouse, written by us alone: while a night runs this waits for its end, for a moment."""
    from warehouse import migrations, open_warehouse

    with open_warehouse(settings, wait=5) as wh:
        migrations.migrate(wh)
        yield wh


def connect_test(source: str = "", *, quick: bool = False, at: datetime | None = None, config: Config = None,
                 as_json: Json = False) -> int:
    """Ask every source for its accounts and for a page of each stream, and say what is wrong; nothing is kept.

    Example: `crosscheck connect test meta_ads`

    Parameters
    ----------
    source: only this one.
    quick: accounts only, no page of any stream.
    at: the clock, with its zone; default now.
    """
    from flows.connection import probe
    from flows.sources import Refused

    settings, now = load(config), moment(at)
    found = probe(settings, now, _complete(settings), only=(source,) if source else (), read=not quick)
    accounts = [each for each in found if not isinstance(each, Refused)]
    refused = [each for each in found if isinstance(each, Refused)] + [one for each in accounts for one in each.refused]
    step = f"mend it, then: crosscheck connect test {refused[0].source}" if refused else "crosscheck plan"
    if as_json:
        print_json({"accounts": [_plain(each) for each in accounts], "refused": [each.error for each in refused],
                    "ok": not refused, "next": step})
        return refused[0].error.exit_code if refused else 0
    if accounts:
        _show_accounts(accounts, quick)
    for each in refused:
        complain(each.error)
    following(step)
    return refused[0].error.exit_code if refused else 0


def _show_accounts(accounts: list[Answered], quick: bool) -> None:
    table("accounts", ("source", "account", "name", "currency", "zone", "state", "complete to", "pace", "streams"),
          [(each.source, each.account.account_id, each.account.account_name or None, each.account.currency_code,
            each.account.time_zone, "open" if each.account.is_open else f"closed ({each.account.status})",
            each.complete_to, f"{each.per_second:g}/s, {each.concurrent} at once", _streams(each, quick))
           for each in accounts])


def _streams(each: Answered, quick: bool) -> str:
    if quick or not each.account.is_open:
        return "not asked"
    asked = len(each.streams) + len(each.refused)
    return f"{len(each.streams)} of {asked} answered"


def _plain(each: Answered) -> dict[str, Any]:
    return {**{name: value for name, value in asdict(each.account).items() if name != "manager_id"},
            "source": each.source, "complete_to": each.complete_to, "per_second": each.per_second,
            "concurrent": each.concurrent, "streams": each.streams, "refused": [one.error for one in each.refused]}


def _complete(settings: Settings) -> dict[str, date]:
    """By source and account, the day up to which each is there; empty before the first night."""
    from warehouse import ledger, open_warehouse
    from warehouse.engine import warehouse_url

    url = warehouse_url(settings)
    if url.drivername == "duckdb" and not Path(url.database or "").exists():
        return {}
    with open_warehouse(settings, lock=False) as wh, begun():
        states = ledger.states(wh)
    found: dict[str, date] = {}
    for key, state in states.items():
        account = key.rpartition("/")[0]
        found[account] = min(found.get(account, state.covered_to), state.covered_to)
    return found
