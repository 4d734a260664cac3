"""The charter of each campaign, with its facts beside it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart, arrange
from warehouse.marts.commitments import RECORD as COMMITMENTS
from warehouse.marts.delivered import SUMS, agreed_sum, evidence, is_over
from warehouse.shims import Expression, count_if
from warehouse.staging.base import Context
from warehouse.staging.records import AGREEMENT, RULE_FILE

_TOLD = tuple(f"{word}_count" for word in ("promise", "kept", "broken"))

RECORD = Table(
    "campaign_charter", Layer.MART, "One row per campaign's charter.", ("agreement",),
    columns("agreement platform campaign_id first_day last_day is_over is_draft charter_objective charter_message "
            f"unique_lead_count qualified_count won_count {' '.join(_TOLD)}",
            "portrait_version is_portrait_current signed_by_marketing signed_by_sales spend_reporting_amount")
    + columns("reporting_currency_code rule_version"),
    "What both heads agreed before the campaign began (rules/commitments.yaml), and what came of it in its period: "
    "spend by the account's day, leads and qualified leads by creation, customers by closing. `commitments` has its "
    "promises one by one. A campaign without a charter has no row: nobody promised anything of it.",
)

PROSE = """\
What was this campaign for, who should have come, and who agreed to that? Marketing: a lead that fits the portrait named
here fits, whatever Sales would rather have today; `is_portrait_current` says whether the portrait was changed since.
Sales: with your signature you took on these leads; `broken_count` counts what either of you did not keep. A charter
with `is_draft` was never agreed, and proves nothing against anybody."""

CHECKS = (
    Check("kept and broken are promises", "kept_count + broken_count <= promise_count"),
    Check("nothing is decided before the end", "is_over OR kept_count + broken_count = 0"),
    Check("a draft lacks a signature", "is_draft = (signed_by_marketing IS NULL OR signed_by_sales IS NULL)"),
    Check("funnel narrows", "qualified_count <= unique_lead_count"),
)


def select(ctx: Context) -> sa.Select[Any]:
    """The charters with the sums of their periods and what became of their promises."""
    agreed, found, told = ddl.table(AGREEMENT), ctx.step(agreed_sum), _told(ctx).subquery("told")
    origin: Any = agreed
    for other in (found, told):
        origin = origin.outerjoin(other, other.c.agreement == agreed.c.agreement)
    nothing = sa.literal_column("0", sa.BigInteger())
    file = ddl.table(RULE_FILE)
    portrait: Expression = sa.select(sa.func.max(file.c.rule_version)).where(
        file.c.rule_file == "portrait").scalar_subquery()
    known: dict[str, Expression] = {
        **{column.name: column for column in agreed.c}, SUMS[0]: found.c[SUMS[0]],
        **{name: sa.func.coalesce(found.c[name], nothing) for name in SUMS[1:]},
        **{name: sa.func.coalesce(told.c[name], nothing) for name in _TOLD},
        "is_over": is_over(ctx, agreed), "is_portrait_current": agreed.c.portrait_version == portrait,
        "reporting_currency_code": sa.literal(ctx.reporting_currency),
        "rule_version": sa.literal(ctx.rules.commitments.head.version, sa.Text())}
    return sa.select(*arrange(RECORD, known)).select_from(origin).where(agreed.c.campaign_id.is_not(None))


def _told(ctx: Context) -> sa.Select[Any]:
    """By agreement: its promises, those kept and those broken."""
    row = ctx.current(COMMITMENTS).alias("row")
    numbers = (sa.func.count(), count_if(sa.func.coalesce(row.c.is_kept, sa.false())),
               count_if(sa.func.coalesce(~row.c.is_kept, sa.false())))
    return sa.select(row.c.agreement, *(number.label(name) for name, number in zip(_TOLD, numbers, strict=True))
                     ).group_by(row.c.agreement)


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=evidence, is_exact=True)
