"""What only the nightly report names; the words that others share are in `report/terms.py`."""

from __future__ import annotations

from report import terms
from report.words import mark

#: By ratio, its name and what it means.
RATIOS = {f"{state}_rate": (terms.RATIOS[state], meaning) for state, meaning in {
    "reached": mark("actually spoken to"), "hot": mark("likely to sign"),
    "potential": mark("need now, money or time later"), "wrong_target": mark("outside the agreed portrait"),
    "closed": mark("became customers")}.items()}

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

#: What `metric_coverage` speaks of, beside what may change.
METRICS = terms.MEASURES | {
    "speed_to_lead": mark("Speed to lead"), "routing_delay": mark("Hand-over delay"), "roi": mark("ROI"),
    "match": mark("Match to campaigns"),
}

#: Date basis of the numbers that may change: what places them in a month.
BASES = {
    "unique_lead_count": mark("by creation"), "qualified_count": mark("by creation"), "won_count": mark("by closing"),
    "spend_reporting_amount": mark("by the account's day"), "revenue_reporting_amount": mark("by closing"),
}

STATUSES = {"published": mark("published"), "gate_failed": mark("a gate stopped it; the tables stayed as they were"),
            "failed": mark("did not finish"), "running": mark("running")}

#: The reasons of `metric_coverage`, word for word, so that they can be translated.
REASONS = (
    mark("too few leads have an outbound touch on record since their creation: slow and not written down look alike"),
    mark("too few leads have a recorded hand-over: a slow system and a slow salesperson look alike"),
    mark("the gross margin of some won deals is not on record: profit cannot be told from revenue"),
    mark("too few leads can be tied to a campaign: their origin was not captured, or not handed on"),
    mark("nothing to measure yet: no unique leads"), mark("nothing to measure yet: no won deals"),
)
