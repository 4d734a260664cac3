"""HubSpot against the sandbox: everything the company's CRM held arrives, once, whatever the vendor does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors import hubspot
from connectors.base import Connector
from connectors.checked import checked
from connectors.people import normal_email, normal_phone
from crosscheck.errors import BrokenAnswer, ConfigError, CrosscheckError, DataError, QuotaExhausted, Skippable
from sandbox.company import make_company
from sandbox.faults import Fault
from sandbox.model import Company, Lead
from sandbox.server import SandboxServer
from sandbox.truth_people import person_of
from sandbox.world import World
from tests.support.crm import Read, connect, job_of, same

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "gclid", "gbraid", "wbraid", "fbclid")


@pytest.fixture(scope="module")
def company() -> Company:
    return make_company(scale=0.2)


@pytest.fixture(scope="module")
def running(company: Company) -> Iterator[SandboxServer]:
    with SandboxServer(company, company.nights[0]) as server:
        yield server


@pytest.fixture
def server(running: SandboxServer, company: Company) -> SandboxServer:
    running.clear_faults()
    running.set_clock(company.nights[0])
    return running


@pytest.fixture
def portal(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Connector:
    return connect("hubspot", server.urls["hubspot"], monkeypatch.setenv)[0]


@pytest.fixture
def read(portal: Connector, company: Company) -> Callable[..., Read]:
    def make(stream: str, night: int = 0, since: int | None = None) -> Read:
        job = job_of(portal, stream, company.nights[night], None if since is None else company.nights[since])
        return Read(portal, job)
    return make


def known(company: Company, night: int) -> dict[str, Lead]:
    """The contacts the CRM knows under their own id on a night."""
    now = company.nights[night]
    return {lead.lead_id: lead for lead in company.leads if lead.crm == "hubspot" and lead.created <= now
            and not (lead.merged_at and lead.merged_at <= now)}


def test_the_account_is_the_portal(portal: Connector) -> None:
    """One portal with its zone and currency."""
    (account,) = portal.accounts()
    assert (account.account_id, account.time_zone, account.currency_code) == ("62515", "Asia/Ho_Chi_Minh", "VND")


def test_every_contact_arrives_once_with_its_facts(read: Callable[..., Read], company: Company) -> None:
    """All contacts, archived ones too; origin, creation and contact data as the company knows them."""
    contacts, expected = read("contacts"), known(company, 0)
    leads = contacts.by_key("lead", "lead_id")
    assert leads.keys() == expected.keys()
    assert contacts.received == len(contacts.rows("lead")) == len(expected)
    assert contacts.quarantined() == []
    assert contacts.drift == set()
    for lead_id, lead in expected.items():
        row, pairs = leads[lead_id], parse_qsl(urlsplit(lead.url or "").query)
        query = {name.lower(): value for name, value in reversed(pairs)}
        assert {n: row[n] for n in UTM} == {n: query.get(n) for n in UTM}
        assert row["vendor_lead_id"] == lead.vendor_lead_id
        assert row["crm_campaign"] == lead.crm_campaign
        assert (row["recorded_source"], row["self_declared_origin"]) == (lead.recorded_source, lead.declared_origin)
        assert row["created_at"] == lead.created.replace(tzinfo=None)
        assert row["is_archived"] == bool(lead.archived_at and lead.archived_at <= company.nights[0])
    raw = contacts.by_key("contact", "lead_id")
    assert {key: (row["email"], row["phone"]) for key, row in raw.items()} == {
        key: (lead.email, lead.phone) for key, lead in expected.items()}


def test_people_are_recognised(read: Callable[..., Read], company: Company) -> None:
    """Two contacts have the same key exactly when the strongest contact on them is the same."""
    leads, expected = read("contacts").by_key("lead", "lead_id"), known(company, 0)
    keys = {(person_of(expected[str(lead_id)]), row["person_key"]) for lead_id, row in leads.items()}
    assert len(keys) == len({person for person, _ in keys}) == len({key for _, key in keys})


def test_the_whole_history_arrives(read: Callable[..., Read], company: Company) -> None:
    """Every value that a status ever had, at the instant at which it began; that of absorbed contacts too."""
    found = {(row["status_field"], row["status"], row["entered_at"]) for row in read("contacts").rows("lead_status")}
    assert found == {(change.field, change.value, change.at.replace(tzinfo=None))
                     for lead in company.leads if lead.crm == "hubspot"
                     for change in lead.statuses if change.at <= company.nights[0]}


@pytest.mark.parametrize(("stream", "table", "keys"), [
    ("contacts", "lead", ["lead_id"]),
    ("contacts", "lead_status", ["lead_id", "status_field", "status", "entered_at"]),
    ("deals", "deal", ["deal_id"]),
    ("calls", "activity", ["activity_id"]),
    ("notes", "activity", ["activity_id"]),
])
def test_increments_add_up(read: Callable[..., Read], server: SandboxServer, company: Company, *, stream: str,
                           table: str, keys: list[str]) -> None:
    """Night by night gives what one late full read gives, but for leads that were merged away in between."""
    held = read(stream).by_key(table, *keys)
    for night in (1, 2):
        server.set_clock(company.nights[night])
        held |= read(stream, night, since=night - 1).by_key(table, *keys)
    whole = read(stream, 2).by_key(table, *keys)
    merged = {lead.lead_id: lead.merged_into for lead in company.leads if lead.merged_at}
    assert whole.keys() <= held.keys()
    assert {row["lead_id"] for key, row in held.items() if key not in whole} <= merged.keys()
    for key, row in whole.items():
        assert _stripped(row, merged) == _stripped(held[key], merged)


def _stripped(row: dict[str, object], merged: dict[str, str | None]) -> dict[str, object]:
    """The row without its place in a page, on the lead that survived."""
    lead_id = row["lead_id"]
    while lead_id in merged:
        lead_id = merged[str(lead_id)]
    return {name: value for name, value in row.items() if name != "row_no"} | {"lead_id": lead_id}


def test_an_increment_is_small(read: Callable[..., Read], server: SandboxServer, company: Company) -> None:
    """A night reads what changed, not the whole portal."""
    server.set_clock(company.nights[1])
    assert 0 < read("contacts", 1, since=0).received < len(known(company, 1)) / 2


def test_merges_are_kept(read: Callable[..., Read], server: SandboxServer, company: Company) -> None:
    """Merged-away contacts vanish at HubSpot; who absorbed them is known."""
    server.set_clock(company.nights[2])
    contacts = read("contacts", 2)
    merged = {lead.lead_id: lead.merged_into for lead in company.leads if lead.crm == "hubspot" and lead.merged_at}
    found = {row["lead_id"]: row["merged_into_id"] for row in contacts.rows("lead_merge")}
    assert found.keys() == merged.keys()
    assert merged
    assert set(found.values()) == set(merged.values()) - merged.keys()


def test_deals(read: Callable[..., Read], server: SandboxServer, company: Company) -> None:
    """Amounts, outcome and the linked contact of every deal."""
    server.set_clock(company.nights[2])
    deals = read("deals", 2)
    expected = {deal.deal_id: deal for deal in company.deals if deal.crm == "hubspot"}
    found = deals.by_key("deal", "deal_id")
    assert found.keys() == expected.keys()
    for deal_id, deal in expected.items():
        row = found[deal_id]
        assert (row["deal_amount"], row["discount_amount"], row["gross_margin_amount"]) == (
            deal.amount, None if deal.hides_discount else deal.discount, deal.margin)
        assert row["currency_code"] == deal.currency
        assert row["is_won"] == bool(deal.won_at and not deal.cancelled_at)
        if row["is_won"] and deal.won_at:
            assert row["closed_at"] == deal.won_at.replace(tzinfo=None)
        assert (row["lead_id"] is None) == (deal.lead_id is None)
    assert sum(Decimal(str(row["deal_amount"])) for row in found.values()) == sum(d.amount for d in expected.values())


def test_calls(read: Callable[..., Read], company: Company) -> None:
    """Each call once, on its contact, with outcome and seconds."""
    calls = read("calls")
    expected = {call.call_id: (lead, call) for lead in known(company, 0).values() for call in lead.calls
                if call.at <= company.nights[0]}
    found = calls.by_key("activity", "activity_id")
    assert found.keys() >= expected.keys()
    for call_id, (lead, call) in expected.items():
        row = found[call_id]
        assert (row["lead_id"], row["outcome"], row["duration_seconds"], row["direction"]) == (
            lead.lead_id, call.outcome, call.seconds, call.direction)


def test_notes_and_meetings(read: Callable[..., Read], server: SandboxServer, company: Company) -> None:
    """Each once, on its contact, by whom and when; what a note says is not even sent."""
    server.set_clock(company.nights[2])
    leads = World(company, company.nights[2]).leads["hubspot"].values()
    notes, meetings = read("notes", 2), read("meetings", 2)
    found = {row["activity_id"]: (row["activity_kind"], row["lead_id"], row["actor_id"], row["occurred_at"])
             for row in notes.rows("activity")}
    assert found == {note.note_id: ("note", lead.lead_id, note.owner_id, note.at.replace(tzinfo=None))
                     for lead in leads for note in lead.notes}
    assert not any(note.text.encode() in page.body for lead in leads for note in lead.notes for page in notes.pages)
    held = {row["activity_id"]: (row["outcome"], row["duration_seconds"], row["occurred_at"])
            for row in meetings.rows("activity")}
    assert held == {met.meeting_id: (met.outcome, met.seconds, met.at.replace(tzinfo=None))
                    for lead in leads for met in lead.meetings}
    assert found
    assert {"completed", "no_show"} == {outcome for outcome, *_ in held.values()}


def test_mapping_is_pure_and_fits_the_records(read: Callable[..., Read], portal: Connector) -> None:
    """The same page gives the same frames, and the generic reader accepts them."""
    for stream in ("contacts", "deals", "calls", "meetings", "notes"):
        got = read(stream)
        for page, mapped in zip(got.pages, got.mapped, strict=True):
            same(portal.map(got.job, page), mapped)
            tables, refused = checked(got.job.stream, page, mapped)
            assert tables[got.job.stream.primary.table.name].num_rows + len(refused) == page.rows


def test_raw_contact_data_stands_in_one_table(read: Callable[..., Read], company: Company) -> None:
    """No address and no number outside the restricted table."""
    leads = known(company, 0).values()
    secrets = {each for lead in leads for each in (lead.email, lead.phone) if normal_email(each) or normal_phone(each)}
    for table, text in read("contacts").texts():
        assert table == "contact" or not any(secret in text for secret in secrets if secret)


def test_more_than_a_search_may_show(read: Callable[..., Read], server: SandboxServer, company: Company,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    """The search's cap hides nothing: each search starts after the last id."""
    monkeypatch.setattr(hubspot, "SEARCH_LIMIT", 20)
    monkeypatch.setattr(server.options, "hubspot_search_cap", 20)
    assert read("contacts").by_key("lead", "lead_id").keys() == known(company, 0).keys()


