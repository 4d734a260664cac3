"""What the words of the tables are called: one name each, in report, letters and page alike.

English is the key of the translations. Whoever reads two of them must find the same word for the same thing, and none
that accuses somebody: what is not on record may have been done.
"""

from __future__ import annotations

from collections.abc import Callable

from report.owners import OWNERS
from report.words import mark

PLATFORMS = {
    "google_ads": mark("Google Ads"), "meta_ads": mark("Meta Ads"), "tiktok_ads": mark("TikTok Ads"),
    "zalo_ads": mark("Zalo Ads"), "hubspot": mark("HubSpot"), "getfly": mark("Getfly"), "fx": mark("Exchange rates"),
    "reviews": mark("Call reviews"), "(none)": mark("No platform"),
}
#: Campaigns that are none.
PLACES = {
    "(unmatched)": mark("No known campaign"), "(unattributed)": mark("No recorded touch"),
    "(unallocated)": mark("Not allocated to a campaign"),
}
SIDES = {owner.name: owner.label for owner in OWNERS.values()} | {"unknown": mark("Unknown")}

#: States of a lead.
STATES = {
    "assigned": mark("Assigned"), "attempted": mark("Attempted"), "reached": mark("Reached"), "hot": mark("Hot"),
    "potential": mark("Potential"), "wrong_target": mark("Wrong target"), "invalid_contact": mark("Invalid contact"),
    "closed": mark("Closed"), "lost": mark("Lost"),
}
#: The five ratios, by the state that each is the share of.
RATIOS = {name: STATES[name] for name in ("reached", "hot", "potential", "wrong_target", "closed")}

#: Causes of `leak_waterfall`.
CAUSES = {
    "test_lead": mark("Test lead of our own"),
    "duplicate": mark("Repeat of a known person"),
    "won": mark("Won"),
    "invalid_contact": STATES["invalid_contact"],
    "existing_customer": mark("Was a customer already"),
    "nothing_recorded": mark("Nothing on record in the CRM"),
    "never_assigned": mark("Never assigned"),
    "never_attempted": mark("No attempt on record"),
    "effort_not_recorded": mark("Attempted, effort not on record"),
    "attempted_late": mark("First attempt after the agreed time"),
    "given_up_early": mark("Stopped short of a fair effort"),
    "unreachable": mark("Not reached after a fair effort"),
    "wrong_target": mark("Wrong target, confirmed"),
    "wrong_target_unsupported": mark("Wrong target, not confirmed"),
    "reached_no_follow_up": mark("Reached, no follow-up on record"),
    "lost_price": mark("Lost: price"),
    "lost_competitor": mark("Lost: competitor"),
    "lost_other": mark("Lost: other reason"),
    "lost_no_reason": mark("Lost: no reason on record"),
    "still_open": mark("Still open"),
}

#: What sales passes on, and what a reason of a lost deal means.
FEEDBACK = {"verdict": mark("Verdict"), "lost_reason": mark("Deal lost"), "appeal": mark("Appeal"),
            "note": mark("Note")}
LOST_REASONS = {"price": mark("Price"), "competitor": mark("Competitor"), "other": mark("Other reason")}

PROMISES = {
    "budget": mark("Budget at most"), "leads": mark("New leads"), "qualified_leads": mark("Qualified leads"),
    "in_time": mark("Attempted in time"), "fair_effort": mark("Fair effort before stopping"),
    "wins": mark("New customers"),
}

#: What the tables of campaigns sum.
MEASURES = {
    "spend_reporting_amount": mark("Ad spend"), "unique_lead_count": mark("New leads"),
    "qualified_count": mark("Qualified leads"), "won_count": mark("New customers"),
    "revenue_reporting_amount": mark("Revenue"), "gross_margin_reporting_amount": mark("Gross profit"),
}

#: Causes of `why_changed`.
CHANGES = {
    "new": mark("New since then"), "late": mark("Recorded late"), "vanished": mark("Gone from the source"),
    "merged": mark("Merged in the CRM"), "same_person": mark("Found to be the same person"),
    "recredited": mark("Credited to another campaign"), "appeal": mark("Appeal signed by both"),
    "re_ruled": mark("A rule was changed"), "restated": mark("Restated by the source"),
    "rate": mark("Exchange rate"), "unexplained": mark("Not explained"),
}

CONTRADICTIONS = {
    "wrong_target_but_won": mark("Called a wrong target, yet won"),
    "lost_but_won": mark("Called lost, yet won"),
    "invalid_contact_but_won": mark("Called an invalid contact, yet won"),
    "reached_without_contact": mark("Called reached, with no answered contact"),
    "won_before_created": mark("Won before the lead was created"),
    "touched_before_created": mark("Contacted before the lead was created"),
    "reached_after_won": mark("First reached after it was won"),
    "wrong_target_then_hot": mark("Called a wrong target, then hot"),
    "invalid_contact_then_hot": mark("Called an invalid contact, then hot"),
}
SOURCING_CONFLICTS = {
    "recorded_against_touch": mark("Origin on record against the first touch"),
    "declared_against_touch": mark("What the customer says against the first touch"),
    "recorded_against_declared": mark("Origin on record against what the customer says"),
}

#: What a lead that waits needs.
ACTIONS = {"assign": mark("give it to somebody who attempts it now"),
           "attempt": mark("attempt it now, or write down the attempt")}

#: Rule files, which both heads sign.
RULES = {
    "portrait": mark("Customer portrait"), "sla": mark("Response promise"), "horizons": mark("Horizons"),
    "lost_reasons": mark("Reasons of loss"), "lead_states": mark("Lead states"), "costs": mark("Costs"),
    "promotions": mark("Promotions"), "commitments": mark("Commitments"), "appeal": mark("Appeal"),
    "test_leads": mark("Signs of a test lead"),
}


def platform(name: str, say: Callable[[str], str]) -> str:
    """A platform or source by name; one that is called otherwise stands for itself."""
    return say(PLATFORMS.get(name, name))


def rule(file: str, say: Callable[[str], str]) -> str:
    """A rule file by name; the states of leads are agreed on for each CRM."""
    name, _, source = file.partition("/")
    said = say(RULES.get(name, name))
    return f"{said} ({platform(source, say)})" if source else said
