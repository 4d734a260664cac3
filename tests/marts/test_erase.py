"""Forgetting a person: nothing is left by which one could be known, every count is, and nothing comes back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.landing import LandingZone
from crosscheck.canonical import CONTACT, LEAD
from crosscheck.errors import ConfigError
from tests.marts.test_persons import DAY, lead
from tests.marts.world import NIGHT, everything, night, noon, put, release, rows_of
from tests.support import landed
from warehouse import archive, ddl, incoming, ledger, ops, stage
from warehouse.appeals import Claim, Word, file
from warehouse.engine import Warehouse, naive_utc
from warehouse.erase import erase, find
from warehouse.marts.lead_fact import RECORD as LEAD_FACT
from warehouse.migrations import all_tables
from warehouse.reading import published
from warehouse.suppress import expire

OF = ["person_alias", "lead_quality"]
SECRET = ("hash-m", "hash-n", "hash-1", "an@example.vn", "0901234567")
AT = datetime(2026, 6, 21)  # noqa: DTZ001 - stored form
RAW = {"email": "an@example.vn", "phone": "0901234567"}


def told(wh: Warehouse) -> set[str]:
    """The tables that hold anything by which the person could be known."""
    found = set()
    with wh.engine.connect() as conn:
        for table in (*all_tables(), ddl.table(LEAD, "incoming"), ddl.table(CONTACT, "incoming")):
            rows = conn.execute(sa.select(table)).all()
            if any(secret in str(cell) for row in rows for cell in row for secret in SECRET):
                found.add(table.fullname)
    return found


@pytest.fixture
def known(either_wh: Warehouse) -> Warehouse:
    """A buyer under two mails, one phone and a company's switchboard; two publications."""
    wh = either_wh
    put(wh, "lead", lead("a", "hash-m", "hash-1"), *(lead(name, name, "switchboard") for name in "vwxyz"))
    put(wh, "contact", {"source": "crm", "lead_id": "a", **RAW})
    release(wh, night(wh, of=OF))
    put(wh, "lead", lead("b", "hash-n", "hash-1", created_at=noon(DAY, 1)),
        lead("c", "hash-m", "switchboard", created_at=noon(DAY, 2)))
    file(wh, Claim("crm", "c", "reached", NIGHT), Word("sales", "Lan", NIGHT, "spoke to an@example.vn", "0901234567"))
    wh.write(lambda conn: ops.insert_rows(conn, ops.restatement, [
        {"run_id": "r", "slice_id": "s", "table_name": "lead", "row_key": "crm|a", "day": None, "change": "changed",
         "column_name": "email_hash", "old_value": "hash-n", "new_value": "hash-m"}]))
    release(wh, night(wh, NIGHT + timedelta(days=1), of=OF))
    return wh


def test_nothing_is_left_but_the_counts(known: Warehouse) -> None:
    """Raw data and hashes are gone from every table and from the published file; every number stays, and is rebuilt."""
    before = everything(known)
    person = find(known, "email", "hash-n")
    assert person.leads == (("crm", "a"), ("crm", "b"), ("crm", "c"))
    assert told(known) > {"restricted.contact", "archive.person_alias", "ops.restatement", "ops.appeal_act",
                            "mart.lead_fact"}
    erase(known, person, "asked", AT)
    assert told(known) == {"ops.erasure"}

    after = everything(known)
    assert after["lead_quality"] == before["lead_quality"]
    heads = [[(each["lead_id"], each["head_lead_id"]) for each in told["lead_fact"]] for told in (before, after)]
    assert heads[0] == heads[1]
    assert {each["lead_id"] for each in after["person_alias"]} == set("vwxyz")
    with known.engine.connect() as conn:
        assert len(conn.execute(archive.state(LEAD_FACT, 1)).all()) == 6
    with published(known.settings) as conn:
        names = conn.scalars(sa.select(ddl.table(LEAD_FACT).c.person_key)).all()
    assert len(names) == 8
    assert not set(names) & set(SECRET)
    night(known, NIGHT + timedelta(days=1), full=True, of=OF)
    assert [rows_of(known, name) for name in ("lead_fact", "lead_quality")] == [
        after["lead_fact"], after["lead_quality"]]


