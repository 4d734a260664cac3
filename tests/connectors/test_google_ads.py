"""Google Ads against the sandbox: every account's spend arrives to the micro, and every error means something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from connectors import google_ads_errors, versions
from connectors.base import Connector, RawPage, Slice
from connectors.google_ads import CLICK_VIEW_DAYS, GoogleAds
from connectors.http import Answer, TokenExpired
from connectors.pagers import CursorExpired
from crosscheck.errors import (
    AccountRefused,
    ConfigError,
    CrosscheckError,
    QuotaExhausted,
    TryAgain,
    VersionRetired,
)
from crosscheck.windows import Window
from sandbox.company import make_company
from sandbox.faults import Fault
from sandbox.model import Company
from sandbox.server import SandboxServer
from sandbox.wire import Options
from tests.support.vendors import connect, job_of, read

NAME = "google_ads"


@pytest.fixture(scope="module")
def company() -> Company:
    return make_company(scale=0.15)


@pytest.fixture(scope="module")
def running(company: Company) -> Iterator[SandboxServer]:
    with SandboxServer(company, company.nights[0], Options(google_page_rows=40)) as server:
        yield server


@pytest.fixture
def server(running: SandboxServer) -> SandboxServer:
    running.clear_faults()
    running.requests.clear()
    return running


@pytest.fixture
def ads(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Connector:
    return connect(NAME, server.urls[NAME], monkeypatch.setenv)[0]


def job(ads: Connector, company: Company, stream: str, account: int = 0, days: int = 30) -> Slice:
    one = next(each for each in ads.streams if each.name == stream)
    return job_of(ads, ads.accounts()[account], one, company.nights[0], days)


def truth(company: Company, asked: Slice) -> dict[date, Decimal]:
    """Spend by account-local day as the company knew it on its first night."""
    newest: dict[tuple[str, str, date], tuple[Decimal, bool]] = {}
    for row in sorted(company.ad_days, key=lambda each: each.visible_from):
        if (row.platform, row.account_id) == (NAME, asked.account.account_id) and row.day in asked.window \
                and row.visible_from <= company.nights[0]:
            newest[row.campaign_id, row.ad_id, row.day] = (row.spend, row.vanished)
    days: dict[date, Decimal] = {}
    for (*_, day), (spend, vanished) in newest.items():
        days[day] = days.get(day, Decimal(0)) + (Decimal(0) if vanished else spend)
    return {day: spend for day, spend in days.items() if spend}


@pytest.mark.parametrize("account", [0, 1])
@pytest.mark.parametrize("stream", ["account_daily", "campaign_daily"])
def test_spend_equals_the_company(ads: Connector, company: Company, stream: str, account: int) -> None:
    """By account-local day, in Hưng Yên and in Los Angeles, in đồng and in cents, to the last micro."""
    asked = job(ads, company, stream, account)
    found: dict[date, Decimal] = {}
    for row in read(ads, asked).table("ad_daily").to_pylist():
        found[row["day"]] = found.get(row["day"], Decimal(0)) + row["spend_amount"]
        assert row["currency_code"] == asked.account.currency_code
    assert {day: spend for day, spend in found.items() if spend} == truth(company, asked)


def test_the_newest_day_is_the_accounts_own(ads: Connector, company: Company) -> None:
    """At 02:00 in Hưng Yên, Los Angeles is two days behind: each account ends with its own yesterday."""
    landed = [read(ads, job(ads, company, "account_daily", account)) for account in (0, 1)]
    ends = [max(each.table("ad_daily")["day"].to_pylist()) for each in landed]
    assert ends == [company.nights[0].astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).date() - timedelta(days=1),
                    company.nights[0].astimezone(ZoneInfo("America/Los_Angeles")).date() - timedelta(days=1)]
    assert ends[0] != ends[1]


def test_clicks_are_read_day_by_day(ads: Connector, server: SandboxServer, company: Company) -> None:
    """One query per day, none older than Google answers, every click of the company found."""
    asked = job(ads, company, "click_view", days=CLICK_VIEW_DAYS + 10)
    server.requests.clear()
    found = {row["touch_id"]: row["day"] for row in read(ads, asked).table("ad_touch").to_pylist()}
    assert len(server.requests) == CLICK_VIEW_DAYS
    zone = ZoneInfo(asked.account.time_zone)
    known = {touch.touch_id: touch.at.astimezone(zone).date() for touch in company.touches
             if touch.account_id == asked.account.account_id and touch.kind == "gclid"}
    first = asked.window.last - timedelta(days=CLICK_VIEW_DAYS - 1)
    assert found == {click: day for click, day in known.items() if first <= day <= asked.window.last}


def test_accounts_below_the_manager(ads: Connector, company: Company) -> None:
    """Leaves of the tree, with currency, zone, status and the manager through which they are asked."""
    known = [account for account in company.accounts if account.platform == NAME]
    assert {(a.account_id, a.currency_code, a.time_zone, a.manager_id) for a in ads.accounts()} == {
        (a.account_id, a.currency, a.time_zone, a.manager_id) for a in known}


def test_a_cancelled_account_is_refused_alone(ads: Connector, company: Company) -> None:
    """CUSTOMER_NOT_ENABLED skips that account with what to do."""
    cancelled = next(i for i, account in enumerate(ads.accounts()) if account.status == "CANCELED")
    with pytest.raises(AccountRefused, match="CUSTOMER_NOT_ENABLED"):
        read(ads, job(ads, company, "account_daily", cancelled))


def test_another_login_is_tried(server: SandboxServer, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account reached under the wrong manager is asked again through the configured one."""
    ads = connect(NAME, server.urls[NAME], monkeypatch.setenv, login_customer_id="900-000-0001")[0]
    asked = job(ads, company, "account_daily")
    stray = replace(asked, account=replace(asked.account, manager_id="9999999999"))
    assert read(ads, stray).manifest.received > 0


