"""The sandbox's two CRMs: what their own rules say, beyond what an SDK asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from sandbox.credentials import GETFLY_KEY, HUBSPOT_TOKEN
from sandbox.model import Company
from sandbox.server import SandboxServer
from tests.sandbox.conftest import NOW

_http = partial(httpx.request, verify=False)  # plain HTTP: loading certificates is all it would cost
GUID_ANSWERED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"


def _hubspot(sandbox: SandboxServer, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {HUBSPOT_TOKEN}"}
    return _http(method, f"{sandbox.urls['hubspot']}{path}", headers=headers, **more)


def _search(sandbox: SandboxServer, *filters: dict[str, Any], kind: str = "contacts", **more: Any) -> httpx.Response:
    body = {"filterGroups": [{"filters": list(filters)}], "limit": 200} | more
    return _hubspot(sandbox, "POST", f"/crm/v3/objects/{kind}/search", json=body)


def _where(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, "value": value} | more


def _getfly(sandbox: SandboxServer, path: str, **params: Any) -> httpx.Response:
    return _http("GET", f"{sandbox.urls['getfly']}/api/v6.1/{path}", headers={"x-api-key": GETFLY_KEY}, params=params)


def test_a_contact_shows_what_was_asked(sandbox: SandboxServer) -> None:
    """Tracking properties come from the landing URL, history is newest first, values are text or null."""
    answer = _hubspot(sandbox, "GET", "/crm/v3/objects/contacts", params={
        "limit": 1, "properties": "utm_campaign,hs_google_click_id,fb_lead_id", "associations": "deals",
        "propertiesWithHistory": "hs_lead_status"}).json()
    contact = answer["results"][0]
    assert {name: contact["properties"][name] for name in ("utm_campaign", "hs_google_click_id", "fb_lead_id",
                                                           "hs_lead_status")} == {
        "utm_campaign": "11", "hs_google_click_id": "click1", "fb_lead_id": None, "hs_lead_status": "CONNECTED"}
    history = contact["propertiesWithHistory"]["hs_lead_status"]
    assert [(one["value"], one["timestamp"]) for one in history] == [
        ("CONNECTED", "2026-11-01T00:00:00.000Z"), ("NEW", "2026-10-31T00:00:00.000Z"),  # of the contact it absorbed
        ("CONNECTED", "2026-10-03T00:00:00.000Z"), ("NEW", "2026-10-02T00:00:00.000Z")]
    assert contact["associations"]["deals"]["results"] == [
        {"id": "500", "type": "contact_to_deal"}, {"id": "501", "type": "contact_to_deal"}]
    assert answer["paging"]["next"]["after"] in answer["paging"]["next"]["link"]


def test_merged_and_archived_contacts(sandbox: SandboxServer) -> None:
    """A merged-away id is gone, its survivor tells it and has its calls; an archived one is listed apart."""
    def ids(**params: Any) -> set[str]:
        rows = _hubspot(sandbox, "GET", "/crm/v3/objects/contacts", params={"limit": 100} | params).json()["results"]
        return {row["id"] for row in rows}

    assert ids() == {str(100 + number) for number in range(1, 24)}
    assert ids(archived="true") == {"131"}
    kept = _search(sandbox, _where("hs_merged_object_ids", "HAS_PROPERTY"), properties=["hs_merged_object_ids"]).json()
    assert [(one["id"], one["properties"]["hs_merged_object_ids"]) for one in kept["results"]] == [("101", "130")]
    links = _hubspot(sandbox, "POST", "/crm/v4/associations/calls/contacts/batch/read",
                     json={"inputs": [{"id": "900"}, {"id": "901"}]}).json()["results"]
    assert [[other["toObjectId"] for other in one["to"]] for one in links] == [[101], [101]]
    missing = _hubspot(sandbox, "POST", "/crm/v3/objects/contacts/batch/read", json={"inputs": [{"id": "130"}]})
    assert (missing.status_code, missing.json()["errors"][0]["context"]) == (207, {"ids": ["130"]})


@pytest.mark.parametrize(("filters", "count"), [
    ([_where("hs_object_id", "GT", "120")], 3), ([_where("hs_object_id", "LTE", "102")], 2),
    ([_where("createdate", "BETWEEN", "2026-10-03", highValue="2026-10-05")], 3),
    ([_where("createdate", "GTE", "1790985600000")], 22), ([_where("email", "EQ", "P5@example.vn")], 1),
    ([_where("email", "IN", values=["p5@example.vn", "p6@example.vn"])], 2),
    ([_where("email", "NEQ", "p5@example.vn")], 22), ([_where("form_id", "NOT_HAS_PROPERTY")], 23),
    ([_where("hs_object_id", "GTE", "110"), _where("hs_object_id", "LT", "112")], 2),
])
def test_search_operators(sandbox: SandboxServer, filters: list[dict[str, Any]], count: int) -> None:
    """Dates, numbers and text compare as such; filters of a group must all hold."""
    assert _search(sandbox, *filters).json()["total"] == count


def test_search_is_capped(sandbox: SandboxServer) -> None:
    """Beyond the cap a page is refused, and so are a limit above 200 and an unknown operator."""
    sandbox.options.hubspot_search_cap = 20
    assert _search(sandbox, limit=10, after="10").status_code == 200
    for answer in (_search(sandbox, limit=10, after="20"), _search(sandbox, limit=201),
                   _search(sandbox, _where("email", "LIKE", "x"), limit=5)):
        assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_calls_and_deals(sandbox: SandboxServer) -> None:
    """A call has its outcome as HubSpot's default guid, a deal its stage, money as text and whether it was won."""
    asked = ["hs_call_disposition", "hs_call_duration", "hs_call_direction", "hs_timestamp"]
    call = _search(sandbox, _where("hs_object_id", "EQ", "900"), kind="calls", properties=asked).json()["results"][0]
    assert {name: call["properties"][name] for name in asked} == {
        "hs_call_disposition": GUID_ANSWERED, "hs_call_duration": "35000", "hs_call_direction": "OUTBOUND",
        "hs_timestamp": "2026-10-03T00:00:00.000Z"}
    deals = _hubspot(sandbox, "GET", "/crm/v3/objects/deals", params={
        "properties": "amount,dealstage,hs_is_closed_won,hs_is_closed,gross_margin", "associations": "contacts"}).json()
    assert [(one["properties"]["dealstage"], one["properties"]["hs_is_closed_won"], one["properties"]["amount"],
             one["associations"]["contacts"]["results"][0]["id"]) for one in deals["results"]] == [
        ("closedwon", "true", "1000", "101"), ("closedlost", "false", "1000", "101")]


