"""Truth of the calls: how they ended, how long was talked, and which ones the lot draws."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sandbox.calendar import local_date
from sandbox.facts import Key
from sandbox.model import Call, Company
from sandbox.reviews import heard
from sandbox.truth_shares import SMALL_SAMPLE, wilson

Cells = dict[str, int | Decimal | float | bool | str | None]
_TALK_SECONDS, _DRAWN = 20, 2
_GROUPS = {"busy": "unanswered", "no_answer": "unanswered", "voicemail": "unanswered", "wrong_number": "wrong_number"}


@dataclass(frozen=True)
class Work:
    """One call, in which CRM it is, its local day, and how it was judged."""

    crm: str
    call: Call
    day: date
    scores: tuple[Decimal, ...] = ()


def worked(company: Company, as_of: datetime) -> list[Work]:
    """Every call that was made by an instant, on whichever lead; the CRM keeps them all."""
    scores: defaultdict[str, list[Decimal]] = defaultdict(list)
    for review in heard(company, as_of):
        scores[review.call_id].append(review.score)
    return [Work(lead.crm, call, local_date(call.at, company.business_zone), tuple(scores[call.call_id]))
            for lead in company.leads for call in lead.calls if call.at <= as_of]


def quality(found: Sequence[Work]) -> Iterator[tuple[Key, Cells]]:
    """Per salesperson and month: how the calls ended, and how they were judged."""
    groups: defaultdict[Key, list[Work]] = defaultdict(list)
    for work in found:
        groups[work.crm, work.call.owner_id, work.day.replace(day=1).isoformat()].append(work)
    for key, group in groups.items():
        made = [work.call for work in group if work.call.direction == "outbound"]
        ends, size = Counter(call.outcome for call in made), len(made)
        answered = [call for call in made if call.outcome == "answered"]
        yield key, {
            "call_count": len(group), "inbound_count": len(group) - size, "outcome_known_count": size,
            "unrecorded_count": 0, "short_answer_count": sum(call.seconds < _TALK_SECONDS for call in answered),
            **{f"{end}_count": ends[end] for end in ("answered", "busy", "no_answer", "voicemail", "wrong_number")},
            "duration_known_count": len(answered), "recording_known_count": len(answered),
            "recording_count": sum(call.is_recorded for call in answered), "p50_talk_seconds": _middle(answered),
            **_judged(group), "is_small_sample": size < SMALL_SAMPLE, **_share("answered", ends["answered"], size),
            **_share("wrong_number", ends["wrong_number"], size)}


def _judged(group: Sequence[Work]) -> Cells:
    scores = [score for work in group for score in work.scores]
    total = sum(scores, Decimal(0)) if scores else None
    return {"reviewed_count": sum(bool(work.scores) for work in group), "review_count": len(scores),
            "review_score_total": total,
            "score_per_review_ratio": float(total) / len(scores) if total and len(scores) >= SMALL_SAMPLE else None}


def _middle(answered: Sequence[Call]) -> int | None:
    """The lower of the two in the middle, where there are two."""
    if len(answered) < SMALL_SAMPLE:
        return None
    return sorted(call.seconds for call in answered)[(len(answered) - 1) // 2]


def _share(name: str, count: int, size: int) -> Cells:
    names = f"{name}_rate", f"{name}_rate_low", f"{name}_rate_high"
    if size < SMALL_SAMPLE:
        return dict.fromkeys(names)
    return dict(zip(names, (count / size, *wilson(count, size)), strict=True))


def drawn(found: Sequence[Work], today: date) -> Iterator[tuple[Key, Cells]]:
    """Per call that the lot takes: of how many of its day, of every day that is over."""
    strata: defaultdict[Key, list[Work]] = defaultdict(list)
    for work in found:
        if work.day < today:
            strata[work.crm, work.call.owner_id, _group(work.call), work.day.isoformat()].append(work)
    for (crm, owner, group, _), calls in strata.items():
        ballots = sorted(calls, key=lambda work: hashlib.md5(  # noqa: S324 - a lot, no secret
            f"{work.day}|{work.crm}|{work.call.call_id}".encode()).hexdigest())
        for place, work in enumerate(ballots[:_DRAWN], start=1):
            yield (crm, work.call.call_id), {
                "owner_id": owner, "outcome_group": group, "occurred_day": work.day.isoformat(), "draw_no": place,
                "stratum_call_count": len(calls), "direction": work.call.direction,
                "duration_seconds": work.call.seconds, "has_recording": work.call.is_recorded}


def _group(call: Call) -> str:
    if call.outcome == "answered":
        return "conversation" if call.seconds >= _TALK_SECONDS else "short_answer"
    return _GROUPS[call.outcome]