def test_an_account_under_no_login_is_refused(ads: Connector, server: SandboxServer, company: Company) -> None:
    """When no login is let in, the account is left out with what to do."""
    asked = job(ads, company, "account_daily")
    server.inject(Fault(NAME, "forbidden_account", path_contains=asked.account.account_id))
    with pytest.raises(AccountRefused, match="USER_PERMISSION_DENIED"):
        read(ads, asked)


def test_expired_page_tokens_restart_the_slice(ads: Connector, server: SandboxServer, company: Company) -> None:
    """When Google forgets the page token the query starts anew, and nothing is there twice."""
    asked = job(ads, company, "campaign_daily")
    expected = read(ads, asked)
    assert expected.manifest.pages > 1
    server.inject(Fault(NAME, "expired_page_token", after=1))
    again = read(ads, asked)
    assert again.everything() == expected.everything()
    assert again.manifest.received == expected.manifest.received


def test_a_retired_version_says_so(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unsupported version is not a hiccup."""
    with pytest.raises(VersionRetired, match="UNSUPPORTED_VERSION"):
        connect(NAME, server.urls[NAME], monkeypatch.setenv, version="v21")[0].accounts()


def test_a_revoked_grant_needs_a_person(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead refresh token is found at the token endpoint, once, and named without being shown."""
    ads = connect(NAME, server.urls[NAME], monkeypatch.setenv)[0]
    assert ads.accounts()
    monkeypatch.setenv("TEST_google_ads_refresh_token", "1//revoked-and-long-enough")
    source = ads._source  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="invalid_grant") as caught:
        GoogleAds(source).accounts()
    assert "revoked-and" not in str(caught.value)


