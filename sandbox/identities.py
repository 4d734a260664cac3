"""The quarrels over who is who: one buyer under two addresses, a switchboard, a forwarded link.

Leads that nobody else needs get other contacts and links. Nothing is drawn by chance, so that everything else of the
company stays as it was.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.leads import link
from sandbox.model import Deal, Lead

_QUIET = timedelta(days=12)
_MAIL = re.compile(r"[^@,\s]+@\w+\.example")
#: A mobile number that no person of the company has.
SWITCHBOARD = "+84 910 000 000"
Bend = Callable[[list[Lead]], list[Lead]]


def entangle(leads: list[Lead], deals: Sequence[Deal], is_taken: Callable[[Lead], bool],
             nights: Sequence[datetime]) -> None:
    """Bends leads in place, most of them long before the first night; a small company has as many bends as it can."""
    free = _free(leads, deals, is_taken)
    early = [place for place in free if leads[place].crm == "getfly" and leads[place].created < nights[0] - _QUIET]
    late = [place for place in free if nights[0] < leads[place].created < nights[1]]
    for count, bend in _BENDS:
        taken, early = early[:count], early[count:]
        if bend is _switchboard:
            taken += late[:1]
        if len(taken) >= count:
            for place, lead in zip(taken, bend([leads[place] for place in taken]), strict=True):
                leads[place] = lead


def _free(leads: Sequence[Lead], deals: Sequence[Deal], is_taken: Callable[[Lead], bool]) -> list[int]:
    """Places of leads with a mail, a phone and no deal, whose person wrote only once, in order of time."""
    persons, sold = Counter(lead.person for lead in leads), {(deal.crm, deal.lead_id) for deal in deals}
    found = [place for place, lead in enumerate(leads)
             if persons[lead.person] == 1 and (lead.crm, lead.lead_id) not in sold
             and not is_taken(lead) and lead.phone and _MAIL.fullmatch(lead.email or "")
             and "fbclid" not in (lead.url or "") and "#" not in (lead.url or "")]
    return sorted(found, key=lambda place: (leads[place].created, place))


def _same(one: Lead, other: Lead, email: str | None, phone: str | None) -> Lead:
    """Another record of the same person, under these contacts."""
    return replace(other, person=one.person, name=one.name, email=email, phone=phone)


def _chain(leads: list[Lead]) -> list[Lead]:
    """The first record shares a mail with the second, the second a phone with the third, the first nothing with it."""
    first, second, third = leads
    return [replace(first, phone=None), _same(first, second, first.email, second.phone),
            _same(first, third, third.email, second.phone)]


def _switchboard(leads: list[Lead]) -> list[Lead]:
    """Colleagues who all leave their company's number, one of them nothing else; the last one between two nights."""
    shared = [replace(lead, phone=SWITCHBOARD) for lead in leads]
    shared[2] = replace(shared[2], email=None)
    return shared


def _forwarded(leads: list[Lead]) -> list[Lead]:
    """A link with its click id, passed on to somebody else."""
    return [replace(lead, url=_clicked(lead.url, "fb.forwarded.1")) for lead in leads]


def _cookie(leads: list[Lead]) -> list[Lead]:
    """A mail on the first visit, a phone on the second: only the click in the cookie says that it is the same one."""
    first, second = (replace(lead, url=_clicked(lead.url, "fb.cookie.1")) for lead in leads)
    return [replace(first, phone=None), _same(first, second, None, second.phone)]


def _clicked(url: str | None, click: str) -> str:
    if url is None:
        return link("VN", fbclid=click)
    return f"{url}{'&' if '?' in url else '?'}fbclid={click}"


_BENDS: tuple[tuple[int, Bend], ...] = ((3, _chain), (4, _switchboard), (2, _forwarded), (2, _cookie))
