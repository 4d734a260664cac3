"""What lies under a build, compared with the last one: a changed rate or campaign name marks what it moves.

The comparison, the marks and the new state are one transaction: a build that is never published leaves its marks.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from warehouse import ddl, dirty
from warehouse.staging.base import Selectable, materialise
from warehouse.staging.records import CAMPAIGN_KEY, FX_DAILY


def refresh_rates(conn: sa.Connection, now: Selectable) -> None:
    """Keep today's rates; mark the spend of days whose rate differs. Deals are converted anew every night."""
    changed = _replace(conn, ddl.table(FX_DAILY), now, "fx_changed")
    if changed is not None:
        dirty.mark_days(conn, dirty.SPEND, sa.select(changed.c.day))


def refresh_keys(conn: sa.Connection, now: Selectable) -> None:
    """Keep today's campaign ids and names; mark the leads that carry one that is new, gone or ambiguous by now."""
    changed = _replace(conn, ddl.table(CAMPAIGN_KEY), now, "keys_changed")
    if changed is None:
        return
    lead = ddl.table(LEAD)
    texts = {kind: sa.select(changed.c.match_key).where(changed.c.key_kind == kind) for kind in ("id", "name")}
    carries = ((lead.c.utm_campaign, "id"), (lead.c.crm_campaign, "id"), (lead.c.utm_campaign_norm, "name"),
               (lead.c.crm_campaign_norm, "name"))
    dirty.mark_leads(conn, sa.union(*(
        sa.select(lead.c.source, lead.c.lead_id).where(column.in_(texts[kind])) for column, kind in carries)))


def _replace(conn: sa.Connection, kept: sa.Table, now: Selectable, name: str) -> Any:
    """The rows in which two states differ, None when in none; afterwards the table holds the new state."""
    columns = [column.name for column in kept.c]
    old, new = sa.select(*kept.c), sa.select(*(now.c[column] for column in columns))
    one, other = sa.except_(old, new).subquery("gone"), sa.except_(new, old).subquery("come")
    both = sa.union_all(sa.select(one), sa.select(other)).subquery("both")
    changed = materialise(conn, name, sa.select(both))
    if conn.execute(sa.select(changed).limit(1)).first() is None:
        return None
    conn.execute(sa.delete(kept))
    conn.execute(sa.insert(kept).from_select(columns, new))
    return changed
