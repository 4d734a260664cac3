"""Truth, first part continued: which records are one person by what they share, and what is not enough for that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox.facts import Key, Value
from sandbox.model import Lead
from sandbox.truth_origin import query
from sandbox.truth_people import LeadKey, counted, is_listed, mail, phone
from sandbox.view import survivor

#: What records can share, strongest first.
KINDS = ("crm_merge", "email", "phone", "vendor_lead_id", "gclid", "fbclid", "ttclid")
_MANY = 4


@dataclass(frozen=True)
class Shared:
    """One thing that several records share: of records merged away unseen the contacts are unknown."""

    kind: str
    leads: tuple[Lead, ...]
    unseen: frozenset[LeadKey]

    @property
    def mails(self) -> int:
        """Different mails among the records."""
        return len({mail(lead.email) for lead in self._seen} - {None})

    @property
    def phones(self) -> int:
        """Different phones among the records."""
        return len({phone(lead.phone) for lead in self._seen} - {None})

    @property
    def _seen(self) -> list[Lead]:
        return [lead for lead in self.leads if _key(lead) not in self.unseen]

    @property
    def refused(self) -> str | None:
        """Why it makes nobody one person."""
        if self.kind == "crm_merge":
            return None
        if self.kind in ("email", "phone"):
            return "shared" if (self.phones if self.kind == "email" else self.mails) >= _MANY else None
        return "conflict" if self.mails > 1 or self.phones > 1 else None


def shared(leads: Sequence[Lead], nights: Sequence[datetime]) -> list[Shared]:
    """All that records have in common, as far as these nights could see it."""
    by_key = {_key(lead): lead for lead in leads}
    groups: defaultdict[tuple[str, str], list[Lead]] = defaultdict(list)
    unseen = {_key(lead) for lead in leads if not any(is_listed(lead, night) for night in nights)}
    for lead in leads:
        if _key(lead) not in unseen:
            for sign in _signs(lead):
                groups[sign].append(lead)
    for lead in leads:
        into = survivor(by_key, lead, nights[-1])
        if into is not lead and lead.created <= nights[-1]:
            merged = groups["crm_merge", "/".join(_key(into))]
            merged += [lead] if into in merged else [into, lead]
    return [Shared(kind, tuple(group), frozenset(unseen)) for (kind, _), group in groups.items() if len(group) > 1]


def _key(lead: Lead) -> LeadKey:
    return lead.crm, lead.lead_id


def _signs(lead: Lead) -> Iterator[tuple[str, str]]:
    """Everything on a record by which it may be known again."""
    said = query(lead.url)
    found = {"email": mail(lead.email), "phone": phone(lead.phone), "vendor_lead_id": lead.vendor_lead_id,
             **{name: said.get(name) for name in ("gclid", "fbclid", "ttclid")}}
    return ((kind, value) for kind, value in found.items() if value)


def persons(leads: Sequence[Lead], nights: Sequence[datetime]) -> Mapping[LeadKey, LeadKey]:
    """Every record -> one record that stands for its person: who shares with whom is followed to the end."""
    person = {_key(lead): {_key(lead)} for lead in leads}
    for link in shared(leads, nights):
        if link.refused is None:
            together = set().union(*(person[_key(lead)] for lead in link.leads))
            for key in together:
                person[key] = together
    return {key: min(same) for key, same in person.items()}


def heads(leads: Sequence[Lead], nights: Sequence[datetime]) -> Mapping[LeadKey, Lead]:
    """Every record -> the first record of the person it belongs to, of those that were not merged away."""
    person, first = persons(leads, nights), dict[LeadKey, Lead]()
    for lead in sorted(counted(leads, nights), key=lambda lead: (lead.created, lead.crm, lead.lead_id)):
        first.setdefault(person[_key(lead)], lead)
    return {_key(lead): first[person[_key(lead)]] for lead in leads
            if lead.created <= nights[-1] and person[_key(lead)] in first}


def aliases(found: Sequence[Shared]) -> Iterator[tuple[Key, dict[str, Value]]]:
    """One row per record and thing that it shares."""
    for link in found:
        for lead in link.leads:
            yield (*_key(lead), link.kind), {
                "alias_no": KINDS.index(link.kind) + 1, "is_linking": link.refused is None,
                "refused_because": link.refused, "alias_lead_count": len(link.leads),
                "alias_email_count": link.mails, "alias_phone_count": link.phones}
