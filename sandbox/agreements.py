"""What the two departments agree on between the second night and the third: appeals about leads, and a new meaning.

Nothing is drawn by chance. The appealed leads are ones that nothing else was planted on; their records stay as is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.model import Appeal, Deal, Lead, Ruling

#: Who speaks for which side.
SIGNATORIES = {"marketing": "Trần Thu Phương", "sales": "Nguyễn Văn Khoa"}
_RECENT, _QUIET = timedelta(days=45), timedelta(days=2)


@dataclass(frozen=True)
class _Claim:
    """An appeal that is yet to find its lead: which one fits, and what is said of it."""

    crm: str
    newest: str  # the status that is the lead's last word
    state: str
    since: timedelta | None  # after the creation; None: it never was in the state
    side: str
    signed: bool
    why: str
    evidence: str


_CLAIMS = (
    _Claim("hubspot", "UNQUALIFIED", "wrong_target", None, "marketing", signed=True,
           why="a family with a new flat, who asked for a sofa set", evidence="the recording of the first call"),
    _Claim("getfly", "Đang liên hệ", "reached", timedelta(days=1, seconds=83), "sales", signed=True,
           why="came to the showroom before anybody got through by phone", evidence="the showroom's visitors' book"),
    _Claim("getfly", "Đang liên hệ", "reached", timedelta(days=1, seconds=97), "sales", signed=False,
           why="wrote back on Zalo", evidence="a screenshot on the owner's phone"))


def appealed(leads: Sequence[Lead], deals: Sequence[Deal], is_taken: Callable[[Lead], bool],
             nights: Sequence[datetime]) -> tuple[Appeal, ...]:
    """One appeal that marketing filed and sales signed, one the other way round, and one that nobody signed yet; a
    small company has as many as it can.
    """
    free, filed = _free(leads, deals, is_taken, nights[0]), list[Appeal]()
    for hour, claim in enumerate(_CLAIMS, start=9):
        for lead in [lead for lead in free if _fits(lead, claim)][:1]:
            free.remove(lead)
            filed.append(_filed(claim, lead, nights[1] + timedelta(hours=hour)))
    return tuple(filed)


def _free(leads: Sequence[Lead], deals: Sequence[Deal], is_taken: Callable[[Lead], bool],
          night: datetime) -> list[Lead]:
    """Recent leads, each its person's only one, without a deal, to whom nothing has happened lately."""
    records, sold = Counter(lead.person for lead in leads), {(deal.crm, deal.lead_id) for deal in deals}
    return [lead for lead in sorted(leads, key=lambda lead: (-lead.created.timestamp(), lead.crm, lead.lead_id))
            if records[lead.person] == 1 and (lead.crm, lead.lead_id) not in sold and not is_taken(lead)
            and lead.statuses and lead.created > night - _RECENT and lead.statuses[-1].at < night - _QUIET]


def _fits(lead: Lead, claim: _Claim) -> bool:
    is_spoken = any(call.outcome == "answered" and call.seconds >= 25 for call in lead.calls)
    return (lead.crm == claim.crm and lead.statuses[-1].value == claim.newest
            and is_spoken == (claim.crm == "hubspot"))


def _filed(claim: _Claim, lead: Lead, at: datetime) -> Appeal:
    since = None if claim.since is None else lead.created + claim.since
    return Appeal(lead.crm, lead.lead_id, claim.state, since, claim.side, at,
                  at + timedelta(hours=2) if claim.signed else None, claim.why, claim.evidence)


def ruled(nights: Sequence[datetime]) -> tuple[Ruling, ...]:
    """Whom the other CRM calls lost, somebody had talked to: until then it did not count as reached."""
    return (Ruling(nights[1] + timedelta(hours=8), "getfly", "relation_name", "Mất", ("reached", "lost")),)
