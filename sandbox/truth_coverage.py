"""Truth of what may be published: per CRM and metric, how much of what the metric needs is on record."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.facts import Key
from sandbox.truth_ledger import Ledger
from sandbox.truth_origin import UNMATCHED
from sandbox.truth_roi import Cells

#: The share that must be on record before a metric is published.
NEEDED = {"speed_to_lead": 0.6, "routing_delay": 0.6, "roi": 1.0, "match": 0.5}


def coverage(ledger: Ledger) -> Iterator[tuple[Key, Cells]]:
    """Per CRM that holds a first lead or a won deal, one row for every metric, be there anything to count or not."""
    for crm in {head.lead.crm for head in ledger.heads.values()} | {win.crm for win in ledger.wins}:
        people = [head for head in ledger.heads.values() if head.lead.crm == crm]
        wins = [win for win in ledger.wins if win.crm == crm]
        parts = {"speed_to_lead": [head.is_touched for head in people],
                 "routing_delay": [head.is_assigned for head in people],
                 "roi": [win.margin is not None for win in wins],
                 "match": [head.campaign != UNMATCHED for head in people]}
        for metric, known in parts.items():
            yield (crm, metric), _cells(known, NEEDED[metric])


def _cells(known: list[bool], needed: float) -> Cells:
    """One row; the words of a reason are the table's own, that there is none when published is a fact."""
    share = sum(known) / len(known) if known else None
    is_published = share is not None and share >= needed
    cells: Cells = {"eligible_count": len(known), "covered_count": sum(known), "covered_rate": share,
                    "needed_rate": needed, "is_published": is_published}
    return cells | {"reason": None} if is_published else cells
