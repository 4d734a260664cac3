"""The vocabulary of what both heads agreed on: changed rules, and promises."""

from __future__ import annotations

from dataclasses import dataclass

from crosscheck.fields.appeals import APPEALABLE
from crosscheck.fields.crm import SIDES
from crosscheck.tables import Field, Kind


@dataclass(frozen=True)
class Promise:
    """Something that a side may promise: a count, an amount or a share, at most or else at least so much of it."""

    name: str
    side: str
    kind: str
    is_at_most: bool = False
    is_of_campaigns: bool = True


PROMISES = (
    Promise("budget", "marketing", "amount", is_at_most=True), Promise("leads", "marketing", "count"),
    Promise("qualified_leads", "marketing", "count"), Promise("in_time", "sales", "share"),
    Promise("fair_effort", "sales", "share", is_of_campaigns=False), Promise("wins", "sales", "count"))

RULED = (*APPEALABLE, "qualified")

RULE_CHANGES: tuple[Field, ...] = (
    Field("old_rule_version", Kind.TEXT, "The version that was published before."),
    Field("new_rule_version", Kind.TEXT, "The version that took its place."),
    Field("changed_day", Kind.DAY, "Business day of the night that first went by the new version."),
    Field("ruled_state", Kind.TEXT, "A state of `lead_fact`, or qualified as in the tables of campaigns.",
          allowed=RULED),
    *(Field(f"{name}_count", Kind.COUNT, f"Unique leads {meaning}.", unit="leads", low=0) for name, meaning in (
        ("old_rule", "in the state by the old version, of what was on record that night"),
        ("new_rule", "in the state by the new version, of the same records"),
        ("moved_in", "in the state by the new version and not by the old one"),
        ("moved_out", "in the state by the old version and not by the new one"),
        ("redated", "in the state by both, but since another instant: within a horizon they may count otherwise"))),
    Field("moved_table", Kind.TEXT, "A published table of which a total is another one by the new version."),
    Field("moved_measure", Kind.TEXT, "Which column was added up over all of its rows; row_count: how many there are."),
    *(Field(f"{word}_total_{ending}", kind, f"The total by the {word} version, of the records of that night; null for "
                                            "the other kind of total, and where nothing was known.", unit=unit)
      for word in ("old", "new")
      for ending, kind, unit in (("count", Kind.COUNT, ""), ("reporting_amount", Kind.MONEY, "reporting currency"))),
    Field("rule_content", Kind.TEXT, "Everything that the version of the file says, as JSON."),
)

PROMISED: tuple[Field, ...] = (
    Field("agreement", Kind.TEXT, "A charter by its name, or a month of the whole company as in 2026-10."),
    Field("promise", Kind.TEXT, "What was promised, by its name in rules/commitments.yaml.",
          allowed=tuple(promise.name for promise in PROMISES)),
    Field("promised_by", Kind.TEXT, "Which department promised it.", allowed=SIDES),
    Field("is_at_most", Kind.FLAG, "The promise is kept by no more than so much; else by no less."),
    Field("first_day", Kind.DAY, "First day of the period: spend by the account's day, leads by creation, wins by "
                                 "closing, business zone."),
    Field("last_day", Kind.DAY, "Its last day."),
    *(Field(f"{word}_{ending}", kind, f"{meaning} {what}; null where the promise is of another kind.", unit=unit)
      for word, meaning in (("promised", "What was promised"), ("delivered", "What is on record so far"))
      for ending, kind, what, unit in (
          ("count", Kind.COUNT, "as a number of leads or customers", ""),
          ("reporting_amount", Kind.MONEY, "as an amount", "reporting currency"))),
    Field("promised_amount", Kind.MONEY, "What was promised as an amount, as the file has it.", unit="currency"),
    Field("promised_share", Kind.QUANTITY, "What was promised as a share of leads; null where the promise is of "
                                           "another kind.", unit="share", low=0, high=1),
    *(Field(f"delivered_rate{end}", Kind.RATE, f"{word} of the counted leads for which the promise was kept; null "
                                               "below 20.", low=0, high=1)
      for end, word in (("", "Share"), ("_low", "Lower Wilson 95 % bound of the share"),
                        ("_high", "Upper Wilson 95 % bound of the share"))),
    Field("promised_lead_count", Kind.COUNT, "Leads to which a promised share refers; null for other promises.",
          unit="leads", low=0),
    Field("counted_lead_count", Kind.COUNT, "Those of them of which the record can tell whether it was kept.",
          unit="leads", low=0),
    Field("met_lead_count", Kind.COUNT, "Those of these for which it was kept.", unit="leads", low=0),
    Field("is_over", Kind.FLAG, "The last day has passed."),
    Field("is_kept", Kind.FLAG, "Whether the promise was kept; null while the period runs, and where the record "
                                "cannot tell."),
    *(Field(f"{word}_count", Kind.COUNT, f"Promises of the charter{meaning}.", low=0) for word, meaning in (
        ("promise", ""), ("kept", " that were kept"), ("broken", " that were not kept"))),
    Field("charter_objective", Kind.TEXT, "What the campaign is for, as both heads wrote it."),
    Field("charter_message", Kind.TEXT, "What it promises to customers."),
    Field("portrait_version", Kind.TEXT, "The portrait for which it was agreed; null where none was named."),
    Field("is_portrait_current", Kind.FLAG, "That portrait is the one in force; null where none was named."),
)

FIELDS: tuple[Field, ...] = (*RULE_CHANGES, *PROMISED)
