"""What tonight's numbers would be by the rules of the last publication: built before the night's own build, added up,
and rolled back.

Both builds go by the same records, so that the difference is the rule's alone. It costs a build per changed file on the
night of the change, and one query on all others. Of several changed files one after the other takes effect, in the
order of the files, so that what each of them moved adds up to what all of them moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from crosscheck.rules import STATE_FILES, LeadStates, Rules
from crosscheck.rules.kept import reread, written
from crosscheck.tables import Kind, Table
from warehouse import ddl
from warehouse.engine import Warehouse
from warehouse.marts.base import Mart
from warehouse.marts.rule_version import RECORD as RULE_VERSION
from warehouse.staging.records import LEAD_STATE_RULE, LEAD_STATE_RULE_BEFORE, RULE_CONTENT

#: The meanings of statuses as rows of `lead_state_rule`; None: those that were loaded last.
Meanings = Sequence[tuple[str, str, str, str, str]] | None
#: By mart and measure the sum over all rows; None where nothing is known of any.
Totals = Mapping[tuple[str, str], Decimal | int | None]
_MEASURES = {Kind.COUNT: "_count", Kind.MONEY: "_reporting_amount"}
ROWS = "row_count"


@dataclass(frozen=True)
class Judged:
    """The rules by which a build goes."""

    rules: Rules
    meanings: Meanings


@dataclass(frozen=True)
class Effect:
    """A changed file, and the totals before it changed."""

    rule_file: str
    old_version: str
    new_version: str
    before: Totals


def rehearsed(wh: Warehouse, now: Judged, states: LeadStates | None,
              play: Callable[[sa.Connection, Judged], Totals]) -> list[Effect]:
    """The effects of what changed since the last publication, in the order of the files; mostly none."""
    with wh.engine.connect() as conn:
        changed, known = _changed(conn, now.rules, states), list[tuple[tuple[str, str, str], Judged]]()
        for change in reversed(changed):
            old = _reverted(conn, known[-1][1] if known else now, *change[:2])
            known += [(change, old)] if old else []
    return [Effect(*change, wh.rehearse(lambda conn, old=old: play(conn, old)))  # type: ignore[misc]
            for change, old in reversed(known)]


def _changed(conn: sa.Connection, rules: Rules, states: LeadStates | None) -> list[tuple[str, str, str]]:
    """File, published version and new version of each rule file of which they differ."""
    shown = ddl.table(RULE_VERSION, "mart")
    published = {row.rule_file.split("/")[0]: row.rule_version
                 for row in conn.execute(sa.select(shown.c.rule_file, shown.c.rule_version))}
    now = {**({STATE_FILES: states.version} if states else {}),
           **{name: head.version for name, head in rules.heads.items()}}
    return [(name, published[name], version) for name, version in now.items()
            if published.get(name, version) != version]


def _reverted(conn: sa.Connection, judged: Judged, name: str, version: str) -> Judged | None:
    """The rules with one file as it was; None where nobody kept what it said."""
    if name == STATE_FILES:
        for record in (LEAD_STATE_RULE_BEFORE, LEAD_STATE_RULE):
            rule = ddl.table(record)
            rows = conn.execute(sa.select(rule).where(rule.c.rule_version == version)).all()
            if rows:
                return replace(judged, meanings=[tuple(row) for row in rows])
        return None
    content = ddl.table(RULE_CONTENT)
    text = conn.scalar(sa.select(content.c.rule_content).where(content.c.rule_file == name,
                                                               content.c.rule_version == version))
    part = reread(type(getattr(judged.rules, name)), text) if text else None
    return None if part is None else replace(judged, rules=replace(judged.rules, **{name: part}))


def keep_contents(conn: sa.Connection, rules: Rules) -> None:
    """What each file says, once per version."""
    content = ddl.table(RULE_CONTENT)
    kept = {tuple(row) for row in conn.execute(sa.select(content.c.rule_file, content.c.rule_version))}
    fresh = [{"rule_file": name, "rule_version": head.version, "rule_content": written(getattr(rules, name))}
             for name, head in rules.heads.items() if (name, head.version) not in kept]
    if fresh:
        conn.execute(sa.insert(content), fresh)


def totals(conn: sa.Connection, marts: Iterable[Mart]) -> Totals:
    """What the rows of `mart_next` add up to: how many there are, and each count and reporting amount."""
    found: dict[tuple[str, str], Decimal | int | None] = {}
    for mart in marts:
        rows = ddl.table(mart.record, "mart_next")
        names = measures(mart.record)
        sums = conn.execute(sa.select(sa.func.count(), *(sa.func.sum(rows.c[name]) for name in names))
                            .select_from(rows)).one()
        found |= {(mart.name, name): value for name, value in zip((ROWS, *names), sums, strict=True)}
    return found


def measures(record: Table) -> list[str]:
    """The columns that can be added up."""
    return [column.name for column in record.columns
            if column.name.endswith(_MEASURES.get(column.field.kind, " ")) and column.name not in record.key]


def moved(effects: Sequence[Effect], last: Totals) -> list[dict[str, Any]]:
    """One row per changed file and total that it moved; `last` are the totals by all of the new rules."""
    after = [*(effect.before for effect in effects[1:]), last]
    return [{"rule_file": effect.rule_file, "old_rule_version": effect.old_version,
             "new_rule_version": effect.new_version, "moved_table": place[0], "moved_measure": place[1],
             "old_total": effect.before.get(place), "new_total": then[place]}
            for effect, then in zip(effects, after, strict=True) for place in then
            if effect.before.get(place) != then[place]]
