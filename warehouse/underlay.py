"""What lies under a build, compared with the last one: a changed rate, campaign name or person marks what it moves.

The comparison, the marks and the new state are one transaction: a build that is never published leaves its marks.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import DEAL, DEAL_WIN, LEAD
from warehouse import ddl, dirty
from warehouse.staging.base import Selectable, differing, materialise
from warehouse.staging.records import CAMPAIGN_KEY, FX_DAILY, LEAD_PERSON


def refresh_rates(conn: sa.Connection, now: Selectable) -> None:
    """Keep today's rates; mark the spend and the deals of days whose rate differs."""
    changed = _replace(conn, ddl.table(FX_DAILY), now, "fx_changed")
    if changed is None:
        return
    dirty.mark_days(conn, dirty.SPEND, sa.select(changed.c.day))
    deal, win = ddl.table(DEAL), ddl.table(DEAL_WIN)
    once = deal.join(win, sa.and_(win.c.source == deal.c.source, win.c.deal_id == deal.c.deal_id))
    dirty.mark_deals(conn, sa.union(*(
        sa.select(deal.c.source, deal.c.deal_id).select_from(origin.join(
            changed, sa.and_(changed.c.day == day, changed.c.from_currency == deal.c.currency_code)))
        for origin, day in ((deal, deal.c.closed_day), (once, win.c.closed_day)))))


def refresh_keys(conn: sa.Connection, now: Selectable) -> None:
    """Keep today's campaign ids and names; mark leads and deals with one that is new, gone or ambiguous by now."""
    changed = _replace(conn, ddl.table(CAMPAIGN_KEY), now, "keys_changed")
    if changed is None:
        return
    lead, deal = ddl.table(LEAD), ddl.table(DEAL)
    texts = {kind: sa.select(changed.c.match_key).where(changed.c.key_kind == kind) for kind in ("id", "name")}
    carries = ((lead.c.utm_campaign, "id"), (lead.c.crm_campaign, "id"), (lead.c.utm_campaign_norm, "name"),
               (lead.c.crm_campaign_norm, "name"))
    dirty.mark_leads(conn, sa.union(*(
        sa.select(lead.c.source, lead.c.lead_id).where(column.in_(texts[kind])) for column, kind in carries)))
    named = ((deal.c.crm_campaign, "id"), (deal.c.crm_campaign_norm, "name"))
    dirty.mark_deals(conn, sa.union(*(
        sa.select(deal.c.source, deal.c.deal_id).where(column.in_(texts[kind])) for column, kind in named)))


def refresh_persons(conn: sa.Connection, now: Selectable) -> None:
    """Keep who is known by another record's key; mark the leads of which that is newly so, no longer, or another's.

    That is enough: of a person that comes together, falls apart or gets another first record, some lead's row differs
    here, or its own record changed, which staging marked. The others follow as its companions.
    """
    changed = _replace(conn, ddl.table(LEAD_PERSON), now, "persons_changed")
    if changed is not None:
        dirty.mark_leads(conn, sa.select(changed.c.source, changed.c.lead_id))


def _replace(conn: sa.Connection, kept: sa.Table, now: Selectable, name: str) -> Any:
    """The rows in which two states differ, None when in none; afterwards the table holds the new state."""
    columns = [column.name for column in kept.c]
    old, new = sa.select(*kept.c), sa.select(*(now.c[column] for column in columns))
    changed = materialise(conn, name, differing(new, old))
    if conn.execute(sa.select(changed).limit(1)).first() is None:
        return None
    conn.execute(sa.delete(kept))
    conn.execute(sa.insert(kept).from_select(columns, new))
    return changed
