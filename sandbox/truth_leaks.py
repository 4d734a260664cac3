"""Truth of the leaks: the one cause of each lead of a mature month, and what all of them are worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal, localcontext

from sandbox.facts import Key
from sandbox.truth_cases import LEAK_DAYS, Case
from sandbox.truth_origin import CampaignKey
from sandbox.truth_people import is_reachable
from sandbox.truth_portrait import by_rules, support
from sandbox.truth_roi import Cells, month, month_end

FAIR_CALLS, FAIR_DAYS = 6, 5
#: Owner and rule file of every cause, in the order in which they are tried.
CAUSES: Mapping[str, tuple[str, str | None]] = {
    "test_lead": ("nobody", "test_leads"), "duplicate": ("nobody", None), "won": ("nobody", None),
    "invalid_contact": ("marketing", "lead_states"),
    "existing_customer": ("marketing", None), "nothing_recorded": ("both", None), "never_assigned": ("routing", None),
    "never_attempted": ("sales", "lead_states"), "effort_not_recorded": ("both", None),
    "attempted_late": ("sales", "sla"), "given_up_early": ("sales", "sla"),
    "unreachable": ("nobody", "sla"), "wrong_target": ("marketing", "portrait"),
    "wrong_target_unsupported": ("both", "lead_states"), "reached_no_follow_up": ("sales", "lead_states"),
    "lost_price": ("both", "lost_reasons"), "lost_competitor": ("both", "lost_reasons"),
    "lost_other": ("both", "lost_reasons"), "lost_no_reason": ("sales", "lead_states"), "still_open": ("nobody", None)}
_ASIDE = ("test_lead", "duplicate")
_MILLIONTH = Decimal("0.000001")
Verdict = tuple[str, str | None, datetime | None]


def verdict(case: Case, is_recorded: bool, has_owners: bool, has_touches: bool) -> Verdict:
    """The first cause that holds, what it rests on, and when that was."""
    if case.head is None:
        return "test_lead" if case.is_trial else "duplicate", None, None
    if case.sold:
        return "won", "won_at", min(win.at for win in case.sold)
    if (dead := dead_at(case)) is not None:
        return "invalid_contact", "invalid_at", dead
    if before := [win.at for win in case.head.wins if win.at < case.lead.created]:
        return "existing_customer", "bought_at", min(before)
    if not is_recorded:
        return "nothing_recorded", None, None
    if not case.tried:
        return "never_attempted" if case.lead.owner_id or not has_owners else "never_assigned", None, None
    if not has_touches and case.state("reached") is None:
        return "effort_not_recorded", None, None
    return _worked(case) or _judged(case)


def dead_at(case: Case) -> datetime | None:
    """When the contact turned out to be dead: told so, or, of who was never reached, given so or dialled so."""
    if told := case.state("invalid_contact"):
        return told
    if case.state("reached"):
        return None
    wrong = [call.at for call in case.calls if call.outcome == "wrong_number" and call.at in case.touches]
    is_given = case.lead.email or case.lead.phone
    return case.lead.created if is_given and not is_reachable(case.lead) else min(wrong, default=None)


def _worked(case: Case) -> Verdict | None:
    """What went wrong before anybody answered."""
    touches, reached, due = case.touches, case.state("reached"), case.due
    if touches and touches[0] > due and case.tried[0] > due:
        return "attempted_late", "first_touch_at", touches[0]
    if reached is None:
        last = touches[-1] if touches else None
        is_fair = len(touches) >= FAIR_CALLS and touches[-1] - touches[0] >= timedelta(days=FAIR_DAYS)
        return "unreachable" if is_fair else "given_up_early", "last_touch_at", last
    return None


def _judged(case: Case) -> Verdict:
    """What became of somebody who answered."""
    reached, wrong = case.state("reached"), case.state("wrong_target")
    if wrong is not None and case.head is not None:
        is_borne_out = support("wrong", by_rules(case.head)) == "supported"
        return "wrong_target" if is_borne_out else "wrong_target_unsupported", "wrong_target_at", wrong
    lost = [(at, why) for at, why in case.lost if case.lead.created <= at <= case.end]
    told = case.state("lost")
    begun = any(case.lead.created <= at <= case.end for at in case.begun)
    later = reached is not None and any(at > reached for at in case.touches)
    if not (lost or told or begun or later or case.state("hot") or case.state("potential")):
        return "reached_no_follow_up", "reached_at", reached
    for word, group in (("price", "price"), ("competitor", "competitor"), ("timing", "other")):
        if why := [at for at, said in lost if said == word]:
            return f"lost_{group}", "reason_at" if group == "other" else f"{group}_at", min(why)
    if lost or told:
        return "lost_no_reason", "lost_at", min(at for at in (told, *(at for at, _ in lost)) if at is not None)
    return "still_open", None, None


def leaks(found: Sequence[Case], today: date, currency: str) -> Iterator[tuple[Key, Cells]]:
    """One row per lead of a mature month."""
    for case, (cause, evidence, at) in _judge(found, today):
        revenue, margin = _value(case) if cause == "won" else (None, None)
        yield (case.lead.crm, case.lead.lead_id), {
            **dict(zip(("platform", "account_id", "campaign_id"), case.campaign, strict=True)),
            "cohort_month": month(case.day).isoformat(), "horizon_days": LEAK_DAYS, "leak_cause": cause,
            "reporting_currency_code": currency, "leak_owner": CAUSES[cause][0], "rule_file": CAUSES[cause][1],
            "evidence": evidence,
            "evidence_at": _text(at), "attempt_count": len(case.touches) if case.head else 0,
            "lead_kind": "hot" if case.is_hot else "form", "due_at": _text(case.due),
            "revenue_reporting_amount": revenue, "gross_margin_reporting_amount": margin}


def _judge(found: Sequence[Case], today: date) -> Iterator[tuple[Case, Verdict]]:
    groups: defaultdict[tuple[str, date], list[Case]] = defaultdict(list)
    for case in found:
        groups[case.lead.crm, month(case.day)].append(case)
    for (_, first), group in groups.items():
        if month_end(first) + timedelta(days=LEAK_DAYS) < today:
            is_recorded = any(case.head is not None and case.head.is_recorded for case in group)
            has_owners = any(case.lead.owner_id for case in group)
            has_touches = any(case.head is not None and case.touches for case in group)
            for case in group:
                yield case, verdict(case, is_recorded, has_owners, has_touches)


def _value(case: Case) -> tuple[Decimal | None, Decimal | None]:
    margins = [win.margin for win in case.sold if win.margin is not None]
    return (sum((win.revenue for win in case.sold), Decimal(0)),
            sum(margins, Decimal(0)) if len(margins) == len(case.sold) else None)


def waterfall(found: Sequence[Case], today: date, currency: str) -> Iterator[tuple[Key, Cells]]:
    """One row per campaign, mature month and cause."""
    counts: defaultdict[tuple[CampaignKey, date], defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    values: defaultdict[date, list[tuple[Decimal | None, Decimal | None]]] = defaultdict(list)
    for case, (cause, _, _) in _judge(found, today):
        counts[case.campaign, month(case.day)][cause] += 1
        if cause == "won":
            values[month(case.day)].append(_value(case))
    for (campaign, first), causes in counts.items():
        revenue, margin = (_average([one[place] for one in values[first]]) for place in (0, 1))
        people = sum(causes.values()) - sum(causes.get(cause, 0) for cause in _ASIDE)
        for cause, count in causes.items():
            worth = 0 if cause in _ASIDE else count
            yield (*campaign, first.isoformat(), cause), {
                "cause_no": list(CAUSES).index(cause) + 1, "leak_owner": CAUSES[cause][0], "horizon_days": LEAK_DAYS,
                "lead_count": count, "unique_lead_count": people, "reporting_currency_code": currency,
                "won_lead_count": revenue[0], "average_revenue_amount": revenue[1],
                "leak_revenue_amount": None if revenue[1] is None else revenue[1] * worth,
                "margin_known_lead_count": margin[0], "average_margin_amount": margin[1],
                "leak_margin_amount": None if margin[1] is None else margin[1] * worth}


def _average(values: Sequence[Decimal | None]) -> tuple[int, Decimal | None]:
    known = [value for value in values if value is not None]
    with localcontext(prec=60):
        total = sum(known, Decimal(0))
        return len(known), (total / len(known)).quantize(_MILLIONTH, ROUND_FLOOR) if known else None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None).isoformat()
