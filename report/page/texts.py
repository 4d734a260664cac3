"""What the page says, section by section; English is the key of its translations."""

from __future__ import annotations

from report.words import mark

#: Title, filters and what surrounds the sections.
SHELL = {
    "title": mark("Marketing and Sales, cross-checked"),
    "published": mark("Published %(moment)s"),
    "complete": mark("%(source)s: complete to %(day)s"),
    "stale": mark("stale"),
    "drafts": mark("Not yet signed by both heads: %(rules)s. What rests on them is a proposal."),
    "language": mark("Language"),
    "appearance": mark("Appearance"),
    "automatic": mark("Automatic"),
    "light": mark("Light"),
    "dark": mark("Dark"),
    "skip": mark("Skip to the numbers"),
    "filters": mark("Filters"),
    "from": mark("From month"),
    "to": mark("To month"),
    "platform": mark("Platform"),
    "campaign": mark("Campaign"),
    "person": mark("Salesperson"),
    "model": mark("Attribution model"),
    "basis": mark("Date basis"),
    "all": mark("All"),
    "nobody": mark("Nobody named"),
    "basis_closed": mark("By closing month (cash view)"),
    "basis_cohort": mark("By month of creation, %(days)s days (cohort view)"),
    "reset": mark("Clear filters"),
    "contents": mark("Contents"),
    "showing": mark("Showing %(campaigns)s campaigns, %(first)s to %(last)s."),
    "no_person": mark("The salesperson filter does not reach here: money spent on advertising belongs to no "
                      "salesperson."),
    "nothing": mark("Nothing was published for this choice."),
    "not_published": mark("not published"),
    "table": mark("The same as a table"),
    "copy": mark("Copy command"),
    "copied": mark("Copied"),
    "all_campaigns": mark("All campaigns"),
    "month": mark("Month"),
    "week": mark("Week of"),
    "of": mark("%(part)s of %(whole)s"),
    "footer": mark("Every number opens down to leads, calls and invoices: %(command)s. Ratios are recomputed here "
                   "from summed parts. No names, phone numbers or mails are in this file, only the ids of the "
                   "CRM."),
}

#: The headline.
SUMMARY = {
    "summary": mark("At a glance"),
    "roi": mark("ROI on gross profit"),
    "roi_revenue": mark("ROI on revenue"),
    "roi_revenue_note": mark("flatters: costs of goods are not deducted"),
    "closed_rate": mark("Close rate"),
    "margin_missing": mark("Not published: the gross profit of %(missing)s of %(deals)s won deals is not on record."),
    "no_spend": mark("No spend on record, so nothing to divide by."),
    "young": mark("Left out because their leads are too young: %(months)s."),
    "closed_note": mark("%(part)s of %(whole)s leads within %(days)s days"),
    "apart": mark("%(deals)s won deals without a known campaign stand apart and are not in it."),
    "small": mark("Too few to show a rate (fewer than %(small)s)."),
}

#: The leak waterfall and its evidence.
WATERFALL = {
    "waterfall": mark("Where leads are lost, and whose step it was"),
    "waterfall_finding": mark("Of %(leads)s leads, %(won)s were won. Lost at steps of Marketing: %(marketing)s; of "
                              "Sales: %(sales)s; of lead routing: %(routing)s; of both together: %(both)s; of "
                              "nobody or still open: %(nobody)s."),
    "waterfall_note": mark("By month of creation, whatever the date basis; only months older than %(days)s days. "
                           "Each lead stands in the first row that holds of it. The money says what as many "
                           "average customers would have brought: a size to compare by, not a loss that was "
                           "booked. Whoever had bought before is no new customer here; the close rate below "
                           "counts that person."),
    "step": mark("Step"),
    "whose": mark("Whose step"),
    "leads": mark("Leads"),
    "worth": mark("Worth, gross profit"),
    "worth_revenue": mark("Worth, revenue"),
    "open_evidence": mark("Open the evidence of: %(step)s"),
    "evidence": mark("Evidence: %(step)s"),
    "rests": mark("It rests on %(what)s."),
    "ruled": mark("Rule: %(rules)s"),
    "ids_shown": mark("%(shown)s of %(count)s leads, by their id in the CRM:"),
    "rest": mark("All of them, with calls, deals and the vendor's own answer:"),
    "one": mark("Any one of them:"),
    "close": mark("Close"),
    "aside": mark("Not counted above, for no new person came with them:"),
}

