"""The sandbox spoils answers on order, exactly as often as ordered, and can be controlled over HTTP."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any

import httpx
import pytest

from sandbox.credentials import GETFLY_KEY, HUBSPOT_TOKEN, META_TOKEN
from sandbox.faults import KINDS, Fault
from sandbox.server import SandboxServer

_http = partial(httpx.request, verify=False)  # plain HTTP: loading certificates is all it would cost
META = "200000000000001"
VENDORS = ("google_ads", "meta_ads", "hubspot", "getfly")


def _contacts(sandbox: SandboxServer, **params: Any) -> httpx.Response:
    return _http("GET", f"{sandbox.urls['hubspot']}/crm/v3/objects/contacts", params={"limit": 10} | params,
                     headers={"authorization": f"Bearer {HUBSPOT_TOKEN}"})


def _accounts(sandbox: SandboxServer, offset: int = 0) -> dict[str, Any]:
    answer = _http("GET", f"{sandbox.urls['getfly']}/api/v6.1/accounts", headers={"x-api-key": GETFLY_KEY},
                       params={"limit": 10, "offset": offset, "fields": "id"})
    found: dict[str, Any] = answer.json()
    return found


def _insights(sandbox: SandboxServer) -> list[dict[str, Any]]:
    answer = _http("GET", f"{sandbox.urls['meta_ads']}/v26.0/act_{META}/insights", params={
        "level": "campaign", "time_increment": 1, "fields": "campaign_id,spend", "limit": 100,
        "access_token": META_TOKEN})
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("kind", ["429_retry_after", "429_bare", "quota_in_body", "5xx_burst", "expired_token",
                                  "forbidden_account"])
def test_every_vendor_words_its_refusals(sandbox: SandboxServer, vendor: str, kind: str) -> None:
    """A refusal is the vendor's own JSON with a failure status, and only a Retry-After that was ordered is sent."""
    sandbox.inject(Fault(vendor, kind, params={"seconds": 1}))
    answer = _http("GET", sandbox.urls[vendor])
    assert answer.status_code >= 400
    assert isinstance(answer.json(), dict)
    assert answer.headers.get("retry-after") == ("1" if kind == "429_retry_after" else None)


def test_times_and_after(sandbox: SandboxServer) -> None:
    """The first `after` requests are spared, the next `times` are hit, the rest are well again; the log tells."""
    sandbox.inject(Fault("hubspot", "5xx_burst", "contacts", times=2, after=1))
    assert [_contacts(sandbox).status_code for _ in range(5)] == [200, 502, 502, 200, 200]
    assert [seen.status for seen in sandbox.requests] == [200, 502, 502, 200, 200]
    assert {(seen.vendor, seen.method) for seen in sandbox.requests} == {("hubspot", "GET")}


def test_a_fault_minds_its_path(sandbox: SandboxServer) -> None:
    """Requests that do not contain the text are not hit, and the standing kinds last until cleared."""
    sandbox.inject(Fault("hubspot", "forbidden_account", "deals"))
    deals = f"{sandbox.urls['hubspot']}/crm/v3/objects/deals"
    assert _contacts(sandbox).status_code == 200
    assert {_http("GET", deals).status_code for _ in range(3)} == {403}
    sandbox.clear_faults()
    assert _http("GET", deals).status_code == 401


def test_a_connection_is_reset_mid_body(sandbox: SandboxServer) -> None:
    """Fewer bytes arrive than were announced, and the next request is answered."""
    sandbox.inject(Fault("hubspot", "reset_mid_body", params={"bytes": 40}))
    with pytest.raises(httpx.TransportError):
        _contacts(sandbox)
    assert _contacts(sandbox).status_code == 200


def test_broken_bodies(sandbox: SandboxServer) -> None:
    """JSON cut short and a page for humans, both with status 200."""
    sandbox.inject(Fault("hubspot", "truncated_json"))
    sandbox.inject(Fault("hubspot", "html_200", after=1))
    with pytest.raises(json.JSONDecodeError):
        _contacts(sandbox).json()
    page = _contacts(sandbox)
    assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html")


def test_slowness_is_bounded_by_the_order(sandbox: SandboxServer) -> None:
    """A slow answer and a dripping one come late and whole."""
    for kind in ("slow", "drip"):
        sandbox.inject(Fault("hubspot", kind, params={"seconds": 0.05}))
        began = time.monotonic()
        assert len(_contacts(sandbox, limit=1).json()["results"]) == 1
        assert time.monotonic() - began >= 0.05


def test_a_page_is_served_twice(sandbox: SandboxServer) -> None:
    """Following the cursors meets one page twice and misses nothing."""
    sandbox.inject(Fault("hubspot", "duplicated_page", after=1))
    ids: list[str] = []
    after = None
    while after or not ids:
        answer = _contacts(sandbox, **({"after": after} if after else {})).json()
        ids += [one["id"] for one in answer["results"]]
        after = answer.get("paging", {}).get("next", {}).get("after")
    assert (len(ids), len(set(ids))) == (33, 23)


