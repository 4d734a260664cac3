"""Truth of who brought the customers: each person's records and what sales did, read by four definitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from sandbox.calendar import local_date
from sandbox.facts import Key, Value
from sandbox.model import Company, Lead
from sandbox.truth_events import Win
from sandbox.truth_origin import query
from sandbox.truth_people import LeadKey, is_listed
from sandbox.truth_persons import heads

DEFINITIONS = ("recorded", "first_touch", "before_sales", "declared")
#: Whom the words of origin credit, as both departments agreed; all others credit nobody.
RECORDED: Mapping[tuple[str, str | None], str] = {
    ("hubspot", "PAID_SEARCH"): "marketing", ("hubspot", "PAID_SOCIAL"): "marketing",
    ("getfly", "1"): "marketing", ("getfly", "2"): "marketing", ("getfly", "5"): "sales"}
DECLARED: Mapping[str | None, str] = {
    "Thấy trên Facebook": "marketing", "Tìm trên Google": "marketing", "Khách quen của sale": "sales"}
_CLICKS = ("gclid", "gbraid", "wbraid", "fbclid", "ttclid")
_MARKS = ("platform_form", "click_id", "utm", "form")
_Said = list[tuple[datetime, str]]


@dataclass
class Origin:
    """One person: the first record, all records that a night has seen, and when sales did what."""

    lead: Lead
    records: list[Lead] = field(default_factory=list)
    acts: _Said = field(default_factory=list)

    @property
    def sides(self) -> dict[str, str]:
        """Who brought the person, by definition."""
        first, act, touch = min(record.created for record in self.records), self.act, self.touch
        came_tracked = touch is not None and touch[0] == first
        was_known = act is not None and act[0] < first
        timely = touch is not None and (act is None or touch[0] <= act[0])
        return {"recorded": _credited(self.recorded)[1], "declared": _credited(self.declared)[1],
                "first_touch": "sales" if was_known else "marketing" if came_tracked else "unknown",
                "before_sales": "marketing" if timely else "sales" if act else "unknown"}

    @property
    def act(self) -> tuple[datetime, str] | None:
        """What sales did first: a touch before a deal of the same instant."""
        return min(self.acts, key=lambda one: (one[0], one[1] != "touch"), default=None)

    @property
    def touch(self) -> tuple[datetime, str] | None:
        """The first record that bears a mark, and the strongest one it bears."""
        found = [(record.created, mark) for record in self.records for mark in _marks(record)]
        return min(found, key=lambda one: (one[0], _MARKS.index(one[1])), default=None)

    @property
    def recorded(self) -> _Said:
        """Whom the records credit: by the source that stands there, else by the campaign that is linked."""
        words = [(record, RECORDED.get((record.crm, record.recorded_source))) for record in self.records]
        linked = [(record, side or ("marketing" if record.crm_campaign else None)) for record, side in words]
        return [(record.created, side) for record, side in linked if side]

    @property
    def declared(self) -> _Said:
        """Whom the customer's or the salesperson's words credit."""
        return [(record.created, DECLARED[record.declared_origin]) for record in self.records
                if record.declared_origin in DECLARED]


def origins(company: Company, nights: Sequence[datetime]) -> dict[LeadKey, Origin]:
    """Every person that the nights could know, by the first record."""
    first = heads(company.leads, nights)
    found = {(head.crm, head.lead_id): Origin(head) for head in first.values()}
    for lead in company.leads:
        head = first.get((lead.crm, lead.lead_id))
        if head is None:
            continue
        person = found[head.crm, head.lead_id]
        if any(is_listed(lead, night) for night in nights):
            person.records.append(lead)
        person.acts += [(call.at, "touch") for call in lead.calls
                        if call.direction == "outbound" and call.at <= nights[-1]]
    for deal in company.deals:
        head = first.get((deal.crm, deal.lead_id or ""))
        if head is not None and deal.created <= nights[-1]:
            found[head.crm, head.lead_id].acts.append((deal.created, "deal"))
    return found


def people(found: Mapping[LeadKey, Origin], zone: str) -> Iterator[tuple[Key, dict[str, Value]]]:
    """One row per person."""
    for key, one in found.items():
        act, touch = one.act or (None, None), one.touch or (None, None)
        yield key, {
            "created_day": local_date(one.lead.created, zone).isoformat(),
            **{f"{name}_side": side for name, side in one.sides.items()},
            "first_record_at": _text(min(record.created for record in one.records)),
            "recorded_at": _text(_credited(one.recorded)[0]), "declared_at": _text(_credited(one.declared)[0]),
            "tracked_at": _text(touch[0]), "tracked_by": touch[1],
            "sales_act_at": _text(act[0]), "sales_act": act[1]}


def sourced(found: Mapping[LeadKey, Origin], wins: Iterable[Win],
            firsts: set[tuple[LeadKey, datetime]]) -> Iterator[tuple[Key, dict[str, Value]]]:
    """Per definition, month and side: the wins; `firsts` are those that made a customer."""
    groups: defaultdict[Key, list[Win]] = defaultdict(list)
    for win in wins:
        sides = found[win.head].sides if win.head is not None else dict.fromkeys(DEFINITIONS, "unknown")
        for name, side in sides.items():
            groups[name, win.day.replace(day=1).isoformat(), side].append(win)
    for key, group in groups.items():
        margins = [win.margin for win in group if win.margin is not None]
        yield key, {
            "won_deal_count": len(group), "won_count": sum((win.head, win.at) in firsts for win in group),
            "revenue_reporting_amount": sum((win.revenue for win in group), Decimal(0)),
            "margin_known_count": len(margins),
            "gross_margin_reporting_amount": sum(margins, Decimal(0)) if margins else None}


def conflicts(found: Mapping[LeadKey, Origin], wins: Iterable[Win]) -> Iterator[tuple[Key, dict[str, Value]]]:
    """Per person and pair of statements that credit different sides: who said what when."""
    bought: defaultdict[LeadKey, list[Decimal]] = defaultdict(list)
    for win in wins:
        if win.head is not None:
            bought[win.head].append(win.revenue)
    for key, one in found.items():
        for kind, side, claim_at, contrary_at in _of(one):
            yield (*key, kind), {
                "responsible": side, "claim_at": _text(claim_at), "contrary_at": _text(contrary_at),
                "won_deal_count": len(bought[key]), "revenue_reporting_amount": sum(bought[key], Decimal(0))}


def _of(one: Origin) -> Iterator[tuple[str, str, datetime | None, datetime | None]]:
    seen = one.sides["before_sales"]
    proof = one.touch if seen == "marketing" else one.act
    recorded, declared = _credited(one.recorded), _credited(one.declared)
    for word, (at, side) in (("recorded", recorded), ("declared", declared)):
        if proof is not None and {side, seen} == {"marketing", "sales"}:
            yield f"{word}_against_touch", side, at, proof[0]
    if {recorded[1], declared[1]} == {"marketing", "sales"}:
        yield "recorded_against_declared", "both", recorded[0], declared[0]


def _credited(said: _Said) -> tuple[datetime | None, str]:
    """The earliest word and whom it credits: nobody, where two of one instant disagree."""
    if not said:
        return None, "unknown"
    at = min(moment for moment, _ in said)
    sides = {side for moment, side in said if moment == at}
    return at, sides.pop() if len(sides) == 1 else "unknown"


def _marks(record: Lead) -> Iterator[str]:
    said = query(record.url)
    if record.vendor_lead_id:
        yield "platform_form"
    if any(said.get(name) for name in _CLICKS):
        yield "click_id"
    if any(name.startswith("utm_") for name in said):
        yield "utm"
    if record.form_id:
        yield "form"


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None).isoformat()
