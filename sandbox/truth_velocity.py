"""Truth of the way from the first message to the contract: how many days each step takes, for how many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sandbox.facts import Key
from sandbox.truth_events import Head
from sandbox.truth_ledger import Ledger
from sandbox.truth_origin import CampaignKey
from sandbox.truth_roi import Cells, month
from sandbox.truth_shares import SMALL_SAMPLE

_STEPS = (("created", "reached"), ("reached", "deal"), ("deal", "won"), ("created", "won"))
_Moments = dict[str, datetime | None]


def velocity(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign, month of creation and step."""
    groups: defaultdict[tuple[CampaignKey, date], list[_Moments]] = defaultdict(list)
    for key, head in ledger.heads.items():
        deals = [at for at, what in ledger.origins[key].acts if what == "deal"]
        groups[head.campaign, month(head.day)].append(_moments(head, deals))
    for (campaign, first), people in groups.items():
        for start, end in _STEPS:
            yield (*campaign, first.isoformat(), f"{start}_to_{end}"), _cells(people, start, end)


def _moments(head: Head, deals: Sequence[datetime]) -> _Moments:
    return {"created": head.lead.created, "reached": head.states.get("reached"), "deal": min(deals, default=None),
            "won": head.wins[0].at if head.wins else None}


def _cells(people: Sequence[_Moments], start: str, end: str) -> Cells:
    spans = [(began, one[end]) for one in people if (began := one[start]) is not None]
    days = sorted((then - began).days for began, then in spans if then is not None and then >= began)
    waiting = sum(then is None for _, then in spans)
    size = len(days) + waiting
    cells: Cells = {"unique_lead_count": len(people), "entered_count": len(spans), "passed_count": len(days),
                    "open_count": waiting, "out_of_order_count": len(spans) - size,
                    "is_small_sample": size < SMALL_SAMPLE}
    for percent in (50, 90):
        place = -(-size * percent // 100)
        cells[f"p{percent}_days"] = days[place - 1] if size >= SMALL_SAMPLE and place <= len(days) else None
    return cells
