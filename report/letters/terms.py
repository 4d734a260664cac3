"""What the tables' words are called in a letter."""

from __future__ import annotations

from report.words import mark

#: By item of `daily_exchange`: its name, and by which day it is counted.
ITEMS = {
    "leads": (mark("New leads"), mark("day of creation")),
    "qualified_leads": (mark("of them qualified so far"), mark("day of creation")),
    "campaigns": (mark("Campaigns that spent"), mark("the ad account's own day")),
    "leads_worked": (mark("People worked on"), mark("day of the work")),
    "calls": (mark("Calls made"), mark("day of the work")),
    "meetings": (mark("Meetings held"), mark("day of the work")),
    "notes": (mark("Notes written"), mark("day of the work")),
    "verdicts": (mark("Verdicts on leads"), mark("day since which the record says so")),
    "lost_reasons": (mark("Lost deals with a reason"), mark("closing day")),
    "appeals": (mark("Appeals filed"), mark("day of filing")),
    "appeal_answers": (mark("Appeals answered"), mark("day of the signature")),
}
#: By side, what it gives, in the order of a letter.
GIVES = {"marketing": ("leads", "qualified_leads", "campaigns", "appeals", "appeal_answers"),
         "sales": ("leads_worked", "calls", "meetings", "notes", "verdicts", "lost_reasons", "appeals",
                   "appeal_answers")}
#: By side and item, what is owed and what to do about it.
OWES = {
    ("sales", "leads_worked"): (mark("first attempts that are due"), mark("attempt, or write the attempt down")),
    ("sales", "lost_reasons"): (mark("reasons of lost deals"), mark("write the reason into the CRM")),
    ("sales", "appeal_answers"): (mark("answers to appeals"), mark("sign or refuse: crosscheck appeal list")),
    ("marketing", "appeal_answers"): (mark("answers to appeals"), mark("sign or refuse: crosscheck appeal list")),
    ("routing", "leads_worked"): (mark("first attempts that are due"), mark("hand the leads to somebody")),
    ("unknown", "leads_worked"): (mark("first attempts that are due"), mark("write down who has the leads")),
}
SIDES = {"marketing": mark("Marketing"), "sales": mark("Sales"), "routing": mark("Lead routing"),
         "unknown": mark("Not recorded"), "both": mark("Both departments"), "nobody": mark("Nobody")}
OTHER = {"marketing": "sales", "sales": "marketing"}
ACTIONS = {"assign": mark("give it to somebody who attempts it now"),
           "attempt": mark("attempt it now, or write down the attempt")}
STATES = {"reached": mark("reached"), "hot": mark("hot"), "potential": mark("potential"),
          "wrong_target": mark("wrong target"), "invalid_contact": mark("invalid contact"), "lost": mark("lost"),
          "attempted": mark("attempted")}
SUPPORT = {"supported": mark("borne out by the answers"), "contradicted": mark("contradicted by the answers"),
           "unsupported": mark("answers decide nothing")}
PROMISES = {"budget": mark("budget at most"), "leads": mark("leads"), "qualified_leads": mark("qualified leads"),
            "wins": mark("wins"), "in_time": mark("attempted in time"), "fair_effort": mark("fair effort")}
#: What the marts call a lead without a campaign.
UNMATCHED = {"(unmatched)": mark("no campaign known"), "(unallocated)": mark("not allocated to a campaign")}
#: Causes of `leak_waterfall`.
CAUSES = {
    "test_lead": mark("Test lead of our own"),
    "won": mark("Bought"), "duplicate": mark("Repeat of a known person"),
    "invalid_contact": mark("Dead or wrong contact"), "existing_customer": mark("Was a customer already"),
    "nothing_recorded": mark("Nothing on record in the CRM"), "never_assigned": mark("Never assigned"),
    "never_attempted": mark("Never called"), "effort_not_recorded": mark("Calls not written down"),
    "attempted_late": mark("First call after the agreed time"), "given_up_early": mark("Given up early"),
    "unreachable": mark("Not reached after a fair effort"), "wrong_target": mark("Wrong target, borne out"),
    "wrong_target_unsupported": mark("Wrong target, not shown"),
    "reached_no_follow_up": mark("Reached, then no follow-up"), "lost_price": mark("Lost over the price"),
    "lost_competitor": mark("Lost to a competitor"), "lost_other": mark("Lost for another reason"),
    "lost_no_reason": mark("Lost, no reason given"), "still_open": mark("Still open")}
RATIOS = {"reached": mark("Reached"), "hot": mark("Hot"), "potential": mark("Potential"),
          "wrong_target": mark("Wrong target"), "closed": mark("Closed")}
#: By mart, what its kinds of disagreement are called.
DISPUTES = {
    "contradiction": {
        "wrong_target_but_won": mark("called a wrong target, and bought"),
        "lost_but_won": mark("called lost, and bought"),
        "invalid_contact_but_won": mark("called a dead contact, and bought"),
        "reached_without_contact": mark("called reached, without an answered contact"),
        "won_before_created": mark("bought before the lead was created"),
        "touched_before_created": mark("touched before the lead was created"),
        "reached_after_won": mark("reached after it bought"),
        "wrong_target_then_hot": mark("called a wrong target, then hot"),
        "invalid_contact_then_hot": mark("called a dead contact, then hot")},
    "sourcing_conflict": {
        "recorded_against_touch": mark("recorded origin against the first touch"),
        "declared_against_touch": mark("what the customer says against the first touch"),
        "recorded_against_declared": mark("recorded origin against what the customer says")},
}
