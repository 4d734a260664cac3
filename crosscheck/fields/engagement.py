"""Words about interactions, and about what went along with them."""

from crosscheck.tables import Field, Kind

#: What is counted of interactions: by people with the content, views of a video, or the platform's own total.
ENGAGEMENT_MEASURES = ("interaction", "video_view", "platform_total")
LAG_OUTCOMES = ("lead", "qualified", "won")
#: Why a correlation says less than it seems to, or nothing.
CAVEATS = ("correlation_not_cause", "too_few_weeks", "no_variation")
_KINDS = {"reaction": "Reactions to the campaign's posts and ads", "comment": "Comments on them",
          "share": "Shares of them", "save": "Saves of them", "video_view": "Views of the campaign's videos"}

FIELDS: tuple[Field, ...] = (
    Field("activity_week", Kind.DAY, "Monday of the week: interactions by the account's day; leads by creation "
                                     "and wins by closing, business zone."),
    *(Field(f"{kind}_count", Kind.COUNT, f"{what}; null where the platform reported none.", low=0)
      for kind, what in _KINDS.items()),
    Field("interaction_count", Kind.COUNT, "Reactions, comments, shares and saves together; null where the platform "
                                           "reported none of them.", low=0),
    Field("platform_total_count", Kind.COUNT, "The platform's own total of engagements, by its own definition; null "
                                              "where it reported none. It holds the others: never add them.", low=0),
    Field("engagement_measure", Kind.TEXT, "What is counted of interactions.", allowed=ENGAGEMENT_MEASURES),
    Field("lag_outcome", Kind.TEXT, "What is counted of outcomes: unique leads, those qualified, new customers.",
          allowed=LAG_OUTCOMES),
    Field("lag_weeks", Kind.COUNT, "How many weeks after the interactions the outcomes are looked for.", unit="weeks",
          low=0, high=8),
    Field("week_count", Kind.COUNT, "Pairs of weeks that the correlation rests on.", unit="weeks", low=0),
    Field("effective_week_rate", Kind.RATE, "How many independent weeks tell as much, as a share of these weeks: "
                                            "neighbouring weeks are alike.", low=0, high=1),
    Field("correlation_ratio", Kind.RATE, "Pearson's correlation of both over these weeks.", low=-1, high=1),
    Field("correlation_least_ratio", Kind.RATE, "Lower 95 % bound of the correlation, by the effective weeks.", low=-1,
          high=1),
    Field("correlation_most_ratio", Kind.RATE, "Upper 95 % bound of the correlation, by the effective weeks.", low=-1,
          high=1),
    Field("caveat", Kind.TEXT, "What the number does not say, or why there is none.", allowed=CAVEATS),
)
