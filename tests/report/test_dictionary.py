"""The Vietnamese dictionary of tables and ratios is that of today's records."""

from __future__ import annotations

from pathlib import Path

import pytest

from report import dictionary
from warehouse.marts import MARTS

ROOT = Path(__file__).parents[2]
DOCUMENTS = dictionary.documents()


@pytest.mark.parametrize("path", DOCUMENTS)
def test_the_documents_are_todays(path: str) -> None:
    """A table, column or ratio that came, went or changed is found; `python -m report.dictionary` writes it again."""
    assert (ROOT / path).read_text(encoding="utf-8") == DOCUMENTS[path]


def test_every_published_table_is_told() -> None:
    """Each mart has its head, each of its columns a row, and no text of the records is left in English."""
    told = DOCUMENTS["docs/tables.vi.md"]
    heads = [line for line in told.splitlines() if line.startswith("## ")]
    assert heads == [f"## {mart.record.full_name}" for mart in MARTS]
    assert told.count("\n| `") == sum(len(mart.record.columns) for mart in MARTS)
    assert [text for text in dictionary.texts() if len(text.split()) > 2 and text in told] == []