def test_an_offset_page_is_served_twice(sandbox: SandboxServer) -> None:
    """By offset, all later pages shift, so nothing is missed."""
    sandbox.inject(Fault("getfly", "duplicated_page"))
    pages = [_accounts(sandbox, offset) for offset in (0, 10, 20, 30)]
    ids = [one["id"] for page in pages for one in page["data"]]
    assert (len(ids), len(set(ids)), pages[-1]["has_more"]) == (33, 23, False)


@pytest.mark.parametrize(("length", "cursors"), [(1, ["0.a", "0.a", "0.a"]), (2, ["0.b", "0.a", "0.b"])])
def test_cursors_loop(sandbox: SandboxServer, length: int, cursors: list[str]) -> None:
    """The next cursor is always the same, or alternates."""
    sandbox.inject(Fault("hubspot", "cursor_loop", params={"length": length}))
    told: list[str] = []
    for _ in range(3):
        answer = _contacts(sandbox, **({"after": told[-1]} if told else {})).json()
        told.append(answer["paging"]["next"]["after"])
    assert told == cursors


def test_next_leads_elsewhere(sandbox: SandboxServer) -> None:
    """The next link and a redirect point to another host."""
    sandbox.inject(Fault("hubspot", "other_host_next", params={"url": "http://evil.example"}))
    sandbox.inject(Fault("hubspot", "redirect", after=1, params={"url": "http://evil.example/x"}))
    assert _contacts(sandbox).json()["paging"]["next"]["link"].startswith("http://evil.example/crm/")
    assert _contacts(sandbox).headers["location"] == "http://evil.example/x"


def test_data_faults(sandbox: SandboxServer) -> None:
    """Rows are emptied, thinned, blanked, restated and made to vanish until the faults are cleared."""
    whole = _insights(sandbox)

    def with_fault(kind: str, **params: Any) -> list[dict[str, Any]]:
        sandbox.clear_faults()
        sandbox.inject(Fault("meta_ads", kind, META, params=params))
        rows = _insights(sandbox)
        assert _insights(sandbox) == rows
        return rows

    assert with_fault("empty_answer") == []
    assert with_fault("volume_drop") == whole[:1]
    assert all("spend" not in row for row in with_fault("null_column", column="spend"))
    assert {row["spend"] for row in with_fault("null_column", column="spend", blank=True)} == {None}
    assert with_fault("restated", column="spend", factor=2)[0]["spend"] == "28.70"
    assert len(with_fault("vanished", column="date_start", value="2026-11-01")) == len(whole) - 1
    assert with_fault("new_column", column="surprise_metric")[0]["surprise_metric"] == "surprise"
    sandbox.clear_faults()
    assert _insights(sandbox) == whole


def test_control_over_http(sandbox: SandboxServer) -> None:
    """Clock, faults and log have endpoints on every port, which the log leaves out."""
    url = f"{sandbox.urls['getfly']}/_sandbox"
    assert _http("POST", f"{url}/clock", json={"now": "2026-10-05T02:00:00+07:00"}).json() == {
        "now": "2026-10-04T19:00:00+00:00"}
    assert len(_accounts(sandbox)["data"]) == 3
    _http("POST", f"{url}/faults", json=[{"vendor": "getfly", "kind": "empty_answer"}])
    assert _accounts(sandbox)["data"] == []
    _http("DELETE", f"{url}/faults")
    assert len(_accounts(sandbox)["data"]) == 3
    assert [(seen["vendor"], seen["status"]) for seen in _http("GET", f"{url}/log").json()] == [("getfly", 200)] * 3
    assert _http("POST", f"{url}/clock", json={"now": "2026-10-05T02:00:00"}).status_code == 400
    assert _http("POST", f"{url}/faults", json=[{"vendor": "getfly", "kind": "earthquake"}]).status_code == 400


def test_the_log_holds_no_token(sandbox: SandboxServer) -> None:
    """Tokens in addresses are masked."""
    _insights(sandbox)
    assert META_TOKEN not in repr(sandbox.requests)


def test_answers_are_compressed_when_accepted(sandbox: SandboxServer) -> None:
    """Gzip is used for those who ask for it, on a connection that stays open."""
    with httpx.Client(headers={"authorization": f"Bearer {HUBSPOT_TOKEN}"}) as client:
        url = f"{sandbox.urls['hubspot']}/crm/v3/objects/contacts?limit=100"
        plain = client.get(url, headers={"accept-encoding": "identity"})
        packed = client.get(url, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.json() == packed.json()


def test_malformed_requests_are_answered(sandbox: SandboxServer) -> None:
    """A body that is no JSON gets a 400, not a dropped connection."""
    answer = _http("POST", f"{sandbox.urls['hubspot']}/crm/v3/objects/contacts/search", content=b"\xff{",
                   headers={"authorization": f"Bearer {HUBSPOT_TOKEN}"})
    assert answer.status_code == 400


def test_unknown_kinds_are_refused() -> None:
    """A misspelt fault is told at once, with the kinds there are."""
    with pytest.raises(ValueError, match=KINDS[0]):
        Fault("hubspot", "429")
