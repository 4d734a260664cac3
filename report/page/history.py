"""What each publication changed against the one before it, out of the archive: the page's timeline."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crosscheck.errors import ConfigError
from report.page.keys import campaign, number
from warehouse import archive, ops
from warehouse.engine import Warehouse
from warehouse.trace import find

#: The newest publications that the timeline shows, and the newest changes that are listed.
MOST_PUBLICATIONS = 60
MOST_CHANGES = 1_500
_WORDS = ("changed_metric", "close_month", "change_cause")
_VALUES = ("old", "new", "change")


def told(wh: Warehouse) -> dict[str, Any]:
    """The publications, newest first, and their changes. A change names its publication, the key of its
    campaign and its words by their places. Raises ConfigError before the first publication.
    """
    p, record = ops.publication.c, find("why_changed").record
    rows: list[list[Any]] = []
    keys: dict[tuple[str, ...], int] = {}
    words: dict[str, int] = {}
    with wh.engine.connect() as conn:
        made = conn.execute(sa.select(p.publication_no, p.as_of, p.business_day, p.run_id)
                            .where(p.publication_no.is_not(None)).order_by(p.publication_no.desc())
                            .limit(MOST_PUBLICATIONS)).all()
        if not made:
            raise ConfigError("nothing has been published yet", fix="crosscheck run")
        for at, publication in enumerate(made):
            changed = conn.execute(archive.state(record, publication.publication_no)).mappings()
            rows += sorted([at, keys.setdefault(campaign(row), len(keys)),
                            *(words.setdefault(str(row[name]), len(words)) for name in _WORDS), *_numbers(row)]
                           for row in map(dict, changed))
    return {"changes": {
        "publications": [[one.run_id, f"{one.as_of.isoformat()}Z", one.business_day.isoformat()] for one in made],
        "keys": [list(key) for key in keys], "words": list(words),
        "columns": ["publication", "campaign", *_WORDS, *_VALUES], "count": len(rows), "rows": rows[:MOST_CHANGES]}}


def _numbers(row: Any) -> list[Any]:
    """Before, now and the difference: counts or amounts, whichever the number is."""
    kind = "count" if row["change_count"] is not None else "reporting_amount"
    return [number(row[f"{name}_{kind}"]) for name in _VALUES]
