"""The sandbox's Meta: what its own rules say, beyond what an SDK asks."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx
import pytest

from sandbox.credentials import META_TOKEN
from sandbox.faults import Fault
from sandbox.server import SandboxServer

_http = partial(httpx.request, verify=False)  # plain HTTP: loading certificates is all it would cost
META, REFUSED = "200000000000001", "200000000000002"
SPAN = {"since": "2026-11-01", "until": "2026-11-30"}
DELETED = [{"field": "campaign.effective_status", "operator": "IN", "value": ["ACTIVE", "DELETED"]}]


def _get(sandbox: SandboxServer, path: str, **params: Any) -> httpx.Response:
    return _http("GET", f"{sandbox.urls['meta_ads']}/v26.0/{path}", headers={"authorization": f"Bearer {META_TOKEN}"},
                     params={name: value if isinstance(value, str | int) else json.dumps(value)
                             for name, value in params.items()})


def _insights(sandbox: SandboxServer, **params: Any) -> httpx.Response:
    basic = {"level": "campaign", "time_increment": 1, "time_range": SPAN, "fields": "campaign_id,spend", "limit": 500}
    return _get(sandbox, f"act_{META}/insights", **(basic | params))


def test_numbers_are_text_and_empty_lists_absent(sandbox: SandboxServer) -> None:
    """A row shows exactly the fields asked for, besides its dates."""
    fields = "campaign_id,campaign_name,spend,impressions,clicks,actions,action_values"
    row = _insights(sandbox, fields=fields).json()["data"][0]
    assert {name: row[name] for name in ("campaign_name", "spend", "impressions", "clicks", "date_start")} == {
        "campaign_name": "New 21", "spend": "14.35", "impressions": "100", "clicks": "10", "date_start": "2026-11-01"}
    bare = _insights(sandbox, fields="spend,video_play_actions,conversions").json()["data"][0]
    assert set(bare) == {"spend", "video_play_actions", "date_start", "date_stop"}


def test_a_lead_is_told_as_total_and_parts(sandbox: SandboxServer) -> None:
    """The aliases of lead add up to it, and windows are shown when asked for."""
    row = _insights(sandbox, fields="actions", action_attribution_windows=["7d_click", "1d_click"]).json()["data"][0]
    actions = {one["action_type"]: one for one in row["actions"]}
    parts = ("onsite_conversion.lead_grouped", "offsite_conversion.fb_pixel_lead")
    assert sum(int(actions[name]["value"]) for name in parts) == int(actions["lead"]["value"]) == 5
    assert (actions["lead"]["7d_click"], actions["lead"]["1d_click"]) == ("5", "4")


def test_deleted_campaigns_must_be_asked_for(sandbox: SandboxServer) -> None:
    """They are left out by default, come with a filter, and hidden ones are in the account's total only."""
    def campaigns(**params: Any) -> set[str]:
        return {row["campaign_id"] for row in _insights(sandbox, **params).json()["data"]}

    assert campaigns() == {"21"}
    assert campaigns(filtering=DELETED) == {"21", "22"}
    total = _insights(sandbox, level="account", fields="spend").json()["data"][0]["spend"]
    assert total == "19.35"
    listed = _get(sandbox, f"act_{META}/campaigns", fields="name,effective_status", filtering=DELETED).json()["data"]
    assert {(one["id"], one["effective_status"]) for one in listed} == {("21", "ACTIVE"), ("22", "DELETED")}
    sets = _get(sandbox, f"act_{META}/adsets", fields="name,campaign_id,effective_status", filtering=DELETED).json()
    assert sets["data"] == [
        {"id": "211", "name": "Set", "campaign_id": "21", "effective_status": "ACTIVE"},
        {"id": "221", "name": "Set", "campaign_id": "22", "effective_status": "DELETED"}]
    assert [one["id"] for one in _get(sandbox, f"act_{META}/adsets").json()["data"]] == ["211"]
    assert [one["id"] for one in _get(sandbox, f"act_{META}/ads", fields="campaign_id").json()["data"]] == ["2111"]


def test_pages_follow_links(sandbox: SandboxServer) -> None:
    """`next` holds the whole request with its token; the last page has none."""
    answer, rows = _insights(sandbox, limit=5).json(), []
    while True:
        rows += answer["data"]
        if "next" not in answer["paging"]:
            break
        assert META_TOKEN in answer["paging"]["next"]
        answer = _http("GET", answer["paging"]["next"]).json()
    assert len({row["date_start"] for row in rows}) == len(rows) == 12


