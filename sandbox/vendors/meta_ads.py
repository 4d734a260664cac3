"""Meta Marketing API v26.0: ad accounts, insights (sync and as a report run), campaigns, ads, lead forms' leads."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from sandbox import credentials
from sandbox.faults import Active
from sandbox.model import AdAccount, Campaign
from sandbox.vendors.meta_rows import FIELDS, LEVELS, PLATFORM, field_names, insight_rows
from sandbox.wire import Options, Refused, Reply, Request, Row, paginate
from sandbox.world import World

VERSION = "v26.0"
_STATUSES = ("Job Not Started", "Job Started", "Job Running", "Job Completed")
_THROTTLED = {17: "User request limit reached", 4: "Application request limit reached",
              80004: "There have been too many calls to this ad-account. Wait a bit and try again."}
REDUCE = "Please reduce the amount of data you're asking for, then retry your request"


class MetaAds:
    """Report runs advance by polls, not by time: `options.meta_polls` polls until completed."""

    name = PLATFORM

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._serial = count(120_000_000_000_001)
        self._runs: dict[str, tuple[str, dict[str, str], list[int]]] = {}

    def answer(self, request: Request, world: World, faults: Active) -> Reply:
        """Any edge, with the usage headers that every answer carries."""
        try:
            body = self._route(request, world, faults)
        except Refused as refused:
            raise Refused(refused.reply.status, refused.reply.body, _usage(request.path)) from None
        return Reply(200, body, _usage(request.path))

    def failure(self, kind: str, params: Mapping[str, Any]) -> Reply | None:
        """Meta's wording of a fault: throttling comes with status 400 and its own codes."""
        match kind:
            case "429_retry_after" | "429_bare" | "quota_in_body":
                code = int(params.get("code", 17 if kind == "quota_in_body" else 80004))
                return _error(int(params.get("status", 400)), code, f"(#{code}) {_THROTTLED.get(code, 'Throttled')}",
                              error_subcode=2446079).reply
            case "5xx_burst":
                return _error(int(params.get("status", 503)), 2, "Service temporarily unavailable",
                              is_transient=True).reply
            case "expired_token":
                return _bad_token("Error validating access token: Session has expired.", 463).reply
            case "forbidden_account":
                return _forbidden().reply
        return None

    def _route(self, request: Request, world: World, faults: Active) -> Row:
        _, version, *parts = request.path.rstrip("/").split("/")
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or request.params.get("access_token")
        if token != credentials.META_TOKEN:
            raise _bad_token("Invalid OAuth access token - Cannot parse access token", None)
        if version != VERSION:
            raise _error(400, 2635, f"(#2635) You are calling a deprecated version of the Ads API. Please update to "
                         f"the latest version: {VERSION}.")
        match parts:
            case ["me", "adaccounts"]:
                return self._list(request, faults, _accounts(world))
            case [node] if node in self._runs:
                return self._poll(node, faults)
            case [node, "insights"] if node in self._runs:
                return self._run_rows(node, request, world, faults)
            case [node, edge] if node.startswith("act_"):
                return self._account_edge(request, world, faults, _account(world, node), edge)
            case [node, "leads"]:
                return self._list(request, faults, _leads(world, node, request.params), "created_time")
        raise _error(400, 100, f"Unsupported {request.method.lower()} request. Object with ID '{parts[0]}' does not "
                     "exist, cannot be loaded due to missing permissions, or does not support this operation.",
                     error_subcode=33)

    def _account_edge(self, request: Request, world: World, faults: Active, account: AdAccount, edge: str) -> Row:
        match edge:
            case "insights" if request.method == "POST":
                return self._start(request, account)
            case "insights":
                rows = faults.rows(insight_rows(world, account, _checked(request.params)))
                if faults.get("reduce_data") or len(rows) > self._options.meta_sync_rows:
                    raise _error(500, 1, REDUCE)
                return self._page(request, faults, rows)
            case "campaigns":
                return self._list(request, faults, _campaigns(world, account, request.params))
            case "ads":
                return self._list(request, faults, _ads(world, account, request.params))
        raise _error(400, 100, f"(#100) Tried accessing nonexisting field ({edge}) on node type (AdAccount)")

    def _start(self, request: Request, account: AdAccount) -> Row:
        params = _checked(request.params)
        with self._lock:
            run_id = str(next(self._serial))
            self._runs[run_id] = (account.account_id, params, [0])
        return {"report_run_id": run_id}

    def _poll(self, run_id: str, faults: Active) -> Row:
        account_id, params, polls = self._runs[run_id]
        with self._lock:
            polls[0] += not faults.get("async_stuck")
            done = min(polls[0] / max(self._options.meta_polls, 1), 1.0)
        status = _STATUSES[3] if done == 1 else _STATUSES[min(polls[0], 3) - 1 if polls[0] else 0]
        row: Row = {"id": run_id, "account_id": account_id, "time_ref": 1_760_000_000,
                    "async_status": status, "async_percent_completion": int(done * 100), "is_running": done < 1}
        if "time_range" in params:
            span = json.loads(params["time_range"])
            row |= {"date_start": span["since"], "date_stop": span["until"]}
        if faults.get("async_failed"):
            row |= {"async_status": "Job Failed", "is_running": False, "error_code": 2, "error_subcode": 1504038,
                    "error_message": REDUCE}
        return row

    def _run_rows(self, run_id: str, request: Request, world: World, faults: Active) -> Row:
        account_id, params, polls = self._runs[run_id]
        if faults.get("async_unreadable") or polls[0] < self._options.meta_polls:
            raise _error(400, 2637, "(#2637) Insights data is not yet available. Please try again.", is_transient=True)
        account = _account(world, f"act_{account_id}")
        return self._page(request, faults, faults.rows(insight_rows(world, account, params)))

    def _list(self, request: Request, faults: Active, rows: list[Row], *always: str) -> Row:
        """Objects show their id and the fields asked for."""
        names = {"id", *always, *field_names(request.params)}
        shown = [{name: value for name, value in row.items() if name in names} for row in rows]
        return self._page(request, faults, faults.rows(shown))

    def _page(self, request: Request, faults: Active, rows: list[Row]) -> Row:
        limit = int(request.params.get("limit", 25))
        after = request.params.get("after")
        page = paginate(rows, _opened(after), limit, faults)
        answer: Row = {"data": page.rows}
        if page.rows:
            last = page.after or str(len(rows))
            answer["paging"] = {"cursors": {"before": _sealed(_opened(after) or "0"), "after": _sealed(last)}}
        if page.after is not None:
            url = request.url(after=_sealed(page.after), access_token=credentials.META_TOKEN)
            if fault := faults.get("other_host_next"):
                url = url.replace(request.base_url, str(fault.params["url"]))
            answer["paging"]["next"] = url
        return answer


