"""The vocabulary of appeals: what one side says a lead really was, and whether the other side agreed."""

from __future__ import annotations

from crosscheck.fields.crm import SIDES, STATES
from crosscheck.tables import Field, Kind

#: States that an appeal may rule on. The others follow a deal or a hand-over, which are corrected where they stand.
APPEALABLE = tuple(state for state in STATES if state not in ("assigned", "closed"))
APPEAL_STATUSES = ("pending", "binding", "superseded", "withdrawn")

FIELDS: tuple[Field, ...] = (
    Field("appeal_id", Kind.ID, "Names the appeal; the same claim about the same lead has the same one."),
    Field("appellant", Kind.TEXT, "Which department filed the appeal.", allowed=SIDES),
    Field("appealed_state", Kind.TEXT, "The state that is appealed.", allowed=APPEALABLE),
    Field("appealed_at", Kind.INSTANT, "Since when the lead is in that state, as the appeal says, UTC; null: it never "
                                       "was."),
    Field("appeal_status", Kind.TEXT, "pending: the other side has not signed; binding: both have, and it counts; "
                                      "superseded: a newer one about the same person and state counts; withdrawn: a "
                                      "side took its signature back.", allowed=APPEAL_STATUSES),
    Field("filed_at", Kind.INSTANT, "When the appeal was filed, UTC."),
    Field("binding_at", Kind.INSTANT, "When the second side signed, UTC; null while one signature is missing."),
    Field("withdrawn_by", Kind.TEXT, "Which department took its signature back; null where none did.", allowed=SIDES),
    Field("withdrawn_at", Kind.INSTANT, "When that was, UTC."),
    Field("appeals", Kind.TEXT, "The states of the lead that rest on an appeal and not on a record, each with the "
                                "appeal's id, as in reached=0a1b2c3d4e5f; null where none does."),
)
