"""Staging on both engines: what enters, what is replaced, what is counted and what is told."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from crosscheck.canonical import AD_DAILY, CAMPAIGN, CONTACT, LEAD, LEAD_MERGE, LEAD_STATUS
from crosscheck.errors import DataError
from tests.support.landed import CAMPAIGNS, DEALS, LEADS, NIGHT_1, NIGHT_2, NIGHT_3, SPEND, TOTALS, spend
from warehouse import incoming, ledger, ops, stage

AT = datetime(2026, 11, 3, 1, 2, 3, 456789)  # noqa: DTZ001 - the stored form is naive UTC


def test_values_survive_exactly(desk):
    """Nulls, empty texts, quotes, newlines, emoji, decimals and instants come back as they went in."""
    names = ["", "a,b", 'say "hi"', "hai\ndòng", "Chiến dịch Tết 🎋", "\\N", "NULL", " x "]
    rows = [spend("2026-11-02", f"{number}.000001", name) for number, name in enumerate(names)]
    rows.append(spend("2026-11-03", None, "none", impression_count=None, claimed_value_amount=Decimal("-0.5")))
    rows.append(spend("2026-11-03", "999999999999.999999", "max", click_count=2**62))
    desk.night(NIGHT_1, SPEND, {"ad_daily": rows})
    found = {row[0]: row[1:] for row in desk.rows(
        AD_DAILY, "campaign_id", "spend_amount", "impression_count", "claimed_value_amount", "click_count")}
    assert {name: found[name][0] for name in names} == {n: Decimal(f"{i}.000001") for i, n in enumerate(names)}
    assert found["none"] == (None, None, Decimal("-0.5"), None)
    assert (found["max"][0], found["max"][3]) == (Decimal("999999999999.999999"), 2**62)


def test_null_and_empty_text_stay_apart(desk):
    """An empty text is not a null, on either side of COPY."""
    desk.night(NIGHT_1, LEADS, {"lead": [
        {"lead_id": "1", "source": "crm", "utm_source": "", "utm_medium": None, "created_at": AT,
         "is_archived": True}]}, source="crm")
    assert desk.rows(LEAD, "utm_source", "utm_medium", "created_at", "is_archived") == [("", None, AT, True)]


def test_latest_fetch_wins_and_losers_are_counted(desk):
    """A key that two pages bring keeps the later page's row, and the loser shows in the accounting."""
    counts = desk.night(NIGHT_1, SPEND, {"ad_daily": [
        spend("2026-11-02", "9", page_no=2), spend("2026-11-02", "1", page_no=1), spend("2026-11-03", "5"),
        spend("2026-11-03", "5")]}, quarantined=[{"page_no": 1, "row_no": 9, "reason": "no day", "field": "day"}])
    assert (counts.received, counts.staged, counts.quarantined, counts.deduplicated) == (5, 2, 1, 2)
    assert desk.rows(AD_DAILY, "spend_amount") == [(Decimal("5.000000"),), (Decimal("9.000000"),)]
    assert ledger.accounting_errors(desk.wh, desk.runs[-1].run_id) == []
    assert desk.rows(ops.quarantine, "reason", "field", "refused_by") == [("no day", "day", "mapping")]


def test_window_is_replaced_and_what_vanished_goes(desk):
    """A second night's window replaces its days: restated, vanished, late and new rows are as the vendor has them."""
    desk.night(NIGHT_1, SPEND, {"ad_daily": [
        spend("2026-11-01", "1"), spend("2026-11-10", "10"), spend("2026-11-11", "11"), spend("2026-11-12", "12")]})
    desk.night(NIGHT_2, SPEND, {"ad_daily": [
        spend("2026-11-10", "10"), spend("2026-11-11", "0"), spend("2026-11-13", "13"), spend("2026-11-21", "21")]},
        first="2026-11-10", last="2026-11-21")
    assert [(row[0].day, int(row[1])) for row in desk.rows(AD_DAILY, "day", "spend_amount")] == [
        (1, 1), (10, 10), (11, 0), (13, 13), (21, 21)]


