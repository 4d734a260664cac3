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
