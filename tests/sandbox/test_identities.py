"""The quarrels over who is who: each is in the company, in a small one too, and its truth by hand."""

from __future__ import annotations

import pytest

from sandbox.company import make_company
from sandbox.identities import SWITCHBOARD
from sandbox.model import Company, Lead
from sandbox.truth_persons import heads, shared


@pytest.fixture(scope="module")
def small() -> Company:
    """A small company."""
    return make_company(scale=0.1)


def of_click(company: Company, click: str) -> list[Lead]:
    """The two leads whose link bears a click id."""
    return [lead for lead in company.leads if lead.url and lead.url.endswith(f"fbclid={click}")]


def test_a_switchboard_shows_in_the_second_night(small: Company) -> None:
    """Three addresses may be one person's; with the fourth, between two nights, everybody is somebody else."""
    colleagues = [(lead.crm, lead.lead_id) for lead in small.leads if lead.phone == SWITCHBOARD]
    found = [heads(small.leads, small.nights[:night]) for night in (1, 2)]
    assert [len({found[night][key].lead_id for key in colleagues if key in found[night]}) for night in (0, 1)] == [1, 5]


def test_a_click_joins_whom_it_may(small: Company) -> None:
    """A forwarded link joins nobody, a cookie joins a mail and a phone."""
    found = heads(small.leads, small.nights[:1])
    for click, count in (("fb.forwarded.1", 2), ("fb.cookie.1", 1)):
        both = of_click(small, click)
        assert len(both) == 2
        assert len({found[lead.crm, lead.lead_id].lead_id for lead in both}) == count


def test_a_chain_is_one_buyer(small: Company) -> None:
    """Mail to mail, phone to phone: the first and the third record have nothing in common."""
    found = heads(small.leads, small.nights[:1])
    links = {frozenset((lead.crm, lead.lead_id) for lead in link.leads)
             for link in shared(small.leads, small.nights[:1])
             if link.kind in ("email", "phone") and link.refused is None}
    chains = {(first, last) for one in links for other in links if len(one & other) == 1
              for first in one - other for last in other - one}
    assert chains
    assert all(found[first] is found[last] for first, last in chains)
