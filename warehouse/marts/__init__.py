"""The published tables, in the order in which they are built: facts first, then what counts them."""

from __future__ import annotations

from warehouse.marts import (
    attribution,
    attribution_channel,
    attribution_summary,
    cac,
    campaign_roi_closed,
    campaign_roi_cohort,
    campaign_roi_daily,
    cohort_payback,
    contradiction,
    deal_fact,
    discount,
    follow_up,
    lead_fact,
    lead_origin,
    lead_quality,
    lead_quality_by,
    leak_evidence,
    leak_waterfall,
    metric_coverage,
    off_promotion,
    portrait_completeness,
    portrait_drift,
    rep_conversion,
    response_curve,
    rule_version,
    sla_breach,
    source_freshness,
    sourcing,
    sourcing_conflict,
    speed_to_lead,
    spend_reconciliation,
    spend_waste,
    stage_velocity,
    target_verdicts,
    tieout,
    touch,
    unmatched_leads,
    why_changed,
)
from warehouse.marts.base import BuiltMart, Check, Mart, Partition

MARTS: tuple[Mart, ...] = tuple(module.MART for module in (
    lead_fact, deal_fact, campaign_roi_daily, campaign_roi_cohort, campaign_roi_closed, lead_quality, lead_quality_by,
    spend_waste, contradiction, leak_evidence, leak_waterfall, lead_origin, sourcing, sourcing_conflict, tieout,
    discount, off_promotion, touch, attribution_channel, attribution, attribution_summary, spend_reconciliation,
    source_freshness, unmatched_leads, metric_coverage, speed_to_lead, response_curve, sla_breach, stage_velocity,
    rep_conversion, follow_up, target_verdicts, portrait_completeness, portrait_drift, cac, cohort_payback,
    rule_version, why_changed))

__all__ = ["MARTS", "BuiltMart", "Check", "Mart", "Partition"]
