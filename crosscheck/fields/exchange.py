"""The vocabulary of the daily exchange: what either department gave the other, and what it still owes."""

from __future__ import annotations

from crosscheck.fields.crm import SIDES
from crosscheck.tables import Field, Kind

#: Whoever owes: a department, the system that hands leads over, or nobody knows who.
OWING_SIDES = (*SIDES, "routing", "unknown")
#: What is given, and whether it can be owed.
EXCHANGE_ITEMS = {
    "leads": False, "qualified_leads": False, "campaigns": False, "leads_worked": True, "calls": False,
    "meetings": False, "notes": False, "verdicts": False, "lost_reasons": True, "appeals": False,
    "appeal_answers": True}

FIELDS: tuple[Field, ...] = (
    Field("exchange_day", Kind.DAY, "Calendar day of the business zone; of spend, the account's own day."),
    Field("begins_at", Kind.INSTANT, "When that day began in the business zone, UTC."),
    Field("ends_at", Kind.INSTANT, "When it was over, UTC: the instant at which what is owed was counted."),
    Field("exchange_side", Kind.TEXT, "Who gave it, or owes it: a department; routing: leads that nobody had been "
                                      "given; unknown: nobody wrote down who had them.", allowed=OWING_SIDES),
    Field("exchange_item", Kind.TEXT, "What was given or is owed.", allowed=tuple(EXCHANGE_ITEMS)),
    Field("given_count", Kind.COUNT, "How many of them were given on the day.", low=0),
    Field("still_owed_count", Kind.COUNT, "How many were owed when the day was over, since whenever; null of what "
                                          "nobody owes.", low=0),
)
