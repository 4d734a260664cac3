"""The vocabulary of changed numbers: which one, by how much, why."""

from __future__ import annotations

from crosscheck.tables import Field, Kind

CHANGED_COUNTS = ("unique_lead_count", "qualified_count", "won_count")
CHANGED_AMOUNTS = ("spend_reporting_amount", "revenue_reporting_amount")
CHANGE_CAUSES = ("new", "late", "vanished", "merged", "same_person", "recredited", "appeal", "re_ruled",
                 "restated", "rate", "unexplained")

FIELDS: tuple[Field, ...] = (
    Field("changed_metric", Kind.TEXT, "The number that changed, by its name in campaign_roi_closed.",
          allowed=CHANGED_COUNTS + CHANGED_AMOUNTS),
    Field("change_cause", Kind.TEXT, "The first cause, in the agreed order, that holds of the lead, deal or spend.",
          allowed=CHANGE_CAUSES),
    Field("compared_day", Kind.DAY, "Business day of the publication with which this one is compared; null: there was "
                                    "none before."),
    *(Field(f"{when}_{ending}", kind, f"The number as published {words}; null for the other kind of number, and where "
                                      "there was none.", unit=unit)
      for when, words in (("old", "before"), ("new", "now"))
      for ending, kind, unit in (("count", Kind.COUNT, ""), ("reporting_amount", Kind.MONEY, "reporting currency"))),
    Field("change_count", Kind.COUNT, "What the cause adds to a count; null for an amount."),
    Field("change_reporting_amount", Kind.MONEY, "What the cause adds to an amount; null for a count.",
          unit="reporting currency"),
)
