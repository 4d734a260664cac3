"""Getfly records one by one: what the sandbox's company does not hold."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Account, Connector, RawPage, Slice
from connectors.getfly import ACCOUNTS, ORDERS
from connectors.getfly_wire import listing
from crosscheck.errors import BrokenAnswer
from crosscheck.windows import Window
from tests.support.crm import Read, connect

JOB = Slice("crm", "getfly", Account("tenant", "Asia/Ho_Chi_Minh"), ACCOUNTS,
            Window(date(2026, 11, 1), date(2026, 11, 1)), datetime(2026, 11, 2, tzinfo=UTC), "run", "Asia/Ho_Chi_Minh")
DATES = {"created_at": "2026-11-01 01:30:00", "updated_at": "2026-11-01 09:00:00"}
NEVER = "0000-00-00 00:00:00"


@pytest.fixture
def tenant(monkeypatch: pytest.MonkeyPatch) -> Connector:
    return connect("getfly", "http://127.0.0.1:9", monkeypatch.setenv)[0]


def read(tenant: Connector, job: Slice, *rows: dict[str, Any], raw: str = "") -> Read:
    return Read(tenant, job, [RawPage((raw or json.dumps({"data": rows})).encode(), len(rows) or 1)])


def account(**values: Any) -> dict[str, Any]:
    return {"id": 7, "relation_name": "Mới", "email": "", "phone_office": "", **DATES} | values


def order(**values: Any) -> dict[str, Any]:
    return {"id": 9, "account_id": 7, "status": 1, "real_amount": "100", **DATES} | values


def test_local_times_become_utc(tenant: Connector) -> None:
    """01:30 in Vietnam is the evening before in UTC; the business day stays."""
    (lead,) = read(tenant, JOB, account()).rows("lead")
    assert (str(lead["created_at"]), lead["created_day"]) == ("2026-10-31 18:30:00", date(2026, 11, 1))


def test_zeros_are_no_date(tenant: Connector) -> None:
    """A record never edited has zeros where its last change would stand: it was last changed when it was made."""
    (lead,) = read(tenant, JOB, account(updated_at=NEVER)).rows("lead")
    assert lead["updated_at"] == lead["created_at"]
    assert read(tenant, JOB, account(created_at=NEVER)).quarantined() == [("missing", "created_at")]


def test_empty_texts_are_null(tenant: Connector) -> None:
    """Getfly writes nothing as empty text, an empty list or zero."""
    got = read(tenant, JOB, account(detail_custom_fields=[], relation_name=""))
    (lead,), (contact,) = got.rows("lead"), got.rows("contact")
    assert (lead["is_email_valid"], lead["utm_source"], contact["email"], contact["phone"]) == (None, None, None, None)
    assert got.rows("lead_status") == []


def test_custom_fields_that_are_no_object(tenant: Connector) -> None:
    """A record whose custom fields are text is set aside."""
    got = read(tenant, JOB, account(detail_custom_fields="utm"))
    assert got.quarantined() == [("not an object", "detail_custom_fields")]


def test_answers_to_the_portrait(tenant: Connector) -> None:
    """Custom fields that the portrait names are answers, empty ones are none, others are drift."""
    got = read(tenant, JOB, account(detail_custom_fields={"muc_dich": "nhà ở", "ngan_sach": 3000000, "khu_vuc": "",
                                                          "thu_cung": "mèo"}))
    assert [(row["portrait_property"], row["answer"], row["answer_number"]) for row in got.rows("portrait_answer")] == [
        ("muc_dich", "nhà ở", None), ("ngan_sach", "3000000", Decimal("3000000.000000"))]
    assert got.drift == {"detail_custom_fields.thu_cung"}


@pytest.mark.parametrize(("status", "won", "lost", "closed"), [
    (1, False, False, None),
    ("2", True, False, "2026-10-31 17:00:00"),
    (3, False, True, "2026-11-01 02:00:00"),
    (9, False, False, None),
])
def test_order_status(tenant: Connector, *, status: object, won: bool, lost: bool, closed: str | None) -> None:
    """Approved is won on the order date, cancelled is lost at the last change, anything else is open."""
    (row,) = read(tenant, replace(JOB, stream=ORDERS), order(status=status, order_date="2026-11-01")).rows("deal")
    assert (row["is_won"], row["is_lost"]) == (won, lost)
    assert row["closed_at"] == (None if closed is None else datetime.fromisoformat(closed))
    assert row["stage"] == str(status)


def test_what_became_of_an_order(tenant: Connector) -> None:
    """Each look is a version: won with its closing, and not won; paid and returned as told, empty is unknown."""
    job = replace(JOB, stream=ORDERS)
    won = read(tenant, job, order(status=2, order_date="2026-11-01", f_amount="5", custom_fields={
        "returned_amount": "1.5"}))
    (version,), (deal,) = won.rows("deal_win"), won.rows("deal")
    assert (version["is_won"], version["closed_day"], version["is_inferred"]) == (True, date(2026, 11, 1), True)
    assert version["entered_at"] == deal["updated_at"]
    assert (deal["paid_amount"], deal["returned_amount"], deal["order_kind"]) == (5, Decimal("1.5"), "order")
    gone = read(tenant, job, order(status=3, custom_fields={"returned_amount": ""}))
    (version,), (deal,) = gone.rows("deal_win"), gone.rows("deal")
    assert (version["is_won"], version["closed_at"], version["closed_day"]) == (False, None, None)
    assert (deal["paid_amount"], deal["returned_amount"]) == (None, None)


def test_an_approved_order_needs_its_day(tenant: Connector) -> None:
    """A win on no day cannot be counted in any month."""
    got = read(tenant, replace(JOB, stream=ORDERS), order(status=2, order_date=NEVER))
    assert got.quarantined() == [("missing", "order_date")]


def test_money_is_never_a_float(tenant: Connector) -> None:
    """A bare number keeps every digit; an account of 0 is no account."""
    raw = ('[{"id":"9","account_id":"0","status":"1","real_amount":123456789012.10,"created_at":"2026-11-01 01:30:00",'
           '"updated_at":"2026-11-01 09:00:00","custom_fields":{"gross_margin":0.1}}]')
    (row,) = read(tenant, replace(JOB, stream=ORDERS), raw=raw).rows("deal")
    assert (row["deal_amount"], row["gross_margin_amount"]) == (Decimal("123456789012.100000"), Decimal("0.100000"))
    assert (row["lead_id"], row["currency_code"]) == (None, "VND")


@pytest.mark.parametrize("amount", ["abc", "1.234.567", "Infinity", "9" * 30])
def test_amounts_that_are_none(tenant: Connector, amount: str) -> None:
    """What is no number is set aside, not guessed at."""
    got = read(tenant, replace(JOB, stream=ORDERS), order(real_amount=amount))
    assert got.quarantined() == [("not an amount", "real_amount")]


@pytest.mark.parametrize("body", [b'{"error":"x"}', b'{"data":null}', b"[1]", b'"data"', b"[NaN]", b"<html>"])
def test_what_is_no_list(body: bytes) -> None:
    """An answer without a list of records is no answer."""
    with pytest.raises(BrokenAnswer):
        listing(body)


@pytest.mark.parametrize(("body", "limit", "more"), [
    (b'{"data":[],"has_more":true}', 1, False),
    (b'{"data":[{}],"has_more":true}', 100, True),
    (b'{"data":[{}],"has_more":false}', 1, False),
    (b"[{}]", 1, True),
    (b"[{}]", 2, False),
])
def test_when_to_ask_on(body: bytes, limit: int, *, more: bool) -> None:
    """`has_more` decides where the shape has it, a full page elsewhere; an empty page always ends."""
    assert listing(body).has_more(limit) is more
