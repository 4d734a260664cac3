"""What salespeople of the company write down of HubSpot's leads: notes, and meetings with those that became hot.

Added to finished histories, nothing is drawn by chance. A meeting comes after a conversation on the telephone, and a
note on a lead with statuses, so that neither is the first sign of anything.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.model import Lead, Meeting, Note
from sandbox.view import ended

_SOON, _NEXT_DAY, _TALK = timedelta(seconds=93), timedelta(days=1, seconds=17), timedelta(seconds=25)
_SAID = {"UNQUALIFIED": "Only wanted a photo of the catalogue.", "BAD_TIMING": "Moves house after Tết, call then.",
         "OPEN_DEAL": "Wants the oak one, asks what delivery costs."}
_OUTCOMES = ("completed", "completed", "no_show")
_LENGTH = 2_700
#: The vendor numbers calls, notes and meetings together.
_NOTE, _MEETING = 700_000_000, 800_000_000


def jot(leads: list[Lead], last: datetime) -> None:
    """Gives every third judged lead a note and every other hot one a meeting, in place, if over by `last`."""
    judged = [place for place, lead in enumerate(leads) if lead.crm == "hubspot" and _judged(lead)]
    for number, place in enumerate(judged[::3]):
        lead = leads[place]
        notes = (Note(str(_NOTE + 2 * number + more), at + _SOON, lead.owner_id, _SAID[word])
                 for more, (at, word) in enumerate(_judged(lead)[:2]) if at + _SOON < last)
        leads[place] = replace(lead, notes=tuple(notes))
    hot = [(place, at) for place in judged if (at := _met_at(leads[place])) is not None]
    for number, (place, at) in enumerate(hot[::2]):
        met = Meeting(str(_MEETING + number), at, _LENGTH, _OUTCOMES[number % len(_OUTCOMES)], leads[place].owner_id)
        leads[place] = replace(leads[place], meetings=(met,) if ended(met) < last else ())


def _judged(lead: Lead) -> list[tuple[datetime, str]]:
    """When sales said what the lead is worth, and what it said."""
    return [(change.at, change.value) for change in lead.statuses if change.value in _SAID]


def _met_at(lead: Lead) -> datetime | None:
    """The day after a lead became hot that somebody had spoken to since it came."""
    hot = [at for at, word in _judged(lead) if word == "OPEN_DEAL"]
    spoken = [call for call in lead.calls if call.outcome == "answered" and call.at >= lead.created
              and timedelta(seconds=call.seconds) >= _TALK]
    return hot[0] + _NEXT_DAY if hot and spoken and min(call.at for call in spoken) < hot[0] else None
