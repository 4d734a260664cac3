"""Words about the portrait: what sales asked, what the answers say of a lead, and whose verdict they bear out."""

from crosscheck.tables import Field, Kind

#: What the rules say of a lead's answers.
PORTRAIT_VERDICTS = ("fits", "fails", "incomplete", "not_collected")
#: What the answers say of the verdict that sales gave.
SUPPORTS = ("supported", "unsupported", "contradicted")

STAGED = (
    Field("portrait_property", Kind.TEXT, "The source's own name of the property that holds the answer."),
    Field("answer", Kind.TEXT, "The answer as the source has it; never published, for somebody may be named in it."),
    Field("answer_number", Kind.QUANTITY, "The answer as a number, where it is one."),
)

VERDICT = (
    Field("asked_count", Kind.COUNT, "Questions of the portrait for which the head lead's source has a property; of "
                                     "several leads the sum.", unit="answers", low=0),
    Field("answer_count", Kind.COUNT, "Those of them that are answered on any record of the person; of several "
                                        "leads the sum.", unit="answers", low=0),
    Field("portrait_verdict", Kind.TEXT, "What the answers say by the agreed portrait: incomplete while one is missing "
                                         "or cannot be read, not_collected where the source has no property for what "
                                         "a hard rule asks.", allowed=PORTRAIT_VERDICTS),
    Field("failed_rule", Kind.TEXT, "The first hard rule of the portrait that an answer fails, be the others there or "
                                    "not; null where none does."),
    Field("sales_verdict", Kind.TEXT, "What sales said: wrong (a wrong target) as soon as that was said once, else "
                                      "right (hot, potential or won).", allowed=("wrong", "right")),
    Field("support", Kind.TEXT, "Whether the answers bear out the verdict of sales: supported, contradicted, or "
                                "unsupported where they decide nothing.", allowed=SUPPORTS),
)

COMPLETENESS = (
    Field("owed_lead_count", Kind.COUNT, "Unique leads that were spoken to or judged by sales: the portrait's answers "
                                         "are owed by them.", unit="leads", low=0),
    Field("complete_count", Kind.COUNT, "Those of them with an answer to every question that their source asks.",
          unit="leads", low=0),
    Field("completeness_rate", Kind.RATE, "Answers there are, of the answers asked for.", low=0, high=1),
    Field("completeness_rate_low", Kind.RATE, "Lower Wilson 95 % bound, as wide as if a lead gave all answers or none.",
          low=0, high=1),
    Field("completeness_rate_high", Kind.RATE, "Upper Wilson 95 % bound of the same.", low=0, high=1),
    Field("called_wrong_count", Kind.COUNT, "Those of them that sales called wrong targets, however late.",
          unit="leads", low=0),
    *(Field(f"called_wrong_{support}_count", Kind.COUNT, f"Wrong targets whose verdict is {support}.", unit="leads",
            low=0) for support in SUPPORTS),
)

#: With what a month's fit is compared.
COMPARISONS = ("own_earlier_months", "before_launch")
DRIFT = (
    Field("compared_with", Kind.TEXT, "Which leads are the earlier ones: the campaign's own of earlier months, or the "
                                      "whole company's of the months before the campaign's first.",
          allowed=COMPARISONS),
    Field("decided_count", Kind.COUNT, "Unique leads of which the portrait is complete: they fit or fail it.",
          unit="leads", low=0),
    Field("fit_count", Kind.COUNT, "Those of them that fit.", unit="leads", low=0),
    *(Field(f"{when}fit_rate{end}", Kind.RATE, f"{word} of the {what} that fit.", low=0, high=1)
      for when, what in (("", "decided leads"), ("earlier_", "earlier decided leads"))
      for end, word in (("", "Share"), ("_low", "Lower Wilson 95 % bound of the share"),
                        ("_high", "Upper Wilson 95 % bound of the share"))),
    Field("earlier_decided_count", Kind.COUNT, "Earlier leads of which the portrait is complete.", unit="leads", low=0),
    Field("earlier_fit_count", Kind.COUNT, "Those of them that fit.", unit="leads", low=0),
    Field("fit_change", Kind.TEXT, "Whether the share rose or fell: only where the two intervals do not overlap; null "
                                   "where either share is hidden.", allowed=("rose", "fell", "no_difference")),
)

FIELDS: tuple[Field, ...] = (*STAGED, *VERDICT, *COMPLETENESS, *DRIFT)
