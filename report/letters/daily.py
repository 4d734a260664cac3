"""The two daily letters, one the mirror of the other, and a salesperson's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from report.letters import passed, rows
from report.letters.facts import Facts, Key, Line
from report.letters.items import OTHER, OWES
from report.letters.letter import Column, Letter, Row, Section, Voice, trace
from report.letters.rows import Teller
from report.numbers import UNKNOWN
from report.terms import SIDES, platform
from report.words import mark

DAILY, OWN = "daily", "own"
#: What a reader of a side has to know before he quotes a number.
_READING = {
    "marketing": (
        mark("New leads are no achievement without the qualified ones beside them, which still grow for days."),
        mark("What lead routing owes is no salesperson's debt; a debt that stands for days is what to speak about.")),
    "sales": (
        mark("What was done counts as written down; an attempt that nobody wrote down is none, until somebody does."),
        mark("An appeal that nobody signs stays open, and changes no number; a debt that stands for days is what to "
             "speak about.")),
}


def exchange(facts: Facts, voice: Voice, project: str, sender: str, *, names_owners: bool = False,
             called: Mapping[Key, str] | None = None, link: str = "") -> Letter:
    """What a side tells the other of a day. Both letters have the same sections in the same order."""
    told, reader = Teller(facts, voice, names_owners, called), OTHER[sender]
    _, sides = voice, {"sender": voice(SIDES[sender]), "reader": voice(SIDES[reader])}
    subject = _("%(project)s: %(sender)s to %(reader)s, %(day)s") % {
        "project": project, "day": voice.numbers.day(facts.day), **sides}
    sections = (rows.given(told, sender), passed.behind(told, sender), rows.owed(told, sender), rows.waits(told),
                rows.disputes(told), rows.promised(told, sender))
    return Letter(f"{DAILY}-{sender}", voice.numbers.language.value, project, subject, _headline(told, sender),
                  about(told), sections, tuple(_(text) for text in _READING[reader]), closing(voice), link)


def _headline(told: Teller, sender: str) -> str:
    """The day in one sentence: what both gave, and what is owed."""
    _, facts, numbers = told.voice, told.facts, told.voice.numbers
    brought = {"leads": numbers.count(facts.given("marketing", "leads")),
               "worked": numbers.count(facts.given("sales", "leads_worked"))}
    first = _("New leads: %(leads)s. People worked on: %(worked)s.") % brought
    debts = (_("%(side)s still owes: %(debts)s.") % {"side": _(SIDES[side]), "debts": _debts(told, side)}
             for side in (sender, OTHER[sender]))
    return " ".join((first, *debts))


def _debts(told: Teller, side: str) -> str:
    """What a side owes, by kind: unlike debts are not added."""
    _, facts = told.voice, told.facts
    owed = [f"{told.voice.numbers.count(facts.owed(side, item))} × {_(what)}" for (one, item), (what, _then)
            in OWES.items() if one == side and facts.owed(side, item)]
    return "; ".join(owed) or _("nothing")


def about(told: Teller, days: int = 1) -> tuple[str, ...]:
    """Which day or days it is about, when it was read, and up to which day each source is complete."""
    _, facts, numbers = told.voice, told.facts, told.voice.numbers
    sources = ", ".join(
        _("%(source)s to %(day)s") % {
            "source": platform(line["source"], _), "day": numbers.day(line["complete_to_day"])}
        + (_(" (stale)") if line["is_stale"] else "") for line in facts.complete)
    begins = facts.begins_at - timedelta(days - 1)
    return (_("From %(begin)s to %(end)s.") % {"begin": _.clock(begins), "end": numbers.moment(facts.ends_at)},
            _("Read %(moment)s. Complete: %(sources)s.") % {"moment": _.clock(facts.read_at), "sources": sources})


def closing(_: Voice) -> str:
    """What is not in a letter."""
    return _("Lead ids open in the CRM and by crosscheck trace; no name, phone or mail of a customer is in this "
             "letter.")


def own(facts: Facts, voice: Voice, project: str, owners: frozenset[Key], link: str = "") -> Letter:
    """A salesperson's own letter: his rows, and nobody else's."""
    mine = replace(facts, born=_of(facts.born, owners), waiting=_of(facts.waiting, owners),
                   silent=[name for name in facts.silent if any(name == source for source, _owner in owners)])
    told, _ = Teller(mine, voice, names_owners=True), voice
    subject = _("%(project)s: your leads, %(day)s") % {"project": project, "day": voice.numbers.day(facts.day)}
    headline = _("Your leads that wait for a first attempt: %(waiting)s. New ones: %(leads)s.") % {
        "waiting": voice.numbers.count(len(mine.waiting)), "leads": voice.numbers.count(len(mine.born))}
    return Letter(OWN, voice.numbers.language.value, project, subject, headline, about(told),
                  (_mine(rows.waits(told)), _new(told)), tuple(_(text) for text in _READING["sales"]), closing(voice),
                  link)


def _mine(section: Section) -> Section:
    """Without the column that says whose a lead is: in his own letter it is the reader's."""
    return replace(section, head=(section.head[0], *section.head[2:]), rows=tuple(
        replace(row, cells=(row.cells[0], *row.cells[2:])) for row in section.rows))


def _of(lines: Sequence[Line], owners: frozenset[Key]) -> tuple[Line, ...]:
    return tuple(line for line in lines if (line["source"], line["owner_id"]) in owners)


def _new(told: Teller) -> Section:
    _ = told.voice
    made = tuple(Row((f"{line['source']}/{line['lead_id']}", rows.campaign(told, line),
                      _.clock(line["attempted_at"]) if line["attempted_at"] else UNKNOWN),
                     trace("lead_fact", {"source": line["source"], "lead_id": line["lead_id"]}))
                 for line in told.facts.born)
    return Section(
        _("New leads that are yours"), _("Unique leads by day of creation; with whoever has them now."),
        (Column(_("Lead")), Column(_("Campaign")), Column(_("First attempt"))), made, _("Nothing that day."))
