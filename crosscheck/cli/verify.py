"""`verify`: the published marts against the truth of a demo company."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crosscheck.cli.options import Config, Json
from crosscheck.cli.out import following, print_json, raw, table
from crosscheck.settings import Settings, load

if TYPE_CHECKING:
    from sandbox.facts import Truth


def verify(company: Path, *, night: int = 0, missed: tuple[int, ...] = (),
           config: Config = None, as_json: Json = False) -> int:
    """Compare every published number with the answer that the company's own events give.

    Example: `crosscheck verify var/company`

    Parameters
    ----------
    company: the folder that `sandbox generate` wrote.
    night: how many nights have run; 0 means all.
    missed: nights that staged nothing, because gate 1 refused them or they never ran.
    config: the configuration; default ./crosscheck.toml.
    """
    return proof(truth_of(company, night=night, missed=missed), load(config), as_json=as_json)


def truth_of(company: Path, *, night: int = 0, missed: tuple[int, ...] = ()) -> Truth:
    """What the company's own events answer: no run has any part in it."""
    from crosscheck.cli.sandbox import company_in
    from sandbox.truth import expected

    story = company_in(company)
    return expected(story, night or len(story.nights), missed=missed)


def proof(truth: Truth, settings: Settings, *, as_json: bool) -> int:
    """Print how the published tables compare; 0 when nothing is wrong."""
    from sandbox.truth import compare
    from warehouse.reading import published_rows

    found = compare(truth, published_rows(settings, {fact.mart for fact in truth.facts}))
    if as_json:
        print_json({"facts": found.facts, "wrong": len(found.wrong), "mismatches": found.wrong[:100]})
        return 0 if not found.wrong else 1
    if found.wrong:
        rows = [(m.mart, " ".join(f"{k}={v}" for k, v in m.key.items()), m.column, m.expected, m.found)
                for m in found.wrong[:20]]
        table("the first mismatches", ("mart", "key", "column", "expected", "found"), rows)
        following("crosscheck trace MART KEY opens one of them")
    raw(f"verify: {found.facts} facts, {len(found.wrong)} wrong")
    return 0 if not found.wrong else 1
