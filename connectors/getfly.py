"""Getfly CRM: accounts, which are leads, and sale orders.

Getfly keeps no history of a relation, so every change that a night sees becomes a version of our own, marked as
inferred. Nor does it tell of deletions: both lists are read whole each night, ids only, and what they lack is gone.
Local times come without an offset and belong to the tenant's zone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from connectors import getfly_map as mapping
from connectors.base import Account, Limits, Mapped, Output, RawPage, Slice, Stream, StreamKind
from connectors.base import LoadMode as Mode
from connectors.credentials import limits, secret
from connectors.crm import mapped, portrait_properties
from connectors.getfly_wire import classify, listing
from connectors.http import Http
from connectors.pagers import CursorExpired, Page, walk
from connectors.people import Hasher
from crosscheck.canonical import CONTACT, DEAL, DEAL_KEY, DEAL_WIN, LEAD, LEAD_KEY, LEAD_STATUS, PORTRAIT_ANSWER
from crosscheck.errors import ConfigError
from crosscheck.settings import Settings, Source

LIMIT = 100
ACCOUNTS = Stream("accounts", StreamKind.INCREMENTAL, "One vendor row per account that is new or was edited.", (
    Output(LEAD, Mode.UPSERT),
    Output(LEAD_STATUS, Mode.HISTORY, ("source", "lead_id", "status_field")),
    Output(PORTRAIT_ANSWER, Mode.CHILDREN, ("source", "lead_id")),
    Output(CONTACT, Mode.UPSERT)))
ORDERS = Stream("sale_orders", StreamKind.INCREMENTAL, "One vendor row per sale order that is new or was edited.",
                (Output(DEAL, Mode.UPSERT), Output(DEAL_WIN, Mode.HISTORY, ("source", "deal_id"))),
                empty_is_normal=True)
ACCOUNT_KEYS = Stream("account_keys", StreamKind.SNAPSHOT, "One vendor row per account that there is, its id only.",
                      (Output(LEAD_KEY, Mode.SNAPSHOT),), sweeps=ACCOUNTS)
ORDER_KEYS = Stream("order_keys", StreamKind.SNAPSHOT, "One vendor row per sale order that there is, its id only.",
                    (Output(DEAL_KEY, Mode.SNAPSHOT),), empty_is_normal=True, sweeps=ORDERS)
_KEYS = {"account_keys": "/api/v6.1/accounts", "order_keys": "/api/v6.1/sale_orders"}


class Getfly:
    """One tenant, which is one account. Options: base_url (https://TENANT.getflycrm.com), time_zone."""

    name = "getfly"
    streams = (ACCOUNTS, ORDERS, ACCOUNT_KEYS, ORDER_KEYS)
    limits = Limits(concurrent=2, per_second=5)  # no limit is documented: be a polite guest

    def __init__(self, source: Source, settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        if "base_url" not in source.options:
            raise ConfigError(f"source {source.name}: base_url is not configured",
                              fix='[sources.options] base_url = "https://TENANT.getflycrm.com"')
        self._asked = portrait_properties(source, settings)
        accounts = replace(ACCOUNTS, asks=self._asked)
        self.streams = (accounts, ORDERS, replace(ACCOUNT_KEYS, sweeps=accounts), ORDER_KEYS)
        self._source, self._base = source, str(source.options["base_url"])
        self._zone = str(source.options.get("time_zone", settings.project.time_zone))
        self._hasher = Hasher(settings.secret(settings.privacy_key))
        self._key = secret(source, "api_key")
        self._http = Http(self._base, limits=limits(source, self.limits), classify=classify, sleep=sleep,
                          headers=lambda: {"x-api-key": self._key}, refresh=self._reread)

    def _reread(self) -> None:
        self._key = secret(self._source, "api_key")

    def accounts(self) -> list[Account]:
        """The key's tenant, after one request that proves the key. Raises ConfigError when it is refused."""
        self._http.get("/api/v6.1/accounts", {"fields": "id", "limit": 1, "offset": 0})
        host = urlsplit(self._base).hostname or ""
        return [Account(host, self._zone, host.partition(".")[0], "VND")]

    def pages(self, job: Slice) -> Iterator[RawPage]:
        """Pages by offset in order of id, each an unchanged answer. Raises `crosscheck.errors` only."""
        fetch = partial(self._page, job, set()) if job.stream.sweeps is None else partial(self._key_page, job, [])
        return (each for each in walk(fetch) if each.rows)

    def _page(self, job: Slice, seen: set[bytes], cursor: str | None) -> Page:
        """The page at an offset, asked for once more when it is another one or one we had.

        If it stays, rows were added before the offset while we read: some come twice, none is lost.
        """
        offset = int(cursor or 0)
        body = self._ask(job, offset)
        found = listing(body)
        if found.offset not in (None, offset) or (found.records and found.mark in seen):
            body = self._ask(job, offset)
            found = listing(body)
        seen.add(found.mark)
        rows = len(found.records)
        return Page(RawPage(body, rows), str(offset + rows) if found.has_more(LIMIT) else None, found.mark)

    def _key_page(self, job: Slice, last: list[dict[str, Any]], cursor: str | None) -> Page:
        """The keys at an offset. Each page ends with the key that the next one must begin with.

        A record deleted before the offset while we read moves the others ahead, and the one that thereby slips past
        us would be taken for deleted, too. Then `last` is not where it was, and the list is read anew.
        """
        offset = int(cursor or 0)
        body = self._ask(job, offset)
        found = listing(body)
        if last and found.records[:1] != last:
            raise CursorExpired("records were deleted while their keys were read",
                                fix="nothing: the next run reads them again")
        last[:] = found.records[-1:]
        ahead = int(found.has_more(LIMIT))
        rows = len(found.records) - ahead
        return Page(RawPage(body, rows), str(offset + rows) if ahead else None, found.mark)

    def _ask(self, job: Slice, offset: int) -> bytes:
        path, params = self._request(job)
        return self._http.get(path, params | {"sort": "id", "limit": LIMIT, "offset": offset}).body

    def map(self, job: Slice, page: RawPage) -> Mapped:
        """Pure; see `getfly_map`."""
        found = listing(page.body).records
        zone = ZoneInfo(job.account.time_zone)
        if job.stream.name in _KEYS:
            found, to_rows = found[:page.rows], partial(mapping.key_rows, job)
        elif job.stream.name == "accounts":
            to_rows = partial(mapping.account_rows, job, self._hasher, zone, self._asked)
        else:
            to_rows = partial(mapping.order_rows, job, zone)
        return mapped(job.stream, found, to_rows, mapping.drift(job.stream.name, found, self._asked))

    def _request(self, job: Slice) -> tuple[str, dict[str, Any]]:
        fields = ",".join(mapping.FIELDS[job.stream.name])
        if job.stream.name in _KEYS:
            return _KEYS[job.stream.name], {"fields": fields}
        since = None if job.since is None else job.since - job.stream.overlap
        if job.stream.name == "accounts":
            stamp = 0 if since is None else int(since.timestamp())
            return "/api/v6.1/accounts/sync", {"filtering[last_sync]": stamp, "fields": fields}
        params = {"fields": fields}
        if since is not None:
            local = since.astimezone(ZoneInfo(job.account.time_zone))
            params["filtering[updated_at:gte]"] = f"{local:%Y-%m-%d %H:%M:%S}"
        return "/api/v6.1/sale_orders", params

