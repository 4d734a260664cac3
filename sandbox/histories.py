"""What became of each lead: calls, statuses, deals. Nothing after the company's last night is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from sandbox.calendar import off_the_minute
from sandbox.catalogue import Plan
from sandbox.leads import Arrival
from sandbox.model import Call, Deal, Lead, StatusChange

_HUBSPOT = {
    "assigned": (("hs_lead_status", "OPEN"),),
    "attempted": (("hs_lead_status", "ATTEMPTED_TO_CONTACT"),),
    "reached": (("hs_lead_status", "CONNECTED"), ("lifecyclestage", "marketingqualifiedlead")),
    "working": (("hs_lead_status", "IN_PROGRESS"),),
    "potential": (("hs_lead_status", "BAD_TIMING"),),
    "wrong": (("hs_lead_status", "UNQUALIFIED"),),
    "dead": (("hs_lead_status", "UNQUALIFIED"),),
    "hot": (("lifecyclestage", "salesqualifiedlead"), ("hs_lead_status", "OPEN_DEAL")),
    "deal": (("lifecyclestage", "opportunity"),),
    "won": (("lifecyclestage", "customer"),),
    "lost": (),
}
_GETFLY = {
    "assigned": (), "attempted": ("Đang liên hệ",), "reached": ("Tiếp cận",), "working": (),
    "potential": ("Tiềm năng",), "wrong": ("Sai đối tượng",), "dead": ("Sai số",), "hot": ("Nóng",), "deal": (),
    "won": ("Chốt",), "lost": ("Mất",),
}
_STAGES = {"hubspot": ("dealstage", ("appointmentscheduled", "closedwon", "closedlost")),
           "getfly": ("status", ("1", "2", "3"))}
#: Distance kept from a horizon's edge, so that a vendor's coarser clock cannot move a win across it.
_EDGE = timedelta(hours=26)
_THOUSAND, _CENT = Decimal(1000), Decimal("0.01")


@dataclass(frozen=True)
class Step:
    """Something that happened to a lead, before it is put into the CRM's own words."""

    at: datetime
    what: str


@dataclass(frozen=True)
class Sale:
    """A deal to be made up: whose, how big (above 100,000 it is in VND, else in USD), from when, won when."""

    crm: str
    lead_id: str | None
    owner_id: str
    size: int
    created: datetime
    won_at: datetime | None
    crm_campaign: str | None = None
    is_final: bool = False  # never cancelled


