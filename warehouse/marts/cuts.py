"""The same leads put together in several ways, in one table: a row says by what, and what it does not need is empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import LEAD
from warehouse import ddl
from warehouse.marts.discount import salesperson
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.shims import Expression
from warehouse.staging.base import NO_PLATFORM, Selectable

_CAMPAIGN = ("platform", "account_id", "campaign_id")
#: By dimension, the columns that tell its rows apart.
_OF: Mapping[str, tuple[str, ...]] = {
    "campaign": _CAMPAIGN, "source": ("source",), "landing_page": ("landing_page",),
    "salesperson": ("source", "owner_id"), "campaign_and_salesperson": (*_CAMPAIGN, "source", "owner_id")}


def cut(rows: Selectable, dimensions: Sequence[str], values: Sequence[str]) -> Selectable:
    """Each row once per dimension: of `values` those that the dimension does not need are the empty text."""
    kept = [column for column in rows.c if column.name not in values]
    return sa.union_all(*(
        sa.select(sa.literal(each).label("dimension"), *kept,
                  *((rows.c[name] if name in _OF[each] else sa.literal("")).label(name) for name in values))
        for each in dimensions)).subquery("cut")


def landing_page(staged: Selectable) -> Expression:
    """A lead's landing page, as a key."""
    return sa.func.coalesce(staged.c.landing_page, NO_PLATFORM)


def of_row(row: Mapping[Any, Any]) -> Expression:
    """The unique leads of `lead_fact`, each beside its staged record, that a row of a cut table counts."""
    lead, staged = ddl.table(LEAD_FACT, "mart"), ddl.table(LEAD)
    values: dict[str, Expression] = {name: lead.c[name] for name in (*_CAMPAIGN, "source")}
    values |= {"landing_page": landing_page(staged), "owner_id": salesperson(lead)}
    return sa.and_(lead.c.is_unique, lead.c.cohort_month == row["cohort_month"],
                   *(values[name] == row[name] for name in _OF[row["dimension"]]))
