"""Getfly against the sandbox: everything the tenant shows arrives, once, in UTC and in đồng."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors import getfly
from connectors.base import Connector
from connectors.checked import checked
from connectors.people import normal_email, normal_phone
from crosscheck.errors import BrokenAnswer, ConfigError, CrosscheckError, DataError, TryAgain
from sandbox.company import make_company
from sandbox.faults import Fault
from sandbox.model import Company, Lead
from sandbox.server import SandboxServer
from sandbox.truth_people import person_of
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
def tenant(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Connector:
    monkeypatch.setattr(getfly, "LIMIT", 40)
    return connect("getfly", server.urls["getfly"], monkeypatch.setenv)[0]


@pytest.fixture
def read(tenant: Connector, company: Company) -> Callable[..., Read]:
    def make(stream: str, night: int = 0, since: int | None = None) -> Read:
        job = job_of(tenant, stream, company.nights[night], None if since is None else company.nights[since])
        return Read(tenant, job)
    return make


def known(company: Company, night: int) -> dict[str, Lead]:
    """The accounts the tenant lists on a night: deleted ones are gone."""
    now = company.nights[night]
    return {lead.lead_id: lead for lead in company.leads if lead.crm == "getfly" and lead.created <= now
            and not any(gone and gone <= now for gone in (lead.merged_at, lead.archived_at))}


def test_the_account_is_the_tenant(tenant: Connector) -> None:
    """One tenant, named by its host, in the configured zone."""
    (account,) = tenant.accounts()
    assert (account.account_id, account.time_zone, account.currency_code) == ("127.0.0.1", "Asia/Ho_Chi_Minh", "VND")


def test_every_account_arrives_once_with_its_facts(read: Callable[..., Read], company: Company) -> None:
    """All listed accounts; origin, creation to the second in UTC, and contact data as the company knows them."""
    accounts, expected = read("accounts"), known(company, 0)
    leads = accounts.by_key("lead", "lead_id")
    assert leads.keys() == expected.keys()
    assert accounts.received == len(accounts.rows("lead")) == len(expected)
    assert len(accounts.pages) > 1
    assert (accounts.quarantined(), accounts.drift) == ([], set())
    for lead_id, lead in expected.items():
        row, pairs = leads[lead_id], parse_qsl(urlsplit(lead.url or "").query)
        query = {name.lower(): value for name, value in reversed(pairs)}
        assert {n: row[n] for n in UTM} == {n: query.get(n) for n in UTM}
        assert (row["vendor_lead_id"], row["crm_campaign"]) == (lead.vendor_lead_id, lead.crm_campaign)
        assert (row["recorded_source"], row["self_declared_origin"]) == (lead.recorded_source, lead.declared_origin)
        assert row["created_at"] == lead.created.replace(tzinfo=None, microsecond=0)
    raw = accounts.by_key("contact", "lead_id")
    assert {key: (row["email"], row["phone"]) for key, row in raw.items()} == {
        key: (lead.email, lead.phone) for key, lead in expected.items()}


def test_people_are_recognised(read: Callable[..., Read], company: Company) -> None:
    """Two accounts have the same key exactly when the strongest contact on them is the same."""
    leads, expected = read("accounts").by_key("lead", "lead_id"), known(company, 0)
    keys = {(person_of(expected[str(lead_id)]), row["person_key"]) for lead_id, row in leads.items()}
    assert len(keys) == len({person for person, _ in keys}) == len({key for _, key in keys})


def test_the_current_relation_is_all_there_is(read: Callable[..., Read], company: Company) -> None:
    """One inferred version per account: its newest relation, as of the account's last change."""
    rows = read("accounts").by_key("lead_status", "lead_id")
    for lead_id, lead in known(company, 0).items():
        past = sorted((c for c in lead.statuses if c.at <= company.nights[0]), key=lambda change: change.at)
        assert (lead_id in rows) == bool(past)
        if past:
            row = rows[lead_id]
            assert (row["status_field"], row["status"], row["is_inferred"]) == ("relation_name", past[-1].value, True)
            assert str(row["entered_at"]) >= f"{past[-1].at:%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    ("stream", "table", "key"), [("accounts", "lead", "lead_id"), ("sale_orders", "deal", "deal_id")])
def test_increments_add_up(read: Callable[..., Read], server: SandboxServer, company: Company, *, stream: str,
                           table: str, key: str) -> None:
    """Night by night gives what one late full read gives; what was deleted in between stays held."""
    held = read(stream).by_key(table, key)
    for night in (1, 2):
        server.set_clock(company.nights[night])
        part = read(stream, night, since=night - 1)
        assert part.received < len(held) / 2
        held |= part.by_key(table, key)
    whole = read(stream, 2).by_key(table, key)
    assert whole
    for name, row in whole.items():
        assert row | {"row_no": 0} == held[name] | {"row_no": 0}


def test_deleted_records_leave_the_key_lists(read: Callable[..., Read], server: SandboxServer,
                                             company: Company) -> None:
    """Night by night the keys are those of what is there: deleted accounts and orders are missing from then on."""
    for night, now in enumerate(company.nights):
        server.set_clock(now)
        assert read("account_keys", night).by_key("lead_key", "lead_id").keys() == known(company, night).keys()
        assert read("order_keys", night).by_key("deal_key", "deal_id").keys() == {
            deal.deal_id for deal in company.deals if deal.crm == "getfly" and deal.created <= now
            and not (deal.archived_at and deal.archived_at <= now)}
    assert len([deal for deal in company.deals if deal.crm == "getfly" and deal.archived_at]) == 2


