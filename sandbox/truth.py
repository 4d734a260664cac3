"""The expected answers: every cell of the published marts, computed from the company's events by hand-written Python.

It shares no parsing and no formula with the connectors and marts it checks, and knows nothing of SQL or frames.
Where the agreed meanings leave a cell open, no fact is given: the coverage of a small sample, the words of a reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from sandbox.facts import Comparison, Fact, Key, Mismatch, Truth, Value, compare
from sandbox.model import Company
from sandbox.truth_agreements import appeals, moved, versions
from sandbox.truth_attribution import credited, summary
from sandbox.truth_cac import cac
from sandbox.truth_calls import drawn
from sandbox.truth_calls import quality as call_quality
from sandbox.truth_chain import channels, effects_by_month
from sandbox.truth_changes import changes
from sandbox.truth_commitments import charters, promises
from sandbox.truth_conversion import conversion
from sandbox.truth_coverage import coverage
from sandbox.truth_discount import discounts, excesses
from sandbox.truth_disputes import disputes
from sandbox.truth_engagement import lags, weekly
from sandbox.truth_events import Head
from sandbox.truth_exchange import exchanged
from sandbox.truth_feedback import passed_on
from sandbox.truth_follow_up import followed
from sandbox.truth_leaks import leaks, waterfall
from sandbox.truth_ledger import Ledger
from sandbox.truth_origin import UNMATCHED, CampaignKey
from sandbox.truth_payback import payback
from sandbox.truth_persons import aliases
from sandbox.truth_quality_by import quality_by
from sandbox.truth_roi import Cells, closed, cohort, daily, month
from sandbox.truth_sales import listed, outcomes
from sandbox.truth_shares import SMALL_SAMPLE, wilson
from sandbox.truth_sla import breaches
from sandbox.truth_sourcing import conflicts, people, sourced
from sandbox.truth_speed import curve, speed
from sandbox.truth_tieout import tieout
from sandbox.truth_velocity import velocity
from sandbox.truth_verdicts import completeness, drift, verdicts
from sandbox.truth_waste import waste
from sandbox.truth_ways import touched

__all__ = ["Comparison", "Fact", "Mismatch", "Truth", "compare", "expected"]

QUALITY_DAYS = 30
STATES = ("reached", "hot", "potential", "wrong_target", "closed")


def expected(company: Company, night: int, *, missed: Collection[int] = ()) -> Truth:
    """The right rows of every covered mart after nights 1..`night` ran cleanly.

    `missed` nights staged nothing: they never ran, or a gate refused them before staging. What only they could have
    seen (a Getfly status that was overwritten by the next night, a campaign's passing name) nobody knows.
    Raises ValueError when there is no such night, or when it is itself missed.
    """
    ledger = Ledger.of(company, night, missed)
    marts = {"campaign_roi_daily": daily, "campaign_roi_cohort": cohort, "campaign_roi_closed": closed,
             "tieout": tieout, "discount": discounts, "off_promotion": excesses,
             "stage_velocity": velocity,
             "lead_quality": quality, "lead_quality_by": quality_by, "spend_reconciliation": reconciliation,
             "unmatched_leads": unmatched, "metric_coverage": coverage, "spend_waste": waste,
             "contradiction": contradictions, "leak_evidence": leak_evidence, "leak_waterfall": leak_waterfall,
             "lead_origin": origins, "sourcing": sourcing,
             "sourcing_conflict": claimed,
             "target_verdicts": verdicts, "portrait_completeness": completeness, "portrait_drift": drift,
             "rep_conversion": conversion, "follow_up": followed, "cac": cac,
             "cohort_payback": payback, "person_alias": links,
             "order_fact": order_list, "sales_outcomes": sold,
             "call_quality": called, "review_sample": sample,
             "engagement_to_outcome": engaged, "engagement_lag": followed_by,
             "commitments": promises, "campaign_charter": charters, "daily_exchange": exchanged,
             "sales_feedback": feedback,
             "speed_to_lead": speed, "response_curve": curve, "sla_breach": breaches,
             "appeal": appeals, "rule_version": versions, "rule_change_impact": moved, "why_changed": changes}
    rows = {mart: dict(sorted(found(ledger))) for mart, found in marts.items()} | attributed(ledger)
    return Truth(night, rows)


@dataclass
class _Week:
    leads: int = 0
    heads: list[Head] = field(default_factory=list)


def quality(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign and week of creation: the five ratios of the unique leads within 30 days."""
    weeks: defaultdict[tuple[CampaignKey, date], _Week] = defaultdict(_Week)
    for entry in ledger.leads:
        weeks[entry.campaign, _monday(entry.day)].leads += 1
    for head in ledger.heads.values():
        weeks[head.campaign, _monday(head.day)].heads.append(head)
    for (campaign, monday), week in weeks.items():
        size = len(week.heads)
        cells: Cells = {"lead_count": week.leads, "unique_lead_count": size,
                        "valid_lead_count": sum(head.is_valid for head in week.heads)}
        for state in STATES:
            count = sum(head.within(state, QUALITY_DAYS) for head in week.heads)
            cells |= {f"{state}_count": count, **_rates(state, count, size)}
        if size >= SMALL_SAMPLE:
            cells["coverage_rate"] = sum(head.is_recorded for head in week.heads) / size
        cells["is_matured"] = monday + timedelta(days=6 + QUALITY_DAYS) < ledger.today
        cells["is_small_sample"] = size < SMALL_SAMPLE
        yield (*campaign, monday.isoformat()), cells


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _rates(state: str, count: int, size: int) -> dict[str, Value]:
    names = f"{state}_rate", f"{state}_rate_low", f"{state}_rate_high"
    if size < SMALL_SAMPLE:
        return dict.fromkeys(names)
    return dict(zip(names, (count / size, *wilson(count, size)), strict=True))


def reconciliation(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per account, day and finer level: its sum, the account's own total, and what lies between."""
    for (platform, account_id, day), control in ledger.controls.items():
        for level, finer in control.by_level.items():
            yield (platform, account_id, day.isoformat(), level), {
                "control_amount": control.total, "finer_amount": finer,
                "unallocated_amount": control.total - finer, "currency_code": control.currency}


def unmatched(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per CRM, month of creation and reason: the leads, repeats included, that no campaign can claim."""
    counts: Counter[Key] = Counter((entry.crm, month(entry.day).isoformat(), entry.reason)
                                   for entry in ledger.leads if entry.campaign == UNMATCHED)
    for key, count in counts.items():
        yield key, {"lead_count": count}


def attributed(ledger: Ledger) -> dict[str, dict[Key, Cells]]:
    """The touches, what campaigns would be missed for, and who is credited with the deals: deal by deal, and summed."""
    channel = dict(sorted(channels(ledger.ways)))
    parts = dict(sorted(credited(ledger.ways, effects_by_month(channel), ledger.currency)))
    return {"touch": dict(sorted(touched(ledger.ways))), "attribution_channel": channel, "attribution": parts,
            "attribution_summary": dict(sorted(summary(parts)))}


def contradictions(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per lead and kind: what its own records say that cannot both be true."""
    yield from disputes(ledger.dossiers)


def leak_evidence(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per lead of a mature month: the one cause by which it leaked."""
    yield from leaks(ledger.cases, ledger.today, ledger.currency)


def leak_waterfall(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign, mature month and cause: how many leads, and what they are worth."""
    yield from waterfall(ledger.cases, ledger.today, ledger.currency)


def links(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per lead and thing that it shares with another: whether that makes them one person."""
    yield from aliases(ledger.shared)


def origins(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per person: who brought them, by each definition."""
    yield from people(ledger.origins, ledger.zone)


def sourcing(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per definition, month and side: who brought the customers that were won."""
    firsts = {(key, head.wins[0].at) for key, head in ledger.heads.items() if head.wins}
    yield from sourced(ledger.origins, ledger.wins, firsts)


def order_list(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per order that was ever won: what became of it."""
    yield from listed(ledger.orders)


def sold(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per salesperson, campaign and month: what was brought home, and what stayed."""
    yield from outcomes(ledger.orders)


def called(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per salesperson and month: how the calls ended."""
    yield from call_quality(ledger.calls)


def sample(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per call that is to be listened to: of how many of its day it was drawn."""
    yield from drawn(ledger.calls, ledger.today)


def engaged(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign and week: what was done with its content, and what came."""
    yield from weekly(ledger.weeks, ledger.today)


def followed_by(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per campaign, measure, outcome and lag: how both went along."""
    yield from lags(ledger.weeks, ledger.today)


def feedback(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per lead and piece: what sales passed on."""
    yield from passed_on(ledger.told)


def claimed(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per person and pair of statements: who claims whom against what."""
    yield from conflicts(ledger.origins, ledger.wins)
