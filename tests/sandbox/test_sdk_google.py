"""google-api-python-client with google-auth, unmodified, reads the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import google.auth.exceptions
import httplib2
import pytest
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

from sandbox import credentials as secrets
from sandbox.faults import Fault
from sandbox.model import Company
from sandbox.server import SandboxServer
from sandbox.world import World

MANAGER, VN, CLOSED = "9000000001", "1000000001", "1000000003"
_BODY = {"request": {"$ref": "Body"}, "response": {"$ref": "Answer"}}
_CUSTOMER = {"parameters": {"customerId": {"location": "path", "required": True, "type": "string"}},
             "parameterOrder": ["customerId"], "httpMethod": "POST"}
#: As much of a discovery document as the three calls need.
DOCUMENT: dict[str, Any] = {
    "kind": "discovery#restDescription", "name": "googleads", "version": "v26", "id": "googleads:v26",
    "rootUrl": "https://googleads.googleapis.com/", "servicePath": "", "batchPath": "batch",
    "schemas": {name: {"id": name, "type": "object", "additionalProperties": {"type": "any"}}
                for name in ("Body", "Answer")},
    "resources": {"customers": {
        "methods": {"listAccessibleCustomers": {
            "id": "googleads.customers.listAccessibleCustomers", "httpMethod": "GET", "parameters": {},
            "path": "v26/customers:listAccessibleCustomers", "response": {"$ref": "Answer"}}},
        "resources": {"googleAds": {"methods": {verb: {
            "id": f"googleads.customers.googleAds.{verb}", "path": f"v26/customers/{{customerId}}/googleAds:{verb}",
            **_CUSTOMER, **_BODY} for verb in ("search", "searchStream")}}}}},
}
QUERY = ("SELECT campaign.id, segments.date, metrics.cost_micros, metrics.impressions FROM {} "
         "WHERE segments.date BETWEEN '2026-09-01' AND '2026-11-10'")


def _credentials(server: SandboxServer, refresh_token: str = secrets.REFRESH_TOKEN) -> Credentials:
    return Credentials(None, refresh_token=refresh_token, token_uri=f"{server.urls['google_ads']}/token",
                       client_id=secrets.CLIENT_ID, client_secret=secrets.CLIENT_SECRET)


@contextmanager
def _client(server: SandboxServer, creds: Credentials) -> Iterator[Any]:
    http = AuthorizedHttp(creds, http=httplib2.Http())
    options = {"api_endpoint": server.urls["google_ads"]}
    with build_from_document(DOCUMENT, http=http, client_options=options) as client:
        yield client


def _execute(request: Any) -> Any:
    request.headers |= {"developer-token": secrets.DEVELOPER_TOKEN, "login-customer-id": MANAGER}
    return request.execute()


def _rows(client: Any, query: str, customer: str = VN) -> list[dict[str, Any]]:
    """All pages of a search."""
    rows: list[dict[str, Any]] = []
    token, pages = "", 0
    while token or not pages:
        body = {"query": query} | ({"pageToken": token} if token else {})
        answer = _execute(client.customers().googleAds().search(customerId=customer, body=body))
        rows, token, pages = rows + answer.get("results", []), answer.get("nextPageToken", ""), pages + 1
    return rows


@pytest.fixture
def client(served: SandboxServer) -> Iterator[Any]:
    """The client, pointed at the sandbox and its token endpoint."""
    with _client(served, _credentials(served)) as client:
        yield client


def _sums(rows: list[dict[str, Any]]) -> tuple[int, int]:
    return (sum(int(row["metrics"]["costMicros"]) for row in rows),
            sum(int(row["metrics"]["impressions"]) for row in rows))


def _truth(company: Company) -> tuple[int, int]:
    rows = [row for row in World(company, company.nights[0]).spend["google_ads", VN]
            if "2026-09-01" <= row.day.isoformat() <= "2026-11-10"]
    return int(sum((row.spend for row in rows), Decimal(0)) * 1_000_000), sum(row.impressions for row in rows)


def test_the_account_tree_is_read(client: Any, demo: Company) -> None:
    """The accessible manager lists its clients, each with currency, zone and status."""
    names = _execute(client.customers().listAccessibleCustomers())["resourceNames"]
    assert names == [f"customers/{MANAGER}"]
    rows = _rows(client, "SELECT customer_client.id, customer_client.manager, customer_client.currency_code, "
                         "customer_client.status FROM customer_client WHERE customer_client.level = 1", MANAGER)
    told = {(row["customerClient"]["id"], row["customerClient"]["currencyCode"], row["customerClient"]["status"])
            for row in rows}
    assert told == {(one.account_id, one.currency, one.status) for one in demo.accounts
                    if one.platform == "google_ads"}


@pytest.mark.parametrize("resource", ["campaign", "customer"])
def test_search_adds_up_to_the_records(client: Any, demo: Company, resource: str) -> None:
    """Over several pages, cost and impressions are the company's to the micro, by campaign and by account."""
    query = QUERY.format(resource) if resource == "campaign" else QUERY.format(resource).replace("campaign.id, ", "")
    rows = _rows(client, query)
    assert _sums(rows) == _truth(demo)
    assert all(row["segments"]["date"] <= "2026-11-10" for row in rows)


def test_the_stream_holds_the_same_rows(client: Any) -> None:
    """SearchStream answers an array of chunks whose rows are those of search."""
    query = QUERY.format("campaign")
    chunks = _execute(client.customers().googleAds().searchStream(customerId=VN, body={"query": query}))
    assert [row for chunk in chunks for row in chunk["results"]] == _rows(client, query)


def test_a_closed_account_is_refused(client: Any) -> None:
    """The client raises its own error, with Google's details in it."""
    with pytest.raises(HttpError) as caught:
        _rows(client, QUERY.format("campaign"), CLOSED)
    assert caught.value.status_code == 403
    assert "CUSTOMER_NOT_ENABLED" in str(caught.value.error_details)


def test_an_expired_token_is_renewed(client: Any, served: SandboxServer) -> None:
    """google-auth fetches a new access token after a 401 and repeats the request."""
    served.inject(Fault("google_ads", "expired_token", "googleAds:search", after=1))
    rows = _rows(client, QUERY.format("campaign"))
    served.clear_faults()
    assert len({(row["campaign"]["id"], row["segments"]["date"]) for row in rows}) == len(rows) > 200


def test_a_revoked_grant_is_told(served: SandboxServer) -> None:
    """The token endpoint answers invalid_grant, which google-auth raises."""
    with (_client(served, _credentials(served, "1//revoked")) as client,
          pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant")):
        _execute(client.customers().listAccessibleCustomers())
