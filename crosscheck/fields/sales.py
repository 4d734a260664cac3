"""Words about what was brought home: orders after the win, calls, and what interactions went along with."""

from crosscheck.tables import Field, Kind

#: What became of an order since it was won: it stands, its customer or the company took it back, or it was deleted.
ORDER_STATES = ("standing", "cancelled", "deleted")
_UNIT = "reporting currency"

FIELDS: tuple[Field, ...] = (
    Field("order_state", Kind.TEXT, "What became of the order since it was won.", allowed=ORDER_STATES),
    Field("is_history_known", Kind.FLAG, "The source tells when the order became won, so that a cancellation would be "
                                         "seen."),
    Field("cancelled_at", Kind.INSTANT, "When it ceased to be won, UTC; null while it stands, and where it was "
                                        "deleted."),
    Field("returned_reporting_amount", Kind.MONEY, "What came back of orders that stand, at the rates of their closing "
                                                   "days; null where none has it on record.", unit=_UNIT),
    Field("paid_reporting_amount", Kind.MONEY, "What customers paid of orders that stand, at the rates of their "
                                               "closing days; null where no source says.", unit=_UNIT),
    Field("order_count", Kind.COUNT, "Orders that were ever won, whatever became of them.", unit="orders", low=0),
    Field("history_known_count", Kind.COUNT, "Those of them whose source tells when they were won, so that a "
                                             "cancellation would be seen.", unit="orders", low=0),
    Field("cancelled_count", Kind.COUNT, "Orders cancelled after they were won; null where no source would tell.",
          unit="orders", low=0),
    Field("deleted_count", Kind.COUNT, "Orders deleted at the source after they were won.", unit="orders", low=0),
    Field("standing_count", Kind.COUNT, "Orders that stand as won.", unit="orders", low=0),
    Field("return_known_count", Kind.COUNT, "Orders that stand and have a return on record, 0 included.",
          unit="orders", low=0),
    Field("returned_count", Kind.COUNT, "Orders that stand and of which something came back.", unit="orders", low=0),
    Field("payment_known_count", Kind.COUNT, "Orders that stand, with their amount, of which the source says what was "
                                             "paid.", unit="orders", low=0),
    Field("unpaid_count", Kind.COUNT, "Those of them of which nothing was paid.", unit="orders", low=0),
    Field("gross_reporting_amount", Kind.MONEY, "Amounts of all orders that were ever won, at the rates of their "
                                                "closing days.", unit=_UNIT),
    Field("cancelled_reporting_amount", Kind.MONEY, "Amounts of those cancelled after they were won.", unit=_UNIT),
    Field("deleted_reporting_amount", Kind.MONEY, "Amounts of those deleted after they were won.", unit=_UNIT),
    Field("net_reporting_amount", Kind.MONEY, "What was brought home: gross, less what was cancelled, deleted and "
                                              "returned.", unit=_UNIT),
    Field("payable_reporting_amount", Kind.MONEY, "Amounts of the orders of which the source says what was paid.",
          unit=_UNIT),
    Field("kept_ratio", Kind.RATE, "Net as a share of gross."),
    Field("paid_ratio", Kind.RATE, "What was paid as a share of what was to be paid."),
)
