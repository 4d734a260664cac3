"""The official facebook-business client, unmodified, reads the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from facebook_business.adobjects.ad import Ad
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.adsinsights import AdsInsights
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from sandbox.credentials import META_TOKEN
from sandbox.faults import Fault
from sandbox.model import Company
from sandbox.server import SandboxServer
from sandbox.world import World

VN = "200000000000001"
_FIELDS = [AdsInsights.Field.campaign_id, AdsInsights.Field.ad_id, AdsInsights.Field.spend,
           AdsInsights.Field.impressions, AdsInsights.Field.actions]


@pytest.fixture
def api(served: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FacebookAdsApi]:
    """The client, pointed at the sandbox the way its makers provide."""
    monkeypatch.setattr(FacebookSession, "GRAPH", served.urls["meta_ads"])
    client = FacebookAdsApi.init(access_token=META_TOKEN, api_version="v26.0", crash_log=False)
    yield client
    FacebookAdsApi.set_default_api(None)
    client._session.requests.close()


def _params(**more: Any) -> dict[str, Any]:
    return {"level": "ad", "time_increment": 1, "limit": 100,
            "time_range": {"since": "2026-10-20", "until": "2026-11-10"}} | more


def _truth(company: Company) -> tuple[Decimal, int]:
    """Spend and impressions of the account's ads in the range, straight from the records."""
    world = World(company, company.nights[0])
    alive = {one.campaign_id for one in world.campaigns["meta_ads", VN] if not world.is_deleted(one)}
    rows = [row for row in world.spend["meta_ads", VN]
            if "2026-10-20" <= row.day.isoformat() <= "2026-11-10" and row.campaign_id in alive]
    return sum((row.spend for row in rows), Decimal(0)), sum(row.impressions for row in rows)


def _sums(rows: list[Any]) -> tuple[Decimal, int]:
    return sum((Decimal(row["spend"]) for row in rows), Decimal(0)), sum(int(row["impressions"]) for row in rows)


def test_accounts_are_listed(api: FacebookAdsApi) -> None:
    """The user's ad accounts come with currency and zone."""
    found = User("me").get_ad_accounts(fields=["account_id", "currency", "timezone_name"])
    assert {(one["account_id"], one["currency"], one["timezone_name"]) for one in found} == {
        (VN, "VND", "Asia/Ho_Chi_Minh"), ("200000000000002", "USD", "America/Los_Angeles")}


def test_sync_insights_add_up_to_the_records(api: FacebookAdsApi, demo: Company) -> None:
    """The cursor follows every page, and spend and impressions are the company's to the last unit."""
    rows = list(AdAccount(f"act_{VN}").get_insights(_FIELDS, _params()))
    assert len(rows) > 100
    assert _sums(rows) == _truth(demo)


def test_async_insights_are_the_same(api: FacebookAdsApi, demo: Company) -> None:
    """A report run is started, polled until completed and read page by page."""
    run = AdAccount(f"act_{VN}").get_insights(fields=_FIELDS, params=_params(), is_async=True)
    words: list[str] = []
    while not words or words[-1] != "Job Completed":
        run = run.api_get()
        words.append(run[AdReportRun.Field.async_status])
        assert len(words) < 10
    assert words[0] in ("Job Not Started", "Job Started", "Job Running")
    assert _sums(list(run.get_result(params={"limit": 100}))) == _truth(demo)


def test_ad_sets_are_named(api: FacebookAdsApi, demo: Company) -> None:
    """Each ad set once, page by page, with its campaign; the client's own names of statuses are understood."""
    world = World(demo, demo.nights[0])
    shown = {one.campaign_id for one in world.campaigns["meta_ads", VN] if not world.is_hidden(one)}
    known = {(ad.ad_group_id, ad.ad_group_name, ad.campaign_id) for ad in world.ads["meta_ads", VN]}
    found = [(one["id"], one["name"], one["campaign_id"]) for one in AdAccount(f"act_{VN}").get_ad_sets(
        fields=[AdSet.Field.name, AdSet.Field.campaign_id],
        params={"limit": 2, "effective_status": [AdSet.EffectiveStatus.active, AdSet.EffectiveStatus.deleted]})]
    assert len(found) > 2
    assert sorted(found) == sorted(one for one in known if one[2] in shown)


def test_leads_of_an_ad_are_read(api: FacebookAdsApi, demo: Company) -> None:
    """The lead-form edge of an ad gives the ids that the platform knows."""
    known = [one for one in demo.touches if one.kind == "vendor_lead_id" and one.at <= demo.nights[0]]
    found = list(Ad(known[0].ad_id).get_leads(fields=["id", "created_time", "campaign_id"]))
    assert {lead["id"] for lead in found} == {one.touch_id for one in known if one.ad_id == known[0].ad_id}
    assert {lead["campaign_id"] for lead in found} == {known[0].campaign_id}


def test_errors_are_understood(api: FacebookAdsApi, served: SandboxServer) -> None:
    """Throttling arrives as the client's own error, with code and transience."""
    served.inject(Fault("meta_ads", "quota_in_body"))
    with pytest.raises(FacebookRequestError) as caught:
        list(AdAccount(f"act_{VN}").get_insights(_FIELDS, _params()))
    served.clear_faults()
    assert (caught.value.http_status(), caught.value.api_error_code()) == (400, 17)
