"""Windows of days: pieces that neither lose nor repeat a day, and days that are the account's own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosscheck.errors import ConfigError
from crosscheck.windows import Window, last_full_day, local_day, nightly, utc

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
WINDOWS = st.builds(lambda first, length: Window(first, first + timedelta(days=length)), DAYS, st.integers(0, 500))
ZONES = st.sampled_from(["UTC", "Asia/Ho_Chi_Minh", "America/Los_Angeles", "America/Sao_Paulo", "Pacific/Kiritimati"])
INSTANTS = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - a bound


@given(window=WINDOWS, days=st.integers(1, 600))
def test_chunks_are_the_window(window: Window, days: int) -> None:
    """Pieces are in order, none is too long, none is cut short but the last, and together they are the window."""
    pieces = list(window.chunks(days))
    assert (pieces[0].first, pieces[-1].last) == (window.first, window.last)
    assert all(after.first - before.last == timedelta(days=1) for before, after in pairwise(pieces))
    assert all(piece.days == days for piece in pieces[:-1])
    assert pieces[-1].days <= days
    assert sum(piece.days for piece in pieces) == window.days


@given(window=WINDOWS)
def test_text_and_back(window: Window) -> None:
    """A window written down is read as the same window; it holds its ends and nothing beyond."""
    assert Window.parse(str(window)) == window
    assert window.first in window
    assert window.last in window
    assert window.last + timedelta(days=1) not in window


def test_a_window_cannot_end_before_it_starts() -> None:
    """Such a window is refused, not read as empty."""
    with pytest.raises(ConfigError, match="ends before it starts"):
        Window(date(2026, 1, 2), date(2026, 1, 1))


def test_an_instant_without_a_zone_is_refused() -> None:
    """Nobody knows which day it is."""
    with pytest.raises(ConfigError, match="without a zone"):
        utc(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


@given(as_of=INSTANTS, zone=ZONES)
def test_the_last_full_day_is_over(as_of: datetime, zone: str) -> None:
    """Yesterday where the account lives: over by then, and today is not."""
    assert local_day(as_of, zone) == last_full_day(as_of, zone) + timedelta(days=1)
    assert abs(local_day(as_of, zone) - as_of.date()) <= timedelta(days=1)


@given(as_of=INSTANTS, zone=ZONES, gap=st.integers(-3, 300), lookback=st.integers(1, 100))
def test_a_night_leaves_no_gap(as_of: datetime, zone: str, gap: int, lookback: int) -> None:
    """However many nights were missed, the next one joins what is covered, and restates at least the lookback."""
    last = last_full_day(as_of, zone)
    covered = last - timedelta(days=gap)
    window = nightly(as_of, zone, covered_to=covered, lookback=lookback, history=120)
    assert window.last == last
    assert window.days >= lookback
    assert window.first <= covered + timedelta(days=1)


def test_a_stream_never_read_begins_with_its_history() -> None:
    """The first night reads so many days, yesterday included."""
    as_of = datetime(2026, 11, 21, 19, tzinfo=UTC)
    window = nightly(as_of, "Asia/Ho_Chi_Minh", covered_to=None, lookback=35, history=120)
    assert (window.last, window.days) == (date(2026, 11, 21), 120)
