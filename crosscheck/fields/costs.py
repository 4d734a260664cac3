"""Words about what customers cost, people and tools included."""

from crosscheck.tables import Field, Kind

MISSING = ("month_not_over", "media_spend", "exchange_rate", "marketing_cost", "sales_cost")

COSTS = (
    Field("is_month_over", Kind.FLAG, "The month of the row has passed: only corrections change it any more."),
    Field("marketing_cost_amount", Kind.MONEY, "What people, fees and tools of marketing cost in the month, media "
                                               "excluded; null where nobody wrote it down.", unit="reporting currency"),
    Field("sales_cost_amount", Kind.MONEY, "The same of sales.", unit="reporting currency"),
    Field("loaded_cost_amount", Kind.MONEY, "Media spend and both departments' costs; null unless all three are known "
                                            "and the month is over.", unit="reporting currency"),
    Field("loaded_missing", Kind.TEXT, "Why the loaded cost is not known: the first that is missing; null where it is.",
          allowed=MISSING),
    Field("cac_loaded_amount", Kind.MONEY, "Loaded cost per new customer.", unit="reporting currency"),
    Field("mer_ratio", Kind.RATE, "Revenue of all won deals per unit of media spend, whoever brought them.",
          unit="ratio"),
)

FIELDS: tuple[Field, ...] = COSTS
