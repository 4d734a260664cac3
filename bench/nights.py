"""The two nights of the benchmark: all of history, and one new day with its lookback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bench import data
from bench.data import Size, account, job, put
from connectors.base import Slice, Stream
from connectors.landing import LandingZone, Manifest
from crosscheck.windows import Window

Landed = tuple[Slice, Manifest]
Numbers = npt.NDArray[np.int64]
Instants = npt.NDArray[np.datetime64]
_STATUSES = ("NEW", "ATTEMPTED_TO_CONTACT", "CONNECTED", "OPEN_DEAL")


def land(zone: LandingZone, size: Size, window: Window, run: str, as_of: datetime, *, leads: range,
         revision: int = 0) -> list[Landed]:
    """Land a night: ad rows of the window at three levels, and the leads of a range of numbers.

    Rows are a function of ad, day and `revision`: a later revision restates one ad-day in thirty.
    """
    landed = [one for number in range(size.accounts) for one in _ads(zone, size, number, window, run, as_of, revision)]
    landed.append(_rates(zone, window, run, as_of))
    return [*landed, *_crm(zone, size, leads, run, as_of, np.random.default_rng(leads.start))]


def _ads(zone: LandingZone, size: Size, number: int, window: Window, run: str, as_of: datetime,
         revision: int) -> Iterator[Landed]:
    holder = account(number)
    ads = np.arange(number, size.ads, size.accounts)
    campaigns = np.unique(ads % size.campaigns)
    yield put(zone, job(data.ACCOUNTS, holder, window, "google_ads", run, as_of), {"account": {
        "platform": ["google_ads"], "account_id": [holder.account_id], "time_zone": [data.ZONE],
        "currency_code": [holder.currency_code]}})
    yield put(zone, job(data.CAMPAIGNS, holder, window, "google_ads", run, as_of), {"campaign": {
        "platform": ["google_ads"] * len(campaigns), "account_id": [holder.account_id] * len(campaigns),
        "campaign_id": [f"c{one}" for one in campaigns],
        "valid_from_day": [data.LAST - timedelta(days=size.days)] * len(campaigns),
        "campaign_name": [f"Campaign {one}" for one in campaigns],
        "campaign_name_norm": [f"campaign {one}" for one in campaigns]}})
    for chunk in window.chunks(30):
        days = np.array([chunk.first + timedelta(days=n) for n in range(chunk.days)])
        ad = np.repeat(ads, len(days))
        day = np.tile(days, len(ads))
        rows = _rows(ad, day, size, revision)
        for level, stream in data.LEVELS.items():
            yield put(zone, job(stream, holder, chunk, "google_ads", run, as_of),
                      {"ad_daily": _level(rows, level, holder.account_id, holder.currency_code or "")})


def _rows(ad: Numbers, day: npt.NDArray[np.object_], size: Size, revision: int) -> pa.Table:
    number = day.astype("datetime64[D]").astype("int64")
    mixed = ad * 7_919 + number * 104_729
    clicks = mixed % 50 + np.where(mixed // 50 % 30 == 0, revision, 0)
    return pa.table({"campaign": ad % size.campaigns, "ad": ad, "day": pa.array(day), "spend": clicks * 1500,
                     "click": clicks, "impression": clicks * 40 + mixed % 97})


def _level(rows: pa.Table, level: str, account_id: str, currency: str) -> dict[str, Any]:
    keys = {"account": ["day"], "campaign": ["campaign", "day"], "ad": ["campaign", "ad", "day"]}[level]
    summed = rows.group_by(keys).aggregate([("spend", "sum"), ("click", "sum"), ("impression", "sum")])
    size = summed.num_rows

    def ids(name: str, letter: str) -> pa.Array:
        if name not in keys:
            return pa.repeat("", size)
        return pc.binary_join_element_wise(letter, pc.cast(summed[name], pa.string()), "")

    def same(text: str) -> pa.Array:
        return pa.repeat(text, size)

    return {"platform": same("google_ads"), "account_id": same(account_id), "level": same(level),
            "campaign_id": ids("campaign", "c"), "ad_group_id": same(""), "ad_id": ids("ad", "a"), "day": summed["day"],
            "currency_code": same(currency), "spend_amount": summed["spend_sum"], "click_count": summed["click_sum"],
            "impression_count": summed["impression_sum"]}


def _rates(zone: LandingZone, window: Window, run: str, as_of: datetime) -> Landed:
    first = data.LAST - timedelta(days=500)
    days = [first + timedelta(days=n) for n in range((window.last - first).days + 2)]
    task = job(data.RATES, data.Account("fx", data.ZONE), window, "fx", run, as_of)
    return put(zone, task, {"fx_rate": {"day": days, "from_currency": ["USD"] * len(days),
                                        "to_currency": ["VND"] * len(days), "fx_rate": [25_000] * len(days)}})


def _crm(zone: LandingZone, size: Size, leads: range, run: str, as_of: datetime,
         rng: np.random.Generator) -> Iterator[Landed]:
    portal = data.Account("portal", data.ZONE)
    window = Window(data.LAST, max(as_of.date(), data.LAST))
    numbers = np.array(leads)

    def task(stream: Stream) -> Slice:
        return job(stream, portal, window, "hubspot", run, as_of)

    yield put(zone, task(data.LEADS), {"lead": _leads(numbers, size), "lead_status": _statuses(numbers, size, rng)})
    yield put(zone, task(data.CALLS), {"activity": _calls(numbers[numbers % 2 == 0], size)})
    yield put(zone, task(data.DEALS), {"deal": _deals(numbers[numbers % 10 == 0], size)})


def _created(numbers: Numbers, size: Size) -> Instants:
    """Leads arrive at an even pace over the whole history."""
    start = np.datetime64(data.LAST - timedelta(days=size.days), "us")
    return start + (numbers.astype("int64") * (size.days * 86_400_000_000 // size.leads)).astype("timedelta64[us]")


def _leads(numbers: Numbers, size: Size) -> dict[str, Any]:
    """Four in five carry a campaign's id, every fortieth repeats a person, every fiftieth shares a phone."""
    created, count = _created(numbers, size), len(numbers)
    people = [f"p{n if n % 40 else n - n % 7}" for n in numbers]
    tagged = [f"c{n % size.campaigns}" if n % 5 < 4 else None for n in numbers]
    return {"source": ["hubspot"] * count, "lead_id": [f"l{n}" for n in numbers],
            "person_key": people, "email_hash": people, "created_at": created,
            "phone_hash": [f"t{n if n % 50 else n - n % 11}" for n in numbers],
            "created_day": created.astype("datetime64[D]"), "updated_at": created, "is_archived": [False] * count,
            "is_email_valid": [True] * count, "utm_campaign": tagged, "utm_campaign_norm": tagged}