def test_nothing_comes_back(known: Warehouse, tmp_path: Path) -> None:
    """What the CRM sends again, and a new record under the same mail, is emptied before anybody compares it."""
    erase(known, find(known, "lead", "crm/a"), "asked", AT)
    zone, run = LandingZone(tmp_path / "landing"), ledger.begin_run(known, "nightly", NIGHT + timedelta(days=2))
    job = landed.job(landed.LEADS, run.run_id, source="crm", as_of=run.as_of)
    rows = [lead("a", "hash-m", "hash-1", source="crm"),
            lead("again", "hash-m", source="crm", created_day=date(2026, 6, 20))]
    manifest = landed.land(zone, job, {"lead": rows, "contact": [
        {"source": "crm", "lead_id": each["lead_id"], **RAW} for each in rows]})
    ledger.plan(known, run, [job])
    ledger.landed(known, run, [manifest])
    incoming.load(known, zone, manifest)
    stage.stage_slice(known, run, job, manifest)
    assert told(known) == {"ops.erasure"}
    release(known, night(known, NIGHT + timedelta(days=2), of=OF))
    assert told(known) == {"ops.erasure"}
    keys = {each["lead_id"]: each["person_key"] for each in rows_of(known, "lead_fact", "mart")}
    assert keys["a"] == keys["again"] == keys["b"]
    assert keys["a"].startswith("erased:")


def test_one_person_at_a_time(mart_wh: Warehouse) -> None:
    """A number of several people, and one of nobody, names no one; erasing twice is erasing."""
    put(mart_wh, "lead", *(lead(name, name, "switchboard") for name in "vwxy"))
    night(mart_wh, of=OF)
    for kind, key in (("phone", "switchboard"), ("email", "nobody"), ("lead", "crm/nobody")):
        with pytest.raises(ConfigError, match="people are known"):
            find(mart_wh, kind, key)
    for _ in range(2):
        erase(mart_wh, find(mart_wh, "lead", "crm/v"), "asked", AT)
    with mart_wh.engine.connect() as conn:
        assert sorted(conn.execute(sa.select(ops.erasure.c.alias_kind, ops.erasure.c.alias_key)).all()) == [
            ("email", "v"), ("lead", "crm/v")]


def test_words_about_leads_that_were_never_read_go_too(mart_wh: Warehouse) -> None:
    """Merged away before any night, one into the other and that one into the person's lead; another's words stay."""
    put(mart_wh, "lead", lead("a", "m"), lead("other", "n"))
    put(mart_wh, "lead_merge", {"lead_id": "away", "merged_into_id": "between"},
        {"lead_id": "between", "merged_into_id": "a"}, {"lead_id": "else", "merged_into_id": "other"})
    for name in ("away", "between", "else"):
        file(mart_wh, Claim("crm", name, "reached", NIGHT), Word("sales", "Lan", NIGHT, f"about {name}", "call"))
    night(mart_wh, of=OF)
    person = find(mart_wh, "email", "m")
    assert person.leads == (("crm", "a"), ("crm", "between"), ("crm", "away"))
    erase(mart_wh, person, "asked", AT)
    with mart_wh.engine.connect() as conn:
        assert set(conn.scalars(sa.select(ops.appeal_act.c.why))) == {None, "about else"}


def test_raw_contacts_grow_old(either_wh: Warehouse) -> None:
    """Exactly at the retention they stay, a second later they are emptied; the hashes stay."""
    put(either_wh, "lead", lead("old", "m", created_at=naive_utc(NIGHT) - timedelta(days=30, seconds=1)),
        lead("young", "n", created_at=naive_utc(NIGHT) - timedelta(days=30)))
    put(either_wh, "contact", *({"source": "crm", "lead_id": name, **RAW} for name in ("old", "young")))
    assert [either_wh.write(lambda conn: expire(conn, naive_utc(NIGHT), 30)) for _ in range(2)] == [1, 0]
    contact, there = ddl.table(CONTACT), ddl.table(LEAD)
    with either_wh.engine.connect() as conn:
        assert dict(conn.execute(sa.select(contact.c.lead_id, contact.c.phone)).all()) == {
            "old": None, "young": RAW["phone"]}
        assert set(conn.scalars(sa.select(there.c.email_hash))) == {"m", "n"}
