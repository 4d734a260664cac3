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
_OWNED = (*_CELL, "source", "owner_id")


def read(conn: sa.Connection, *, with_people: bool) -> dict[str, list[Row]]:
    """`leaks`: counts, by salesperson too if that leaves few enough; `ids`: the newest leads; `rules` of the steps."""
    evidence = ddl.table(find("leak_evidence").record, "mart").c
    by: tuple[str, ...] = _OWNED
    counted = rows_of(conn, _counted(by).limit(MOST_CELLS + 1)) if with_people else []
    if not with_people or len(counted) > MOST_CELLS:
        by = _CELL
        counted = rows_of(conn, _counted(by))
    ruled = sa.select(evidence.leak_cause, evidence.rule_file, evidence.rule_version).distinct()
    return {"leaks": counted, "ids": rows_of(conn, _newest(by, id_cap(counted))),
            "rules": rows_of(conn, ruled.where(evidence.rule_file.is_not(None)))}


def _judged(by: Sequence[str]) -> sa.Subquery:
    """Each judged lead with its cause, and whose it is today if that is asked for."""
    lead, fact = (ddl.table(find(name).record, "mart") for name in ("leak_evidence", "lead_fact"))
    judged = sa.select(*(lead.c[name] for name in (*_CELL, "source", "lead_id", "created_at")))
    if "owner_id" in by:
        same = sa.and_(fact.c.source == lead.c.source, fact.c.lead_id == lead.c.lead_id)
        judged = judged.add_columns(fact.c.owner_id).outerjoin_from(lead, fact, same)
    return judged.subquery()


def _counted(by: Sequence[str]) -> sa.Select[Any]:
    leads = _judged(by)
    key = [leads.c[name] for name in by]
    return sa.select(*key, sa.func.count().label("lead_count")).group_by(*key)


def id_cap(counted: Iterable[Row]) -> int:
    """How many ids of each count are kept."""
    counts = [row["lead_count"] for row in counted]
    return next(cap for cap in ID_CAPS if not cap or sum(min(cap, count) for count in counts) <= MOST_IDS)


def _newest(by: Sequence[str], cap: int) -> sa.Select[Any]:
    """The newest leads of each count, of each campaign's step and of each step, newest first.

    The newest of a step are among as many of each of its campaigns: all leads are put in order once, or twice.
    """
    first = _placed(_judged(by), of_campaign=(*KEY, "leak_cause"), **{"of_count": by} if cap else {})
    counted = first.c.of_count <= cap if cap else sa.false()
    few = sa.select(first, counted.label("counted")).where(sa.or_(counted, first.c.of_campaign <= OF_STEP)).subquery()
    last = _placed(few, of_step=("leak_cause",))
    kept = sa.or_(last.c.counted, last.c.of_campaign <= OF_CAMPAIGN, last.c.of_step <= OF_STEP)
    names = dict.fromkeys((*by, "source", "lead_id"))
    return sa.select(*(last.c[name] for name in names)).where(kept).order_by(*_order(last))


def _placed(leads: sa.Subquery, **parts: Sequence[str]) -> sa.Subquery:
    """Leads with their places by age in each of these parts."""
    return sa.select(leads, *(
        sa.func.row_number().over(partition_by=[leads.c[each] for each in by], order_by=_order(leads)).label(name)
        for name, by in parts.items())).subquery()


def _order(leads: sa.Subquery) -> tuple[Any, ...]:
    return leads.c.created_at.desc(), leads.c.source, leads.c.lead_id


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
