"""Words about what customers cost, people and tools included, and when that comes back."""

from crosscheck.tables import Field, Kind

MISSING = ("month_not_over", "media_spend", "exchange_rate", "marketing_cost", "sales_cost")
PAYBACKS = ("paid_back", "cost_unknown", "margin_unknown", "running", "open")

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

PAYBACK = (
    Field("age_months", Kind.COUNT, "Calendar months since the one in which the leads were created; 0 is that month.",
          unit="months", low=0),
    Field("assumed_margin_amount", Kind.MONEY, "What deals without a margin on record are taken to have brought, by "
                                               "the agreed default rate; 0 where none was agreed.",
          unit="reporting currency"),
    Field("margin_missing_count", Kind.COUNT, "Won deals of which neither a margin nor an assumed one is known.",
          unit="deals", low=0),
    *(Field(f"{kind}_payback", Kind.TEXT, f"Whether the margin has covered the {words} by the end of the row's month.",
            allowed=PAYBACKS) for kind, words in (("media", "media spend"), ("loaded", "loaded cost"))),
    *(Field(f"{kind}_payback_months", Kind.COUNT, f"The first age at which the margin covered the {words}; null until "
                                                  "then.", unit="months", low=0)
      for kind, words in (("media", "media spend"), ("loaded", "loaded cost"))),
)

FIELDS: tuple[Field, ...] = (*COSTS, *PAYBACK)
