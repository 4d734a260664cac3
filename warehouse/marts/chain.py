"""The Markov chain of all ways to a deal: how many won ways would be lost without a campaign.

A way leads from touch to touch until a deal is won, or to nothing yet. Taking a campaign away turns every way that
passes it into one that leads to nothing; the share of the won ways that the chain then loses is the removal effect.
By the strong Markov property it is the chance to come to the campaign at all, times the chance to win from there, over
the chance to win from the start: one inverse for all campaigns, instead of one solution for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Campaign = tuple[str, str, str]
#: Fewer won ways than these say nothing about a campaign.
ENOUGH = 20
_MILLION = 1_000_000


class Chain:
    """Moves between campaigns, counted: rows are where from (the start, then campaigns), columns where to."""

    def __init__(self, campaigns: Sequence[Campaign]) -> None:
        import numpy as np

        self.place = {campaign: number for number, campaign in enumerate(campaigns)}
        self.size = len(campaigns)
        self.moves = np.zeros((self.size + 1, self.size + 2))
        self.won, self.nothing = self.size, self.size + 1

    def add(self, before: Campaign | None, after: Campaign | None, count: int) -> None:
        """Ways that went on from one campaign (None: began) to another (None: to a won deal), instead of ending."""
        here = self.size if before is None else self.place[before]
        self.moves[here, self.won if after is None else self.place[after]] += count
        if before is not None:
            self.moves[here, self.nothing] -= count
        if after is not None:
            self.moves[self.place[after], self.nothing] += count

    @property
    def paths(self) -> int:
        """How many ways there are."""
        return int(self.moves[self.size].sum())

    @property
    def won_paths(self) -> int:
        """How many of them ended in a won deal."""
        return int(self.moves[:, self.won].sum())

    def touches(self, campaign: Campaign) -> int:
        """How often ways came to the campaign."""
        return int(self.moves[:, self.place[campaign]].sum())

    def effects(self) -> np.ndarray[Any, Any]:
        """The removal effect of each campaign, 0..1, in order; 0 where nothing came by or nothing was won.

        Only campaigns that somebody came to are solved: the same ways give the same last bit, whoever else is known.
        """
        import numpy as np

        visits = self.moves.sum(axis=1)
        known = np.flatnonzero(visits[:self.size])
        chance = self.moves[[*known, self.size]] / np.maximum(visits[[*known, self.size]], 1)[:, None]
        begin, inner = chance[-1, known], chance[:-1]
        stays = np.linalg.inv(np.eye(known.size) - inner[:, known])
        wins = stays @ inner[:, self.won]
        all_wins, found = begin @ wins, np.zeros(self.size)
        if all_wins > 0:
            found[known] = (begin @ stays) / np.diag(stays) * wins / all_wins
        return found


def removal_effects(moves: Sequence[Any]) -> pa.Table:
    """One row per wanted month and campaign that anybody came to by its end; `moves` as `path_move` selects them."""
    import pyarrow as pa

    from crosscheck.fields import FIELDS
    from crosscheck.tables import arrow_type

    names = ("close_month", "platform", "account_id", "campaign_id", "campaign_touch_count", "path_count",
             "won_path_count", "removal_effect")
    schema = pa.schema([pa.field(name, arrow_type(FIELDS[name].kind)) for name in names])
    rows = list(_rows(moves))
    return pa.table([[row[place] for row in rows] for place in range(len(names))], schema=schema)


def _rows(moves: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    told = sorted((_month(move) for move in moves), key=itemgetter(0))  # whole counts: their order is nothing
    campaigns = sorted({after for _, _, after, _, _ in told if after is not None})
    chain = Chain(campaigns)
    for (month, wanted), group in groupby(told, key=itemgetter(0, 4)):
        for _, before, after, count, _ in group:
            chain.add(before, after, count)
        if not wanted:
            continue
        effects = chain.effects() if chain.won_paths >= ENOUGH else None
        for place, campaign in enumerate(campaigns):
            if touches := chain.touches(campaign):
                yield (month, *campaign, touches, chain.paths, chain.won_paths,
                       None if effects is None else _rounded(effects[place]))


def _month(move: Any) -> tuple[date, Campaign | None, Campaign | None, int, bool]:
    month, *names, count, wanted = move
    before, after = tuple(names[:3]), tuple(names[3:])
    return month, None if before[0] is None else before, None if after[0] is None else after, count, wanted


def _rounded(effect: float) -> Decimal:
    """To the millionth; halves go up even where the last bit of a float lies below the half."""
    return Decimal(int(effect * _MILLION + 0.5001)) / _MILLION
