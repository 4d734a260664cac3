"""Truth of the ways to the deals: which leads of a person came by which campaign, and what lay before each win."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sandbox.calendar import local_date
from sandbox.facts import Key, Value
from sandbox.model import Company, Deal, Lead
from sandbox.truth_events import Rates, standing
from sandbox.truth_origin import UNMATCHED, CampaignKey, Directory, query
from sandbox.truth_people import LeadKey, counted
from sandbox.truth_persons import heads
from sandbox.view import survivor

LOOKBACK = timedelta(days=90)
_DIRECT = ("no_tracking", "self_declared_only")


@dataclass(frozen=True)
class Touch:
    """One lead under one campaign."""

    lead: Lead
    day: date
    campaign: CampaignKey
    reason: str
    is_own: bool

    @property
    def is_paid(self) -> bool:
        """Brought by a known campaign."""
        return self.campaign != UNMATCHED

    @property
    def is_direct(self) -> bool:
        """Without any trace but somebody's word."""
        return self.reason in _DIRECT

    @property
    def order(self) -> tuple[object, ...]:
        """Its place among the person's touches."""
        return self.lead.created, self.is_own, self.lead.crm, self.lead.lead_id, *self.campaign


@dataclass(frozen=True)
class Way:
    """One won deal and the touches that may have brought it, in order. `carrier` is the lead that has it today."""

    deal: Deal
    day: date
    at: datetime
    amount: Decimal
    carrier: LeadKey | None
    touches: tuple[Touch, ...]


@dataclass(frozen=True)
class Ways:
    """All touches by person, the instants at which each person bought, and the way to every deal."""

    touches: Mapping[LeadKey, Sequence[Touch]]
    wins: Mapping[LeadKey, Mapping[datetime, date]]
    deals: Sequence[Way]

    @classmethod
    def of(cls, company: Company, nights: Sequence[datetime], directory: Directory, rates: Rates) -> Ways:
        """What the nights could know of the ways."""
        first = {key: (head.crm, head.lead_id) for key, head in heads(company.leads, nights).items()}
        touches = _by_person(counted(company.leads, nights), first, directory, company.business_zone)
        sold = [(deal, deal.won_at) for deal in standing(company, nights[-1]) if deal.won_at is not None]
        wins: defaultdict[LeadKey, dict[datetime, date]] = defaultdict(dict)
        for deal, at in sold:
            if deal.lead_id is not None:
                wins[first[deal.crm, deal.lead_id]][at] = local_date(at, company.business_zone)
        carriers, deals = _carriers(company, nights[-1]), []
        for deal, at in sold:
            key, day = (deal.crm, deal.lead_id or ""), local_date(at, company.business_zone)
            before = _before(at, touches[first[key]], wins[first[key]]) if deal.lead_id is not None else ()
            amount = rates.convert(deal.amount, deal.currency, day)
            deals.append(Way(deal, day, at, amount, carriers.get(key), tuple(before)))
        return cls(touches, wins, deals)


def _by_person(leads: Sequence[Lead], first: Mapping[LeadKey, LeadKey], directory: Directory,
               zone: str) -> dict[LeadKey, list[Touch]]:
    """The touches of every head lead's person, in order."""
    found: defaultdict[LeadKey, list[Touch]] = defaultdict(list)
    for lead in leads:
        found[first[lead.crm, lead.lead_id]] += _touches(lead, directory, zone)
    return {person: sorted(touches, key=lambda touch: touch.order) for person, touches in found.items()}


def _carriers(company: Company, night: datetime) -> dict[LeadKey, LeadKey]:
    """Every lead id, merged away or not, with the one that has its deals today."""
    by_key = {(lead.crm, lead.lead_id): lead for lead in company.leads}
    stays = {key: survivor(by_key, lead, night) for key, lead in by_key.items()}
    return {key: (lead.crm, lead.lead_id) for key, lead in stays.items()}


def _touches(lead: Lead, directory: Directory, zone: str) -> Iterator[Touch]:
    own, reason = directory.of_lead(lead)
    said, day = query(lead.url), local_date(lead.created, zone)
    ids = [("gclid", said.get(name, "")) for name in ("gclid", "gbraid", "wbraid")]
    ids.append(("vendor_lead_id", lead.vendor_lead_id or ""))
    yield Touch(lead, day, own, reason, is_own=True)
    for other in {directory.touches[one] for one in ids if one in directory.touches} - {own}:
        yield Touch(lead, day, other, "", is_own=False)


def _before(at: datetime, touches: Sequence[Touch], wins: Mapping[datetime, date]) -> list[Touch]:
    last = max((win for win in wins if win < at), default=None)
    return [touch for touch in touches if at - LOOKBACK <= touch.lead.created <= at
            and (last is None or touch.lead.created > last)]


def touched(ways: Ways) -> Iterator[tuple[Key, dict[str, Value]]]:
    """Per lead and campaign that its record names: the person and what kind of touch it was."""
    for (crm, head), touches in ways.touches.items():
        for touch in touches:
            at = touch.lead.created.astimezone(UTC).replace(tzinfo=None).isoformat()
            yield (touch.lead.crm, touch.lead.lead_id, *touch.campaign), {
                "head_source": crm, "head_lead_id": head, "touch_at": at, "created_day": touch.day.isoformat(),
                "is_own": touch.is_own, "is_paid": touch.is_paid, "is_direct": touch.is_direct}