def _statuses(numbers: Numbers, size: Size, rng: np.random.Generator) -> dict[str, Any]:
    """One to four statuses per lead, an hour apart."""
    depth = rng.integers(1, 5, len(numbers))
    who = np.repeat(np.arange(len(numbers)), depth)
    step = np.arange(len(who)) - np.repeat(np.cumsum(depth) - depth, depth)
    return {"source": ["hubspot"] * len(who), "lead_id": [f"l{numbers[i]}" for i in who],
            "status_field": ["hs_lead_status"] * len(who), "status": [_STATUSES[s] for s in step],
            "entered_at": _created(numbers, size)[who] + (step * 3_600_000_000).astype("timedelta64[us]"),
            "is_inferred": [False] * len(who)}


def _calls(numbers: Numbers, size: Size) -> dict[str, Any]:
    """One call on every second lead, ten minutes after it came; two in three are answered."""
    count = len(numbers)
    return {"source": ["hubspot"] * count, "activity_id": [f"k{n}" for n in numbers],
            "lead_id": [f"l{n}" for n in numbers], "activity_kind": ["call"] * count,
            "occurred_at": _created(numbers, size) + np.timedelta64(10, "m"), "is_automatic": [False] * count,
            "direction": ["outbound"] * count, "outcome": ["answered" if n % 3 else "busy" for n in numbers],
            "duration_seconds": [60] * count}


def _deals(numbers: Numbers, size: Size) -> dict[str, Any]:
    """One deal on every tenth lead, won after five days."""
    made, count = _created(numbers, size) + np.timedelta64(1, "D"), len(numbers)
    closed = made + np.timedelta64(5, "D")
    return {"source": ["hubspot"] * count, "deal_id": [f"d{n}" for n in numbers], "created_at": made,
            "created_day": made.astype("datetime64[D]"), "updated_at": closed, "is_won": [True] * count,
            "is_lost": [False] * count, "is_archived": [False] * count, "lead_id": [f"l{n}" for n in numbers],
            "closed_at": closed, "closed_day": closed.astype("datetime64[D]"),
            "deal_amount": np.full(count, 1_000_000), "currency_code": ["VND"] * count,
            "gross_margin_amount": np.full(count, 300_000)}


def until(day: date, days: int) -> Window:
    """The window of so many days that ends on a day."""
    return Window(day - timedelta(days=days - 1), day)
