"""Words about calls: how they ended, how long was talked, and how they were judged by who listened."""

from crosscheck.tables import Field, Kind

#: How an outbound call may end, and that nobody wrote it down.
CALL_OUTCOMES = ("answered", "busy", "no_answer", "voicemail", "wrong_number", "unrecorded")
OUTCOME_GROUPS = ("conversation", "short_answer", "unanswered", "wrong_number", "unrecorded")
_WORDS = {"answered": "that somebody answered", "busy": "that found the line busy", "no_answer": "that nobody answered",
          "voicemail": "that ended in a mailbox", "wrong_number": "to a number that is dead or another's",
          "unrecorded": "whose end nobody wrote down, or in a word that nobody agreed on"}
_UNIT = "calls"

FIELDS: tuple[Field, ...] = (
    Field("worked_month", Kind.DAY, "First day of the month in which the calls were made, business zone."),
    Field("call_count", Kind.COUNT, "Calls by a person, either way.", unit=_UNIT, low=0),
    Field("inbound_count", Kind.COUNT, "Calls that came in.", unit=_UNIT, low=0),
    *(Field(f"{outcome}_count", Kind.COUNT, f"Calls {words}; those that came in are not among them.", unit=_UNIT, low=0)
      for outcome, words in _WORDS.items()),
    Field("short_answer_count", Kind.COUNT, "Answered calls of less than 20 s: nobody was spoken to.", unit=_UNIT,
          low=0),
    Field("outcome_known_count", Kind.COUNT, "Calls whose end is on record; those that came in are not among them.",
          unit=_UNIT, low=0),
    Field("duration_known_count", Kind.COUNT, "Answered calls whose length is on record.", unit=_UNIT, low=0),
    Field("recording_known_count", Kind.COUNT, "Answered calls of which the source says whether it keeps a recording.",
          unit=_UNIT, low=0),
    Field("recording_count", Kind.COUNT, "Answered calls with a recording.", unit=_UNIT, low=0),
    Field("p50_talk_seconds", Kind.COUNT, "The smallest length that half of the answered calls did not exceed.",
          unit="seconds", low=0),
    *(Field(f"{name}_rate{bound}", Kind.RATE, f"{start} of calls {_WORDS[name]}.", low=0, high=1)
      for name in ("answered", "wrong_number")
      for bound, start in (("", "Share"), ("_low", "Lower Wilson 95 % bound of the share"),
                           ("_high", "Upper Wilson 95 % bound of the share"))),
    Field("reviewed_count", Kind.COUNT, "Calls that somebody listened to and judged.", unit=_UNIT, low=0),
    Field("review_count", Kind.COUNT, "Judgements of these calls; several may have judged one.", unit="reviews", low=0),
    Field("review_score_total", Kind.QUANTITY, "Sum of the judgements; null where there are none."),
    Field("score_per_review_ratio", Kind.RATE, "The mean judgement, on the reviewers' own scale."),
    Field("outcome_group", Kind.TEXT, "How the call ended, as far as it matters to who listens.",
          allowed=OUTCOME_GROUPS),
    Field("stratum_call_count", Kind.COUNT, "Calls of the salesperson, day and outcome group from which was drawn.",
          unit=_UNIT, low=1),
    Field("draw_no", Kind.COUNT, "Which of these the call is in the order of the draw.", low=1),
)
