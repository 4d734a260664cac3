"""HubSpot records one by one: what the sandbox's company does not hold."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Account, Connector, RawPage, Slice
from connectors.http import Answer
from connectors.hubspot import CALLS, CONTACTS, DEALS, MEETINGS
from connectors.hubspot_wire import Envelope, classify, page
from crosscheck.errors import (
    AccountRefused,
    BrokenAnswer,
    ConfigError,
    CrosscheckError,
    QuotaExhausted,
    Skippable,
    TryAgain,
    TrySmaller,
)
from crosscheck.windows import Window
from tests.support.crm import Read, connect

JOB = Slice("crm", "hubspot", Account("1", "UTC", currency_code="VND"), CONTACTS,
            Window(date(2026, 11, 1), date(2026, 11, 1)), datetime(2026, 11, 2, tzinfo=UTC), "run", "Asia/Ho_Chi_Minh")
DATES = {"createdate": "2026-11-01T18:30:00Z", "lastmodifieddate": "2026-11-02T00:00:00.123Z",
         "hs_lastmodifieddate": "2026-11-02T00:00:00Z"}


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Connector:
    return connect("hubspot", "http://127.0.0.1:9", monkeypatch.setenv)[0]


def read(portal: Connector, job: Slice, *records: dict[str, Any], links: list[Any] | None = None) -> Read:
    body = json.dumps({"results": list(records)}).encode()
    return Read(portal, job, [page([body], [json.dumps({"results": links or []}).encode()])])


def contact(**values: Any) -> dict[str, Any]:
    return {"id": "7", "properties": DATES | values, "archived": False}


def deal(**values: Any) -> dict[str, Any]:
    return {"id": "9", "properties": DATES | {"amount": "10"} | values, "archived": False}


def call(**values: Any) -> dict[str, Any]:
    return {"id": "5", "properties": {"hs_timestamp": "2026-11-01T03:00:00Z", "hs_call_direction": "OUTBOUND"} | values}


def test_days_are_those_of_the_business(portal: Connector) -> None:
    """18:30 UTC is the next day in Vietnam."""
    (lead,) = read(portal, JOB, contact()).rows("lead")
    assert (str(lead["created_at"]), lead["created_day"]) == ("2026-11-01 18:30:00", date(2026, 11, 2))


def test_a_field_wins_over_the_url(portal: Connector) -> None:
    """A form's own field is what the visitor came with; the URL fills what it lacks; placeholders fill nothing."""
    (lead,) = read(portal, JOB, contact(
        hs_analytics_first_url="https://x.vn/a?utm_source=google&utm_medium=cpc&utm_campaign=tet&gclid=G1",
        utm_source="Zalo", utm_campaign="{{campaign.name}}", hs_google_click_id="")).rows("lead")
    assert (lead["utm_source"], lead["utm_medium"], lead["utm_campaign"], lead["gclid"]) == ("Zalo", "cpc", "tet", "G1")
    assert (lead["utm_campaign_norm"], lead["landing_page"]) == ("tet", "x.vn/a")


def test_without_history_the_current_status_is_inferred(portal: Connector) -> None:
    """A portal that keeps no history of a property still shows its value, marked as seen rather than recorded."""
    record = contact(lifecyclestage="lead", hs_lead_status="OPEN") | {"propertiesWithHistory": {"hs_lead_status": [
        {"value": "OPEN", "timestamp": "2026-11-01T19:00:00Z"}, {"value": "", "timestamp": "2026-11-01T18:59:00Z"}]}}
    rows = read(portal, JOB, record).rows("lead_status")
    assert {(row["status_field"], row["status"], row["is_inferred"]) for row in rows} == {
        ("hs_lead_status", "OPEN", False), ("lifecyclestage", "lead", True)}


def test_answers_to_the_portrait(portal: Connector) -> None:
    """Each property asked for that holds anything is a row, a number beside its text; asking another makes it drift."""
    got = read(portal, JOB, contact(portrait_purpose=" home ", portrait_budget="2500000.5", portrait_region=""))
    assert [(row["portrait_property"], row["answer"], row["answer_number"]) for row in got.rows("portrait_answer")] == [
        ("portrait_purpose", "home", None), ("portrait_budget", "2500000.5", Decimal("2500000.500000"))]
    assert portal.streams[0].asks == ("portrait_region", "portrait_purpose", "portrait_budget", "portrait_decides")
    assert got.drift == set()
    assert read(portal, JOB, contact(portrait_pets="two")).drift == {"properties.portrait_pets"}


def test_merges_and_archive(portal: Connector) -> None:
    """Whom a contact absorbed stands on the survivor; an archived contact stays a lead."""
    got = read(portal, JOB, contact(hs_merged_object_ids="1; 2;7;") | {"archived": True})
    assert [row["lead_id"] for row in got.rows("lead_merge")] == ["1", "2"]
    assert [row["is_archived"] for row in got.rows("lead")] == [True]


