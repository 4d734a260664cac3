"""Getfly's paging where the tenant answers with another page than the one asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectors import getfly
from connectors.base import Account, Connector, Slice
from connectors.pagers import CursorExpired
from crosscheck.windows import Window
from tests.support.crm import connect
from tests.support.vendors import read

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


@pytest.fixture
def keys(httpserver: HTTPServer) -> Callable[[dict[int, int]], list[int]]:
    """A tenant with accounts 0 to 6; by the number of a request, the account that is deleted before it is answered."""
    def serve(deleted: dict[int, int]) -> list[int]:
        there, asked = list(range(7)), []

        def answer(request: Request) -> Response:
            offset = int(request.args["offset"])
            asked.append(offset)
            if (gone := deleted.get(len(asked))) in there:
                there.remove(gone)
            assert request.args["fields"] == "id"
            return Response(json.dumps({"data": [{"id": each} for each in there[offset:offset + 2]],
                                        "has_more": offset + 2 < len(there), "offset": offset}))

        httpserver.expect_request("/api/v6.1/accounts").respond_with_handler(answer)
        return asked
    return serve


@pytest.mark.parametrize(("deleted", "expected"), [
    ({}, "0123456"),
    ({3: 0}, "123456"),  # behind us: the next page would begin one too far
    ({3: 6}, "012345"),  # before us
    ({4: 6}, "012345"),  # the last one, just before its page
    ({3: 1, 8: 4}, "02356"),  # and once more while we read again
], ids=str)
def test_a_key_list_hides_nobody(tenant: Connector, keys: Callable[[dict[int, int]], list[int]],
                                 deleted: dict[int, int], expected: str) -> None:
    """Whoever is deleted while the keys are read, the others are all named."""
    keys(deleted)
    found = read(tenant, replace(JOB, stream=getfly.ACCOUNT_KEYS)).rows("lead_key")
    assert "".join(sorted(str(dict(row)["lead_id"]) for row in found)) == expected


def test_a_key_list_that_never_stands_still_is_refused(
        tenant: Connector, keys: Callable[[dict[int, int]], list[int]]) -> None:
    """Rather no list than one that may have lost a living record."""
    keys({3: 0, 6: 1, 9: 2})
    with pytest.raises(CursorExpired, match="deleted while their keys"):
        read(tenant, replace(JOB, stream=getfly.ACCOUNT_KEYS))


def test_the_cursor_is_asked_in_the_vendors_words(httpserver: HTTPServer, tenant: Connector) -> None:
    """Accounts by unix seconds, orders by local time, with the overlap; ids whole; the key in a header only."""
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response("[]")

    httpserver.expect_request("/api/v6.1/accounts/sync").respond_with_handler(answer)
    httpserver.expect_request("/api/v6.1/accounts").respond_with_handler(answer)
    httpserver.expect_request("/api/v6.1/sale_orders").respond_with_handler(answer)
    since = datetime(2026, 11, 1, 19, 0, tzinfo=UTC)
    for stream in tenant.streams:
        job = Slice("crm", "getfly", JOB.account, stream, JOB.window, JOB.as_of, "run", JOB.business_zone, since)
        assert list(tenant.pages(job)) == []
    assert int(seen[0].args["filtering[last_sync]"]) == int(since.timestamp()) - 900
    assert seen[1].args["filtering[updated_at:gte]"] == "2026-11-02 01:45:00"
    assert [sorted(request.args) for request in seen[2:]] == [["fields", "limit", "offset", "sort"]] * 2
    assert all("api" not in name.lower() for request in seen for name in request.args)
