"""What campaigns were called, when, and what text leads back to them."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import AD_DAILY, CAMPAIGN
from warehouse import ddl
from warehouse.shims import Expression
from warehouse.staging.base import UNALLOCATED, UNMATCHED, Context, Selectable

_ALWAYS, _NEVER = date(1, 1, 1), date(9999, 12, 31)


def campaign_version(_: Context) -> sa.Select[Any]:
    """One row per campaign and version of its name, valid for from_day <= day < until_day without gaps.

    The earliest version also names the days before anybody saw it.
    """
    seen = ddl.table(CAMPAIGN)
    key = (seen.c.platform, seen.c.account_id, seen.c.campaign_id)
    over: dict[str, Any] = {"partition_by": key, "order_by": seen.c.valid_from_day}
    first = sa.func.row_number().over(**over) == 1
    until = sa.func.lead(seen.c.valid_from_day).over(**over)
    return sa.select(
        *key, sa.case((first, sa.literal(_ALWAYS)), else_=seen.c.valid_from_day).label("from_day"),
        sa.func.coalesce(until, sa.literal(_NEVER)).label("until_day"), seen.c.campaign_name)


def with_name(rows: Selectable, day: Expression, versions: Selectable) -> tuple[sa.Join, Expression]:
    """Rows joined to the version of their campaign on a day, and the name to show.

    A campaign that no dimension knows keeps its spend and is called "(deleted ID)".
    """
    joined = rows.outerjoin(versions, sa.and_(
        versions.c.platform == rows.c.platform, versions.c.account_id == rows.c.account_id,
        versions.c.campaign_id == rows.c.campaign_id, versions.c.from_day <= day, day < versions.c.until_day))
    unknown = sa.literal_column("'(deleted '", sa.Text()) + rows.c.campaign_id + sa.literal_column("')'", sa.Text())
    label = sa.case((rows.c.campaign_id.in_((UNMATCHED, UNALLOCATED)), rows.c.campaign_id),
                    else_=sa.func.coalesce(versions.c.campaign_name, unknown))
    return joined, label


def campaign_key(_: Context) -> sa.Select[Any]:
    """One row per text that names campaigns: an id or a normalised name, within a platform or anywhere.

    Campaign columns are filled where the text names exactly one. Ids count as known when they have spend, too:
    a deleted campaign may be gone from the platform's list.
    """
    seen, spent = ddl.table(CAMPAIGN), ddl.table(AD_DAILY)
    ids = sa.union(
        sa.select(seen.c.platform, seen.c.account_id, seen.c.campaign_id),
        sa.select(spent.c.platform, spent.c.account_id, spent.c.campaign_id).where(spent.c.campaign_id != ""),
    ).subquery("ids")
    names = (sa.select(seen.c.platform, seen.c.account_id, seen.c.campaign_id, seen.c.campaign_name_norm)
             .where(seen.c.campaign_name_norm != "").distinct().subquery("names"))
    rows = [_keyed(origin, scope, kind, text)
            for origin, kind, text in ((ids, "id", ids.c.campaign_id), (names, "name", names.c.campaign_name_norm))
            for scope in (origin.c.platform, sa.literal_column("''", sa.Text()))]
    every = sa.union_all(*rows).subquery("every")
    several = sa.func.count()
    only = [sa.case((several == 1, sa.func.max(every.c[name]))).label(name)
            for name in ("platform", "account_id", "campaign_id")]
    return (sa.select(every.c.scope, every.c.key_kind, every.c.match_key, several.label("campaign_count"), *only)
            .group_by(every.c.scope, every.c.key_kind, every.c.match_key))


def _keyed(origin: Any, scope: Any, kind: str, text: Any) -> sa.Select[Any]:
    return sa.select(
        scope.label("scope"), sa.literal_column(f"'{kind}'", sa.Text()).label("key_kind"), text.label("match_key"),
        origin.c.platform, origin.c.account_id, origin.c.campaign_id)