def test_restatement_log_tells_what_changed(desk):
    """Changed, vanished and late values are logged with old and new; unchanged and new days are not."""
    test_window_is_replaced_and_what_vanished_goes(desk)
    told = desk.rows(ops.restatement, "change", "day", "column_name", "old_value", "new_value")
    assert told == [
        ("appeared", date(2026, 11, 13), "currency_code", None, "VND"),
        ("appeared", date(2026, 11, 13), "spend_amount", None, "13.000000"),
        ("changed", date(2026, 11, 11), "spend_amount", "11.000000", "0.000000"),
        ("vanished", date(2026, 11, 12), "currency_code", "VND", None),
        ("vanished", date(2026, 11, 12), "spend_amount", "12.000000", None)]
    keys = {row[0] for row in desk.rows(ops.restatement, "row_key")}
    assert "google_ads|1|campaign|c1|||2026-11-11" in keys


def test_row_outside_its_window_is_refused(desk):
    """A day that the window does not replace would stand twice after the next night."""
    with pytest.raises(DataError, match="outside of the window"):
        desk.night(NIGHT_1, SPEND, {"ad_daily": [spend("2026-10-01", "1")]})
    assert desk.rows(AD_DAILY) == []


def test_other_accounts_stay(desk):
    """Replacing one account's window leaves the other account's rows."""
    desk.night(NIGHT_1, SPEND, {"ad_daily": [spend("2026-11-02", "1", account_id="2")]}, account="2")
    desk.night(NIGHT_2, SPEND, {"ad_daily": []}, account="1")
    assert len(desk.rows(AD_DAILY)) == 1


def test_history_keeps_a_version_per_change(desk):
    """A campaign's name that did not change makes no version; one that did makes one; going back makes another."""
    def version(day: int, name: str) -> dict[str, object]:
        return {"platform": "google_ads", "account_id": "1", "campaign_id": "c1",
                "valid_from_day": date(2026, 11, day), "campaign_name": name}

    for as_of, day, name in ((NIGHT_1, 20, "A"), (NIGHT_2, 21, "A"), (NIGHT_3, 22, "B")):
        desk.night(as_of, CAMPAIGNS, {"campaign": [version(day, name)]})
    assert desk.rows(CAMPAIGN, "valid_from_day", "campaign_name") == [
        (date(2026, 11, 20), "A"), (date(2026, 11, 22), "B")]
    desk.night(NIGHT_3, CAMPAIGNS, {"campaign": [version(22, "C")]}, account="1", last="2026-11-21")
    assert desk.rows(CAMPAIGN, "campaign_name") == [("A",), ("C",)]


def test_status_history_compares_with_the_newest_status(desk):
    """A status seen again is no new entry; several new ones at once all enter, in their order."""
    def status(at: int, value: str) -> dict[str, object]:
        return {"source": "crm", "lead_id": "1", "status_field": "relation", "status": value,
                "entered_at": AT.replace(hour=at)}

    lead = {"source": "crm", "lead_id": "1"}
    desk.night(NIGHT_1, LEADS, {"lead": [lead], "lead_status": [status(1, "new")]}, source="crm")
    desk.night(NIGHT_2, LEADS, {"lead": [lead], "lead_status": [status(2, "new"), status(3, "hot"), status(4, "hot"),
                                                                status(5, "won")]}, source="crm")
    assert [(row[0].hour, row[1]) for row in desk.rows(LEAD_STATUS, "entered_at", "status")] == [
        (1, "new"), (3, "hot"), (5, "won")]


