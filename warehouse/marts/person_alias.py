"""Why leads are taken for one person, and why others are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from crosscheck.fields import columns
from crosscheck.fields.identity import ALIAS_KINDS
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression
from warehouse.staging.base import Context
from warehouse.staging.heads import person_of
from warehouse.staging.persons import EMAILS_OF_A_PHONE, PHONES_OF_AN_EMAIL, alias_link
from warehouse.staging.records import LEAD_PERSON

RECORD = Table(
    "person_alias", Layer.MART,
    "One row per lead and alias that it shares with another lead, or merge in the CRM by which it went or stayed.",
    ("source", "lead_id", "alias_kind"),
    columns("source lead_id alias_kind alias_key alias_no person_key is_linking", "refused_because", basis="")
    + columns("alias_lead_count alias_email_count alias_phone_count", basis=""),
    "Leads with one `person_key` are one person: walk from a lead to its linking aliases, to their other leads, and so "
    f"on. A phone number of more than {EMAILS_OF_A_PHONE} e-mail addresses is `shared`, and so is an address of more "
    f"than {PHONES_OF_AN_EMAIL} numbers; the id of a form or click is a `conflict` when its leads left more than one "
    "address or more than one number. Such leads may still be one person by another alias. What only one lead carries "
    "links nothing and has no row, and gbraid and wbraid never have one. Addresses and numbers are keyed hashes.",
)

PROSE = """\
Open it when somebody says "these are two customers" or "that is the same one": every link has its row, and so has
every link that was not made. Marketing: a repeat is no new lead of yours, and here stands what says that it is one;
`shared` leads stayed apart, and count. Sales: a customer who came back under another address is found by the chain of
rows, and a merge in the CRM stands here from the next night on, an undone one no longer. What nobody can decide by
these rules is for a person to merge in the CRM."""

CHECKS = (
    Check("a reason exactly where nobody is linked", "is_linking = (refused_because IS NULL)"),
    Check("a merge always links", "alias_kind <> 'crm_merge' OR is_linking"),
    Check("shared by two at least", "alias_lead_count > 1"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """Every link and refused link, with the person of its lead; who was never read is the survivor's."""
    link, known = ctx.step(alias_link), ddl.table(LEAD_PERSON)
    same = sa.and_(*(known.c[name] == link.c[name] for name in LEAD.key))
    person = person_of(link, known)
    others = sa.func.max(person).over(partition_by=(link.c.alias_kind, link.c.alias_key))
    values: dict[str, Expression] = {
        **{name: link.c[name] for name in ("source", "lead_id", "alias_kind", "alias_key", "refused_because",
                                           "alias_lead_count", "alias_email_count", "alias_phone_count")},
        "alias_no": sa.case({kind: place for place, kind in enumerate(ALIAS_KINDS, 1)}, value=link.c.alias_kind),
        "person_key": sa.func.coalesce(person, others), "is_linking": link.c.refused_because.is_(None)}
    return sa.select(*arrange(RECORD, values)).select_from(link.outerjoin(known, same))


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The leads of the person."""
    return {LEAD_FACT.name: ddl.table(LEAD_FACT, "mart").c.person_key == row["person_key"]}


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence, is_exact=True)
