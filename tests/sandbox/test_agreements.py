"""What the demo's departments agree on between its nights: in the company, in its truth, and in its rule files."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from crosscheck.cli.demo_agreements import sign_rules
from crosscheck.rules import SHIPPED, load_lead_states
from sandbox.model import Company
from sandbox.truth_agreements import appeals, moved, versions
from sandbox.truth_changes import changes
from sandbox.truth_events import meaning
from sandbox.truth_ledger import Books, Ledger
from sandbox.truth_roi import closed

METRICS = ("unique_lead_count", "qualified_count", "won_count", "spend_reporting_amount", "revenue_reporting_amount")


@pytest.fixture(scope="module")
def ledger(demo: Company) -> Ledger:
    """The demo's third night, the second one refused."""
    return Ledger.of(demo, 3, (2,))


def test_both_sides_appeal_and_one_waits_for_an_answer(demo: Company, ledger: Ledger) -> None:
    """Each about another lead, and none before the second night; a refused night reads none."""
    rows = list(dict(appeals(ledger)).values())
    assert Counter((row["appellant"], row["appeal_status"]) for row in rows) == {
        ("marketing", "binding"): 1, ("sales", "binding"): 1, ("sales", "pending"): 1}
    assert len({(row["head_source"], row["head_lead_id"]) for row in rows}) == 3
    assert list(appeals(Ledger.of(demo, 2))) == []


def test_the_signed_meaning_is_the_one_of_the_truth(demo: Company, tmp_path: Path) -> None:
    """Word by word, by a new version that both signed; done twice done once, and before its day never."""
    folder = shutil.copytree(SHIPPED / "lead_states", tmp_path / "states")
    assert list(sign_rules(demo, folder, demo.nights[1])) == []
    shipped = load_lead_states(folder)
    assert len(list(sign_rules(demo, folder, demo.nights[2]))) == len(demo.rulings) == 1
    signed = load_lead_states(folder)
    text = {file.name: file.read_text() for file in folder.iterdir()}
    list(sign_rules(demo, folder, demo.nights[2]))
    assert text == {file.name: file.read_text() for file in folder.iterdir()}
    assert signed.version != shipped.version
    assert {head.is_draft for head in shipped.heads.values()} == {True}
    assert {head.is_draft for head in signed.heads.values()} == {False}
    for states, night in ((shipped, 0), (signed, 2)):
        told = {key: meant for crm in ("hubspot", "getfly") for key, meant in states.states_for(crm, crm).items()}
        assert meaning(demo, demo.nights[night]) == {
            key: tuple(word for word in told[key] if word != "closed") for key in meaning(demo, demo.nights[0])}


def test_the_rule_moves_leads_of_its_own_crm_alone(ledger: Ledger) -> None:
    """Whom Getfly calls lost becomes reached and qualified; nothing of HubSpot moves; both files are signed."""
    rows = {key[2:]: cells for key, cells in moved(ledger)}
    told = {key: (cells["moved_in_count"], cells["moved_out_count"]) for key, cells in rows.items()}
    assert {key for key, both in told.items() if both != (0, 0)} == {("getfly", "reached"), ("getfly", "qualified")}
    assert told["getfly", "reached"] == told["getfly", "qualified"] > (0, 0)
    signed = {key[0]: cells["is_draft"] for key, cells in versions(ledger)}
    assert (signed["lead_states/getfly"], signed["lead_states/hubspot"], signed["sla"]) == (False, False, True)


def test_the_causes_add_up_to_the_published_difference(demo: Company, ledger: Ledger) -> None:
    """Restated spend, merges, deletions, the rule, the appeals: number by number, to the last digit."""
    rows, found = dict(changes(ledger)), defaultdict[tuple[str, ...], Decimal](Decimal)
    for key, cells in rows.items():
        found[key[:5]] += Decimal(str(cells["change_count"] or cells["change_reporting_amount"] or 0))
    now, before = (dict(closed(books)) for books in (ledger, Books.kept(demo, demo.nights[:1])))
    differs = {(metric, *place): Decimal(str(now.get(place, {}).get(metric) or 0))
               - Decimal(str(before.get(place, {}).get(metric) or 0))
               for place in now.keys() | before.keys() for metric in METRICS}
    assert {key: change for key, change in found.items() if change} == {
        key: change for key, change in differs.items() if change}
    assert {key[5] for key in rows} >= {"new", "restated", "vanished", "merged", "re_ruled", "appeal"}
    by_appeal = sum(int(cells["change_count"] or 0) for key, cells in rows.items() if key[5] == "appeal")
    assert by_appeal == sum(one.signed_at is not None for one in demo.appeals)


def test_without_agreements_none_is_told(demo: Company) -> None:
    """A company in which nobody agreed on anything: no rows, every shipped rule a draft."""
    silent = Ledger.of(replace(demo, appeals=(), rulings=()), 3)
    assert [*appeals(silent), *moved(silent)] == []
    assert {key[5] for key, _ in changes(silent)} & {"appeal", "re_ruled"} == set()
