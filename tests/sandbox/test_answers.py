"""The quarrels about the portrait: in the company, and in its truth of the first night."""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox.answers import PROPERTIES
from sandbox.model import Company
from sandbox.truth_ledger import Ledger
from sandbox.truth_portrait import answers as told_by
from sandbox.truth_portrait import by_rules, by_sales, failed, support
from sandbox.truth_verdicts import verdicts
from tests.support import answers

pytestmark = pytest.mark.xdist_group("truth")


@pytest.fixture(scope="module")
def ledger(demo: Company) -> Ledger:
    """What the first night knows of the demo's smallest company."""
    return Ledger.of(demo, 1)


def test_each_verdict_is_borne_out_unsupported_and_contradicted(ledger: Ledger) -> None:
    """Right and wrong targets alike, whichever CRM keeps the answers."""
    found = Counter((key[0], cells["sales_verdict"], cells["support"]) for key, cells in verdicts(ledger))
    assert {(crm, word, backing) for crm in PROPERTIES for word in ("right", "wrong")
            for backing in ("supported", "unsupported", "contradicted")} == found.keys()


def test_answers_are_missing_vague_and_one_unit_short(ledger: Ledger) -> None:
    """A question skipped, all but one skipped, a sum that nobody can read, and a budget of one less than the least."""
    told = [told_by(head) for head in ledger.heads.values()]
    assert any("region" not in one and len(one) > 1 for one in told)
    assert any(one.keys() == {"purpose"} for one in told)
    assert any("budget" in one and not one["budget"].isdigit() for one in told)
    assert {failed(one) for one in told} > {None, "budget at least 2000000"}
    assert any(one.get("budget") == "1999999" for one in told)


def test_verdicts_and_answers_contradict_each_other(ledger: Ledger) -> None:
    """Somebody whom the answers exclude was called a right target, and the other way round."""
    for said, rules in (("right", "fails"), ("wrong", "fits")):
        assert any((verdict := by_sales(head)) and verdict[0] == said and by_rules(head) == rules
                   and support(said, rules) == "contradicted" for head in ledger.heads.values())


def test_one_campaign_lost_the_right_people() -> None:
    """In its last weeks the people who come by it fit less than before: at the demo's size, where that can be told."""
    names = {one.campaign_id: one.names[0].name for one in answers.company().campaigns}
    fell = {names.get(key[2]) for key, cells in answers.truth(3).rows["portrait_drift"].items()
            if cells["fit_change"] == "fell"}
    assert "Tìm kiếm - Sofa Hà Nội" in fell
