"""By which rules the published numbers were made, and whether both heads signed them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.fields import columns
from crosscheck.tables import Layer, Table
from warehouse import ddl
from warehouse.marts.base import Check, Mart
from warehouse.staging.base import Context
from warehouse.staging.records import RULE_FILE

RECORD = Table(
    "rule_version", Layer.MART, "One row per rule file in force.", ("rule_file",),
    columns("rule_file rule_version is_draft", "effective_from signed_by_marketing signed_by_sales"),
    "The version is the content's: a changed meaning changes it, a comment or a signature does not. The files of "
    "`lead_states` share one, which is the `rule_version` of a lead.",
)

PROSE = """\
Before a number is quoted against anybody, look here: a rule with `is_draft` was never agreed, and whatever it
classified is a proposal. Marketing and Sales: sign the file under `signed_by`, or change it and sign that; the next
night applies a changed rule to all of history."""

CHECKS = (
    Check("a draft lacks a signature", "is_draft = (signed_by_marketing IS NULL OR signed_by_sales IS NULL)"),
)


def select(_: Context) -> sa.Select[Any]:
    """The files that this build goes by."""
    file = ddl.table(RULE_FILE)
    return sa.select(*(file.c[column.name] for column in RECORD.columns))


MART = Mart(RECORD, select, PROSE, CHECKS, evidence=lambda _: {})
