"""The expected answers as a whole: they conserve what happened, and show the quarrels that were planted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from scipy.stats import binomtest

from sandbox.company import make_company
from sandbox.facts import KEYS, Truth
from sandbox.model import Company, StatusChange
from sandbox.truth import expected, quality
from sandbox.truth_events import Rates, recorded, standing
from sandbox.truth_ledger import Ledger
from sandbox.truth_people import counted
from sandbox.truth_roi import closed
from sandbox.truth_shares import wilson
from sandbox.truth_spend import newest
from sandbox.truth_trials import is_trial
from tests.support import answers

pytestmark = pytest.mark.xdist_group("truth")  # its answers take seconds: once, not once per worker
Sums = dict[str, dict[str, Decimal]]


@pytest.fixture(scope="module")
def demo() -> Company:
    """The company of the demo."""
    return answers.company()


@pytest.fixture(scope="module")
def truths() -> dict[int, Truth]:
    """The answers after each night."""
    return {night: answers.truth(night) for night in (1, 2, 3)}


@pytest.fixture(scope="module")
def truth(truths: dict[int, Truth]) -> Truth:
    """The answers after the last night."""
    return truths[3]


@pytest.fixture(scope="module")
def campaigns(demo: Company, truth: Truth) -> Sums:
    """The parts of the daily mart summed by the campaign's first name."""
    names = {campaign.campaign_id: campaign.names[0].name for campaign in demo.campaigns}
    sums: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for key, row in truth.rows["campaign_roi_daily"].items():
        for column, value in row.items():
            if isinstance(value, int | Decimal):
                sums[names.get(key[2], key[2])][column] += value
    return {name: dict(found) for name, found in sums.items()}


def test_enough_facts_for_every_mart(truth: Truth) -> None:
    """Every covered mart has rows, and there are far more than 2,000 cells."""
    assert set(truth.rows) == set(KEYS)
    assert all(truth.rows.values())
    assert len(truth) == sum(1 for _ in truth.facts) > 20_000


def test_same_company_same_truth() -> None:
    """The answers depend on the company and the night alone."""
    assert expected(make_company(scale=0.1), 3) == expected(make_company(scale=0.1), 3)
    with pytest.raises(ValueError, match=r"1\.\.3"):
        expected(make_company(scale=0.1), 4)


@pytest.mark.parametrize("night", [1, 2, 3])
def test_revenue_is_conserved(demo: Company, truths: dict[int, Truth], night: int) -> None:
    """Daily, closed and tie-out views each hold exactly the revenue and the deals that stand."""
    rates = Rates(demo.fx, "VND")
    ledger = Ledger.of(demo, night)
    deals = standing(demo, demo.nights[night - 1])
    revenue = sum((rates.convert(deal.amount, deal.currency, win.day) for deal, win in zip(
        sorted(deals, key=lambda deal: deal.won_at or demo.nights[0]), ledger.wins, strict=True)), Decimal(0))
    rows = truths[night].rows
    for mart in ("campaign_roi_daily", "campaign_roi_closed"):
        assert sum(row["revenue_reporting_amount"] for row in rows[mart].values()) == revenue
    for way in ("told", "crm"):
        ties = [row for (_, statement), row in rows["tieout"].items() if statement == "won_by_close_date"]
        assert sum(row[f"{way}_reporting_amount"] for row in ties) == revenue
    assert sum(row["won_deal_count"] for row in rows["campaign_roi_daily"].values()) == len(deals)


@pytest.mark.parametrize("night", [1, 2, 3])
def test_spend_is_conserved(demo: Company, truths: dict[int, Truth], night: int) -> None:
    """What the accounts paid is in the daily mart to the last unit, the remainder included."""
    paid: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in newest(demo, demo.nights[night - 1]):
        paid[row.account_id] += row.spend
    told: defaultdict[str, Decimal] = defaultdict(Decimal)
    for key, cells in truths[night].rows["campaign_roi_daily"].items():
        if isinstance(cells["spend_amount"], Decimal):
            told[key[1]] += cells["spend_amount"]
    assert told == paid


