"""Getfly's paging where the tenant answers with another page than the one asked for."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectors import getfly
from connectors.base import Account, Connector, Slice
from crosscheck.windows import Window
from tests.support.crm import connect

JOB = Slice("crm", "getfly", Account("tenant", "Asia/Ho_Chi_Minh"), getfly.ACCOUNTS,
            Window(date(2026, 11, 1), date(2026, 11, 1)), datetime(2026, 11, 2, tzinfo=UTC), "run", "Asia/Ho_Chi_Minh")


@pytest.fixture
def tenant(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Connector:
    monkeypatch.setattr(getfly, "LIMIT", 2)
    return connect("getfly", httpserver.url_for("").rstrip("/"), monkeypatch.setenv)[0]


@pytest.mark.parametrize("bare", [False, True])
def test_one_page_served_twice_hides_none(httpserver: HTTPServer, tenant: Connector, *, bare: bool) -> None:
    """The page is asked for again, whether the answer tells its offset or not."""
    asked: list[int] = []

    def answer(request: Request) -> Response:
        asked.append(int(request.args["offset"]))
        offset = 0 if len(asked) == 2 else asked[-1]
        rows = [{"id": each} for each in range(5)][offset:offset + 2]
        body = rows if bare else {"data": rows, "has_more": offset + 2 < 5, "offset": offset}
        return Response(json.dumps(body))

    httpserver.expect_request("/api/v6.1/accounts/sync").respond_with_handler(answer)
    ids = [row["id"] for page in tenant.pages(JOB) for row in getfly.listing(page.body).records]
    assert (ids, asked) == ([0, 1, 2, 3, 4], [0, 2, 2, 4])


def test_the_cursor_is_asked_in_the_vendors_words(httpserver: HTTPServer, tenant: Connector) -> None:
    """Accounts by unix seconds, orders by local time, both with the overlap, the key in a header only."""
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response("[]")

    httpserver.expect_request("/api/v6.1/accounts/sync").respond_with_handler(answer)
    httpserver.expect_request("/api/v6.1/sale_orders").respond_with_handler(answer)
    since = datetime(2026, 11, 1, 19, 0, tzinfo=UTC)
    for stream in tenant.streams:
        job = Slice("crm", "getfly", JOB.account, stream, JOB.window, JOB.as_of, "run", JOB.business_zone, since)
        assert list(tenant.pages(job)) == []
    assert int(seen[0].args["filtering[last_sync]"]) == int(since.timestamp()) - 900
    assert seen[1].args["filtering[updated_at:gte]"] == "2026-11-02 01:45:00"
    assert all("api" not in name.lower() for request in seen for name in request.args)
