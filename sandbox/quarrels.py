"""The quarrels that are events: repeats, merges, deals at a horizon's edge, deals nobody can place, deletions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from sandbox.answers import answer
from sandbox.catalogue import META_VN, Plan
from sandbox.contradictions import contradict
from sandbox.delays import misroute
from sandbox.histories import Office, Sale
from sandbox.identities import entangle
from sandbox.journeys import wander
from sandbox.leads import Arrival, Reception, name_at
from sandbox.leaking import leak
from sandbox.model import Deal, Lead, StatusChange
from sandbox.notebook import jot
from sandbox.people import Contact, again
from sandbox.regrets import regret
from sandbox.spend import Running
from sandbox.trials import rehearse

REPEAT_SHARE = 0.05


@dataclass
class Draft:
    """The company while it is being made. `arrivals[i]` is how `leads[i]` came in."""

    arrivals: list[Arrival]
    leads: list[Lead]
    deals: list[Deal]

    def pick(self, rng: Random, count: int, fits: Callable[[Lead], bool]) -> list[int]:
        """Places of `count` untouched leads that fit; a lead is planted with at most one quarrel."""
        sold = {(deal.crm, deal.lead_id) for deal in self.deals}
        free = [place for place, lead in enumerate(self.leads)
                if not self.planted(lead) and (lead.crm, lead.lead_id) not in sold and fits(lead)]
        return rng.sample(free, count)

    def planted(self, lead: Lead) -> bool:
        """Whether the lead already takes part in a merge or was archived."""
        return lead.merged_into is not None or lead.archived_at is not None or (lead.crm, lead.lead_id) in self.taken

    def __post_init__(self) -> None:
        self.taken: set[tuple[str, str]] = set()


def plant(rng: Random, draft: Draft, reception: Reception, office: Office, runs: Sequence[Running]) -> None:
    """Adds the planted events to the draft, in place."""
    _repeats(rng, draft, reception, office, runs)
    _merges(rng, draft, office, reception.nights)
    _archive(rng, draft, reception.nights)
    _edges(rng, draft, office, reception.nights[0])
    _orphans(rng, draft, office, reception, runs)
    _cancel(draft, reception.nights)
    _delete(draft, reception.nights)
    _forget(draft)
    contradict(draft.leads, draft.deals, draft.planted, reception.nights[0])
    leak(draft.leads, draft.deals, draft.planted, reception.nights[0])
    misroute(draft.leads, draft.planted, reception.first)
    wander(draft.arrivals, draft.leads, draft.deals, draft.planted, reception.nights[0])
    entangle(draft.leads, draft.deals, draft.planted, reception.nights)
    regret(draft.deals, reception.nights[0])
    drifted = next(run.campaign.campaign_id for run in runs if run.plan.key == "sofa_search")
    answer(draft.leads, drifted, reception.nights[0])
    jot(draft.leads, reception.nights[-1])
    rehearse(draft.leads, reception.nights)


def _repeats(rng: Random, draft: Draft, reception: Reception, office: Office, runs: Sequence[Running]) -> None:
    """The same people once more: through any campaign of their market, in either CRM, spelled another way."""
    first = [arrival for arrival in draft.arrivals if not arrival.is_dead]
    lively: dict[str, list[Running]] = {"VN": [], "US": []}
    for run in runs:
        if run.plan.weight and run.plan.key not in ("deleted", "lost"):
            lively[_market(run.plan)].append(run)
    for base in rng.choices(first, k=max(12, round(len(first) * REPEAT_SHARE))):
        market = _market(base.plan)
        arrival = reception.from_campaign(rng.choice(lively[market]))
        who = again(rng, Contact(base.lead.person, base.lead.name, base.lead.email, base.lead.phone, market))
        same = replace(arrival.lead, person=who.person, name=who.name, email=who.email, phone=who.phone)
        draft.arrivals.append(replace(arrival, lead=same, is_dead=False))
        lead, deals = office.play(draft.arrivals[-1])
        draft.leads.append(lead)
        draft.deals.extend(deals)


def _market(plan: Plan) -> str:
    return "VN" if plan.deal > 100_000 else "US"


def _merges(rng: Random, draft: Draft, office: Office, nights: Sequence[datetime]) -> None:
    """HubSpot merges: pairs and a chain before the first night, pairs and a slow chain between the nights.

    Those that a night had seen unmerged bring a won deal along: it is the survivor's from then on.
    """
    early, quiet = nights[0] - timedelta(days=25), nights[0] - timedelta(days=10)
    places = draft.pick(rng, 32, lambda lead: lead.crm == "hubspot" and lead.created < early
                        and bool(lead.statuses) and _last_event(lead) < quiet)
    past = nights[0] - timedelta(days=9, seconds=23)
    later = [night + timedelta(hours=7, seconds=29) for night in nights]
    for place in range(0, 16, 2):
        _merge(draft, places[place], places[place + 1], past)
    _merge(draft, places[16], places[17], past)
    _merge(draft, places[17], places[18], past + timedelta(days=2))
    for place in range(19, 27, 2):
        lead, size = draft.leads[places[place]], draft.arrivals[places[place]].plan.deal
        begun, won = lead.created + timedelta(days=3), lead.created + timedelta(days=12, seconds=41)
        draft.deals.append(office.deal(Sale(lead.crm, lead.lead_id, lead.owner_id, size, begun, won, is_final=True)))
        _merge(draft, places[place], places[place + 1], later[0])
    _merge(draft, places[27], places[28], later[0])
    _merge(draft, places[28], places[29], later[1])


def _merge(draft: Draft, away: int, into: int, moment: datetime) -> None:
    stays = draft.leads[into]
    draft.leads[away] = replace(draft.leads[away], merged_at=moment, merged_into=stays.lead_id)
    draft.taken.add((stays.crm, stays.lead_id))


def _last_event(lead: Lead) -> datetime:
    return max([lead.created, *(change.at for change in lead.statuses), *(call.at for call in lead.calls)])


def _archive(rng: Random, draft: Draft, nights: Sequence[datetime]) -> None:
    """Three leads of each CRM are deleted after the first night has seen them; they still count."""
    for crm in ("hubspot", "getfly"):
        for place in draft.pick(rng, 3, lambda lead, crm=crm: lead.crm == crm  # type: ignore[misc]
                                and _last_event(lead) < nights[0] - timedelta(days=1)):
            draft.leads[place] = replace(draft.leads[place], archived_at=nights[0] + timedelta(hours=5, seconds=31))


def _edges(rng: Random, draft: Draft, office: Office, night: datetime) -> None:
    """Wins exactly on a horizon's last instant and one second after it."""
    old = night - timedelta(days=95)
    places = draft.pick(rng, 6, lambda lead: lead.crm == "hubspot" and lead.created < old)
    for place, (days, seconds) in zip(places, [(d, s) for d in (30, 60, 90) for s in (0, 1)], strict=True):
        lead = draft.leads[place]
        draft.taken.add((lead.crm, lead.lead_id))
        won = lead.created + timedelta(days=days, seconds=seconds)
        size = draft.arrivals[place].plan.deal
        draft.deals.append(office.deal(Sale(lead.crm, lead.lead_id, lead.owner_id, size,
                                            won - timedelta(days=9), won, is_final=True)))


