"""The quarrel over leads that are nobody's: the company's own people and its agency try forms out.

They are added to a finished company, so that everything else of it stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox.leads import link
from sandbox.model import Lead, StatusChange

OWN_DOMAIN, AGENCY_PHONE, TEST_SOURCE = "phohien.example", "0901234567", "test"
#: Before the first night, in a month that is mature by then; two were typed by the same hand within an hour.
_OLD, _AGAIN, _LATE = timedelta(days=81, seconds=53), timedelta(minutes=50, seconds=7), timedelta(hours=4, seconds=19)


def rehearse(leads: list[Lead], nights: Sequence[datetime]) -> None:
    """Adds test leads: by the company's domain, one between two nights, by the agency's number, by a UTM."""
    old, url = nights[0] - _OLD, _tagged(leads)
    leads += [
        _hubspot("49001", old, f"web@{OWN_DOMAIN}", url), _hubspot("49002", old + _AGAIN, f" Web@{OWN_DOMAIN}", url),
        _hubspot("49003", nights[0] + _LATE, f"web@{OWN_DOMAIN}", None),
        _getfly("901", old, None, AGENCY_PHONE, url),
        _getfly("902", old + _AGAIN, "thu@hopthu.example", None, link("VN", utm_source="Test", utm_campaign="abc"))]


def _tagged(leads: Sequence[Lead]) -> str:
    """The link of some campaign, without a click."""
    return next(lead.url for lead in leads if lead.url and "utm_campaign=" in lead.url and "clid=" not in lead.url)


def _hubspot(lead_id: str, created: datetime, email: str, url: str | None) -> Lead:
    statuses = (StatusChange(created, "lifecyclestage", "lead"), StatusChange(created, "hs_lead_status", "NEW"))
    return Lead("hubspot", lead_id, f"trial:{email.strip().lower()}", "Test", email, None, created, url, None, None,
                None, "7001", "form-1", statuses, recorded_source="OFFLINE")


def _getfly(lead_id: str, created: datetime, email: str | None, phone: str | None, url: str | None) -> Lead:
    statuses = (StatusChange(created, "relation_name", "Mới"),)
    return Lead("getfly", lead_id, f"trial{lead_id}", "Test", email, phone, created, url, None, None, None, "11",
                "form-1", statuses)
