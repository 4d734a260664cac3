"""docs/files.md is true: its example runs as shown, its keys and parsers are all there are."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.base import Slice
from connectors.file_cells import Cell
from connectors.file_mapping import FileMapping, FileStream, Target
from connectors.file_parsers import PARSERS
from connectors.files import Files
from crosscheck.settings import Settings, Source
from crosscheck.windows import Window

TEXT = (Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def test_the_worked_example_gives_what_the_text_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows arrive, the third is set aside for its date, and no column is unknown."""
    (tmp_path / "zalo").mkdir()
    (tmp_path / "zalo" / "zalo-2026-11.csv").write_text(block("csv"), encoding="utf-8")
    (tmp_path / "zalo.yaml").write_text(block("yaml"), encoding="utf-8")
    monkeypatch.setenv("DROP", str(tmp_path))
    source = Source(name="zalo", connector="files", options={"path": "${DROP}/zalo", "mapping": "zalo.yaml"})
    connector = Files(source, Settings(home=tmp_path))
    day = date(2026, 11, 21)
    job = Slice("zalo", "files", connector.accounts()[0], connector.streams[0], Window(day, day),
                datetime(2026, 11, 22, tzinfo=UTC), "run", "Asia/Ho_Chi_Minh")
    (page,) = connector.pages(job)
    mapped = connector.map(job, page)
    spend = mapped.frames["ad_daily"]
    assert spend["campaign_id"].tolist() == ["0071", "NA"]
    assert spend["spend_amount"].tolist() == [Decimal("1234567.89"), None]
    assert spend["impression_count"].tolist() == [12345, 800]
    assert mapped.frames["campaign"]["campaign_name_norm"].tolist() == ["tết sale", "khai trương"]
    assert mapped.quarantined.to_dict("records") == [{"row_no": 3, "reason": "not_a_date", "field": "Ngày"}]
    assert mapped.drift == ()


def test_the_table_of_parsers_is_complete() -> None:
    """Every parser has its row, with the meaning and the example that the code has, and there is no other row."""
    rows = [f"| `{each.name}` | {', '.join(sorted(each.kinds))} | {each.meaning} | `{each.example}` |"
            for each in PARSERS.values()]
    table = TEXT.partition("## Parsers")[2].partition("##")[0].strip().splitlines()
    assert table[2:] == rows


@pytest.mark.parametrize("part", [FileMapping, FileStream, Target, Cell])
def test_every_key_is_explained(part: type[FileMapping | FileStream | Target | Cell]) -> None:
    """A key that the mapping understands is named in the document."""
    keys = [field.alias or name for name, field in part.model_fields.items()]
    assert [key for key in keys if f"`{key}" not in TEXT] == []