class Office:
    """The sales floor: plays each arrival to its end."""

    def __init__(self, rng: Random, last: datetime) -> None:
        """Events after `last` have not happened yet."""
        self.rng, self.last = rng, last
        self.calls = self.deals = 0

    def play(self, arrival: Arrival) -> tuple[Lead, tuple[Deal, ...]]:
        """The lead with its history, and its deals."""
        steps, deal_at, won_at = self._steps(arrival)
        deals = () if deal_at is None else self.sell(arrival.lead, arrival.plan, deal_at, won_at)
        lead = replace(arrival.lead, statuses=self.statuses(arrival.lead, steps), calls=self.phone(arrival.lead, steps))
        return lead, deals

    def _after(self, moment: datetime, hours: float) -> datetime:
        return off_the_minute(moment + timedelta(hours=min(hours * 8, self.rng.expovariate(1 / hours)), seconds=61))

    def _steps(self, arrival: Arrival) -> tuple[list[Step], datetime | None, datetime | None]:
        rng, plan, lead = self.rng, arrival.plan, arrival.lead
        assigned = off_the_minute(lead.created + timedelta(seconds=rng.randint(5, 900)))
        first = self._after(assigned, arrival.rep.delay_hours)
        steps = [Step(assigned, "assigned"), Step(first, "attempted")]
        if arrival.is_dead:
            return [*steps, Step(self._after(first, 20), "dead")], None, None
        if rng.random() > plan.reach * (0.75 if arrival.rep.delay_hours > 24 else 1.0):
            return steps, None, None
        reached = self._after(first, 14)
        steps.append(Step(reached, "reached"))
        if rng.random() < plan.wrong:
            return [*steps, Step(self._after(reached, 30), "wrong")], None, None
        if rng.random() > plan.hot:
            return [*steps, Step(self._after(reached, 60), rng.choice(("potential", "working")))], None, None
        return self._courtship(arrival, steps, reached)

    def _courtship(self, arrival: Arrival, steps: list[Step],
                   reached: datetime) -> tuple[list[Step], datetime | None, datetime | None]:
        hot = self._after(reached, 40)
        deal = self._after(hot, 30)
        steps += [Step(hot, "hot"), Step(deal, "deal")]
        end = self._clear_of_horizons(arrival.lead.created, self._after(deal, 24 * self.rng.choice((4, 9, 9, 20, 38))))
        won = self.rng.random() < arrival.plan.win
        if won or self.rng.random() < 0.6:
            steps.append(Step(end, "won" if won else "lost"))
        return steps, deal, end if won else None

    @staticmethod
    def _clear_of_horizons(created: datetime, moment: datetime) -> datetime:
        for days in (30, 60, 90):
            if abs(moment - created - timedelta(days=days)) < _EDGE:
                return moment + 2 * _EDGE
        return moment

    def statuses(self, lead: Lead, steps: Sequence[Step]) -> tuple[StatusChange, ...]:
        """The steps in the CRM's words. One record in fifty was imported without any status at all."""
        past = [step for step in steps if step.at < self.last]
        if self.rng.random() < 0.02 and not any(step.what in ("hot", "dead") for step in steps):
            return ()
        if lead.crm == "getfly":
            fresh = StatusChange(lead.created, "relation_name", "Mới")
            return (fresh, *(StatusChange(step.at, "relation_name", value)
                             for step in past for value in _GETFLY[step.what]))
        fresh_fields = (StatusChange(lead.created, "lifecyclestage", "lead"),
                        StatusChange(lead.created, "hs_lead_status", "NEW"))
        return (*fresh_fields, *(StatusChange(step.at, field, value)
                                 for step in past for field, value in _HUBSPOT[step.what]))

    def phone(self, lead: Lead, steps: Sequence[Step]) -> tuple[Call, ...]:
        """The calls behind the steps; Getfly keeps none. A quick hang-up is an answer that reaches nobody."""
        if lead.crm == "getfly":
            return ()
        return tuple(self._call(lead, step) for step in steps
                     if step.what in ("attempted", "reached", "dead") and step.at < self.last)

    def _call(self, lead: Lead, step: Step) -> Call:
        self.calls += 1
        outcome = {"reached": "answered", "dead": "wrong_number"}.get(
            step.what, self.rng.choice(("busy", "no_answer", "voicemail", "answered")))
        seconds = self.rng.randint(25, 600) if step.what == "reached" else self.rng.randint(0, 19)
        direction = "inbound" if self.rng.random() < 0.1 and step.what == "reached" else "outbound"
        at = off_the_minute(step.at - timedelta(seconds=self.rng.randint(2, 40)))
        is_recorded = outcome == "answered" and self.calls % 5 > 0  # the recorder fails now and then
        return Call(str(800_000 + self.calls), at, direction, outcome, seconds, lead.owner_id, is_recorded)

    def sell(self, lead: Lead, plan: Plan, created: datetime, won_at: datetime | None) -> tuple[Deal, ...]:
        """The lead's deal, and for one customer in twenty a second one; empty when none has begun by the last night."""
        if created >= self.last:
            return ()
        first = self.deal(Sale(lead.crm, lead.lead_id, lead.owner_id, plan.deal, created, won_at))
        if first.won_at is None or self.rng.random() > 0.05:
            return (first,)
        again = self._clear_of_horizons(lead.created, self._after(first.won_at, 24 * 12))
        begun = min(self._after(first.won_at, 20), again - timedelta(hours=1))  # no deal is won before it exists
        return (first, *self.sell(lead, plan, begun, again))

    def deal(self, sale: Sale) -> Deal:
        """The sale as the CRM keeps it: one win in thirty-three is cancelled later, one margin in as many unknown."""
        self.deals += 1
        rng, currency = self.rng, "VND" if sale.size > 100_000 else "USD"
        unit = _THOUSAND if currency == "VND" else _CENT
        listed = Decimal(round(sale.size * rng.uniform(0.5, 1.7) / float(unit))) * unit
        discount = (listed * rng.choice((0, 0, 0, 5, 8, 15)) / 100 / unit).quantize(Decimal(1)) * unit
        amount = listed - discount
        margin = (amount * rng.randint(22, 45) / 100 / unit).quantize(Decimal(1)) * unit - discount / 2
        won = sale.won_at if sale.won_at is not None and sale.won_at < self.last else None
        cancelled = None if sale.is_final else self._cancelled(won)
        lost = None if sale.won_at else self._lost(sale.created)
        return Deal(sale.crm, str(30_000 + self.deals), sale.lead_id, sale.created, sale.owner_id, currency, listed,
                    discount, amount,
                    None if rng.random() < 0.03 else margin.quantize(Decimal("1") if currency == "VND" else _CENT),
                    _stages(sale, won, lost, cancelled), won, lost, cancelled,
                    rng.choice(("price", "competitor", "timing")) if lost else None, sale.crm_campaign)

    def _cancelled(self, won: datetime | None) -> datetime | None:
        if won is None or self.rng.random() > 0.03:
            return None
        moment = self._after(won, 60)
        return moment if moment < self.last else None

    def _lost(self, created: datetime) -> datetime | None:
        moment = self._after(created, 24 * 12)
        return moment if self.rng.random() < 0.6 and moment < self.last else None


def _stages(sale: Sale, won: datetime | None, lost: datetime | None,
            cancelled: datetime | None) -> tuple[StatusChange, ...]:
    """The deal's stages: HubSpot's default pipeline, or Getfly's three numbers."""
    field, words = _STAGES[sale.crm]
    steps = [(sale.created, words[0]), (won, words[1]), (lost or cancelled, words[2])]
    if sale.crm == "hubspot" and (end := won or lost):
        third = (end - sale.created) / 3
        steps[1:1] = [(sale.created + third, "qualifiedtobuy"), (sale.created + 2 * third, "contractsent")]
    return tuple(StatusChange(at.replace(microsecond=0), field, value) for at, value in steps if at is not None)
