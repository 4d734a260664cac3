"""Truth of what changed between two nights: each lead, deal and day of spend that differs, with the first cause that
holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sandbox.facts import Key
from sandbox.model import Deal, Lead
from sandbox.truth_events import Head, Win, meaning
from sandbox.truth_ledger import Books, Ledger
from sandbox.truth_origin import CampaignKey
from sandbox.truth_people import LeadKey, counted
from sandbox.truth_persons import heads
from sandbox.truth_roi import Cells, closed, month
from sandbox.view import survivor

_COUNTS = ("unique_lead_count", "qualified_count", "won_count")
_STATES = ("reached", "wrong_target", "invalid_contact")
Place = tuple[CampaignKey, date]
Sums = defaultdict[tuple[str, CampaignKey, date, str], Decimal]


@dataclass(frozen=True)
class _Person:
    """A counted lead as a night knew it: its head is itself, or whose outcomes it has none of."""

    place: Place
    head: LeadKey
    own: Head | None

    def since(self, state: str) -> datetime | None:
        return self.own.states.get(state) if self.own else None


@dataclass(frozen=True)
class _Sold:
    """A win as a night knew it."""

    win: Win
    lead: LeadKey | None
    is_first: bool

    @property
    def place(self) -> Place:
        return self.win.campaign, month(self.win.day)


class _Night:
    """What one night knew, record by record."""

    def __init__(self, books: Books) -> None:
        self.books = books
        leads, nights = books.people.leads, books.nights
        by_key = {_key(lead): lead for lead in leads}
        first = heads(leads, nights)
        self.merged = {key: _key(survivor(by_key, lead, nights[-1])) for key, lead in by_key.items()
                       if lead.merged_at is not None and lead.merged_at <= nights[-1]}
        entries = zip(counted(books.company.leads, nights), books.leads, strict=True)
        known = {_key(lead): entry for lead, entry in entries if _key(lead) in first}
        self.people = {key: _Person((entry.campaign, month(entry.day)), _key(first[key]), books.heads.get(key))
                       for key, entry in known.items()}
        self.days = {key: entry.day for key, entry in known.items()}
        firsts = {id(head.wins[0]) for head in books.heads.values() if head.wins}
        self.sold = {(win.crm, win.deal.deal_id): _Sold(win, self._carrier(win.deal), id(win) in firsts)
                     for win in books.wins}

    def _carrier(self, deal: Deal) -> LeadKey | None:
        return None if deal.lead_id is None else self.merged.get((deal.crm, deal.lead_id), (deal.crm, deal.lead_id))


def _key(lead: Lead) -> LeadKey:
    return lead.crm, lead.lead_id


def changes(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per number and cause: what it added since the night before, or without one, since nothing."""
    before = Books.kept(ledger.company, ledger.nights[:-1]) if len(ledger.nights) > 1 else None
    sums: Sums = defaultdict(Decimal)
    _Comparison(ledger, before).add(sums)
    now, then = dict(closed(ledger)), dict(closed(before)) if before else {}
    for (metric, campaign, first, cause), change in sums.items():
        if change:
            place = (*campaign, first.isoformat())
            yield (metric, *place, cause), {
                "compared_day": before.today.isoformat() if before else None,
                **_told(metric, then.get(place, {}), now.get(place, {}), change)}


def _told(metric: str, then: Mapping[str, object], now: Mapping[str, object], change: Decimal) -> Cells:
    kinds = ("count", "reporting_amount") if metric in _COUNTS else ("reporting_amount", "count")
    cells: Cells = {f"{word}_{kinds[1]}": None for word in ("old", "new", "change")}
    for word, value in (("old", then.get(metric)), ("new", now.get(metric)), ("change", change)):
        cells[f"{word}_{kinds[0]}"] = value if isinstance(value, int | Decimal) else None
    return cells


