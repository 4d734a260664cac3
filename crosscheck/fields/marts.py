"""Words of the published tables, and of the derived tables between staging and them."""

from crosscheck.fields.sourcing import DEFINITIONS
from crosscheck.tables import Field, Kind

MATCH_METHODS = ("vendor_lead_id", "click_id", "utm_campaign_id", "utm_campaign_name", "crm_campaign_id",
                 "crm_campaign_name", "none")
UNMATCHED_REASONS = ("ambiguous_name", "unknown_click_id", "unknown_campaign", "fbclid_only", "self_declared_only",
                     "no_tracking")

CONTRADICTIONS = ("wrong_target_but_won", "lost_but_won", "invalid_contact_but_won", "reached_without_contact",
                  "won_before_created", "touched_before_created", "reached_after_won", "wrong_target_then_hot",
                  "invalid_contact_then_hot")

LEAK_CAUSES = (
    "duplicate", "won", "invalid_contact", "existing_customer", "nothing_recorded", "never_assigned", "never_attempted",
    "attempted_late", "given_up_early", "unreachable", "wrong_target", "wrong_target_unsupported",
    "reached_no_follow_up", "lost_price", "lost_competitor", "lost_other", "lost_no_reason", "still_open")

ATTRIBUTION_MODELS = ("first_touch", "last_touch", "last_non_direct", "first_paid", "last_paid", "linear", "u_shaped",
                      "w_shaped", "time_decay", "markov", "shapley")

PERIODS = (
    Field("cohort_week", Kind.DAY, "Monday of the week of the lead's creation, business zone."),
    Field("cohort_month", Kind.DAY, "First day of the month of the lead's creation, business zone."),
    Field("created_month", Kind.DAY, "First day of the month in which the record was created, business zone."),
    Field("close_month", Kind.DAY, "First day of the month: spend by the account's day, deals by closing day, "
                                   "leads by creation day."),
    Field("horizon_days", Kind.COUNT, "Outcomes count when they happened at most this many days after creation.",
          unit="days", low=1),
    Field("is_matured", Kind.FLAG, "Every lead of the period has passed the horizon: the row changes no more by age."),
    Field("is_small_sample", Kind.FLAG, "Fewer than 20 unique leads, or in a table of deals fewer than 20 that "
                                         "count: counts are shown, rates are not."),
)

IDENTITY = (
    Field("head_source", Kind.TEXT, "Source of the head lead, to which all outcomes of the person belong."),
    Field("head_lead_id", Kind.ID, "Head lead: merges followed, then the person's first lead."),
    Field("head_created_at", Kind.INSTANT, "When the head lead was created, UTC."),
    Field("is_unique", Kind.FLAG, "The lead is its own head: the first one of its person."),
    Field("is_valid", Kind.FLAG, "Unique, with a valid e-mail or phone, and never found to be an invalid contact."),
    Field("has_status", Kind.FLAG, "At least one status or activity is recorded for the lead or its repeats; "
                                   "null on repeats."),
    Field("match_method", Kind.TEXT, "How the campaign was found; the first that applies wins.",
          allowed=MATCH_METHODS),
    Field("match_confidence", Kind.RATE, "How far the method can be trusted: 1 exact id, 0 none.", low=0, high=1),
    Field("unmatched_reason", Kind.TEXT, "Why no campaign was found; null where one was.", allowed=UNMATCHED_REASONS),
)

OUTCOMES = (
    Field("first_touch_at", Kind.INSTANT, "First recorded outbound touch, not automatic, at or after the lead's "
                                          "creation, UTC; a status alone is none."),
    Field("attempted_at", Kind.INSTANT, "First outbound touch that was not automatic, UTC."),
    Field("reached_at", Kind.INSTANT, "First two-way contact: call of 20 s or more, reply, meeting, or a status "
                                      "that means it, UTC."),
    Field("hot_at", Kind.INSTANT, "When the lead first was hot, UTC."),
    Field("potential_at", Kind.INSTANT, "When the lead first was potential: need yes, money or time not yet, UTC."),
    Field("wrong_target_at", Kind.INSTANT, "When the lead was first found to be outside the portrait, UTC."),
    Field("invalid_contact_at", Kind.INSTANT, "When the contact data was first found to be dead or wrong, UTC."),
    Field("lost_at", Kind.INSTANT, "When the lead was first recorded as lost, UTC."),
    Field("first_won_at", Kind.INSTANT, "Closing of the first won deal of the head lead, UTC."),
    Field("is_first_win", Kind.FLAG, "The deal made a new customer: first won deal of its head lead."),
    Field("fx_day", Kind.DAY, "The day of the exchange rate that was used."),
    Field("deal_reporting_amount", Kind.MONEY, "Deal amount in the reporting currency, at the rate of the closing day.",
          unit="reporting currency"),
    Field("reporting_currency_code", Kind.TEXT, "ISO 4217 currency of every reporting amount in the row."),
)

