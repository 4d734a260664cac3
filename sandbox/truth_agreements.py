"""Truth of what was agreed: the rules in force, who appealed what, and what a rule's new meaning moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

from sandbox.agreements import SIGNATORIES
from sandbox.calendar import local_date
from sandbox.facts import Key
from sandbox.model import Company, Ruling
from sandbox.truth_events import Head, Rates, heads_with_history
from sandbox.truth_ledger import Ledger
from sandbox.truth_persons import heads
from sandbox.truth_roi import Cells, month

#: Since when each file of the demo holds, and whether both departments signed it, before any of the rulings.
_FILES: Mapping[str, tuple[date, bool]] = {
    **dict.fromkeys(("lead_states/hubspot", "lead_states/getfly", "portrait", "sla", "horizons", "lost_reasons"),
                    (date(2026, 1, 1), False)),
    **dict.fromkeys(("costs", "promotions", "commitments", "test_leads"), (date(2026, 8, 1), True))}
_STATES = ("attempted", "reached", "hot", "potential", "wrong_target", "invalid_contact", "lost")


def versions(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per rule file: since when it holds, and who signed it."""
    ruled = _ruled(ledger.company, ledger.as_of)
    for name, (since, is_signed) in _FILES.items():
        changed = [local_date(one.at, ledger.zone) for one in ruled if name == f"lead_states/{one.crm}"]
        is_agreed = is_signed or bool(ruled and name.startswith("lead_states/"))
        yield (name,), {"is_draft": not is_agreed, "effective_from": max([since, *changed]).isoformat(), **{
            f"signed_by_{side}": who if is_agreed else None for side, who in SIGNATORIES.items()}}


def _ruled(company: Company, at: datetime) -> list[Ruling]:
    return [ruling for ruling in company.rulings if ruling.at <= at]


def appeals(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per appeal that was filed: who signed it, and whose person it is about."""
    first = heads(ledger.people.leads, ledger.nights)
    for appeal in ledger.company.appeals:
        if appeal.filed_at <= ledger.as_of:
            lead = first[appeal.crm, appeal.lead_id]
            head = ledger.heads[lead.crm, lead.lead_id]
            signed_at = appeal.signed_at if appeal.signed_at and appeal.signed_at <= ledger.as_of else None
            yield (appeal.crm, appeal.lead_id, appeal.state), {
                "appellant": appeal.side, "appeal_status": "binding" if signed_at else "pending",
                **_instants(filed_at=appeal.filed_at, appealed_at=appeal.since, binding_at=signed_at),
                **{f"signed_by_{side}": who if signed_at or side == appeal.side else None
                   for side, who in SIGNATORIES.items()},
                "withdrawn_by": None, "withdrawn_at": None, "head_source": lead.crm, "head_lead_id": lead.lead_id,
                **dict(zip(("platform", "account_id", "campaign_id"), head.campaign, strict=True)),
                "cohort_month": month(head.day).isoformat()}


def _instants(**given: datetime | None) -> Cells:
    return {name: None if at is None else at.astimezone(UTC).replace(tzinfo=None).isoformat()
            for name, at in given.items()}


def moved(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per night that first went by new meanings, CRM and state: its people by the meanings before, and by the new."""
    for place in range(1, len(ledger.nights)):
        before, night = ledger.nights[place - 1:place + 1]
        if any(before < ruling.at <= night for ruling in ledger.company.rulings):
            yield from _moved_on(ledger, ledger.nights[:place + 1], before)


def _moved_on(ledger: Ledger, nights: tuple[datetime, ...], before: datetime) -> Iterator[tuple[Key, Cells]]:
    company, day = ledger.people, local_date(nights[-1], ledger.zone).isoformat()
    rates = Rates(company.fx, company.reporting_currency)
    new, old = (heads_with_history(company, nights, ledger.directory, rates, at)[0] for at in (nights[-1], before))
    for crm in sorted({key[0] for key in new}):
        pairs = [(old[key], head) for key, head in new.items() if key[0] == crm]
        for state in (*_STATES, "qualified"):
            yield ("lead_states", day, crm, state), {"is_draft": False, **_counts(pairs, state)}


def _counts(pairs: list[tuple[Head, Head]], state: str) -> Cells:
    told = [(_since(one, state), _since(other, state)) for one, other in pairs]
    return {"old_rule_count": sum(was is not None for was, _ in told),
            "new_rule_count": sum(now is not None for _, now in told),
            "moved_in_count": sum(was is None and now is not None for was, now in told),
            "moved_out_count": sum(was is not None and now is None for was, now in told),
            "redated_count": sum(was is not None and now is not None and was != now for was, now in told)}


def _since(head: Head, state: str) -> datetime | bool | None:
    """Since when a person is in a state (a call out is an attempt); of `qualified`, which has no instant, whether."""
    if state == "qualified":
        return head.is_qualified(None) or None
    told = [head.states[state]] if state in head.states else []
    return min([*told, *(head.touched if state == "attempted" else [])], default=None)
