"""`erase`: forgetting a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter

from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import UsageError, following, note, print_json
from crosscheck.settings import Settings, load


def erase(*, reason: str, email: str = "", phone: str = "", lead: str = "",
          yes: Annotated[bool, Parameter("--yes", negative=())] = False, config: Config = None,
          as_json: Json = False) -> int:
    """Forget a person: contact data and hashes of all records that are the same one, here and in what is published.

    What the person counted for stays, under a key drawn by lot, and what the CRM sends again is emptied. Delete the
    record in the CRM first. Without `--yes` it only says whom it would forget.
    Example: `crosscheck erase --lead hubspot/42 --reason "asked on 21 November" --yes`

    Parameters
    ----------
    reason: why, without a name; it is kept.
    email: an address of the person.
    phone: a number of the person.
    lead: a record of the person, as SOURCE/LEAD_ID.
    yes: do it.
    """
    from warehouse import migrations, open_warehouse
    from warehouse.engine import naive_utc
    from warehouse.erase import erase as forget
    from warehouse.erase import find

    settings, now = load(config), datetime.now(UTC)
    alias = _alias(settings, email, phone, lead)
    with open_warehouse(settings) as wh:
        migrations.migrate(wh)
        person = find(wh, *alias)
        if yes:
            forget(wh, person, reason, naive_utc(now))
    leads, gone = ["/".join(key) for key in person.leads], now + timedelta(days=settings.store.landing_retention_days)
    if as_json:
        print_json({"erased": yes, "leads": leads, "landing_until": gone.date()})
        return 0
    note(f"{'forgot' if yes else 'would forget'} {', '.join(leads)}")
    note(f"landing keeps the vendors' answers until {gone.date()} at the latest; backups are yours")
    if not yes:
        following("the same with --yes")
    return 0


def _alias(settings: Settings, email: str, phone: str, lead: str) -> tuple[str, str]:
    """The one thing by which the person is named, hashed where the warehouse has it hashed."""
    from connectors.people import Hasher, normal_email, normal_phone

    if sum(map(bool, (email, phone, lead))) != 1:
        raise UsageError("name the person by one of --email, --phone and --lead",
                         fix="crosscheck erase --lead hubspot/42 --reason REASON")
    if lead:
        return "lead", lead
    kind, value = ("email", normal_email(email)) if email else ("phone", normal_phone(phone))
    if value is None:
        raise UsageError(f"that is no {kind} anybody can have", fix="name a record: --lead SOURCE/LEAD_ID")
    return kind, Hasher(settings.secret(settings.privacy_key)).digest(kind, value)