def test_the_token_goes_to_the_configured_endpoint_only(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http to a host that is not loopback is refused before any secret leaves."""
    with pytest.raises(ConfigError, match="https"):
        connect(NAME, server.urls[NAME], monkeypatch.setenv, token_uri="http://tokens.example.com/token")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/discovery", "/html"])
def test_an_unreachable_discovery_document_is_no_obstacle(
        server: SandboxServer, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Our own document steps in when the vendor's cannot be had."""
    address = url if url.startswith("http") else server.urls[NAME] + url
    assert connect(NAME, server.urls[NAME], monkeypatch.setenv, discovery_url=address)[0].accounts()


def test_removed_campaigns_are_listed(ads: Connector, company: Company) -> None:
    """Old spend still finds a name: the campaign list holds removed ones, too."""
    rows = read(ads, job(ads, company, "campaigns")).rows("campaign")
    assert {dict(row)["campaign_name_norm"] for row in rows}
    assert all(dict(row)["campaign_name"] for row in rows)


def test_hostile_rows_are_set_aside_one_by_one(ads: Connector, company: Company) -> None:
    """A row without currency, a spend that is no number and a day nobody asked for: three rows out, one in."""
    asked = job(ads, company, "account_daily", days=3)
    day = str(asked.window.last)

    def row(**changes: object) -> dict[str, object]:
        return {"customer": {"id": "1", "currencyCode": changes.get("currency", "VND")},
                "metrics": {"costMicros": changes.get("micros", "70000"), "impressions": "9007199254740993",
                            "conversions": 0.333333333}, "segments": {"date": changes.get("day", day)}}

    rows = [row(), row(currency=None), row(micros="1,5"), row(day="2020-01-01")]
    mapped = ads.map(asked, RawPage(json.dumps({"results": rows}).encode(), 4))
    [kept] = mapped.frames["ad_daily"].to_dict("records")
    assert (kept["spend_amount"], kept["impression_count"], kept["claimed_conversion_count"]) == (
        Decimal("0.07"), 9007199254740993, Decimal("0.333333"))
    assert mapped.quarantined["field"].tolist() == ["currency_code", "spend_amount", "day"]


def failure(family: str, name: str, status: int = 400, **more: object) -> Answer:
    detail = {"@type": "x.GoogleAdsFailure", "errors": [{"errorCode": {family: name}, **more}]}
    return Answer(status, {}, json.dumps({"error": {"code": status, "details": [detail]}}).encode())


@pytest.mark.parametrize(("family", "name", "kind"), [
    ("quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", TryAgain),
    ("quotaError", "EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION", TryAgain),
    ("quotaError", "RESOURCE_EXHAUSTED", QuotaExhausted),
    ("internalError", "TRANSIENT_ERROR", TryAgain),
    ("internalError", "DEADLINE_EXCEEDED", TryAgain),
    ("requestError", "EXPIRED_PAGE_TOKEN", CursorExpired),
    ("requestError", "UNSUPPORTED_VERSION", VersionRetired),
    ("requestError", "PAGE_SIZE_NOT_SUPPORTED", ConfigError),
    ("queryError", "UNRECOGNIZED_FIELD", ConfigError),
    ("authorizationError", "CUSTOMER_NOT_ENABLED", AccountRefused),
    ("authorizationError", "USER_PERMISSION_DENIED", AccountRefused),
    ("authorizationError", "DEVELOPER_TOKEN_NOT_APPROVED", ConfigError),
    ("authenticationError", "OAUTH_TOKEN_REVOKED", ConfigError),
    ("authenticationError", "CUSTOMER_NOT_FOUND", ConfigError),
    ("authenticationError", "OAUTH_TOKEN_EXPIRED", TokenExpired),
    ("dateError", "EARLIER_THAN_MINIMUM_DATE", ConfigError),
])
def test_every_error_family_has_a_next_step(family: str, name: str, kind: type[CrosscheckError]) -> None:
    """Retry, wait, skip, or fix: by family and name, alone and inside a stream's array."""
    answer = failure(family, name)
    assert type(google_ads_errors.classify(answer)) in (kind, google_ads_errors.LoginRefused)
    wrapped = replace(answer, body=b"[" + answer.body + b"]")
    assert isinstance(google_ads_errors.classify(wrapped), kind)


def test_quota_details_say_how_long() -> None:
    """The delay that Google names is the delay we keep."""
    answer = failure("quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", 429,
                     details={"quotaErrorDetails": {"retryDelay": "5s"}})
    error = google_ads_errors.classify(answer)
    assert isinstance(error, TryAgain)
    assert error.after == 5.0


@pytest.mark.parametrize(("status", "kind"), [
    (401, TokenExpired), (404, VersionRetired), (500, TryAgain), (503, TryAgain), (429, TryAgain)])
def test_errors_without_details_go_by_status(status: int, kind: type[CrosscheckError]) -> None:
    """Google's front end answers without naming a family."""
    answer = Answer(status, {}, json.dumps({"error": {"code": status, "message": "x"}}).encode())
    assert isinstance(google_ads_errors.classify(answer), kind)


def test_version_ends_are_announced() -> None:
    """Two months before the end a warning names the version to move to."""
    assert versions.warning(NAME, "v22", date(2026, 7, 1)) is None
    assert "v26" in str(versions.warning(NAME, "v22", date(2026, 8, 20)))
    assert versions.warning(NAME, "v26", date(2026, 11, 22)) is None


def test_windows_are_asked_for_literally(ads: Connector, server: SandboxServer, company: Company) -> None:
    """A slice of one day brings one day."""
    asked = job(ads, company, "campaign_daily")
    one = replace(asked, window=Window(asked.window.last, asked.window.last))
    assert set(read(ads, one).table("ad_daily")["day"].to_pylist()) == {asked.window.last}
