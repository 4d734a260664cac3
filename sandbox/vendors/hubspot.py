"""HubSpot CRM v3 and associations v4: list, search, batch read, history, properties, pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox import credentials
from sandbox.faults import Active
from sandbox.vendors.hubspot_rows import CRM, DEFAULTS, PROPERTIES, STAGES, TYPES, Record, iso, records
from sandbox.vendors.hubspot_search import search
from sandbox.wire import Memo, Options, Page, Refused, Reply, Request, Row, paginate
from sandbox.world import World

_CORRELATION = "5a9db0a1-0000-4000-8000-000000000000"
_LIMITS = {"X-HubSpot-RateLimit-Max": "190", "X-HubSpot-RateLimit-Remaining": "188",
           "X-HubSpot-RateLimit-Interval-Milliseconds": "10000", "X-HubSpot-RateLimit-Daily": "650000",
           "X-HubSpot-RateLimit-Daily-Remaining": "649000"}
_SCOPES = "This app hasn't been granted all required scopes to make this call."


class HubSpot:
    """One portal. Records are indexed once per clock value."""

    name = CRM

    def __init__(self, options: Options) -> None:
        self._options = options
        self._memo = Memo()

    def answer(self, request: Request, world: World, faults: Active) -> Reply:
        """Any endpoint; search answers lack the rate-limit headers."""
        if request.headers.get("authorization") != f"Bearer {credentials.HUBSPOT_TOKEN}":
            raise _refused(401, "INVALID_AUTHENTICATION", "Authentication credentials not found. This API supports "
                           "OAuth 2.0 authentication and you can find more details at "
                           "https://developers.hubspot.com/docs/methods/auth/oauth-overview")
        reply = self._route(request, world, faults)
        return reply if request.path.endswith("/search") else Reply(reply.status, reply.body, _LIMITS)

    def failure(self, kind: str, params: Mapping[str, Any]) -> Reply | None:
        """HubSpot's wording of a fault."""
        match kind:
            case "429_retry_after" | "429_bare" | "quota_in_body":
                policy = str(params.get("policy", "DAILY" if kind == "quota_in_body" else "TEN_SECONDLY_ROLLING"))
                return Reply(429, {"status": "error", "message": f"You have reached your {policy.lower()} limit.",
                                   "errorType": "RATE_LIMIT", "correlationId": _CORRELATION, "policyName": policy,
                                   "groupName": "privateapps:sandbox", "requestId": _CORRELATION})
            case "5xx_burst":
                return _refused(int(params.get("status", 502)), "INTERNAL_ERROR", "Internal error").reply
            case "expired_token":
                return _refused(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired "
                                "some seconds ago.").reply
            case "forbidden_account":
                return _refused(403, "MISSING_SCOPES", _SCOPES).reply
        return None

    def _route(self, request: Request, world: World, faults: Active) -> Reply:
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["crm", "v4", "associations", start, to, "batch", "read"] if start in PROPERTIES:
                return _links(request.json(), start, to, self._records(world)[start], iso(world.now))
            case _, ["crm", "v3", "objects", kind, *rest] if kind in PROPERTIES:
                return self._object(request, kind, rest, world, faults)
            case "GET", parts:
                return Reply(200, _about(parts, world))
        raise _refused(404, "OBJECT_NOT_FOUND", "resource not found")

    def _object(self, request: Request, kind: str, rest: list[str], world: World, faults: Active) -> Reply:
        found = self._records(world)[kind]
        match request.method, rest:
            case "GET", []:
                return self._list(request, kind, found, faults)
            case "POST", ["search"]:
                return self._search(request, kind, found, faults)
            case "POST", ["batch", "read"]:
                return _batch(request.json(), kind, found, iso(world.now), faults)
            case "GET", [record_id] if record_id in found:
                return self._one(request, kind, found[record_id], faults)
        raise _refused(404, "OBJECT_NOT_FOUND", "resource not found")

    def _records(self, world: World) -> dict[str, dict[str, Record]]:
        return self._memo.get(world, "records", lambda: records(world))

    def _one(self, request: Request, kind: str, record: Record, faults: Active) -> Reply:
        shown = [_shown(record, kind, request.many("properties"), request.many("propertiesWithHistory"),
                        request.many("associations"))]
        return Reply(200, (faults.rows(shown) or [{}])[0])

    def _list(self, request: Request, kind: str, found: Mapping[str, Record], faults: Active) -> Reply:
        history, most = request.many("propertiesWithHistory"), 50 if request.many("propertiesWithHistory") else 100
        limit = int(request.params.get("limit", 10))
        if limit > most:
            raise _invalid(f"Cannot request more than {most} objects in one request, but {limit} were requested.")
        archived = request.params.get("archived") == "true"
        properties, links = request.many("properties"), request.many("associations")
        page = paginate([one for one in found.values() if (one.archived_at is not None) == archived],
                        request.params.get("after"), limit, faults,
                        lambda one: _shown(one, kind, properties, history, links))
        return _paged(request, page, faults, {})

    def _search(self, request: Request, kind: str, found: Mapping[str, Record], faults: Active) -> Reply:
        body = request.json()
        limit, after = int(body.get("limit", 10)), str(body.get("after") or "0")
        if limit > 200:
            raise _invalid("limit must be less than or equal to 200")
        if int(after.split(".", maxsplit=1)[0]) + limit > self._options.hubspot_search_cap:
            raise _invalid(f"The maximum number of results that can be paged is {self._options.hubspot_search_cap}.")
        try:
            hits = search([one for one in found.values() if one.archived_at is None], body.get("filterGroups") or [],
                          body.get("sorts") or [])
        except (ValueError, KeyError, TypeError) as error:
            raise _invalid(f"Invalid input JSON: {error}") from None
        page = paginate(hits, after, limit, faults, lambda one: _shown(one, kind, body.get("properties") or [], [], []))
        return _paged(request, page, faults, {"total": page.total})


