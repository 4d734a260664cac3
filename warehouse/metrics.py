"""The agreed ratios, each defined once: marts compute them from here, the dictionary prints them from here.

A ratio is recomputed from summed parts at the grain of its row, never averaged, and never stored without its parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from crosscheck.fields.speed import BANDS
from warehouse.shims import Expression, per, ratio, wilson


@dataclass(frozen=True)
class Metric:
    """One ratio: `numerator` columns (the first one minus the others) over `denominator`.

    `only_if` names two counts that must be equal, else the metric is null: the parts are not all known.
    """

    name: str
    meaning: str
    numerator: tuple[str, ...]
    denominator: str
    unit: str
    only_if: tuple[str, str] | None = None

    @property
    def formula(self) -> str:
        """The definition as a person writes it."""
        above = " - ".join(self.numerator)
        return f"{f'({above})' if len(self.numerator) > 1 else above} / {self.denominator}"

    @property
    def null_rule(self) -> str:
        """When there is no value: never 0, never infinity."""
        rule = f"null when {self.denominator} is null or 0"
        return f"{rule}, or {self.only_if[0]} differs from {self.only_if[1]}" if self.only_if else rule

    def expression(self, columns: Mapping[str, Expression]) -> Expression:
        """The value from columns of one row, by name."""
        first, *others = (columns[name] for name in self.numerator)
        above: Expression = first
        for other in others:
            above = above - other
        divide = per if self.unit == "reporting currency" else ratio
        value: Expression = divide(above, columns[self.denominator])
        if self.only_if is None:
            return value
        return sa.case((columns[self.only_if[0]] == columns[self.only_if[1]], value))


_SPEND, _REVENUE, _MARGIN = "spend_reporting_amount", "revenue_reporting_amount", "gross_margin_reporting_amount"

RETURN_METRICS: tuple[Metric, ...] = (
    Metric("cpl_amount", "Cost per lead: what marketing pays for a person with contact data.",
           (_SPEND,), "unique_lead_count", "reporting currency"),
    Metric("cpql_amount", "Cost per qualified lead: the fair unit price between the two departments.",
           (_SPEND,), "qualified_count", "reporting currency"),
    Metric("cac_media_amount", "Media cost of a new customer; salaries and fees are not in it.",
           (_SPEND,), "won_count", "reporting currency"),
    Metric("roas_ratio", "Revenue per unit of spend; gross of the cost of goods, so it flatters.",
           (_REVENUE,), _SPEND, "ratio"),
    Metric("roi_ratio", "Gross profit left after the spend, per unit of spend: the headline.",
           (_MARGIN, _SPEND), _SPEND, "ratio", only_if=("margin_known_count", "won_deal_count")),
    Metric("roi_revenue_ratio", "The same by revenue, for companies that do not record margins; flatters.",
           (_REVENUE, _SPEND), _SPEND, "ratio"),
)

FIVE_RATIOS: tuple[Metric, ...] = (
    Metric("reached_rate", "Leads actually spoken to.", ("reached_count",), "unique_lead_count", "share"),
    Metric("hot_rate", "Leads likely to sign.", ("hot_count",), "unique_lead_count", "share"),
    Metric("potential_rate", "Leads with the need, but not yet the money or the time.", ("potential_count",),
           "unique_lead_count", "share"),
    Metric("wrong_target_rate", "Leads outside the agreed portrait.", ("wrong_target_count",), "unique_lead_count",
           "share"),
    Metric("closed_rate", "Leads that bought.", ("closed_count",), "unique_lead_count", "share"),
)

STATE = Metric("state_rate", "Leads that came to one of the five states; of a young month so far.", ("state_count",),
               "unique_lead_count", "share")

COVERAGE = Metric("coverage_rate", "Leads that sales recorded anything about; low coverage makes the five ratios "
                  "say little.", ("covered_lead_count",), "unique_lead_count", "share")

COVERED = Metric("covered_rate", "How much of what a metric is about holds what it needs; below `needed_rate` the "
                 "metric is not published.", ("covered_count",), "eligible_count", "share")

UNFIT = Metric("unfit_rate", "Leads that nobody could have sold to: dead contacts and people outside the portrait.",
               ("unfit_count",), "unique_lead_count", "share")

VERDICT = Metric("verdict_rate", "Leads on which sales said at all what they are worth; whoever calls the leads unfit "
                 "must have judged them.", ("unique_lead_count", "unjudged_count"), "unique_lead_count", "share")

WASTE_METRICS: tuple[Metric, ...] = tuple(
    Metric(f"{part}_spend_rate", meaning, (f"{part}_spend_amount",), _SPEND, "share") for part, meaning in (
        ("invalid_contact", "Money spent on contacts that are dead or wrong."),
        ("wrong_target", "Money spent on people outside the agreed portrait."),
        ("unfit", "Money spent on either.")))

DISCOUNT = Metric("discount_rate", "What sales let off the list price, of the deals whose discount is on record.",
                  ("discount_reporting_amount",), "list_reporting_amount", "share")

KEPT = Metric("kept_ratio", "What is left of the orders brought home after cancellations, deletions and returns.",
              ("net_reporting_amount",), "gross_reporting_amount", "share")

PAID = Metric("paid_ratio", "What customers paid, of the orders whose payments are on record.",
              ("paid_reporting_amount",), "payable_reporting_amount", "share")

CALL_METRICS: tuple[Metric, ...] = (
    Metric("answered_rate", "Outbound calls that somebody answered; read it beside the next one.",
           ("answered_count",), "outcome_known_count", "share"),
    Metric("wrong_number_rate", "Outbound calls to numbers that are dead or another's: no skill answers those.",
           ("wrong_number_count",), "outcome_known_count", "share"))

REVIEWED = Metric("score_per_review_ratio", "How calls were judged by who listened.", ("review_score_total",),
                  "review_count", "reviewers' scale")

SPEED_METRICS: tuple[Metric, ...] = (
    *(Metric(f"band_{band}_rate", f"Leads whose delay took {words}.", (f"band_{band}_count",), "started_count", "share")
      for band, words in BANDS.items()),
    Metric("waiting_rate", "Leads whose delay did not end within the horizon, or not yet.", ("waiting_count",),
           "started_count", "share"))

ADVISED = Metric("advised_won_rate", "Leads won of those that were spoken to: what advice made of them, before the mix "
                 "of leads is allowed for.", ("advised_won_count",), "advised_count", "share")

CONVERSION_METRICS: tuple[Metric, ...] = (
    Metric("won_to_expected_ratio", "What a salesperson won, by what the company wins of the same mix of leads.",
           ("advised_won_count",), "expected_won_count", "ratio"),
    Metric("given_won_rate", "What the leads that a salesperson was given promised, by what the company makes of the "
           "same campaigns; below `company_won_rate` they were worse than others'.", ("given_won_count",),
           "unique_lead_count", "share"),
    Metric("company_won_rate", "What the average lead of the company and quarter promised.", ("company_won_count",),
           "company_lead_count", "share"))

FAIR_EFFORT = Metric("fair_effort_rate", "Leads that were tried as often as agreed before they were let go, of those "
                     "that were owed it.", ("fair_effort_count",), "owed_count", "share")

TOUCHES = Metric("touches_per_lead_ratio", "How often a lead is touched; a mean, so read it beside the medians.",
                 ("touch_count",), "unique_lead_count", "ratio")

CAC_METRICS: tuple[Metric, ...] = (
    next(metric for metric in RETURN_METRICS if metric.name == "cac_media_amount"),
    Metric("cac_loaded_amount", "Cost of a new customer, with what people and tools of both departments cost.",
           ("loaded_cost_amount",), "won_count", "reporting currency"),
    Metric("mer_ratio", "Revenue of the whole company per unit of media spend: needs no attribution.", (_REVENUE,),
           _SPEND, "ratio"))

REMOVAL = Metric("removal_rate", "How much of what all campaigns together would be missed for is missed without this "
                 "one.", ("removal_effect",), "removal_total", "share")

DELIVERED = Metric("delivered_rate", "How often a promise about each lead was kept, of the leads of which the record "
                   "can tell.", ("met_lead_count",), "counted_lead_count", "share")

COMPLETENESS = Metric("completeness_rate", "Answers to the portrait that sales collected, of those asked for; whoever "
                      "calls leads wrong targets must have asked them.", ("answer_count",), "asked_count", "share")

FIT_METRICS: tuple[Metric, ...] = tuple(
    Metric(f"{when}fit_rate", meaning, (f"{when}fit_count",), f"{when}decided_count", "share") for when, meaning in (
        ("", "Leads that fit the agreed portrait, of those whose answers decide it."),
        ("earlier_", "The same of earlier leads.")))

METRICS: tuple[Metric, ...] = (
    *RETURN_METRICS, *FIVE_RATIOS, STATE, COVERAGE, UNFIT, VERDICT, *WASTE_METRICS, COVERED, DISCOUNT, KEPT, PAID,
    *CALL_METRICS, REVIEWED, *SPEED_METRICS, REMOVAL, ADVISED, *CONVERSION_METRICS, FAIR_EFFORT, TOUCHES,
    *CAC_METRICS[1:], DELIVERED, COMPLETENESS, *FIT_METRICS)


def bounds(metric: Metric, columns: Mapping[str, Expression]) -> tuple[Expression, Expression]:
    """Wilson 95 % bounds of a share."""
    return wilson(columns[metric.numerator[0]], columns[metric.denominator])
