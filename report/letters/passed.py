"""What sales passed on to marketing: by campaign what was said of its leads, so that somebody can change the campaign.

Counts and where to open them: what a note says is not even read from the CRM.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from report.letters.facts import Line
from report.letters.items import SUPPORT
from report.letters.letter import Column, Row, Section, Voice, days, trace
from report.letters.rows import Teller, brought, campaign, ids
from report.terms import FEEDBACK, LOST_REASONS, SIDES, STATES
from report.words import mark
from warehouse.staging.base import NO_PLATFORM

_ROWS = 15
_KEY = ("platform", "account_id", "campaign_id", "feedback_kind", "feedback_subject")
_BASIS = mark("By campaign of the lead; verdicts since when the record says so, reasons by the closing day, notes and "
              "appeals by the day on which they were written. A note's text is read in the CRM.")


def behind(told: Teller, side: str) -> Section:
    """What stands behind a side's day: the leads that marketing brought, or what sales said of some."""
    return brought(told) if side == "marketing" else said(told)


def said(told: Teller, number: int = 1) -> Section:
    """What sales said in so many days up to the day, most about a campaign first; then what marketing has to answer."""
    _ = told.voice
    rows = [_row(told, lines, number) for lines in _grouped(told, told.facts.passed_on(number))]
    rest = len(rows) - _ROWS
    return Section(
        _("What Sales passed on"), _(_BASIS),
        (Column(_("Campaign")), Column(_("Pieces"), is_number=True), Column(_("What was said")), Column(_("Lead ids"))),
        (*rows[:_ROWS], *_owed(told)), _("Nothing is on record."),
        _("and %(rest)s more") % {"rest": rest} if rest > 0 else "")


def counted(told: Teller, number: int) -> list[Line]:
    """The same, whole, in counts: what was said in so many days; then, without a first day, what waits for answers."""
    facts = told.facts
    week, since = {"first_day": facts.first(number), "last_day": facts.day}, {"first_day": None, "last_day": facts.day}
    return ([{**_counts(lines), **week, "command": _opened(told, lines, number)}
             for lines in _grouped(told, facts.passed_on(number))]
            + [{**_counts(lines), **since, "command": _opened(told, lines, only=_unanswered(told))}
               for lines in _grouped(told, _unsettled(told))])


def _counts(lines: Sequence[Line]) -> Line:
    """What all of them are about, and how many; how far the portrait bears them out is asked of verdicts only."""
    grounds, is_judged = Counter(line["support"] for line in lines), any(line["support"] for line in lines)
    return {**lines[0], "platform": lines[0]["platform"] or NO_PLATFORM, "pieces": _number(lines),
            "leads": len(_leads(lines)), **{name: grounds[name] if is_judged else None for name in SUPPORT}}


def _grouped(told: Teller, pieces: Sequence[Line]) -> list[list[Line]]:
    """The pieces by campaign and what they say."""
    groups: defaultdict[tuple[Any, ...], list[Line]] = defaultdict(list)
    for line in pieces:
        groups[tuple(line[name] for name in _KEY)].append(line)
    about, kinds = Counter(campaign(told, line) for line in pieces), list(FEEDBACK)

    def place(lines: Sequence[Line]) -> tuple[Any, ...]:
        whose, first = campaign(told, lines[0]), lines[0]
        return -about[whose], whose, kinds.index(first["feedback_kind"]), -len(lines), first["feedback_subject"] or ""

    return sorted(groups.values(), key=place)


def _row(told: Teller, lines: Sequence[Line], number: int) -> Row:
    """One thing that was said of a campaign's leads."""
    return Row((campaign(told, lines[0]), told.voice.numbers.count(_number(lines)), _words(told, lines),
                _ids(told, lines)), _opened(told, lines, number))


def _opened(told: Teller, lines: Sequence[Line], number: int = 1, only: Line | None = None) -> str:
    """The command that opens exactly these pieces; of deals without a lead there is no campaign to name."""
    known = {name: lines[0][name] for name in _KEY if lines[0][name] is not None}
    known |= {} if "campaign_id" in known else {"lead_id": NO_PLATFORM}
    named = {**known, "given_day": days(told.facts.first(number), told.facts.day), **(only or {})}
    return trace("sales_feedback", named, len(lines))


def _number(lines: Sequence[Line]) -> int:
    """How many pieces: a note that concerns several leads is one; a verdict's id says only which it is."""
    return len({(line["source"], line["lead_id"] if line["feedback_kind"] == "verdict" else line["feedback_id"])
                for line in lines})


def _words(told: Teller, lines: Sequence[Line]) -> str:
    """What it is and what it says, and how far the agreed portrait bears it out."""
    _, kind, subject = told.voice, lines[0]["feedback_kind"], lines[0]["feedback_subject"]
    says = _(STATES.get(subject) or LOST_REASONS[subject]) if subject else ""
    whole = says if kind == "verdict" else ": ".join(filter(None, (_(FEEDBACK[kind]), says)))
    grounds = Counter(line["support"] for line in lines if line["support"])
    count = told.voice.numbers.count
    ground = "; ".join(f"{count(number)} {_(SUPPORT[each])}" for each, number in sorted(grounds.items()))
    return f"{whole} ({ground})" if ground else whole


def _ids(told: Teller, lines: Sequence[Line]) -> str:
    leads = _leads(lines)
    return ids(told.voice, leads) if leads else told.voice(mark("no lead on record"))


def _leads(lines: Sequence[Line]) -> list[Line]:
    return list({(line["source"], line["lead_id"]): line for line in lines if line["lead_id"] != NO_PLATFORM}.values())


def _unsettled(told: Teller) -> list[Line]:
    """The appeals of sales that wait for marketing's answer, since whenever."""
    return [line for line in told.facts.feedback if line["is_answer_owed"]]


def _unanswered(told: Teller) -> Line:
    return {"is_answer_owed": "true", "given_day": days(None, told.facts.day)}


def _owed(told: Teller) -> list[Row]:
    _, owed = told.voice, _unsettled(told)
    if not owed:
        return []
    return [Row((_("All campaigns"), told.voice.numbers.count(_number(owed)), waiting(_), _ids(told, owed)),
                trace("sales_feedback", _unanswered(told), len(owed)))]


def waiting(_: Voice) -> str:
    """What an appeal without an answer is called."""
    return _("Appeals that wait for the answer of %(side)s") % {"side": _(SIDES["marketing"])}
