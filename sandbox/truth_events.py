"""Truth, third part: per head lead, when each state was first reached and what was won."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sandbox.calendar import local_date
from sandbox.model import Appeal, Company, Deal, FxRate, Lead, StatusChange
from sandbox.truth_origin import CampaignKey, Directory
from sandbox.truth_people import LeadKey, counted, is_listed, is_reachable
from sandbox.truth_persons import heads
from sandbox.view import current, updated_at

#: What a status means, as both departments agreed at first; everything else means nothing.
MEANING: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("hs_lead_status", "ATTEMPTED_TO_CONTACT"): ("attempted",),
    ("hs_lead_status", "CONNECTED"): ("reached",),
    ("hs_lead_status", "IN_PROGRESS"): ("reached",),
    ("hs_lead_status", "OPEN_DEAL"): ("reached", "hot"),
    ("hs_lead_status", "UNQUALIFIED"): ("wrong_target",),
    ("hs_lead_status", "BAD_TIMING"): ("reached", "potential"),
    ("lifecyclestage", "salesqualifiedlead"): ("reached", "hot"),
    ("lifecyclestage", "opportunity"): ("reached", "hot"),
    ("lifecyclestage", "customer"): ("reached",),
    ("relation_name", "Đang liên hệ"): ("attempted",),
    ("relation_name", "Tiếp cận"): ("reached",),
    ("relation_name", "Tiềm năng"): ("reached", "potential"),
    ("relation_name", "Nóng"): ("reached", "hot"),
    ("relation_name", "Chốt"): ("reached",),
    ("relation_name", "Mất"): ("lost",),
    ("relation_name", "Sai số"): ("invalid_contact",),
    ("relation_name", "Sai đối tượng"): ("reached", "wrong_target"),
}
#: The status that says a salesperson was given the lead. The other CRM has none.
HANDED_OVER = "hs_lead_status", "OPEN"
ANSWERED_SECONDS = 20
FX_MAX_AGE_DAYS = 7
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Win:
    """One deal that stands as won, in reporting currency."""

    campaign: CampaignKey
    head: LeadKey | None
    at: datetime
    day: date
    revenue: Decimal
    margin: Decimal | None
    crm: str
    deal: Deal
    unit: Decimal  # of the deal's currency, in the reporting one


@dataclass
class Head:
    """One person's first lead, with all that happened to any of the person's records."""

    lead: Lead
    campaign: CampaignKey
    reason: str
    day: date
    states: dict[str, datetime] = field(default_factory=dict)
    appealed: set[str] = field(default_factory=set)  # states that rest on an appeal
    is_recorded: bool = False
    assigned: list[datetime] = field(default_factory=list)
    touched: list[datetime] = field(default_factory=list)
    answered: list[datetime] = field(default_factory=list)
    wins: list[Win] = field(default_factory=list)
    replies: list[tuple[tuple[bool, str, str], StatusChange]] = field(default_factory=list)

    def within(self, state: str, days: int | None) -> bool:
        """Whether the state came at all, or within so many days of the lead's creation."""
        moment = self.states.get(state, _NEVER)
        return moment != _NEVER and (days is None or moment <= self.lead.created + timedelta(days=days))

    def is_qualified(self, days: int | None) -> bool:
        """Reached, and neither a wrong target nor an invalid contact."""
        return self.within("reached", days) and not (
            self.within("wrong_target", days) or self.within("invalid_contact", days))

    @property
    def is_touched(self) -> bool:
        """Whether somebody tried to reach the person since the lead came."""
        return any(at >= self.lead.created for at in self.touched)

    @property
    def is_assigned(self) -> bool:
        """Whether it is on record that the lead was handed to somebody."""
        return any(at >= self.lead.created for at in self.assigned)

    @property
    def is_valid(self) -> bool:
        """A contact that can exist and that nobody found dead."""
        return is_reachable(self.lead) and "invalid_contact" not in self.states


class Rates:
    """The exchange rates into the reporting currency."""

    def __init__(self, rates: Iterable[FxRate], reporting: str) -> None:
        """Only rates into `reporting` count."""
        self.reporting = reporting
        self.known = {(rate.day, rate.from_currency): rate.rate for rate in rates if rate.to_currency == reporting}

    def convert(self, amount: Decimal, currency: str, day: date) -> Decimal:
        """At the day's rate, else the newest earlier one; LookupError when that is older than a week."""
        if currency == self.reporting:
            return amount
        for age in range(FX_MAX_AGE_DAYS + 1):
            rate = self.known.get((day - timedelta(days=age), currency))
            if rate is not None:
                return amount * rate
        raise LookupError(f"no rate for {currency} on {day}")


