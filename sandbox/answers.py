"""What people answered to the portrait's questions, and the quarrels about it: verdicts that the answers bear out, do
not bear out, or gainsay.

Nothing is drawn by chance, so that the rest of the company stays: a person's number decides. Answers are typed in
together with a status, so no record changes at another time than before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zlib import crc32

from sandbox.model import Lead, StatusChange

#: Where each CRM keeps the answers, by question. Getfly's form does not ask who decides.
PROPERTIES: Mapping[str, Mapping[str, str]] = {
    "hubspot": {"region": "portrait_region", "purpose": "portrait_purpose", "budget": "portrait_budget",
                "decides": "portrait_decides"},
    "getfly": {"region": "khu_vuc", "purpose": "muc_dich", "budget": "ngan_sach"}}
_SPOKEN = ("CONNECTED", "Tiếp cận")
_WRONG = ("UNQUALIFIED", "Sai đối tượng")
_WORDS: Mapping[str, tuple[str, str, str]] = {
    "hubspot": ("Portland", "home", "job application"), "getfly": ("Hưng Yên", "nhà ở", "chào hàng")}
#: The least budget of a fit customer, and one that no number can be read from.
_LEAST, _VAGUE = 2_000_000, "tùy mẫu"
#: One campaign missed the right people in its last weeks.
_LAST_WEEKS = timedelta(days=52)


def answer(leads: list[Lead], drifted: str, night: datetime) -> None:
    """Gives every lead that was spoken to its answers, in place; `drifted` is the id of the campaign that drifts."""
    for place, lead in enumerate(leads):
        spoken = [change for change in lead.statuses if change.value in _SPOKEN]
        if spoken and lead.merged_into is None:
            strays = lead.true_campaign is not None and lead.true_campaign[2] == drifted and (
                lead.created > night - _LAST_WEEKS)
            leads[place] = replace(lead, answers=_answers(lead, spoken[0].at, strays))


def _answers(lead: Lead, at: datetime, strays: bool) -> tuple[StatusChange, ...]:
    number, (region, good, bad) = crc32(lead.person.encode()), _WORDS[lead.crm]
    is_wrong = any(change.value in _WRONG for change in lead.statuses)
    given = {"region": region, "purpose": good, "budget": str(_LEAST + number % 50 * 1_000_000), "decides": "family"}
    match number % (3 if is_wrong else 9):
        case 0 if is_wrong:
            given |= {"purpose": bad} if number % 2 else {"budget": str(_LEAST - 1)}
        case 1:
            given.pop("region")
        case 2 if not is_wrong:
            given["budget"] = _VAGUE
        case 3:
            given |= {"purpose": bad}
        case 4:
            given = {"purpose": bad}
    if strays and number % 5 < 3:
        given |= {"region": region, "purpose": bad, "budget": str(_LEAST), "decides": "nobody"}
    return tuple(StatusChange(at, field, text) for field, text in given.items() if field in PROPERTIES[lead.crm])
