"""The records of the demo company: events with their instants, so that any night can be replayed.

Nothing here knows a vendor's wire format, a mart or a formula. Amounts are Decimal in the named currency, instants
are UTC, days are the ad account's own days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class AdAccount:
    """One ad account. `forbidden` accounts answer 403 to reports; `manager_id` is the Google manager above it."""

    platform: str
    account_id: str
    name: str
    currency: str
    time_zone: str
    manager_id: str = ""
    status: str = "ENABLED"


@dataclass(frozen=True)
class NameChange:
    """From this instant on the campaign bears this name."""

    seen_from: datetime
    name: str


@dataclass(frozen=True)
class Campaign:
    """One campaign. `deleted_at` set: the platform no longer lists it, its spend stays in the reports."""

    platform: str
    account_id: str
    campaign_id: str
    names: tuple[NameChange, ...]
    channel: str
    objective: str
    started: date
    deleted_at: datetime | None = None
    has_ads_level: bool = True  # False: like Performance Max, spend exists at campaign level only
    rows_hidden_when_deleted: bool = False  # once deleted, only the account's total still holds its spend


@dataclass(frozen=True)
class Ad:
    """One ad, in one ad group, of one campaign."""

    platform: str
    account_id: str
    campaign_id: str
    ad_group_id: str
    ad_group_name: str
    ad_id: str
    ad_name: str


@dataclass(frozen=True)
class AdDay:
    """What one ad did on one account-local day, as reported from `visible_from` on.

    The newest version visible at an instant counts; `vanished` versions hide the row altogether. For campaigns
    without ad level `ad_group_id` and `ad_id` are empty.
    """

    platform: str
    account_id: str
    campaign_id: str
    ad_group_id: str
    ad_id: str
    day: date
    visible_from: datetime
    spend: Decimal
    impressions: int
    clicks: int
    engagements: dict[str, int] = field(default_factory=dict)
    claimed_conversions: Decimal = Decimal(0)
    claimed_value: Decimal = Decimal(0)
    vanished: bool = False


@dataclass(frozen=True)
class Touch:
    """A click id or lead-form id that the platform knows."""

    platform: str
    account_id: str
    campaign_id: str
    ad_group_id: str
    ad_id: str
    kind: str  # gclid | vendor_lead_id
    touch_id: str
    at: datetime


@dataclass(frozen=True)
class StatusChange:
    """The CRM field took this value at this instant."""

    at: datetime
    field: str
    value: str


@dataclass(frozen=True)
class Call:
    """One call on a lead. `outcome`: answered, busy, no_answer, voicemail, wrong_number."""

    call_id: str
    at: datetime
    direction: str
    outcome: str
    seconds: int
    owner_id: str
    is_recorded: bool = False


@dataclass(frozen=True)
class Note:
    """One note that a salesperson wrote on a lead; `text` is what only the CRM shows."""

    note_id: str
    at: datetime
    owner_id: str
    text: str


@dataclass(frozen=True)
class Meeting:
    """One meeting with a lead. `outcome`: completed, no_show, canceled; it is written down when it would have ended."""

    meeting_id: str
    at: datetime
    seconds: int
    outcome: str
    owner_id: str


@dataclass(frozen=True)
class Lead:
    """One record in a CRM. `url` is the landing URL with its query; click ids and UTM live there.

    Statuses bear the fields `hs_lead_status` and `lifecyclestage` (HubSpot) or `relation_name` (Getfly, which shows
    only the current one). `sandbox.view` tells what an API shows of a lead at an instant.
    """

    crm: str  # hubspot | getfly
    lead_id: str
    person: str  # who it really is
    name: str
    email: str | None
    phone: str | None
    created: datetime
    url: str | None
    vendor_lead_id: str | None
    crm_campaign: str | None
    declared_origin: str | None
    owner_id: str
    form_id: str | None
    statuses: tuple[StatusChange, ...] = ()
    calls: tuple[Call, ...] = ()
    archived_at: datetime | None = None
    merged_at: datetime | None = None
    merged_into: str | None = None
    answers: tuple[StatusChange, ...] = ()  # to the portrait: the question as field, the answer as value
    recorded_source: str | None = None  # what the CRM or the owner wrote: HubSpot's word, Getfly's id
    notes: tuple[Note, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    true_campaign: tuple[str, str, str] | None = None  # platform, account, campaign that really brought it


@dataclass(frozen=True)
class Deal:
    """One deal (HubSpot) or order (Getfly). Cancelled ones lose their win, and so do deleted ones (`archived_at`).

    `stage_changes` bear the field `dealstage` (HubSpot's default pipeline) or `status` (Getfly: 1 new, 2 approved,
    3 cancelled); a cancellation is one of them. A Getfly order shows `won_at` as its `order_date`, with the time of
    day, from the approval on; before that `order_date` is the creation.
    """

    crm: str
    deal_id: str
    lead_id: str | None
    created: datetime
    owner_id: str
    currency: str
    list_amount: Decimal
    discount: Decimal
    amount: Decimal
    margin: Decimal | None
    stage_changes: tuple[StatusChange, ...]
    won_at: datetime | None = None
    lost_at: datetime | None = None
    cancelled_at: datetime | None = None
    lost_reason: str | None = None
    crm_campaign: str | None = None
    archived_at: datetime | None = None
    hides_discount: bool = False  # nobody filled the field in: the CRM does not know of it
    returned: Decimal | None = None  # what came back on `returned_at`, at the price agreed
    returned_at: datetime | None = None
    unpaid: Decimal = Decimal(0)  # what the customer still owes of a Getfly order; the other CRM knows no payments


@dataclass(frozen=True)
class FxRate:
    """One published rate; `day` is in the business zone."""

    day: date
    from_currency: str
    to_currency: str
    rate: Decimal


@dataclass(frozen=True)
class Appeal:
    """What one department says of a lead's state, and when the other one agreed. `since` None: it never was in it."""

    crm: str
    lead_id: str
    state: str
    since: datetime | None
    side: str  # marketing | sales
    filed_at: datetime
    signed_at: datetime | None  # by the other side; None: it never signed
    why: str
    evidence: str


@dataclass(frozen=True)
class Ruling:
    """From an instant on a status means other states than before, and both departments sign what all of them mean."""

    at: datetime
    crm: str
    field: str
    value: str
    states: tuple[str, ...]


@dataclass(frozen=True)
class Company:
    """All that ever happened, up to the company's last night."""

    seed: int
    scale: float
    business_zone: str
    reporting_currency: str
    nights: tuple[datetime, ...]  # as_of of each planned night, oldest first
    accounts: tuple[AdAccount, ...]
    campaigns: tuple[Campaign, ...]
    ads: tuple[Ad, ...]
    ad_days: tuple[AdDay, ...]
    touches: tuple[Touch, ...]
    leads: tuple[Lead, ...]
    deals: tuple[Deal, ...]
    fx: tuple[FxRate, ...]
    appeals: tuple[Appeal, ...] = ()
    rulings: tuple[Ruling, ...] = ()
