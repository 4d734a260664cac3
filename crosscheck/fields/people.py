"""Words about salespeople: what they were given, what they made of it, and how long they kept at it."""

from crosscheck.tables import Field, Kind

CONVERSION = (
    Field("cohort_quarter", Kind.DAY, "First day of the quarter of the lead's creation, business zone."),
    Field("attempted_count", Kind.COUNT, "Unique leads that somebody tried to reach, or that were reached, within the "
                                         "horizon.", unit="leads", low=0),
    Field("advised_count", Kind.COUNT, "Unique leads reached within the horizon, of persons who had bought nothing "
                                       "before the lead came.", unit="leads", low=0),
    Field("advised_won_count", Kind.COUNT, "Those of them that were won within the horizon, too.", unit="leads",
          low=0),
    Field("advised_won_rate", Kind.RATE, "Share of the advised leads that were won.", low=0, high=1),
    Field("advised_won_rate_low", Kind.RATE, "Lower Wilson 95 % bound of the share.", low=0, high=1),
    Field("advised_won_rate_high", Kind.RATE, "Upper Wilson 95 % bound of the share.", low=0, high=1),
    Field("expected_won_count", Kind.QUANTITY, "How many the whole company wins of as many advised leads of the same "
                                               "campaigns.", unit="leads", low=0),
    Field("won_to_expected_ratio", Kind.RATE, "Won by expected: 1 is what the company makes of the same mix of leads.",
          unit="ratio", low=0),
    Field("won_to_expected_least_ratio", Kind.RATE, "The same at the lower bound of the share.", unit="ratio", low=0),
    Field("won_to_expected_most_ratio", Kind.RATE, "The same at the upper bound of the share.", unit="ratio", low=0),
    Field("shrunk_ratio", Kind.RATE, "The same with ten wins of ten expected added: drawn to 1, the more so the less "
                                     "is known.", unit="ratio", low=0),
    Field("given_won_count", Kind.QUANTITY, "How many the whole company wins of as many leads, reached or not, of the "
                                            "same campaigns.", unit="leads", low=0),
    Field("given_won_rate", Kind.RATE, "What could be expected of the leads as they were given, as a share of them.",
          low=0, high=1),
    Field("company_lead_count", Kind.COUNT, "Unique leads of the whole company and quarter.", unit="leads", low=0),
    Field("company_won_count", Kind.COUNT, "Those of them that were won from their creation to the horizon.",
          unit="leads", low=0),
    Field("company_won_rate", Kind.RATE, "The share of them: what the average lead promises.", low=0, high=1),
)

FOLLOW_UP = (
    Field("touch_count", Kind.COUNT, "Recorded outbound touches of the leads' persons within the horizon; a status is "
                                     "none.", unit="touches", low=0),
    Field("touches_per_lead_ratio", Kind.RATE, "Touches by unique leads, untouched ones included.", unit="ratio",
          low=0),
    Field("settled_count", Kind.COUNT, "Unique leads never reached that nobody need call: the person bought, the "
                                       "contact is dead, or the verdict was wrong target or lost.", unit="leads",
          low=0),
    Field("owed_count", Kind.COUNT, "Unique leads neither reached nor settled: a fair effort was owed to them.",
          unit="leads", low=0),
    Field("fair_effort_count", Kind.COUNT, "Those that were tried as often and over as many days as agreed.",
          unit="leads", low=0),
    Field("given_up_count", Kind.COUNT, "Those that were tried, but less.", unit="leads", low=0),
    Field("untouched_count", Kind.COUNT, "Those of which nothing says that anybody tried.", unit="leads", low=0),
    Field("left_count", Kind.COUNT, "Unique leads reached and then left: no later touch, no verdict, no deal.",
          unit="leads", low=0),
    Field("fair_effort_rate", Kind.RATE, "Share of the leads owed a fair effort that got it.", low=0, high=1),
    Field("fair_effort_rate_low", Kind.RATE, "Lower Wilson 95 % bound of the share.", low=0, high=1),
    Field("fair_effort_rate_high", Kind.RATE, "Upper Wilson 95 % bound of the share.", low=0, high=1),
    Field("p50_touch_count", Kind.COUNT, "Touches by which half of the leads reached or owed a fair effort had been "
                                         "reached; null where fewer ever were.", unit="touches", low=0),
    Field("p50_least_touch_count", Kind.COUNT, "The same if everybody else had answered the next touch: at least so "
                                               "many.", unit="touches", low=0),
)

FIELDS: tuple[Field, ...] = (*CONVERSION, *FOLLOW_UP)