@pytest.mark.parametrize("fault", [
    Fault("hubspot", "429_retry_after", times=2, params={"seconds": 3}),
    Fault("hubspot", "429_bare", times=2),
    Fault("hubspot", "5xx_burst", times=3),
    Fault("hubspot", "reset_mid_body", times=2),
    Fault("hubspot", "truncated_json", times=2),
    Fault("hubspot", "html_200", times=2),
    Fault("hubspot", "expired_token", times=1),
    Fault("hubspot", "duplicated_page", times=1),
    Fault("hubspot", "other_host_next", times=9, params={"url": "http://127.0.0.1:9"}),
], ids=lambda fault: fault.kind)
@pytest.mark.parametrize("path", ["/search", "/batch/read", "archived=true"])
def test_hiccups_change_nothing(read: Callable[..., Read], server: SandboxServer, company: Company, fault: Fault,
                                path: str) -> None:
    """After any passing fault the slice is the same as without it."""
    server.inject(Fault(fault.vendor, fault.kind, path, fault.times, 0, fault.params))
    assert read("contacts").by_key("lead", "lead_id").keys() == known(company, 0).keys()


@pytest.mark.parametrize(("fault", "error"), [
    (Fault("hubspot", "quota_in_body", "/search"), QuotaExhausted),
    (Fault("hubspot", "429_retry_after", "/search", params={"seconds": 40_000}), QuotaExhausted),
    (Fault("hubspot", "forbidden_account", "/search"), Skippable),
    (Fault("hubspot", "expired_token", "/search", times=99), ConfigError),
    (Fault("hubspot", "html_200", "/search", times=99), BrokenAnswer),
    (Fault("hubspot", "empty_answer", "/batch/read"), DataError),
    (Fault("hubspot", "volume_drop", "/batch/read"), DataError),
    (Fault("hubspot", "cursor_loop", "archived=true"), DataError),
], ids=lambda value: getattr(value, "kind", ""))
def test_what_patience_does_not_cure(read: Callable[..., Read], server: SandboxServer, fault: Fault,
                                     error: type[CrosscheckError]) -> None:
    """Each lasting fault becomes the error that says what to do next."""
    server.inject(fault)
    with pytest.raises(error):
        read("contacts")


def test_a_new_property_is_reported(read: Callable[..., Read], server: SandboxServer) -> None:
    """An unknown key is drift, not a crash and not silence."""
    server.inject(Fault("hubspot", "new_column", "/batch/read", params={"column": "properties.zodiac_sign"}))
    assert read("contacts").drift == {"properties.zodiac_sign"}


def test_a_contact_without_creation_is_set_aside(read: Callable[..., Read], server: SandboxServer) -> None:
    """A null where the record needs a value names the field in quarantine and leaves every table."""
    for column in ("properties.createdate", "createdAt"):
        server.inject(Fault("hubspot", "null_column", "/batch/read", params={"column": column}))
    contacts = read("contacts")
    assert set(contacts.quarantined()) == {("missing", "createdate")}
    assert contacts.received == len(contacts.rows("lead")) + len(contacts.quarantined())
