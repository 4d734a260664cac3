"""Which slices a night reads, from its clock and the ledger alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from connectors.base import Account, Connector, LoadMode, Output, Slice, Stream, StreamKind
from connectors.google_ads import GoogleAds
from crosscheck.canonical import AD_DAILY, CAMPAIGN, LEAD
from crosscheck.settings import Project, Source
from crosscheck.windows import Window
from flows.plan import Clock, Known, plan
from flows.sources import Opened
from warehouse.ledger import definition

NIGHT = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)  # 02:00 on the 21st in Vietnam, 11:00 on the 20th in Los Angeles
SAIGON = Account("vn", "Asia/Ho_Chi_Minh")
ANGELES = Account("us", "America/Los_Angeles")
SPEND = Stream("spend", StreamKind.WINDOW, "", (Output(AD_DAILY, LoadMode.WINDOW),), chunk_days=400)
CLICKS = replace(SPEND, name="clicks", lookback_days=5, max_history_days=90)
LEADS = Stream("leads", StreamKind.INCREMENTAL, "", (Output(LEAD, LoadMode.UPSERT),))
NAMES = Stream("names", StreamKind.SNAPSHOT, "", (Output(CAMPAIGN, LoadMode.HISTORY),))


def opened(*accounts: Account, streams: tuple[Stream, ...] = (SPEND,)) -> Opened:
    """A source whose connector has these streams."""
    connector = cast("Connector", SimpleNamespace(name="demo", streams=streams))
    return Opened(Source(name="ads", connector="demo"), connector, accounts)


def clock(as_of: datetime = NIGHT, **more: Any) -> Clock:
    """The clock of a night with 120 days of history and 35 of lookback."""
    return Clock("r", as_of, Project(), **more)


def covered(stream: Stream, day: str, account: Account = SAIGON, **more: Any) -> Mapping[str, Known]:
    """A ledger that holds a stream up to a day, under its present definition."""
    state = Known(date.fromisoformat(day), definition=definition(stream), **more)
    return {f"ads/{account.account_id}/{stream.name}": state}


def windows(slices: Any) -> list[str]:
    """The windows of some slices."""
    return [str(each.window) for each in slices]


def test_the_first_night_reads_the_history() -> None:
    """120 days that end with the account's last full day."""
    [only] = plan(opened(SAIGON), clock(), {})
    assert str(only.window) == "2026-07-24..2026-11-20"
    assert only.window.days == 120


def test_a_night_reads_the_lookback_again() -> None:
    """35 days: what vendors restate, and the new day."""
    assert windows(plan(opened(SAIGON), clock(), covered(SPEND, "2026-11-19"))) == ["2026-10-17..2026-11-20"]


def test_missed_nights_are_read_in_the_next_one() -> None:
    """After a gap longer than the lookback the window starts at the first missing day."""
    assert windows(plan(opened(SAIGON), clock(), covered(SPEND, "2026-09-30"))) == ["2026-10-01..2026-11-20"]


def test_a_resumed_run_keeps_its_plan() -> None:
    """Killed behind staging it finds its streams read up to tonight: the slices are those that it landed, for all that;
    under another definition of the stream they are planned anew.
    """
    for stream in (SPEND, LEADS):
        since = NIGHT - timedelta(days=1) if stream is LEADS else None
        state = covered(stream, "2026-11-19", cursor=since)
        first = list(plan(opened(SAIGON, streams=(stream,)), clock(), state))
        planned = tuple((each.window, each.since) for each in first)
        later = covered(stream, "2026-11-20", cursor=NIGHT, planned=planned)
        assert list(plan(opened(SAIGON, streams=(stream,)), clock(), later)) == first
        changed = {key: replace(one, definition="another") for key, one in later.items()}
        assert list(plan(opened(SAIGON, streams=(stream,)), clock(), changed)) != first


def test_history_is_read_in_chunks_without_gap_or_overlap() -> None:
    """The chunks of a stream cover its window day by day."""
    stream = replace(SPEND, chunk_days=30)
    pieces = [each.window for each in plan(opened(SAIGON, streams=(stream,)), clock(), {})]
    assert [piece.days for piece in pieces] == [30, 30, 30, 30]
    assert all(left.last + timedelta(days=1) == right.first for left, right in pairwise(pieces))


@pytest.mark.parametrize(("account", "as_of", "last"), [
    (SAIGON, "2026-11-20T16:59:59Z", "2026-11-19"), (SAIGON, "2026-11-20T17:00:00Z", "2026-11-20"),
    (ANGELES, "2026-11-21T07:59:59Z", "2026-11-19"), (ANGELES, "2026-11-21T08:00:00Z", "2026-11-20"),
    (ANGELES, "2026-07-21T06:59:59Z", "2026-07-19"), (ANGELES, "2026-07-21T07:00:00Z", "2026-07-20"),
])
def test_a_day_is_read_once_it_is_over_where_the_account_lives(account: Account, as_of: str, last: str) -> None:
    """At local midnight, in summer time too, yesterday becomes the last full day."""
    [only] = plan(opened(account), clock(datetime.fromisoformat(as_of)), {})
    assert str(only.window.last) == last


def test_one_night_ends_on_different_days_in_different_zones() -> None:
    """At 02:00 in Vietnam Los Angeles still lives yesterday."""
    last = {each.account.account_id: str(each.window.last) for each in plan(opened(SAIGON, ANGELES), clock(), {})}
    assert last == {"vn": "2026-11-20", "us": "2026-11-19"}


