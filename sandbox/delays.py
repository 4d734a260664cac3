"""The quarrel over who is slow: for ten days the routing rule was broken, and leads lay until somebody saw them.

Who found one called at once. Only the hand-over is bent, to shortly before the first call, and nothing is drawn by
chance, so that everything else of the company stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.model import Lead

#: Days of history on which the rule was broken.
BROKEN = range(60, 70)
HANDED_OVER = ("hs_lead_status", "OPEN")
_LAY, _BEFORE_CALL = timedelta(hours=1), timedelta(minutes=3, seconds=11)


def misroute(leads: list[Lead], is_taken: Callable[[Lead], bool], first: datetime) -> None:
    """Delays the hand-over of every untouched lead of those days that lay for more than an hour, in place."""
    begins, ends = (first + timedelta(days=day) for day in (BROKEN.start, BROKEN.stop))
    for place, lead in enumerate(leads):
        if begins <= lead.created < ends and not is_taken(lead) and lead.calls:
            handed = min(call.at for call in lead.calls) - _BEFORE_CALL
            if handed > lead.created + _LAY:
                leads[place] = _handed(lead, handed)


def _handed(lead: Lead, moment: datetime) -> Lead:
    changes = [replace(change, at=moment) if (change.field, change.value) == HANDED_OVER else change
               for change in lead.statuses]
    return replace(lead, statuses=tuple(sorted(changes, key=lambda change: change.at)))
