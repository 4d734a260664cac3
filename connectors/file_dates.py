"""Days and instants as exports write them: the order of day and month is declared, never guessed.

An instant without an offset is read in the mapping's zone. A day without a time, where an instant is wanted, is
that zone's midnight.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from connectors.file_numbers import UnreadableError, plain

_ORDERS = {"dmy": ("d", "m", "y"), "mdy": ("m", "d", "y")}
_NUMERIC = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})(?:,?[ T]+(.+))?")
_WORDED = re.compile(r"([0-9]{1,2})[ -]([A-Za-z]{3,9})\.?,?[ -]([0-9]{4})(?:,?[ T]+(.+))?")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ](.+))?")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,9})?)?(?: ?([AaPp][Mm]))?")
_OFFSET = re.compile(r" ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})$")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
                "november", "december")
#: Day 0 of spreadsheets, placed so that the 29 February 1900 which they invented harms nothing after it.
_SERIAL_ZERO = date(1899, 12, 30)


def day(text: str, form: str) -> date:
    """The calendar day of a text in form `iso`, `dmy`, `mdy`, `text` or `excel`; a time of midnight may follow.

    >>> day("31/12/2026", "dmy"), day("15 Apr, 2021", "text"), day("45000", "excel")
    (datetime.date(2026, 12, 31), datetime.date(2021, 4, 15), datetime.date(2023, 3, 15))
    """
    found, rest = _split(text, form)
    if rest and _clock(rest) != timedelta():
        raise UnreadableError("time_where_a_day_is_declared")
    return found


def instant(text: str, form: str, zone: ZoneInfo) -> datetime:
    """The instant of a text in the same forms, in UTC.

    >>> instant("15 Apr, 2021 00:03:00", "text", ZoneInfo("Asia/Ho_Chi_Minh")).isoformat()
    '2021-04-14T17:03:00+00:00'
    """
    found, rest = _split(text, form)
    offset = _OFFSET.search(rest)
    clock = _clock(rest[: offset.start()] if offset else rest) if rest else timedelta()
    try:
        local = datetime(found.year, found.month, found.day) + clock  # noqa: DTZ001 - the zone follows
        if offset:
            return (local - _shift(offset[1])).replace(tzinfo=UTC)
        return local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise UnreadableError("not_a_date") from None


def _split(text: str, form: str) -> tuple[date, str]:
    try:
        if form == "excel":
            return _serial(text)
        if form == "iso":
            hit = _match(_ISO, text)
            return date(int(hit[1]), int(hit[2]), int(hit[3])), hit[4] or ""
        if form == "text":
            hit = _match(_WORDED, text)
            return date(int(hit[3]), _month(hit[2]), int(hit[1])), hit[4] or ""
        hit = _match(_NUMERIC, text)
        part = dict(zip(_ORDERS[form], (hit[1], hit[3], hit[4]), strict=True))
        return date(int(part["y"]), int(part["m"]), int(part["d"])), hit[5] or ""
    except (ValueError, OverflowError):
        raise UnreadableError("not_a_date") from None


def _match(form: re.Pattern[str], text: str) -> re.Match[str]:
    hit = form.fullmatch(text)
    if hit is None:
        raise UnreadableError("not_a_date")
    return hit


def _month(word: str) -> int:
    names = _MONTHS if len(word) == 3 else _LONG_MONTHS
    return names.index(word.lower()) + 1


def _serial(text: str) -> tuple[date, str]:
    value = plain(text)
    if not 1 <= value < 2_958_466:  # the day after 9999-12-31
        raise UnreadableError("not_a_date")
    whole = int(value)
    seconds = int(((value - whole) * 86_400).to_integral_value())
    moment = datetime.combine(_SERIAL_ZERO, datetime.min.time()) + timedelta(days=whole, seconds=seconds)
    return moment.date(), moment.time().isoformat() if seconds else ""


def _clock(text: str) -> timedelta:
    hit = _CLOCK.fullmatch(text)
    if hit is None:
        raise UnreadableError("not_a_time")
    hour, minute, second = int(hit[1]), int(hit[2]), int(hit[3] or 0)
    if hit[5]:
        if not 1 <= hour <= 12:
            raise UnreadableError("not_a_time")
        hour = hour % 12 + (12 if hit[5].lower() == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise UnreadableError("not_a_time")
    micro = int(Decimal(hit[4] or "0") * 1_000_000)
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro)


def _shift(text: str) -> timedelta:
    if text in {"Z", "UTC"}:
        return timedelta()
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 14 or minutes > 59:
        raise UnreadableError("not_a_time")
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)
