"""Google Ads REST v26 with its OAuth token endpoint."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import count
from typing import Any

from sandbox import credentials
from sandbox.faults import Active
from sandbox.model import AdAccount
from sandbox.vendors import google_errors as errors
from sandbox.vendors.google_query import Query, parse
from sandbox.vendors.google_rows import FIELDS, KNOWN, PLATFORM, click_rows, client_rows, report_rows
from sandbox.wire import Memo, Options, Refused, Reply, Request, Row, batches, opened, paginate, sealed
from sandbox.world import World

CLICK_VIEW_DAYS = 90
_ROUTE = re.compile(r"^/(?P<version>v\d+)/customers(?:/(?P<id>[^/:]+)/googleAds)?:(?P<verb>\w+)$")


class GoogleAds:
    """Access tokens are issued for a refresh token and live for `options.google_token_requests` requests."""

    name = PLATFORM

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._serial = count(1)
        self._memo = Memo()
        self._tokens: dict[str, int] = {}

    def answer(self, request: Request, world: World, faults: Active) -> Reply:
        """Token endpoint, account list, search and searchStream; the stream wraps its errors in an array."""
        if request.path == "/token":
            return self._grant(request)
        route = _ROUTE.match(request.path)
        if route is None:
            return errors.plain(404)
        try:
            return self._call(request, world, faults, route)
        except Refused as refused:
            if route["verb"] != "searchStream":
                raise
            raise Refused(refused.reply.status, [refused.reply.body], refused.reply.headers) from None

    def failure(self, kind: str, params: Mapping[str, Any]) -> Reply | None:
        """Google's wording of a fault. An expired token stays expired until the client refreshes it."""
        match kind:
            case "429_retry_after" | "429_bare":
                return errors.failure(429, "quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED",
                                      "Too many requests. Retry in 5 seconds.")
            case "quota_in_body":
                return errors.failure(429, "quotaError", str(params.get("code", "RESOURCE_EXHAUSTED")),
                                      "Too many requests. Retry in 43200 seconds.")
            case "5xx_burst":
                return errors.plain(int(params.get("status", 503)))
            case "forbidden_account":
                refused = _denied(str(params.get("code", "USER_PERMISSION_DENIED")))
                return refused.reply
            case "expired_token":
                with self._lock:
                    self._tokens.clear()
                return errors.plain(401)
        return None

    def _grant(self, request: Request) -> Reply:
        form = request.params
        if (form.get("client_id"), form.get("client_secret")) != (credentials.CLIENT_ID, credentials.CLIENT_SECRET):
            return Reply(401, {"error": "invalid_client", "error_description": "The OAuth client was not found."})
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != credentials.REFRESH_TOKEN:
            return Reply(400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
        token = f"ya29.sandbox-{next(self._serial):06d}"
        with self._lock:
            self._tokens[token] = self._options.google_token_requests
        return Reply(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer",
                           "scope": "https://www.googleapis.com/auth/adwords"})

    def _call(self, request: Request, world: World, faults: Active, route: re.Match[str]) -> Reply:
        self._authenticate(request)
        if route["version"] != errors.VERSION:
            raise errors.bad_request("UNSUPPORTED_VERSION", f"Version {route['version']} is deprecated. Requests to "
                                     "this version will be blocked.")
        if route["id"] is None:
            return _accessible(world)
        if route["verb"] not in ("search", "searchStream"):
            return errors.plain(404)
        if faults.get("expired_page_token"):
            raise errors.bad_request("EXPIRED_PAGE_TOKEN", "The page token has expired.")
        query = _checked(parse(str(request.json().get("query", ""))))
        customer_id, login = route["id"], request.headers.get("login-customer-id", "")
        rows = self._memo.get(world, (customer_id, login, query), lambda: [
            _nest(row, query, customer_id) for row in _rows(world, customer_id, login, query)])
        mask = ",".join(_camel(name) for name in query.fields)
        if route["verb"] == "searchStream":
            return _stream(faults.rows(rows), mask, self._options.google_chunk_rows, faults)
        return _search(request, rows, mask, self._options.google_page_rows, faults)

    def _authenticate(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        with self._lock:
            left = self._tokens.get(token, 0)
            self._tokens[token] = left - 1
        if left <= 0:
            raise errors.refuse(errors.plain(401))
        developer = request.headers.get("developer-token")
        if not developer:
            raise errors.refuse(errors.failure(400, "authenticationError", "DEVELOPER_TOKEN_PARAMETER_MISSING",
                                               "Developer token is missing."))
        if developer != credentials.DEVELOPER_TOKEN:
            raise errors.refuse(errors.failure(401, "authenticationError", "DEVELOPER_TOKEN_INVALID",
                                               "The developer token is not valid."))


def _accessible(world: World) -> Reply:
    """Managers, and the accounts that are reached without one."""
    ids = dict.fromkeys(one.manager_id or one.account_id for one in world.accounts(PLATFORM))
    return Reply(200, {"resourceNames": [f"customers/{one}" for one in ids]})


def _rows(world: World, customer_id: str, login: str, query: Query) -> list[Row]:
    account = world.account(PLATFORM, customer_id)
    managers = {one.manager_id for one in world.accounts(PLATFORM) if one.manager_id}
    if account is None and customer_id not in managers:
        raise errors.refuse(errors.failure(401, "authenticationError", "CUSTOMER_NOT_FOUND",
                                           "No customer found for the provided customer id."))
    if account is not None:
        _permit(account, login)
    if query.resource == "customer_client":
        return query.apply(client_rows(world, customer_id))
    if account is None:
        if query.resource == "customer" and not any(name.startswith("metrics.") for name in query.named):
            return query.apply([{"customer.id": customer_id, "customer.manager": True}])
        raise errors.bad_query("REQUESTED_METRICS_FOR_MANAGER",
                               "Metrics cannot be requested for a manager account. To retrieve metrics, issue separate "
                               "requests against each client account under the manager account.")
    if query.resource == "click_view":
        return query.apply(click_rows(world, account, _single_day(query, world)))
    return query.apply(report_rows(world, account, query))


def _permit(account: AdAccount, login: str) -> None:
    if account.status not in ("ENABLED", "FORBIDDEN"):
        raise _denied("CUSTOMER_NOT_ENABLED")
    if account.status == "FORBIDDEN" or login not in (account.manager_id, account.account_id, *[""] * (
            not account.manager_id)):
        raise _denied("USER_PERMISSION_DENIED")


def _denied(name: str) -> Refused:
    if name == "CUSTOMER_NOT_ENABLED":
        return errors.denied(name, "The customer account can't be accessed because it is not yet enabled or has been "
                                   "deactivated.")
    return errors.denied(name, "User doesn't have permission to access customer. Note: If you're accessing a client "
                               "customer, the manager's customer id must be set in the 'login-customer-id' header.")


def _single_day(query: Query, world: World) -> date:
    first, last = query.days()
    if first != last:
        raise errors.bad_query("EXPECTED_FILTERS_ON_CLICK_VIEW",
                               "Queries including ClickView must have a filter limiting the results to one day.")
    day = date.fromisoformat(first)
    if day < world.now.date() - timedelta(days=CLICK_VIEW_DAYS):
        raise errors.refuse(errors.failure(400, "dateError", "EARLIER_THAN_MINIMUM_DATE",
                                           "Date is before allowed minimum."))
    return day


def _checked(query: Query) -> Query:
    if query.resource not in FIELDS:
        raise errors.bad_query("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE",
                               f"Error in FROM clause: '{query.resource}' is not a valid resource name.")
    for name in sorted(query.named - FIELDS[query.resource]):
        if name not in KNOWN:
            raise errors.bad_query("UNRECOGNIZED_FIELD", f"Unrecognized field in the query: '{name}'.")
        kind = "METRIC" if name.startswith("metrics.") else "RESOURCE_TYPE"
        raise errors.bad_query(f"PROHIBITED_{kind}_IN_SELECT_OR_WHERE_CLAUSE",
                               f"Cannot select or filter on '{name}' with resource '{query.resource}'.")
    return query


def _search(request: Request, rows: list[Row], mask: str, size: int, faults: Active) -> Reply:
    body = request.json()
    if "pageSize" in body:
        raise errors.bad_request("PAGE_SIZE_NOT_SUPPORTED", "Setting the page size is not supported. Search Responses "
                                 "will have fixed page size of '10000' rows.")
    page = paginate(rows, _opened(body.get("pageToken")), size, faults)
    answer: Row = {"results": page.rows} if page.rows else {}
    if page.after is not None:
        answer["nextPageToken"] = sealed(page.after)
    if (body.get("searchSettings") or {}).get("returnTotalResultsCount"):
        answer["totalResultsCount"] = str(page.total)
    return Reply(200, answer | {"fieldMask": mask, "queryResourceConsumption": str(100 + len(page.rows))})


def _opened(token: str | None) -> str | None:
    try:
        return opened(token)
    except ValueError:
        raise errors.bad_request("INVALID_PAGE_TOKEN", "Page token is invalid.") from None


def _stream(rows: list[Row], mask: str, size: int, faults: Active) -> Reply:
    chunks = [({"results": list(chunk)} if chunk else {}) | {
        "fieldMask": mask, "requestId": "SandboxRequestId000000"} for chunk in batches(rows, size)]
    if faults.get("duplicated_page"):
        chunks.insert(0, chunks[0])
    chunks[-1]["queryResourceConsumption"] = str(100 + len(rows))
    return Reply(200, chunks)


_NAMES = {"customer": "customers/{customer.id}", "campaign": "customers/{customer.id}/campaigns/{campaign.id}",
          "ad_group": "customers/{customer.id}/adGroups/{ad_group.id}",
          "ad_group_ad": "customers/{customer.id}/adGroupAds/{ad_group.id}~{ad_group_ad.ad.id}",
          "customer_client": "customers/{customer.id}/customerClients/{customer_client.id}"}


def _nest(flat: Row, query: Query, customer_id: str) -> Row:
    """The selected fields as nested objects in camelCase, each resource with its name; what is not set is absent."""
    nested: Row = {}
    for name in query.fields:
        *path, leaf = _camel(name).split(".")
        if flat.get(name) is None:
            continue
        inner = nested
        for part in path:
            inner = inner.setdefault(part, {})
        inner[leaf] = flat[name]
    for resource, pattern in _NAMES.items():
        if _camel(resource) in nested:
            text = re.sub(r"\{([\w.]+)\}", lambda hit: str(flat.get(hit[1]) or customer_id), pattern)
            nested[_camel(resource)]["resourceName"] = text
    return nested


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda hit: hit[1].upper(), name)
