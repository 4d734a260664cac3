"""Day by day what Marketing gave Sales and Sales gave Marketing, and what either still owed in the evening."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import ACTIVITY, AD_DAILY, DEAL
from crosscheck.fields import columns
from crosscheck.fields.exchange import EXCHANGE_ITEMS
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.appeal import RECORD as APPEAL
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.deal_fact import RECORD as DEAL_FACT
from warehouse.marts.exchanged import VERDICTS, exchange_flow, is_told, other_side, settled_at, work_kind
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.returns import qualified
from warehouse.marts.sla_breach import RECORD as SLA_BREACH
from warehouse.shims import Expression, among, day_plus
from warehouse.staging.base import Context, Selectable
from warehouse.staging.records import BUSINESS_DAY
from warehouse.staging.states import is_touch
from warehouse.staging.zones import midnight

_KEY = ("exchange_day", "exchange_side", "exchange_item")
_OWED = tuple(item for item, is_owed in EXCHANGE_ITEMS.items() if is_owed)

RECORD = Table(
    "daily_exchange", Layer.MART,
    "One row per day that is over, side and item of which any was given that day or owed at its end.", _KEY,
    columns(f"{' '.join(_KEY)} begins_at ends_at given_count", "still_owed_count"),
    "Marketing gives unique leads and those of them that proved qualified (day of creation) and campaigns that spent "
    "(the account's own day). Sales gives persons touched (`leads_worked`), calls made, meetings held and notes by the "
    "day on which they happened, verdicts (hot, potential, wrong target, invalid contact, lost) by the day since which "
    "the record says so, and reasons of lost deals by the closing day. Both file appeals and answer the other's. Owed "
    "are: a first attempt since it was due (`sla_breach`, by `owed_by`), a reason since the deal was lost, an answer "
    "since the appeal was filed. Sources that may not publish `speed_to_lead`, or never tell a reason, owe none. All "
    "is by what is on record now: a call or reason that is written down later changes the days before, too.",
)

PROSE = """\
What to read before you meet: yesterday's lines of both sides. Marketing: `leads` are no achievement without
`qualified_leads` beside them, which still grow for days; you owe an answer to each appeal of sales. Sales: what you
did counts as written down, `calls` as much as `verdicts`; you owe a first attempt to each lead you were given in time,
a reason for each lost deal, and an answer to each appeal of marketing. What `routing` owes nobody had been given, and
is no debt of yours. Counts of unlike things are not compared: a call is no campaign. A debt that stands for days is
what to speak about; `crosscheck trace` names the leads and deals behind it."""

CHECKS = (
    Check("something was given or is owed", "given_count > 0 OR COALESCE(still_owed_count, 0) > 0"),
    Check("owed only what can be", f"(still_owed_count IS NULL) = (exchange_item NOT IN {_OWED})"),
    Check("only departments give", "exchange_side IN ('marketing', 'sales') OR given_count = 0"),
    Check("a day has an end", "begins_at < ends_at"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Every day that is over with every item, as far as there is any."""
    row = _balanced(ctx).subquery("balanced")
    is_owed = row.c.item.in_(_OWED)
    values: dict[str, Expression] = {
        "exchange_day": row.c.day, "exchange_side": row.c.side, "exchange_item": row.c.item,
        "begins_at": midnight(ctx, row.c.day), "ends_at": midnight(ctx, day_plus(row.c.day, 1)),
        "given_count": row.c.given, "still_owed_count": sa.case((is_owed, row.c.owed))}
    return sa.select(*arrange(RECORD, values)).where(sa.or_(row.c.given > 0, sa.and_(is_owed, row.c.owed > 0)))


