"""Meta Ads against the sandbox: spend to the đồng, claims counted once, and reports that shrink until they fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors import meta_ads_errors
from connectors.base import Connector, RawPage, Slice
from connectors.http import Answer, TokenExpired
from connectors.meta_ads import HISTORY_DAYS
from crosscheck.errors import (
    AccountRefused,
    BrokenAnswer,
    ConfigError,
    CrosscheckError,
    DataError,
    TryAgain,
    TrySmaller,
    VersionRetired,
)
from crosscheck.windows import Window
from sandbox.company import make_company
from sandbox.faults import Fault
from sandbox.model import Company
from sandbox.server import SandboxServer
from sandbox.wire import Options
from tests.support.vendors import connect, job_of, read

NAME = "meta_ads"


@pytest.fixture(scope="module")
def company() -> Company:
    return make_company(scale=0.15)


@pytest.fixture(scope="module")
def running(company: Company) -> Iterator[SandboxServer]:
    with SandboxServer(company, company.nights[0], Options()) as server:
        yield server


@pytest.fixture
def server(running: SandboxServer) -> SandboxServer:
    running.clear_faults()
    running.requests.clear()
    running.options.meta_sync_rows = 5_000
    return running


@pytest.fixture
def opened(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> tuple[Connector, list[float]]:
    return connect(NAME, server.urls[NAME], monkeypatch.setenv)


@pytest.fixture
def meta(opened: tuple[Connector, list[float]]) -> Connector:
    return opened[0]


def job(meta: Connector, company: Company, stream: str, account: int = 0, days: int = 30) -> Slice:
    one = next(each for each in meta.streams if each.name == stream)
    return job_of(meta, meta.accounts()[account], one, company.nights[0], days)


def truth(company: Company, asked: Slice) -> dict[date, tuple[Decimal, Decimal]]:
    """Spend and claimed conversions by account-local day as the company knew them on its first night."""
    newest: dict[tuple[str, str, date], Any] = {}
    for row in sorted(company.ad_days, key=lambda each: each.visible_from):
        if (row.platform, row.account_id) == (NAME, asked.account.account_id) and row.day in asked.window \
                and row.visible_from <= company.nights[0]:
            newest[row.campaign_id, row.ad_id, row.day] = row
    days: dict[date, tuple[Decimal, Decimal]] = {}
    for row in newest.values():
        if not row.vanished:
            spend, claims = days.get(row.day, (Decimal(0), Decimal(0)))
            days[row.day] = spend + row.spend, claims + row.claimed_conversions
    return days


@pytest.mark.parametrize("account", [0, 1])
@pytest.mark.parametrize("stream", ["account_daily", "campaign_daily", "ad_daily"])
def test_spend_and_claims_equal_the_company(meta: Connector, company: Company, stream: str, account: int) -> None:
    """At every level, by account-local day; a lead that Meta lists three times is claimed once."""
    asked = job(meta, company, stream, account)
    found: dict[date, tuple[Decimal, Decimal]] = {}
    for row in read(meta, asked).table("ad_daily").to_pylist():
        spend, claims = found.get(row["day"], (Decimal(0), Decimal(0)))
        found[row["day"]] = spend + row["spend_amount"], claims + row["claimed_conversion_count"]
        assert row["currency_code"] == asked.account.currency_code
    assert found == truth(company, asked)


def test_lead_forms_bring_ids_and_campaigns(meta: Connector, company: Company) -> None:
    """Every form of the window, on the account's own day, and no word of what was written in it."""
    asked = job(meta, company, "lead_forms", account=1, days=60)
    zone = ZoneInfo(asked.account.time_zone)
    landed = read(meta, asked)
    found = {(row["touch_id"], row["campaign_id"], row["day"]) for row in landed.table("ad_touch").to_pylist()}
    known = {(touch.touch_id, touch.campaign_id, touch.at.astimezone(zone).date()) for touch in company.touches
             if touch.account_id == asked.account.account_id and touch.kind == "vendor_lead_id"}
    assert found == {one for one in known if one[2] in asked.window}
    assert b"field_data" not in b"".join(
        landed.zone.page(landed.manifest, no) for no in range(1, landed.manifest.pages + 1))


