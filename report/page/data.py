"""What the page holds: sums by campaign and month out of the published marts, as rows of numbers.

No ratio is carried: the page makes them of sums. Leads are counted by the database, however many they are; the ids of
the newest are carried so far as they are few; never a hash, a name or contact data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from crosscheck.fields.credit import ATTRIBUTION_MODELS
from report.page import leaks
from report.page.keys import KEY, Places, Row, Rows, campaign, number, owner, rows_of
from warehouse import ddl
from warehouse.marts.base import Mart
from warehouse.marts.lead_quality import SMALL
from warehouse.metrics import FIVE_RATIOS
from warehouse.trace import find

PARTS = ("spend_reporting_amount", "unique_lead_count", "qualified_count", "won_count", "won_deal_count",
         "margin_known_count", "revenue_reporting_amount", "gross_margin_reporting_amount")
STATES = tuple(metric.name.removesuffix("_rate") for metric in FIVE_RATIOS)
#: Which columns of which mart are read.
READ: Mapping[str, tuple[str, ...]] = {
    "campaign_roi_closed": (*KEY, "close_month", "campaign_name", *PARTS),
    "campaign_roi_cohort": (*KEY, "cohort_month", "horizon_days", "is_matured", *PARTS),
    "campaign_roi_daily": (*KEY, "day", *PARTS),
    "attribution_summary": ("attribution_model", *KEY, "close_month", "attributed_reporting_amount"),
    "lead_quality_by": ("dimension", *KEY, "source", "owner_id", "cohort_month", "quality_state", "horizon_days",
                        "is_matured", "unique_lead_count", "covered_lead_count", "state_count"),
    "leak_waterfall": ("cohort_month", "horizon_days", *leaks.AVERAGES),
    "source_freshness": ("source", "is_stale", "complete_to_day"),
    "rule_version": ("rule_file", "rule_version", "is_draft"),
}


def read(conn: sa.Connection, *, with_people: bool = True) -> dict[str, list[Row]]:
    """The rows of each mart that the page is made of, by its name, and what `leaks.read` counts."""
    found = {name: rows_of(conn, _selected(find(name), names)) for name, names in READ.items()}
    return found | leaks.read(conn, with_people=with_people)


def _selected(mart: Mart, names: Sequence[str]) -> sa.Select[Any]:
    """Some columns of a mart, in order; the months of the waterfall, whose steps are counted elsewhere, once each."""
    there = ddl.table(mart.record, "mart")
    columns = [there.c[name] for name in names]
    if mart.name == "leak_waterfall":
        return sa.select(*columns).distinct()
    return sa.select(*columns).order_by(*(there.c[name] for name in mart.record.key))


def gather(rows: Rows, *, with_people: bool = True) -> dict[str, Any]:
    """The data of the page. `with_people`: whose leads they are, if the rows say so.

    Campaigns, salespeople and days stand in lists of their own; rows name them by their place there.
    """
    place = _campaigns(rows)
    person = _persons(rows) if with_people and all("owner_id" in row for row in rows["leaks"]) else None
    parts = {
        "closed": _summed(rows["campaign_roi_closed"], place, ("close_month",)),
        "cohort": _summed(rows["campaign_roi_cohort"], place, ("cohort_month", "horizon_days", "is_matured")),
        "weeks": _weeks(rows["campaign_roi_daily"], place),
        "credit": _credit(rows["attribution_summary"], place),
        "quality": _quality(rows["lead_quality_by"], place, person),
        "leaks": leaks.gathered(rows, place, person),
    }
    return {
        "meta": _meta(rows) | {"with_people": person is not None},
        "campaigns": {"columns": [*KEY, "name"], "rows": _named(rows, place)},
        "people": {"columns": ["source", "owner_id"], "rows": [list(key) for key in person or ()]},
        "days": _numbered(parts), **parts,
    }


def _numbered(parts: Mapping[str, dict[str, Any]]) -> list[str]:
    """The days of all rows, which hold their places there from now on: most of a row would be its day otherwise."""
    rows = [row for part in parts.values() for row in part["rows"]]
    days = sorted({value for row in rows for value in row if isinstance(value, date)})
    at = {day: place for place, day in enumerate(days)}
    for part in parts.values():
        part["rows"] = [[at[value] if isinstance(value, date) else value for value in row] for row in part["rows"]]
    return [day.isoformat() for day in days]


def _campaigns(rows: Rows) -> Places:
    """Every campaign's number; rows name it by that."""
    told = ("campaign_roi_closed", "campaign_roi_cohort", "campaign_roi_daily", "attribution_summary", "leaks")
    found = {campaign(row) for name in told for row in rows[name]}
    found |= {campaign(row) for row in rows["lead_quality_by"] if row["dimension"] == "campaign"}
    return {key: place for place, key in enumerate(sorted(found))}


