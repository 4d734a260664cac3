"""The quarrels after the sale: in the company, and in its truth of each night."""

from __future__ import annotations

from collections import Counter

from sandbox.company import make_company
from sandbox.model import Company
from sandbox.truth_ledger import Ledger
from sandbox.truth_sales import Order, listed, outcomes


def _orders(company: Company, night: int) -> dict[str, Order]:
    return {order.deal.deal_id: order for order in Ledger.of(company, night).orders}


def test_each_quarrel_is_there() -> None:
    """Even in the smallest company: a return in part and in whole, in both CRMs, seen at once or later; two debts."""
    small = make_company(scale=0.1)
    first, second = _orders(small, 1), _orders(small, 2)
    back = Counter((order.deal.crm, order.returned == order.deal.amount, key in first and first[key].returned is None)
                   for key, order in second.items() if order.returned is not None)
    assert back == {("hubspot", False, False): 1, ("hubspot", True, True): 1, ("getfly", False, True): 1,
                    ("getfly", True, False): 1}
    owed = sorted(order.paid / order.deal.amount for order in first.values()
                  if order.paid is not None and order.paid < order.deal.amount)
    assert len(owed) == 2
    assert owed[0] == 0 < owed[1] < 1


def test_what_the_nights_could_know(demo: Company) -> None:
    """HubSpot remembers every cancelled win; of Getfly only those that a night saw while they stood."""
    first, last = _orders(demo, 1), _orders(demo, len(demo.nights))
    cancelled = [deal for deal in demo.deals if deal.cancelled_at and deal.cancelled_at <= demo.nights[0]]
    assert {deal.crm for deal in cancelled} == {"hubspot", "getfly"}
    assert all((deal.deal_id in first) == (deal.crm == "hubspot") for deal in cancelled)
    for fate in ("cancelled", "deleted"):
        later = {order.deal.crm for key, order in last.items()
                 if order.fate == fate and key in first and first[key].fate == "standing"}
        assert later == {"hubspot", "getfly"}


def test_the_parts_of_the_truth_add_up(demo: Company) -> None:
    """Gross is what the orders were worth; net is what is left of it, to the last digit."""
    orders = list(_orders(demo, 3).values())
    rows = [cells for _, cells in outcomes(orders)]
    total = {name: sum(row[f"{name}_reporting_amount"] or 0 for row in rows)  # type: ignore[misc]
             for name in ("gross", "cancelled", "deleted", "returned", "net")}
    assert total["gross"] == sum(order.value for order in orders)
    assert total["gross"] == total["cancelled"] + total["deleted"] + total["returned"] + total["net"]
    assert len(dict(listed(orders))) == len(orders) == sum(row["order_count"] for row in rows)  # type: ignore[misc]
