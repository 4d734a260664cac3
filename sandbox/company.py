"""The demo company: a furniture maker in Hưng Yên whose every number is known.

Deterministic in (seed, scale, last night): one random generator of its own, no clock, no global state.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from sandbox.agreements import appealed, ruled
from sandbox.calendar import first_day, local_date, midnight, nights, rates
from sandbox.catalogue import ACCOUNTS, BUSINESS_ZONE, ORGANIC_SHARE
from sandbox.histories import Office
from sandbox.leads import Arrival, Reception
from sandbox.model import Company, Deal, Lead
from sandbox.quarrels import Draft, plant
from sandbox.spend import Running, ad_days, running

LEADS_AT_SCALE_1 = 2_300
DEFAULT_LAST_NIGHT = date(2026, 11, 21)


def make_company(seed: int = 7, scale: float = 1.0, last_night: date = DEFAULT_LAST_NIGHT) -> Company:
    """The company with three nights, the last one at 02:00 on `last_night` in the business zone.

    `scale` 1 is about 2,400 leads and 5,000 ad-days; above it campaigns are replicated and leads grow in proportion,
    below it only the leads shrink. Raises ValueError when too small to hold the planted quarrels.
    """
    if scale < 0.1:
        raise ValueError("scale below 0.1 leaves no room for the planted quarrels")
    rng, planned = Random(f"crosscheck:{seed}"), nights(last_night)
    first = first_day(planned)
    runs = tuple(run for replica in range(max(1, round(scale))) for run in running(replica, first, planned))
    reception = Reception(rng, midnight(first, BUSINESS_ZONE), planned)
    office = Office(rng, planned[-1])
    arrivals = _arrivals(rng, reception, runs, round(LEADS_AT_SCALE_1 * scale))
    leads, deals = _play(office, arrivals)
    draft = Draft(arrivals, leads, deals)
    plant(rng, draft, reception, office, runs)
    return Company(
        seed, scale, BUSINESS_ZONE, "VND", planned, ACCOUNTS,
        tuple(run.campaign for run in runs), tuple(ad for run in runs for ad in run.ads),
        ad_days(rng, runs, planned), tuple(arrival.touch for arrival in arrivals if arrival.touch is not None),
        tuple(leads), tuple(deals),
        rates(rng, first - timedelta(days=1), local_date(planned[-1], BUSINESS_ZONE)),
        appealed(leads, deals, draft.planted, planned), ruled(planned))


def _arrivals(rng: Random, reception: Reception, runs: tuple[Running, ...], count: int) -> list[Arrival]:
    weights = [run.plan.weight for run in runs]
    chosen = rng.choices(runs, weights, k=count)
    return [reception.organic() if rng.random() < ORGANIC_SHARE else reception.from_campaign(run) for run in chosen]


def _play(office: Office, arrivals: list[Arrival]) -> tuple[list[Lead], list[Deal]]:
    leads: list[Lead] = []
    deals: list[Deal] = []
    for arrival in arrivals:
        lead, sold = office.play(arrival)
        leads.append(lead)
        deals.extend(sold)
    return leads, deals