COUNTS = (
    Field("lead_count", Kind.COUNT, "Leads not merged away, repeats of known persons included.", unit="leads", low=0),
    Field("unique_lead_count", Kind.COUNT, "Leads that were the first of their person.", unit="leads", low=0),
    Field("valid_lead_count", Kind.COUNT, "Unique leads that can be contacted.", unit="leads", low=0),
    Field("reached_count", Kind.COUNT, "Unique leads reached within the horizon.", unit="leads", low=0),
    Field("hot_count", Kind.COUNT, "Unique leads that were hot within the horizon.", unit="leads", low=0),
    Field("potential_count", Kind.COUNT, "Unique leads that were potential within the horizon.", unit="leads", low=0),
    Field("wrong_target_count", Kind.COUNT, "Unique leads found to be wrong targets within the horizon.",
          unit="leads", low=0),
    Field("closed_count", Kind.COUNT, "Unique leads with a won deal within the horizon.", unit="leads", low=0),
    Field("covered_lead_count", Kind.COUNT, "Unique leads with at least one recorded status or activity.",
          unit="leads", low=0),
    Field("qualified_count", Kind.COUNT, "Unique leads reached, and neither wrong target nor invalid contact.",
          unit="leads", low=0),
    Field("invalid_contact_count", Kind.COUNT, "Unique leads found to be invalid contacts within the horizon.",
          unit="leads", low=0),
    Field("unfit_count", Kind.COUNT, "Unique leads found to be invalid contacts or wrong targets within the horizon; "
                                     "one that is both counts once.", unit="leads", low=0),
    Field("unjudged_count", Kind.COUNT, "Unique leads without a verdict within the horizon: neither hot, potential, "
                                        "wrong target, invalid contact, lost nor won.", unit="leads", low=0),
    Field("won_count", Kind.COUNT, "New customers: head leads with their first won deal.", unit="customers", low=0),
    Field("won_deal_count", Kind.COUNT, "Won deals.", unit="deals", low=0),
    Field("margin_known_count", Kind.COUNT, "Won deals whose gross margin is known.", unit="deals", low=0),
)

AMOUNTS = (
    Field("spend_reporting_amount", Kind.MONEY, "Spend in the reporting currency, at the rate of the spend day.",
          unit="reporting currency"),
    Field("invalid_contact_spend_amount", Kind.MONEY, "Part of the spend that went to invalid contacts, those included "
                                                      "that are wrong targets too.", unit="reporting currency"),
    Field("wrong_target_spend_amount", Kind.MONEY, "Part of the spend that went to wrong targets whose contact "
                                                   "is not invalid.", unit="reporting currency"),
    Field("unfit_spend_amount", Kind.MONEY, "Part of the spend that went to invalid contacts and wrong targets.",
          unit="reporting currency"),
    Field("unjudged_spend_amount", Kind.MONEY, "Part of the spend that went to leads without a verdict.",
          unit="reporting currency"),
    Field("judged_fit_spend_amount", Kind.MONEY, "Part of the spend that went to leads with a verdict that is "
                                                 "neither.", unit="reporting currency"),
    Field("spend_without_lead_amount", Kind.MONEY, "Spend of a month without any unique lead; 0 where there is one.",
          unit="reporting currency"),
    Field("revenue_reporting_amount", Kind.MONEY, "Amounts of won deals, at the rates of their closing days.",
          unit="reporting currency"),
    Field("gross_margin_reporting_amount", Kind.MONEY, "Known gross margins of won deals, at the rates of their "
                                                       "closing days.", unit="reporting currency"),
    Field("control_amount", Kind.MONEY, "The account's own total of the day; null where it reports none.",
          unit="currency"),
    Field("finer_amount", Kind.MONEY, "Sum of the rows of the level.", unit="currency"),
    Field("unallocated_amount", Kind.MONEY, "Control total minus the sum of the level.", unit="currency"),
)

