"""What only letters name: the lines of an exchange; the words that others share are in `report/terms.py`."""

from __future__ import annotations

from report.terms import CONTRADICTIONS, SOURCING_CONFLICTS
from report.words import mark

#: By item of `daily_exchange`: its name, and by which day it is counted.
ITEMS = {
    "leads": (mark("New leads"), mark("day of creation")),
    "qualified_leads": (mark("of them qualified so far"), mark("day of creation")),
    "campaigns": (mark("Campaigns that spent"), mark("the ad account's own day, each day anew")),
    "leads_worked": (mark("People worked on"), mark("day of the work, each day anew")),
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
OTHER = {"marketing": "sales", "sales": "marketing"}
SUPPORT = {"supported": mark("confirmed by the answers"), "contradicted": mark("contradicted by the answers"),
           "unsupported": mark("not decided by the answers")}
#: By mart, what its kinds of disagreement are called.
DISPUTES = {"contradiction": CONTRADICTIONS, "sourcing_conflict": SOURCING_CONFLICTS}
