"""The quarrels that are events: repeats, merges, deals at a horizon's edge, deals nobody can place, deletions."""

from __future__ import annotations

from random import Random

from sandbox.histories import Office
from sandbox.leads import Arrival, Reception
from sandbox.model import Deal, Lead
from sandbox.spend import Running


def plant(rng: Random, reception: Reception, office: Office, arrivals: list[Arrival], runs: tuple[Running, ...],
          leads: list[Lead], deals: list[Deal]) -> None:
    """Adds the planted events to `arrivals`, `leads` and `deals`, in place."""
