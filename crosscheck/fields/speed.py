"""Words about how long leads waited: delays, clocks, bands, and the business calendar."""

from crosscheck.tables import Field, Kind

DELAYS = ("whole", "routing", "human", "answer")
BANDS = {"0_5": "at most 5 minutes", "5_15": "more than 5 and at most 15 minutes",
         "15_60": "more than 15 and at most 60 minutes", "over_60": "more than an hour"}

CALENDAR = (
    Field("utc_day", Kind.DAY, "Calendar day, UTC."),
    Field("before_seconds", Kind.COUNT, "Business seconds from the calendar's first day to the beginning of this one.",
          unit="seconds", low=0),
    *(Field(f"{what}_{number}_seconds", Kind.COUNT,
            f"When in the day the business {what} for the {order} time; both 0 where it does not.", unit="seconds",
            low=0, high=86_400) for number, order in ((1, "first"), (2, "second")) for what in ("opens", "closes")),
)

STAGES = (
    Field("assigned_at", Kind.INSTANT, "First recorded hand-over to a salesperson at or after the lead's creation, by "
                                       "a status that means it and whose instant the source recorded, UTC."),
    Field("answered_at", Kind.INSTANT, "First answered contact on record at or after the lead's creation, UTC; a "
                                       "status alone is none."),
    Field("delay", Kind.TEXT, "What was waited for: whole, creation to the first attempt by a person; routing, "
                              "creation to the hand-over to a salesperson; human, hand-over to the first attempt; "
                              "answer, first attempt to the first answered contact.", allowed=DELAYS),
    Field("delay_band", Kind.TEXT, "How long the delay took, in minutes; waiting: not ended within the horizon; "
                                   "unknown: its beginning is not on record.", allowed=(*BANDS, "waiting", "unknown")),
    Field("clock", Kind.TEXT, "Which seconds count: all of them, or those in which the business is open.",
          allowed=("all_hours", "business_hours")),
)

BREACHES = (
    Field("responded_at", Kind.INSTANT, "First attempt by a person at or after creation: an outbound touch, or an "
                                        "answered contact where the customer was quicker, UTC; null while waiting."),
    Field("late_seconds", Kind.COUNT, "From the due instant to the first attempt; null while waiting.", unit="seconds",
          low=0),
    Field("late_business_seconds", Kind.COUNT, "The same while the business was open; null while waiting.",
          unit="seconds", low=0),
    Field("is_waiting", Kind.FLAG, "Nobody has tried to reach the lead yet."),
    Field("owed_by", Kind.TEXT, "Who had the lead when the attempt fell due: sales, handed over by then; routing, not "
                                "handed over yet; unknown, the hand-over is not on record.",
          allowed=("sales", "routing", "unknown")),
    Field("next_action", Kind.TEXT, "What has to be done now: assign it to somebody, or attempt to reach it; null once "
                                    "somebody tried.", allowed=("assign", "attempt")),
)

COUNTS = (
    Field("started_count", Kind.COUNT, "Unique leads whose delay began on record.", unit="leads", low=0),
    Field("ended_count", Kind.COUNT, "Those of them whose delay ended within the horizon.", unit="leads", low=0),
    Field("waiting_count", Kind.COUNT, "Those whose delay did not end within the horizon, or not yet.", unit="leads",
          low=0),
    Field("unknown_count", Kind.COUNT, "Unique leads of which the delay's beginning is not on record.", unit="leads",
          low=0),
    *(Field(f"band_{band}_count", Kind.COUNT, f"Leads whose delay took {words}.", unit="leads", low=0)
      for band, words in BANDS.items()),
)

SHARES = tuple(
    Field(f"{name}_rate{bound}", Kind.RATE, f"{kind} of the started delays that {words}.", low=0, high=1)
    for name, words in (*((f"band_{band}", f"took {words}") for band, words in BANDS.items()),
                        ("waiting", "did not end within the horizon, or not yet"))
    for bound, kind in (("", "Share"), ("_low", "Lower Wilson 95 % bound of the share"),
                        ("_high", "Upper Wilson 95 % bound of the share")))

PERCENTILES = tuple(
    Field(f"p{percent}{end}_seconds", Kind.COUNT, meaning, unit="seconds", low=0) for percent in (50, 90, 95)
    for end, meaning in (
        ("", f"The delay that {percent} % of the leads did not exceed; null while fewer have ended."),
        ("_least", f"What the delay of {percent} % of the leads is at least, however soon those end that still wait.")))

FIELDS: tuple[Field, ...] = (*CALENDAR, *STAGES, *BREACHES, *COUNTS, *SHARES, *PERCENTILES)
