"""Forgetting a person: contact data and hashes go, everywhere at once; what they counted for stays.

The leads of the person keep their campaign, their instants and each other, under a key that was drawn by lot. The same
key takes the place of the old one in what is published, in the archive and in what is being built, as if there had
never been another: no number moves, and none has to be built again. What the vendors send again is emptied before it
is staged. A suppressed hash is still personal data; without it, nobody could keep them out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from crosscheck.canonical import CONTACT, LEAD, LEAD_MERGE
from crosscheck.errors import ConfigError
from warehouse import ddl, dirty, ops, publish
from warehouse.engine import Warehouse
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.marts.person_alias import RECORD as PERSON_ALIAS
from warehouse.staging.heads import person_of, with_person
from warehouse.staging.persons import ERASED
from warehouse.staging.records import LEAD_PERSON
from warehouse.suppress import HASHES, NOTHING, LeadKey, of


@dataclass(frozen=True)
class Person:
    """Who is meant: the leads of one person, merged ones included, their key, and the hashes that nobody else has."""

    key: str
    leads: tuple[LeadKey, ...]
    hashes: tuple[tuple[str, str], ...]


def find(wh: Warehouse, kind: str, key: str) -> Person:
    """The person to whom an alias belongs: `email` or `phone` with its hash, or `lead` with SOURCE/LEAD_ID.

    Raises ConfigError when nobody is known by it, or several people are.
    """
    lead, known = ddl.table(LEAD), ddl.table(LEAD_PERSON)
    person, origin = person_of(lead, known), with_person(lead, lead, known)
    meant = (lead.c.source + "/" + lead.c.lead_id if kind == "lead" else lead.c[HASHES[kind]]) == key
    with wh.engine.connect() as conn:
        persons = conn.scalars(sa.select(person).select_from(origin).where(meant).distinct()).all()
        if len(persons) != 1:
            raise ConfigError(f"{len(persons) or 'no'} people are known by that {kind}",
                              fix="name one of their leads: --lead SOURCE/LEAD_ID" if persons else "crosscheck trace")
        rows = conn.execute(sa.select(lead).select_from(origin).where(person == persons[0])
                            .order_by(lead.c.source, lead.c.lead_id)).mappings().all()
        leads = tuple((row["source"], row["lead_id"]) for row in rows)
        hashes = tuple((kind, each) for kind, name in HASHES.items()
                       for each in sorted({row[name] for row in rows} - {None}) if not _others(conn, name, each, leads))
        return Person(persons[0], (*leads, *_merged_into(conn, leads)), hashes)


def _merged_into(conn: sa.Connection, leads: Sequence[LeadKey]) -> list[LeadKey]:
    """Leads that no night has read, because they were merged away before: there may be words about them, too."""
    merge, found, newest = ddl.table(LEAD_MERGE), list(leads), list(leads)
    while newest:
        into = sa.or_(*(sa.and_(merge.c.source == source, merge.c.merged_into_id == lead) for source, lead in newest))
        key = (merge.c.source, merge.c.lead_id)
        newest = [tuple(row) for row in conn.execute(sa.select(*key).where(into).order_by(*key))
                  if tuple(row) not in found]
        found += newest
    return found[len(leads):]


def _others(conn: sa.Connection, name: str, value: str, leads: Sequence[LeadKey]) -> bool:
    """Whether somebody else has the hash too: a switchboard is not this person's."""
    lead = ddl.table(LEAD)
    return conn.execute(sa.select(lead.c.lead_id).where(lead.c[name] == value, ~of(lead, leads))).first() is not None


def erase(wh: Warehouse, person: Person, reason: str, at: datetime) -> None:
    """Forget a person, in one transaction; `at` is naive UTC, `reason` stands in `ops.erasure` and names nobody.

    Readers on DuckDB get their file anew.
    """
    publish.finish_pending(wh)
    wh.write(lambda conn: _erase(conn, person, f"{ERASED}{uuid4().hex}", reason, at))
    publish.finish_pending(wh)


def _erase(conn: sa.Connection, person: Person, token: str, reason: str, at: datetime) -> None:
    _note(conn, person, {"person_key": token, "reason": reason, "erased_at": at})
    lead, contact, known = ddl.table(LEAD), ddl.table(CONTACT), ddl.table(LEAD_PERSON)
    conn.execute(sa.update(contact).where(of(contact, person.leads)).values(email=None, phone=None))
    conn.execute(sa.update(lead).where(of(lead, person.leads)).values(person_key=token, **NOTHING))
    conn.execute(sa.delete(known).where(of(known, person.leads)))
    _forget_words(conn, person)
    told = ops.restatement
    conn.execute(sa.delete(told).where(
        told.c.table_name == LEAD.name, told.c.row_key.in_(["|".join(key) for key in person.leads]),
        told.c.column_name.in_(["person_key", *NOTHING])))
    for record in (LEAD_FACT, PERSON_ALIAS):
        for shown in (ddl.table(record, "mart"), ddl.table(record, "mart_next"), ddl.log(record)):
            _rename(conn, shown, person, token)
    dirty.mark_leads(conn, sa.select(lead.c.source, lead.c.lead_id).where(of(lead, person.leads)))
    if conn.dialect.name == "duckdb":
        newest = sa.select(sa.func.max(ops.publication.c.publication_no)).scalar_subquery()
        conn.execute(sa.update(ops.publication).where(ops.publication.c.publication_no == newest)
                     .values(state="pending"))


def _forget_words(conn: sa.Connection, person: Person) -> None:
    """What people wrote about the leads in appeals; who signed what, and when, stays."""
    theirs = sa.select(ops.appeal.c.appeal_id).where(of(ops.appeal, person.leads))
    act = ops.appeal_act
    conn.execute(sa.update(act).where(act.c.appeal_id.in_(theirs)).values(why=None, evidence=None))


def _note(conn: sa.Connection, person: Person, said: Mapping[str, Any]) -> None:
    """What to keep out from now on; of who was erased before, the newest word holds."""
    gone = ops.erasure
    for kind, key in (*person.hashes, *(("lead", "/".join(lead)) for lead in person.leads)):
        conn.execute(sa.delete(gone).where(gone.c.alias_kind == kind, gone.c.alias_key == key))
        conn.execute(sa.insert(gone).values(alias_kind=kind, alias_key=key, **said))


def _rename(conn: sa.Connection, shown: sa.Table, person: Person, token: str) -> None:
    """The new key for the old one; of links only merges stay."""
    theirs = sa.or_(of(shown, person.leads), shown.c.person_key == person.key)
    if "alias_kind" in shown.c:
        conn.execute(sa.delete(shown).where(theirs, shown.c.alias_kind != "crm_merge"))
    conn.execute(sa.update(shown).where(theirs).values(person_key=token))