def test_people_are_counted_once(demo: Company, truth: Truth) -> None:
    """Unique leads are people; merged-away and test leads are none; repeats and tests stay in the lead count.

    Who was merged away after a night had seen him brings the records that he left elsewhere along.
    """
    rows = truth.rows["campaign_roi_daily"].values()
    leads = counted(demo.leads, demo.nights)
    merged = sum(lead.merged_at is not None for lead in demo.leads)
    assert sum(row["lead_count"] for row in rows) == len(leads) == len(demo.leads) - merged
    people = {lead.person for lead in leads if not is_trial(lead)}
    along = [lead for lead in demo.leads if lead.merged_at and lead.merged_at > demo.nights[0] > lead.created]
    assert sum(row["unique_lead_count"] for row in rows) == len(people) - sum(lead.person in people for lead in along)


def test_a_customer_is_new_once(demo: Company, truth: Truth) -> None:
    """New customers are the people with a standing win."""
    person = {(lead.crm, lead.lead_id): lead for lead in demo.leads}
    buyers = set()
    for deal in standing(demo, demo.nights[-1]):
        if deal.lead_id:
            lead = person[deal.crm, deal.lead_id]
            while lead.merged_into:
                lead = person[lead.crm, lead.merged_into]
            buyers.add(lead.person)
    assert sum(row["won_count"] for row in truth.rows["campaign_roi_daily"].values()) == len(buyers)


def test_cohorts_grow_with_the_horizon(truth: Truth) -> None:
    """No outcome shrinks from 30 to 60 to 90 days, and at 90 days no more was won than at all."""
    for key, row in truth.rows["campaign_roi_cohort"].items():
        if key[4] != "90":
            later = truth.rows["campaign_roi_cohort"][*key[:4], str(int(key[4]) + 30)]
            assert row["won_deal_count"] <= later["won_deal_count"]


def test_quarrel_best_claim_worst_return(campaigns: Sums) -> None:
    """The campaign whose platform claims the best return loses most of its money."""
    claim = {name: row["claimed_value_amount"] / row["spend_amount"] for name, row in campaigns.items()
             if row.get("spend_amount") and name != "(unallocated)"}
    assert max(claim, key=lambda name: claim[name]) == "Tiếp thị lại - Khách cũ"
    row = campaigns["Tiếp thị lại - Khách cũ"]
    assert row["gross_margin_reporting_amount"] < row["spend_reporting_amount"] / 2


def test_quarrel_cheapest_leads_are_dead(campaigns: Sums, truth: Truth, demo: Company) -> None:
    """The campaign with the cheapest leads is the one where most of them cannot be reached at all."""
    price = {name: row["spend_reporting_amount"] / row["unique_lead_count"] for name, row in campaigns.items()
             if row["unique_lead_count"] > 20 and row.get("spend_amount")}
    cheapest = min(price, key=lambda name: price[name])
    assert cheapest == "Form - Sofa giá rẻ"
    valid: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for key, row in truth.rows["lead_quality"].items():
        valid[key[2]][0] += int(row["valid_lead_count"] or 0)
        valid[key[2]][1] += int(row["unique_lead_count"] or 0)
    share = {key: good / every for key, (good, every) in valid.items() if every > 20}
    worst = min(share, key=lambda key: share[key])
    assert next(one.names[0].name for one in demo.campaigns if one.campaign_id == worst) == cheapest
    assert share[worst] < 0.6 < sorted(share.values())[1]


def test_quarrel_spend_without_leads_and_leads_without_spend(campaigns: Sums) -> None:
    """One campaign only costs; some leads no campaign paid for; the lost campaign's spend is the remainder."""
    assert campaigns["US Display - Brand"]["lead_count"] == 0 < campaigns["US Display - Brand"]["spend_amount"]
    assert campaigns["(unmatched)"]["lead_count"] > 200
    assert "spend_amount" not in campaigns["(unmatched)"]
    assert campaigns["(unallocated)"]["spend_amount"] > 0
    assert "Thử nghiệm tháng 8" not in campaigns


