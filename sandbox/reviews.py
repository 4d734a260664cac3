"""What listeners of the company say of recorded calls, and the file in which they say it.

Nothing is drawn by chance: every second recorded call of a salesperson is heard the day after, every sixth by two.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sandbox.model import Call, Company

_DAY_AFTER, _SECOND_EAR = timedelta(days=1, hours=3, seconds=41), timedelta(minutes=20)
_HEADER = ("call_id", "reviewer", "score", "reviewed_at")


@dataclass(frozen=True)
class Review:
    """One judgement of one call, from 1 to 5 in halves."""

    call_id: str
    reviewer: str
    score: Decimal
    at: datetime


def heard(company: Company, now: datetime) -> Iterator[Review]:
    """Every judgement that was written by an instant, in the order of the calls."""
    recorded = sorted((call for lead in company.leads for call in lead.calls if call.is_recorded),
                      key=lambda call: (call.owner_id, call.at, call.call_id))
    for place, call in enumerate(recorded[::2]):
        yield from (review for review in _said(call, twice=place % 3 == 0) if review.at <= now)


def _said(call: Call, *, twice: bool) -> Iterator[Review]:
    """Who talked longer is liked better; the second ear is half a point harder."""
    score = Decimal(min(2 + call.seconds // 120, 5))
    yield Review(call.call_id, "lan", score, call.at + _DAY_AFTER)
    if twice:
        yield Review(call.call_id, "minh", score - Decimal("0.5"), call.at + _DAY_AFTER + _SECOND_EAR)


def write_reviews(company: Company, folder: Path, now: datetime) -> Path:
    """Drops `reviews/calls.csv` with the judgements written by `now`; replaced whole, never half."""
    path = folder / "reviews" / "calls.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".part")
    with fresh.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(_HEADER)
        rows.writerows((one.call_id, one.reviewer, one.score, one.at.isoformat()) for one in heard(company, now))
    fresh.replace(path)
    return path