def _named(rows: Rows, place: Places) -> list[list[str]]:
    """Each campaign with the name of its newest month."""
    newest = sorted(rows["campaign_roi_closed"], key=lambda row: row["close_month"])
    names = {campaign(row): row["campaign_name"] for row in newest}
    return [[*key, names.get(key) or key[-1]] for key in place]


def _persons(rows: Rows) -> Places:
    found = {owner(row) for row in rows["leaks"]}
    found |= {owner(row) for row in rows["lead_quality_by"] if row["dimension"] == "salesperson"}
    return {key: place for place, key in enumerate(sorted(found))}


def _meta(rows: Rows) -> dict[str, Any]:
    """What holds of all numbers: how old they are, which rules are no agreement yet, how few are too few."""
    oldest: dict[str, list[Any]] = {}
    for row in rows["source_freshness"]:
        day, stale = row["complete_to_day"], bool(row["is_stale"])
        known = oldest.setdefault(row["source"], [day, stale])
        known[:] = [min(filter(None, (known[0], day)), default=None), known[1] or stale]
    return {"small": SMALL,
            "sources": [[name, day and day.isoformat(), stale] for name, (day, stale) in sorted(oldest.items())],
            "drafts": sorted(row["rule_file"] for row in rows["rule_version"] if row["is_draft"])}


def _summed(rows: Iterable[Row], place: Places, words: Sequence[str]) -> dict[str, Any]:
    return {"columns": ["campaign", *words, *PARTS],
            "rows": [[place[campaign(row)], *(number(row[name]) for name in (*words, *PARTS))] for row in rows]}


def _weeks(rows: Iterable[Row], place: Places) -> dict[str, Any]:
    """Days summed to weeks that begin on Monday; what no day tells is null."""
    sums: dict[tuple[int, date], list[Any]] = defaultdict(lambda: [None] * len(PARTS))
    for row in rows:
        kept = sums[place[campaign(row)], row["day"] - timedelta(days=row["day"].weekday())]
        for at, name in enumerate(PARTS):
            if row[name] is not None:
                kept[at] = row[name] + (kept[at] or 0)
    return {"columns": ["campaign", "week", *PARTS],
            "rows": [[one, week, *map(number, parts)] for (one, week), parts in sorted(sums.items())]}


def _credit(rows: Sequence[Row], place: Places) -> dict[str, Any]:
    """Revenue by campaign and month, what each model credits beside the others; null where it credits nothing."""
    models = sorted({row["attribution_model"] for row in rows}, key=ATTRIBUTION_MODELS.index)
    amounts: dict[tuple[int, date], dict[str, Any]] = defaultdict(dict)
    for row in rows:
        amounts[place[campaign(row)], row["close_month"]][row["attribution_model"]] = number(
            row["attributed_reporting_amount"])
    return {"models": models, "columns": ["campaign", "close_month", "amounts"],
            "rows": [[*key, [told.get(model) for model in models]] for key, told in sorted(amounts.items())]}


def _quality(rows: Iterable[Row], place: Places,
             person: Places | None) -> dict[str, Any]:
    """Mature months, one row per campaign or per salesperson, the counts of all five states beside each other."""
    counts: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(dict)
    horizon = None
    for row in rows:
        horizon = row["horizon_days"]
        whose: Callable[[], int] | None = {
            "campaign": lambda row=row: place[campaign(row)],
            **({"salesperson": lambda row=row: person[owner(row)]} if person is not None else {}),
        }.get(row["dimension"])
        if whose and row["is_matured"]:
            kept = counts[row["dimension"], whose(), row["cohort_month"]]
            kept |= {row["quality_state"]: row["state_count"], "unique": row["unique_lead_count"],
                     "covered": row["covered_lead_count"]}
    names = ("unique", "covered", *STATES)
    return {"horizon": horizon, "columns": ["dimension", "of", "month", *names],
            "rows": [[*key, *(kept[name] for name in names)] for key, kept in sorted(counts.items())]}