def test_portal_properties_and_pipeline(sandbox: SandboxServer) -> None:
    """The portal tells zone and currency, the objects their properties, the pipeline its stages."""
    portal = _hubspot(sandbox, "GET", "/account-info/v3/details")
    assert (portal.json()["timeZone"], portal.json()["companyCurrency"]) == ("Asia/Ho_Chi_Minh", "VND")
    assert int(portal.headers["x-hubspot-ratelimit-max"]) > 0
    names = {one["name"] for one in _hubspot(sandbox, "GET", "/crm/v3/properties/contacts").json()["results"]}
    assert {"email", "hs_lead_status", "hs_merged_object_ids"} <= names
    stages = _hubspot(sandbox, "GET", "/crm/v3/pipelines/deals").json()["results"][0]["stages"]
    assert "closedwon" in {stage["id"] for stage in stages}


def test_hubspot_refusals(sandbox: SandboxServer) -> None:
    """No token, too large pages, unknown objects."""
    nobody = _http("GET", f"{sandbox.urls['hubspot']}/crm/v3/objects/contacts")
    assert (nobody.status_code, nobody.json()["category"]) == (401, "INVALID_AUTHENTICATION")
    assert _hubspot(sandbox, "GET", "/crm/v3/objects/contacts", params={"limit": 101}).status_code == 400
    history = {"limit": 51, "propertiesWithHistory": "hs_lead_status"}
    assert _hubspot(sandbox, "GET", "/crm/v3/objects/contacts", params=history).status_code == 400
    assert _hubspot(sandbox, "GET", "/crm/v3/objects/yachts").status_code == 404


