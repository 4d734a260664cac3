"""The sandbox's Google Ads: what its own rules say, beyond what an SDK asks."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx
import pytest

from sandbox import credentials as secrets
from sandbox.faults import Fault
from sandbox.server import SandboxServer

_http = partial(httpx.request, verify=False)  # plain HTTP: loading certificates is all it would cost
GOOGLE, CLOSED, FORBIDDEN, MANAGER = "1000000001", "1000000002", "1000000003", "9000000001"
DAYS = "WHERE segments.date BETWEEN '2026-11-01' AND '2026-11-30'"


@pytest.fixture
def headers(sandbox: SandboxServer) -> dict[str, str]:
    """What a proper client sends."""
    form = {"grant_type": "refresh_token", "client_id": secrets.CLIENT_ID, "client_secret": secrets.CLIENT_SECRET,
            "refresh_token": secrets.REFRESH_TOKEN}
    token = _http("POST", f"{sandbox.urls['google_ads']}/token", data=form).json()["access_token"]
    return {"authorization": f"Bearer {token}", "developer-token": secrets.DEVELOPER_TOKEN,
            "login-customer-id": MANAGER}


def _ask(sandbox: SandboxServer, headers: dict[str, str], query: str, customer: str = GOOGLE, *, verb: str = "search",
         version: str = "v26", **body: Any) -> httpx.Response:
    url = f"{sandbox.urls['google_ads']}/{version}/customers/{customer}/googleAds:{verb}"
    return _http("POST", url, headers=headers, json={"query": query} | body)


def _codes(answer: httpx.Response) -> dict[str, str]:
    found: dict[str, str] = answer.json()["error"]["details"][0]["errors"][0]["errorCode"]
    return found


def test_rows_are_nested_and_typed(sandbox: SandboxServer, headers: dict[str, str]) -> None:
    """int64 is text, a double is a number, only what was selected is there, and every resource has its name."""
    answer = _ask(sandbox, headers, "SELECT campaign.id, campaign.name, segments.date, metrics.cost_micros, "
                  "metrics.conversions FROM campaign WHERE segments.date = '2026-11-02' AND campaign.id = 11").json()
    assert answer["results"] == [{
        "campaign": {"id": "11", "name": "New 11", "resourceName": f"customers/{GOOGLE}/campaigns/11"},
        "segments": {"date": "2026-11-02"}, "metrics": {"costMicros": "150001000000", "conversions": 5.0}}]
    assert answer["fieldMask"] == "campaign.id,campaign.name,segments.date,metrics.costMicros,metrics.conversions"


def test_pages_follow_a_token(sandbox: SandboxServer, headers: dict[str, str]) -> None:
    """24 rows come in pages of five, the last without a token."""
    query, token = f"SELECT campaign.id, segments.date, metrics.clicks FROM campaign {DAYS}", None
    sizes: list[int] = []
    while token or not sizes:
        answer = _ask(sandbox, headers, query, **({"pageToken": token} if token else {})).json()
        sizes.append(len(answer["results"]))
        token = answer.get("nextPageToken")
    assert sizes == [5, 5, 5, 5, 4]


def test_idle_days_and_levels(sandbox: SandboxServer, headers: dict[str, str]) -> None:
    """A day without activity has no row, and a campaign without ads none at ad level."""
    days = _ask(sandbox, headers, f"SELECT segments.date, metrics.clicks FROM customer {DAYS} "
                "AND segments.date >= '2026-11-13'").json()
    assert "results" not in days
    ads = _ask(sandbox, headers, "SELECT campaign.id, ad_group_ad.ad.id, metrics.cost_micros FROM ad_group_ad").json()
    assert [row["campaign"]["id"] for row in ads["results"]] == ["11"]


def test_without_the_day_metrics_are_summed(sandbox: SandboxServer, headers: dict[str, str]) -> None:
    """Selecting no segment gives one row per campaign, ordered and limited as asked."""
    answer = _ask(sandbox, headers, "SELECT campaign.id, metrics.clicks FROM campaign "
                  "ORDER BY campaign.id DESC LIMIT 1")
    assert [(row["campaign"]["id"], row["metrics"]["clicks"]) for row in answer.json()["results"]] == [("12", "120")]


def test_the_clock_decides(sandbox: SandboxServer, headers: dict[str, str]) -> None:
    """An hour later a row is restated, another has vanished, and the campaign keeps its name until it changes."""
    query = "SELECT campaign.id, metrics.cost_micros FROM campaign WHERE segments.date = '2026-11-01'"
    before = _ask(sandbox, headers, query + " AND segments.date = '2026-11-01'").json()["results"]
    sandbox.set_clock(sandbox.world.now.replace(hour=21))
    after = _ask(sandbox, headers, "SELECT campaign.id, segments.date, metrics.cost_micros FROM campaign "
                 "WHERE segments.date = '2026-11-01'").json()["results"]
    assert len(before) == 2
    assert [(row["campaign"]["id"], row["metrics"]["costMicros"]) for row in after] == [("11", "1000000")]


def test_clicks_of_one_local_day(sandbox: SandboxServer, headers: dict[str, str]) -> None:
    """A click late in the evening UTC belongs to the account's next day; several days at once are refused."""
    query = "SELECT click_view.gclid, campaign.id, ad_group.id, segments.date FROM click_view WHERE segments.date {}"
    rows = _ask(sandbox, headers, query.format("= '2026-11-03'")).json()["results"]
    assert [(row["clickView"]["gclid"], row["adGroup"]["id"]) for row in rows] == [("click1", "111")]
    assert _ask(sandbox, headers, query.format("BETWEEN '2026-11-01' AND '2026-11-03'")).status_code == 400
    assert _codes(_ask(sandbox, headers, query.format("= '2026-01-01'"))) == {"dateError": "EARLIER_THAN_MINIMUM_DATE"}


