"""The vocabulary of leaks: why leads of a mature month were not won."""

from __future__ import annotations

from crosscheck.tables import Field, Kind

LEAK_CAUSES = (
    "test_lead", "duplicate", "won", "invalid_contact", "existing_customer", "nothing_recorded", "never_assigned",
    "never_attempted", "effort_not_recorded", "attempted_late", "given_up_early", "unreachable", "wrong_target",
    "wrong_target_unsupported", "reached_no_follow_up", "lost_price", "lost_competitor", "lost_other", "lost_no_reason",
    "still_open")

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

FIELDS: tuple[Field, ...] = (*LEAKS, *BUSINESS_DAYS)