def test_every_reason_occurs(truth: Truth) -> None:
    """Leads stay unmatched for every reason there is, in both CRMs."""
    reasons = {"ambiguous_name", "unknown_click_id", "unknown_campaign", "fbclid_only", "self_declared_only",
               "no_tracking"}
    assert {key[2] for key in truth.rows["unmatched_leads"] if key[0] == "getfly"} == reasons
    assert {key[2] for key in truth.rows["unmatched_leads"] if key[0] == "hubspot"} == reasons


def test_quarrel_records_against_themselves(truth: Truth) -> None:
    """Every contradiction that the two CRMs can show occurs, and a CRM without calls is asked for none."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for crm, _, kind in truth.rows["contradiction"]:
        kinds[crm].add(kind)
    assert kinds == {
        "hubspot": {"wrong_target_but_won", "reached_without_contact", "reached_after_won", "touched_before_created",
                    "wrong_target_then_hot"},
        "getfly": {"wrong_target_but_won", "lost_but_won", "invalid_contact_but_won", "won_before_created"}}


def test_getfly_forgets(demo: Company) -> None:
    """One night knows one value per lead; a later night adds at most one, and only if it changed."""
    for lead in demo.leads:
        if lead.crm == "getfly":
            one, two = (list(recorded(lead, demo.nights[:count])) for count in (1, 2))
            assert len(one) <= 1
            assert two[:len(one)] == one
            assert len(two) <= 2


def test_a_missed_night_saw_nothing(demo: Company) -> None:
    """A Getfly status that lasted for one day is known only if a night saw it; without the night it never was."""
    place = next(place for place, lead in enumerate(demo.leads) if lead.crm == "getfly" and not lead.archived_at
                 and [change.value for change in lead.statuses[1:]] == ["Đang liên hệ"]
                 and (lead.crm, lead.lead_id) not in {(one.crm, one.lead_id) for one in demo.appeals}
                 and demo.nights[0] - timedelta(days=20) < lead.created < lead.statuses[-1].at < demo.nights[0]
                 and [other.person for other in demo.leads].count(lead.person) == 1)
    passing = (StatusChange(demo.nights[0] + timedelta(hours=3), "relation_name", "Tiếp cận"),
               StatusChange(demo.nights[1] + timedelta(hours=3), "relation_name", "Sai số"))
    lead = replace(demo.leads[place], statuses=(*demo.leads[place].statuses, *passing))
    company = replace(demo, leads=(*demo.leads[:place], lead, *demo.leads[place + 1:]))
    seen, unseen = (sum(int(row["reached_count"] or 0) for _, row in quality(Ledger.of(company, 3, missed)))
                    for missed in ((), (2,)))
    assert seen == unseen + 1
    with pytest.raises(ValueError, match="missed"):
        expected(demo, 2, missed=[2])


def test_a_deleted_deal_is_no_win(demo: Company, truths: dict[int, Truth]) -> None:
    """Its revenue stands until the night after the deletion, and is gone from then on, in either CRM."""
    kept = replace(demo, deals=tuple(replace(deal, archived_at=None) for deal in demo.deals))
    for night in (1, 2, 3):
        gone = [deal for deal in demo.deals if deal.archived_at and deal.archived_at <= demo.nights[night - 1]]
        months = dict(closed(Ledger.of(kept, night))).values(), truths[night].rows["campaign_roi_closed"].values()
        before, after = (sum(int(row["won_deal_count"]) for row in rows) for rows in months)
        assert (before - after, len(gone)) == (len(gone), 2 * (night - 1))


def test_nights_differ(truths: dict[int, Truth]) -> None:
    """A later night changes published cells of the past: merges, cancellations, restatements."""
    first, second = (truths[night].rows["campaign_roi_daily"] for night in (1, 2))
    changed = [key for key in first.keys() & second.keys() if first[key] != second[key]]
    assert len(changed) > 20
    assert any(first[key]["revenue_reporting_amount"] != second[key]["revenue_reporting_amount"] for key in changed)


@pytest.mark.parametrize(("count", "size"), [(0, 20), (6, 118), (20, 20), (33, 47)])
def test_wilson(count: int, size: int) -> None:
    """The interval is the reference library's."""
    reference = binomtest(count, size).proportion_ci(method="wilson")
    assert wilson(count, size) == pytest.approx((reference.low, reference.high), rel=1e-9, abs=1e-12)
