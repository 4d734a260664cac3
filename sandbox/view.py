"""What the vendors' APIs show at an instant: current names, current statuses, times of last change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sandbox.model import Campaign, Company, Deal, Lead, Meeting

#: (crm, lead id of the survivor) -> instants at which a lead was merged into it.
MergeTimes = Mapping[tuple[str, str], tuple[datetime, ...]]


def merge_times(company: Company) -> MergeTimes:
    """When each surviving lead swallowed others; computed once per company."""
    found: dict[tuple[str, str], tuple[datetime, ...]] = {}
    for lead in company.leads:
        if lead.merged_into is not None and lead.merged_at is not None:
            key = (lead.crm, lead.merged_into)
            found[key] = (*found.get(key, ()), lead.merged_at)
    return found


def updated_at(lead: Lead, now: datetime, merges: MergeTimes | None = None) -> datetime:
    """The record's last change by `now`: created, a status, an archiving, or another lead merged into it."""
    swallowed = (merges or {}).get((lead.crm, lead.lead_id), ())
    moments = [lead.created, *(change.at for change in lead.statuses), *swallowed]
    if lead.archived_at is not None:
        moments.append(lead.archived_at)
    return max(moment for moment in moments if moment <= now)


def deal_updated_at(deal: Deal, now: datetime) -> datetime:
    """The deal's last change by `now`: created, a stage, its cancellation, or a return."""
    moments = [deal.created, deal.cancelled_at, deal.returned_at, *(change.at for change in deal.stage_changes)]
    return max(moment for moment in moments if moment is not None and moment <= now)


def ended(meeting: Meeting) -> datetime:
    """When a meeting was over, or would have been: from then on the CRM shows it."""
    return meeting.at + timedelta(seconds=meeting.seconds)


def current(lead: Lead, field: str, now: datetime) -> str | None:
    """The value of a status field at `now`; None when it was never set."""
    seen = [change.value for change in lead.statuses if change.field == field and change.at <= now]
    return seen[-1] if seen else None


def exists(lead: Lead, now: datetime) -> bool:
    """Whether the CRM knows the lead under its own id: created, and not yet merged away."""
    return lead.created <= now and (lead.merged_at is None or lead.merged_at > now)


def survivor(leads: Mapping[tuple[str, str], Lead], lead: Lead, now: datetime) -> Lead:
    """The lead that carries this one's associations at `now`, following chains; `leads` by (crm, lead_id)."""
    while lead.merged_into is not None and lead.merged_at is not None and lead.merged_at <= now:
        lead = leads[lead.crm, lead.merged_into]
    return lead


def name_of(campaign: Campaign, now: datetime) -> str:
    """The campaign's name as the platform shows it at `now`: it has no memory of earlier ones."""
    return [change.name for change in campaign.names if change.seen_from <= now][-1]
