"""Whether the levels of an ad account add up to its own total."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crosscheck.canonical import AD_DAILY
from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, Partition, arrange
from warehouse.shims import Expression, total
from warehouse.staging.base import Context
from warehouse.staging.spend import level_day

RECORD = Table(
    "spend_reconciliation", Layer.MART,
    "One row per platform, account, account-local day and level that the account reported that day.",
    ("platform", "account_id", "day", "level"),
    columns("platform account_id day level", "control_amount finer_amount unallocated_amount currency_code",
            basis="spend"),
    "`control_amount` is null where the account reported no total of its own for the day.",
)

PROSE = """\
Why the ad report and the account's bill differ: some spend has no ad (automatic campaigns), some ads are gone. The
control total is the account's own; what a level lacks to it stands in `unallocated_amount`. At campaign level that is
the row "(unallocated)" of the ROI tables, so that their sum is the bill."""

CHECKS = (
    Check("difference is the difference",
          "control_amount IS NULL OR finer_amount IS NULL OR unallocated_amount = control_amount - finer_amount"),
    Check("one currency per account and day", "currency_code IS NOT NULL"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """The sum of each level beside the control total of its account and day."""
    every = ctx.step(level_day)
    key = [every.c[name] for name in ("platform", "account_id", "day")]
    single = sa.func.min(every.c.currency_code) == sa.func.max(every.c.currency_code)
    finer = sa.select(
        *key, every.c.level, total(every.c.spend_amount).label("finer_amount"),
        sa.case((single, sa.func.min(every.c.currency_code))).label("currency_code"),
    ).where(every.c.level != "account").group_by(*key, every.c.level).subquery("finer")
    control = sa.select(*key, total(every.c.spend_amount).label("control_amount")).where(
        every.c.level == "account").group_by(*key).subquery("control")
    origin = finer.outerjoin(control, sa.and_(*(
        control.c[name] == finer.c[name] for name in ("account_id", "day", "platform"))))
    known = {column.name: column for column in finer.c} | {
        "control_amount": control.c.control_amount,
        "unallocated_amount": control.c.control_amount - sa.func.coalesce(finer.c.finer_amount, 0)}
    return sa.select(*arrange(RECORD, known)).select_from(origin).where(ctx.within(RECORD.name, finer.c.day))


def evidence(row: Mapping[Any, Any]) -> Mapping[str, Expression]:
    """The level's rows, and the control total beside them."""
    return {"ad_daily": ddl.table(AD_DAILY).c.level.in_(("account", row["level"]))}


MART = Mart(RECORD, select, PROSE, CHECKS, Partition("day", "day", ("spend",)), evidence=evidence)
