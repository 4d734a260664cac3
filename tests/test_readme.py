"""The README shows what `make demo` really prints: its numbers are the demo company's own truth."""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.model import Company
from sandbox.truth import Truth
from tests.support import answers

pytestmark = pytest.mark.xdist_group("truth")
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
_SUMS = ("spend_reporting_amount", "unique_lead_count", "won_count", "revenue_reporting_amount",
         "gross_margin_reporting_amount")


@pytest.fixture(scope="module")
def company() -> Company:
    """The company that `make demo` plays."""
    return answers.company()


@pytest.fixture(scope="module")
def truth() -> Truth:
    """What is right after its third night, the second having been refused."""
    return answers.truth(3, 2)


def _shown() -> dict[tuple[str, str], list[str]]:
    """The ROI table: by name and platform, its cells."""
    block = README.partition("million VND\n")[2].partition("```")[0]
    rows = re.findall(r"^(.*\S) +(google_ads|meta_ads|\(none\)) +(.+)$", block, re.MULTILINE)
    return {(name, platform): cells.split() for name, platform, cells in rows}


def _right(company: Company, truth: Truth) -> dict[tuple[str, str], list[str]]:
    """The same from the truth, in millions, by the names that campaigns bear on the last night."""
    names = {(one.platform, one.account_id, one.campaign_id):
             [change.name for change in one.names if change.seen_from <= company.nights[-1]][-1]
             for one in company.campaigns}
    sums: defaultdict[tuple[str, str], list[Decimal | None]] = defaultdict(lambda: [None] * len(_SUMS))
    for (platform, account, campaign, _month), cells in truth.rows["campaign_roi_closed"].items():
        row = sums[names.get((platform, account, campaign), campaign), platform]
        for place, column in enumerate(_SUMS):
            if cells[column] is not None:
                row[place] = (row[place] or Decimal(0)) + Decimal(str(cells[column]))
    return {key: [_million(row[0]), *(str(int(count or 0)) for count in row[1:3]), *map(_million, row[3:])]
            for key, row in sums.items()}


def _million(amount: Decimal | None) -> str:
    return "—" if amount is None else f"{amount / 1_000_000:,.1f}"


def test_the_roi_table_is_the_truth(company: Company, truth: Truth) -> None:
    """Every campaign and every amount that the README prints, and no campaign less."""
    assert {key: cells[:5] for key, cells in _shown().items()} == _right(company, truth)


def test_the_number_of_facts_is_the_truths(truth: Truth) -> None:
    """What `verify` counts."""
    assert f"verify: {len(truth)} facts, 0 wrong" in README