def test_ad_sets_have_names(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ad set that spent is named once, with its campaign, those of a deleted campaign too."""
    (account, key) = next((one.account_id, one.campaign_id) for one in company.campaigns if one.platform == NAME)
    campaigns = tuple(replace(one, deleted_at=company.nights[0] - timedelta(days=1)) if one.campaign_id == key else one
                      for one in company.campaigns)
    names = {ad.ad_group_id: (ad.ad_group_name, ad.campaign_id) for ad in company.ads if ad.account_id == account}
    with SandboxServer(replace(company, campaigns=campaigns), company.nights[0]) as server:
        meta, _ = connect(NAME, server.urls[NAME], monkeypatch.setenv)
        rows = read(meta, job(meta, company, "adsets")).table("ad_group").to_pylist()
        spent = read(meta, job(meta, company, "ad_daily")).table("ad_daily").to_pylist()
    found = {row["ad_group_id"]: (row["ad_group_name"], row["campaign_id"]) for row in rows}
    assert len(found) == len(rows)
    assert found == {one: names[one] for one in found}
    assert key in {campaign for _, campaign in found.values()}
    assert {row["ad_group_id"] for row in spent} <= found.keys()


def test_short_windows_need_no_run(meta: Connector, server: SandboxServer, company: Company) -> None:
    """A week is asked for at once; a month becomes a report run that is polled."""
    week, month = (job(meta, company, "account_daily", days=days) for days in (7, 30))
    server.requests.clear()
    read(meta, week)
    assert [seen.method for seen in server.requests] == ["GET"]
    server.requests.clear()
    read(meta, month)
    assert [seen.method for seen in server.requests] == ["POST", "GET", "GET", "GET", "GET"]


def test_too_much_at_once_becomes_a_run(meta: Connector, server: SandboxServer, company: Company) -> None:
    """"Reduce the amount of data" is answered with a report run, and the rows are the same."""
    asked = job(meta, company, "ad_daily", days=7)
    expected = read(meta, asked).everything()
    server.options.meta_sync_rows = 1
    assert read(meta, asked).everything() == expected


def test_a_run_that_fails_for_size_is_split(meta: Connector, server: SandboxServer, company: Company) -> None:
    """A month that is too large for a run is read in weeks, and nothing is lost or doubled."""
    asked = job(meta, company, "campaign_daily")
    expected = read(meta, asked)
    server.inject(Fault(NAME, "async_failed", after=1))
    again = read(meta, asked)
    assert again.everything() == expected.everything()
    assert again.manifest.pages == 5


def test_a_day_that_is_too_large_is_told(meta: Connector, server: SandboxServer, company: Company) -> None:
    """When not even a day fits, the slice fails as too large; it is not silently short."""
    server.inject(Fault(NAME, "async_failed", times=1000))
    with pytest.raises(TrySmaller):
        read(meta, job(meta, company, "campaign_daily"))


def test_a_run_that_never_ends_is_given_up(
        opened: tuple[Connector, list[float]], server: SandboxServer, company: Company) -> None:
    """A stuck run is polled for an hour at most, then the window is split."""
    server.inject(Fault(NAME, "async_stuck"))
    with pytest.raises(TrySmaller, match="did not complete"):
        read(opened[0], job(opened[0], company, "account_daily", days=8))
    assert 3600 <= sum(opened[1]) < 4 * 3700


def test_a_complete_run_may_not_be_readable_yet(meta: Connector, server: SandboxServer, company: Company) -> None:
    """Code 2637 after "Job Completed" is waited out."""
    asked = job(meta, company, "account_daily")
    expected = read(meta, asked).everything()
    server.inject(Fault(NAME, "async_unreadable", times=3))
    assert read(meta, asked).everything() == expected


def test_nothing_older_than_meta_keeps_is_asked(meta: Connector, server: SandboxServer, company: Company) -> None:
    """37 months back the vendor refuses: such a window is clamped, or not asked for at all."""
    asked = job(meta, company, "account_daily")
    old = asked.window.last - timedelta(days=HISTORY_DAYS)
    server.requests.clear()
    assert read(meta, replace(asked, window=Window(old - timedelta(days=9), old))).manifest.received == 0
    assert server.requests == []


def test_the_token_is_in_no_address(meta: Connector, server: SandboxServer, company: Company) -> None:
    """Tokens travel in a header; the next address that Meta writes, token and all, is not followed."""
    landed = read(meta, job(meta, company, "ad_daily", days=5))
    assert landed.manifest.received > 0
    assert not any("access_token" in seen.path for seen in server.requests)


def test_a_throttled_account_pauses(
        opened: tuple[Connector, list[float]], server: SandboxServer, company: Company) -> None:
    """Code 80004 with status 400 is waited out, however it is dressed."""
    asked = job(opened[0], company, "account_daily", days=3)
    expected = read(opened[0], asked).everything()
    server.inject(Fault(NAME, "quota_in_body", params={"code": 80004}, times=2))
    opened[1].clear()
    assert read(opened[0], asked).everything() == expected
    assert len(opened[1]) == 2


def page(*rows: dict[str, Any]) -> RawPage:
    return RawPage(json.dumps({"data": rows}).encode(), len(rows))


def insight(day: date, **changes: Any) -> dict[str, Any]:
    return {"account_currency": "USD", "campaign_id": "1", "date_start": str(day), "date_stop": str(day),
            "spend": "14.35", "impressions": "185", "clicks": "9", **changes}


def test_claims_follow_the_preference_list(meta: Connector, company: Company) -> None:
    """The total wins over its parts, a part stands in for a missing total, no list means nothing claimed."""
    asked = job(meta, company, "account_daily", days=4)
    days = [asked.window.first + timedelta(days=n) for n in range(4)]
    part = {"action_type": "onsite_conversion.lead_grouped", "value": "6"}
    rows = [insight(days[0], actions=[part, {"action_type": "lead", "value": "10"}]), insight(days[1], actions=[part]),
            insight(days[2]), insight(days[3], actions=[{"action_type": "like", "value": "3"}])]
    frame = meta.map(asked, page(*rows)).frames["ad_daily"]
    assert frame["claimed_conversion_count"].tolist() == [10, 6, 0, 0]


def test_absent_is_not_zero(meta: Connector, company: Company) -> None:
    """A scalar that Meta leaves out is unknown; a row over several days or without currency is set aside."""
    asked = job(meta, company, "account_daily", days=3)
    last = asked.window.last
    rows = [insight(last), insight(last, date_stop=str(last + timedelta(days=1))), insight(last, account_currency=None)]
    del rows[0]["clicks"]
    mapped = meta.map(asked, page(*rows))
    assert mapped.frames["ad_daily"]["click_count"].isna().tolist() == [True]
    assert mapped.quarantined["field"].tolist() == ["day", "currency_code"]


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"data": {}}', b'{"data": [1]}', b'{"data": [{"spend": 1.5}]}'])
def test_another_shape_is_no_page(meta: Connector, company: Company, body: bytes) -> None:
    """What is not Meta's shape is a broken answer, never zero rows."""
    with pytest.raises(BrokenAnswer):
        meta.map(job(meta, company, "account_daily"), RawPage(body, 0))


def error(status: int = 400, **fields: Any) -> Answer:
    return Answer(status, {}, json.dumps({"error": {"type": "OAuthException", **fields}}).encode())


@pytest.mark.parametrize(("answer", "kind"), [
    (error(code=4), TryAgain), (error(code=17, error_subcode=2446079), TryAgain), (error(code=613), TryAgain),
    (error(code=80004), TryAgain), (error(code=100, error_subcode=1504022), TryAgain),
    (error(500, code=1), TryAgain), (error(code=2), TryAgain), (error(code=341), TryAgain),
    (error(code=104), TryAgain), (error(code=960), TryAgain), (error(code=3, is_transient=True), TryAgain),
    (error(code=2637), TryAgain), (error(code=100, error_subcode=1815107), TryAgain),
    (error(500, code=1, message="Please reduce the amount of data you're asking for"), TrySmaller),
    (error(code=100, error_subcode=1487534), TrySmaller), (error(code=2, error_subcode=1504038), TrySmaller),
    (error(code=2, error_subcode=1504041), ConfigError), (error(code=100), ConfigError),
    (error(code=3018), ConfigError), (error(code=2635), VersionRetired),
    (error(code=190), TokenExpired), (error(code=102), TokenExpired), (error(code=10), AccountRefused),
    (error(403, code=200), AccountRefused), (error(code=299), AccountRefused), (error(200, code=17), TryAgain),
])
def test_every_code_has_a_next_step(answer: Answer, kind: type[CrosscheckError]) -> None:
    """Code and subcode decide, not the status and not the type."""
    assert type(meta_ads_errors.classify(answer)) is kind


def test_usage_headers_are_obeyed() -> None:
    """Near the limit we pause for as long as Meta says, at least a minute; far from it we do not."""
    use = {"call_count": 97, "estimated_time_to_regain_access": 3}
    full = {"x-business-use-case-usage": json.dumps({"1": [use]})}
    assert (meta_ads_errors.pressure(full), meta_ads_errors.regain(full)) == (180.0, 180.0)
    assert meta_ads_errors.pressure({"x-fb-ads-insights-throttle": '{"acc_id_util_pct": 96.0}'}) == 60.0
    assert meta_ads_errors.pressure({"x-ad-account-usage": '{"acc_id_util_pct": 9.6}'}) == 0.0
    assert meta_ads_errors.pressure({"x-app-usage": "not json"}) == 0.0


def test_messages_are_not_repeated() -> None:
    """Meta's texts may quote what was sent; ours hold numbers only."""
    assert "secret" not in str(meta_ads_errors.classify(error(code=100, message="bad value secret")))


def test_a_next_page_without_a_cursor_is_refused(
        meta: Connector, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announcing more without saying where is not the end of the list."""
    body = json.dumps({"data": [], "paging": {"next": "https://graph.facebook.com/x?access_token=t"}}).encode()
    asked = job(meta, company, "account_daily", days=2)
    monkeypatch.setattr(meta, "_call", lambda *_: Answer(200, {}, body))
    with pytest.raises(DataError, match="without a cursor"):
        list(meta.pages(asked))
