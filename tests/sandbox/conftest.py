"""A hand-made company small enough to reckon by heart, and a sandbox that serves it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from sandbox.company import make_company
from sandbox.model import (
    Ad,
    AdAccount,
    AdDay,
    Call,
    Campaign,
    Company,
    Deal,
    Lead,
    NameChange,
    StatusChange,
    Touch,
)
from sandbox.server import SandboxServer
from sandbox.wire import Options

NOW = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)
BIRTH = datetime(2026, 10, 1, tzinfo=UTC)
FIRST_DAY, DAYS = date(2026, 11, 1), 12
GOOGLE, GOOGLE_CLOSED, GOOGLE_FORBIDDEN, MANAGER = "1000000001", "1000000002", "1000000003", "9000000001"
META = "200000000000001"


def _account(platform: str, account_id: str, currency: str, manager: str = "", status: str = "ENABLED") -> AdAccount:
    return AdAccount(platform, account_id, f"Account {account_id}", currency, "Asia/Ho_Chi_Minh", manager, status)


def _campaign(platform: str, account: str, campaign: str, *, deleted: datetime | None = None, ads: bool = True,
              hidden: bool = False) -> Campaign:
    names = (NameChange(BIRTH, f"Old {campaign}"), NameChange(NOW - timedelta(days=3), f"New {campaign}"),
             NameChange(NOW + timedelta(days=3), f"Future {campaign}"))
    return Campaign(platform, account, campaign, names, "SEARCH", "LEADS", date(2026, 10, 1), deleted, ads, hidden)


def _days(platform: str, account: str, *ids: str, spend: str) -> list[AdDay]:
    campaign, group, ad = ids
    return [AdDay(platform, account, campaign, group, ad, FIRST_DAY + timedelta(days=number),
                  BIRTH + timedelta(days=number), Decimal(spend) + number, 100 + number, 10,
                  {"engagement": 7, "reaction": 3, "video_view": 2}, Decimal(5), Decimal(50))
            for number in range(DAYS)]


def _spend() -> tuple[AdDay, ...]:
    rows = [*_days("google_ads", GOOGLE, "11", "111", "1111", spend="150000"),
            *_days("google_ads", GOOGLE, "12", "", "", spend="90000"),
            *_days("meta_ads", META, "21", "211", "2111", spend="14.35"),
            *_days("meta_ads", META, "22", "221", "2211", spend="3"),
            *_days("meta_ads", META, "23", "231", "2311", spend="2")]
    restated = AdDay("google_ads", GOOGLE, "11", "111", "1111", FIRST_DAY, NOW + timedelta(hours=1), Decimal(1), 1, 1)
    vanished = AdDay("google_ads", GOOGLE, "12", "", "", FIRST_DAY, NOW + timedelta(hours=1), Decimal(0), 0, 0,
                     vanished=True)
    idle = AdDay("google_ads", GOOGLE, "11", "111", "1111", date(2026, 11, 19), BIRTH, Decimal(0), 0, 0)
    return (*rows, restated, vanished, idle)


def _lead(crm: str, number: int, **more: object) -> Lead:
    created = BIRTH + timedelta(days=number)
    url = f"https://phohien.example/?utm_source=google&utm_campaign=11&gclid=click{number}"
    field, values = ("hs_lead_status", ("NEW", "CONNECTED")) if crm == "hubspot" else ("relation_name", ("Mới", "Nóng"))
    statuses = tuple(StatusChange(created + timedelta(days=place), field, value) for place, value in enumerate(values))
    basic: dict[str, object] = {
        "crm": crm, "lead_id": str(100 + number), "person": f"p{number}", "name": f"Person {number}",
        "email": f"p{number}@example.vn", "phone": f"090000{number:04d}", "created": created, "url": url,
        "vendor_lead_id": None, "crm_campaign": None, "declared_origin": "friend", "owner_id": "7", "form_id": None,
        "statuses": statuses}
    return Lead(**(basic | more))  # type: ignore[arg-type]


def _leads() -> tuple[Lead, ...]:
    call = Call("900", BIRTH + timedelta(days=2), "outbound", "answered", 35, "7")
    hubspot = [_lead("hubspot", number, calls=(call,) if number == 1 else ()) for number in range(1, 24)]
    merged = _lead("hubspot", 30, merged_at=NOW - timedelta(days=1), merged_into="101",
                   calls=(Call("901", BIRTH + timedelta(days=31), "inbound", "no_answer", 0, "7"),))
    archived = _lead("hubspot", 31, archived_at=NOW - timedelta(days=1))
    unborn = _lead("hubspot", 60)
    getfly = [_lead("getfly", number) for number in range(1, 24)]
    gone = _lead("getfly", 31, archived_at=NOW - timedelta(days=1))
    return (*hubspot, merged, archived, unborn, *getfly, gone)


def _deal(crm: str, deal_id: str, lead_id: str, field: str, value: str, **more: datetime) -> Deal:
    created = BIRTH + timedelta(days=5)
    changes = (StatusChange(created + timedelta(days=1), field, value),)
    return Deal(crm, deal_id, lead_id, created, "7", "VND", Decimal(1200), Decimal(200), Decimal(1000), Decimal(300),
                changes, **more)  # type: ignore[arg-type]


def make_tiny() -> Company:
    """Two ad accounts that can be read, two that cannot, five campaigns, twelve days, fifty leads, four deals."""
    won = {"won_at": BIRTH + timedelta(days=6)}
    deals = (_deal("hubspot", "500", "101", "dealstage", "closedwon", **won),
             _deal("hubspot", "501", "130", "dealstage", "closedlost", lost_at=BIRTH + timedelta(days=7)),
             _deal("getfly", "600", "101", "status", "2", **won),
             _deal("getfly", "601", "102", "status", "3", **won, cancelled_at=BIRTH + timedelta(days=8)))
    accounts = (_account("google_ads", GOOGLE, "VND", MANAGER),
                _account("google_ads", GOOGLE_CLOSED, "VND", MANAGER, "CANCELED"),
                _account("google_ads", GOOGLE_FORBIDDEN, "USD", MANAGER, "FORBIDDEN"),
                _account("meta_ads", META, "USD"), _account("meta_ads", "200000000000002", "USD", status="FORBIDDEN"))
    gone = NOW - timedelta(days=2)
    campaigns = (_campaign("google_ads", GOOGLE, "11"), _campaign("google_ads", GOOGLE, "12", ads=False),
                 _campaign("meta_ads", META, "21"), _campaign("meta_ads", META, "22", deleted=gone),
                 _campaign("meta_ads", META, "23", deleted=gone, hidden=True))
    ads = (Ad("google_ads", GOOGLE, "11", "111", "Group", "1111", "Ad"),
           *(Ad("meta_ads", META, f"2{one}", f"2{one}1", "Set", f"2{one}11", "Ad") for one in "123"))
    touches = (Touch("google_ads", GOOGLE, "11", "111", "1111", "gclid", "click1",
                     datetime(2026, 11, 2, 18, tzinfo=UTC)),
               *(Touch("meta_ads", META, "21", "211", "2111", "vendor_lead_id", f"77{n}", BIRTH + timedelta(days=n))
                 for n in range(1, 6)))
    return Company(7, 1.0, "Asia/Ho_Chi_Minh", "VND", (NOW,), accounts, campaigns, ads, _spend(), touches, _leads(),
                   deals, ())


@pytest.fixture(scope="session")
def tiny() -> Company:
    """The hand-made company."""
    return make_tiny()


@pytest.fixture
def sandbox(tiny: Company) -> Iterator[SandboxServer]:
    """The hand-made company served, with pages small enough that every list has several."""
    with SandboxServer(tiny, NOW, Options(google_page_rows=5, google_chunk_rows=5)) as server:
        yield server


@pytest.fixture(scope="session")
def demo() -> Company:
    """The demo company with as few leads as its quarrels allow."""
    return make_company(scale=0.1)


@pytest.fixture(scope="session")
def served(demo: Company) -> Iterator[SandboxServer]:
    """The demo company as of its first night; tests that share it leave clock and faults alone."""
    with SandboxServer(demo, demo.nights[0], Options(google_page_rows=200)) as server:
        yield server
