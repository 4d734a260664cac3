"""Trace: beside a published row stands what later fetches changed of it, and of nothing else."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from crosscheck.errors import ConfigError
from tests.marts.world import night, put, release
from warehouse import ops
from warehouse.ddl import table
from warehouse.engine import Warehouse
from warehouse.trace import conditions, find, trace

DAY = date(2026, 4, 8)


def restate(wh: Warehouse, table: str, key: str, day: date | None = None) -> None:
    """One told change."""
    row = {"run_id": "r", "slice_id": "s", "table_name": table, "row_key": key, "day": day, "column_name": "c",
           "old_value": "1", "new_value": "2", "change": "changed"}
    wh.write(lambda conn: conn.execute(sa.insert(ops.restatement).values(row)))


@pytest.mark.parametrize(("mart", "key", "told"), [
    ("deal_fact", {"deal_id": "d1"}, {"crm|d1"}),
    ("lead_fact", {"lead_id": "l2"}, {"crm|l2"}),
    ("campaign_roi_daily", {"campaign_id": "c1", "day": str(DAY)},
     {"crm|d1", "meta_ads|a1|campaign|c1|||2026-04-08"}),
    ("spend_reconciliation", {"account_id": "a1", "level": "campaign"},
     {"meta_ads|a1|campaign|c1|||2026-04-08", "meta_ads|a1|campaign|c2|||2026-04-08"}),
    ("metric_coverage", {"source": "crm", "metric": "match"}, {"crm|l1", "crm|l2"}),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_restatement_stands_beside_its_row(mart_wh: Warehouse, mart: str, key: dict[str, str],
                                             told: set[str]) -> None:
    """Leads and deals by themselves, spend by account, campaign and day."""
    put(mart_wh, "campaign", {"campaign_id": "c1"})
    put(mart_wh, "ad_daily", *({"campaign_id": one, "day": DAY, "spend_amount": 5} for one in ("c1", "c2")),
        {"campaign_id": "", "level": "account", "day": DAY, "spend_amount": 10})
    put(mart_wh, "lead", {"lead_id": "l1", "created_day": date(2026, 4, 1), "utm_campaign": "c1"},
        {"lead_id": "l2", "created_day": DAY})
    put(mart_wh, "deal", {"deal_id": "d1", "lead_id": "l1", "closed_day": DAY, "deal_amount": 500},
        {"deal_id": "d2", "closed_day": DAY, "deal_amount": 500})
    release(mart_wh, night(mart_wh))
    for one in ("l1", "l2"):
        restate(mart_wh, "lead", f"crm|{one}")
    for one in ("d1", "d2"):
        restate(mart_wh, "deal", f"crm|{one}")
    for account, campaign in (("a1", "c1"), ("a1", "c2"), ("a2", "c1")):
        restate(mart_wh, "ad_daily", f"meta_ads|{account}|campaign|{campaign}|||{DAY}", DAY)
    found = trace(mart_wh, mart, key)
    assert len(found.rows) == 1
    assert {row["row_key"] for row in found.restated} == told


def test_a_flag_is_true_or_false() -> None:
    """Anything else is refused with what to write instead."""
    record = find("sales_feedback").record
    there = table(record)
    asked = [conditions(record, there, {"is_answer_owed": text})[0] for text in ("true", "false")]
    assert [str(one).split(" = ")[1] for one in asked] == ["true", "false"]
    with pytest.raises(ConfigError) as refused:
        conditions(record, there, {"is_answer_owed": "yes"})
    assert refused.value.fix == "write is_answer_owed=true"


@pytest.mark.parametrize(("text", "found"), [
    ("2026-04-07..2026-04-08", 2), ("2026-04-08..", 2), ("..2026-04-07", 1), ("2026-04-08", 1), ("..", 3)])
def test_days_may_be_a_range(mart_wh: Warehouse, text: str, found: int) -> None:
    """Both ends are included, and either may be left open."""
    put(mart_wh, "lead", *({"lead_id": str(day), "created_day": date(2026, 4, day)} for day in (7, 8, 9)))
    release(mart_wh, night(mart_wh, of=("lead_fact",)))
    assert len(trace(mart_wh, "lead_fact", {"created_day": text}).rows) == found


def test_an_end_that_is_no_day_is_refused() -> None:
    """With how a range is written."""
    record = find("lead_fact").record
    with pytest.raises(ConfigError) as refused:
        conditions(record, table(record), {"created_day": "2026-04-07..soon"})
    assert refused.value.fix == "write created_day=2026-11-01, or 2026-11-01..2026-11-07"
