"""The vocabulary of what both heads agreed on: changed rules, and promises."""

from __future__ import annotations

from crosscheck.fields.appeals import APPEALABLE
from crosscheck.tables import Field, Kind

RULED = (*APPEALABLE, "qualified")

RULE_CHANGES: tuple[Field, ...] = (
    Field("old_rule_version", Kind.TEXT, "The version that was published before."),
    Field("new_rule_version", Kind.TEXT, "The version that took its place."),
    Field("changed_day", Kind.DAY, "Business day of the night that first went by the new version."),
    Field("ruled_state", Kind.TEXT, "A state of `lead_fact`, or qualified as in the tables of campaigns.",
          allowed=RULED),
    *(Field(f"{name}_count", Kind.COUNT, f"Unique leads {meaning}.", unit="leads", low=0) for name, meaning in (
        ("old_rule", "in the state by the old version, of what was on record that night"),
        ("new_rule", "in the state by the new version, of the same records"),
        ("moved_in", "in the state by the new version and not by the old one"),
        ("moved_out", "in the state by the old version and not by the new one"),
        ("redated", "in the state by both, but since another instant: within a horizon they may count otherwise"))),
)

FIELDS: tuple[Field, ...] = RULE_CHANGES
