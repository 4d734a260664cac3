"""Meta Marketing API v26.0: ad accounts, insights (sync or as a report run), campaigns, ad sets, ads, form leads."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from itertools import count
from typing import Any

from sandbox import credentials
from sandbox.faults import Active
from sandbox.model import AdAccount
from sandbox.vendors.meta_errors import VERSION, bad_token, error, forbidden, usage
from sandbox.vendors.meta_objects import account_rows, ad_rows, campaign_rows, lead_rows, set_rows
from sandbox.vendors.meta_rows import FIELDS, LEVELS, PLATFORM, field_names, insight_rows
from sandbox.wire import Memo, Options, Refused, Reply, Request, Row, opened, paginate, sealed
from sandbox.world import World

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
        self._memo = Memo()
        self._runs: dict[str, tuple[str, dict[str, str], list[int]]] = {}

    def answer(self, request: Request, world: World, faults: Active) -> Reply:
        """Any edge, with the usage headers that every answer carries."""
        try:
            body = self._route(request, world, faults)
        except Refused as refused:
            raise Refused(refused.reply.status, refused.reply.body, usage(request.path)) from None
        return Reply(200, body, usage(request.path))

    def failure(self, kind: str, params: Mapping[str, Any]) -> Reply | None:
        """Meta's wording of a fault: throttling comes with status 400 and its own codes."""
        match kind:
            case "429_retry_after" | "429_bare" | "quota_in_body":
                code = int(params.get("code", 17 if kind == "quota_in_body" else 80004))
                return error(int(params.get("status", 400)), code, f"(#{code}) {_THROTTLED.get(code, 'Throttled')}",
                              error_subcode=2446079).reply
            case "5xx_burst":
                return error(int(params.get("status", 503)), 2, "Service temporarily unavailable",
                              is_transient=True).reply
            case "expired_token":
                return bad_token("Error validating access token: Session has expired.", 463).reply
            case "forbidden_account":
                return forbidden().reply
        return None

    def _route(self, request: Request, world: World, faults: Active) -> Row:
        _, version, *parts = request.path.rstrip("/").split("/")
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or request.params.get("access_token")
        if token != credentials.META_TOKEN:
            raise bad_token("Invalid OAuth access token - Cannot parse access token", None)
        if version != VERSION:
            raise error(400, 2635, f"(#2635) You are calling a deprecated version of the Ads API. Please update to "
                         f"the latest version: {VERSION}.")
        match parts:
            case ["me", "adaccounts"]:
                return self._list(request, faults, account_rows(world))
            case [node] if node in self._runs:
                return self._poll(node, faults)
            case [node, "insights"] if node in self._runs:
                return self._run_rows(node, request, world, faults)
            case [node, edge] if node.startswith("act_"):
                return self._account_edge(request, world, faults, _account(world, node), edge)
            case [node, "leads"]:
                return self._list(request, faults, lead_rows(world, node, request.params), "created_time")
        raise error(400, 100, f"Unsupported {request.method.lower()} request. Object with ID '{parts[0]}' does not "
                     "exist, cannot be loaded due to missing permissions, or does not support this operation.",
                     error_subcode=33)

    def _account_edge(self, request: Request, world: World, faults: Active, account: AdAccount, edge: str) -> Row:
        match edge:
            case "insights" if request.method == "POST":
                return self._start(request, account)
            case "insights":
                rows = self._insights(world, account, _checked(request.params))
                if faults.get("reduce_data") or len(rows) > self._options.meta_sync_rows:
                    raise error(500, 1, REDUCE)
                return self._page(request, faults, rows)
            case "campaigns":
                return self._list(request, faults, campaign_rows(world, account, request.params))
            case "adsets":
                return self._list(request, faults, set_rows(world, account, request.params))
            case "ads":
                return self._list(request, faults, ad_rows(world, account, request.params))
        raise error(400, 100, f"(#100) Tried accessing nonexisting field ({edge}) on node type (AdAccount)")

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
            raise error(400, 2637, "(#2637) Insights data is not yet available. Please try again.", is_transient=True)
        account = _account(world, f"act_{account_id}")
        return self._page(request, faults, self._insights(world, account, params))

    def _insights(self, world: World, account: AdAccount, params: dict[str, str]) -> list[Row]:
        asked = {name: value for name, value in params.items() if name not in ("after", "limit", "access_token")}
        key = (account.account_id, *sorted(asked.items()))
        return self._memo.get(world, key, lambda: insight_rows(world, account, asked))

    def _list(self, request: Request, faults: Active, rows: list[Row], *always: str) -> Row:
        """Objects show their id and the fields asked for."""
        names = {"id", *always, *field_names(request.params)}
        shown = [{name: value for name, value in row.items() if name in names} for row in rows]
        return self._page(request, faults, shown)

    def _page(self, request: Request, faults: Active, rows: list[Row]) -> Row:
        limit = int(request.params.get("limit", 25))
        after = request.params.get("after")
        page = paginate(rows, _opened(after), limit, faults)
        answer: Row = {"data": page.rows}
        if page.rows:
            last = page.after or str(page.total)
            answer["paging"] = {"cursors": {"before": sealed(_opened(after) or "0"), "after": sealed(last)}}
        if page.after is not None:
            url = request.url(after=sealed(page.after), access_token=credentials.META_TOKEN)
            if fault := faults.get("other_host_next"):
                url = url.replace(request.base_url, str(fault.params["url"]))
            answer["paging"]["next"] = url
        return answer


def _opened(after: str | None) -> str | None:
    try:
        return opened(after)
    except ValueError:
        raise error(400, 100, "(#100) Invalid cursors values") from None


def _checked(params: dict[str, str]) -> dict[str, str]:
    if params.get("level", "account") not in LEVELS:
        raise error(400, 100, f"(#100) level must be one of the following values: {', '.join(LEVELS)}")
    for name in field_names(params):
        if name not in FIELDS:
            raise error(400, 100, f"(#100) {name} is not valid for fields param. please check "
                         "https://developers.facebook.com/docs/marketing-api/reference/ads-insights/ for all valid "
                         "values")
    return params


def _account(world: World, node: str) -> AdAccount:
    account = world.account(PLATFORM, node.removeprefix("act_"))
    if account is None or account.status == "FORBIDDEN":
        raise forbidden()
    return account
