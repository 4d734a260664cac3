"""What a changed rule file did to the published totals: tonight's records, by the version before and by the new one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.shims import MONEY, Expression, among
from warehouse.staging.base import Context

_KEY = ("rule_file", "old_rule_version", "new_rule_version", "changed_day", "moved_table", "moved_measure")
_TOTALS = ("old_total", "new_total")

RECORD = Table(
    "rule_change_effect", Layer.MART,
    "One row per change of a rule file's version, night, and total of a published table that it moved.", _KEY,
    columns(" ".join(_KEY), "old_total_count new_total_count old_total_reporting_amount new_total_reporting_amount")
    + columns("reporting_currency_code"),
    "Both totals are of the records of one and the same night, built once by the version before and once by the new "
    "one, so that their difference is the rule's alone. Every table built from leads, deals and spend is added up: its "
    "rows, its counts and its amounts in the reporting currency. Where the rows of a table overlap (horizons, "
    "dimensions) a total counts a lead once per row, as the table does. What only moves between rows of one total is "
    "not seen here. Where several files changed in one night they take effect one after the other, and what they moved "
    "adds up. Rows stay as they were written.",
)

PROSE = """\
Which numbers moved because a definition did, and how far: read it before you call a jump good or bad work. Marketing: a
portrait that excludes more people shows here as more wrong targets on the very same leads. Sales: a shorter promise
shows as more breaches, though nobody called later than before. A table that is missing did not move. Lead by lead,
`rule_change_impact` has what changed meanings of statuses did, and `crosscheck as-of` prints any table as it was."""

CHECKS = (
    Check("another total", "COALESCE(old_total_count, -1) <> COALESCE(new_total_count, -1)"
          " OR COALESCE(old_total_reporting_amount, 0.5) <> COALESCE(new_total_reporting_amount, 0.5)"),
    Check("another version", "old_rule_version <> new_rule_version"),
    Check("one unit", "(old_total_count IS NULL AND new_total_count IS NULL)"
          " <> (old_total_reporting_amount IS NULL AND new_total_reporting_amount IS NULL)"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """What was told before, and tonight's changes if there are any."""
    told, moved = ddl.table(RECORD, "mart"), ctx.effects()
    if not moved:
        return sa.select(told)
    names = (*_KEY[:3], *_KEY[4:])
    given = sa.values(*(sa.column(name, sa.Text()) for name in names), *(sa.column(name, MONEY) for name in _TOTALS),
                      name="moved").data([tuple(row[name] for name in (*names, *_TOTALS)) for row in moved])
    is_amount = given.c.moved_measure.endswith("_reporting_amount", autoescape=True)
    values: dict[str, Expression] = {
        **{name: given.c[name] for name in names},
        "changed_day": sa.cast(sa.literal(ctx.business_day, sa.Date()), sa.Date()),
        **{f"{name}_count": sa.case((~is_amount, given.c[name])) for name in _TOTALS},
        **{f"{name}_reporting_amount": sa.case((is_amount, given.c[name])) for name in _TOTALS},
        "reporting_currency_code": sa.literal(ctx.reporting_currency)}
    fresh = sa.select(*arrange(RECORD, values)).subquery("fresh")
    kept = sa.select(told).where(~among(told, _KEY, sa.select(*(fresh.c[name] for name in _KEY))))
    return sa.select(sa.union_all(sa.select(fresh), kept).subquery("changes"))


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=lambda _: {})
