"""The rows that both daily letters are made of. Whatever is said of one side is said of the other by the same code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from report.letters.facts import WEEK, Facts, Key, Line
from report.letters.items import GIVES, ITEMS, OTHER, OWES
from report.letters.letter import Column, Row, Section, Voice, days, plain, trace
from report.numbers import UNKNOWN
from report.terms import ACTIONS, PLACES, PROMISES, SIDES, STATES
from warehouse.staging.base import UNMATCHED

_IDS, _CAMPAIGNS, _LEADS = 5, 8, 25


@dataclass(frozen=True)
class Teller:
    """Who tells whom what: the facts, the voice, and whether salespeople may be named, and how."""

    facts: Facts
    voice: Voice
    names_owners: bool = False
    called: Mapping[Key, str] | None = None

    def owner(self, line: Line) -> str:
        """A salesperson as the reader knows him: by name where he gets letters himself, else by his id."""
        _ = self.voice
        if line["owner_id"] is None:
            return _("nobody yet")
        known = (line["source"], line["owner_id"])
        return (self.called or {}).get(known) or "/".join(known)


def given(told: Teller, side: str) -> Section:
    """What a side gave on the day, and in the week up to it."""
    _, facts, numbers = told.voice, told.facts, told.voice.numbers
    known = [item for item in GIVES[side] if facts.given(side, item) is not None]
    rows = [Row((_(ITEMS[item][0]), *(numbers.count(facts.given(side, item, number)) for number in (1, WEEK)),
                 _(ITEMS[item][1])), opens(facts, side, item) or opens(facts, side, item, WEEK)) for item in known]
    unknown = ", ".join(_(ITEMS[item][0]) for item in GIVES[side] if item not in known)
    return Section(
        _("What %(side)s gave") % {"side": _(SIDES[side])},
        _("Counted by what is on record now; each line names its day."),
        (Column(_("Work")), Column(numbers.day(facts.day), is_number=True), Column(_("7 days to it"), is_number=True),
         Column(_("Counted by"))),
        tuple(rows), _("Nothing is on record."),
        _("None on record in four weeks: %(items)s.") % {"items": unknown} if unknown else "")


def opens(facts: Facts, side: str, item: str, number: int = 1) -> str:
    """The command of the exchange's lines of so many days up to the day; none where they have no such line."""
    first = facts.first(number)
    there = any((one["exchange_side"], one["exchange_item"]) == (side, item) and first <= one["exchange_day"]
                for one in facts.lines)
    named = {"exchange_day": days(first, facts.day), "exchange_side": side, "exchange_item": item}
    return trace("daily_exchange", named) if there else ""


def brought(told: Teller) -> Section:
    """The leads that marketing brought."""
    _, facts, numbers = told.voice, told.facts, told.voice.numbers
    groups: defaultdict[str, list[Line]] = defaultdict(list)
    for line in facts.born:
        groups[campaign(told, line)].append(line)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    shown = len(ordered) if len(ordered) <= _CAMPAIGNS + 1 else _CAMPAIGNS  # a rest of one is no shorter
    rows = [Row((name, numbers.count(len(leads)), numbers.count(sum(bool(lead["is_qualified"]) for lead in leads)),
                 ids(_, leads))) for name, leads in ordered[:shown]]
    rest = [lead for _name, leads in ordered[shown:] for lead in leads]
    if rest:
        rows.append(Row((_("other campaigns"), numbers.count(len(rest)),
                         numbers.count(sum(bool(lead["is_qualified"]) for lead in rest)), ids(_, rest))))
    return Section(
        _("Where the new leads came from"),
        _("Unique leads by the campaign that their strongest evidence names, by day of creation."),
        (Column(_("Campaign")), Column(_("Leads"), is_number=True), Column(_("Qualified so far"), is_number=True),
         Column(_("Lead ids"))), tuple(rows), _("Nothing that day."))


def campaign(told: Teller, line: Line) -> str:
    """The lead's campaign by name, or that none is known."""
    stands_for = PLACES.get(str(line["campaign_id"] or UNMATCHED))
    return told.voice(stands_for) if stands_for else plain(told.facts.campaign(line))


def ids(_: Voice, leads: Sequence[Line]) -> str:
    """The first few lead ids, and how many more there are."""
    shown = ", ".join(key(line) for line in leads[:_IDS])
    rest = len(leads) - _IDS
    return _("%(ids)s and %(rest)s more") % {"ids": shown, "rest": rest} if rest > 0 else shown


def key(line: Line) -> str:
    """A lead as letters name it."""
    return f"{line['source']}/{line['lead_id']}"


def owed(told: Teller, first: str) -> Section:
    """The debts of both sides in the evening, then what is neither's."""
    _, facts, numbers = told.voice, told.facts, told.voice.numbers
    rows = [Row((_(SIDES[side]), _(what), numbers.count(facts.owed(side, item)),
                 _(then) if facts.owed(side, item) else UNKNOWN), opens(facts, side, item))
            for side in (first, OTHER[first], "routing", "unknown") for (one, item), (what, then) in OWES.items()
            if one == side and (side in OTHER or facts.owed(side, item))]
    return Section(
        _("What is still owed"), _("Since whenever, as of the evening: %(moment)s.") % {
            "moment": _.clock(facts.ends_at)},
        (Column(_("Who")), Column(_("What")), Column(_("Owed"), is_number=True), Column(_("Next"))), tuple(rows),
        _("Nothing."))


