"""Truth, gathered: everything that the nights so far could know, before any mart groups it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sandbox.calendar import local_date
from sandbox.model import Company, Deal, Lead
from sandbox.truth_calls import Work, worked
from sandbox.truth_cases import Case, cases, lost_deals
from sandbox.truth_disputes import Dossier, dossiers
from sandbox.truth_engagement import Weeks, interactions, weeks_of
from sandbox.truth_events import Head, Rates, Win, heads_with_history
from sandbox.truth_feedback import Told, told
from sandbox.truth_origin import CampaignKey, Directory
from sandbox.truth_people import LeadKey, counted
from sandbox.truth_persons import Shared, shared
from sandbox.truth_sales import Order, orders
from sandbox.truth_sourcing import Origin, origins
from sandbox.truth_spend import Control, Spend, spend
from sandbox.truth_trials import is_trial, without_trials
from sandbox.truth_ways import Ways


@dataclass(frozen=True)
class Entry:
    """One counted lead, a repeat or not: the campaign that its own record names, else why it names none."""

    crm: str
    campaign: CampaignKey
    reason: str
    day: date


@dataclass(frozen=True)
class Ledger:
    """What is known after a night."""

    as_of: datetime
    today: date
    currency: str
    spend: dict[tuple[CampaignKey, date], Spend]
    controls: dict[tuple[str, str, date], Control]
    heads: dict[LeadKey, Head]
    leads: list[Entry]
    trials: list[Lead]
    wins: list[Win]
    dossiers: list[Dossier]
    cases: list[Case]
    origins: dict[LeadKey, Origin]
    zone: str
    directory: Directory
    ways: Ways
    shared: list[Shared]
    orders: list[Order]
    calls: list[Work]
    weeks: Weeks
    lost: list[tuple[Deal, datetime]]
    told: Told

    @classmethod
    def of(cls, company: Company, night: int, missed: Collection[int] = ()) -> Ledger:
        """The ledger after nights 1..`night` without the `missed` ones. ValueError: that night is not planned."""
        if not 1 <= night <= len(company.nights) or night in missed:
            raise ValueError(f"night {night} is not one of 1..{len(company.nights)}, or was missed")
        nights = tuple(at for number, at in enumerate(company.nights[:night], 1) if number not in missed)
        rates = Rates(company.fx, company.reporting_currency)
        directory, everybody = Directory.of(company, nights), counted(company.leads, nights)
        trials, whole, company = [lead for lead in everybody if is_trial(lead)], company, without_trials(company)
        heads, wins = heads_with_history(company, nights, directory, rates)
        money, controls = spend(company, nights[-1], rates)
        zone, lost = company.business_zone, lost_deals(company, nights)
        leads = [Entry(lead.crm, *directory.of_lead(lead), local_date(lead.created, zone)) for lead in everybody]
        return cls(nights[-1], local_date(nights[-1], zone), company.reporting_currency, money, controls, heads, leads,
                   trials, wins, dossiers(company, nights), cases(whole, nights, heads, directory),
                   origins(company, nights), zone, directory, Ways.of(company, nights, directory, rates),
                   shared(company.leads, nights), orders(company, nights, heads, directory, rates),
                   worked(company, nights[-1]), weeks_of(interactions(company, nights[-1]), heads.values()),
                   lost, told(company, nights, heads, directory, lost))
