"""A random company: a first load, and what later nights change about it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from crosscheck.errors import ConfigError
from crosscheck.fields.appeals import APPEALABLE
from crosscheck.fields.crm import SIDES
from tests.marts.world import DEFAULTS, FIRST, RECORDS, STATUSES, noon, put, take
from warehouse import appeals
from warehouse.appeals import Claim, Word
from warehouse.engine import Warehouse


@dataclass
class Company:
    """A seeded stream of rows: `history` for the first load, `changes` for what a later night brings."""

    seed: int = 1
    leads: int = 120
    days: int = 110
    chance: random.Random = field(init=False)
    made: int = field(default=0, init=False)
    _held: dict[str, dict[tuple[Any, ...], Mapping[str, Any]]] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def fill(self, wh: Warehouse) -> None:
        """The first load."""
        self._held = {}
        for campaign in ("c1", "c2", "c3", "g1", "g2"):
            self._put(wh, "campaign", self._version(campaign, FIRST))
        self._put(wh, "fx_rate", *({"day": FIRST + timedelta(days=n), "fx_rate": Decimal(25000 + n)}
                             for n in range(0, self.days, 4)))
        self._put(wh, "ad_daily", *(each for n in range(self.days) for each in self._spend(FIRST + timedelta(days=n))))
        self._put(wh, "engagement_daily", *({"day": FIRST + timedelta(days=n), "engagement_count": n}
                                      for n in range(0, self.days, 9)))
        for _ in range(self.leads):
            self._lead(wh)
        for _ in range(self.leads // 4):
            self._deal(wh)
            self._click(wh)
            self._call(wh)
        held, self._held = self._held, None
        for table, rows in held.items():
            put(wh, table, *rows.values())
        for _ in range(self.leads // 10):
            self._appeal(wh)

    def _put(self, wh: Warehouse, table: str, *rows: Mapping[str, Any]) -> None:
        """At once, or held until the first load is complete; the last row of a key wins."""
        if self._held is None:
            put(wh, table, *rows)
            return
        defaults = DEFAULTS.get(table, {})
        self._held.setdefault(table, {}).update({
            tuple(each.get(name, defaults.get(name)) for name in RECORDS[table].key): each for each in rows})

    def change(self, wh: Warehouse) -> None:
        """One random event of any kind."""
        self.chance.choice((
            self._lead, self._status, self._status, self._deal, self._merge, self._unmerge, self._respend, self._rename,
            self._rate, self._click, self._recreate, self._vanish, self._call,
            self._appeal))(wh)

    def _day(self) -> date:
        return FIRST + timedelta(days=self.chance.randrange(self.days))

    def _version(self, campaign: str, day: date) -> dict[str, Any]:
        name = self.chance.choice(("Sofa Hè", "Bàn ăn", "Tủ bếp", "Sofa hè"))
        google = campaign.startswith("g")
        return {"platform": "google_ads" if google else "meta_ads", "account_id": "ga" if google else "a1",
                "campaign_id": campaign, "valid_from_day": day, "campaign_name": name,
                "campaign_name_norm": name.casefold()}

    def _spend(self, day: date) -> list[dict[str, Any]]:
        rows = []
        for campaign in self.chance.sample(("c1", "c2", "c3", "gone"), 2):
            for ad in ("x1", "x2"):
                rows.append({"level": "ad", "campaign_id": campaign, "ad_id": ad, "day": day,
                             "spend_amount": self._amount(900_000), "impression_count": self.chance.randrange(999)})
        rows.append({"level": "account", "campaign_id": "", "day": day, "spend_amount": Decimal(2_000_000)})
        google = {"platform": "google_ads", "account_id": "ga", "currency_code": "USD", "day": day}
        for campaign in ("g1", "g2"):
            rows.append({**google, "campaign_id": campaign, "spend_amount": self._amount(90),
                         "click_count": self.chance.randrange(50)})
        return rows

    def _amount(self, most: int) -> Decimal | None:
        return None if self.chance.random() < 0.1 else Decimal(self.chance.randrange(most * 100)) / 100

    def _lead(self, wh: Warehouse) -> None:
        self.made += 1
        day, name = self._day(), f"l{self.made}"
        person = f"p{self.chance.randrange(self.leads)}"
        pick = self.chance.choice
        self._put(wh, "lead", {
            "lead_id": name, "created_day": day, "created_at": noon(day, self.chance.randrange(12)),
            "person_key": person, "email_hash": person, "phone_hash": self._phone(),
            "is_email_valid": pick((True, True, False, None)),
            "owner_id": pick(("an", "binh", None)),
            "utm_source": pick((None, "Facebook", "google", "newsletter")),
            "recorded_source": (None, "AD", "OWN", "TYPED", "OWN")[self.made % 5],
            **pick(({}, {"utm_campaign": "c1", "utm_campaign_norm": "c1"}, {"utm_campaign": "g1"},
                    {"utm_campaign": "gone"},
                    {"utm_campaign": "Sofa Hè", "utm_campaign_norm": "sofa hè"}, {"gclid": f"click{self.made % 9}"},
                    {"crm_campaign": "Bàn ăn", "crm_campaign_norm": "bàn ăn"}, {"fbclid": "f"},
                    {"vendor_lead_id": f"form{self.made % 9}"}, {"self_declared_origin": "friend"}))})
        self._answers(wh, name)
        for _ in range(self.chance.randrange(3)):
            self._status(wh, name)
        if self.chance.random() < 0.7:
            self._care(wh, name, noon(day, 12))

    def _phone(self) -> str | None:
        """None, a number that every fifth lead shares, or one of a pair of leads."""
        return None if self.made % 3 == 0 else "switchboard" if self.made % 5 == 0 else f"n{self.made // 3}"

    def _any(self) -> str:
        return f"l{self.chance.randrange(1, self.made + 1)}"

    def _status(self, wh: Warehouse, lead: str | None = None) -> None:
        self._put(wh, "lead_status", {"lead_id": lead or self._any(), "status": self.chance.choice(STATUSES),
                                "entered_at": noon(self._day(), 13)})

    def _answers(self, wh: Warehouse, name: str) -> None:
        """All or some questions of the portrait answered, by the number of leads so far: no chance is drawn."""
        given = ("home", "job application", "office")[self.made % 3]
        self._put(wh, "portrait_answer", *(
            {"lead_id": name, "portrait_property": word, "answer": given}
            for word in ("region", "purpose", "budget", "decides")[self.made % 5 % 2:]))

    def _call(self, wh: Warehouse) -> None:
        self._put(wh, "activity", {
            "lead_id": self._any(), "activity_id": f"t{self.chance.random()}", "occurred_at": noon(self._day(), 14),
            "direction": self.chance.choice(("inbound", "outbound")), "duration_seconds": self.chance.randrange(60),
            "outcome": self.chance.choice(("answered", "busy", "wrong_number"))})

    def _care(self, wh: Warehouse, name: str, since: datetime) -> None:
        """The hand-over of a lead and the first call, as most leads have them on record."""
        given = since + timedelta(seconds=self.chance.randrange(9_000))
        self._put(wh, "lead_status", {"lead_id": name, "status": "GIVEN", "entered_at": given})
        self._put(wh, "activity", {
            "lead_id": name, "activity_id": f"first-{name}", "direction": "outbound",
            "occurred_at": given + timedelta(seconds=self.chance.choice((0, 300, 301, 5_000, 400_000))),
            "outcome": "answered", "duration_seconds": self.chance.randrange(40)})

    def _deal(self, wh: Warehouse) -> None:
        day, is_won, name = self._day(), self.chance.random() < 0.8, f"d{self.chance.randrange(self.leads)}"
        self._put(wh, "deal_win", {"deal_id": name, "entered_at": noon(self._day()), "is_won": self.made % 3 > 0,
                                   "closed_day": self._day() if self.made % 3 else None})
        self._put(wh, "deal", {
            "deal_id": name, "closed_day": day, "is_won": is_won,
            "is_lost": not is_won, "lost_reason": self.chance.choice(("price", "competitor", "timing", None)),
            "lead_id": self.chance.choice((self._any(), self._any(), None)), "deal_amount": self._amount(9000),
            "discount_amount": (None, 0, Decimal("12.34"))[day.day % 3], "owner_id": ("an", None)[day.day % 2],
            "gross_margin_amount": self._amount(2000), "paid_amount": self._amount(9000),
            "returned_amount": (None, 0, Decimal("1.23"))[day.day // 3 % 3],
            "currency_code": self.chance.choice(("VND", "USD")),
            **self.chance.choice((
                {}, {"crm_campaign": "c2"}, {"crm_campaign": "Tủ bếp", "crm_campaign_norm": "tủ bếp"}))})

    def _merge(self, wh: Warehouse) -> None:
        pair = [self._any(), self._any()]
        if pair[0] != pair[1]:
            self._put(wh, "lead_merge", {"lead_id": max(pair), "merged_into_id": min(pair)})

    def _unmerge(self, wh: Warehouse) -> None:
        take(wh, "lead_merge", {"lead_id": self._any()})

    def _respend(self, wh: Warehouse) -> None:
        day = self._day()
        self._put(wh, "ad_daily", *self._spend(day))
        self._put(wh, "engagement_daily", {"day": day, "engagement_count": day.day, "engagement_kind": "share"})

    def _rename(self, wh: Warehouse) -> None:
        self._put(wh, "campaign", self._version(self.chance.choice(("c1", "c2", "c3", "g1", "gone")), self._day()))

    def _rate(self, wh: Warehouse) -> None:
        self._put(wh, "fx_rate", {"day": self._day(), "fx_rate": Decimal(self.chance.randrange(25000, 26000))})

    def _click(self, wh: Warehouse) -> None:
        n = self.chance.randrange(9)
        self._put(wh, "ad_touch", self.chance.choice((
            {"platform": "google_ads", "account_id": "ga", "touch_kind": "gclid", "touch_id": f"click{n}",
             "campaign_id": self.chance.choice(("g1", "g2"))},
            {"touch_kind": "vendor_lead_id", "touch_id": f"form{n}", "campaign_id": self.chance.choice(("c1", "c2"))})))

    def _recreate(self, wh: Warehouse) -> None:
        day = self._day()
        person = f"p{self.chance.randrange(self.leads)}"
        name = self._any()
        self._answers(wh, name)
        self._put(wh, "lead", {"lead_id": name, "created_day": day, "person_key": person,
                         "utm_campaign": self.chance.choice((None, "c3", "g2"))})

    def _vanish(self, wh: Warehouse) -> None:
        take(wh, "lead", {"lead_id": self._any()})

    def _appeal(self, wh: Warehouse) -> None:
        """One side files, the other may sign, and either may think better of it; of a lead that is gone nobody can."""
        at, pick = noon(self._day()).replace(tzinfo=UTC), self.chance.choice
        claim = Claim("crm", self._any(), pick(APPEALABLE), pick((None, at)))
        sides, more = self.chance.sample(SIDES, 2), self.chance.randrange(4)
        with suppress(ConfigError):
            name = appeals.file(wh, claim, Word(sides[0], "An", at, "why", "call"))
            if more:
                appeals.sign(wh, name, Word(sides[1], "Bình", at + timedelta(hours=more)))
            if more == 1:
                appeals.withdraw(wh, name, Word(pick(sides), "Chi", at + timedelta(days=1)))
