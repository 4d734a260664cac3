"""Who was erased stays out: what vendors send again is emptied before it is staged. And raw contacts grow old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import CONTACT, LEAD
from warehouse import ddl, ops
from warehouse.engine import Warehouse
from warehouse.incoming import writable
from warehouse.shims import Expression

LeadKey = tuple[str, str]
#: The hashes of a lead, by kind of alias, and what is left of them.
HASHES = {"email": "email_hash", "phone": "phone_hash"}
NOTHING: dict[str, Any] = dict.fromkeys((*HASHES.values(), "email_domain_hash"))


def of(rows: sa.FromClause, leads: Sequence[LeadKey]) -> Expression:
    """Whether rows are of these leads."""
    return sa.or_(sa.false(), *(sa.and_(rows.c.source == source, rows.c.lead_id == lead_id)
                                for source, lead_id in leads))


def suppress(wh: Warehouse) -> None:
    """Empty the incoming rows of whom nobody may know any more: their leads, and new ones under their hashes."""
    with wh.engine.connect() as conn:
        known = conn.execute(_arrived()).all()
    if not known:
        return
    lead, contact = writable(wh, LEAD), writable(wh, CONTACT)

    def work(conn: sa.Connection) -> None:
        for source, lead_id, token in known:
            conn.execute(sa.update(lead).where(of(lead, [(source, lead_id)])).values(person_key=token, **NOTHING))
            conn.execute(sa.update(contact).where(of(contact, [(source, lead_id)])).values(email=None, phone=None))

    wh.write(work)


def _arrived() -> sa.Select[Any]:
    """Incoming leads that are suppressed, each once, with the key that stands for the person."""
    lead, gone = ddl.table(LEAD, "incoming"), ops.erasure
    values = {"lead": lead.c.source + "/" + lead.c.lead_id, **{kind: lead.c[name] for kind, name in HASHES.items()}}
    every = sa.union_all(*(
        sa.select(lead.c.source, lead.c.lead_id, gone.c.person_key)
        .join(gone, sa.and_(gone.c.alias_kind == kind, gone.c.alias_key == value))
        for kind, value in values.items())).subquery("every")
    return sa.select(every.c.source, every.c.lead_id, sa.func.max(every.c.person_key)).group_by(
        every.c.source, every.c.lead_id)


def expire(conn: sa.Connection, as_of: datetime, days: int) -> int:
    """Empty the raw contacts of leads that their source has not changed for so many days; how many. Hashes stay."""
    lead, contact = ddl.table(LEAD), ddl.table(CONTACT)
    old = sa.exists().where(lead.c.source == contact.c.source, lead.c.lead_id == contact.c.lead_id,
                            lead.c.updated_at < as_of - timedelta(days=days))
    filled = sa.or_(contact.c.email.is_not(None), contact.c.phone.is_not(None))
    return conn.execute(sa.update(contact).where(old, filled).values(email=None, phone=None)).rowcount