def test_children_follow_their_parent(desk):
    """A survivor's merges are those it has now; a lead merged on belongs to its new survivor only."""
    def merges(*pairs: tuple[str, str]) -> dict[str, object]:
        return {"lead": [{"source": "crm", "lead_id": parent} for parent in dict.fromkeys(p for _, p in pairs)] or [
            {"source": "crm", "lead_id": "A"}],
            "lead_merge": [{"source": "crm", "lead_id": lead, "merged_into_id": parent} for lead, parent in pairs]}

    desk.night(NIGHT_1, LEADS, merges(("x", "A"), ("y", "A")), source="crm")
    desk.night(NIGHT_2, LEADS, merges(("x", "B"), ("A", "B")), source="crm")
    assert desk.rows(LEAD_MERGE, "lead_id", "merged_into_id") == [("A", "B"), ("x", "B"), ("y", "A")]
    desk.night(NIGHT_3, LEADS, merges(), source="crm")
    assert desk.rows(LEAD_MERGE, "lead_id", "merged_into_id") == [("A", "B"), ("x", "B")]


def test_upsert_keeps_one_row_per_key_and_tells_changes(desk):
    """A lead read again replaces itself; the changed column is told, the time of change is not; contacts never are."""
    first = {"source": "crm", "lead_id": "1", "utm_source": "zalo", "updated_at": AT}
    contact = {"source": "crm", "lead_id": "1", "email": "an@example.vn", "phone": None}
    desk.night(NIGHT_1, LEADS, {"lead": [first], "contact": [contact]}, source="crm")
    desk.night(NIGHT_2, LEADS, {"lead": [first | {"utm_source": "meta", "updated_at": AT.replace(hour=5)}],
                                "contact": [contact | {"email": "b@example.vn"}]}, source="crm")
    assert desk.rows(LEAD, "lead_id", "utm_source") == [("1", "meta")]
    assert desk.rows(CONTACT, "email") == [("b@example.vn",)]
    assert desk.rows(ops.restatement, "table_name", "row_key", "column_name", "old_value", "new_value") == [
        ("lead", "crm|1", "utm_source", "zalo", "meta")]


def test_gate_refusals_leave_incoming_and_are_counted(desk):
    """Rows that gate 1 refuses are quarantined with reason and place, and the slice's accounting still adds up."""
    run = desk.begin(NIGHT_1)
    pair = desk.load(run, SPEND, {"ad_daily": [spend("2026-11-02", "-7"), spend("2026-11-03", "5")]})
    gone = incoming.refuse(desk.wh, run.run_id, AD_DAILY, lambda t: t.c.spend_amount < 0, reason="negative",
                           field="spend_amount")
    counts = stage.stage_slice(desk.wh, run, *pair)
    assert (gone, counts.staged, counts.quarantined, counts.received) == (1, 1, 1, 2)
    assert desk.rows(ops.quarantine, "page_no", "row_no", "reason", "refused_by") == [(1, 1, "negative", "gate 1")]
    assert ledger.accounting_errors(desk.wh, run.run_id) == []


def test_rows_lost_on_the_way_are_an_error(desk):
    """Rows that neither arrived nor were refused nor deduplicated stop the stage."""
    run = desk.begin(NIGHT_1)
    pair = desk.load(run, SPEND, {"ad_daily": [spend("2026-11-02", "7")]})
    incoming.clear(desk.wh)
    with pytest.raises(DataError, match="1 rows landed, 0 are here"):
        stage.stage_slice(desk.wh, run, *pair)


def test_loading_twice_is_loading_once(desk):
    """A slice loaded again replaces its incoming rows and its quarantine."""
    run = desk.begin(NIGHT_1)
    rows = {"ad_daily": [spend("2026-11-02", "7")]}
    bad = [{"page_no": 1, "row_no": 9, "reason": "no day", "field": None}]
    desk.load(run, SPEND, rows, quarantined=bad)
    pair = desk.load(run, SPEND, rows, quarantined=bad)
    assert stage.stage_slice(desk.wh, run, *pair).staged == 1
    assert len(desk.rows(ops.quarantine)) == 1


