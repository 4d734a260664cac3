"""What people of the company write down: notes, meetings, and what listeners say of calls."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

from sandbox.company import make_company
from sandbox.model import Company
from sandbox.reviews import heard, write_reviews
from sandbox.truth_calls import quality, worked


def test_neither_is_the_first_sign_of_anything() -> None:
    """Even in the smallest company somebody notes, meets and fails to meet; always after a status or a conversation."""
    leads = make_company(scale=0.1).leads
    for lead in leads:
        assert all(any(change.at < note.at for change in lead.statuses) for note in lead.notes)
        assert all(any(call.outcome == "answered" and call.seconds >= 20 and lead.created <= call.at < met.at
                       for call in lead.calls) for met in lead.meetings)
    assert sum(len(lead.notes) for lead in leads) > 10
    assert {"completed", "no_show"} == {met.outcome for lead in leads for met in lead.meetings}


def test_the_vendor_numbers_all_together(demo: Company) -> None:
    """No note has the number of a call."""
    names = [one for lead in demo.leads for one in (
        *(call.call_id for call in lead.calls), *(note.note_id for note in lead.notes),
        *(met.meeting_id for met in lead.meetings))]
    assert len(names) == len(set(names))


def test_judgements_come_the_day_after(demo: Company, tmp_path: Path) -> None:
    """Only of recorded calls, some by two; the file of a night holds those that were written by then."""
    calls = {call.call_id: call for lead in demo.leads for call in lead.calls}
    for review in heard(demo, demo.nights[2]):
        assert calls[review.call_id].is_recorded
        assert timedelta(days=1) < review.at - calls[review.call_id].at < timedelta(days=2)
    sizes = []
    for night in demo.nights:
        with write_reviews(demo, tmp_path, night).open(encoding="utf-8", newline="") as lines:
            sizes.append(len({(row["call_id"], row["reviewer"]) for row in csv.DictReader(lines)}))
        assert sizes[-1] == sum(row["review_count"] or 0 for _, row in quality(worked(demo, night)))  # type: ignore[misc]
    assert 0 < sizes[0] <= sizes[2]
