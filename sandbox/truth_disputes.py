"""Truth of the contradictions: what each lead's own records say that cannot both be true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sandbox.calendar import local_date
from sandbox.facts import Key, Value
from sandbox.model import Company, Lead
from sandbox.truth_events import ANSWERED_SECONDS, meaning, recorded, standing
from sandbox.truth_people import LeadKey, counted
from sandbox.view import survivor


@dataclass
class Dossier:
    """One lead with what was merged into it: (state, instant, field) of each status, contacts and wins."""

    lead: Lead
    month: date
    has_merged: bool = False
    states: list[tuple[str, datetime, str]] = field(default_factory=list)
    newest: dict[str, datetime] = field(default_factory=dict)
    answered: list[datetime] = field(default_factory=list)
    touched: list[datetime] = field(default_factory=list)
    won: list[datetime] = field(default_factory=list)

    def times(self, state: str) -> list[datetime]:
        """When the statuses said so."""
        return [at for said, at, _ in self.states if said == state]

    def still(self, state: str) -> datetime | None:
        """Since when the newest value of some field says so; the earliest of such fields."""
        return min((at for said, at, where in self.states if said == state and at == self.newest[where]), default=None)


def dossiers(company: Company, nights: Sequence[datetime]) -> list[Dossier]:
    """Everything the nights could know, by the lead that carries it today."""
    by_key, meant = {(lead.crm, lead.lead_id): lead for lead in company.leads}, meaning(company, nights[-1])
    found: dict[LeadKey, Dossier] = {
        (lead.crm, lead.lead_id): Dossier(lead, local_date(lead.created, company.business_zone).replace(day=1))
        for lead in counted(company.leads, nights)}
    today = {key: survivor(by_key, lead, nights[-1]) for key, lead in by_key.items() if lead.created <= nights[-1]}
    for key, stays in today.items():
        one = found.get((stays.crm, stays.lead_id))
        if one is not None:
            _file(one, by_key[key], nights, meant)
    for deal in standing(company, nights[-1]):
        carrier = today.get((deal.crm, deal.lead_id or ""))
        one = found.get((carrier.crm, carrier.lead_id)) if carrier is not None else None
        if one is not None and deal.won_at is not None:
            one.won.append(deal.won_at)
    return list(found.values())


def _file(one: Dossier, lead: Lead, nights: Sequence[datetime],
          meant: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
    one.has_merged = one.has_merged or lead is not one.lead
    for change in recorded(lead, nights):
        one.newest[change.field] = max(change.at, one.newest.get(change.field, change.at))
        one.states += [(state, change.at, change.field) for state in meant.get((change.field, change.value), ())]
    calls = [call for call in lead.calls if call.at <= nights[-1]]
    one.answered += [call.at for call in calls if call.outcome == "answered" and call.seconds >= ANSWERED_SECONDS]
    one.touched += [call.at for call in calls if call.direction == "outbound"]


def disputes(found: Sequence[Dossier]) -> Iterator[tuple[Key, dict[str, Value]]]:
    """One row per lead and kind."""
    heard = {(one.lead.crm, one.month) for one in found if one.answered}
    for one in found:
        for kind, side, claim, at, contrary, then in _of(one, (one.lead.crm, one.month) in heard):
            yield (one.lead.crm, one.lead.lead_id, kind), {
                "responsible": side, "cohort_month": one.month.isoformat(), "claim": claim, "claim_at": _text(at),
                "contrary": contrary, "contrary_at": None if then is None else _text(then)}


Row = tuple[str, str, str, datetime, str, datetime | None]


def _of(one: Dossier, is_heard: bool) -> Iterator[Row]:
    reached, won = one.times("reached"), min(one.won, default=None)
    if won is not None:
        yield from _written_off(one, won)
        first = min([*reached, *one.answered], default=None)
        is_told = one.lead.crm == "hubspot" or not reached
        if first is not None and is_told and first > won + timedelta(days=1):
            yield "reached_after_won", "sales", "reached", first, "won", won
    if reached and is_heard and not one.answered:
        yield "reached_without_contact", "sales", "reached", min(reached), "no_answered_contact", None
    for word, at in (("won", won), ("touched", min(one.touched, default=None))):
        if at is not None and at < one.lead.created and not one.has_merged:
            yield f"{word}_before_created", "marketing", "created", one.lead.created, word, at
    if one.lead.crm == "hubspot":  # the other CRM shows one status a night, and its instants are guesses
        yield from _revived(one)


def _written_off(one: Dossier, won: datetime) -> Iterator[Row]:
    for state, side in (("wrong_target", "sales"), ("lost", "sales"), ("invalid_contact", "both")):
        at = one.still(state)
        if at is not None:
            yield f"{state}_but_won", side, state, at, "won", won


def _revived(one: Dossier) -> Iterator[Row]:
    hot = max(one.times("hot"), default=None)
    for state in ("wrong_target", "invalid_contact"):
        at = one.still(state)
        if at is not None and hot is not None and at < hot:
            yield f"{state}_then_hot", "sales", state, at, "hot", hot


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()
