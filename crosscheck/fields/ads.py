"""Words about ad accounts, campaigns, spend and what platforms claim."""

from crosscheck.tables import Field, Kind

LEVELS = ("account", "campaign", "ad_group", "ad")

FIELDS = (
    Field("platform", Kind.TEXT, "Where the ad ran: the connector's name, or what a file mapping declares."),
    Field("account_id", Kind.ID, "The platform's id of the ad account, or the CRM tenant."),
    Field("account_name", Kind.TEXT, "The account's name on the platform."),
    Field("account_status", Kind.TEXT, "The platform's own word for the account's state."),
    Field("manager_id", Kind.ID, "The manager account through which it was reached, if any."),
    Field("currency_code", Kind.TEXT, "ISO 4217 currency of the amounts in this row."),
    Field("time_zone", Kind.TEXT, "IANA zone in which the account's days begin."),
    Field("campaign_id", Kind.ID, "The platform's campaign id; empty text above campaign level."),
    Field("campaign_name", Kind.TEXT, "The campaign's name as of the row's day."),
    Field("campaign_name_norm", Kind.TEXT, "The campaign's name, NFC, case-folded, spaces collapsed: for matching."),
    Field("campaign_status", Kind.TEXT, "The platform's own word for the campaign's state."),
    Field("channel", Kind.TEXT, "The platform's channel type: search, video, display."),
    Field("objective", Kind.TEXT, "The platform's objective of the campaign."),
    Field("ad_group_id", Kind.ID, "The platform's ad group (Meta: ad set) id; empty text above that level."),
    Field("ad_group_name", Kind.TEXT, "The ad group's name as of the row's day."),
    Field("ad_id", Kind.ID, "The platform's ad id; empty text above that level."),
    Field("ad_name", Kind.TEXT, "The ad's name as of the row's day."),
    Field("valid_from_day", Kind.DAY, "First account-local day on which this version of the entity was seen."),
    Field("level", Kind.TEXT, "Grain at which the platform reported the row; account rows are control totals.",
          allowed=LEVELS),
    Field("day", Kind.DAY, "The account's own calendar day (spend basis)."),
    Field("spend_amount", Kind.MONEY, "Cost in the account's currency; negative for credits.", unit="currency"),
    Field("impression_count", Kind.COUNT, "Times an ad was shown.", low=0),
    Field("click_count", Kind.COUNT, "Clicks as the platform counts them.", low=0),
    Field("claimed_conversion_count", Kind.QUANTITY,
          "Conversions the platform claims for itself; fractional; never summed across platforms."),
    Field("claimed_value_amount", Kind.MONEY, "Conversion value the platform claims for itself.", unit="currency"),
    Field("engagement_kind", Kind.TEXT, "Kind of interaction: engagement, reaction, comment, share, video_view."),
    Field("engagement_count", Kind.COUNT, "Interactions of that kind; null where the platform reports none.", low=0),
    Field("touch_kind", Kind.TEXT, "What kind of id the platform recorded: gclid, vendor_lead_id."),
    Field("touch_id", Kind.ID, "The click id or lead-form id as the platform recorded it."),
    Field("from_currency", Kind.TEXT, "ISO 4217 currency to convert from."),
    Field("to_currency", Kind.TEXT, "ISO 4217 currency to convert to."),
    Field("fx_rate", Kind.QUANTITY, "Units of to_currency for one unit of from_currency."),
)