#: What ties out: won deals told in several ways, and leads.
WON_BY = tuple(f"won_by_{way}" for way in ("close_date", "cohort", *DEFINITIONS))
LEADS_IN = "leads_in"
TIE_OUT = (
    Field("statement", Kind.TEXT, "What is counted twice: won deals, by the way on which they are found, or leads.",
          allowed=(*WON_BY, LEADS_IN)),
    *(Field(f"{way}_{ending}", kind, meaning, unit=unit, low=0 if ending == "count" and way != "difference" else None)
      for way, what in (("told", "in the published tables"), ("crm", "in the CRM's own records"),
                        ("explained", "in the CRM's records that rightly are in no such table"),
                        ("difference", "in the CRM's records that nothing accounts for: must be 0"))
      for ending, kind, unit, meaning in (
          ("count", Kind.COUNT, "", f"Deals or leads {what}."),
          ("reporting_amount", Kind.MONEY, "reporting currency", f"Amount of the deals {what}; null for leads."))),
    Field("explanation", Kind.TEXT, "Why these are in no such table; null where there are none.",
          allowed=("no_known_lead", "merged_away")),
)

RATIOS = (
    Field("cpl_amount", Kind.MONEY, "Cost per lead.", unit="reporting currency"),
    Field("cpql_amount", Kind.MONEY, "Cost per qualified lead: the fair price between the departments.",
          unit="reporting currency"),
    Field("cac_media_amount", Kind.MONEY, "Media cost per new customer; salaries and other costs are not in it.",
          unit="reporting currency"),
    Field("roas_ratio", Kind.RATE, "Revenue per unit of spend.", unit="ratio"),
    Field("roi_ratio", Kind.RATE, "Return on spend after cost of goods; null unless every won deal's margin is known.",
          unit="ratio"),
    Field("roi_revenue_ratio", Kind.RATE, "Return on spend by revenue alone; flatters, always available.",
          unit="ratio"),
    Field("coverage_rate", Kind.RATE, "Share of unique leads with any recorded status or activity.", low=0, high=1),
    Field("verdict_rate", Kind.RATE, "Share of unique leads with a verdict within the horizon.", low=0, high=1),
    Field("invalid_contact_spend_rate", Kind.RATE, "Share of the spend that went to invalid contacts.",
          low=0, high=1),
    Field("wrong_target_spend_rate", Kind.RATE, "Share of the spend that went to wrong targets.",
          low=0, high=1),
    Field("unfit_spend_rate", Kind.RATE, "Share of the spend that went to invalid contacts and wrong targets.",
          low=0, high=1),
    *(Field(f"{state}_rate{bound}", Kind.RATE, meaning, low=0, high=1)
      for state, word in (("reached", "reached"), ("hot", "hot"), ("potential", "potential"),
                          ("wrong_target", "wrong targets"), ("closed", "won"), ("unfit", "unfit"))
      for bound, meaning in (("", f"Share of unique leads that were {word} within the horizon."),
                             ("_low", f"Lower Wilson 95 % bound of the share {word}."),
                             ("_high", f"Upper Wilson 95 % bound of the share {word}."))),
)

COVERAGE = (
    Field("metric", Kind.TEXT, "The metric that is published, or not."),
    Field("eligible_count", Kind.COUNT, "What the metric is about: unique leads, or won deals.", low=0),
    Field("covered_count", Kind.COUNT, "Those of them whose record holds what the metric needs.", low=0),
    Field("covered_rate", Kind.RATE, "Share of the eligible that is covered; null when there are none.", low=0, high=1),
    Field("needed_rate", Kind.RATE, "Share that must be covered before the metric is published.", low=0, high=1),
    Field("is_published", Kind.FLAG, "Enough is covered; otherwise the metric is not published, rather than guessed."),
    Field("reason", Kind.TEXT, "Why the metric is not published, in plain words; null where it is."),
)

