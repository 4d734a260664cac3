"""`grant`, `salesperson`: who may read what on PostgreSQL."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import UsageError, following, note, print_json, raw, table
from crosscheck.errors import ConfigError
from crosscheck.settings import load


def grant(*, sql: Annotated[bool, Parameter("--sql", negative=())] = False, config: Config = None,
          as_json: Json = False) -> int:
    """Make the four reading roles and grant what each may see; repeated, it mends what differs.

    A login becomes a member by `GRANT crosscheck_analyst TO "an.nguyen"`. Example: `crosscheck grant --sql`

    Parameters
    ----------
    sql: print the statements for an administrator of the server instead; nothing is opened.
    """
    from warehouse.roles import ROLES, script

    if sql:
        print_json({"statements": script()}) if as_json else raw(";\n".join(["BEGIN", *script(), "COMMIT"]) + ";")
        return 0
    from warehouse import open_warehouse, roles

    with open_warehouse(load(config), lock=False) as wh:
        roles.grant(wh)
    if as_json:
        print_json({"roles": ROLES})
        return 0
    table("granted", ("role", "may read"), list(ROLES.items()))
    following("GRANT one of them to each login; crosscheck salesperson LOGIN SOURCE/OWNER_ID names a salesperson's own")
    return 0


def salesperson(login: str, *owner: str, config: Config = None, as_json: Json = False) -> int:
    """Say which owner ids of the CRMs are a login's own; without any, none is. What was said before is replaced.

    Example: `crosscheck salesperson an.nguyen hubspot/42 getfly/7`

    Parameters
    ----------
    login: the role that logs in to PostgreSQL.
    owner: a configured source and the salesperson's id there, as SOURCE/OWNER_ID.
    """
    from warehouse import open_warehouse, roles

    settings = load(config)
    known = {source.name for source in settings.sources}
    owners = [(source, owner_id) for source, _, owner_id in (each.partition("/") for each in owner)]
    for source, owner_id in owners:
        if not owner_id:
            raise UsageError("an owner is SOURCE/OWNER_ID", fix="crosscheck salesperson an.nguyen hubspot/42")
        if source not in known:
            raise ConfigError(f"no source {source!r} is configured", fix=f"one of {', '.join(sorted(known))}")
    with open_warehouse(settings, lock=False) as wh:
        roles.assign(wh, login, owners)
    if as_json:
        print_json({"login": login, "owners": sorted(set(owner))})
    else:
        note(f"{login}: {', '.join(sorted(set(owner))) or 'no rows'}")
    return 0
