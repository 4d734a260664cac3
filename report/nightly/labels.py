"""What the report calls the words of the tables; translated where they are shown."""

from __future__ import annotations

from report.words import mark

PLATFORMS = {"google_ads": "Google Ads", "meta_ads": "Meta"}
CAMPAIGNS = {"(unmatched)": mark("Not tied to any campaign"), "(unallocated)": mark("Told of the account alone")}

RATIOS = {
    "reached_rate": (mark("Reached"), mark("actually spoken to")),
    "hot_rate": (mark("Hot"), mark("likely to sign")),
    "potential_rate": (mark("Potential"), mark("need now, money or time later")),
    "wrong_target_rate": (mark("Wrong target"), mark("outside the agreed portrait")),
    "closed_rate": (mark("Closed"), mark("bought")),
}

CAUSES = {
    "test_lead": mark("Test lead of our own"),
    "duplicate": mark("Repeat of a lead counted elsewhere"),
    "won": mark("Won"),
    "invalid_contact": mark("Dead or wrong contact"),
    "existing_customer": mark("Was a customer already"),
    "nothing_recorded": mark("Nothing on record"),
    "never_assigned": mark("Never handed to anybody"),
    "never_attempted": mark("Never attempted"),
    "effort_not_recorded": mark("Effort not written down"),
    "attempted_late": mark("Attempted too late"),
    "given_up_early": mark("Given up too early"),
    "unreachable": mark("Unreachable after a fair effort"),
    "wrong_target": mark("Wrong target, borne out"),
    "wrong_target_unsupported": mark("Wrong target, not borne out"),
    "reached_no_follow_up": mark("Spoken to, not followed up"),
    "lost_price": mark("Lost: price"),
    "lost_competitor": mark("Lost: competitor"),
    "lost_other": mark("Lost: other reason"),
    "lost_no_reason": mark("Lost: no reason given"),
    "still_open": mark("Still open"),
}

DELAYS = {
    "routing": (mark("Created → handed over"), mark("the system and whoever hands out leads")),
    "human": (mark("Handed over → first attempt"), mark("the salesperson")),
    "whole": (mark("Created → first attempt"), mark("what the customer waits")),
    "answer": (mark("First attempt → first answer"), mark("the customer, and persistence")),
}

BANDS = {
    "0_5": mark("up to 5 min"), "5_15": mark("5–15 min"), "15_60": mark("15–60 min"), "over_60": mark("over 60 min"),
    "waiting": mark("none in 30 days"), "unknown": mark("not on record"),
}

DEFINITIONS = {
    "recorded": (mark("Source on record"), mark("what stands in the CRM")),
    "first_touch": (mark("First touch"), mark("how the person's first record came in")),
    "before_sales": (mark("Before the first sales act"), mark("whether anything of marketing's came first")),
    "declared": (mark("Self-reported"), mark("what the customer or the salesperson said")),
}

PROMISES = {
    "budget": mark("Spend no more than"), "leads": mark("New leads"), "qualified_leads": mark("Qualified leads"),
    "in_time": mark("Leads attempted in time"), "fair_effort": mark("Fair effort before giving up"),
    "wins": mark("New customers"),
}

METRICS = {
    "unique_lead_count": mark("New leads"), "qualified_count": mark("Qualified leads"),
    "won_count": mark("New customers"), "spend_reporting_amount": mark("Ad spend"),
    "revenue_reporting_amount": mark("Revenue"), "speed_to_lead": mark("Speed to lead"),
    "routing_delay": mark("Hand-over delay"), "roi": mark("ROI"), "match": mark("Match to campaigns"),
}

#: Date basis of the numbers that may change: what places them in a month.
BASES = {
    "unique_lead_count": mark("by creation"), "qualified_count": mark("by creation"), "won_count": mark("by closing"),
    "spend_reporting_amount": mark("by the account's day"), "revenue_reporting_amount": mark("by closing"),
}

CHANGES = {
    "new": mark("new since then"), "late": mark("came late"), "vanished": mark("gone at the source"),
    "merged": mark("merged at the source"), "same_person": mark("recognised as one person"),
    "recredited": mark("credited to another campaign"), "appeal": mark("appeal signed by both"),
    "re_ruled": mark("a rule was changed"), "restated": mark("restated by the source"),
    "rate": mark("exchange rate"), "unexplained": mark("unexplained"),
}

CONTRADICTIONS = {
    "wrong_target_but_won": mark("called a wrong target, yet bought"), "lost_but_won": mark("called lost, yet bought"),
    "invalid_contact_but_won": mark("called a dead contact, yet bought"),
    "reached_without_contact": mark("called reached, with no answered contact"),
    "won_before_created": mark("bought before the lead was created"),
    "touched_before_created": mark("touched before the lead was created"),
    "reached_after_won": mark("first reached after buying"),
    "wrong_target_then_hot": mark("called a wrong target, then hot"),
    "invalid_contact_then_hot": mark("called a dead contact, then hot"),
}

SIDES = {"marketing": mark("Marketing"), "sales": mark("Sales"), "routing": mark("Lead routing"),
         "both": mark("Both departments"), "nobody": mark("Nobody"), "unknown": mark("Unknown")}

STATUSES = {"published": mark("published"), "gate_failed": mark("a gate stopped it; the tables stayed as they were"),
            "failed": mark("did not finish"), "running": mark("running")}

#: The reasons of `metric_coverage`, word for word, so that they can be translated.
REASONS = (
    mark("too few leads have an outbound touch on record since their creation: slow and not written down look alike"),
    mark("too few leads have a recorded hand-over: a slow system and a slow salesperson look alike"),
    mark("the gross margin of some won deals is not on record: profit cannot be told from revenue"),
    mark("too few leads can be tied to a campaign: their origin was not captured, or not handed on"),
)