def recorded(lead: Lead, nights: Sequence[datetime]) -> Iterator[StatusChange]:
    """What the nights could learn of the lead's statuses: one glance a night from Getfly, all of it from HubSpot.

    HubSpot keeps the history even of a lead that was merged away: it is in the survivor's past.
    """
    if lead.crm == "hubspot":
        yield from (change for change in lead.statuses if change.at <= nights[-1])
        return
    newest = None
    for night in nights:
        value = current(lead, "relation_name", night) if is_listed(lead, night) else newest
        if value is not None and value != newest:
            newest = value
            yield StatusChange(updated_at(lead, night), "relation_name", value)


def meaning(company: Company, at: datetime) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """What each status means by what the departments had agreed on at an instant."""
    return {**MEANING, **{(ruling.field, ruling.value): ruling.states for ruling in company.rulings if ruling.at <= at}}


def heads_with_history(company: Company, nights: Sequence[datetime], directory: Directory, rates: Rates,
                       ruled_at: datetime | None = None) -> tuple[dict[LeadKey, Head], list[Win]]:
    """Every head lead with its states and wins, and all wins, those without a lead included.

    Statuses are judged by the meanings of the last night, or of `ruled_at`.
    """
    meant = meaning(company, ruled_at or nights[-1])
    first = {key: (head.crm, head.lead_id) for key, head in heads(company.leads, nights).items()}
    found: dict[LeadKey, Head] = {}
    for lead in counted(company.leads, nights):
        if first[lead.crm, lead.lead_id] == (lead.crm, lead.lead_id):
            day = local_date(lead.created, company.business_zone)
            found[lead.crm, lead.lead_id] = Head(lead, *directory.of_lead(lead), day)
    for lead in company.leads:
        if (lead.crm, lead.lead_id) in first:
            _enrol(found[first[lead.crm, lead.lead_id]], lead, nights, meant)
    for appeal in company.appeals:
        if appeal.signed_at is not None and appeal.signed_at <= nights[-1]:
            _overrule(found[first[appeal.crm, appeal.lead_id]], appeal)
    wins = []
    for deal in sorted(standing(company, nights[-1]), key=lambda deal: deal.won_at or _NEVER):
        key = first[deal.crm, deal.lead_id] if deal.lead_id is not None else None
        campaign = directory.of_orphan(deal.crm_campaign) if key is None else found[key].campaign
        wins.append(_win(deal, key, campaign, rates, company.business_zone))
        if key is not None:
            found[key].wins.append(wins[-1])
            found[key].states.setdefault("closed", wins[-1].at)
    return found, wins


def _overrule(head: Head, appeal: Appeal) -> None:
    """What both departments say of a state takes the place of what is on record."""
    head.appealed.add(appeal.state)
    head.states.pop(appeal.state, None)
    if appeal.since is not None:
        head.states[appeal.state] = appeal.since


def _enrol(head: Head, lead: Lead, nights: Sequence[datetime],
           meant: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
    """Adds one record's statuses and calls to the person's states."""
    calls = [call for call in lead.calls if call.at <= nights[-1]]
    spoken = [call.at for call in calls if call.outcome == "answered" and call.seconds >= ANSWERED_SECONDS]
    head.answered += spoken
    head.touched += [call.at for call in calls if call.direction == "outbound"]
    events = [("reached", at) for at in spoken]
    for change in recorded(lead, nights):
        head.is_recorded = True
        events += [(state, change.at) for state in meant.get((change.field, change.value), ())]
        if (change.field, change.value) == HANDED_OVER:
            head.assigned.append(change.at)
    head.is_recorded = head.is_recorded or bool(calls)
    rank = (lead is not head.lead, lead.crm, lead.lead_id)
    head.replies += [(rank, reply) for reply in lead.answers
                     if any(reply.at <= night and is_listed(lead, night) for night in nights)]
    for state, at in events:
        head.states[state] = min(at, head.states.get(state, _NEVER))


def standing(company: Company, as_of: datetime) -> list[Deal]:
    """The deals won by `as_of` and neither cancelled nor deleted by then."""
    return [deal for deal in company.deals if deal.won_at is not None and deal.won_at <= as_of
            and not any(end is not None and end <= as_of for end in (deal.cancelled_at, deal.archived_at))]


def _win(deal: Deal, head: LeadKey | None, campaign: CampaignKey, rates: Rates, zone: str) -> Win:
    moment = deal.won_at or _NEVER
    day = local_date(moment, zone)
    margin = None if deal.margin is None else rates.convert(deal.margin, deal.currency, day)
    revenue, unit = (rates.convert(amount, deal.currency, day) for amount in (deal.amount, Decimal(1)))
    return Win(campaign, head, moment, day, revenue, margin, deal.crm, deal, unit)
