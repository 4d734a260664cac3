"""Truth of what sales passed on: every note, verdict and reason of a lost deal, on the lead that it concerns now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sandbox.calendar import local_date
from sandbox.facts import Key, Value
from sandbox.model import Appeal, Company, Deal, Lead
from sandbox.truth_events import Head
from sandbox.truth_origin import Directory
from sandbox.truth_people import LeadKey
from sandbox.truth_persons import heads
from sandbox.view import ended, survivor

VERDICTS = ("hot", "potential", "wrong_target", "invalid_contact", "lost")
_MEANING = {"price": "price", "competitor": "competitor"}


@dataclass(frozen=True)
class Piece:
    """One piece of feedback; `lead` is the record that stands for the one it was given about."""

    crm: str
    lead: Lead | None
    kind: str
    name: str
    at: datetime
    owner_id: str | None
    subject: str | None = None
    is_owed: bool | None = None
    settled: datetime | None = None


@dataclass(frozen=True)
class Told:
    """All that sales told by a night, the days of its meetings, and who the leads are."""

    pieces: tuple[Piece, ...]
    met: tuple[date, ...]
    first: Mapping[LeadKey, Lead]
    directory: Directory
    zone: str


def told(company: Company, nights: Sequence[datetime], known: Mapping[LeadKey, Head], directory: Directory,
         lost: Sequence[tuple[Deal, datetime]]) -> Told:
    """What HubSpot keeps of notes and meetings, and what either CRM says of leads and lost deals."""
    by_key, as_of = {(lead.crm, lead.lead_id): lead for lead in company.leads}, nights[-1]
    notes = (Piece(lead.crm, survivor(by_key, lead, as_of), "note", note.note_id, note.at, note.owner_id)
             for lead in company.leads for note in lead.notes if note.at <= as_of)
    verdicts = (Piece(head.lead.crm, head.lead, "verdict", state, head.states[state], head.lead.owner_id, state)
                for head in known.values() for state in VERDICTS
                if state in head.states and state not in head.appealed)
    reasons = (Piece(deal.crm, _carrier(by_key, deal, as_of), "lost_reason", deal.deal_id, at, deal.owner_id,
                     _MEANING.get(deal.lost_reason, "other")) for deal, at in lost if deal.lost_reason is not None)
    met = tuple(local_date(met.at, company.business_zone) for lead in company.leads for met in lead.meetings
                if met.outcome == "completed" and ended(met) <= as_of)
    claims = (_claim(appeal, survivor(by_key, by_key[appeal.crm, appeal.lead_id], as_of), as_of)
              for appeal in company.appeals if appeal.side == "sales" and appeal.filed_at <= as_of)
    pieces = (*notes, *verdicts, *reasons, *claims)
    return Told(pieces, met, heads(company.leads, nights), directory, company.business_zone)


def _claim(appeal: Appeal, lead: Lead, as_of: datetime) -> Piece:
    """An appeal is named by what it says."""
    since = "never" if appeal.since is None else _text(appeal.since)
    says = "|".join((appeal.crm, appeal.lead_id, appeal.state, since))
    settled = appeal.signed_at if appeal.signed_at is not None and appeal.signed_at <= as_of else None
    return Piece(appeal.crm, lead, "appeal", hashlib.sha256(says.encode()).hexdigest()[:12], appeal.filed_at, None,
                 appeal.state, settled is None, settled)


def _carrier(by_key: Mapping[LeadKey, Lead], deal: Deal, as_of: datetime) -> Lead | None:
    lead = by_key.get((deal.crm, deal.lead_id or ""))
    return None if lead is None else survivor(by_key, lead, as_of)


def passed_on(said: Told) -> Iterator[tuple[Key, dict[str, Value]]]:
    """One row per lead and piece; only an appeal waits for an answer."""
    for piece in said.pieces:
        yield (piece.crm, piece.lead.lead_id if piece.lead else "(none)", piece.kind, piece.name), {
            "given_at": _text(piece.at),
            "given_day": local_date(piece.at, said.zone).isoformat(), "feedback_subject": piece.subject,
            "owner_id": piece.owner_id or None, "is_answer_owed": piece.is_owed,
            "settled_at": None if piece.settled is None else _text(piece.settled), **_whose(said, piece.lead)}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()


def _whose(said: Told, lead: Lead | None) -> dict[str, Value]:
    """Person and campaign of a lead that some night saw."""
    head = None if lead is None else said.first.get((lead.crm, lead.lead_id))
    names = ("platform", "account_id", "campaign_id")
    if lead is None or head is None:
        return dict.fromkeys(("head_source", "head_lead_id", "cohort_month", *names))
    return {"head_source": head.crm, "head_lead_id": head.lead_id, **dict(zip(names, said.directory.of_lead(lead)[0],
                                                                              strict=True)),
            "cohort_month": local_date(lead.created, said.zone).replace(day=1).isoformat()}