DISPUTES = (
    Field("contradiction", Kind.TEXT, "Which two records of the lead cannot both be true.", allowed=CONTRADICTIONS),
    Field("responsible", Kind.TEXT, "Who has to clear it up.", allowed=("marketing", "sales", "both")),
    Field("claim", Kind.TEXT, "What one record says of the lead.",
          allowed=("wrong_target", "lost", "invalid_contact", "reached", "created")),
    Field("claim_at", Kind.INSTANT, "When that was, by its own record, UTC."),
    Field("contrary", Kind.TEXT, "What another record says, or what is missing.",
          allowed=("won", "no_answered_contact", "touched", "hot")),
    Field("contrary_at", Kind.INSTANT, "When that was, by its own record, UTC; null where something is missing."),
)

LEAKS = (
    Field("leak_cause", Kind.TEXT, "The first cause, in the agreed order, that holds of the lead.",
          allowed=LEAK_CAUSES),
    Field("leak_owner", Kind.TEXT, "Who can close this leak.",
          allowed=("marketing", "routing", "sales", "both", "nobody")),
    Field("cause_no", Kind.COUNT, "Place of the cause in the order in which causes are tried, from 1.", low=1),
    Field("lead_kind", Kind.TEXT, "The first kind of lead in `rules/sla.yaml` that fits: its promise holds."),
    Field("due_at", Kind.INSTANT, "Until when the lead was to be attempted first, UTC."),
    Field("evidence", Kind.TEXT, "What the cause rests on, by its name in lead_fact where it stands there; null where "
                                 "it rests on what is missing."),
    Field("evidence_at", Kind.INSTANT, "When that was, UTC; null where the cause rests on what is missing."),
    Field("attempt_count", Kind.COUNT, "Recorded outbound touches of the person within the horizon; a status is none.",
          unit="touches", low=0),
    Field("won_lead_count", Kind.COUNT, "Leads of the whole company and month that were won within the horizon and "
                                        "whose amounts are known.", unit="leads", low=0),
    Field("margin_known_lead_count", Kind.COUNT, "Those of them whose margins are known.", unit="leads", low=0),
    Field("average_revenue_amount", Kind.MONEY, "Revenue of a won lead of the company and month, cut down to a "
                                                "millionth; null where none was won.", unit="reporting currency"),
    Field("average_margin_amount", Kind.MONEY, "Gross margin of a won lead of the company and month whose margins are "
                                               "known.", unit="reporting currency"),
    Field("leak_revenue_amount", Kind.MONEY, "Leads times the average revenue of a won lead; 0 for repeats.",
          unit="reporting currency"),
    Field("leak_margin_amount", Kind.MONEY, "Leads times the average gross margin of a won lead; 0 for repeats.",
          unit="reporting currency"),
)

BUSINESS_DAYS = (
    Field("business_day", Kind.DAY, "A calendar day of the business zone."),
    Field("opens_at", Kind.INSTANT, "When business hours begin that day, UTC; null on a day off."),
    Field("closes_at", Kind.INSTANT, "When they end, UTC; null on a day off."),
    Field("next_opens_at", Kind.INSTANT, "When business hours begin next after that day, UTC."),
)

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

FRESHNESS = (
    Field("stream", Kind.TEXT, "The stream of the source, by its connector's name for it."),
    Field("complete_to_day", Kind.DAY, "Newest account-local day that has been read completely."),
    Field("last_success_at", Kind.INSTANT, "As-of instant of the newest run that read the stream, UTC."),
    Field("lag_days", Kind.COUNT, "Days between the newest complete day and yesterday in the business zone.",
          unit="days"),
    Field("is_stale", Kind.FLAG, "Not read in the time its source is allowed."),
    Field("last_error", Kind.TEXT, "Why the newest attempt failed, without values; null where it succeeded."),
)

DERIVED = (
    Field("key_kind", Kind.TEXT, "What the key is: an id or a normalised name of a campaign.", allowed=("id", "name")),
    Field("scope", Kind.TEXT, "The platform within which the key is looked up; empty text: all platforms."),
    Field("match_key", Kind.TEXT, "A campaign's id or normalised name."),
    Field("campaign_count", Kind.COUNT, "Campaigns that the key names; more than one is ambiguous.", low=1),
    Field("fingerprint", Kind.TEXT, "Content version of rules, currency, zone and definitions behind the marts."),
)

FIELDS: tuple[Field, ...] = (
    *PERIODS, *IDENTITY, *OUTCOMES, *COUNTS, *AMOUNTS, *TIE_OUT, *RATIOS, *COVERAGE, *DISPUTES, *LEAKS, *BUSINESS_DAYS,
    *CREDIT, *FRESHNESS, *DERIVED)
