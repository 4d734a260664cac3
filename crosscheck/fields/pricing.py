"""Words about prices: what was listed, what was let off, and what had been agreed."""

from crosscheck.tables import Field, Kind

FIELDS: tuple[Field, ...] = (
    Field("discount_known_count", Kind.COUNT, "Won deals of which amount and discount are both on record, neither of "
                                              "them negative.",
          unit="deals", low=0),
    Field("discounted_deal_count", Kind.COUNT, "Won deals with a discount above 0.", unit="deals", low=0),
    Field("discount_reporting_amount", Kind.MONEY, "Discount in the reporting currency, at the rate of the closing "
                                                   "day.", unit="reporting currency"),
    Field("list_reporting_amount", Kind.MONEY, "List prices, amount and discount together, of the deals of which both "
                                               "are on record.", unit="reporting currency"),
    Field("discount_rate", Kind.RATE, "Discounts as a share of list prices.", low=0, high=1),
    Field("list_amount", Kind.MONEY, "Amount and discount together, in the deal's currency.", unit="currency"),
    Field("promotion_name", Kind.TEXT, "The approved promotion of the campaign and closing day that allows most, the "
                                       "first by name among equals; (none) where there is none."),
    Field("allowed_amount", Kind.MONEY, "The discount that this promotion allows on the list price.", unit="currency"),
    Field("excess_amount", Kind.MONEY, "Discount beyond what was allowed: margin given away.", unit="currency"),
    Field("excess_reporting_amount", Kind.MONEY, "The same in the reporting currency, at the rate of the closing day.",
          unit="reporting currency"),
)