def _paged(request: Request, page: Page, faults: Active, extra: Row) -> Reply:
    answer: Row = extra | {"results": page.rows}
    if page.after is not None:
        link = request.url(after=page.after)
        if fault := faults.get("other_host_next"):
            link = link.replace(request.base_url, str(fault.params["url"]))
        answer["paging"] = {"next": {"after": page.after, "link": link}}
    return Reply(200, answer)


def _shown(one: Record, kind: str, properties: Sequence[str], history: Sequence[str], links: Sequence[str]) -> Row:
    """A record with the asked properties; unknown ones are left out, as HubSpot does."""
    asked = dict.fromkeys([*DEFAULTS[kind], *properties, *history] if properties or history else DEFAULTS[kind])
    row: Row = {"id": one.id, "properties": {name: one.properties.get(name) for name in asked
                                             if name in one.properties or name in PROPERTIES[kind]},
                "createdAt": iso(one.created), "updatedAt": iso(one.updated), "archived": one.archived_at is not None,
                "url": f"https://app.hubspot.com/contacts/62515/record/0-1/{one.id}"}
    if history:
        row["propertiesWithHistory"] = {name: one.history.get(name, []) for name in history}
    linked = {to: {"results": [{"id": other, "type": f"{TYPES[kind]}_to_{TYPES[to]}"} for other in one.links[to]]}
              for to in links if one.links.get(to)}
    row |= {"associations": linked} if linked else {}
    return row | ({"archivedAt": iso(one.archived_at)} if one.archived_at else {})


