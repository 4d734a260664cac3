"""Google Ads: reports by query, one page per request, through every manager that the credential reaches."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import msgspec

from connectors import wire
from connectors.base import (
    Account,
    Limits,
    LoadMode,
    Mapped,
    Output,
    RawPage,
    Slice,
    Stream,
    StreamKind,
)
from connectors.google_ads_client import GoogleAdsClient
from connectors.google_ads_errors import LoginRefused
from connectors.google_ads_map import Envelope, map_page
from connectors.pagers import Page, walk
from connectors.retry import Sleeper
from crosscheck.canonical import AD, AD_DAILY, AD_GROUP, AD_TOUCH, CAMPAIGN, ENGAGEMENT_DAILY
from crosscheck.errors import AccountRefused, ConfigError, Skippable
from crosscheck.settings import Settings, Source
from crosscheck.windows import Window, last_full_day

log = logging.getLogger(__name__)

#: Google keeps clicks for 90 days and answers one day per query.
CLICK_VIEW_DAYS = 90
_CLOSED = ("CANCELED", "CLOSED")  # Google answers no report for them, not even of their past
_SPEND = ("metrics.cost_micros, metrics.impressions, metrics.clicks, metrics.conversions, metrics.conversions_value, "
          "segments.date, customer.id, customer.currency_code")
_DAYS = " WHERE segments.date BETWEEN '{first}' AND '{last}'"

#: Stream name → what is selected, from which resource, with which condition.
QUERIES: dict[str, tuple[str, str, str]] = {
    "account_daily": (_SPEND, "customer", _DAYS),
    "campaign_daily": (f"campaign.id, {_SPEND}, metrics.engagements, metrics.video_trueview_views", "campaign", _DAYS),
    "ad_daily": (f"campaign.id, ad_group.id, ad_group_ad.ad.id, {_SPEND}", "ad_group_ad", _DAYS),
    "campaigns": ("campaign.id, campaign.name, campaign.status, campaign.advertising_channel_type", "campaign", ""),
    "ads": ("campaign.id, ad_group.id, ad_group.name, ad_group_ad.ad.id, ad_group_ad.ad.name", "ad_group_ad", ""),
    "click_view": ("click_view.gclid, click_view.ad_group_ad, campaign.id, ad_group.id, segments.date", "click_view",
                   _DAYS),
}

STREAMS = (
    Stream("account_daily", StreamKind.WINDOW, "account and account-local day; a control total",
           (Output(AD_DAILY, LoadMode.WINDOW),)),
    Stream("campaign_daily", StreamKind.WINDOW, "campaign and account-local day",
           (Output(AD_DAILY, LoadMode.WINDOW), Output(ENGAGEMENT_DAILY, LoadMode.WINDOW))),
    Stream("ad_daily", StreamKind.WINDOW, "ad and account-local day; Performance Max has none",
           (Output(AD_DAILY, LoadMode.WINDOW),), empty_is_normal=True),
    Stream("campaigns", StreamKind.SNAPSHOT, "campaign, removed ones too", (Output(CAMPAIGN, LoadMode.HISTORY),)),
    Stream("ads", StreamKind.SNAPSHOT, "ad, removed ones too",
           (Output(AD, LoadMode.HISTORY), Output(AD_GROUP, LoadMode.HISTORY)), empty_is_normal=True),
    Stream("click_view", StreamKind.WINDOW, "click id and account-local day of the click",
           (Output(AD_TOUCH, LoadMode.UPSERT),), lookback_days=7, max_history_days=CLICK_VIEW_DAYS,
           empty_is_normal=True),
)

_CLIENTS = ("SELECT customer_client.client_customer, customer_client.id, customer_client.level, "
            "customer_client.manager, customer_client.status, customer_client.currency_code, "
            "customer_client.time_zone, customer_client.descriptive_name, customer_client.hidden FROM customer_client")


class _Client(msgspec.Struct, rename="camel"):
    id: str
    manager: bool = False
    status: str = ""
    currency_code: str | None = None
    time_zone: str = ""
    descriptive_name: str = ""


class _ClientRow(msgspec.Struct, rename="camel"):
    customer_client: _Client


class _Accessible(msgspec.Struct, rename="camel"):
    resource_names: list[str] = []


class GoogleAds:
    """`options`: api_endpoint, token_uri, login_customer_id, version, discovery_url, concurrent, per_second."""

    name = "google_ads"
    streams: tuple[Stream, ...] = STREAMS
    limits = Limits(concurrent=4, per_second=10.0)

    def __init__(self, source: Source, _settings: Settings | None = None, *, sleep: Sleeper = time.sleep) -> None:
        self._source = source
        self._client = GoogleAdsClient(source, self.limits, sleep)
        self._login_of: dict[str, str] = {}
        self._lock = threading.Lock()

    def accounts(self) -> list[Account]:
        """Every client account below the managers that the credential reaches, once, however many managers it has.

        A manager that refuses is left out with a warning. Raises ConfigError when none answers.
        """
        found: dict[str, Account] = {}
        refusals: list[Skippable] = []
        roots = self._roots()
        for root in roots:
            try:
                for account in self._below(root):
                    found.setdefault(account.account_id, account)
            except Skippable as refusal:
                log.warning("Google Ads customer %s is left out: %s", root, refusal.what)
                refusals.append(refusal)
        if roots and len(refusals) == len(roots):
            raise ConfigError("the credential reaches no Google Ads account: " + refusals[0].what, fix=refusals[0].fix)
        return list(found.values())

    def pages(self, job: Slice) -> Iterator[RawPage]:
        """One query per slice; click_view one per day, as far back as Google keeps clicks."""
        select, resource, where = QUERIES[job.stream.name]
        for window in self._windows(job):
            query = f"SELECT {select} FROM {resource}{where}".format(first=window.first, last=window.last)
            yield from walk(lambda cursor, query=query: self._page(job.account, query, cursor))  # type: ignore[misc]

    def map(self, job: Slice, page: RawPage) -> Mapped:
        """The canonical frames of a page."""
        return map_page(job, page, QUERIES[job.stream.name][0])

    def _windows(self, job: Slice) -> Iterator[Window]:
        if job.stream.name != "click_view":
            return iter([job.window])
        oldest = last_full_day(job.as_of, job.account.time_zone) - timedelta(days=CLICK_VIEW_DAYS - 1)
        return (day for day in job.window.chunks(1) if day.first >= oldest)

    def _roots(self) -> list[str]:
        if login := str(self._source.options.get("login_customer_id", "")).replace("-", ""):
            return [login]
        names = wire.parse(self._client.accessible(), _Accessible).resource_names
        return [name.removeprefix("customers/") for name in names]

    def _below(self, root: str) -> Iterator[Account]:
        owner = Account(root, "")
        for page in walk(lambda cursor: self._page(owner, _CLIENTS, cursor)):
            for raw in wire.parse(page.body, Envelope).results:
                client = wire.parse(bytes(raw), _ClientRow).customer_client
                if not client.manager:
                    yield Account(client.id, client.time_zone, client.descriptive_name, client.currency_code,
                                  client.status, root if root != client.id else "",
                                  is_open=client.status == "ENABLED")

    def _page(self, account: Account, query: str, cursor: str | None) -> Page:
        body = self._ask(account, query, cursor)
        page = wire.parse(body, Envelope)
        return Page(RawPage(body, len(page.results)), page.next_page_token or None, b"".join(map(bytes, page.results)))

    def _ask(self, account: Account, query: str, cursor: str | None) -> bytes:
        """One request, through the account's manager; a refusal is asked again through the other possible logins."""
        refused: AccountRefused | None = None
        for login in self._logins(account):
            try:
                body = self._client.search(account.account_id, query, cursor, login)
            except LoginRefused as error:
                refused = refused or error
                continue
            with self._lock:
                self._login_of[account.account_id] = login
            return body
        raise refused or AccountRefused("no login customer reaches the account")

    def _logins(self, account: Account) -> list[str]:
        """The manager first (or the login that worked before), the account itself last."""
        configured = str(self._source.options.get("login_customer_id", "")).replace("-", "")
        known = self._login_of.get(account.account_id, "")
        logins = (known, account.manager_id, configured, account.account_id)
        return list(dict.fromkeys(login for login in logins if login))
