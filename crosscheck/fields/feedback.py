"""The vocabulary of what sales passes on: notes, verdicts, reasons and appeals, piece by piece."""

from __future__ import annotations

from crosscheck.fields.crm import STATES
from crosscheck.tables import Field, Kind

FEEDBACK_KINDS = ("note", "verdict", "lost_reason", "appeal")
#: What a lost deal's reason means by `rules/lost_reasons.yaml`.
REASONS = ("price", "competitor", "other")

FIELDS: tuple[Field, ...] = (
    Field("feedback_kind", Kind.TEXT, "note: somebody wrote something down; verdict: the record says what the lead is; "
                                      "lost_reason: why a deal was lost; appeal: that a record is wrong.",
          allowed=FEEDBACK_KINDS),
    Field("feedback_id", Kind.ID, "Of a note its activity, of a verdict the state, of a reason the deal, of an appeal "
                                  "its own id."),
    Field("feedback_subject", Kind.TEXT, "What it says, in agreed words: the state, or what the reason means; null of "
                                         "a note, whose text stays in the CRM.", allowed=(*STATES, *REASONS)),
    Field("given_at", Kind.INSTANT, "When it was given: written, told, closed or filed, UTC."),
    Field("given_day", Kind.DAY, "The day of that in the business zone."),
    Field("is_answer_owed", Kind.FLAG, "Whether marketing has to answer yet; null of what nobody promised to answer."),
    Field("settled_at", Kind.INSTANT, "Since when nobody waits for an answer: signed, or withdrawn, UTC."),
)
