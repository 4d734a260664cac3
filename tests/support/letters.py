"""A small company on the morning after a day with something of everything that letters tell, published for readers."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from crosscheck.cli.look import pairs
from crosscheck.rules import Agreement, Commitments, Head
from crosscheck.settings import Letters, Person, Settings
from report.letters.letter import SHOWN, Letter, Row
from tests.marts import world
from tests.marts.world import noon, put
from warehouse import appeals, publish
from warehouse.appeals import Claim, Word
from warehouse.engine import Warehouse
from warehouse.trace import trace

DAY = date(2026, 6, 20)
NAME = "=cmd|' /C calc'!A0 <b>@all"
TOLD = ("daily_exchange", "commitments", "target_verdicts", "sales_feedback", "leak_waterfall", "lead_quality",
        "campaign_roi_closed", "contradiction", "sourcing_conflict")
RULES = replace(world.RULES, commitments=Commitments(Head("v1", None, {}), "VND", (
    Agreement("Hè 2026", date(2026, 6, 1), date(2026, 6, 30), {
        "budget": Decimal(900), "leads": Decimal(9), "in_time": Decimal("0.5"), "wins": Decimal(2)},
        {"marketing": "An", "sales": "Bình"}),)))


@contextmanager
def company(template: Path, home: Path) -> Iterator[Warehouse]:
    """The warehouse, open, after its night; only the marts that letters tell are built, and what they rest on."""
    with world.opened(template, home) as wh:
        _fill(wh)
        world.release(wh, world.night(wh, of=TOLD, rules=RULES))
        publish.finish_pending(wh)
        yield wh


def _fill(wh: Warehouse) -> None:
    """Prompt leads of May; three new ones of the day; one that waits with a salesperson; words, losses, an appeal."""
    prompt = {f"t{number}": date(2026, 4, 8) for number in range(24)} | dict.fromkeys("abc", DAY)
    put(wh, "campaign", {"campaign_id": "c1", "campaign_name": NAME, "campaign_name_norm": "x"})
    put(wh, "ad_daily", {"campaign_id": "c1", "day": DAY, "spend_amount": 60})
    put(wh, "lead", *({"lead_id": name, "created_day": day, "utm_campaign": "c1", "owner_id": "o2"}
                      for name, day in prompt.items()),
        {"lead_id": "idle", "created_day": DAY - timedelta(days=3), "owner_id": "o1", "utm_campaign": "c1"})
    put(wh, "lead_status", *({"lead_id": name, "status": "GIVEN", "entered_at": noon(day)}
                             for name, day in (prompt | {"idle": DAY - timedelta(days=3)}).items()),
        {"lead_id": "b", "status": "HOT", "entered_at": noon(DAY, 1)},
        {"lead_id": "c", "status": "WRONG", "entered_at": noon(DAY, 2)})
    put(wh, "activity", *({"lead_id": name, "activity_id": f"call-{name}", "occurred_at": noon(day),
                           "direction": "outbound", "outcome": "busy"} for name, day in prompt.items()))
    put(wh, "activity", *({"lead_id": name, "activity_id": "note", "activity_kind": "note", "occurred_at": noon(DAY)}
                          for name in "ab"))
    put(wh, "deal", *({"deal_id": name, "closed_day": DAY, "is_won": False, "is_lost": True, "lost_reason": reason}
                      for name, reason in (("told", "price"), ("untold", None))))
    appeals.file(wh, Claim("crm", "a", "hot", noon(DAY, 1).replace(tzinfo=UTC)),
                 Word("sales", "An", noon(DAY, 3).replace(tzinfo=UTC), "heard it", "call 7"))


def person(name: str = "Lan", side: str = "marketing", language: str = "en", **values: object) -> Person:
    """Somebody who gets letters by the reference env:LETTERS."""
    return Person.model_validate({"name": name, "side": side, "language": language, "channel": "env:LETTERS", **values})


def told_to(settings: Settings, *people: Person, link: str = "") -> Settings:
    """The same settings with these people."""
    return settings.model_copy(update={"letters": Letters(people=people, link=link)})


def opened(wh: Warehouse, command: str) -> Sequence[Any]:
    """The published rows that a letter's command shows, read as a shell reads it."""
    words, _, limit = command.partition(" --limit ")
    program, verb, mart, *key = shlex.split(words)
    assert (program, verb) == ("crosscheck", "trace")
    return trace(wh, mart, pairs(key), int(limit or SHOWN)).rows


def _sum(name: str) -> Callable[[Row, Sequence[Any]], int]:
    return lambda _row, rows: sum(row[name] or 0 for row in rows)


def _pieces(_row: Row, rows: Sequence[Any]) -> int:
    return len({(row["source"], row["lead_id" if row["feedback_kind"] == "verdict" else "feedback_id"])
                for row in rows})


#: By section of the English pack: the cell that counts, and what of the opened rows it counts.
COUNTED: dict[str, tuple[int, Callable[[Row, Sequence[Any]], int]]] = {
    "What both gave": (1, _sum("given_count")),
    "What Sales passed on": (1, _pieces),
    "Where leads were lost": (1, _sum("lead_count")),
    "The five agreed ratios": (
        1, lambda row, rows: _sum(row.cells[0].lower().replace(" ", "_") + "_count")(row, rows)),
    "Campaigns this month": (2, _sum("unique_lead_count")),
    "What is still owed": (2, _sum("still_owed_count")),
    "Records that disagree": (1, lambda _row, rows: len(rows)),
}


def differences(wh: Warehouse, pack: Letter) -> tuple[int, list[str]]:
    """How many counts of the pack were opened, and each that is not what its own command shows."""
    told = [(row, COUNTED[one.title]) for one in pack.sections if one.title in COUNTED for row in one.rows
            if row.command]
    found = [(row, row.cells[cell], count(row, opened(wh, row.command))) for row, (cell, count) in told]
    return len(found), [f"{row.command}: {shown} is {there}" for row, shown, there in found
                        if int(shown.replace(",", "")) != there]
