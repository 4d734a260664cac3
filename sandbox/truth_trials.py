"""Truth of the test leads: who is one by the agreed signs, as the truth itself reads mails, phones and links."""

from __future__ import annotations

from dataclasses import replace

from sandbox.model import Company, Lead
from sandbox.truth_origin import query
from sandbox.truth_people import mail, phone

_DOMAIN, _PHONE, _SOURCE = "phohien.example", "+84901234567", "test"


def is_trial(lead: Lead) -> bool:
    """One sign is enough. No test lead of the company carries a deal."""
    return ((mail(lead.email) or "").partition("@")[2] == _DOMAIN or phone(lead.phone) == _PHONE
            or query(lead.url).get("utm_source", "").lower() == _SOURCE)


def without_trials(company: Company) -> Company:
    """The company as it would be had nobody tried a form out."""
    return replace(company, leads=tuple(lead for lead in company.leads if not is_trial(lead)))
