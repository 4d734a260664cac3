"""Words about the five ratios, cut in several ways, and about what those of a young month will come to."""

from crosscheck.tables import Field, Kind

DIMENSIONS = ("campaign", "source", "landing_page", "salesperson", "campaign_and_salesperson")

FIELDS = (
    Field("dimension", Kind.TEXT, "By what the leads of the row are put together; in each dimension of a table "
                                   "every lead stands once.", allowed=DIMENSIONS),
    Field("quality_state", Kind.TEXT, "The state that is counted.",
          allowed=("reached", "hot", "potential", "wrong_target", "closed")),
    Field("state_count", Kind.COUNT, "Unique leads that came to the state within the horizon, so far.", unit="leads",
          low=0),
    *(Field(f"{name}_rate{end}", Kind.RATE, f"{word} {what}.", low=0, high=1)
      for name, what in (("state", "of the unique leads that came to the state, so far"),
                         ("estimated", "of the unique leads that will have come to it by the horizon; of young months"))
      for end, word in (("", "Share"), ("_low", "Lower 95 % bound of the share"),
                        ("_high", "Upper 95 % bound of the share"))),
    Field("observed_until_day", Kind.DAY, "The business day up to which the leads of a young month are watched; null "
                                          "of a mature one."),
)