def _sealed(cursor: str) -> str:
    return base64.urlsafe_b64encode(f"QVFI:{cursor}".encode()).decode()


def _opened(after: str | None) -> str | None:
    if not after:
        return None
    try:
        return base64.urlsafe_b64decode(after).decode().removeprefix("QVFI:")
    except ValueError:
        raise _error(400, 100, "(#100) Invalid cursors values") from None


def _checked(params: dict[str, str]) -> dict[str, str]:
    if params.get("level", "account") not in LEVELS:
        raise _error(400, 100, f"(#100) level must be one of the following values: {', '.join(LEVELS)}")
    for name in field_names(params):
        if name not in FIELDS:
            raise _error(400, 100, f"(#100) {name} is not valid for fields param. please check "
                         "https://developers.facebook.com/docs/marketing-api/reference/ads-insights/ for all valid "
                         "values")
    return params


def _accounts(world: World) -> list[Row]:
    status = {"ENABLED": 1, "FORBIDDEN": 1}
    return [{"id": f"act_{one.account_id}", "account_id": one.account_id, "name": one.name, "currency": one.currency,
             "timezone_name": one.time_zone, "account_status": status.get(one.status, 2)}
            for one in world.accounts(PLATFORM)]


def _account(world: World, node: str) -> AdAccount:
    account = world.account(PLATFORM, node.removeprefix("act_"))
    if account is None or account.status == "FORBIDDEN":
        raise _forbidden()
    return account


