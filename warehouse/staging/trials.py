"""Which leads are somebody's trial of a form, by the agreed signs; addresses and numbers are known by their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import DEAL, LEAD
from crosscheck.errors import ConfigError
from warehouse import ddl
from warehouse.shims import Expression, among
from warehouse.staging.base import Context, Selectable
from warehouse.staging.heads import merged_lead

#: How the key of a test lead begins: it is its own person. No source may have a colon in its name.
TEST = "test:"


def is_trial(person_key: Expression) -> Expression:
    """Whether a person's key stands for a test lead."""
    return person_key.startswith(TEST)


def trial_lead(ctx: Context) -> sa.Select[Any]:
    """One row per test lead, with a key of its own. Whoever carries a deal is none: money is never set aside."""
    lead, deal, gone = ddl.table(LEAD), ddl.table(DEAL), ctx.step(merged_lead)
    away = sa.and_(gone.c.source == deal.c.source, gone.c.lead_id == deal.c.lead_id)
    carriers = (sa.select(deal.c.source, sa.func.coalesce(gone.c.root_id, deal.c.lead_id))
                .select_from(deal.outerjoin(gone, away)).where(deal.c.lead_id.is_not(None)))
    key = sa.literal(TEST, sa.Text()) + lead.c.source + "/" + lead.c.lead_id
    return (sa.select(lead.c.source, lead.c.lead_id, key.label("person_key"))
            .where(sa.or_(sa.false(), *_signs(ctx, lead)), ~among(lead, LEAD.key, carriers)))


def _signs(ctx: Context, lead: Selectable) -> Iterator[Expression]:
    rule = ctx.rules.test_leads
    if rule.utm_sources:
        yield sa.func.lower(lead.c.utm_source).in_(rule.utm_sources)
    if rule.utm_campaigns:
        yield lead.c.utm_campaign_norm.in_(rule.utm_campaigns)
    if rule.email_domains or rule.emails or rule.phones:
        yield from _hashed(ctx, lead)


def _hashed(ctx: Context, lead: Selectable) -> Iterator[Expression]:
    """Addresses and numbers under the privacy key, as connectors hash them."""
    from connectors.people import Hasher, normal_email, normal_phone

    rule, hasher = ctx.rules.test_leads, Hasher(ctx.privacy_key())
    for kind, column, texts, normal in (
            ("domain", "email_domain_hash", rule.email_domains, str),
            ("email", "email_hash", rule.emails, normal_email), ("phone", "phone_hash", rule.phones, normal_phone)):
        values = {text: normal(text) for text in texts}
        if bad := [text for text, value in values.items() if value is None]:
            raise ConfigError(f"rules/test_leads.yaml: {len(bad)} of {kind}s cannot exist", fix="correct them")
        if values:
            yield lead.c[column].in_([hasher.digest(kind, str(value)) for value in values.values()])
