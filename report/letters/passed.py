"""What sales passed on to marketing: by campaign what was said of its leads, so that somebody can change the campaign.

Counts and where to open them: what a note says is not even read from the CRM.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from report.letters.facts import Line
from report.letters.items import SUPPORT
from report.letters.letter import Column, Row, Section, trace
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


def said(told: Teller, days: int = 1) -> Section:
    """What sales said in the days up to the day, most about a campaign first; then what marketing has to answer."""
    _ = told.voice
    rows = [_row(told, key, lines, days) for key, lines in _grouped(told, told.facts.passed_on(days))]
    rest = len(rows) - _ROWS
    return Section(
        _("What Sales passed on"), _(_BASIS),
        (Column(_("Campaign")), Column(_("Pieces"), is_number=True), Column(_("What was said")), Column(_("Lead ids"))),
        (*rows[:_ROWS], *_owed(told)), _("Nothing is on record."),
        _("and %(rest)s more") % {"rest": rest} if rest > 0 else "")


def _grouped(told: Teller, pieces: Sequence[Line]) -> list[tuple[dict[str, Any], list[Line]]]:
    """The pieces by campaign and what they say."""
    groups: defaultdict[tuple[Any, ...], list[Line]] = defaultdict(list)
    for line in pieces:
        groups[tuple(line[name] for name in _KEY)].append(line)
    about, kinds = Counter(campaign(told, line) for line in pieces), list(FEEDBACK)

    def place(lines: Sequence[Line]) -> tuple[Any, ...]:
        whose, first = campaign(told, lines[0]), lines[0]
        return -about[whose], whose, kinds.index(first["feedback_kind"]), -len(lines), first["feedback_subject"] or ""

    return [(dict(zip(_KEY, key, strict=True)), lines)
            for key, lines in sorted(groups.items(), key=lambda each: place(each[1]))]


def _row(told: Teller, named: Mapping[str, Any], lines: Sequence[Line], days: int) -> Row:
    """One thing that was said of a campaign's leads; of deals without a lead there is no campaign to name."""
    known = {name: value for name, value in named.items() if value not in (None, "")}
    known |= {} if "campaign_id" in known else {"lead_id": NO_PLATFORM}
    known |= {"given_day": told.facts.day} if days == 1 else {}
    return Row((campaign(told, lines[0]), told.voice.numbers.count(_number(lines)), _words(told, lines),
                _ids(told, lines)), trace("sales_feedback", known))


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
    leads = {(line["source"], line["lead_id"]): line for line in lines if line["lead_id"] != NO_PLATFORM}
    return ids(told.voice, list(leads.values())) if leads else told.voice(mark("no lead on record"))


def _owed(told: Teller) -> list[Row]:
    """The appeals of sales that wait for marketing's answer, since whenever."""
    _, owed = told.voice, [line for line in told.facts.feedback if line["is_answer_owed"]]
    if not owed:
        return []
    what = _("Appeals that wait for the answer of %(side)s") % {"side": _(SIDES["marketing"])}
    return [Row((_("All campaigns"), told.voice.numbers.count(_number(owed)), what, _ids(told, owed)),
                trace("sales_feedback", {"is_answer_owed": "true"}))]