def test_deal_in_the_portals_currency(portal: Connector) -> None:
    """A portal with one currency leaves it out of its deals."""
    (row,) = read(portal, replace(JOB, stream=DEALS), deal(amount="1500000.5", hs_is_closed_won="true",
                  hs_is_closed="true", closedate="2026-11-01T20:00:00Z")).rows("deal")
    assert (row["deal_amount"], row["currency_code"], row["lead_id"]) == (Decimal("1500000.500000"), "VND", None)
    assert (row["is_won"], row["is_lost"], row["closed_day"]) == (True, False, date(2026, 11, 2))


def test_a_cancelled_deal_keeps_its_win(portal: Connector) -> None:
    """The history tells when it was won, on the business's day, and when it ceased to be; without one, nothing."""
    told = [{"value": "false", "timestamp": "2026-11-03T01:00:00Z"},
            {"value": "true", "timestamp": "2026-11-01T20:00:00Z"},
            {"value": "false", "timestamp": "2026-11-01T20:00:00Z"}, {"value": "", "timestamp": "2026-11-01T18:30:00Z"}]
    record = deal(hs_is_closed_won="false", hs_is_closed="true", closedate="2026-11-01T20:00:00Z", returned_amount="3")
    got = read(portal, replace(JOB, stream=DEALS), record | {"propertiesWithHistory": {"hs_is_closed_won": told}})
    assert [(str(row["entered_at"]), row["is_won"], row["closed_day"]) for row in got.rows("deal_win")] == [
        ("2026-11-01 18:30:00", False, None), ("2026-11-01 20:00:00", True, date(2026, 11, 2)),
        ("2026-11-03 01:00:00", False, None)]
    (row,) = got.rows("deal")
    assert (row["returned_amount"], row["paid_amount"], row["order_kind"]) == (3, None, "deal")
    won = deal(hs_is_closed_won="true", hs_is_closed="true", closedate="2026-10-01T00:00:00Z")
    assert read(portal, replace(JOB, stream=DEALS), won).rows("deal_win") == []


def test_an_open_deal_has_no_closing_day(portal: Connector) -> None:
    """HubSpot fills closedate with a hope; it counts only once the deal is closed."""
    (row,) = read(portal, replace(JOB, stream=DEALS), deal(closedate="2027-01-01T00:00:00Z")).rows("deal")
    assert (row["is_won"], row["is_lost"], row["closed_at"]) == (False, False, None)


@pytest.mark.parametrize(("values", "refusal"), [
    ({"amount": "a lot"}, ("not an amount", "amount")),
    ({"amount": "NaN"}, ("not an amount", "amount")),
    ({"createdate": "yesterday"}, ("not an instant", "createdate")),
    ({"createdate": "2026-11-01T00:00:00"}, ("instant without a zone", "createdate")),
    ({"hs_is_closed_won": "true"}, ("missing", "closedate")),
    ({"hs_lastmodifieddate": None}, ("missing", "hs_lastmodifieddate")),
])
def test_deals_that_cannot_be_staged(portal: Connector, values: dict[str, Any], refusal: tuple[str, str]) -> None:
    """The reason and the field are kept, the value is not."""
    got = read(portal, replace(JOB, stream=DEALS), deal(**values), deal() | {"id": "10"})
    assert got.quarantined() == [refusal]
    assert [row["deal_id"] for row in got.rows("deal")] == ["10"]


def test_the_primary_contact_has_the_call(portal: Connector) -> None:
    """A call with several contacts belongs to its primary one, else to the one with the lowest id."""
    ends = [{"toObjectId": 20, "associationTypes": []}, {"toObjectId": 9, "associationTypes": [{"label": None}]},
            {"toObjectId": 30, "associationTypes": [{"label": "Primary"}]}]
    for chosen, lead in ((ends, "30"), (ends[:2], "9")):
        (row,) = read(portal, replace(JOB, stream=CALLS), call(hs_call_duration="61999"),
                      links=[{"from": {"id": "5"}, "to": chosen}]).rows("activity")
        assert (row["lead_id"], row["duration_seconds"], row["has_recording"]) == (lead, 61, False)


def test_a_call_has_a_day_and_perhaps_a_recording(portal: Connector) -> None:
    """The day is the business's; of the recording only that it is there: an address may hold a number or a key."""
    links = [{"from": {"id": "5"}, "to": [{"toObjectId": 1, "associationTypes": []}]}]
    (row,) = read(portal, replace(JOB, stream=CALLS), call(
        hs_timestamp="2026-11-01T18:30:00Z", hs_call_recording_url="https://x.vn/0912345678.wav?key=1"),
        links=links).rows("activity")
    assert (row["occurred_day"], row["has_recording"]) == (date(2026, 11, 2), True)
    assert "0912345678" not in str(row)


