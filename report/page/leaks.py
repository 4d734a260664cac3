"""Leaks on the page: how many leads of each campaign, month, step and salesperson, and the newest of them by id.

The database counts, however many leads there are; the page holds the counts and some thousand ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from report.page.keys import KEY, Places, Row, Rows, campaign, number, owner, rows_of
from warehouse import ddl
from warehouse.marts.leak_causes import CAUSES, SET_ASIDE, Cause
from warehouse.trace import find

#: At most so many ids behind one number, fewer where there would be too many in all.
ID_CAPS = (20, 10, 5, 2, 0)
MOST_IDS = 6_000
#: So many of a step's newest, and of each campaign's within it, are kept even so: no bar opens to nothing.
OF_STEP, OF_CAMPAIGN = 20, 2
#: Beyond so many numbers, salespeople are left out.
MOST_CELLS = 5_000

AVERAGES = ("average_revenue_amount", "average_margin_amount")
_CELL = (*KEY, "cohort_month", "leak_cause")


def read(conn: sa.Connection, *, with_people: bool) -> dict[str, list[Row]]:
    """`leaks`: counts, by salesperson too if that leaves few enough; `ids`: the newest leads; `rules` of the steps."""
    leads, evidence = _judged(), ddl.table(find("leak_evidence").record, "mart").c
    key = [leads.c[name] for name in (*_CELL, "source", "owner_id")]
    counted = rows_of(conn, _counted(key).limit(MOST_CELLS + 1)) if with_people else []
    if not with_people or len(counted) > MOST_CELLS:
        key = key[:len(_CELL)]
        counted = rows_of(conn, _counted(key))
    ruled = sa.select(evidence.leak_cause, evidence.rule_file, evidence.rule_version).distinct()
    return {"leaks": counted, "ids": rows_of(conn, _newest(leads, key, id_cap(counted))),
            "rules": rows_of(conn, ruled.where(evidence.rule_file.is_not(None)))}


def _judged() -> sa.Subquery:
    """Each judged lead with its cause and whose it is today."""
    lead, fact = (ddl.table(find(name).record, "mart") for name in ("leak_evidence", "lead_fact"))
    same = sa.and_(fact.c.source == lead.c.source, fact.c.lead_id == lead.c.lead_id)
    return sa.select(*(lead.c[name] for name in (*_CELL, "source", "lead_id", "created_at")), fact.c.owner_id
                     ).outerjoin_from(lead, fact, same).subquery("judged")


def _counted(key: Sequence[Any]) -> sa.Select[Any]:
    return sa.select(*key, sa.func.count().label("lead_count")).group_by(*key)


def id_cap(counted: Iterable[Row]) -> int:
    """How many ids of each count are kept."""
    counts = [row["lead_count"] for row in counted]
    return next(cap for cap in ID_CAPS if not cap or sum(min(cap, count) for count in counts) <= MOST_IDS)


def _newest(leads: sa.Subquery, key: Sequence[Any], cap: int) -> sa.Select[Any]:
    """The newest leads of each count, of each campaign's step and of each step, newest first."""
    c = leads.c
    order = (c.created_at.desc(), c.source, c.lead_id)
    limits = ((key, cap), ([*(c[name] for name in KEY), c.leak_cause], OF_CAMPAIGN), ([c.leak_cause], OF_STEP))
    places = [sa.func.row_number().over(partition_by=by, order_by=order) for by, _ in limits]
    placed = sa.select(leads, *(place.label(f"place_{at}") for at, place in enumerate(places))).subquery("placed")
    kept = sa.or_(*(placed.c[f"place_{at}"] <= most for at, (_, most) in enumerate(limits)))
    return sa.select(*(placed.c[name] for name in (*_CELL, "source", "lead_id", "owner_id"))).where(kept).order_by(
        placed.c.created_at.desc(), placed.c.source, placed.c.lead_id)


def rests(cause: Cause) -> str:
    """What a cause rests on: a column of `leak_evidence`; that it is a lead by name only; that nothing is there."""
    return cause.evidence or (cause.name if cause.name in SET_ASIDE else "nothing")


def gathered(rows: Rows, place: Places, person: Places | None) -> dict[str, Any]:
    """How many leads of each campaign, month, step and salesperson, and the ids of the newest of them."""
    order = {cause.name: at for at, cause in enumerate(CAUSES)}
    sources = sorted({row["source"] for row in rows["ids"]})

    def cell(row: Row) -> tuple[Any, ...]:
        whose = -1 if person is None else person[owner(row)]
        return place[campaign(row)], row["cohort_month"], order[row["leak_cause"]], whose

    counts: dict[tuple[Any, ...], int] = defaultdict(int)
    ids: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    rules: dict[str, list[str]] = defaultdict(list)
    for row in rows["leaks"]:
        counts[cell(row)] += row["lead_count"]
    for row in rows["ids"]:
        ids[cell(row)].append(f"{sources.index(row['source'])}/{row['lead_id']}")
    for said in sorted((row["leak_cause"], f"{row['rule_file']} {row['rule_version']}") for row in rows["rules"]):
        rules[said[0]].append(said[1])
    averages = {row["cohort_month"].isoformat(): [number(row[name]) for name in AVERAGES]
                for row in rows["leak_waterfall"]}
    return {"horizon": next((row["horizon_days"] for row in rows["leak_waterfall"]), None),
            "cap": id_cap(rows["leaks"]), "newest": [OF_STEP, OF_CAMPAIGN],
            "sources": sources, "averages": averages, "rules": rules,
            "steps": [[cause.name, cause.owner, rests(cause)] for cause in CAUSES], "aside": list(SET_ASIDE),
            "columns": ["campaign", "month", "step", "person", "count", "ids"],
            "rows": [[*key, count, ids.get(key, [])] for key, count in sorted(counts.items())]}