def test_a_report_run_advances_by_polls(sandbox: SandboxServer) -> None:
    """Three polls until completed; rows are refused before, and are those of the plain request."""
    url = f"{sandbox.urls['meta_ads']}/v26.0/act_{META}/insights"
    form = {"access_token": META_TOKEN, "level": "campaign", "time_increment": "1", "time_range": json.dumps(SPAN),
            "fields": '["campaign_id", "spend"]'}
    run = _http("POST", url, data=form).json()["report_run_id"]
    early = _get(sandbox, f"{run}/insights").json()["error"]
    assert (early["code"], early["is_transient"]) == (2637, True)
    polls = [_get(sandbox, run).json() for _ in range(3)]
    assert [poll["async_status"] for poll in polls] == ["Job Not Started", "Job Started", "Job Completed"]
    assert polls[-1]["async_percent_completion"] == 100
    assert _get(sandbox, f"{run}/insights", limit=500).json()["data"] == _insights(sandbox).json()["data"]


def test_report_runs_can_fail(sandbox: SandboxServer) -> None:
    """A run fails with code and subcode, or is completed but for once unreadable."""
    url = f"{sandbox.urls['meta_ads']}/v26.0/act_{META}/insights"
    sandbox.options.meta_polls = 1
    run = _http("POST", url, data={"access_token": META_TOKEN, "level": "ad"}).json()["report_run_id"]
    sandbox.inject(Fault("meta_ads", "async_failed", run))
    assert _get(sandbox, run).json()["async_status"] == "Job Failed"
    assert _get(sandbox, run).json()["async_status"] == "Job Completed"
    sandbox.inject(Fault("meta_ads", "async_unreadable", f"{run}/insights"))
    assert [_get(sandbox, f"{run}/insights").status_code for _ in range(2)] == [400, 200]


def test_a_run_may_never_end(sandbox: SandboxServer) -> None:
    """A stuck run stays as it is for as long as the fault stands; a single plain request may be too large, too."""
    url = f"{sandbox.urls['meta_ads']}/v26.0/act_{META}/insights"
    run = _http("POST", url, data={"access_token": META_TOKEN}).json()["report_run_id"]
    sandbox.inject(Fault("meta_ads", "async_stuck", run))
    assert {_get(sandbox, run).json()["async_status"] for _ in range(5)} == {"Job Not Started"}
    sandbox.inject(Fault("meta_ads", "reduce_data", "/insights"))
    assert [_insights(sandbox).status_code for _ in range(2)] == [500, 200]
    sandbox.inject(Fault("meta_ads", "other_host_next", params={"url": "http://evil.example"}))
    assert _insights(sandbox, limit=5).json()["paging"]["next"].startswith("http://evil.example/v26.0/")


def test_too_much_data_is_refused(sandbox: SandboxServer) -> None:
    """Above the row limit a plain request is told to ask for less; below it is answered."""
    sandbox.options.meta_sync_rows = 6
    answer = _insights(sandbox)
    assert (answer.status_code, "reduce the amount of data" in answer.json()["error"]["message"]) == (500, True)
    assert _insights(sandbox, time_range={"since": "2026-11-01", "until": "2026-11-05"}).status_code == 200


def test_leads_of_an_ad_since_an_instant(sandbox: SandboxServer) -> None:
    """Newest first, filtered by time of creation, with the campaign that brought them."""
    fields = "id,created_time,ad_id,campaign_id,form_id"
    found = _get(sandbox, "2111/leads", fields=fields).json()["data"]
    assert [one["id"] for one in found] == ["775", "774", "773", "772", "771"]
    assert found[0] == {"id": "775", "created_time": "2026-10-06T00:00:00+0000", "ad_id": "2111",
                        "campaign_id": "21", "form_id": "9211"}
    since = [{"field": "time_created", "operator": "GREATER_THAN", "value": 1791072000}]
    assert [one["id"] for one in _get(sandbox, "2111/leads", filtering=since).json()["data"]] == ["775", "774"]


@pytest.mark.parametrize(("path", "params", "status", "code"), [
    (f"act_{META}/insights", {"fields": "colour"}, 400, 100), (f"act_{REFUSED}/insights", {}, 403, 200),
    (f"act_{META}/adlabels", {}, 400, 100), (f"act_{META}/insights", {"level": "planet"}, 400, 100),
])
def test_refusals(sandbox: SandboxServer, path: str, params: dict[str, str], status: int, code: int) -> None:
    """Wrong fields, levels and edges, and an account without permission, each with Meta's code."""
    answer = _get(sandbox, path, **params)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_token_and_version(sandbox: SandboxServer) -> None:
    """A wrong token is code 190, a retired version code 2635, and every answer carries the usage headers."""
    base = sandbox.urls["meta_ads"]
    wrong = _http("GET", f"{base}/v26.0/me/adaccounts", params={"access_token": "EAAwrong"})
    assert wrong.json()["error"]["code"] == 190
    old = _http("GET", f"{base}/v19.0/me/adaccounts", params={"access_token": META_TOKEN})
    assert old.json()["error"]["code"] == 2635
    for answer in (wrong, old, _insights(sandbox)):
        assert json.loads(answer.headers["x-fb-ads-insights-throttle"])["acc_id_util_pct"] >= 0
        assert "x-business-use-case-usage" in answer.headers
