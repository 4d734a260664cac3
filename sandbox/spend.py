"""Campaigns, ads and what they cost per day, with the platforms' second thoughts.

A day's first version is visible one hour after the account's day ended. Between two nights the platforms restate:
invalid clicks are credited, conversions arrive late, one row falls to zero and one vanishes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from sandbox.calendar import midnight
from sandbox.catalogue import ACCOUNTS, PLANS, Plan
from sandbox.model import Ad, AdDay, Campaign, NameChange

_ACCOUNT = {account.account_id: account for account in ACCOUNTS}
_CENT = Decimal("0.01")
#: Price of one click in account currency.
_CLICK_PRICE = {"VND": 4_500.0, "USD": 1.10}


@dataclass(frozen=True)
class Running:
    """One campaign of one replica, with its plan and its ads."""

    plan: Plan
    campaign: Campaign
    ads: tuple[Ad, ...]
    first: date
    last: date


def _names(plan: Plan, suffix: str, start: datetime, nights: Sequence[datetime]) -> tuple[NameChange, ...]:
    """Every name the campaign bears; one is renamed in mid-history, one between the first two nights."""
    names = [NameChange(start, plan.name + suffix)]
    if plan.key == "table_search":
        names.append(NameChange(start + timedelta(days=60, seconds=7), f"Tìm kiếm - Bàn ăn 2026{suffix}"))
    if plan.key == "oak":
        names.append(NameChange(nights[0] + timedelta(hours=9, seconds=7), f"US Lead Form - Oak Bedroom{suffix}"))
    return tuple(names)


def _deleted_at(plan: Plan, last: date) -> datetime | None:
    if plan.key not in ("deleted", "lost"):
        return None
    return midnight(last + timedelta(days=3), _ACCOUNT[plan.account_id].time_zone) + timedelta(hours=10, seconds=11)


def _ads(campaign: Campaign, number: int, count: int) -> tuple[Ad, ...]:
    return tuple(
        Ad(campaign.platform, campaign.account_id, campaign.campaign_id, f"{number}{i // 2 + 1:03d}",
           f"Nhóm {i // 2 + 1}", f"{number}{i + 1:04d}", f"{campaign.names[0].name} {'ABCDEFGH'[i]}")
        for i in range(count))


def running(replica: int, first: date, nights: Sequence[datetime]) -> tuple[Running, ...]:
    """One replica of all planned campaigns; the first bears the plain names."""
    suffix = f" #{replica + 1}" if replica else ""
    return tuple(_run(plan, replica * 100 + place, suffix, first, nights) for place, plan in enumerate(PLANS, 1))


def _run(plan: Plan, number: int, suffix: str, first: date, nights: Sequence[datetime]) -> Running:
    account = _ACCOUNT[plan.account_id]
    start, end = first + timedelta(days=plan.first), first + timedelta(days=plan.last)
    base = (21_000_000_000 if plan.platform == "google_ads" else 120_210_000_000_000_000) + number
    opened = midnight(start, account.time_zone) - timedelta(days=2, seconds=13)
    campaign = Campaign(plan.platform, plan.account_id, str(base), _names(plan, suffix, opened, nights), plan.channel,
                        plan.objective, start, _deleted_at(plan, end), plan.ads_level, plan.key == "lost")
    ads = _ads(campaign, base, plan.ads) if plan.ads_level else ()
    final = nights[-1].astimezone(ZoneInfo(account.time_zone)).date() - timedelta(days=1)
    return Running(plan, campaign, ads, start, min(end, final))


def ad_days(rng: Random, runs: Sequence[Running], nights: Sequence[datetime]) -> tuple[AdDay, ...]:
    """Every version of every row: the first ones in order of campaign, ad and day, then the restatements."""
    rows = [row for run in runs for row in _first_versions(rng, run)]
    return (*rows, *_restatements(rng, rows, nights))


def _first_versions(rng: Random, run: Running) -> Iterator[AdDay]:
    zone = _ACCOUNT[run.plan.account_id].time_zone
    slots = [(ad.ad_group_id, ad.ad_id) for ad in run.ads] or [("", "")]
    seen = [midnight(run.first + timedelta(days=n + 1), zone) + timedelta(hours=1)
            for n in range((run.last - run.first).days + 1)]
    for group, ad in slots:
        for offset, visible in enumerate(seen):
            frame = AdDay(run.plan.platform, run.plan.account_id, run.campaign.campaign_id, group, ad,
                          run.first + timedelta(days=offset), visible, Decimal(0), 0, 0)
            yield _filled(rng, run.plan, frame)


def _filled(rng: Random, plan: Plan, row: AdDay) -> AdDay:
    currency, day = _ACCOUNT[plan.account_id].currency, row.day
    raw = plan.spend * rng.uniform(0.75, 1.25) * (1.15 if day.weekday() >= 5 else 1.0)
    spend = Decimal(round(raw)) if currency == "VND" else Decimal(round(raw * 100)) * _CENT
    clicks = max(1, round(raw / _CLICK_PRICE[currency] * rng.uniform(0.8, 1.2)))
    impressions = clicks * rng.randint(25, 60)
    value = (spend * Decimal(str(plan.claim)) * Decimal(rng.randint(60, 140)) / 100).quantize(
        Decimal(1) if currency == "VND" else _CENT)
    conversions = Decimal(rng.randint(0, max(1, clicks // 12))) if plan.claim else Decimal(0)
    if plan.platform == "google_ads" and conversions:
        conversions += Decimal(rng.choice((0, 0, 25, 50))) * _CENT
    return replace(row, spend=spend, impressions=impressions, clicks=clicks,
                   engagements=_engagements(rng, plan, clicks), claimed_conversions=conversions,
                   claimed_value=value if conversions else Decimal(0))


def _engagements(rng: Random, plan: Plan, clicks: int) -> dict[str, int]:
    if plan.platform == "google_ads":
        return {"engagement": clicks + rng.randint(1, 9)}
    boost = 8 if plan.key == "workshop" else 1
    return {"reaction": boost * rng.randint(2, 20), "comment": boost * rng.randint(1, 6),
            "share": boost * rng.randint(1, 4), "video_view": boost * rng.randint(20, 90)}


def _restatements(rng: Random, rows: Sequence[AdDay], nights: Sequence[datetime]) -> Iterator[AdDay]:
    """Between each night and the next: about one recent row in forty changes, and night 2 has the two hard cases."""
    for before, after in pairwise(nights):
        moment = before + timedelta(hours=6, seconds=17)
        recent = [row for row in rows if row.visible_from <= before
                  and 1 <= (before.astimezone(UTC).date() - row.day).days <= 20]
        chosen = rng.sample(recent, min(len(recent), max(6, len(recent) // 40)))
        yield from (_restated(rng, row, moment) for row in chosen)
        if after == nights[1]:
            taken = {id(row) for row in chosen}
            yield from _hard_cases([row for row in recent if id(row) not in taken and row.ad_id], moment, before)


def _restated(rng: Random, row: AdDay, moment: datetime) -> AdDay:
    if rng.random() < 0.5:
        late = Decimal(rng.randint(1, 3))
        per_piece = row.claimed_value / row.claimed_conversions if row.claimed_conversions else Decimal(0)
        return replace(row, visible_from=moment, claimed_conversions=row.claimed_conversions + late,
                       claimed_value=(row.claimed_value + late * per_piece).quantize(row.spend))
    credit = (row.spend * rng.randint(2, 15) / 100).quantize(row.spend)
    return replace(row, visible_from=moment, spend=row.spend - credit)


def _hard_cases(rows: Sequence[AdDay], moment: datetime, before: datetime) -> Iterator[AdDay]:
    """One row exactly 20 days back restated, one restated to zero, one vanished: three different campaigns."""
    oldest = min(rows, key=lambda row: row.day)
    yield replace(oldest, visible_from=moment, spend=oldest.spend * 2)
    zero = next(row for row in rows if row.campaign_id != oldest.campaign_id and (before.date() - row.day).days == 9)
    yield replace(zero, visible_from=moment, spend=zero.spend * 0)
    gone = next(row for row in rows if row.campaign_id not in (oldest.campaign_id, zero.campaign_id)
                and (before.date() - row.day).days == 5)
    yield replace(gone, visible_from=moment, vanished=True)
