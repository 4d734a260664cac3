"""The quarrels over who let a lead go: nobody's lead, no call, a fair effort and one that falls just short of it.

Histories of leads without a deal are written anew, nothing is drawn by chance, so that the rest of the company stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.model import Call, Deal, Lead, StatusChange

_SOON, _DAY = timedelta(seconds=61), timedelta(days=1)
_OLD = timedelta(days=51)  # of a month that is mature on the first night
_HOT_PAGE, _QUARTER = "https://us.", timedelta(minutes=15)
Bend = Callable[[Lead], Lead]


def leak(leads: list[Lead], deals: Sequence[Deal], is_taken: Callable[[Lead], bool], night: datetime) -> None:
    """Bends leads that nothing else was planted on, in place, one per bend; a small company has as many as it can."""
    persons, sold = [lead.person for lead in leads], {(deal.crm, deal.lead_id) for deal in deals}
    once = {person for person in persons if persons.count(person) == 1}
    free = [place for place, lead in enumerate(leads)
            if lead.crm == "hubspot" and lead.person in once and (lead.crm, lead.lead_id) not in sold
            and not is_taken(lead) and lead.created < night - _OLD and _has_mail(lead)]
    hot = [place for place in free if (leads[place].url or "").startswith(_HOT_PAGE)]
    for place, bend in zip(hot, _HOT, strict=False):
        leads[place] = bend(leads[place])
    for place, bend in zip((place for place in free if place not in hot), _ANY, strict=False):
        leads[place] = bend(leads[place])


def _has_mail(lead: Lead) -> bool:
    return lead.email is not None and lead.email.endswith(".example") and "@" in lead.email.strip("@")


def _unowned(lead: Lead) -> Lead:
    return replace(_told(lead), owner_id="")


def _untouched(lead: Lead) -> Lead:
    return _told(lead, (lead.created + _SOON, "OPEN"))


def _told(lead: Lead, *more: tuple[datetime, str], calls: tuple[Call, ...] = ()) -> Lead:
    """The lead with no other past than these statuses and calls."""
    fresh = (StatusChange(lead.created, "lifecyclestage", "lead"), StatusChange(lead.created, "hs_lead_status", "NEW"))
    said = (StatusChange(at, "hs_lead_status", value) for at, value in more)
    return replace(lead, statuses=(*fresh, *said), calls=calls)


def _called(*after: timedelta, outcome: str = "no_answer", seconds: int = 0,
            status: str = "ATTEMPTED_TO_CONTACT") -> Bend:
    """Called so long after creation each time, always with the same end."""
    def bend(lead: Lead) -> Lead:
        calls = tuple(Call(f"{lead.lead_id}{number:03d}", lead.created + later, "outbound", outcome, seconds,
                           lead.owner_id) for number, later in enumerate(after))
        return _told(lead, (lead.created + after[0] + timedelta(seconds=1), status), calls=calls)

    return bend


_SIX_DAYS = tuple(_SOON + number * _DAY for number in range(6))
_HOT: tuple[Bend, ...] = (_called(_QUARTER), _called(_QUARTER + timedelta(seconds=1)))
_ANY: tuple[Bend, ...] = (
    _unowned, _untouched, _called(*_SIX_DAYS), _called(*_SIX_DAYS[:5], _SIX_DAYS[5] - timedelta(seconds=1)),
    _called(*_SIX_DAYS[:4], 8 * _DAY), _called(_SOON, outcome="wrong_number"),
    _called(_SOON, outcome="answered", seconds=60, status="CONNECTED"))