def test_deleted_deals(tiny: Company) -> None:
    """A deleted order is no longer listed by Getfly, and a deleted deal by HubSpot only as archived."""
    gone = tuple(replace(deal, archived_at=NOW - timedelta(days=1)) if deal.deal_id in ("500", "600") else deal
                 for deal in tiny.deals)
    with SandboxServer(replace(tiny, deals=gone), NOW) as server:
        assert [row["id"] for row in _getfly(server, "sale_orders").json()["data"]] == [601]
        assert [_hubspot(server, "GET", "/crm/v3/objects/deals", params={"archived": flag}).json()["results"][0]["id"]
                for flag in ("false", "true")] == ["501", "500"]
        server.set_clock(NOW - timedelta(days=2))
        assert len(_getfly(server, "sale_orders").json()["data"]) == 2


def test_getfly_pages_by_offset(sandbox: SandboxServer) -> None:
    """23 accounts in pages of ten, by id, with only the fields asked for; deleted ones are missing."""
    pages = [_getfly(sandbox, "accounts", fields="id,relation_name", limit=10, offset=start).json()
             for start in (0, 10, 20)]
    assert [(len(page["data"]), page["has_more"]) for page in pages] == [(10, True), (10, True), (3, False)]
    assert pages[0]["data"][0] == {"id": 101, "relation_name": "Nóng"}
    assert _getfly(sandbox, "accounts", sort="-id", limit=1).json()["data"][0]["id"] == 123


def test_getfly_times_are_local(sandbox: SandboxServer) -> None:
    """Times bear no zone and are Ho Chi Minh City's; what never happened is zeros; tracking is in custom fields."""
    account = _getfly(sandbox, "accounts", limit=1).json()["data"][0]
    assert (account["created_at"], account["last_contact_at"]) == ("2026-10-02 07:00:00", "0000-00-00 00:00:00")
    assert account["detail_custom_fields"]["gclid"] == "click1"
    later = {"filtering[updated_at:gte]": "2026-10-24 07:00:00"}
    assert {one["id"] for one in _getfly(sandbox, "accounts", **later).json()["data"]} == {122, 123}
    assert _getfly(sandbox, "accounts", **{"filtering[id]": "105,106", "limit": 5}).json()["data"] == []
    assert len(_getfly(sandbox, "accounts", **{"filtering[id:in]": "105,106"}).json()["data"]) == 2


def test_getfly_sync_since_an_instant(sandbox: SandboxServer) -> None:
    """Only accounts edited since are given, as an object or, by option, as version 6's bare array of texts."""
    since = {"filtering[last_sync]": int(datetime(2026, 10, 24, tzinfo=UTC).timestamp()), "fields": "id"}
    assert _getfly(sandbox, "accounts/sync", **since).json()["data"] == [{"id": 122}, {"id": 123}]
    sandbox.options.getfly_sync_bare_array = True
    assert _getfly(sandbox, "accounts/sync", **since).json() == [{"id": "122"}, {"id": "123"}]


def test_getfly_orders(sandbox: SandboxServer) -> None:
    """Orders are approved or cancelled, with money as text and the account they belong to."""
    orders = _getfly(sandbox, "sale_orders").json()["data"]
    assert [(one["id"], one["status"], one["real_amount"], one["account_id"], one["custom_fields"]["gross_margin"])
            for one in orders] == [(600, 2, "1000", 101, "300"), (601, 3, "1000", 102, "300")]
    assert [one["id"] for one in _getfly(sandbox, "users").json()["data"]] == [7]
    assert _http("GET", f"{sandbox.urls['getfly']}/api/v6.1/users").status_code == 401
