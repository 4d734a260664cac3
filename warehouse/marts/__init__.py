"""The published tables, in the order in which they are built: facts first, then what counts them."""

from __future__ import annotations

from warehouse.marts import (
    attribution,
    attribution_channel,
    attribution_summary,
    campaign_roi_closed,
    campaign_roi_cohort,
    campaign_roi_daily,
    contradiction,
    date_basis_tieout,
    deal_fact,
    lead_fact,
    lead_quality,
    metric_coverage,
    source_freshness,
    spend_reconciliation,
    spend_waste,
    touch,
    unmatched_leads,
)
from warehouse.marts.base import BuiltMart, Check, Mart, Partition

MARTS: tuple[Mart, ...] = tuple(module.MART for module in (
    lead_fact, deal_fact, campaign_roi_daily, campaign_roi_cohort, campaign_roi_closed, date_basis_tieout,
    lead_quality, spend_waste, contradiction, spend_reconciliation, source_freshness, unmatched_leads,
    metric_coverage, touch, attribution_channel, attribution, attribution_summary))

__all__ = ["MARTS", "BuiltMart", "Check", "Mart", "Partition"]
