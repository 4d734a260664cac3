"""What the words of the marts are called on the page; English is the key of its translations."""

from __future__ import annotations

from report.words import mark

#: Causes of `leak_waterfall`, as people call them.
CAUSES = {
    "test_lead": mark("Test lead of our own"),
    "won": mark("Bought"),
    "duplicate": mark("Repeat of a known person"),
    "invalid_contact": mark("Dead or wrong contact"),
    "existing_customer": mark("Was a customer already"),
    "nothing_recorded": mark("Nothing on record in the CRM"),
    "never_assigned": mark("Never assigned"),
    "never_attempted": mark("Never called"),
    "effort_not_recorded": mark("Calls not written down"),
    "attempted_late": mark("First call after the agreed time"),
    "given_up_early": mark("Given up early"),
    "unreachable": mark("Not reached after a fair effort"),
    "wrong_target": mark("Wrong target, borne out"),
    "wrong_target_unsupported": mark("Wrong target, not shown"),
    "reached_no_follow_up": mark("Reached, then no follow-up"),
    "lost_price": mark("Lost over the price"),
    "lost_competitor": mark("Lost to a competitor"),
    "lost_other": mark("Lost for another reason"),
    "lost_no_reason": mark("Lost, no reason given"),
    "still_open": mark("Still open"),
}

#: Models of `attribution`.
MODELS = {
    "first_touch": mark("First touch"),
    "last_touch": mark("Last touch"),
    "last_non_direct": mark("Last non-direct touch"),
    "first_paid": mark("First paid touch"),
    "last_paid": mark("Last paid touch"),
    "linear": mark("Linear"),
    "u_shaped": mark("U-shaped (40/20/40)"),
    "w_shaped": mark("W-shaped (30/30/30/10)"),
    "time_decay": mark("Time decay"),
    "shapley": mark("Shapley value"),
    "markov": mark("Markov removal effect"),
}

#: Causes of `why_changed`.
CHANGES = {
    "new": mark("New since then"),
    "late": mark("Recorded late"),
    "vanished": mark("Gone from the source"),
    "merged": mark("Merged in the CRM"),
    "same_person": mark("Found to be the same person"),
    "recredited": mark("Moved to another campaign"),
    "appeal": mark("Appeal signed by both"),
    "re_ruled": mark("A rule was changed"),
    "restated": mark("Corrected by the source"),
    "rate": mark("Exchange rate"),
    "unexplained": mark("Not explained"),
}

#: Numbers of `why_changed` and what the tables sum.
MEASURES = {
    "spend_reporting_amount": mark("Ad spend"),
    "revenue_reporting_amount": mark("Revenue"),
    "gross_margin_reporting_amount": mark("Gross profit"),
    "unique_lead_count": mark("Unique leads"),
    "qualified_count": mark("Qualified leads"),
    "won_count": mark("New customers"),
}

#: The five ratios, each with what it means.
STATES = {
    "reached": mark("Reached"),
    "hot": mark("Hot"),
    "potential": mark("Potential"),
    "wrong_target": mark("Wrong target"),
    "closed": mark("Closed"),
}

#: Platforms as they write themselves.
PLATFORMS = {
    "google_ads": mark("Google Ads"),
    "meta_ads": mark("Meta Ads"),
    "tiktok_ads": mark("TikTok Ads"),
    "zalo_ads": mark("Zalo Ads"),
    "hubspot": mark("HubSpot"),
    "getfly": mark("Getfly"),
    "fx": mark("Exchange rates"),
    "(none)": mark("No platform"),
}

#: Rule files, which both heads sign.
RULES = {
    "portrait": mark("Customer portrait"),
    "sla": mark("Response promise"),
    "horizons": mark("Horizons"),
    "lost_reasons": mark("Reasons of loss"),
    "lead_states": mark("Lead states"),
    "costs": mark("Costs"),
    "promotions": mark("Promotions"),
    "commitments": mark("Commitments"),
    "appeal": mark("Appeal"),
    "test_leads": mark("Signs of a test lead"),
}

#: Campaigns that are none.
PLACES = {
    "(unmatched)": mark("No known campaign"),
    "(unattributed)": mark("No recorded touch"),
    "(unallocated)": mark("Not allocated by the platform"),
}

#: What a cause rests on, in the words of `leak_evidence`.
EVIDENCE = {
    "won_at": mark("the moment of the sale"),
    "invalid_at": mark("the moment the contact was found dead"),
    "bought_at": mark("an earlier sale"),
    "first_touch_at": mark("the first recorded call"),
    "last_touch_at": mark("the last recorded call, if there is one"),
    "wrong_target_at": mark("the moment of the verdict"),
    "reached_at": mark("the moment somebody answered"),
    "price_at": mark("the reason written down: price"),
    "competitor_at": mark("the reason written down: competitor"),
    "reason_at": mark("the reason written down"),
    "lost_at": mark("the moment it was called lost"),
    "nothing": mark("that nothing is on record"),
    "duplicate": mark("an earlier record of the same person"),
    "test_lead": mark("the agreed signs of a test"),
}