def _batch(body: Row, kind: str, found: Mapping[str, Record], now: str, faults: Active) -> Reply:
    ids = _inputs(body)
    history = body.get("propertiesWithHistory") or []
    rows = [_shown(found[one], kind, body.get("properties") or [], history, []) for one in ids
            if one in found and (found[one].archived_at is not None) == bool(body.get("archived"))]
    missing = sorted(set(ids) - {row["id"] for row in rows})
    errors = [{"status": "error", "category": "OBJECT_NOT_FOUND", "context": {"ids": missing}, "message":
               f"Could not get some {TYPES[kind].upper()} objects, they may be deleted or not exist."}]
    answer = {"status": "COMPLETE", "results": faults.rows(rows), "startedAt": now, "completedAt": now}
    return Reply(207, answer | {"numErrors": 1, "errors": errors}) if missing else Reply(200, answer)


def _links(body: Row, start: str, to: str, found: Mapping[str, Record], now: str) -> Reply:
    ids = _inputs(body)
    kinds = [{"category": "HUBSPOT_DEFINED", "typeId": 4 if to == "deals" else 3, "label": None}]
    linked = {one: found[one].links.get(to, []) for one in ids if one in found}
    results = [{"from": {"id": one}, "to": [{"toObjectId": int(other) if other.isdigit() else other,
                                             "associationTypes": kinds} for other in others]}
               for one, others in linked.items() if others]
    errors = [{"status": "error", "category": "OBJECT_NOT_FOUND",
               "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
               "message": f"No {TYPES.get(to, to)} is associated with {TYPES[start]} {one}.",
               "context": {"fromObjectId": [one]}} for one in ids if not linked.get(one)]
    answer = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    return Reply(207, answer | {"numErrors": len(errors), "errors": errors}) if errors else Reply(200, answer)


def _inputs(body: Row) -> list[str]:
    ids = [str(one["id"]) for one in body.get("inputs") or []]
    if not 0 < len(ids) <= 100:
        raise _invalid("Batch requests take 1 to 100 inputs.")
    return ids


def _about(parts: list[str], world: World) -> Row:
    """What the portal says of itself: its details, its properties, its pipeline."""
    match parts:
        case ["account-info", "v3", "details"]:
            return {"portalId": 62515, "accountType": "STANDARD", "timeZone": world.company.business_zone,
                    "companyCurrency": world.company.reporting_currency, "additionalCurrencies": ["USD"],
                    "utcOffset": "+07:00", "utcOffsetMilliseconds": 25_200_000, "uiDomain": "app.hubspot.com",
                    "dataHostingLocation": "na1"}
        case ["crm", "v3", "properties", kind] if kind in PROPERTIES:
            return {"results": [_property(kind, name) for name in PROPERTIES[kind]]}
        case ["crm", "v3", "pipelines", "deals"]:
            return {"results": [_pipeline(iso(world.company.nights[0]))]}
    raise _refused(404, "OBJECT_NOT_FOUND", "resource not found")


def _property(kind: str, name: str) -> Row:
    dated = name.endswith("date") or name == "hs_timestamp"
    return {"name": name, "label": name, "type": "datetime" if dated else "string", "groupName": f"{kind}information",
            "fieldType": "date" if dated else "text", "description": "", "options": [], "hubspotDefined": True}


def _pipeline(at: str) -> Row:
    odds = {"closedwon": "1.0", "closedlost": "0.0"}
    stages = [{"id": stage, "label": label, "displayOrder": place, "archived": False, "createdAt": at, "updatedAt": at,
               "metadata": {"isClosed": str(stage.startswith("closed")).lower(),
                            "probability": odds.get(stage, "0.5")}}
              for place, (stage, label) in enumerate(STAGES.items())]
    return {"id": "default", "label": "Sales Pipeline", "displayOrder": 0, "archived": False, "createdAt": at,
            "updatedAt": at, "stages": stages}


def _invalid(message: str) -> Refused:
    return _refused(400, "VALIDATION_ERROR", message)


def _refused(status: int, category: str, message: str) -> Refused:
    return Refused(status, {"status": "error", "message": message, "correlationId": _CORRELATION,
                            "category": category})
