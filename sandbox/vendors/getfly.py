"""Getfly CRM v6.1: accounts (list and sync), sale orders, users. Times are local and bear no zone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from sandbox import credentials
from sandbox.answers import PROPERTIES
from sandbox.faults import Active
from sandbox.model import Deal, Lead
from sandbox.view import deal_updated_at
from sandbox.wire import Memo, Options, Refused, Reply, Request, Row, paginate
from sandbox.world import World, is_won

CRM = "getfly"
RELATION = "relation_name"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NEVER = "0000-00-00 00:00:00"
ROWS_AT_MOST = 100
_FILTER = re.compile(r"^filtering\[(\w+)(?::(\w+))?\]$")
_UTM = tuple(f"utm_{name}" for name in ("source", "medium", "campaign", "content", "term"))


class Getfly:
    """One tenant. There is no history: an account shows its current relation only."""

    name = CRM

    def __init__(self, options: Options) -> None:
        self._options = options
        self._memo = Memo()

    def answer(self, request: Request, world: World, faults: Active) -> Reply:
        """The four endpoints; errors are a code and a message."""
        if request.headers.get("x-api-key") != credentials.GETFLY_KEY:
            raise _refused(401, "API key is invalid")
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["api", "v6.1", "accounts"]:
                return _listed(request, self._memo.get(world, "accounts", lambda: _accounts(world)), faults)
            case "GET", ["api", "v6.1", "accounts", "sync"]:
                return self._sync(request, self._memo.get(world, "accounts", lambda: _accounts(world)), faults)
            case "GET", ["api", "v6.1", "sale_orders"]:
                return _listed(request, [_order(world, one) for one in _orders(world)], faults)
            case "GET", ["api", "v6.1", "users"]:
                return _listed(request, _users(world), faults)
        raise _refused(404, "Not found")

    def failure(self, kind: str, params: Mapping[str, Any]) -> Reply | None:
        """Getfly documents no error codes: the status tells."""
        status = {"429_retry_after": 429, "429_bare": 429, "quota_in_body": 429, "expired_token": 401,
                  "forbidden_account": 403, "5xx_burst": int(params.get("status", 500))}.get(kind)
        return _refused(status, "Request refused").reply if status else None

    def _sync(self, request: Request, rows: list[Row], faults: Active) -> Reply:
        since = datetime.fromtimestamp(int(request.params.get("filtering[last_sync]", 0)), UTC)
        changed = [row for row in rows if row["updated_at"] >= local(since)]
        if not self._options.getfly_sync_bare_array:
            return _listed(request, changed, faults)
        texts = [{name: str(value) if isinstance(value, int) else value for name, value in row.items()}
                 for row in faults.rows(_selected(request, changed))]
        return Reply(200, texts)


def local(instant: datetime | None) -> str:
    """An instant as Getfly writes it; zeros when there is none."""
    return f"{instant.astimezone(ZONE):%Y-%m-%d %H:%M:%S}" if instant else NEVER


def _listed(request: Request, rows: list[Row], faults: Active) -> Reply:
    """A page by limit and offset. A repeated page shifts all that follow, as rows do that are inserted in between."""
    params = request.params
    limit, offset = min(int(params.get("limit", 20)), ROWS_AT_MOST), int(params.get("offset", 0))
    rows = _selected(request, _sorted(params, [row for row in rows if _kept(params, row)]))
    if faults.get("cursor_loop"):
        offset = offset % (limit * 2) if len(rows) > limit else 0
        page = paginate(rows, str(offset), limit, faults)
        return Reply(200, {"data": page.rows, "has_more": True, "offset": offset, "limited": limit})
    if fault := faults.get("duplicated_page"):
        offset = max(offset - int(fault.params.get("shift", limit)), 0)
    page = paginate(rows, str(offset), limit, faults)
    return Reply(200, {"data": page.rows, "has_more": offset + limit < page.total, "offset": offset, "limited": limit})


def _kept(params: Mapping[str, str], row: Row) -> bool:
    return all(_holds(row.get(hit[1]), hit[2] or "eq", text) for name, text in params.items()
               if (hit := _FILTER.match(name)) and hit[1] != "last_sync")


_HOLDS: dict[str, Callable[[Any, list[Any]], bool]] = {
    "eq": lambda found, wanted: found == wanted[0], "contains": lambda found, wanted: str(wanted[0]) in str(found),
    "in": lambda found, wanted: found in wanted, "not_in": lambda found, wanted: found not in wanted,
    "gte": lambda found, wanted: bool(found >= wanted[0]), "lte": lambda found, wanted: bool(found <= wanted[0]),
    "between": lambda found, wanted: bool(wanted[0] <= found <= wanted[-1]),
}


def _holds(value: Any, operator: str, text: str) -> bool:
    """Lists are joined by commas; a number is compared with numbers."""
    if operator not in _HOLDS:
        raise _refused(400, f"Filter operator {operator} is not supported")
    wanted = text.split(",") if operator in ("in", "not_in", "between") else [text]
    return _HOLDS[operator](value, [_id(one) for one in wanted] if isinstance(value, int) else wanted)


def _sorted(params: Mapping[str, str], rows: list[Row]) -> list[Row]:
    """By id unless `sort` names a field, falling with a leading minus."""
    name = params.get("sort", "id")
    return sorted(rows, key=lambda row: (row.get(name.lstrip("-+")), row["id"]), reverse=name.startswith("-"))


def _selected(request: Request, rows: list[Row]) -> list[Row]:
    asked = request.many("fields")
    return [{name: value for name, value in row.items() if name in asked or name == "id"} for row in rows] \
        if asked else rows


def _accounts(world: World) -> list[Row]:
    revenue: Counter[str | None] = Counter()
    for deal in _orders(world):
        revenue[deal.lead_id] += int(deal.amount) if is_won(deal) else 0
    relations = sorted({one.value for lead in world.company.leads for one in lead.statuses if one.field == RELATION})
    numbers = {name: number for number, name in enumerate(relations, start=1)}
    return [_account(world, one, numbers, revenue[one.lead_id])
            for one in world.leads[CRM].values() if one.archived_at is None]


def _orders(world: World) -> list[Deal]:
    """The orders there are: of a deleted one nothing is told any more."""
    return [one for one in world.deals[CRM].values() if one.archived_at is None]


def _account(world: World, lead: Lead, numbers: Mapping[str, int], revenue: int) -> Row:
    query = {name: values[-1] for name, values in parse_qs(urlsplit(lead.url or "").query).items()}
    relation = next((one.value for one in reversed(lead.statuses) if one.field == RELATION), "")
    custom = {name: query.get(name, "") for name in (*_UTM, "gclid", "fbclid")} | {
        "fb_lead_id": lead.vendor_lead_id or "", "landing_url": lead.url or "", "campaign_code":
        lead.crm_campaign or "", "origin_declared": lead.declared_origin or "", "form_id": lead.form_id or ""}
    custom |= dict.fromkeys(PROPERTIES[CRM].values(), "") | {PROPERTIES[CRM][one.field]: one.value
                                                             for one in lead.answers}
    return {
        "id": _id(lead.lead_id), "account_code": f"KH{lead.lead_id}", "account_name": lead.name,
        "email": lead.email or "", "phone_office": lead.phone or "", "account_manager": _id(lead.owner_id),
        "account_source": [_id(lead.recorded_source)] if lead.recorded_source else [],
        "relation_id": numbers.get(relation, 0), "relation_name": relation,
        "created_at": local(lead.created), "updated_at": local(world.updated_at[CRM, lead.lead_id]),
        "last_contact_at": local(max((one.at for one in lead.calls), default=None)), "total_revenue": revenue,
        "detail_custom_fields": custom,
    }


def _order(world: World, deal: Deal) -> Row:
    status = int(next((one.value for one in reversed(deal.stage_changes) if one.field == "status"), "1"))
    amount, discount = f"{deal.amount:f}", "" if deal.hides_discount else f"{deal.discount:f}"
    paid = f"{deal.amount - deal.unpaid:f}" if status == 2 else "0"
    return {
        "id": _id(deal.deal_id), "order_code": f"DH{deal.deal_id}", "real_amount": amount, "amount":
        f"{deal.list_amount:f}", "f_amount": paid, "discount_amount": discount,
        "vat_amount": "0", "account_id": _id(deal.lead_id) if deal.lead_id else 0, "order_date":
        local(deal.won_at or deal.created), "created_at": local(deal.created), "updated_at":
        local(deal_updated_at(deal, world.now)), "status": status, "assigned_user": _id(deal.owner_id),
        "custom_fields": {"campaign_code": deal.crm_campaign or "", "lost_reason": deal.lost_reason or "",
                          "returned_amount": "" if deal.returned is None else f"{deal.returned:f}",
                          "gross_margin": "" if deal.margin is None else f"{deal.margin:f}"},
        "order_details": [{"product_code": "NT01", "quantity": 1, "price": f"{deal.list_amount:f}", "amount": amount}],
    }


def _users(world: World) -> list[Row]:
    owners = {one.owner_id for one in world.leads[CRM].values()} | {one.owner_id for one in world.deals[CRM].values()}
    return [{"id": _id(one), "user_name": f"user{one}", "contact_name": f"User {one}"} for one in sorted(owners)]


def _id(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _refused(status: int, message: str) -> Refused:
    return Refused(status, {"code": status, "message": message})
