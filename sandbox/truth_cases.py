"""Truth of each lead's case: what was done with its person within thirty days, and by when it should have been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sandbox.calendar import DAYS_OFF, local_date
from sandbox.model import Call, Company, Deal, Lead
from sandbox.truth_events import Head, Win, standing
from sandbox.truth_origin import CampaignKey, Directory
from sandbox.truth_people import LeadKey, counted
from sandbox.truth_persons import heads
from sandbox.truth_trials import is_trial, without_trials

LEAK_DAYS = 30
_HOT_PAGE = "https://us.phohien.example/quote"
_OPENS, _CLOSES = time(8), time(17, 30)


@dataclass
class Case:
    """One counted lead; what its person did and was done to stands on the first one (`head`)."""

    lead: Lead
    campaign: CampaignKey
    day: date
    zone: str
    head: Head | None = None
    calls: list[Call] = field(default_factory=list)
    begun: list[datetime] = field(default_factory=list)
    lost: list[tuple[datetime, str | None]] = field(default_factory=list)

    @property
    def is_trial(self) -> bool:
        """Whether somebody only tried a form out."""
        return is_trial(self.lead)

    @property
    def end(self) -> datetime:
        """The last instant that counts."""
        return self.lead.created + timedelta(days=LEAK_DAYS)

    def state(self, name: str) -> datetime | None:
        """When the state was first told, if that was in time."""
        at = self.head.states.get(name) if self.head else None
        return at if at is not None and at <= self.end else None

    @property
    def touches(self) -> list[datetime]:
        """When somebody called out, from the creation on and in time."""
        return sorted(call.at for call in self.calls if self.lead.created <= call.at <= self.end)

    @property
    def tried(self) -> list[datetime]:
        """Every sign in time that somebody had tried, calls before the lead came included."""
        signs = (self.state("attempted"), self.state("reached"), *(call.at for call in self.calls))
        return sorted(at for at in signs if at is not None and at <= self.end)

    @property
    def sold(self) -> list[Win]:
        """The wins that count."""
        return [win for win in (self.head.wins if self.head else ()) if self.lead.created <= win.at <= self.end]

    @property
    def is_hot(self) -> bool:
        """Whether the lead asked for a price."""
        return (self.lead.url or "").startswith(_HOT_PAGE)

    @property
    def due(self) -> datetime:
        """A quarter of an hour for who asked for a price, an hour of business for all others."""
        created = self.lead.created
        return created + timedelta(minutes=15) if self.is_hot else _business_hour(created, self.zone)


def _business_hour(moment: datetime, zone: str) -> datetime:
    """An hour later, of which only business hours pass."""
    left, now = timedelta(hours=1), moment.astimezone(ZoneInfo(zone))
    while True:
        opens, closes = (datetime.combine(now.date(), at, now.tzinfo) for at in (_OPENS, _CLOSES))
        start = max(now, opens)
        if now.weekday() < 6 and now.date() not in DAYS_OFF and start < closes:
            if start + left <= closes:
                return start + left
            left -= closes - start
        now = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)


def cases(company: Company, nights: Sequence[datetime], known: Mapping[LeadKey, Head],
          directory: Directory) -> list[Case]:
    """Every counted lead with what the nights could learn of its person's calls and deals."""
    people = without_trials(company).leads
    first = {key: (head.crm, head.lead_id) for key, head in heads(people, nights).items()}
    found = {(lead.crm, lead.lead_id): Case(
        lead, directory.of_lead(lead)[0], local_date(lead.created, company.business_zone), company.business_zone,
        known.get((lead.crm, lead.lead_id))) for lead in counted(company.leads, nights)}
    for lead in company.leads:
        if (lead.crm, lead.lead_id) in first:
            found[first[lead.crm, lead.lead_id]].calls += [
                call for call in lead.calls if call.direction == "outbound" and call.at <= nights[-1]]
    won = standing(company, nights[-1])
    for deal in company.deals:
        key = (deal.crm, deal.lead_id or "")
        if key in first and deal.created <= nights[-1] and not _past(deal.archived_at, nights):
            case = found[first[key]]
            case.begun.append(deal.created)
            if deal not in won and (at := _lost_at(deal, nights)) is not None:
                case.lost.append((at, deal.lost_reason))
    return list(found.values())


def _past(moment: datetime | None, nights: Sequence[datetime]) -> datetime | None:
    return moment if moment is not None and moment <= nights[-1] else None


def _lost_at(deal: Deal, nights: Sequence[datetime]) -> datetime | None:
    """HubSpot leaves a cancelled win its closing date; Getfly tells the last change of a cancelled order."""
    won, lost, cancelled = (_past(at, nights) for at in (deal.won_at, deal.lost_at, deal.cancelled_at))
    return won or lost if deal.crm == "hubspot" else cancelled or lost


def lost_deals(company: Company, nights: Sequence[datetime]) -> list[tuple[Deal, datetime]]:
    """Every deal that stands as lost, whoever's it was, and since when."""
    won = standing(company, nights[-1])
    return [(deal, at) for deal in company.deals
            if deal.created <= nights[-1] and not _past(deal.archived_at, nights) and deal not in won
            and (at := _lost_at(deal, nights)) is not None]