def test_many_slices_in_one_transaction(desk):
    """Slices of several accounts, windows and streams staged together equal slices staged one by one."""
    run = desk.begin(NIGHT_1)
    batch = [desk.load(run, SPEND, {"ad_daily": [spend("2026-11-02", "1"), spend("2026-11-02", "2", page_no=2)]}),
             desk.load(run, SPEND, {"ad_daily": [spend("2026-11-25", "3")]}, first="2026-11-21", last="2026-11-30"),
             desk.load(run, SPEND, {"ad_daily": [spend("2026-11-02", "4", account_id="2")]}, account="2"),
             desk.load(run, DEALS, {"deal": [{"source": "crm", "deal_id": "d"}]}, source="crm")]
    counts = stage.stage_slices(desk.wh, run, batch)
    assert sorted((count.staged, count.deduplicated) for count in counts) == [(1, 0), (1, 0), (1, 0), (1, 1)]
    assert [int(row[0]) for row in desk.rows(AD_DAILY, "spend_amount")] == [2, 3, 4]
    assert stage.stage_slices(desk.wh, run, batch) == counts
    states = ledger.states(desk.wh)
    assert (states["ads/1/spend"].covered_from.day, states["ads/1/spend"].covered_to.day) == (1, 30)
    assert (states["ads/1/spend"].cursor, states["crm/1/deals"].cursor) == (None, NIGHT_1)


def test_streams_that_fill_one_table_keep_their_own_days(desk):
    """Control totals and campaigns of an account go together, each in its own window; repeated keys count by stream."""
    run = desk.begin(NIGHT_1)
    total = spend("2026-11-02", "9", "", level="account")
    pairs = [desk.load(run, TOTALS, {"ad_daily": [total, total]}),
             desk.load(run, SPEND, {"ad_daily": [spend("2026-11-02", "4"), spend("2026-11-03", "5")]})]
    counts = stage.stage_slices(desk.wh, run, pairs)
    assert sorted((count.staged, count.deduplicated) for count in counts) == [(1, 1), (2, 0)]
    run = desk.begin(NIGHT_2)
    pairs = [desk.load(run, TOTALS, {"ad_daily": [spend("2026-11-02", "8", "", level="account")]}),
             desk.load(run, SPEND, {"ad_daily": [spend("2026-11-03", "6")]}, first="2026-11-03")]
    stage.stage_slices(desk.wh, run, pairs)
    assert [(level, day.day, int(amount)) for level, day, amount in desk.rows(
        AD_DAILY, "level", "day", "spend_amount")] == [("account", 2, 8), ("campaign", 2, 4), ("campaign", 3, 6)]


def test_a_key_that_two_streams_bring_is_no_repetition(desk):
    """None of the two rows is dropped: PostgreSQL refuses the second one at once, on DuckDB gate 2 finds both."""
    run = desk.begin(NIGHT_1)
    pairs = [desk.load(run, stream, {"ad_daily": [spend("2026-11-04", "1")]}) for stream in (TOTALS, SPEND)]
    if desk.wh.dialect == "postgresql":
        with pytest.raises(DataError, match="another stream owns its key"):
            stage.stage_slices(desk.wh, run, pairs)
    else:
        assert [(count.staged, count.deduplicated) for count in stage.stage_slices(desk.wh, run, pairs)] == 2 * [(1, 0)]


def test_backfill_far_back_does_not_claim_the_gap(desk):
    """Days between a backfill and what was covered stay uncovered; a joining window extends the coverage."""
    desk.night(NIGHT_1, SPEND, {"ad_daily": []})
    desk.night(NIGHT_2, SPEND, {"ad_daily": []}, first="2026-01-01", last="2026-01-31")
    assert ledger.states(desk.wh)["ads/1/spend"].covered_from == date(2026, 11, 1)
    desk.night(NIGHT_3, SPEND, {"ad_daily": []}, first="2026-10-01", last="2026-10-31")
    assert ledger.states(desk.wh)["ads/1/spend"].covered_from == date(2026, 10, 1)