def _orphans(rng: Random, draft: Draft, office: Office, reception: Reception, runs: Sequence[Running]) -> None:
    """Deals without a lead: some name a campaign by id or by name, some name none."""
    named = next(run.campaign for run in runs if run.plan.account_id == META_VN)
    for number in range(12):
        crm, owner = ("hubspot", "7001") if number % 2 else ("getfly", "11")
        created = reception.first + timedelta(days=9 * number, seconds=rng.randint(1, 80_000))
        link = (None, named.campaign_id, name_at(named.names, created), "Hội chợ Vifa 2026")[number % 4]
        won = created + timedelta(days=5, seconds=rng.randint(1, 59))
        draft.deals.append(office.deal(Sale(crm, None, owner, 12_000_000, created, won, link)))


def _cancel(draft: Draft, nights: Sequence[datetime]) -> None:
    """In each CRM one old win is cancelled between the first two nights, so that a published win disappears."""
    for crm in ("hubspot", "getfly"):
        place = _old_win(draft, crm, nights[0])
        deal, moment = draft.deals[place], nights[0] + timedelta(hours=8, seconds=37)
        word = deal.stage_changes[-1].field, "closedlost" if crm == "hubspot" else "3"
        draft.deals[place] = replace(deal, cancelled_at=moment,
                                     stage_changes=(*deal.stage_changes, StatusChange(moment, *word)))


def _delete(draft: Draft, nights: Sequence[datetime]) -> None:
    """In each CRM an old win is deleted after the first night and another after the second, without another word."""
    for crm in ("hubspot", "getfly"):
        for night in nights[:2]:
            place = _old_win(draft, crm, nights[0])
            draft.deals[place] = replace(draft.deals[place], archived_at=night + timedelta(hours=6, seconds=43))


def _forget(draft: Draft) -> None:
    """On one deal in thirteen nobody filled in the discount: an empty field, which is not a discount of 0."""
    draft.deals[5::13] = [replace(deal, hides_discount=True) for deal in draft.deals[5::13]]


def _old_win(draft: Draft, crm: str, night: datetime) -> int:
    """The place of the first deal that was won long before a night and that nobody has touched since."""
    return next(place for place, deal in enumerate(draft.deals) if deal.crm == crm and deal.won_at is not None
                and deal.cancelled_at is None and deal.archived_at is None
                and deal.won_at < night - timedelta(days=15))
