"""Who gets which letter of a day: each person in his language, and no more than his role may see."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from crosscheck.settings import Person, Settings
from report.letters import daily, facts, week
from report.letters.charts import Chart, both_sides, leaks
from report.letters.facts import Facts, Key
from report.letters.letter import Letter, Voice
from report.letters.rows import Teller
from report.letters.week import Week
from report.letters.weekly import WEEKLY, pack
from report.letters.workbook import workbook
from report.numbers import Numbers
from report.words import Language
from warehouse.reading import published

DAILY = "daily"
_SENDERS = {"marketing": ("sales",), "sales": ("marketing",), "both": ("sales", "marketing")}


@dataclass(frozen=True)
class Parcel:
    """A letter for one person, with its pictures and its workbook. `message_id` is the same whoever composes it."""

    person: Person
    day: date
    letter: Letter
    charts: tuple[Chart, ...] = ()
    workbook: bytes = b""

    @property
    def message_id(self) -> str:
        """One letter of a kind per person and day."""
        identity = "|".join((self.letter.kind, self.day.isoformat(), self.person.name))
        return hashlib.sha256(identity.encode()).hexdigest()[:24]

    @property
    def topic(self) -> str:
        """What it is, for people who look into the outbox."""
        return f"{self.letter.kind} {self.day} {self.person.name}"

    @property
    def again(self) -> str:
        """The command that shows it whole."""
        weekly = " --weekly" if self.letter.kind == WEEKLY else ""
        return f"crosscheck letters --day {self.day}{weekly} --preview FOLDER"


@dataclass
class Office:
    """Composes the letters of a day; what several people get is read and drawn once."""

    settings: Settings
    conn: sa.Connection
    day: date
    is_whole: bool = True
    _charts: dict[tuple[str, Language], tuple[Chart, ...]] = field(default_factory=dict)

    @cached_property
    def facts(self) -> Facts:
        """The day's facts."""
        return facts.read(self.conn, self.day, ZoneInfo(self.settings.project.time_zone))

    @cached_property
    def week(self) -> Week:
        """What the weekly pack has beside them."""
        return week.read(self.conn, self.day)

    @cached_property
    def called(self) -> dict[Key, str]:
        """Salespeople by name, as far as they get letters themselves."""
        return {key: person.name for person in self.settings.letters.people for key in person.owns}

    def voice(self, person: Person) -> Voice:
        """How a person is spoken to."""
        project = self.settings.project
        return Voice(Numbers(Language(person.language), project.reporting_currency, ZoneInfo(project.time_zone)))

    def daily(self, person: Person) -> Iterator[Parcel]:
        """A salesperson's own letter; a head's or analyst's from the other side; both for whoever is of both."""
        voice, name, link = self.voice(person), self.settings.project.name, self.settings.letters.link
        if person.owners:
            yield Parcel(person, self.day, daily.own(self.facts, voice, name, person.owns, link))
            return
        for sender in _SENDERS[person.side]:
            letter = daily.exchange(self.facts, voice, name, sender, names_owners=person.role == "head",
                                    called=self.called, link=link)
            yield Parcel(person, self.day, letter, self._drawn(DAILY, voice))

    def weekly(self, person: Person) -> Iterator[Parcel]:
        """The pack, the same for both sides; a salesperson sees his own rows alone, and gets none."""
        if person.owners:
            return
        voice, sees = self.voice(person), person.role == "head"
        letter = pack(self.facts, self.week, voice, self.settings.project.name, names_owners=sees, called=self.called,
                      link=self.settings.letters.link)
        told = Teller(self.facts, voice, sees, self.called)
        book = workbook(told, letter, self.conn) if self.is_whole else b""
        yield Parcel(person, self.day, letter, self._drawn(WEEKLY, voice), book)

    def _drawn(self, kind: str, voice: Voice) -> tuple[Chart, ...]:
        """The charts of a kind of letter, once per language."""
        key = (kind, voice.numbers.language)
        if self.is_whole and key not in self._charts:
            self._charts[key] = leaks(self.week, voice) if kind == WEEKLY else both_sides(self.facts, voice)
        return self._charts.get(key, ())


def last_day(settings: Settings) -> date:
    """The last day that is over, as published."""
    with published(settings) as conn:
        return facts.newest_day(conn)


def compose(settings: Settings, day: date, kinds: Collection[str], people: Collection[Person], *,
            is_whole: bool = True) -> list[Parcel]:
    """The letters of a day for people who want these kinds; unless they are whole, without pictures and workbooks.

    Raises ConfigError for a day of which nothing is published.
    """
    with published(settings) as conn:
        office = Office(settings, conn, day, is_whole)
        return [parcel for person in people for kind in kinds if kind in person.letters
                for parcel in _of(office, kind, person)]


def _of(office: Office, kind: str, person: Person) -> Iterator[Parcel]:
    return office.weekly(person) if kind == WEEKLY else office.daily(person)


def week_of(day: date) -> date:
    """The Sunday that ended the last whole week of a day."""
    return day - timedelta(days=day.isoweekday() % 7)
