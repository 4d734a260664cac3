"""The official hubspot-api-client, unmodified, reads the sandbox."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.contacts import BatchReadInputSimplePublicObjectId, PublicObjectSearchRequest
from hubspot.crm.contacts.exceptions import ApiException

from sandbox.credentials import HUBSPOT_TOKEN
from sandbox.model import Company
from sandbox.server import SandboxServer
from sandbox.world import World


@pytest.fixture
def api(served: SandboxServer) -> HubSpot:
    """The client, pointed at the sandbox."""
    return HubSpot(access_token=HUBSPOT_TOKEN, host=served.urls["hubspot"])


@pytest.fixture(scope="module")
def world(demo: Company) -> World:
    """What the records say as of the first night."""
    return World(demo, demo.nights[0])


def test_all_contacts_are_listed(api: HubSpot, world: World) -> None:
    """get_all pages through every contact that is not archived, with its mail address."""
    found = {one.id: one.properties["email"] for one in api.crm.contacts.get_all(properties=["email"])}
    assert found == {one.lead_id: one.email for one in world.leads["hubspot"].values() if one.archived_at is None}


def test_a_page_carries_history_and_links(api: HubSpot, world: World) -> None:
    """History is newest first and holds what absorbed contacts went through, associations name the deals."""
    page = api.crm.contacts.basic_api.get_page(
        limit=50, properties_with_history=["hs_lead_status"], associations=["deals"])
    for contact in page.results:
        family = [world.leads["hubspot"][contact.id], *world.absorbed.get(("hubspot", contact.id), [])]
        truth = [one for lead in family for one in lead.statuses if one.field == "hs_lead_status"]
        told = [(one.timestamp, one.value) for one in contact.properties_with_history["hs_lead_status"]]
        assert sorted(told) == sorted((one.at, one.value) for one in truth if one.at <= world.now)
        assert [at for at, _ in told] == sorted((at for at, _ in told), reverse=True)
    linked = {one.id: {deal.id for deal in one.associations["deals"].results} for one in page.results
              if one.associations}
    deals = world.deals["hubspot"].values()
    assert linked == {one.id: mine for one in page.results
                      if (mine := {deal.deal_id for deal in deals if deal.lead_id == one.id})}


def test_search_counts_and_pages(api: HubSpot, world: World) -> None:
    """A search by creation date finds exactly the leads created since."""
    middle = sorted(one.created for one in world.leads["hubspot"].values())[len(world.leads["hubspot"]) // 2]
    request: dict[str, Any] = {
        "filter_groups": [{"filters": [{"propertyName": "createdate", "operator": "GTE",
                                        "value": str(int(middle.timestamp() * 1000))}]}],
        "sorts": [{"propertyName": "createdate", "direction": "ASCENDING"}], "properties": ["createdate"], "limit": 20}
    found, after = [], None
    while True:
        answer = api.crm.contacts.search_api.do_search(
            public_object_search_request=PublicObjectSearchRequest(**request, after=after))
        found += [one.id for one in answer.results]
        if answer.paging is None:
            break
        after = answer.paging.next.after
    assert len(found) == answer.total
    assert set(found) == {one.lead_id for one in world.leads["hubspot"].values()
                          if one.created.replace(microsecond=0) >= middle and one.archived_at is None}


def test_batch_read_tells_what_is_missing(api: HubSpot, world: World) -> None:
    """A batch with an unknown id answers in part and names the rest."""
    known = next(iter(world.leads["hubspot"]))
    wanted = BatchReadInputSimplePublicObjectId(
        properties=["email"], properties_with_history=["lifecyclestage"], inputs=[{"id": known}, {"id": "1"}])
    answer = api.crm.contacts.batch_api.read(batch_read_input_simple_public_object_id=wanted)
    assert [one.id for one in answer.results] == [known]
    assert answer.num_errors == 1


def test_deals_add_up_to_the_records(api: HubSpot, world: World) -> None:
    """The won amount per currency is the company's to the last unit."""
    fields = ["amount", "hs_is_closed_won", "deal_currency_code"]
    told: dict[str, Decimal] = {}
    for deal in api.crm.deals.get_all(properties=fields):
        if deal.properties["hs_is_closed_won"] == "true":
            currency = deal.properties["deal_currency_code"]
            told[currency] = told.get(currency, Decimal(0)) + Decimal(deal.properties["amount"])
    truth: dict[str, Decimal] = {}
    for deal in world.deals["hubspot"].values():
        if deal.won_at and not deal.cancelled_at:
            truth[deal.currency] = truth.get(deal.currency, Decimal(0)) + deal.amount
    assert told == truth


def test_calls_lead_to_their_contacts(api: HubSpot, world: World) -> None:
    """The associations endpoint of v4 links every call with one contact."""
    calls = {call.call_id: one.lead_id for one in world.leads["hubspot"].values() for call in one.calls}
    some = list(calls)[:100]
    answer = api.crm.associations.v4.batch_api.get_page(
        "calls", "contacts", batch_input_public_fetch_associations_batch_request=
        BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": one} for one in some]))
    assert {one._from.id: str(one.to[0].to_object_id) for one in answer.results} == {one: calls[one] for one in some}


def test_a_wrong_token_is_refused(served: SandboxServer) -> None:
    """The client raises its own error with status 401."""
    with pytest.raises(ApiException) as caught:
        HubSpot(access_token="wrong-token", host=served.urls["hubspot"]).crm.contacts.basic_api.get_page()
    assert caught.value.status == 401
