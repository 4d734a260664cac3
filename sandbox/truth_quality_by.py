"""Truth of the five ratios by campaign, source, landing page and salesperson, and of what young months will come to."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from urllib.parse import urlsplit

from sandbox.facts import Key
from sandbox.truth_events import Head
from sandbox.truth_ledger import Ledger
from sandbox.truth_roi import Cells, month, month_end
from sandbox.truth_shares import SMALL_SAMPLE, Z, wilson

_DAYS = 30
_STATES = ("reached", "hot", "potential", "wrong_target", "closed")
_NAMES = ("estimated_rate", "estimated_rate_low", "estimated_rate_high")


def quality_by(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per dimension, value and month one row for each state."""
    groups: defaultdict[tuple[tuple[str, ...], date], list[Head]] = defaultdict(list)
    for head in ledger.heads.values():
        for words in _cuts(head):
            groups[words, month(head.day)].append(head)
    for (words, first), people in groups.items():
        matured, size = month_end(first) + timedelta(_DAYS) < ledger.today, len(people)
        for state in _STATES:
            count = sum(head.within(state, _DAYS) for head in people)
            cells: Cells = {"unique_lead_count": size, "valid_lead_count": sum(head.is_valid for head in people),
                            "covered_lead_count": sum(head.is_recorded for head in people), "state_count": count,
                            "is_matured": matured, "is_small_sample": size < SMALL_SAMPLE,
                            "observed_until_day": None if matured else ledger.today.isoformat()}
            shown = (count / size, *wilson(count, size)) if size >= SMALL_SAMPLE else (None, None, None)
            cells |= dict(zip(("state_rate", "state_rate_low", "state_rate_high"), shown, strict=True))
            estimates = None if matured or size < SMALL_SAMPLE else estimate(_waits(people, state, ledger.today))
            yield (*words, first.isoformat(), state), cells | dict(zip(_NAMES, estimates or (None,) * 3, strict=True))


def _cuts(head: Head) -> Iterator[tuple[str, ...]]:
    """The dimension, then platform, account, campaign, source, landing page, salesperson."""
    url = urlsplit(head.lead.url or "")
    page = f"{url.netloc}{url.path}" or "(none)"
    yield ("campaign", *head.campaign, "", "", "")
    yield ("source", "", "", "", head.lead.crm, "", "")
    yield ("landing_page", "", "", "", "", page, "")
    yield ("salesperson", "", "", "", head.lead.crm, "", head.lead.owner_id or "(none)")


def _waits(people: Sequence[Head], state: str, today: date) -> list[tuple[float, bool]]:
    """How long each was watched, at most until the horizon, and whether the state came by then."""
    found = []
    for head in people:
        end = min(timedelta((today - head.day).days - 1), timedelta(_DAYS))
        at = head.states.get(state)
        after = None if at is None else max(at - head.lead.created, timedelta())
        came = after is not None and after <= end
        found.append(((after if after is not None and came else end).total_seconds(), came))
    return found


def estimate(waits: Sequence[tuple[float, bool]]) -> tuple[float, float, float] | None:
    """Kaplan and Meier's share by the horizon with its interval; None while that cannot be told."""
    end, came = _DAYS * 86_400.0, sum(hit for _, hit in waits)
    watched, kept, spread = sum(at >= end for at, _ in waits), 1.0, 0.0
    for moment in sorted({at for at, hit in waits if hit}):
        at_risk = sum(at >= moment for at, _ in waits)
        hits = sum(hit for at, hit in waits if at == moment)
        kept *= 1 - hits / at_risk
        if hits == at_risk:
            return 1.0, wilson(came, came)[0], 1.0
        spread += hits / (at_risk * (at_risk - hits))
    if not watched:
        return None
    if not came:
        return 0.0, 0.0, wilson(0, watched)[1]
    width = Z * math.sqrt(spread) / abs(math.log(kept))
    return 1 - kept, 1 - kept ** math.exp(-width), 1 - kept ** math.exp(width)
