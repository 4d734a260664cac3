"""The staging tables: what every connector maps its vendor onto.

A connector's mapping returns frames with exactly these columns; the technical ones are added by the reader.
Key columns are never null: a level that does not apply is the empty text.
"""

from __future__ import annotations

from crosscheck.fields import columns
from crosscheck.tables import TECHNICAL, Layer, Table

_TECHNICAL = " ".join(TECHNICAL)


def _staging(name: str, grain: str, key: str, required: str = "", optional: str = "", notes: str = "",
             layer: Layer = Layer.STAGING) -> Table:
    return Table(name, layer, grain, tuple(key.split()), columns(f"{key} {required} {_TECHNICAL}", optional), notes)


ACCOUNT = _staging(
    "account", "One row per platform and ad account or CRM tenant.", "platform account_id",
    "time_zone", "account_name currency_code account_status manager_id")
CAMPAIGN = _staging(
    "campaign", "One row per campaign and version of its name or status, from the day it was first seen.",
    "platform account_id campaign_id valid_from_day", "campaign_name campaign_name_norm",
    "campaign_status channel objective")
AD_GROUP = _staging(
    "ad_group", "One row per ad group and version of its name.",
    "platform account_id ad_group_id valid_from_day", "campaign_id ad_group_name")
AD = _staging(
    "ad", "One row per ad and version of its name.",
    "platform account_id ad_id valid_from_day", "campaign_id ad_group_id ad_name")
AD_DAILY = _staging(
    "ad_daily", "One row per platform, account, level, entity and account-local day.",
    "platform account_id level campaign_id ad_group_id ad_id day", "currency_code",
    "spend_amount impression_count click_count claimed_conversion_count claimed_value_amount",
    "Rows at level account are control totals: finer levels must add up to them, the rest is unallocated.")
ENGAGEMENT_DAILY = _staging(
    "engagement_daily", "One row per campaign, account-local day and kind of interaction.",
    "platform account_id campaign_id day engagement_kind", "", "engagement_count")
AD_TOUCH = _staging(
    "ad_touch", "One row per click id or lead-form id that a platform recorded, with its campaign.",
    "platform touch_kind touch_id", "account_id campaign_id day", "ad_group_id ad_id")
LEAD = _staging(
    "lead", "One row per lead of a CRM, as last seen.",
    "source lead_id", "person_key created_at created_day updated_at is_archived",
    "email_hash email_domain_hash phone_hash is_email_valid is_phone_valid utm_source utm_medium utm_campaign "
    "utm_content utm_term utm_campaign_norm gclid gbraid wbraid fbclid ttclid vendor_lead_id landing_page form_id "
    "crm_campaign crm_campaign_norm owner_id recorded_source self_declared_origin")
LEAD_KEY = _staging(
    "lead_key", "One row per lead that a CRM without word of deletions still lists.", "source lead_id")
LEAD_MERGE = _staging(
    "lead_merge", "One row per lead that its CRM merged away, with the survivor.",
    "source lead_id", "merged_into_id")
LEAD_STATUS = _staging(
    "lead_status", "One row per lead, CRM field, value and instant at which the value began.",
    "source lead_id status_field status entered_at", "is_inferred")
PORTRAIT_ANSWER = _staging(
    "portrait_answer", "One row per lead and property that holds an answer to the portrait, as last seen.",
    "source lead_id portrait_property", "", "answer answer_number",
    "Which question a property answers says `rules/portrait.yaml`, so that a new rule reads old answers.")
ACTIVITY = _staging(
    "activity", "One row per call, mail, meeting or note, per lead it concerns.",
    "source activity_id lead_id", "activity_kind occurred_at is_automatic",
    "deal_id direction outcome duration_seconds actor_id occurred_day has_recording")
CALL_REVIEW = _staging(
    "call_review", "One row per call and person who listened to it.",
    "source call_source activity_id reviewer_id", "reviewed_at review_score")
DEAL = _staging(
    "deal", "One row per deal or order of a CRM, as last seen.",
    "source deal_id", "created_at created_day updated_at is_won is_lost is_archived",
    "lead_id stage closed_at closed_day deal_amount currency_code discount_amount gross_margin_amount "
    "owner_id crm_campaign crm_campaign_norm lost_reason order_kind returned_amount paid_amount")
DEAL_WIN = _staging(
    "deal_win", "One row per deal and instant at which it became won, or ceased to be.", "source deal_id entered_at",
    "is_won is_inferred", "closed_at closed_day",
    "What the deal itself no longer says once it was cancelled. `closed_at` is the closing that the source gave it "
    "while it was won.")
DEAL_KEY = _staging(
    "deal_key", "One row per deal or order that a CRM without word of deletions still lists.", "source deal_id")
FX_RATE = _staging(
    "fx_rate", "One row per day and currency pair for which somebody published a rate.",
    "day from_currency to_currency", "fx_rate")
CONTACT = _staging(
    "contact", "One row per lead with the raw contact data; never published, readable by the few.",
    "source lead_id", "", "email phone", layer=Layer.RESTRICTED)

CANONICAL: tuple[Table, ...] = (
    ACCOUNT, CAMPAIGN, AD_GROUP, AD, AD_DAILY, ENGAGEMENT_DAILY, AD_TOUCH,
    LEAD, LEAD_KEY, LEAD_MERGE, LEAD_STATUS, PORTRAIT_ANSWER, ACTIVITY, CALL_REVIEW, DEAL, DEAL_WIN, DEAL_KEY, FX_RATE,
    CONTACT,
)
