"""The demo company: the same every time, whole, and full of the quarrels it was made for."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email

from sandbox import generate
from sandbox.calendar import local_date
from sandbox.catalogue import BUSINESS_ZONE, LATE_REP, MANAGER_ID
from sandbox.company import make_company
from sandbox.leads import BY_SALES
from sandbox.model import Company, Lead
from sandbox.truth_origin import query
from sandbox.truth_people import mail, phone
from sandbox.truth_persons import persons
from sandbox.view import merge_times, survivor, updated_at


@pytest.fixture(scope="module")
def demo() -> Company:
    """The company of the demo."""
    return make_company()


def _instants(value: Any) -> Iterator[datetime]:
    if isinstance(value, datetime):
        yield value
    elif is_dataclass(value):
        for part in fields(value):
            yield from _instants(getattr(value, part.name))
    elif isinstance(value, tuple):
        for one in value:
            yield from _instants(one)


def test_same_seed_same_company(demo: Company) -> None:
    """Two runs give equal companies, another seed another one."""
    assert make_company() == demo
    assert make_company(seed=8).leads != demo.leads


def test_size(demo: Company) -> None:
    """Scale 1 has the promised size, and leads grow in proportion to scale."""
    assert 2_300 <= len(demo.leads) <= 2_500
    assert 4_500 <= len(demo.ad_days) <= 5_500
    big = make_company(scale=2)
    assert 1.9 < len(big.leads) / len(demo.leads) < 2.1
    assert len({campaign.names[0].name for campaign in big.campaigns}) == 2 * len(demo.campaigns)


def test_too_small_is_refused() -> None:
    """A company without room for its quarrels is refused."""
    with pytest.raises(ValueError, match="room"):
        make_company(scale=0.01)


def test_nights_are_consecutive_at_two_in_the_morning(demo: Company) -> None:
    """02:00 in Hưng Yên is 19:00 UTC of the day before."""
    assert [night.isoformat() for night in demo.nights] == [
        f"2026-11-{day}T19:00:00+00:00" for day in (18, 19, 20)]


def test_no_event_stands_on_a_night(demo: Company) -> None:
    """Every recorded instant lies clearly before or after each night, and no CRM event after the last one."""
    for record in (*demo.leads, *demo.deals, *demo.touches, *demo.ad_days):
        for moment in _instants(record):
            assert moment not in demo.nights
            assert moment.utcoffset() == timedelta(0)
            assert moment < demo.nights[-1]


def test_yesterday_is_visible_at_night(demo: Company) -> None:
    """Each account's last full day is in the reports of every night, and today is not."""
    for night in demo.nights:
        for account in demo.accounts:
            rows = [row for row in demo.ad_days if row.account_id == account.account_id and row.visible_from <= night]
            yesterday = local_date(night, account.time_zone) - timedelta(days=1)
            assert not rows or max(row.day for row in rows) == yesterday


def test_money_has_its_currency_s_shape(demo: Company) -> None:
    """VND amounts are whole, USD amounts have at most two decimals, rates are whole and skip weekends."""
    currency = {account.account_id: account.currency for account in demo.accounts}
    unit = {"VND": Decimal(1), "USD": Decimal("0.01")}
    for row in demo.ad_days:
        assert row.spend % unit[currency[row.account_id]] == 0
        assert row.claimed_value % unit[currency[row.account_id]] == 0
    for deal in demo.deals:
        assert deal.amount == deal.list_amount - deal.discount
        assert (deal.amount % unit[deal.currency], (deal.margin or 0) % unit[deal.currency]) == (0, 0)
    assert all(rate.rate % 1 == 0 and rate.day.weekday() < 5 for rate in demo.fx)


def test_accounts(demo: Company) -> None:
    """Two currencies and two zones on each platform, one manager above Google's, one cancelled account."""
    assert Counter((one.platform, one.currency, one.time_zone, one.status) for one in demo.accounts) == Counter([
        ("google_ads", "VND", BUSINESS_ZONE, "ENABLED"), ("google_ads", "USD", "America/Los_Angeles", "ENABLED"),
        ("google_ads", "VND", BUSINESS_ZONE, "CANCELED"), ("meta_ads", "VND", BUSINESS_ZONE, "ENABLED"),
        ("meta_ads", "USD", "America/Los_Angeles", "ENABLED")])
    assert {one.manager_id for one in demo.accounts if one.platform == "google_ads"} == {MANAGER_ID}


def test_ids_are_unique(demo: Company) -> None:
    """Nothing shares an id with a sibling."""
    for ids in ([(one.crm, one.lead_id) for one in demo.leads], [(one.crm, one.deal_id) for one in demo.deals],
                [call.call_id for one in demo.leads for call in one.calls], [one.ad_id for one in demo.ads],
                [one.campaign_id for one in demo.campaigns], [one.touch_id for one in demo.touches]):
        assert len(set(ids)) == len(ids)