#: The five ratios.
RATIOS = {
    "ratios": mark("The five agreed ratios"),
    "ratios_note": mark("Months of creation older than %(days)s days. Dot: the rate. Bar: 95 %% interval "
                        "(Wilson); two rates differ only where their bars do not overlap. Fewer than %(small)s "
                        "leads: counts only."),
    "ratios_both": mark("The ratios are published by campaign or by salesperson, not by both at once. Clear one "
                        "of the two filters."),
    "ratio": mark("Ratio"),
    "count": mark("Count"),
    "rate": mark("Value"),
    "interval": mark("95 %% interval"),
    "coverage": mark("Sales recorded something about %(rate)s of these leads."),
    "coverage_few": mark("Sales recorded something about %(part)s of %(whole)s leads."),
    "by_person": mark("By salesperson"),
    "by_person_note": mark("No league table: whoever is given worse leads closes fewer. Compare after the mix of "
                           "leads is allowed for, in rep_conversion."),
}

#: Campaigns: parts and returns.
CAMPAIGNS = {
    "campaigns": mark("What each campaign cost and brought"),
    "campaigns_closed": mark("Spend and deals of the same months, whoever the customers were. The cohort view "
                             "asks what these leads brought."),
    "campaigns_cohort": mark("Leads created in these months and what they brought within %(days)s days each."),
    "cpl": mark("Cost per lead"),
    "cpql": mark("Cost per qualified lead"),
    "trace": mark("Trace"),
}

#: The models side by side.
ATTRIBUTION = {
    "attribution": mark("ROI under each attribution model"),
    "attribution_note": mark("The same deals divided %(models)s ways, by closing month; ROI on revenue. Where the "
                             "dots lie together there is nothing to quarrel about; the spread is what nobody can "
                             "prove. The large dot is the chosen model."),
    "lowest": mark("Lowest"),
    "highest": mark("Highest"),
    "without_spend": mark("Without spend to hold against: %(list)s."),
}

#: Week by week.
WEEKS = {
    "weeks": mark("Week by week"),
    "weeks_note": mark("Each number on its own date: spend on the ad account's day, revenue and gross profit on "
                       "the day of closing. They do not belong to the same customers. Weeks begin on Monday; a "
                       "week belongs to the month of its Monday, and the newest one may not be over."),
}

#: The restatement timeline.
CHANGED = {
    "changed": mark("Why a published number changed"),
    "changed_note": mark("Each publication compared with the one before. The causes of a number add up to its "
                         "difference, so nobody has to be accused of moving it."),
    "number": mark("Number"),
    "plain_progress": mark("Show plain progress, too (new days, new leads)"),
    "publication": mark("Publication"),
    "cause": mark("Cause"),
    "before": mark("Before"),
    "now": mark("Now"),
    "change": mark("Change"),
    "changes_cut": mark("The newest %(shown)s of %(count)s changes are listed."),
    "no_changes": mark("No published number of this choice changed, other than by plain progress."),
    "ids_cut": mark("At most %(cap)s ids are kept for each campaign, month, step and salesperson, so that the "
                    "file stays small."),
    "ids_newest": mark("With so many leads the file keeps ids of the newest only: %(step)s of each step, and "
                       "%(campaign)s of each campaign within it."),
    "ids_none": mark("%(count)s leads. The file keeps ids of the newest only, and none of them is among these."),
    "ids_cut_without": mark("At most %(cap)s ids are kept for each campaign, month and step, so that the file "
                            "stays small."),
}
