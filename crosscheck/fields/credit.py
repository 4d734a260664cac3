"""The vocabulary of attribution: touches, ways, and how a deal is divided among them."""

from __future__ import annotations

from crosscheck.tables import Field, Kind

ATTRIBUTION_MODELS = ("first_touch", "last_touch", "last_non_direct", "first_paid", "last_paid", "linear", "u_shaped",
                      "w_shaped", "time_decay", "markov", "shapley")

CREDIT = (
    Field("touch_at", Kind.INSTANT, "When the lead was created that the touch left, UTC."),
    Field("is_own", Kind.FLAG, "The campaign is the lead's own; otherwise only a further click or form id on its "
                               "record names it."),
    Field("is_direct", Kind.FLAG, "Nothing on record says where the lead came from, beyond what somebody declared."),
    Field("is_paid", Kind.FLAG, "A campaign of an ad platform brought the touch."),
    Field("attribution_model", Kind.TEXT, "The rule by which the deal's value is divided among its touches.",
          allowed=ATTRIBUTION_MODELS),
    Field("touch_no", Kind.COUNT, "Place of the touch on the way to the deal, from 1; 0 where no touch is credited.",
          low=0),
    Field("touch_source", Kind.TEXT, "Source of the lead that the touch left; null where no touch is credited."),
    Field("touch_lead_id", Kind.ID, "The lead that the touch left; null where no touch is credited."),
    Field("path_touch_count", Kind.COUNT, "Touches on the way to the deal.", unit="touches", low=0),
    Field("lookback_days", Kind.COUNT, "Touches count when they lie at most this many days before the closing.",
          unit="days", low=1),
    Field("attribution_weight", Kind.QUANTITY, "The touch's part of the deal, to the millionth; in each model the "
                                               "parts of a deal add up to 1.", low=0, high=1),
    Field("attributed_reporting_amount", Kind.MONEY, "The touch's part of the deal's amount, at the rate of the "
                                                     "closing day; the parts add up to it.", unit="reporting currency"),
    Field("touched_deal_count", Kind.COUNT, "Won deals of which the campaign has any part.", unit="deals", low=0),
    Field("attributed_deal_count", Kind.QUANTITY, "Won deals, each by the campaign's part of it.", unit="deals", low=0),
    Field("campaign_touch_count", Kind.COUNT, "Touches by the campaign up to the end of the month.", unit="touches",
          low=0),
    Field("path_count", Kind.COUNT, "Ways of all persons up to the end of the month: from a first touch, or the first "
                                    "one after a won deal, to the next won deal or to nothing yet.", unit="ways",
          low=0),
    Field("won_path_count", Kind.COUNT, "Those of them that ended in a won deal.", unit="ways", low=0),
    Field("removal_effect", Kind.QUANTITY, "Share of the won ways that would be lost without the campaign, by the "
                                           "chain of all ways; null while fewer than 20 were won.", low=0, high=1),
    Field("removal_total", Kind.QUANTITY, "Sum of the removal effects of the month's campaigns.", low=0),
    Field("removal_rate", Kind.RATE, "The campaign's share of all removal effects.", low=0, high=1),
)

FIELDS: tuple[Field, ...] = CREDIT
