"""What an alert says: what failed and where, what it means for the numbers people see, who sees to it, what to type.

An operator is told all of it. A reader of the numbers is told what it means for them and who sees to it; details of
checks and commands are not his. Details that come from checks and vendors stay in the language that they have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from report.phrases import Phrase, _, lines
from report.words import Language

OPERATOR, READER = "operator", "reader"
#: Which numbers rest on a canonical table.
_NUMBERS = {
    "ad_daily": _("spend, cost per lead, CAC and ROI"), "ad_touch": _("which campaign a lead came from"),
    "campaign": _("names of campaigns"), "lead": _("leads and the five ratios"), "lead_status": _("the five ratios"),
    "deal": _("won deals, revenue and margin"), "deal_win": _("won deals, revenue and margin"),
    "activity": _("speed to lead and follow-up"), "fx_rate": _("amounts in the reporting currency"),
}


@dataclass(frozen=True)
class Notice:
    """One thing to tell. `details` are lines for an operator; `means` is for everybody."""

    title: Phrase
    owner: str
    what: object
    means: tuple[object, ...]
    next: tuple[object, ...] = ()
    details: tuple[object, ...] = ()
    after: tuple[object, ...] = ()  # said at the very end: where the rest is

    def title_in(self, language: Language) -> str:
        """The one line that a phone shows."""
        return self.title.said(language)

    def body(self, language: Language, audience: str = OPERATOR) -> str:
        """The message under the title."""
        shown: list[object] = [_("For: %(owner)s", owner=self.owner), _("What: %(what)s", what=self.what)]
        if audience == OPERATOR:
            shown += self.details
        else:
            shown[0] = _("%(owner)s has been told and sees to it.", owner=self.owner)
        shown += [_("Published tables: %(means)s", means=each) for each in self.means[:1]] + list(self.means[1:])
        if audience == OPERATOR:
            shown += [_("Next: %(next)s", next=each) for each in self.next[:1]] + list(self.next[1:])
        return "\n".join(lines([*shown, *self.after], language))


def numbers(tables: Iterable[str]) -> tuple[Phrase, ...]:
    """What people see that rests on these canonical tables, each once."""
    return tuple({_NUMBERS[name].text: _NUMBERS[name] for name in tables if name in _NUMBERS}.values())


def resolved(title: str, run_id: str, language: Language) -> tuple[str, str]:
    """Title and body of the message that something is over."""
    return (_("Resolved: %(title)s", title=title).said(language),
            _("The run %(run)s no longer shows it. Nothing is left to do.", run=run_id).said(language))


def repeated(title: str, language: Language) -> str:
    """The title of a message that may have been taken before."""
    return _("Possibly repeated: %(title)s", title=title).said(language)
