"""The published tables, in the order in which they are built: facts first, then what counts them."""

from __future__ import annotations

from warehouse.marts import (
    appeal,
    attribution,
    attribution_channel,
    attribution_summary,
    cac,
    call_quality,
    campaign_charter,
    campaign_roi_closed,
    campaign_roi_cohort,
    campaign_roi_daily,
    cohort_payback,
    commitments,
    contradiction,
    daily_exchange,
    deal_fact,
    discount,
    engagement_lag,
    engagement_to_outcome,
    follow_up,
    lead_fact,
    lead_origin,
    lead_quality,
    leak_evidence,
    leak_waterfall,
    metric_coverage,
    off_promotion,
    order_fact,
    person_alias,
    rep_conversion,
    response_curve,
    review_sample,
    rule_change_impact,
    rule_version,
    sales_outcomes,
    sla_breach,
    source_freshness,
    sourcing,
    sourcing_conflict,
    speed_to_lead,
    spend_reconciliation,
    spend_waste,
    stage_velocity,
    tieout,
    touch,
    unmatched_leads,
    why_changed,
)
from warehouse.marts.base import BuiltMart, Check, Mart, Partition

MARTS: tuple[Mart, ...] = tuple(module.MART for module in (
    lead_fact, deal_fact, appeal, campaign_roi_daily, campaign_roi_cohort, campaign_roi_closed, lead_quality,
    spend_waste, contradiction, leak_evidence, leak_waterfall, lead_origin, sourcing, sourcing_conflict, tieout,
    discount, off_promotion, touch, attribution_channel, attribution, attribution_summary, spend_reconciliation,
    source_freshness, unmatched_leads, metric_coverage, speed_to_lead, response_curve, sla_breach, stage_velocity,
    rep_conversion, follow_up, cac, cohort_payback, person_alias, order_fact, sales_outcomes, call_quality,
    review_sample, engagement_to_outcome, engagement_lag, commitments, campaign_charter, daily_exchange,
    rule_version, rule_change_impact, why_changed))

__all__ = ["MARTS", "BuiltMart", "Check", "Mart", "Partition"]
