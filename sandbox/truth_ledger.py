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
class Books:
    """What is known after a night of money, leads and wins."""

    as_of: datetime
    today: date
    currency: str
    spend: dict[tuple[CampaignKey, date], Spend]
    controls: dict[tuple[str, str, date], Control]
    heads: dict[LeadKey, Head]
    leads: list[Entry]
    trials: list[Lead]
    wins: list[Win]
    directory: Directory
    company: Company
    nights: tuple[datetime, ...]

    @classmethod
    def kept(cls, company: Company, nights: tuple[datetime, ...]) -> Books:
        """The books after these nights."""
        rates, directory = Rates(company.fx, company.reporting_currency), Directory.of(company, nights)
        heads, wins = heads_with_history(without_trials(company), nights, directory, rates)
        money, controls = spend(company, nights[-1], rates)
        zone, everybody = company.business_zone, counted(company.leads, nights)
        leads = [Entry(lead.crm, *directory.of_lead(lead), local_date(lead.created, zone)) for lead in everybody]
        return Books(nights[-1], local_date(nights[-1], zone), company.reporting_currency, money, controls, heads,
                     leads, [lead for lead in everybody if is_trial(lead)], wins, directory, company, nights)

    @property
    def people(self) -> Company:
        """The company as it would be had nobody tried a form out."""
        return without_trials(self.company)


@dataclass(frozen=True)
class Ledger(Books):
    """Everything that is known after a night."""

    dossiers: list[Dossier]
    cases: list[Case]
    origins: dict[LeadKey, Origin]
    zone: str
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
        books, rates = Books.kept(company, nights), Rates(company.fx, company.reporting_currency)
        heads, directory, people = books.heads, books.directory, books.people
        lost = lost_deals(company, nights)
        return cls(**vars(books), dossiers=dossiers(people, nights), cases=cases(company, nights, heads, directory),
                   origins=origins(people, nights), ways=Ways.of(people, nights, directory, rates),
                   shared=shared(people.leads, nights), orders=orders(people, nights, heads, directory, rates),
                   calls=worked(people, nights[-1]),
                   weeks=weeks_of(interactions(people, nights[-1]), heads.values()),
                   lost=lost, told=told(people, nights, heads, directory, lost), zone=company.business_zone)