def test_people_share_a_contact_only_when_they_are_the_same(demo: Company) -> None:
    """Before anybody merges, what records share joins exactly those of the same person."""
    unmerged = [replace(lead, merged_at=None, merged_into=None) for lead in demo.leads]
    known = persons(unmerged, demo.nights)
    people: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    keys: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for lead in demo.leads:
        people[known[lead.crm, lead.lead_id]].add(lead.person)
        keys[lead.person].add(known[lead.crm, lead.lead_id])
    assert all(len(found) == 1 for found in people.values())
    assert all(len(found) == 1 for found in keys.values())


def test_contacts_read_as_the_libraries_read_them(demo: Company) -> None:
    """The truth's own reading of mails and phones agrees with the reference libraries on every lead."""
    for lead in demo.leads:
        assert (mail(lead.email) is not None) == _is_mail(lead.email), lead.email
        if lead.phone and not lead.phone.startswith("016"):  # numbers of the old plan are no longer issued
            assert (phone(lead.phone) is not None) == _is_phone(lead.phone), lead.phone


def _is_mail(raw: str | None) -> bool:
    try:
        validate_email((raw or "").strip(), check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def _is_phone(raw: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(raw, "VN"))
    except phonenumbers.NumberParseException:
        return False


def test_old_numbers_belong_to_somebody(demo: Company) -> None:
    """Some phones are of the plan before 2018 and read as the number that replaced them."""
    old = [lead.phone for lead in demo.leads if lead.phone and lead.phone.startswith("016")]
    assert old
    assert all((phone(number) or "").startswith("+843") for number in old)


def test_written_company_reads_back(demo: Company, tmp_path: Path) -> None:
    """Files hold the company exactly, and the rates as a table."""
    rates = generate.write(demo, tmp_path)
    assert generate.read(tmp_path) == demo
    lines = rates.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "day,from_currency,to_currency,rate"
    assert len(lines) == len(demo.fx) + 1


def test_rates_are_dropped_as_far_as_published(demo: Company, tmp_path: Path) -> None:
    """A rate of tomorrow is in no file of today."""
    path = generate.write_rates(demo, tmp_path, demo.nights[0])
    assert path.read_text(encoding="utf-8").splitlines()[-1].startswith("2026-11-19,")


def _days_to_first_call(leads: list[Lead]) -> float:
    return statistics.median((lead.calls[0].at - lead.created).total_seconds() / 86_400 for lead in leads if lead.calls)


def test_quarrel_late_salesperson(demo: Company) -> None:
    """One salesperson needs more than a day to call, the others a few hours."""
    late = [lead for lead in demo.leads if lead.owner_id == LATE_REP]
    rest = [lead for lead in demo.leads if lead.owner_id in ("7001", "7002")]
    assert _days_to_first_call(late) > 1 > 10 * _days_to_first_call(rest)


def test_quarrel_declared_origin_against_a_click(demo: Company) -> None:
    """Some who say that friends or the salesperson brought them came by a paid click."""
    told = {"Bạn bè giới thiệu", "Khách quen của sale"}
    assert sum(lead.declared_origin in told and "gclid" in query(lead.url) for lead in demo.leads) >= 10


def test_quarrel_source_claimed_by_sales(demo: Company) -> None:
    """In the CRM where a salesperson ticks the source, some tick themselves on people who filled in a form."""
    claimed = [lead for lead in demo.leads if lead.crm == "getfly" and lead.recorded_source == BY_SALES]
    assert sum(lead.form_id is not None for lead in claimed) > 50 < sum(lead.form_id is None for lead in claimed)


def test_quarrel_discounts_and_unknown_margins(demo: Company) -> None:
    """Discounts cut margins; of some deals nobody knows the margin, of others nobody wrote down the discount."""
    assert sum(deal.discount > 0 for deal in demo.deals) > 50
    assert 20 < sum(deal.hides_discount and deal.discount > 0 for deal in demo.deals) < len(demo.deals) / 13
    assert 3 <= sum(deal.margin is None for deal in demo.deals) < len(demo.deals) / 10


def test_quarrel_day_of_lost_tracking(demo: Company) -> None:
    """On one day no campaign's lead carries any trace."""
    traced: defaultdict[date, list[bool]] = defaultdict(list)
    for lead in demo.leads:
        if lead.true_campaign:
            traced[local_date(lead.created, BUSINESS_ZONE)].append(
                bool(lead.url or lead.vendor_lead_id or lead.crm_campaign))
    assert [day.isoformat() for day, found in traced.items() if len(found) > 5 and not any(found)] == ["2026-09-17"]


def test_quarrel_merges(demo: Company) -> None:
    """Contacts were merged before the nights and between them, chains included, and the survivor changes with it."""
    by_key = {(lead.crm, lead.lead_id): lead for lead in demo.leads}
    gone = [lead for lead in demo.leads if lead.merged_into]
    chained = [lead for lead in gone if by_key[lead.crm, lead.merged_into or ""].merged_into]
    assert len(gone) >= 12
    assert len(chained) == 2
    assert {sum(lead.merged_at < night for night in demo.nights) for lead in gone if lead.merged_at} == {1, 2, 3}
    merges = merge_times(demo)
    for lead in gone:
        end = survivor(by_key, lead, demo.nights[-1])
        assert end.merged_at is None
        assert updated_at(by_key[lead.crm, lead.merged_into or ""], demo.nights[-1], merges) >= (lead.merged_at or 0)


def test_quarrel_repeats_across_crms(demo: Company) -> None:
    """The same person writes again, also into the other CRM, by mail and by phone alone."""
    seen: defaultdict[str, list[Lead]] = defaultdict(list)
    for lead in demo.leads:
        seen[lead.person].append(lead)
    again = [leads for leads in seen.values() if len(leads) > 1]
    assert len(again) >= 80
    assert sum(len({lead.crm for lead in leads}) == 2 for leads in again) >= 20
    assert sum(all(mail(lead.email) is None for lead in leads) for leads in again) >= 10


@pytest.mark.parametrize("scale", [0.1, 1])
def test_quarrel_people_who_come_back(scale: float) -> None:
    """Before they buy people come by several campaigns, at last by none, never by any, or with another one's click."""
    company = make_company(scale=scale)
    whose = {(lead.crm, lead.lead_id): lead.person for lead in company.leads}
    won = {whose[deal.crm, deal.lead_id]: deal.won_at for deal in company.deals if deal.won_at and deal.lead_id}
    ways: defaultdict[str, list[bool]] = defaultdict(list)
    for lead in sorted(company.leads, key=lambda lead: lead.created):
        if lead.person in won and lead.created < won[lead.person]:
            ways[lead.person].append(bool(lead.url or lead.vendor_lead_id or lead.crm_campaign))
    long = [way for way in ways.values() if len(way) > 1]
    assert len(long) >= 6
    assert any(way[0] and not way[-1] for way in long)
    assert any(not any(way) for way in long)
    campaign = {touch.touch_id: touch.campaign_id for touch in company.touches}
    both = [lead for lead in company.leads if lead.vendor_lead_id and "gclid" in query(lead.url)]
    assert [campaign[lead.vendor_lead_id or ""] != campaign[query(lead.url)["gclid"]] for lead in both] == [True]


def test_quarrel_restatements(demo: Company) -> None:
    """After the first night rows change up to 20 days back, one falls to zero, one vanishes, conversions come late."""
    first = {(row.campaign_id, row.ad_id, row.day): row for row in demo.ad_days if row.visible_from <= demo.nights[0]}
    later = [(first[row.campaign_id, row.ad_id, row.day], row) for row in demo.ad_days
             if demo.nights[0] < row.visible_from < demo.nights[1] and (row.campaign_id, row.ad_id, row.day) in first]
    ages = [(demo.nights[0].date() - row.day).days for _, row in later]
    assert (len(later) > 10, max(ages)) == (True, 20)
    assert sum(row.vanished for _, row in later) == 1
    assert sum(row.spend == 0 and not row.vanished for _, row in later) == 1
    assert sum(row.claimed_conversions > old.claimed_conversions for old, row in later) >= 3


def test_quarrel_campaigns_that_change(demo: Company) -> None:
    """Renamed in mid-history and between nights, deleted with spend, hidden when deleted, without an ad level."""
    renamed = [campaign.names[1].seen_from for campaign in demo.campaigns if len(campaign.names) == 2]
    assert sorted(sum(moment < night for night in demo.nights) for moment in renamed) == [2, 3]
    assert [campaign.rows_hidden_when_deleted for campaign in demo.campaigns if campaign.deleted_at] == [False, True]
    assert [campaign.channel for campaign in demo.campaigns if not campaign.has_ads_level] == ["PERFORMANCE_MAX"]


def test_quarrel_edges_cancellations_archives(demo: Company) -> None:
    """Wins on a horizon's very edge, wins cancelled between nights, leads deleted between nights, deals of nobody."""
    born = {(lead.crm, lead.lead_id): lead.created for lead in demo.leads}
    ages = {deal.won_at - born[deal.crm, deal.lead_id] for deal in demo.deals if deal.won_at and deal.lead_id}
    assert {timedelta(days=days, seconds=extra) for days in (30, 60, 90) for extra in (0, 1)} <= ages
    assert {deal.crm for deal in demo.deals if deal.cancelled_at and demo.nights[0] < deal.cancelled_at
            < demo.nights[1]} == {"hubspot", "getfly"}
    assert Counter(lead.crm for lead in demo.leads if lead.archived_at) == {"hubspot": 3, "getfly": 3}
    assert sorted((deal.crm, sum(deal.archived_at > night for night in demo.nights)) for deal in demo.deals
                  if deal.archived_at and deal.won_at) == [("getfly", 1), ("getfly", 2), ("hubspot", 1), ("hubspot", 2)]
    assert sum(deal.lead_id is None for deal in demo.deals) == 12


def test_old_clicks_carry_a_utm(demo: Company) -> None:
    """A click too old to be looked up on the first night, or of a day not yet over on some night, has a UTM beside."""
    day_of = {touch.touch_id: touch for touch in demo.touches}
    for lead in demo.leads:
        touch = day_of.get(query(lead.url).get("gclid", "")) or day_of.get(lead.vendor_lead_id or "")
        if touch and lead.created < demo.nights[0] - timedelta(days=86):
            assert query(lead.url)["utm_campaign"] == touch.campaign_id