def waits(told: Teller) -> Section:
    """The leads that waited in the evening, longest due first."""
    _, leads = told.voice, told.facts.waiting
    more = [_("and %(rest)s more") % {"rest": len(leads) - _LEADS}] if len(leads) > _LEADS else []
    if told.facts.silent:
        more.append(_("Attempts are not recorded well enough to judge: %(sources)s.") % {
            "sources": ", ".join(told.facts.silent)})
    return Section(
        _("Leads that wait for a first attempt"), _("Due by the agreed promise, counted from the lead's creation."),
        (Column(_("Lead")), Column(_("Salesperson") if told.names_owners else _("With")), Column(_("Was due")),
         Column(_("Next"))),
        tuple(wait(told, line) for line in leads[:_LEADS]), _("No lead that can be judged waits."), " · ".join(more))


def wait(told: Teller, line: Line) -> Row:
    """A lead that waits: with whom, since when, and what to do."""
    _ = told.voice
    who = told.owner(line) if told.names_owners else _(SIDES[line["owed_by"]])
    return Row((key(line), who, _.clock(line["due_at"]), action(_, line)))


def action(_: Voice, line: Line) -> str:
    """What is to be done about a lead that waits, or waited then."""
    return _(ACTIONS[line["next_action"]]) if line["next_action"] else _("attempted since")


def disputes(told: Teller) -> Section:
    """Appeals that wait for the other side."""
    _ = told.voice
    rows = tuple(Row((key(line), claim(_, line), _(SIDES[line["appellant"]]), _.clock(line["filed_at"])),
                     trace("appeal", {"appeal_id": line["appeal_id"]})) for line in told.facts.appeals)
    return Section(
        _("Open appeals"), _("Each waits for the signature of the side that did not file it."),
        (Column(_("Lead")), Column(_("It is said that it")), Column(_("Filed by")), Column(_("Since"))), rows,
        _("None is open."))


def claim(_: Voice, line: Line) -> str:
    """What an appeal says that its lead is, or never was."""
    said = {"state": _(STATES[line["appealed_state"]]).lower()}
    return (_("is %(state)s") if line["appealed_at"] else _("never was %(state)s")) % said


def promised(told: Teller, side: str) -> Section:
    """What a side promised for the running month and campaigns, and how far it is."""
    _ = told.voice
    rows = tuple(promise_row(told.voice, line) for line in told.facts.promises if line["promised_by"] == side)
    return Section(
        _("What %(side)s promised") % {"side": _(SIDES[side])},
        _("Agreements that run, or ended in the last week; as published %(moment)s.") % {
            "moment": _.clock(told.facts.read_at)},
        (Column(_("Promise")), Column(_("Promised"), is_number=True), Column(_("So far"), is_number=True),
         Column(_("State"))), rows, _("No promise of this side runs."))


def promise_row(voice: Voice, line: Line) -> Row:
    """A promise beside what is on record of it."""
    _ = voice
    what = f"{plain(line['agreement'])}: {_(PROMISES[line['promise']])}"
    return Row((what, *_amounts(voice, line), state(voice, line)),
               trace("commitments", {"agreement": line["agreement"], "promise": line["promise"]}))


def _amounts(voice: Voice, line: Line) -> tuple[str, str]:
    numbers = voice.numbers
    if line["promise"] == "budget":
        return numbers.money(line["promised_reporting_amount"]), numbers.money(line["delivered_reporting_amount"])
    if line["promised_share"] is None:
        return numbers.count(line["promised_count"]), numbers.count(line["delivered_count"])
    return numbers.percent(Decimal(str(line["promised_share"]))), _share(voice, line)


def _share(voice: Voice, line: Line) -> str:
    """A share with its interval and parts; below the limit of small samples the parts alone."""
    _, numbers = voice, voice.numbers
    parts = _("%(met)s of %(counted)s") % {"met": numbers.count(line["met_lead_count"]),
                                           "counted": numbers.count(line["counted_lead_count"])}
    if line["delivered_rate"] is None:
        return _("%(parts)s: too few for a share") % {"parts": parts}
    low, high = (numbers.percent(line[f"delivered_rate_{end}"]) for end in ("low", "high"))
    return f"{numbers.percent(line['delivered_rate'])} ({low}–{high}; {parts})"


def state(voice: Voice, line: Line) -> str:
    """Whether a promise is kept, as far as that can be told."""
    _ = voice
    if line["is_draft"]:
        return _("draft: one side has not signed")
    if not line["is_over"]:
        return _("runs until %(day)s") % {"day": voice.numbers.day(line["last_day"])}
    return {True: _("kept"), False: _("not kept")}.get(line["is_kept"], _("cannot be told"))