def _statuses(params: Mapping[str, str]) -> set[str]:
    asked = json.loads(params.get("effective_status") or "[]")
    for condition in json.loads(params.get("filtering") or "[]"):
        asked += condition["value"] if str(condition.get("field")).endswith("effective_status") else []
    return set(asked)


def _listed(world: World, account: AdAccount, params: Mapping[str, str]) -> Callable[[Campaign], str | None]:
    """The status under which the platform lists a campaign; None when it does not. Deleted ones must be asked for."""
    asked = _statuses(params)

    def status(campaign: Campaign) -> str | None:
        shown = "DELETED" if world.is_deleted(campaign) else "ACTIVE"
        return shown if (shown in asked if asked else shown == "ACTIVE") and not world.is_hidden(campaign) else None

    return status


def _campaigns(world: World, account: AdAccount, params: Mapping[str, str]) -> list[Row]:
    status = _listed(world, account, params)
    return [{"id": one.campaign_id, "name": world.name(one), "account_id": account.account_id, "status": shown,
             "effective_status": shown, "objective": one.objective, "buying_type": "AUCTION",
             "start_time": f"{one.started}T00:00:00+0000"}
            for one in world.campaigns.get((PLATFORM, account.account_id), []) if (shown := status(one))]


def _ads(world: World, account: AdAccount, params: Mapping[str, str]) -> list[Row]:
    owner = (PLATFORM, account.account_id)
    status, campaigns = _listed(world, account, params), {one.campaign_id: one for one in world.campaigns[owner]}
    return [{"id": ad.ad_id, "name": ad.ad_name, "adset_id": ad.ad_group_id, "campaign_id": ad.campaign_id,
             "account_id": account.account_id, "status": shown, "effective_status": shown}
            for ad in world.ads.get(owner, []) if (shown := status(campaigns[ad.campaign_id]))]


def _leads(world: World, ad_id: str, params: Mapping[str, str]) -> list[Row]:
    bounds = {"GREATER_THAN": 0, "LESS_THAN": 2**40}
    for condition in json.loads(params.get("filtering") or "[]"):
        if condition.get("field") == "time_created":
            bounds[condition["operator"]] = int(condition["value"])
    return [{"id": one.touch_id, "created_time": f"{one.at:%Y-%m-%dT%H:%M:%S+0000}", "ad_id": one.ad_id,
             "adset_id": one.ad_group_id, "campaign_id": one.campaign_id, "form_id": f"9{one.ad_group_id}"}
            for one in sorted(world.company.touches, key=lambda one: one.at, reverse=True)
            if (one.platform, one.kind, one.ad_id) == (PLATFORM, "vendor_lead_id", ad_id) and one.at <= world.now
            and bounds["GREATER_THAN"] < one.at.timestamp() < bounds["LESS_THAN"]]


def _usage(path: str) -> dict[str, str]:
    found = re.search(r"act_(\d+)", path)
    use = {"type": "ads_insights", "call_count": 3, "total_cputime": 2, "total_time": 2,
           "estimated_time_to_regain_access": 0, "ads_api_access_tier": "standard_access"}
    return {"X-Business-Use-Case-Usage": json.dumps({found[1] if found else "0": [use]}),
            "X-App-Usage": json.dumps({"call_count": 3, "total_cputime": 2, "total_time": 2}),
            "X-FB-Ads-Insights-Throttle": json.dumps({"app_id_util_pct": 3.0, "acc_id_util_pct": 2.0,
                                                      "ads_api_access_tier": "standard_access"}),
            "facebook-api-version": VERSION}


def _error(status: int, code: int, message: str, **extra: Any) -> Refused:
    return Refused(status, {"error": {"message": message, "type": "OAuthException", "code": code} | extra | {
        "fbtrace_id": "ASandboxTrace0000000000"}})


def _bad_token(message: str, subcode: int | None) -> Refused:
    return _error(401 if subcode is None else 400, 190, message, **({"error_subcode": subcode} if subcode else {}))


def _forbidden() -> Refused:
    return _error(403, 200, "(#200) Ad account owner has NOT grant ads_management or ads_read permission")
