"""The weekly alignment pack: one letter for both departments, to read before they meet."""

from __future__ import annotations

from collections.abc import Mapping

from report.letters import passed, rows
from report.letters.daily import about, closing
from report.letters.facts import WEEK, Facts, Key
from report.letters.items import DISPUTES, GIVES, ITEMS
from report.letters.letter import Column, Letter, Row, Section, Voice, trace
from report.letters.rows import Teller
from report.letters.week import Week
from report.numbers import UNKNOWN
from report.terms import CAUSES, MEASURES, RATIOS, SIDES

WEEKLY = "weekly"
_CAMPAIGNS = 10
_CAMPAIGN = ("platform", "account_id", "campaign_id", "close_month")
_MEASURES = ("spend_reporting_amount", "unique_lead_count", "qualified_count", "won_count")


def pack(facts: Facts, week: Week, voice: Voice, project: str, *, names_owners: bool = False,
         called: Mapping[Key, str] | None = None, link: str = "") -> Letter:
    """The week to a Sunday, of both sides."""
    told, _ = Teller(facts, voice, names_owners, called), voice
    period = {"first": voice.numbers.day(facts.first(WEEK)), "last": voice.numbers.day(facts.day)}
    subject = _("%(project)s: the week of both departments, %(first)s to %(last)s") % {"project": project, **period}
    sections = (_work(told), passed.said(told, WEEK), _leaks(told, week), _ratios(told, week), _campaigns(told, week),
                rows.promised(told, "marketing"), rows.promised(told, "sales"), rows.owed(told, "marketing"),
                rows.waits(told), rows.disputes(told), _disputes(told, week))
    reading = (_("Both sides' lines come from the same tables by the same rules; no number is owned by one of them."),
               _("The attached workbook has every row; unlike work is not compared: a call is no campaign."))
    return Letter(WEEKLY, voice.numbers.language.value, project, subject, _headline(told, week), about(told, WEEK),
                  sections, reading, closing(voice), link)


def _headline(told: Teller, week: Week) -> str:
    """The leak that cost most, and what both gave."""
    _, facts, numbers = told.voice, told.facts, told.voice.numbers
    gave = _("New leads in the week: %(leads)s. Calls: %(calls)s.") % {
        "leads": numbers.count(facts.given("marketing", "leads", WEEK)),
        "calls": numbers.count(facts.given("sales", "calls", WEEK))}
    worst = max((line for line in week.leaks if line["leak_owner"] != "nobody"), key=lambda line: line["lead_count"],
                default=None)
    if worst is None:
        return gave
    return gave + " " + _("Most leads of the newest whole cohort were lost at: %(cause)s (%(leads)s, %(owner)s).") % {
        "cause": _(CAUSES[worst["leak_cause"]]), "leads": numbers.count(worst["lead_count"]),
        "owner": _(SIDES[worst["leak_owner"]])}


def _work(told: Teller) -> Section:
    """What both did, the week beside the one before."""
    _, facts, numbers = told.voice, told.facts, told.voice.numbers
    made = []
    for side, items in GIVES.items():
        for item in (one for one in items if facts.given(side, one) is not None):
            now, both = (facts.given(side, item, days) or 0 for days in (WEEK, 2 * WEEK))
            made.append(Row((f"{_(SIDES[side])}: {_(ITEMS[item][0])}", numbers.count(now), numbers.count(both - now),
                             _(ITEMS[item][1])), rows.opens(facts, side, item, WEEK)))
    return Section(_("What both gave"), _("Counted by what is on record now; each line names its day."),
                   (Column(_("Work")), Column(_("This week"), is_number=True), Column(_("Week before"), is_number=True),
                    Column(_("Counted by"))), tuple(made), _("Nothing is on record."))


def _leaks(told: Teller, week: Week) -> Section:
    _, numbers = told.voice, told.voice.numbers
    made = tuple(Row((_(CAUSES[line["leak_cause"]]), numbers.count(line["lead_count"]), _(SIDES[line["leak_owner"]]),
                      numbers.short_money(line["leak_margin_amount"])),
                     trace("leak_waterfall", {"cohort_month": week.month, "leak_cause": line["leak_cause"]},
                           line["row_count"]))
                 for line in week.leaks)
    return Section(
        _("Where leads were lost"),
        _("Leads created in %(month)s, the newest month that is old enough; each in one row, also what was won or is "
          "still open. The money is what as many won leads would have brought: a size to compare by, not a loss.") % {
              "month": numbers.month(week.month)},
        (Column(_("Step")), Column(_("Leads"), is_number=True), Column(_("Whose step")),
         Column(_("Worth, gross profit"), is_number=True)), made, _("No month is old enough yet."))


def _ratios(told: Teller, week: Week) -> Section:
    _, numbers, ratios = told.voice, told.voice.numbers, week.ratios
    total = ratios["unique_lead_count"]
    made = []
    for state, title in RATIOS.items():
        rate, low, high = (ratios[f"{state}_rate{end}"] for end in ("", "_low", "_high"))
        band = f"{numbers.percent(low)}–{numbers.percent(high)}" if rate is not None else UNKNOWN
        made.append(Row((_(title), numbers.count(ratios[f"{state}_count"]), numbers.percent(rate), band),
                        trace("lead_quality", {"cohort_week": week.cohort_week, "is_matured": "true"},
                              ratios["row_count"])))
    return Section(
        _("The five agreed ratios"),
        _("Of %(leads)s unique leads created in the week of %(week)s, the newest that is old enough; rates only from "
          "20 leads on.") % {"leads": numbers.count(total), "week": numbers.day(week.cohort_week)},
        (Column(_("Ratio")), Column(_("Leads"), is_number=True), Column(_("Rate"), is_number=True),
         Column(_("95 % interval"), is_number=True)), tuple(made) if total else (), _("No week is old enough yet."))


def _campaigns(told: Teller, week: Week) -> Section:
    _, numbers = told.voice, told.voice.numbers
    made = tuple(Row((rows.campaign(told, line), numbers.short_money(line["spend_reporting_amount"]),
                      *(numbers.count(line[name]) for name in _MEASURES[1:])),
                     trace("campaign_roi_closed", {name: line[name] for name in _CAMPAIGN}))
                 for line in week.campaigns[:_CAMPAIGNS])
    rest = len(week.campaigns) - len(made)
    return Section(
        _("Campaigns this month"),
        _("Spend by the ad account's own day, leads by creation, new customers by closing day, in %(month)s.") % {
            "month": numbers.month(told.facts.day)},
        (Column(_("Campaign")), *(Column(_(MEASURES[name]), is_number=True) for name in _MEASURES)), made,
        _("Nothing is on record."), _("and %(rest)s more") % {"rest": rest} if rest > 0 else "")


def _disputes(told: Teller, week: Week) -> Section:
    _, numbers = told.voice, told.voice.numbers
    made = tuple(Row((_(DISPUTES[line["mart"]][line["kind"]]), numbers.count(line["cases"]),
                      _(SIDES[line["responsible"]])),
                     trace(line["mart"], {line["mart"]: line["kind"], "responsible": line["responsible"]},
                           line["cases"]))
                 for line in week.disputes)
    return Section(
        _("Records that disagree"), _("Leads of which two records cannot both be true; all that are open."),
        (Column(_("What")), Column(_("Leads"), is_number=True), Column(_("To be cleared up by"))), made,
        _("None."))