class _Comparison:
    """Two nights, the older of which may be none."""

    def __init__(self, now: Books, before: Books | None) -> None:
        self.now, self.before = _Night(now), _Night(before) if before else None
        self.books, self.past = now, before
        was: Mapping[LeadKey, _Person] = self.before.people if self.before else {}
        self.was = was
        self.away = {key for key in was if key in self.now.merged}
        self.into = {self.now.people[root].head for key in self.away
                     if (root := self.now.merged[key]) in self.now.people}

    def add(self, sums: Sums) -> None:
        """Everything that differs."""
        self._leads(sums)
        self._deals(sums)
        self._spend(sums)

    def _when(self, day: date) -> str:
        return "late" if self.past and day < self.past.today else "new"

    def _leads(self, sums: Sums) -> None:
        for key in self.was.keys() | self.now.people.keys():
            old, new = self.was.get(key), self.now.people.get(key)
            cause = self._lead_cause(key, old, new)
            for one, sign in ((new, 1), (old, -1)):
                if one and one.own:
                    sums["unique_lead_count", *one.place, cause] += sign
                    sums["qualified_count", *one.place, cause] += sign * one.own.is_qualified(None)

    def _lead_cause(self, key: LeadKey, old: _Person | None, new: _Person | None) -> str:
        if old is None:
            return self._when(self.now.days[key])
        if new is None:
            return "merged" if key in self.now.merged else "vanished"
        if old.head in self.away or new.head in self.into:
            return "merged"
        if old.head != new.head:
            return "same_person"
        if old.place != new.place:
            return "recredited" if old.place[0] != new.place[0] else "restated"
        return self._judgement(old, new)

    def _judgement(self, old: _Person, new: _Person) -> str:
        """Why the same lead of the same campaign is in another state."""
        appealed = {*(old.own.appealed if old.own else ()), *(new.own.appealed if new.own else ())}
        if any(old.since(state) != new.since(state) for state in appealed.intersection(_STATES)):
            return "appeal"
        told = [at for state in _STATES if old.since(state) is None and (at := new.since(state)) is not None]
        if self.past and told and max(told) > self.past.as_of:
            return "new"
        if self.past and meaning(self.books.company, self.books.as_of) != meaning(self.books.company, self.past.as_of):
            return "re_ruled"
        return "late" if told else "restated"

    def _deals(self, sums: Sums) -> None:
        was: Mapping[LeadKey, _Sold] = self.before.sold if self.before else {}
        for key in was.keys() | self.now.sold.keys():
            old, new = was.get(key), self.now.sold.get(key)
            common = self._deal_cause(old, new)
            for one, sign in ((new, 1), (old, -1)):
                if one:
                    sums["won_count", *one.place, common or "same_person"] += sign * one.is_first
                    sums["revenue_reporting_amount", *one.place, common or "rate"] += sign * one.win.revenue

    def _deal_cause(self, old: _Sold | None, new: _Sold | None) -> str | None:
        if old is None or new is None:
            return self._come_or_gone(old, new)
        heads_of = old.win.head, new.win.head
        if heads_of[0] in self.away or heads_of[1] in self.into:
            return "merged"
        if old.lead != new.lead:
            return "recredited"
        if heads_of[0] != heads_of[1]:
            return "same_person"
        return "recredited" if old.win.campaign != new.win.campaign else None

    def _come_or_gone(self, old: _Sold | None, new: _Sold | None) -> str:
        if new is not None:
            return self._when(new.win.day)
        is_archived = old is not None and old.win.deal.archived_at is not None and (
            old.win.deal.archived_at <= self.books.as_of)
        return "vanished" if is_archived else "restated"

    def _spend(self, sums: Sums) -> None:
        was = self.past.spend if self.past else {}
        for campaign, day in was.keys() | self.books.spend.keys():
            old, new = was.get((campaign, day)), self.books.spend.get((campaign, day))
            cause = "restated"
            if old is None:
                cause = self._when(day)
            elif new is None:
                cause = "vanished"
            for one, sign in ((new, 1), (old, -1)):
                if one:
                    sums["spend_reporting_amount", campaign, month(day), cause] += sign * one.reporting
