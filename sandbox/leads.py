"""Leads: who came, through which door, and what the CRM wrote down about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from urllib.parse import quote, quote_plus

from sandbox.calendar import local_date, midnight, off_the_minute
from sandbox.catalogue import ACCOUNTS, BUSINESS_ZONE, ORIGINS, PLANS, REPS, Plan, Rep
from sandbox.model import Lead, NameChange, Touch
from sandbox.people import Contact, dead, person
from sandbox.spend import Running

_ZONE = {account.account_id: account.time_zone for account in ACCOUNTS}
_SITE = {"VN": "https://phohien.example/lien-he", "US": "https://us.phohien.example/quote"}
_REPS = {crm: [rep for rep in REPS if rep.crm == crm] for crm in ("hubspot", "getfly")}
#: Click ids cannot be looked up this long after the click.
CLICK_MEMORY_DAYS = 85
LOST_TRACKING_DAY = 57
#: Ids of Getfly's list of sources: how the person came, and "I found this one myself".
FACEBOOK, GOOGLE, BY_SALES = "1", "2", "5"


@dataclass
class Door:
    """How a lead came in: what a form, a URL or a salesperson recorded of it."""

    url: str | None = None
    vendor_lead_id: str | None = None
    crm_campaign: str | None = None
    touch: Touch | None = None


@dataclass(frozen=True)
class Arrival:
    """A lead without its history yet, with the plan that says how it will end."""

    lead: Lead
    plan: Plan
    rep: Rep
    is_dead: bool
    touch: Touch | None


def name_at(names: Sequence[NameChange], moment: datetime) -> str:
    """The name a campaign bears at an instant."""
    return [change.name for change in names if change.seen_from <= moment][-1]


def link(market: str, **query: str) -> str:
    """A landing URL with these parameters, percent-encoded."""
    pairs = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return f"{_SITE[market]}?{pairs}" if pairs else _SITE[market]


class Reception:
    """Takes leads in, one after the other: numbers them, gives them a person, a door and a salesperson."""

    def __init__(self, rng: Random, first: datetime, nights: Sequence[datetime]) -> None:
        """`first` is the first instant of history; leads are created before the last of `nights`."""
        self.rng, self.first, self.nights = rng, first, nights
        self.count = 0
        start = local_date(first, BUSINESS_ZONE)
        self.lost = start + timedelta(days=LOST_TRACKING_DAY)
        self.stale = nights[0] - timedelta(days=CLICK_MEMORY_DAYS)

    def from_campaign(self, run: Running) -> Arrival:
        """A lead that this campaign really brought, within its days."""
        begins = midnight(run.first, _ZONE[run.plan.account_id])
        ends = min(self.nights[-1], midnight(run.last + timedelta(days=1), _ZONE[run.plan.account_id]))
        created = self._instant(max(begins, self.first), ends)
        market = "VN" if _ZONE[run.plan.account_id] == BUSINESS_ZONE else "US"
        door = Door() if local_date(created, BUSINESS_ZONE) == self.lost else self._door(run, created, market)
        true = (run.campaign.platform, run.campaign.account_id, run.campaign.campaign_id)
        return self._arrive(run.plan, market, created, door, true)

    def organic(self) -> Arrival:
        """A lead no known campaign brought, or whose trace leads nowhere."""
        market = "US" if self.rng.random() < 0.3 else "VN"
        created = self._instant(self.first, self.nights[-1])
        plan = PLANS[4] if market == "US" else PLANS[0]
        return self._arrive(plan, market, created, self._stray(market), None)

    def _instant(self, begins: datetime, ends: datetime) -> datetime:
        span = int((ends - begins).total_seconds()) - 120
        return off_the_minute(begins + timedelta(seconds=60 + self.rng.randrange(span)))

    def _arrive(self, plan: Plan, market: str, created: datetime, door: Door,
                true: tuple[str, str, str] | None) -> Arrival:
        self.count += 1
        rng, crm = self.rng, "hubspot" if market == "US" or self.rng.random() < 0.25 else "getfly"
        is_dead = rng.random() < plan.dead
        contact = (dead if is_dead else person)(rng, self.count, market)
        rep = rng.choice(_REPS[crm])
        lead = replace(self._lead(contact, created, door, rep), true_campaign=true)
        return Arrival(lead, plan, rep, is_dead, door.touch)

    def _lead(self, contact: Contact, created: datetime, door: Door, rep: Rep) -> Lead:
        crm = rep.crm
        base = 50_000 if crm == "hubspot" else 1_000
        declared = self.rng.choice(ORIGINS) if self.rng.random() < 0.2 else None
        return Lead(crm, str(base + self.count), contact.person, contact.name, contact.email, contact.phone, created,
                    door.url, door.vendor_lead_id, door.crm_campaign, declared, rep.owner_id,
                    "form-1" if door.url or door.vendor_lead_id else None,
                    recorded_source=_recorded(crm, door, self.count))

    def _door(self, run: Running, created: datetime, market: str) -> Door:
        """By click or form id, by UTM with the id or the name, by the salesperson's word, or by nothing to open."""
        draw = self.rng.random()
        google = run.campaign.platform == "google_ads"
        if run.plan.key == "lost":
            return Door(url=link(market, fbclid=f"fb.lost.{self.count}"))
        if draw < 0.5 or run.plan.key == "deleted":
            return self._touched(run, created, market, google)
        named = name_at(run.campaign.names, created)
        source = self.rng.choice(("google", "adwords") if google else ("facebook", "fb", "ig"))
        if draw < 0.72:
            return Door(url=link(market, utm_source=source, utm_medium="cpc", utm_campaign=run.campaign.campaign_id))
        if draw < 0.86:
            spelled = self._spelled(named)
            return Door(url=f"{link(market, utm_source=source, utm_medium='cpc')}&UTM_Campaign={spelled}#top")
        if draw < 0.95:
            by_id = run.plan.key.startswith("clearance") or self.rng.random() < 0.5
            return Door(crm_campaign=run.campaign.campaign_id if by_id else named)
        return Door() if google else Door(url=link(market, fbclid=f"fb.1.{self.count}"))

    def _spelled(self, name: str) -> str:
        """A campaign's name as people paste it into a URL: other case, plus signs or percent codes for spaces."""
        other = self.rng.choice((name, name.upper(), name.lower()))
        return self.rng.choice((quote, quote_plus))(other)

    def _touched(self, run: Running, created: datetime, market: str, google: bool) -> Door:
        ad = self.rng.choice(run.ads) if run.ads else None
        kind = "gclid" if google else "vendor_lead_id"
        number = f"{self.count:07d}"
        touch_id = f"Cj0KCQ{number}{self.rng.getrandbits(40):010x}" if google else f"99{number}000001"
        touch = Touch(run.campaign.platform, run.campaign.account_id, run.campaign.campaign_id,
                      ad.ad_group_id if ad else "", ad.ad_id if ad else "", kind, touch_id,
                      off_the_minute(created - timedelta(seconds=self.rng.randint(20, 55))))
        query = {"gclid": touch_id} if google else {}
        if run.plan.key != "deleted" and self._needs_utm(touch):
            query |= {"utm_source": "google" if google else "facebook", "utm_campaign": run.campaign.campaign_id}
        return Door(link(market, **query) if query else None, None if google else touch_id, None, touch)

    def _needs_utm(self, touch: Touch) -> bool:
        """Whether the click may be unreadable on some night: too old on the first, or of a day not yet over."""
        zone = _ZONE[touch.account_id]
        fresh = any(midnight(local_date(night, zone), zone) <= touch.at <= night for night in self.nights)
        return touch.at < self.stale or fresh or self.rng.random() < 0.3

    def _stray(self, market: str) -> Door:
        draw, number = self.rng.random(), self.count
        if draw < 0.15:
            return Door(url=link(market, utm_source="zalo", utm_campaign="zalo-oa-thang-9"))
        if draw < 0.25:
            return Door(url=link(market, utm_source="newsletter", utm_campaign="clearance sale"))
        if draw < 0.35:
            kind = ("gclid", "gbraid", "wbraid")[number % 3]
            return Door(url=link(market, **{kind: f"unknown-{number}"}))
        if draw < 0.45:
            return Door(url=link(market, fbclid=f"fb.2.{number}"))
        return Door(crm_campaign="Hội chợ Vifa 2026") if draw < 0.55 else Door()


def _recorded(crm: str, door: Door, number: int) -> str | None:
    """What stands as source: HubSpot saw a click or nothing; at Getfly a salesperson ticks it, or nobody does.

    One Getfly record in eleven is claimed by its salesperson however the person came.
    """
    url = door.url or ""
    is_click = any(f"{name}=" in url for name in ("gclid", "gbraid", "wbraid"))
    is_social = "fbclid=" in url or door.vendor_lead_id is not None
    if crm == "hubspot":
        return "PAID_SEARCH" if is_click else "PAID_SOCIAL" if is_social else "OFFLINE"
    if number % 11 == 0 or (not url and not is_social and door.crm_campaign is None and number % 2):
        return BY_SALES
    if number % 3 == 0 or not (url or is_social):
        return None
    return GOOGLE if is_click or "google" in url else FACEBOOK
