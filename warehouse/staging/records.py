"""Derived tables that outlive a night: agreed rules, and what the last build was based on.

They are kept so that a build can see what changed under it: a rule, a rate, a campaign's name.
"""

from __future__ import annotations

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table


def _derived(name: str, grain: str, key: str, required: str = "", optional: str = "") -> Table:
    return Table(name, Layer.STAGING, grain, tuple(key.split()), columns(f"{key} {required}", optional))


LEAD_STATE_RULE = _derived(
    "lead_state_rule", "One row per source, status field, status and state that both heads agreed it means.",
    "source status_field status state", "rule_version")
LEAD_STATE_RULE_BEFORE = _derived(
    "lead_state_rule_before", "One row per meaning that held at the last publication, while a changed one waits for "
    "its own: what a changed rule moves is the difference between the two.",
    "source status_field status state", "rule_version")
RULE_FILE = _derived(
    "rule_file", "One row per rule file that the last build went by.", "rule_file",
    "rule_version is_draft", "effective_from signed_by_marketing signed_by_sales")
RULE_CONTENT = _derived(
    "rule_content", "One row per version of a rule file by which a build ever went: what it said.",
    "rule_file rule_version", "rule_content")
AGREEMENT = _derived(
    "agreement", "One row per month or charter of which a department promised anything.", "agreement",
    "first_day last_day is_draft", "platform campaign_id charter_objective charter_message portrait_version "
    "signed_by_marketing signed_by_sales")
PROMISE = _derived(
    "promise", "One row per promise of a month or charter.", "agreement promise", "promised_by is_at_most",
    "promised_count promised_amount currency_code promised_share")
BUSINESS_DAY = _derived(
    "business_day", "One row per calendar day of the business zone: when somebody is there to answer.", "business_day",
    "rule_version", "opens_at closes_at next_opens_at")
FX_DAILY = _derived(
    "fx_daily", "One row per day and currency: the rate by which the last build converted.",
    "day from_currency", "fx_rate fx_day")
CAMPAIGN_KEY = _derived(
    "campaign_key", "One row per id or name by which the last build found campaigns, within a platform or anywhere.",
    "scope key_kind match_key", "campaign_count", "platform account_id campaign_id")
LEAD_PERSON = _derived(
    "lead_person", "One row per lead whose person is known by another key than the lead's own record gives.",
    "source lead_id", "person_key")
BUILD_BASIS = _derived(
    "build_basis", "One row: what the definitions behind the last build were.", "fingerprint")
BUSINESS_CLOCK = _derived(
    "business_clock", "One row per UTC day: how many business seconds passed before it, and when in it the business is "
    "open. A day of the business zone may lie in two UTC days, so a UTC day may hold two openings.",
    "utc_day", "before_seconds opens_1_seconds closes_1_seconds opens_2_seconds closes_2_seconds")
LEAD_TOUCHED = _derived(
    "lead_touched", "One row per lead whose records changed since the last publication.", "source lead_id")
DEAL_TOUCHED = _derived(
    "deal_touched", "One row per deal whose record, rate or named campaign changed since the last publication.",
    "source deal_id")

DERIVED: tuple[Table, ...] = (
    LEAD_STATE_RULE, LEAD_STATE_RULE_BEFORE, RULE_FILE, RULE_CONTENT, AGREEMENT, PROMISE, BUSINESS_DAY, BUSINESS_CLOCK,
    FX_DAILY, CAMPAIGN_KEY, LEAD_PERSON, BUILD_BASIS, LEAD_TOUCHED, DEAL_TOUCHED)
