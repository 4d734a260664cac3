"""The quarrels after the sale: what came back, and what was never paid.

Deals that were won are bent, nothing is drawn by chance, so that everything else of the company stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.model import Deal

_QUIET = timedelta(days=15)
Bend = Callable[[Deal, datetime], Deal]


def regret(deals: list[Deal], night: datetime) -> None:
    """Bends wins from long before the first night that still stand, in place: a return or a debt for each."""
    for crm, bends in _BENDS.items():
        calm = (place for place, deal in enumerate(deals) if deal.crm == crm and _is_calm(deal, night))
        for place, bend in zip(calm, bends, strict=False):
            deals[place] = bend(deals[place], night)


def _is_calm(deal: Deal, night: datetime) -> bool:
    return (deal.won_at is not None and deal.won_at < night - _QUIET
            and deal.cancelled_at is None and deal.archived_at is None)


def _came_back(share: int, late: timedelta) -> Bend:
    """So many per cent of the amount, in whole units, at an instant measured from the first night."""
    def bend(deal: Deal, night: datetime) -> Deal:
        return replace(deal, returned=(deal.amount * share / 100).quantize(deal.amount), returned_at=night + late)

    return bend


def _owed(share: int) -> Bend:
    def bend(deal: Deal, _: datetime) -> Deal:
        return replace(deal, unpaid=(deal.amount * share / 100).quantize(deal.amount))

    return bend


_BEFORE, _BETWEEN = -timedelta(days=3, seconds=19), timedelta(hours=9, seconds=47)
_BENDS: dict[str, tuple[Bend, ...]] = {
    "hubspot": (_came_back(30, _BEFORE), _came_back(100, _BETWEEN)),
    "getfly": (_came_back(25, _BETWEEN), _came_back(100, _BEFORE), _owed(100), _owed(40))}