@pytest.mark.parametrize(("values", "links", "refusal"), [
    ({}, [], ("no lead", "associations.contacts")),
    ({"hs_call_duration": "long"}, [{"from": {"id": "5"}, "to": [{"toObjectId": 1}]}],
     ("not a duration", "hs_call_duration")),
    ({"hs_timestamp": None}, [{"from": {"id": "5"}, "to": [{"toObjectId": 1}]}], ("missing", "hs_timestamp")),
])
def test_calls_that_cannot_be_staged(portal: Connector, values: dict[str, Any], links: list[Any],
                                     refusal: tuple[str, str]) -> None:
    """A call on nobody, of no length or at no time is set aside."""
    got = read(portal, replace(JOB, stream=CALLS), call(**values), links=links)
    assert (got.quarantined(), got.rows("activity")) == ([refusal], [])


@pytest.mark.parametrize(("values", "expected"), [
    ({"hs_meeting_outcome": "COMPLETED"}, ("completed", None, 3)),
    ({"hs_meeting_outcome": "Zoom", "hs_meeting_start_time": "2026-11-01T04:00:00Z"}, (None, None, 4)),
    ({"hs_meeting_start_time": "2026-11-01T04:00:00Z", "hs_meeting_end_time": "2026-11-01T04:30:00Z"}, (None, 1800, 4)),
    ({"hs_meeting_start_time": "2026-11-01T04:00:00Z", "hs_meeting_end_time": "2026-11-01T03:30:00Z"}, (None, None, 4)),
])
def test_a_meeting(portal: Connector, values: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """By when it was to begin; a portal's own outcome is unknown, and a length below nothing too."""
    links = [{"from": {"id": "5"}, "to": [{"toObjectId": 1, "associationTypes": []}]}]
    (row,) = read(portal, replace(JOB, stream=MEETINGS), call(**values), links=links).rows("activity")
    assert (row["outcome"], row["duration_seconds"], row["occurred_at"].hour) == expected
    assert (row["activity_kind"], row["direction"], row["has_recording"]) == ("meeting", None, None)


def test_archived_records_bring_their_links() -> None:
    """The list of archived records answers with its links inside."""
    body = {"results": [call() | {"associations": {"contacts": {"results": [{"id": "12"}, {"id": "3"}]}}}]}
    assert Envelope.open(page([json.dumps(body).encode()]).body).contacts == {"5": "3"}


def test_a_page_keeps_the_answers_bytes() -> None:
    """What landed is what HubSpot sent, to the byte."""
    answer = b'{ "results" : [ {"id":"1"} ] }'
    assert answer in page([answer]).body
    assert page([answer, answer]).rows == 2


@pytest.mark.parametrize(("status", "body", "error"), [
    (200, {"status": "error", "message": "x"}, BrokenAnswer),
    (400, {"category": "VALIDATION_ERROR"}, ConfigError),
    (401, {"category": "INVALID_AUTHENTICATION"}, ConfigError),
    (403, {"category": "MISSING_SCOPES"}, Skippable),
    (403, {"category": "BANNED"}, AccountRefused),
    (414, {}, TrySmaller),
    (423, {}, TryAgain),
    (429, {"policyName": "DAILY"}, QuotaExhausted),
    (429, {"policyName": "SECONDLY"}, TryAgain),
    (429, [], TryAgain),
    (477, {}, TryAgain),
    (502, {}, TryAgain),
    (530, {}, ConfigError),
])
def test_errors_say_what_to_do_next(status: int, body: Any, error: type[CrosscheckError]) -> None:
    """Each of HubSpot's refusals becomes one of ours."""
    text = json.dumps(body, separators=(",", ":")).encode()
    assert type(classify(Answer(status, {}, text))) in (error, *error.__subclasses__())


def test_throttling_waits_as_long_as_the_policy_lasts() -> None:
    """Without a Retry-After the policy's own interval is waited."""
    cases = (("SECONDLY", {}), ("TEN_SECONDLY_ROLLING", {}), ("SECONDLY", {"retry-after": "7"}))
    waits = [getattr(classify(Answer(429, headers, json.dumps({"policyName": policy}).encode())), "after", None)
             for policy, headers in cases]
    assert waits == [1.0, 10.0, 7.0]


def test_a_page_that_is_none_is_refused(portal: Connector) -> None:
    """An answer without results is no page."""
    with pytest.raises(BrokenAnswer):
        portal.map(JOB, RawPage(b'{"objects":[{"total":0}],"associations":[]}', 0))