def _balanced(ctx: Context) -> sa.Select[Any]:
    """What was given on each day, and the sum of all changes of what is owed up to its end."""
    flow, calendar = ctx.step(exchange_flow), ddl.table(BUSINESS_DAY)
    kind = sa.select(flow.c.side, flow.c.item).distinct().subquery("kind")
    day = sa.union(sa.select(calendar.c.business_day.label("day")), sa.select(flow.c.day)).subquery("days")
    same = sa.and_(flow.c.day == day.c.day, flow.c.side == kind.c.side, flow.c.item == kind.c.item)
    nothing = sa.literal_column("0", sa.BigInteger())
    owed = sa.func.sum(sa.func.coalesce(flow.c.owed, nothing)).over(
        partition_by=(kind.c.side, kind.c.item), order_by=day.c.day)
    return (sa.select(day.c.day, kind.c.side, kind.c.item, sa.func.coalesce(flow.c.given, nothing).label("given"),
                      sa.cast(owed, sa.BigInteger()).label("owed"))
            .select_from(day.join(kind, sa.true()).outerjoin(flow, same))
            .where(day.c.day < sa.literal(ctx.business_day, sa.Date())))


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The leads, deals or spend that were given that day or are owed at its end."""
    item, day = row["exchange_item"], sa.literal(row["exchange_day"], sa.Date())
    if item == "campaigns":
        ad = ddl.table(AD_DAILY)
        return {ad.name: sa.and_(ad.c.day == day, ad.c.spend_amount > 0)}
    if item == "lost_reasons":
        deal = ddl.table(DEAL_FACT, "mart")
        return {deal.name: _lost(deal, day)}
    lead = ddl.table(LEAD_FACT, "mart")
    return {lead.name: _of_leads(lead, row, day)}


def _of_leads(lead: Selectable, row: Mapping[Any, Any], day: Expression) -> Expression:
    item, born = row["exchange_item"], sa.and_(lead.c.is_unique, lead.c.created_day == day)
    if item in ("leads", "qualified_leads"):
        return born if item == "leads" else sa.and_(born, qualified(lead))
    if item == "verdicts":
        return sa.or_(*(sa.and_(_in_day(lead.c[f"{state}_at"], row), is_told(lead, state)) for state in VERDICTS))
    return _appealed(lead, row) if item in ("appeals", "appeal_answers") else _worked(lead, row, day)


def _in_day(moment: Expression, row: Mapping[Any, Any]) -> Expression:
    return sa.and_(moment >= sa.literal(row["begins_at"], sa.DateTime()), _by_evening(moment, row))


def _by_evening(moment: Expression, row: Mapping[Any, Any]) -> Expression:
    return moment < sa.literal(row["ends_at"], sa.DateTime())


def _lost(deal: Selectable, day: Expression) -> Expression:
    """Lost that day with a reason, or ever before without one."""
    staged = ddl.table(DEAL)
    telling = sa.select(staged.c.source).where(staged.c.lost_reason.is_not(None))
    chosen = sa.select(staged.c.source, staged.c.deal_id).where(sa.or_(
        sa.and_(staged.c.lost_reason.is_not(None), staged.c.closed_day == day),
        sa.and_(staged.c.lost_reason.is_(None), staged.c.closed_day <= day, staged.c.source.in_(telling))))
    return sa.and_(deal.c.is_lost, ~deal.c.is_won, ~deal.c.is_archived, among(deal, ("source", "deal_id"), chosen))


def _appealed(lead: Selectable, row: Mapping[Any, Any]) -> Expression:
    """First leads of the persons of appeals filed by the side, or answered or owed an answer by it."""
    appeal, side = ddl.table(APPEAL, "mart"), row["exchange_side"]
    if row["exchange_item"] == "appeals":
        which = sa.and_(appeal.c.appellant == side, _in_day(appeal.c.filed_at, row))
    else:
        settled = settled_at(appeal)
        pending = sa.and_(_by_evening(appeal.c.filed_at, row), sa.or_(settled.is_(None), ~_by_evening(settled, row)))
        which = sa.and_(other_side(appeal.c.appellant) == side, sa.or_(_in_day(appeal.c.binding_at, row), pending))
    return among(lead, ("source", "lead_id"), sa.select(appeal.c.head_source, appeal.c.head_lead_id)
                 .where(which, appeal.c.head_lead_id.is_not(None)))


def _worked(lead: Selectable, row: Mapping[Any, Any], day: Expression) -> Expression:
    """Leads that were called, met, noted or touched that day, and those that still waited for it."""
    act, late, item = ddl.table(ACTIVITY), ddl.table(SLA_BREACH, "mart"), row["exchange_item"]
    done = sa.select(act.c.source, act.c.lead_id).where(
        act.c.occurred_day == day, is_touch(act) if item == "leads_worked" else work_kind(act) == item)
    if item != "leads_worked":
        return among(lead, ("source", "lead_id"), done)
    waits = sa.select(late.c.source, late.c.lead_id).where(
        late.c.owed_by == row["exchange_side"], _by_evening(late.c.due_at, row),
        sa.or_(late.c.responded_at.is_(None), ~_by_evening(late.c.responded_at, row)))
    named = among(lead, ("source", "lead_id"), done) if row["exchange_side"] == "sales" else sa.false()
    return sa.or_(named, among(lead, ("source", "lead_id"), waits))


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence, is_exact=True)