def test_orders(read: Callable[..., Read], server: SandboxServer, company: Company) -> None:
    """Amounts, margin and outcome of every order there is; a cancelled one is no win."""
    server.set_clock(company.nights[2])
    found = read("sale_orders", 2).by_key("deal", "deal_id")
    expected = {deal.deal_id: deal for deal in company.deals if deal.crm == "getfly" and not deal.archived_at}
    assert found.keys() == expected.keys()
    for deal_id, deal in expected.items():
        row = found[deal_id]
        assert (row["deal_amount"], row["discount_amount"], row["gross_margin_amount"], row["currency_code"]) == (
            deal.amount, None if deal.hides_discount else deal.discount, deal.margin, "VND")
        assert row["is_won"] == bool(deal.won_at and not deal.cancelled_at)
        assert row["is_lost"] == bool(deal.lost_at or deal.cancelled_at)
        assert (row["lead_id"] is None) == (deal.lead_id is None)
        if row["is_won"] and deal.won_at:
            assert row["closed_at"] == deal.won_at.replace(tzinfo=None, microsecond=0)
    assert sum(Decimal(str(row["deal_amount"])) for row in found.values()) == sum(d.amount for d in expected.values())


def test_the_older_shape_says_the_same(read: Callable[..., Read], server: SandboxServer,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare list with ids as text gives the rows of the newer shape."""
    newer = read("accounts").by_key("lead", "lead_id")
    monkeypatch.setattr(getfly, "LIMIT", 100_000)
    monkeypatch.setattr(server.options, "getfly_sync_bare_array", True)
    older = read("accounts").by_key("lead", "lead_id")
    assert {k: v | {"row_no": 0} for k, v in older.items()} == {k: v | {"row_no": 0} for k, v in newer.items()}


def test_mapping_is_pure_and_fits_the_records(read: Callable[..., Read], tenant: Connector) -> None:
    """The same page gives the same frames, and the generic reader accepts them."""
    for stream in ("accounts", "sale_orders"):
        got = read(stream)
        for page, mapped in zip(got.pages, got.mapped, strict=True):
            same(tenant.map(got.job, page), mapped)
            tables, refused = checked(got.job.stream, page, mapped)
            assert tables[got.job.stream.primary.table.name].num_rows + len(refused) == page.rows


def test_raw_contact_data_stands_in_one_table(read: Callable[..., Read], company: Company) -> None:
    """No address and no number outside the restricted table."""
    leads = known(company, 0).values()
    secrets = {each for lead in leads for each in (lead.email, lead.phone) if normal_email(each) or normal_phone(each)}
    for table, text in read("accounts").texts():
        assert table == "contact" or not any(secret in text for secret in secrets if secret)


@pytest.mark.parametrize("stream", ["accounts", "sale_orders"])
@pytest.mark.parametrize("fault", [
    Fault("getfly", "429_retry_after", times=2, params={"seconds": 3}),
    Fault("getfly", "429_bare", times=2),
    Fault("getfly", "5xx_burst", times=3),
    Fault("getfly", "reset_mid_body", times=2),
    Fault("getfly", "truncated_json", times=2),
    Fault("getfly", "html_200", times=2),
    Fault("getfly", "expired_token", times=1),
    Fault("getfly", "duplicated_page", times=1, after=1),
], ids=lambda fault: fault.kind)
def test_hiccups_change_nothing(read: Callable[..., Read], server: SandboxServer, company: Company, fault: Fault,
                                stream: str) -> None:
    """After any passing fault the slice has the same records; those of a page that came twice are counted twice."""
    path = "accounts/sync" if stream == "accounts" else stream
    expected = read(stream).received
    server.inject(Fault(fault.vendor, fault.kind, path, fault.times, fault.after, fault.params))
    got = read(stream)
    table = got.job.stream.primary.table
    assert len(got.by_key(table.name, *table.key)) == expected
    assert got.received == len(got.rows(table.name)) >= expected


@pytest.mark.parametrize(("fault", "error"), [
    (Fault("getfly", "expired_token", "sync", times=99), ConfigError),
    (Fault("getfly", "forbidden_account", "sync"), ConfigError),
    (Fault("getfly", "html_200", "sync", times=99), BrokenAnswer),
    (Fault("getfly", "5xx_burst", "sync", times=99), TryAgain),
    (Fault("getfly", "cursor_loop", "sync"), DataError),
], ids=lambda value: getattr(value, "kind", ""))
def test_what_patience_does_not_cure(read: Callable[..., Read], server: SandboxServer, fault: Fault,
                                     error: type[CrosscheckError]) -> None:
    """Each lasting fault becomes the error that says what to do next."""
    server.inject(fault)
    with pytest.raises(error):
        read("accounts")


def test_a_new_custom_field_is_reported(read: Callable[..., Read], server: SandboxServer) -> None:
    """An unknown key is drift, not a crash and not silence."""
    server.inject(Fault("getfly", "new_column", "sync", params={"column": "detail_custom_fields.zodiac"}))
    assert read("accounts").drift == {"detail_custom_fields.zodiac"}


def test_a_tenant_needs_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http to a stranger is refused before the key leaves the house."""
    with pytest.raises(ConfigError, match="https"):
        connect("getfly", "http://tenant.getflycrm.com", monkeypatch.setenv)