@pytest.mark.parametrize(("query", "name"), [
    ("SELECT campaign.colour FROM campaign", "UNRECOGNIZED_FIELD"),
    ("SELECT campaign.id FROM campagne", "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE"),
    ("SELECT metrics.clicks FROM customer_client", "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE"),
    ("SELECT ad_group.id FROM campaign", "PROHIBITED_RESOURCE_TYPE_IN_SELECT_OR_WHERE_CLAUSE"),
    ("SELECT campaign.id FROM campaign WHERE campaign.id ~ 3", "BAD_OPERATOR"),
    ("campaigns please", "UNEXPECTED_INPUT"),
])
def test_bad_queries_are_named(sandbox: SandboxServer, headers: dict[str, str], query: str, name: str) -> None:
    """Each wrong query gets its own queryError."""
    answer = _ask(sandbox, headers, query)
    assert (answer.status_code, _codes(answer)) == (400, {"queryError": name})


@pytest.mark.parametrize(("customer", "name"), [
    (CLOSED, "CUSTOMER_NOT_ENABLED"), (FORBIDDEN, "USER_PERMISSION_DENIED")])
def test_refused_accounts(sandbox: SandboxServer, headers: dict[str, str], customer: str, name: str) -> None:
    """A closed account and one without permission are told apart; on the stream the error sits in an array."""
    answer = _ask(sandbox, headers, "SELECT customer.id FROM customer", customer)
    assert (answer.status_code, _codes(answer)) == (403, {"authorizationError": name})
    stream = _ask(sandbox, headers, "SELECT customer.id FROM customer", customer, verb="searchStream")
    assert stream.json() == [answer.json()]


def test_requests_that_google_refuses(sandbox: SandboxServer, headers: dict[str, str]) -> None:
    """A page size, a retired version, a manager's metrics, a missing manager header, a wrong developer token."""
    query = "SELECT campaign.id FROM campaign"
    assert _codes(_ask(sandbox, headers, query, pageSize=10)) == {"requestError": "PAGE_SIZE_NOT_SUPPORTED"}
    assert _codes(_ask(sandbox, headers, query, version="v19")) == {"requestError": "UNSUPPORTED_VERSION"}
    metrics = _ask(sandbox, headers, "SELECT metrics.clicks FROM customer", MANAGER)
    assert _codes(metrics) == {"queryError": "REQUESTED_METRICS_FOR_MANAGER"}
    alone = {name: value for name, value in headers.items() if name != "login-customer-id"}
    assert _codes(_ask(sandbox, alone, query)) == {"authorizationError": "USER_PERMISSION_DENIED"}
    wrong = _ask(sandbox, headers | {"developer-token": "wrong"}, query)
    assert _codes(wrong) == {"authenticationError": "DEVELOPER_TOKEN_INVALID"}
    assert _ask(sandbox, headers | {"authorization": "Bearer ya29.unknown"}, query).status_code == 401


def test_page_tokens_expire_and_loop(sandbox: SandboxServer, headers: dict[str, str]) -> None:
    """A fault may expire the token of a later page, lead in a circle, or repeat a chunk of the stream."""
    query = f"SELECT campaign.id, segments.date, metrics.clicks FROM campaign {DAYS}"
    sandbox.inject(Fault("google_ads", "expired_page_token", "pageToken"))
    token = _ask(sandbox, headers, query).json()["nextPageToken"]
    assert _codes(_ask(sandbox, headers, query, pageToken=token)) == {"requestError": "EXPIRED_PAGE_TOKEN"}
    assert _ask(sandbox, headers, query, pageToken=token).status_code == 200
    assert _codes(_ask(sandbox, headers, query, pageToken="!")) == {"requestError": "INVALID_PAGE_TOKEN"}
    sandbox.inject(Fault("google_ads", "cursor_loop"))
    loop = _ask(sandbox, headers, query).json()["nextPageToken"]
    assert _ask(sandbox, headers, query, pageToken=loop).json()["nextPageToken"] == loop
    sandbox.clear_faults()
    sandbox.inject(Fault("google_ads", "duplicated_page"))
    chunks = _ask(sandbox, headers, query, verb="searchStream").json()
    assert chunks[0]["results"] == chunks[1]["results"]
    assert sum(len(chunk["results"]) for chunk in chunks) == 24 + 5


def test_a_token_lives_for_so_many_requests(sandbox: SandboxServer, headers: dict[str, str]) -> None:
    """The lifetime of new tokens is an option, counted in requests."""
    sandbox.options.google_token_requests = 1
    form = {"grant_type": "refresh_token", "client_id": secrets.CLIENT_ID, "client_secret": secrets.CLIENT_SECRET,
            "refresh_token": secrets.REFRESH_TOKEN}
    token = _http("POST", f"{sandbox.urls['google_ads']}/token", data=form).json()["access_token"]
    short = headers | {"authorization": f"Bearer {token}"}
    statuses = [_ask(sandbox, short, "SELECT campaign.id FROM campaign").status_code for _ in range(2)]
    assert statuses == [200, 401]
