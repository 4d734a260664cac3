"""The quarrels of a record with itself: a written-off lead that bought, a card filled in after the sale.

Existing histories are bent, nothing is drawn by chance, so that everything else of the company stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.model import Deal, Lead, StatusChange

_UNQUALIFIED = ("hs_lead_status", "UNQUALIFIED")
_FRESH = ("OPEN", "NEW", "lead", "ATTEMPTED_TO_CONTACT")
_QUIET = timedelta(days=12)
Bend = Callable[[Lead, Deal], tuple[Lead, Deal]]


def contradict(leads: list[Lead], deals: list[Deal], is_taken: Callable[[Lead], bool], night: datetime) -> None:
    """Bends leads with a won deal that nothing else was planted on, in place, all before the first night.

    One lead per bend; a company too small for that has as many as it has such buyers.
    """
    buyers = _buyers(leads, deals, is_taken, night)
    for crm, bends in _BENDS.items():
        for (place, sold), bend in zip((pair for pair in buyers if leads[pair[0]].crm == crm), bends, strict=False):
            leads[place], deals[sold] = bend(leads[place], deals[sold])


def _buyers(leads: list[Lead], deals: list[Deal], is_taken: Callable[[Lead], bool],
            night: datetime) -> list[tuple[int, int]]:
    """Places of leads and of their only deal, won long before the night, whose person wrote only once."""
    persons = [lead.person for lead in leads]
    once = {person for person in persons if persons.count(person) == 1}
    place_of = {(lead.crm, lead.lead_id): place for place, lead in enumerate(leads)
                if lead.person in once and lead.statuses and not is_taken(lead)}
    carriers = [(deal.crm, deal.lead_id or "") for deal in deals]
    return [(place_of[key], sold) for sold, (key, deal) in enumerate(zip(carriers, deals, strict=True))
            if key in place_of and carriers.count(key) == 1 and _is_calm(leads[place_of[key]], deal, night)]


def _is_calm(lead: Lead, deal: Deal, night: datetime) -> bool:
    """Whether deal and lead were settled before the night and begin late enough to be moved back a little."""
    last = max(change.at for change in lead.statuses)
    return (deal.won_at is not None and deal.cancelled_at is None and deal.archived_at is None
            and max(deal.won_at, last) < night - _QUIET and lead.created > night - timedelta(days=100)
            and (lead.crm == "getfly" or len(lead.calls) == 2))


def _won(deal: Deal) -> datetime:
    if deal.won_at is None:
        raise ValueError(f"deal {deal.deal_id} was not won")
    return deal.won_at


def _written_off(field: str, value: str) -> Bend:
    """Three days after the sale the status says that there can be none."""
    def bend(lead: Lead, deal: Deal) -> tuple[Lead, Deal]:
        change = StatusChange(_won(deal) + timedelta(days=3, seconds=17), field, value)
        return replace(lead, statuses=(*lead.statuses, change)), deal

    return bend


def _silent(lead: Lead, deal: Deal) -> tuple[Lead, Deal]:
    """Reached, says the status; the conversation is not on record."""
    return replace(lead, calls=tuple(call for call in lead.calls if call.outcome != "answered")), deal


def _filled_in_late(lead: Lead, deal: Deal) -> tuple[Lead, Deal]:
    """Whatever means more than an attempt was written down three days after the sale, without a conversation."""
    late = _seconds(_won(deal) + timedelta(days=3))
    changes = [change if change.value in _FRESH else replace(change, at=next(late)) for change in lead.statuses]
    return _silent(replace(lead, statuses=tuple(sorted(changes, key=lambda change: change.at))), deal)


def _seconds(first: datetime) -> Iterator[datetime]:
    while True:
        first += timedelta(seconds=1)
        yield first


def _revived(lead: Lead, deal: Deal) -> tuple[Lead, Deal]:
    """Its status stays at unqualified, while its stage goes on to a sale."""
    reached = next(change.at for change in lead.statuses if change.value == "CONNECTED")
    kept = [change for change in lead.statuses if change.value != "OPEN_DEAL"]
    kept.append(StatusChange(reached + timedelta(seconds=61), *_UNQUALIFIED))
    return replace(lead, statuses=tuple(sorted(kept, key=lambda change: change.at))), deal


def _known_before(lead: Lead, deal: Deal) -> tuple[Lead, Deal]:
    """Called two days before it came in."""
    first, *rest = lead.calls
    early = replace(first, at=lead.created - timedelta(days=2, seconds=11))
    return replace(lead, calls=(early, *rest)), deal


def _sold_before(lead: Lead, deal: Deal) -> tuple[Lead, Deal]:
    """The whole deal, four days before the lead came in."""
    by = lead.created - timedelta(days=4, seconds=7) - _won(deal)
    stages = tuple(replace(change, at=change.at + by) for change in deal.stage_changes)
    return lead, replace(deal, created=deal.created + by, won_at=_won(deal) + by, stage_changes=stages)


_BENDS: dict[str, tuple[Bend, ...]] = {
    "hubspot": (_written_off(*_UNQUALIFIED), _silent, _filled_in_late, _revived, _known_before),
    "getfly": (_written_off("relation_name", "Sai đối tượng"), _written_off("relation_name", "Mất"),
               _written_off("relation_name", "Sai số"), _sold_before)}
