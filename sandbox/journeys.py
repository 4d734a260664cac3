"""People who came back before they bought: by other campaigns, by none, or with an old click still in the cookie.

Leads that nobody else needs become later visits of a buyer. Nothing is drawn by chance, so that everything else of the
company stays as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from sandbox.leads import CLICK_MEMORY_DAYS, Arrival, link
from sandbox.model import Deal, Lead

_QUIET = timedelta(days=12)
_MARGIN = timedelta(hours=26)


@dataclass(frozen=True)
class Visit:
    """A place among the leads, with the lead and how it came."""

    place: int
    lead: Lead
    arrival: Arrival

    @property
    def key(self) -> tuple[str, str | None]:
        """By which a deal names the lead."""
        return self.lead.crm, self.lead.lead_id


#: From a buyer's first visit and the visits that could become later ones, in order of time: those that do, changed.
Journey = Callable[[Visit, Sequence[Visit]], list[Visit]]


def wander(arrivals: Sequence[Arrival], leads: list[Lead], deals: Sequence[Deal], is_taken: Callable[[Lead], bool],
           night: datetime) -> None:
    """Sends one buyer on each journey, in place, before the first night; a small company may lack some buyers."""
    free = _free(arrivals, leads, is_taken)
    carriers = Counter((deal.crm, deal.lead_id) for deal in deals)
    sold = {(deal.crm, deal.lead_id): deal.won_at for deal in deals
            if deal.won_at is not None and deal.cancelled_at is None and deal.archived_at is None
            and deal.won_at < night - _QUIET and carriers[deal.crm, deal.lead_id] == 1}
    idle = [visit for visit in free if not carriers[visit.key]]
    young = night - timedelta(days=CLICK_MEMORY_DAYS - 1)
    buyers = [(visit, sold[visit.key]) for visit in free if visit.key in sold and visit.lead.created > young]
    used: set[int] = set()
    for journey in JOURNEYS:
        for first, at in buyers:
            between = [visit for visit in idle if visit.place not in used and _follows(first, visit, at)]
            taken = [] if first.place in used else journey(first, between)
            if taken:
                _settle(leads, first.lead, taken)
                used |= {first.place, *(visit.place for visit in taken)}
                break


def _free(arrivals: Sequence[Arrival], leads: Sequence[Lead], is_taken: Callable[[Lead], bool]) -> list[Visit]:
    """Leads of persons who wrote only once and can be reached, on whom nothing else was planted, in order of time."""
    persons = Counter(lead.person for lead in leads)
    found = [Visit(place, lead, arrival) for place, (lead, arrival) in enumerate(zip(leads, arrivals, strict=True))
             if persons[lead.person] == 1 and not is_taken(lead) and not arrival.is_dead]
    return sorted(found, key=lambda visit: (visit.lead.created, visit.place))


def _follows(first: Visit, visit: Visit, at: datetime) -> bool:
    """Whether a visit lies between a buyer's first one and the sale, clearly, in the same market."""
    return (first.lead.created + _MARGIN < visit.lead.created < at - _MARGIN
            and (visit.arrival.plan.deal > 100_000) == (first.arrival.plan.deal > 100_000))


def _settle(leads: list[Lead], buyer: Lead, visits: Sequence[Visit]) -> None:
    for visit in visits:
        leads[visit.place] = replace(visit.lead, person=buyer.person, name=buyer.name, email=buyer.email,
                                     phone=buyer.phone)


def _untraced(visit: Visit) -> Visit:
    return replace(visit, lead=replace(visit.lead, url=None, vendor_lead_id=None, crm_campaign=None, form_id=None))


def _as_they_came(count: int) -> Journey:
    def journey(first: Visit, between: Sequence[Visit]) -> list[Visit]:
        return list(between[:count]) if len(between) >= count else []

    return journey


def _ends_untraced(first: Visit, between: Sequence[Visit]) -> list[Visit]:
    """The last visit left nothing but a contact."""
    return [between[0], _untraced(between[1])] if len(between) > 1 else []


def _never_traced(first: Visit, between: Sequence[Visit]) -> list[Visit]:
    """No visit left a trace."""
    return [_untraced(first), _untraced(between[0])] if between else []


def _with_an_old_click(first: Visit, between: Sequence[Visit]) -> list[Visit]:
    """A form on one platform is filled in by somebody whom another platform's click had brought before."""
    clicks = [visit for visit in between if "gclid" in parse_qs(urlsplit(visit.lead.url or "").query)
              and visit.arrival.touch is not None]
    for click in clicks:
        forms = [visit for visit in between if visit.lead.vendor_lead_id and visit.lead.created > click.lead.created]
        if forms and click.arrival.touch is not None:
            market = "VN" if click.arrival.plan.deal > 100_000 else "US"
            url = link(market, gclid=click.arrival.touch.touch_id)
            return [click, replace(forms[0], lead=replace(forms[0].lead, url=url))]
    return []


JOURNEYS: tuple[Journey, ...] = (
    _with_an_old_click, _as_they_came(3), _ends_untraced, _never_traced, _as_they_came(2), _as_they_came(1))
