"""Truth of the delays: how long each first lead waited, by the clock and while the business was open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from sandbox.calendar import DAYS_OFF, local_date
from sandbox.catalogue import BUSINESS_ZONE
from sandbox.facts import Key
from sandbox.truth_coverage import coverage
from sandbox.truth_events import Head
from sandbox.truth_ledger import Ledger
from sandbox.truth_origin import CampaignKey
from sandbox.truth_roi import Cells, month, month_end
from sandbox.truth_shares import SMALL_SAMPLE, wilson

SPEED_DAYS = 30
#: How many minutes a band's longest wait takes.
MINUTES = {"0_5": 5, "5_15": 15, "15_60": 60, "over_60": SPEED_DAYS * 24 * 60}
_SUNDAY, _OPENS, _CLOSES = 6, time(8), time(17, 30)
#: What a CRM must have on record before a delay is published.
_NEEDS = {"whole": {"speed_to_lead"}, "routing": {"routing_delay"}, "human": {"speed_to_lead", "routing_delay"},
          "answer": {"speed_to_lead"}}


@dataclass(frozen=True)
class Wait:
    """One lead and stage; `end` None: not within the horizon, which ends with `limit`. No start: nobody knows."""

    start: datetime | None
    end: datetime | None
    limit: datetime

    def seconds(self, clock: str) -> int:
        """How long until the end, or until the horizon's."""
        assert self.start is not None
        end = self.end or self.limit
        return open_seconds(self.start, end) if clock == "business_hours" else int((end - self.start).total_seconds())

    def band(self, clock: str) -> str:
        """The band it falls into, or why into none."""
        if self.start is None or self.end is None:
            return "unknown" if self.start is None else "waiting"
        took = self.seconds(clock)
        return next(name for name, upto in MINUTES.items() if took <= upto * 60)


def open_seconds(start: datetime, end: datetime) -> int:
    """The seconds between two instants in which the business was open, day by day."""
    both = (min(end, closes) - max(start, opens) for opens, closes in shifts(start, end))
    return int(sum((max(timedelta(), each) for each in both), timedelta()).total_seconds())


def shifts(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Opening and closing of every working day that either instant lies in or that lies between them."""
    zone, day = ZoneInfo(BUSINESS_ZONE), local_date(start, BUSINESS_ZONE)
    while day <= local_date(end, BUSINESS_ZONE):
        if day.weekday() != _SUNDAY and day not in DAYS_OFF:
            yield datetime.combine(day, _OPENS, zone), datetime.combine(day, _CLOSES, zone)
        day += timedelta(days=1)


def waits(head: Head) -> dict[str, Wait]:
    """The stages of a lead."""
    born, limit = head.lead.created, head.lead.created + timedelta(days=SPEED_DAYS)

    def first(moments: Sequence[datetime]) -> datetime | None:
        return min((at for at in moments if born <= at <= limit), default=None)

    tried, spoken = first(head.touched + head.answered), first(head.answered)
    given = None
    if any(at >= born for at in head.assigned):
        given = first(head.assigned + head.touched + head.answered)
    is_told = given is not None or tried is None
    return {"whole": Wait(born, tried, limit), "routing": Wait(born if is_told else None, given, limit),
            "human": Wait(given, tried, limit), "answer": Wait(tried, spoken, limit)}


def published(ledger: Ledger) -> dict[str, set[str]]:
    """Per stage, the CRMs that keep enough to tell."""
    told: defaultdict[str, set[str]] = defaultdict(set)
    for (crm, metric), cells in coverage(ledger):
        if cells["is_published"]:
            told[crm].add(metric)
    return {delay: {crm for crm, metrics in told.items() if needs <= metrics} for delay, needs in _NEEDS.items()}


def speed(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per CRM, campaign, month, stage and clock: who waited how long."""
    groups: defaultdict[tuple[str, CampaignKey, date], list[Head]] = defaultdict(list)
    for head in ledger.heads.values():
        groups[head.lead.crm, head.campaign, month(head.day)].append(head)
    shown = published(ledger)
    for (crm, campaign, first), heads in groups.items():
        matured = month_end(first) + timedelta(days=SPEED_DAYS) < ledger.today
        stages = [waits(head) for head in heads]
        for delay, clock in product(_NEEDS, ("all_hours", "business_hours")):
            if crm in shown[delay]:
                yield (crm, *campaign, first.isoformat(), delay, clock), {
                    "is_matured": matured, "horizon_days": SPEED_DAYS, "unique_lead_count": len(heads),
                    **_summary([stage[delay] for stage in stages], clock, matured=matured)}


def _summary(every: list[Wait], clock: str, *, matured: bool) -> Cells:
    known = [wait for wait in every if wait.start is not None]
    ended = sorted(wait.seconds(clock) for wait in known if wait.end is not None)
    waited = [wait.seconds(clock) if matured else 0 for wait in known if wait.end is None]
    bands = [wait.band(clock) for wait in every]
    counts = {name: bands.count(name) for name in (*MINUTES, "waiting", "unknown")}
    cells: Cells = {"started_count": len(known), "ended_count": len(ended), "waiting_count": counts["waiting"],
                    "unknown_count": counts["unknown"], "is_small_sample": len(known) < SMALL_SAMPLE,
                    **{f"band_{name}_count": counts[name] for name in MINUTES}}
    for percent in (50, 90, 95):
        cells |= {f"p{percent}_seconds": _ranked(ended, percent, len(known)),
                  f"p{percent}_least_seconds": _ranked(sorted(ended + waited), percent, len(known))}
    for name in MINUTES:
        cells |= shares(f"band_{name}", counts[name], len(known))
    return cells | shares("waiting", counts["waiting"], len(known))


def _ranked(values: Sequence[int], percent: int, size: int) -> int | None:
    """The value that so many percent do not exceed; None of few, and where not so many are known."""
    rank = -(-size * percent // 100)
    return values[rank - 1] if size >= SMALL_SAMPLE and rank <= len(values) else None


def shares(name: str, count: int, size: int) -> Cells:
    """A share with its bounds; nothing of few."""
    names = f"{name}_rate", f"{name}_rate_low", f"{name}_rate_high"
    if size < SMALL_SAMPLE:
        return dict.fromkeys(names)
    return dict(zip(names, (count / size, *wilson(count, size)), strict=True))


def curve(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per stage, clock and band: what became of the leads that are old enough."""
    old = [head for head in ledger.heads.values() if head.day + timedelta(days=SPEED_DAYS) < ledger.today]
    shown, groups = published(ledger), defaultdict(list)
    for head in old:
        for delay, wait in waits(head).items():
            if delay != "answer" and head.lead.crm in shown[delay]:
                for clock in ("all_hours", "business_hours"):
                    groups[delay, clock, wait.band(clock)].append(head)
    for key, heads in groups.items():
        cells: Cells = {"unique_lead_count": len(heads), "horizon_days": SPEED_DAYS,
                        "is_small_sample": len(heads) < SMALL_SAMPLE}
        for state in ("reached", "closed"):
            count = sum(head.within(state, SPEED_DAYS) for head in heads)
            cells |= {f"{state}_count": count, **shares(state, count, len(heads))}
        yield key, cells