def test_a_vendor_that_forgets_is_not_asked_for_more() -> None:
    """A stream with 90 days of memory starts there, and keeps its own short lookback, on deep nights too."""
    short = opened(SAIGON, streams=(CLICKS,))
    [first] = plan(short, clock(), {})
    assert first.window.days == 90
    for night in (clock(), clock(deep=True)):
        assert windows(plan(short, night, covered(CLICKS, "2026-11-19"))) == ["2026-11-16..2026-11-20"]


def test_google_keeps_clicks_for_ninety_days() -> None:
    """The connector declares it, so that the plan can know."""
    clicks = next(stream for stream in GoogleAds.streams if "click" in stream.name)
    days = [each.window for each in plan(opened(SAIGON, streams=(clicks,)), clock(), {})]
    assert sum(window.days for window in days) <= 90
    assert all(window.first >= date(2026, 11, 20) - timedelta(days=89) for window in days)


def test_the_weekly_night_looks_ninety_five_days_back() -> None:
    """Restatements that come late."""
    [only] = plan(opened(SAIGON), clock(deep=True), covered(SPEND, "2026-11-19"))
    assert str(only.window) == "2026-08-18..2026-11-20"
    assert only.window.days == 95


def test_changed_rows_are_read_from_the_cursor() -> None:
    """An incremental stream asks for changes since its cursor; the first time for everything; its window ends today."""
    cursor = NIGHT - timedelta(days=1)
    crm = opened(SAIGON, streams=(LEADS,))
    [first] = plan(crm, clock(), {})
    [later] = plan(crm, clock(), covered(LEADS, "2026-11-19", cursor=cursor))
    assert (first.since, str(first.window)) == (None, "2026-11-20..2026-11-20")
    assert (later.since, str(later.window)) == (cursor, "2026-11-19..2026-11-20")


def test_a_snapshot_is_read_whole_every_night() -> None:
    """No cursor and no history: the whole list."""
    [only] = plan(opened(SAIGON, streams=(NAMES,)), clock(), covered(NAMES, "2026-11-19", cursor=NIGHT))
    assert only.since is None


def test_closed_accounts_are_not_read() -> None:
    """The vendor would refuse them."""
    assert list(plan(opened(replace(SAIGON, is_open=False)), clock(), {})) == []


def test_a_stream_that_means_something_else_is_read_anew() -> None:
    """A changed definition has no history: window and cursor start afresh."""
    changed = replace(SPEND, outputs=(Output(AD_DAILY, LoadMode.UPSERT),))
    [only] = plan(opened(SAIGON, streams=(changed,)), clock(), covered(SPEND, "2026-11-19"))
    assert only.window.days == 120
    cursor = {"ads/vn/leads": Known(date(2026, 11, 19), NIGHT, "another")}
    [leads] = plan(opened(SAIGON, streams=(LEADS,)), clock(), cursor)
    assert leads.since is None


def test_a_backfill_reads_its_window_and_what_changed_since_its_first_day() -> None:
    """Window streams read the days asked for, incremental ones what changed since then, snapshots nothing."""
    asked = clock(window=Window(date(2026, 9, 1), date(2026, 9, 30)))
    known = {**covered(SPEND, "2026-11-19"), **covered(LEADS, "2026-11-19", cursor=NIGHT)}
    found = {each.stream.name: each for each in plan(opened(SAIGON, streams=(SPEND, LEADS, NAMES)), asked, known)}
    assert found.keys() == {"spend", "leads"}
    assert str(found["spend"].window) == "2026-09-01..2026-09-30"
    assert found["leads"].since == datetime(2026, 8, 31, 17, 0, tzinfo=UTC)


def test_a_backfill_of_the_future_or_of_the_unknown_keeps_the_cursor_honest() -> None:
    """It never skips changes before its range, and reads all of a stream that was never read."""
    crm = opened(SAIGON, streams=(LEADS,))
    late = clock(window=Window(date(2026, 11, 20), date(2026, 11, 20)))
    [behind] = plan(crm, late, covered(LEADS, "2026-10-01", cursor=NIGHT - timedelta(days=50)))
    [unknown] = plan(crm, late, {})
    assert behind.since == NIGHT - timedelta(days=50)
    assert unknown.since is None


def test_a_backfill_never_reads_a_day_that_is_not_over() -> None:
    """A range into the future ends with the last full day; one that lies there reads nothing."""
    into = clock(window=Window(date(2026, 11, 15), date(2026, 12, 31)))
    beyond = clock(window=Window(date(2026, 11, 21), date(2026, 12, 31)))
    assert windows(plan(opened(SAIGON), into, {})) == ["2026-11-15..2026-11-20"]
    assert windows(plan(opened(SAIGON), beyond, {})) == []


def test_the_same_night_plans_the_same_slices() -> None:
    """Slice ids depend on run, stream, window and cursor alone, so a resumed run finds what it landed."""
    def ids(run: str) -> list[str]:
        night = replace(clock(), run_id=run)
        slices: list[Slice] = list(plan(opened(SAIGON, ANGELES, streams=(SPEND, LEADS)), night, {}))
        return [each.slice_id for each in slices]

    assert ids("one") == ids("one")
    assert not set(ids("one")) & set(ids("two"))
    assert len(set(ids("one"))) == 4
