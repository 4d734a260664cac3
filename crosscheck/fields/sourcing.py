"""Words about who brought a customer: what is on record, what was said, and what was seen."""

from crosscheck.fields.crm import SIDES
from crosscheck.tables import Field, Kind

DEFINITIONS = ("recorded", "first_touch", "before_sales", "declared")
_SIDES = (*SIDES, "unknown")

FIELDS: tuple[Field, ...] = (
    Field("recorded_side", Kind.TEXT, "Who brought the person by the lead source on record, else by the campaign that "
                                      "the CRM links; of several records the earliest that credits a side.",
          allowed=_SIDES),
    Field("recorded_at", Kind.INSTANT, "Creation of the record that says so, UTC; null where none does."),
    Field("declared_side", Kind.TEXT, "Who brought the person by what the customer or the salesperson said; of several "
                                      "records the earliest that credits a side.", allowed=_SIDES),
    Field("declared_at", Kind.INSTANT, "Creation of the record on which that is said, UTC; null where it is on none."),
    Field("first_touch_side", Kind.TEXT, "Who brought the person by the first touch: sales where a sales act came "
                                         "before the first record, else marketing where that record is tracked.",
          allowed=_SIDES),
    Field("before_sales_side", Kind.TEXT, "Who brought the person by all touches: marketing where a tracked record "
                                          "is no later than the first sales act, else sales where there is such an "
                                          "act.", allowed=_SIDES),
    Field("first_record_at", Kind.INSTANT, "Creation of the person's first record that was ever read, one merged away "
                                           "since included, UTC."),
    Field("tracked_at", Kind.INSTANT, "Creation of the person's first record with a form, a click id or a UTM "
                                      "parameter, UTC."),
    Field("tracked_by", Kind.TEXT, "The strongest of these marks on that record.",
          allowed=("platform_form", "click_id", "utm", "form")),
    Field("sales_act_at", Kind.INSTANT, "First outbound touch of the person that was not automatic, or creation of the "
                                        "first deal, whichever came first, UTC."),
    Field("sales_act", Kind.TEXT, "Which of the two it was.", allowed=("touch", "deal")),
    Field("definition", Kind.TEXT, "By what it is told who brought a customer.", allowed=DEFINITIONS),
    Field("sourcing_side", Kind.TEXT, "Who brought the customer, by the definition of the row.", allowed=_SIDES),
    Field("sourcing_conflict", Kind.TEXT, "Which two statements about the person's origin credit different sides.",
          allowed=("recorded_against_touch", "declared_against_touch", "recorded_against_declared")),
)
