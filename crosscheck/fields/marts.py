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
    Field("is_unique", Kind.FLAG, "The lead is its own head: the first one of its person, and no test."),
    Field("is_test", Kind.FLAG, "Somebody's trial of a form, by the signs in `rules/test_leads.yaml`: no person's."),
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

FRESHNESS = (
    Field("stream", Kind.TEXT, "The stream of the source, by its connector's name for it."),
    Field("complete_to_day", Kind.DAY, "Newest account-local day that has been read completely."),
    Field("last_success_at", Kind.INSTANT, "As-of instant of the newest run that read the stream, UTC."),
    Field("lag_days", Kind.COUNT, "Days between the newest complete day and yesterday in the business zone.",
          unit="days"),
    Field("is_stale", Kind.FLAG, "Not read in the time its source is allowed."),
    Field("last_error", Kind.TEXT, "Why the newest attempt failed, without values; null where it succeeded."),
    Field("paused_until_day", Kind.DAY, "Last day, in the business zone, on which nights leave the source out on "
                                        "purpose; null where they do not."),
    Field("pause_reason", Kind.TEXT, "Why they do, in the words of whoever said so."),
    Field("paused_by", Kind.TEXT, "The login that said so."),
)

DERIVED = (
    Field("key_kind", Kind.TEXT, "What the key is: an id or a normalised name of a campaign.", allowed=("id", "name")),
    Field("scope", Kind.TEXT, "The platform within which the key is looked up; empty text: all platforms."),
    Field("match_key", Kind.TEXT, "A campaign's id or normalised name."),
    Field("campaign_count", Kind.COUNT, "Campaigns that the key names; more than one is ambiguous.", low=1),
    Field("fingerprint", Kind.TEXT, "Content version of rules, currency, zone and definitions behind the marts."),
)

FIELDS: tuple[Field, ...] = (
    *PERIODS, *IDENTITY, *OUTCOMES, *COUNTS, *AMOUNTS, *TIE_OUT, *RATIOS, *COVERAGE, *DISPUTES, *FRESHNESS, *DERIVED)
