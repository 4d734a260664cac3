"""The published tables, in the order in which they are built: facts first, then what counts them."""

from __future__ import annotations

from warehouse.marts import (
    campaign_roi_closed,
    campaign_roi_cohort,
    campaign_roi_daily,
    contradiction,
    date_basis_tieout,
    deal_fact,
    lead_fact,
    lead_quality,
    leak_evidence,
    leak_waterfall,
    metric_coverage,
    response_curve,
    rule_version,
    sla_breach,
    source_freshness,
    speed_to_lead,
    spend_reconciliation,
    spend_waste,
    unmatched_leads,
)
from warehouse.marts.base import BuiltMart, Check, Mart, Partition

MARTS: tuple[Mart, ...] = tuple(module.MART for module in (
    lead_fact, deal_fact, campaign_roi_daily, campaign_roi_cohort, campaign_roi_closed, date_basis_tieout,
    lead_quality, spend_waste, contradiction, leak_evidence, leak_waterfall, spend_reconciliation, source_freshness,
    unmatched_leads, metric_coverage, speed_to_lead, response_curve, sla_breach, rule_version))

__all__ = ["MARTS", "BuiltMart", "Check", "Mart", "Partition"]
