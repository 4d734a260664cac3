"""Meta Marketing API: reports by day, asked for at once or as a report run, and lead forms.

A window that is short is asked for directly; a long one, or one that Meta finds too large, becomes a report run; a
run that is still too large is split into weeks, then days.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from datetime import time as day_time
from zoneinfo import ZoneInfo

import msgspec

from connectors import wire
from connectors.base import Account, Limits, Mapped, RawPage, Slice, Stream
from connectors.credentials import limits, secret
from connectors.http import Answer, Http
from connectors.meta_ads_errors import classify, meaning, pressure
from connectors.meta_ads_map import attribution, map_page
from connectors.meta_ads_streams import FIELDS, HISTORY_DAYS, LEVELS, STREAMS, list_params, report_params
from connectors.pagers import Page, walk
from connectors.retry import Policy, Sleeper
from connectors.versions import PINNED
from crosscheck.errors import BrokenAnswer, ConfigError, DataError, Skippable, TryAgain, TrySmaller
from crosscheck.settings import Settings, Source
from crosscheck.windows import Window, last_full_day

BASE_URL = "https://graph.facebook.com"
CLOSED = "101"  # Meta's account_status; a disabled account (2) still shows its past
SYNC_DAYS = 7
SPLITS = (7, 1)
PAGE_SIZES = (500, 100, 50, 25)
FIRST_POLL, LONGEST_POLL, LONGEST_RUN = 0.1, 30.0, 3600.0
RUN_STARTS = 3


class _Cursors(msgspec.Struct):
    after: str | None = None


class _Paging(msgspec.Struct):
    cursors: _Cursors = msgspec.field(default_factory=_Cursors)
    next: str | None = None


class _Envelope(msgspec.Struct):
    data: list[msgspec.Raw]
    paging: _Paging = msgspec.field(default_factory=_Paging)


class _AdAccount(msgspec.Struct):
    account_id: str
    timezone_name: str
    currency: str | None = None
    name: str = ""
    account_status: int | str = ""


class MetaAds:
    """`options`: base_url, version, business_id, concurrent, per_second. The token travels in a header only."""

    name = "meta_ads"
    streams: tuple[Stream, ...] = STREAMS
    limits = Limits(concurrent=4, per_second=10.0)

    def __init__(self, source: Source, _settings: Settings | None = None, *, sleep: Sleeper = time.sleep) -> None:
        self._source, self._sleep = source, sleep
        self._version = str(source.options.get("version", PINNED["meta_ads"]))
        self._token = secret(source, "access_token")
        self._http = Http(
            str(source.options.get("base_url", BASE_URL)), limits=limits(source, self.limits), classify=classify,
            headers=lambda: {"Authorization": f"Bearer {self._token}"}, refresh=self._reread,
            policy=Policy(attempts=9), sleep=sleep)

    def _reread(self) -> None:
        """The token may have been rotated while the night ran."""
        self._token = secret(self._source, "access_token")

    def accounts(self) -> list[Account]:
        """Every ad account of the token's owner, or of the business in options. Raises ConfigError."""
        business = str(self._source.options.get("business_id", ""))
        edges = [f"/{business}/{kind}_ad_accounts" for kind in ("owned", "client")] if business else ["/me/adaccounts"]
        fields = {"fields": "account_id,name,currency,timezone_name,account_status"}
        found: dict[str, Account] = {}
        try:
            for edge in edges:
                for row in self._rows(edge, fields):
                    one = wire.parse(bytes(row), _AdAccount)
                    status = str(one.account_status)
                    found.setdefault(one.account_id, Account(one.account_id, one.timezone_name, one.name, one.currency,
                                                             status, business, status != CLOSED))
        except Skippable as refusal:
            raise ConfigError(f"the token may not list ad accounts: {refusal.what}", fix=refusal.fix) from None
        return list(found.values())

    def pages(self, job: Slice) -> Iterator[RawPage]:
        """The answers for a slice; what is older than Meta's 37 months is not asked for."""
        if job.stream.name in LEVELS:
            return self._report(job)
        if job.stream.name == "lead_forms":
            return self._lead_forms(job)
        return self._walk(f"/act_{job.account.account_id}/{job.stream.name}", list_params(job.stream.name))

    def map(self, job: Slice, page: RawPage) -> Mapped:
        """The canonical frames of a page."""
        return map_page(job, page, FIELDS[job.stream.name])

    def _report(self, job: Slice) -> Iterator[RawPage]:
        oldest = last_full_day(job.as_of, job.account.time_zone) - timedelta(days=HISTORY_DAYS - 1)
        if job.window.last < oldest:
            return
        window = Window(max(job.window.first, oldest), job.window.last)
        edge = f"/act_{job.account.account_id}/insights"
        if window.days <= SYNC_DAYS:
            try:
                yield from self._walk(edge, report_params(job, window))
            except TrySmaller:
                # The run reads pages again that were read already: duplicates, which staging counts.
                yield from self._by_run(job, edge, window)
        else:
            yield from self._by_run(job, edge, window)

    def _by_run(self, job: Slice, edge: str, window: Window) -> Iterator[RawPage]:
        """The rows of a report run; of several shorter ones where Meta finds it too large."""
        try:
            run = self._completed(edge, report_params(job, window))
        except TrySmaller:
            shorter = next((days for days in SPLITS if days < window.days), None)
            if shorter is None:
                raise
            for piece in window.chunks(shorter):
                yield from self._by_run(job, edge, piece)
            return
        yield from self._walk(f"/{run}/insights", {})

    def _completed(self, edge: str, asked: Mapping[str, str]) -> str:
        """A run that says it is complete. Starts it anew when it fails; raises TrySmaller or TryAgain."""
        failure: Exception = TryAgain("the report run failed")
        for _ in range(RUN_STARTS):
            run = str(self._call("POST", edge, asked).json().get("report_run_id", ""))
            if not run.isdigit():
                raise BrokenAnswer("Meta started no report run")
            try:
                self._wait_for(run)
            except TryAgain as error:
                failure = error
            else:
                return run
        raise failure

    def _wait_for(self, run: str) -> None:
        waited, pause = 0.0, FIRST_POLL
        while waited < LONGEST_RUN:
            self._sleep(pause)
            waited, pause = waited + pause, min(pause * 2, LONGEST_POLL)
            state = self._call("GET", f"/{run}", {}).json()
            if state.get("async_status") == "Job Completed":
                return
            if state.get("async_status") in ("Job Failed", "Job Skipped"):
                error = {key.removeprefix("error_"): value for key, value in state.items()} | {
                    "error_subcode": state.get("error_subcode")}
                raise meaning(error) or TryAgain("the report run failed")
        raise TrySmaller(f"the report run did not complete within {LONGEST_RUN:.0f} s")

    def _lead_forms(self, job: Slice) -> Iterator[RawPage]:
        """Submitted forms of every ad: ids and instants only, never what people wrote."""
        zone = ZoneInfo(job.account.time_zone)
        start, end = (int(datetime.combine(day, day_time(), zone).timestamp())
                      for day in (job.window.first, job.window.last + timedelta(days=1)))
        between = [{"field": "time_created", "operator": "GREATER_THAN", "value": start - 1},
                   {"field": "time_created", "operator": "LESS_THAN", "value": end}]
        asked = {"fields": ",".join(FIELDS["lead_forms"]), "filtering": json.dumps(between)}
        for ad in list(self._rows(f"/act_{job.account.account_id}/ads", list_params("ads"))):
            ad_id = str(wire.parse(bytes(ad))["id"])
            if ad_id.isdigit():
                yield from (page for page in self._walk(f"/{ad_id}/leads", asked) if page.rows)

    def _rows(self, edge: str, asked: Mapping[str, str]) -> Iterator[msgspec.Raw]:
        for page in self._walk(edge, asked):
            yield from wire.parse(page.body, _Envelope).data

    def _walk(self, edge: str, asked: Mapping[str, str]) -> Iterator[RawPage]:
        return walk(lambda cursor: self._page(edge, asked, cursor))

    def _page(self, edge: str, asked: Mapping[str, str], cursor: str | None) -> Page:
        """One page, smaller and smaller while Meta finds it too large; only `paging.next`'s presence is believed."""
        place = {"after": cursor} if cursor else {}
        answer = self._smaller(edge, {**asked, **place})
        page = wire.parse(answer.body, _Envelope)
        following = page.paging.cursors.after if page.paging.next else None
        if page.paging.next and not following:
            raise DataError("Meta announces a next page without a cursor")
        notes = attribution(page.data) if edge.endswith("/insights") else {}
        return Page(RawPage(answer.body, len(page.data), notes), following, b"".join(map(bytes, page.data)))

    def _smaller(self, edge: str, asked: Mapping[str, str]) -> Answer:
        for size in PAGE_SIZES[:-1] if "after" in asked or not edge.endswith("/insights") else ():
            try:
                return self._call("GET", edge, {**asked, "limit": str(size)})
            except TrySmaller:
                continue
        last = PAGE_SIZES[-1] if "after" in asked else PAGE_SIZES[0]
        return self._call("GET", edge, {**asked, "limit": str(last)})

    def _call(self, method: str, path: str, asked: Mapping[str, str]) -> Answer:
        """One request, then a pause when the quota is nearly used up."""
        answer = self._http.request(method, f"/{self._version}{path}", params={**asked, **self._proof()})
        if pause := pressure(answer.headers):
            self._sleep(min(pause, self._http.policy.longest_wait))
        return answer

    def _proof(self) -> dict[str, str]:
        """Meta's proof that the app's secret is known, where the app demands it."""
        if "app_secret" not in self._source.secrets:
            return {}
        key = secret(self._source, "app_secret")
        return {"appsecret_proof": hmac.new(key.encode(), self._token.encode(), hashlib.sha256).hexdigest()}
