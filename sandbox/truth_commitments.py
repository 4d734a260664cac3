"""Truth of the promises: what stands in the demo's file, and what the company's own events say came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sandbox.facts import Key
from sandbox.truth_follow_up import followed
from sandbox.truth_ledger import Ledger
from sandbox.truth_origin import CampaignKey
from sandbox.truth_roi import Cells, month_end
from sandbox.truth_shares import SMALL_SAMPLE, wilson
from sandbox.truth_sla import breaches
from sandbox.truth_speed import published

_SALES = ("in_time", "fair_effort", "wins")


@dataclass(frozen=True)
class _Deal:
    """A month, or a charter: by name of the promise, how much."""

    name: str
    first: date
    last: date
    promised: dict[str, Decimal]
    campaign: tuple[str, str] | None = None
    is_draft: bool = False
    portrait: str | None = None


def _month(name: str, **promised: str) -> _Deal:
    first = date.fromisoformat(f"{name}-01")
    return _Deal(name, first, month_end(first), {word: Decimal(value) for word, value in promised.items()})


_DEALS = (
    _month("2026-08", leads="500", qualified_leads="250", in_time="0.7", fair_effort="0.5", wins="60"),
    _month("2026-09", budget="900000000", leads="550", qualified_leads="300", in_time="0.8", fair_effort="0.6",
           wins="70"),
    _month("2026-11", budget="800000000", leads="600", in_time="0.8"),
    _Deal("Cheap sofas", date(2026, 8, 10), date(2026, 9, 20), {
        "budget": Decimal(90_000_000), "leads": Decimal(150), "in_time": Decimal("0.6"), "wins": Decimal(5)},
        ("meta_ads", "120210000000000008")),
    _Deal("Oak beds, US", date(2026, 10, 1), date(2026, 10, 31), {
        "leads": Decimal(30), "qualified_leads": Decimal(20), "in_time": Decimal("0.9")},
        ("meta_ads", "120210000000000012"), portrait="0a1b2c3d4e5f"),
    _Deal("Early Tết", date(2026, 11, 1), date(2026, 12, 20), {"budget": Decimal(50_000_000), "wins": Decimal(4)},
          ("google_ads", "21000000004"), is_draft=True))


@dataclass
class _Found:
    """What happened in the days of a deal."""

    spend: list[Decimal] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("leads", "qualified_leads", "wins"), 0))
    counted: int = 0
    met: int = 0


def promises(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per month or charter and promise."""
    for deal, found in _found(ledger):
        for word, promised in deal.promised.items():
            yield (deal.name, word), {
                "promised_by": "sales" if word in _SALES else "marketing", "is_over": deal.last < ledger.today,
                "is_draft": deal.is_draft, "first_day": deal.first.isoformat(), "last_day": deal.last.isoformat(),
                "platform": deal.campaign and deal.campaign[0], "campaign_id": deal.campaign and deal.campaign[1],
                **_cells(ledger, deal, found, word, promised)}


def charters(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per charter: the facts of its days, and what became of its promises."""
    kept = dict(promises(ledger))
    for deal, found in _found(ledger):
        if deal.campaign is not None:
            told = [kept[deal.name, word]["is_kept"] for word in deal.promised]
            yield (deal.name,), {
                "spend_reporting_amount": sum(found.spend, Decimal(0)) if found.spend else None,
                "unique_lead_count": found.counts["leads"], "qualified_count": found.counts["qualified_leads"],
                "won_count": found.counts["wins"], "promise_count": len(told), "kept_count": told.count(True),
                "broken_count": told.count(False), "is_over": deal.last < ledger.today, "is_draft": deal.is_draft,
                "portrait_version": deal.portrait, "is_portrait_current": None if deal.portrait is None else False}


def _found(ledger: Ledger) -> Iterator[tuple[_Deal, _Found]]:
    shown, late = published(ledger)["whole"], {key for key, _ in breaches(ledger)}
    for deal in _DEALS:
        found = _Found([one.reporting for (campaign, day), one in ledger.spend.items() if _is_of(deal, campaign, day)])
        for head in ledger.heads.values():
            if head.wins and _is_of(deal, head.campaign, head.wins[0].day):
                found.counts["wins"] += 1
            if not _is_of(deal, head.campaign, head.day):
                continue
            found.counts["leads"] += 1
            found.counts["qualified_leads"] += head.is_qualified(None)
            if head.lead.crm in shown:
                found.counted += 1
                found.met += (head.lead.crm, head.lead.lead_id) not in late
        yield deal, found


def _is_of(deal: _Deal, campaign: CampaignKey, day: date) -> bool:
    mine = deal.campaign is None or (campaign[0], campaign[2]) == deal.campaign
    return mine and deal.first <= day <= deal.last


def _cells(ledger: Ledger, deal: _Deal, found: _Found, word: str, promised: Decimal) -> Cells:
    is_over = deal.last < ledger.today
    if word in ("in_time", "fair_effort"):
        asked, counted, met = (found.counts["leads"], found.counted, found.met) if word == "in_time" \
            else _efforts(ledger, deal)
        kept = met >= promised * counted if is_over and counted else None
        return {"promised_share": promised, "promised_lead_count": asked, "counted_lead_count": counted,
                "met_lead_count": met, "is_kept": kept, "delivered_count": None, **_share(met, counted)}
    cells: Cells = {"promised_share": None, "delivered_rate": None, "is_small_sample": False}
    if word == "budget":
        spent = sum(found.spend, Decimal(0)) if found.spend else None
        return cells | {"promised_reporting_amount": promised, "delivered_reporting_amount": spent,
                        "is_kept": None if spent is None or not is_over else spent <= promised}
    delivered = found.counts[word]
    return cells | {"promised_count": promised, "delivered_count": delivered,
                    "is_kept": delivered >= promised if is_over else None}


def _efforts(ledger: Ledger, deal: _Deal) -> tuple[int, int, int]:
    rows = [cells for key, cells in followed(ledger) if key[2] == deal.first.isoformat()]
    owed, fair = (sum(int(str(cells[name])) for cells in rows) for name in ("owed_count", "fair_effort_count"))
    return owed, owed, fair


def _share(met: int, counted: int) -> Cells:
    names = ("delivered_rate", "delivered_rate_low", "delivered_rate_high")
    if counted < SMALL_SAMPLE:
        return {**dict.fromkeys(names), "is_small_sample": True}
    return {**dict(zip(names, (met / counted, *wilson(met, counted)), strict=True)), "is_small_sample": False}
