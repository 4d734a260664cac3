"""A letter before it has a form: sections of rows. Mail, plain text and chat show the same cells."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from report.numbers import Numbers
from report.words import words

#: How many rows `crosscheck trace` shows unasked.
SHOWN = 50


@dataclass(frozen=True)
class Column:
    """A column's heading; numbers stand to the right."""

    title: str
    is_number: bool = False


@dataclass(frozen=True)
class Row:
    """Cells as they are shown; `command` opens the row's numbers down to the leads and the vendors' answers."""

    cells: tuple[str, ...]
    command: str = ""


@dataclass(frozen=True)
class Section:
    """A table with what its numbers rest on (`basis`), and what stands there when it has no rows."""

    title: str
    basis: str
    head: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str
    more: str = ""


@dataclass(frozen=True)
class Letter:
    """One letter in one language, whole."""

    kind: str
    language: str
    project: str
    subject: str
    headline: str
    about: tuple[str, ...]
    sections: tuple[Section, ...]
    reading: tuple[str, ...]
    closing: str
    link: str = ""

    @property
    def commands(self) -> tuple[str, ...]:
        """Every command once, in the order of the rows; a row's note is its place here, from 1."""
        found = (row.command for section in self.sections for row in section.rows if row.command)
        return tuple(dict.fromkeys(found))

    def note(self, row: Row) -> str:
        """The number under which a row's command stands; the empty text without one."""
        return str(self.commands.index(row.command) + 1) if row.command else ""


@dataclass(frozen=True)
class Voice:
    """How a reader is spoken to: his language's words, its numbers."""

    numbers: Numbers

    def __call__(self, text: str) -> str:
        """The text in the reader's language."""
        return words(self.numbers.language).gettext(text)

    def clock(self, moment: datetime | None) -> str:
        """A moment without the zone's name, which the head of each letter has."""
        return self.numbers.moment(moment).partition(" (")[0]


def trace(mart: str, key: Mapping[str, Any], rows: int = 1) -> str:
    """The command that opens the published rows that a number counts, all of them, ready for a shell."""
    limit = [f"--limit {rows}"] if rows > SHOWN else []
    return " ".join(("crosscheck trace", mart, *(shlex.quote(f"{name}={value}") for name, value in key.items()),
                     *limit))


def days(first: date | None, last: date) -> str:
    """Days as commands take them, both ends included; without a first one since whenever."""
    return str(last) if first == last else f"{first or ''}..{last}"


def plain(text: object) -> str:
    """A text of a vendor or a file on one line, however it was written."""
    return " ".join(str(text).split())
