"""Words about how long people take from one stage to the next."""

from crosscheck.tables import Field, Kind

STEPS = ("created_to_reached", "reached_to_deal", "deal_to_won", "created_to_won")

FIELDS: tuple[Field, ...] = (
    Field("stage_step", Kind.TEXT, "From which stage to which.", allowed=STEPS),
    Field("entered_count", Kind.COUNT, "Unique leads of which the step's first stage is on record.", unit="leads",
          low=0),
    Field("passed_count", Kind.COUNT, "Those of them of which the second one is too, and not before the first.",
          unit="leads", low=0),
    Field("open_count", Kind.COUNT, "Those of which it is not on record: they may still come, or never.", unit="leads",
          low=0),
    Field("out_of_order_count", Kind.COUNT, "Those of which the second stage lies before the first.", unit="leads",
          low=0),
    *(Field(f"p{percent}_days", Kind.COUNT, f"Complete days within which {percent} % of those who entered in order had "
                                            "passed; null where that many have not.", unit="days", low=0)
      for percent in (50, 90)),
)
