"""Truth of the removal effects: every campaign is really taken away, and the chain is played until it stands still."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from sandbox.facts import Key, Value
from sandbox.truth_origin import CampaignKey
from sandbox.truth_ways import Ways

ENOUGH_WINS = 20
_BEGIN, _WON, _NOTHING = ("begin", "", ""), ("won", "", ""), ("nothing", "", "")
_STILL = 1e-17
Effects = Mapping[date, Mapping[CampaignKey, Decimal | None]]


@dataclass(frozen=True)
class Walk:
    """One way as far as a month knows it."""

    campaigns: Sequence[CampaignKey]
    is_won: bool


def walks(ways: Ways, until: date) -> Iterator[Walk]:
    """All ways as they stood at the end of the month that begins on `until`."""
    for person, touches in ways.touches.items():
        events = [(touch.lead.created, False, touch.campaign) for touch in touches if touch.day.replace(day=1) <= until]
        events += [(at, True, _WON) for at, day in ways.wins.get(person, {}).items() if day.replace(day=1) <= until]
        open_way: list[CampaignKey] = []
        for _, is_win, campaign in sorted(events, key=lambda event: event[:2]):
            if not is_win:
                open_way.append(campaign)
            elif open_way:
                yield Walk(open_way, is_won=True)
                open_way = []
        if open_way:
            yield Walk(open_way, is_won=False)


def channels(ways: Ways) -> Iterator[tuple[Key, dict[str, Value]]]:
    """Per month and campaign: how often people came to it, how many ways there are, and its removal effect."""
    for month in _months(ways):
        known = list(walks(ways, month))
        visits = Counter(campaign for walk in known for campaign in walk.campaigns)
        won = sum(walk.is_won for walk in known)
        effects = _effects(known, list(visits)) if won >= ENOUGH_WINS else {}
        total = sum(effects.values(), Decimal(0)) if effects else None
        for campaign, count in visits.items():
            effect = effects.get(campaign)
            yield (month.isoformat(), *campaign), {
                "campaign_touch_count": count, "path_count": len(known), "won_path_count": won,
                "removal_effect": effect, "removal_total": total,
                "removal_rate": float(effect) / float(total) if effect is not None and total else None}


def _months(ways: Ways) -> list[date]:
    """The months in which anything happened on a way."""
    months = {touch.day.replace(day=1) for touches in ways.touches.values() for touch in touches}
    for person, wins in ways.wins.items():
        instants = [None, *sorted(wins)]
        for before, at in pairwise(instants):
            if at is not None and any((before is None or touch.lead.created > before) and touch.lead.created <= at
                                      for touch in ways.touches.get(person, ())):
                months.add(wins[at].replace(day=1))
    return sorted(months)


def _effects(known: Sequence[Walk], campaigns: Sequence[CampaignKey]) -> dict[CampaignKey, Decimal]:
    moves: defaultdict[CampaignKey, Counter[CampaignKey]] = defaultdict(Counter)
    for walk in known:
        stations = [_BEGIN, *walk.campaigns, _WON if walk.is_won else _NOTHING]
        for here, there in pairwise(stations):
            moves[here][there] += 1
    all_wins = _wins(moves, None)
    return {campaign: _rounded(1 - _wins(moves, campaign) / all_wins) for campaign in campaigns}


def _wins(moves: Mapping[CampaignKey, Counter[CampaignKey]], without: CampaignKey | None) -> float:
    """The chance to win from the start, when nobody gets beyond one campaign."""
    chance = dict.fromkeys(moves, 0.0) | {_WON: 1.0, _NOTHING: 0.0}
    change = 1.0
    while change > _STILL:
        change = 0.0
        for here, following in moves.items():
            if here != without:
                new = sum(count * chance[there] for there, count in following.items()) / following.total()
                change, chance[here] = max(change, abs(new - chance[here])), new
    return chance[_BEGIN]


def _rounded(effect: float) -> Decimal:
    """Halves up to the millionth; a half that a float shows a little too small is still one."""
    return Decimal(int((effect + 1e-10) * 1e6 + 0.5)).scaleb(-6)


def effects_by_month(rows: Mapping[Key, Mapping[str, Value]]) -> Effects:
    """The effects of `channels`, to be looked up."""
    found: defaultdict[date, dict[CampaignKey, Decimal | None]] = defaultdict(dict)
    for (month, platform, account, campaign), cells in rows.items():
        effect = cells["removal_effect"]
        found[date.fromisoformat(month)][platform, account, campaign] = effect if isinstance(effect, Decimal) else None
    return found
