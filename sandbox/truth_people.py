"""Truth, first part: who left which contact, by the truth's own reading of mails and phones, and whom a night saw."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sandbox.model import Lead
from sandbox.view import exists

LeadKey = tuple[str, str]

_MAIL = re.compile(r"[^@\s,]+@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}")
_MOBILE = re.compile(r"0(3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-46-9])\d{7}")
_AMERICAN = re.compile(r"\+1[2-9]\d{2}[2-9]\d{6}")
_RENUMBERED = {"0162": "032", "0163": "033", "0164": "034", "0165": "035", "0166": "036", "0167": "037", "0168": "038",
               "0169": "039"}


def mail(raw: str | None) -> str | None:
    """The mail address that identifies somebody; None for nothing and for nonsense."""
    text = (raw or "").strip().lower()
    return text if _MAIL.fullmatch(text) else None


def phone(raw: str | None) -> str | None:
    """The number in +84 or +1 form; None for nothing and for a number that nobody can have."""
    text = re.sub(r"[^\d+]", "", raw or "")
    if _AMERICAN.fullmatch(text):
        return text
    national = "0" + text[3:] if text.startswith("+84") else text
    if len(national) == 11 and national[:4] in _RENUMBERED:
        national = _RENUMBERED[national[:4]] + national[4:]
    return "+84" + national[1:] if _MOBILE.fullmatch(national) else None


def is_reachable(lead: Lead) -> bool:
    """Whether the lead left at least one contact that can exist."""
    return mail(lead.email) is not None or phone(lead.phone) is not None


def person_of(lead: Lead) -> str:
    """Who the record says it is, for itself: the mail, else the phone, else the record."""
    return mail(lead.email) or phone(lead.phone) or f"{lead.crm}:{lead.lead_id}"


def is_listed(lead: Lead, night: datetime) -> bool:
    """Whether the CRM showed the lead that night: HubSpot lists archived ones too, Getfly forgets them."""
    return exists(lead, night) and not (lead.crm == "getfly" and lead.archived_at is not None
                                        and lead.archived_at <= night)


def counted(leads: Sequence[Lead], nights: Sequence[datetime]) -> list[Lead]:
    """The leads that some night saw and that are not merged away by the last of these nights."""
    return [lead for lead in leads
            if exists(lead, nights[-1]) and any(is_listed(lead, night) for night in nights)]
