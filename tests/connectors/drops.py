"""A drop folder with a mapping for tests of the files connector."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from connectors.base import Slice
from connectors.checked import checked
from connectors.files import Files
from crosscheck.settings import Settings, Source
from crosscheck.windows import Window

AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
WINDOW = Window(date(2026, 11, 1), date(2026, 11, 21))
SPEND = """
account_id: drop
time_zone: Asia/Ho_Chi_Minh
currency: VND
streams:
  - name: spend
    path: "{path}"
    grain: One row per campaign and day.
    {extra}
    outputs:
      - table: ad_daily
        columns:
          platform: {{const: zalo}}
          level: {{const: campaign}}
          campaign_id: {{from: Mã}}
          ad_group_id: {{const: ""}}
          ad_id: {{const: ""}}
          day: {{from: Ngày, parse: day_dmy}}
          spend_amount: {{from: Chi phí, parse: money_vn, "null": ["", "--"]}}
"""
HEADER = ["Mã", "Ngày", "Chi phí"]
ROWS = [["007", "01/11/2026", "1.234.567,89 ₫"], ["NA", "02/11/2026", "--"]]


def connect(tmp_path: Path, mapping: str, path: str = "drop") -> tuple[Files, Slice]:
    """A connector over `tmp_path/drop` (or another address) with this mapping, and a slice of its first stream."""
    (tmp_path / "drop").mkdir(exist_ok=True)
    (tmp_path / "map.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "key").write_text("a key that only this test knows", encoding="utf-8")
    (tmp_path / "key").chmod(0o600)
    source = Source(name="drop", connector="files", options={"path": path, "mapping": "map.yaml"})
    connector = Files(source, Settings(home=tmp_path, privacy_key="file:key"))
    return connector, Slice("drop", "files", connector.accounts()[0], connector.streams[0], WINDOW, AS_OF, "run-1",
                            "Asia/Ho_Chi_Minh")


def spend(path: str, extra: str = "") -> str:
    """The mapping of a Vietnamese spend report, with further keys of its stream."""
    return SPEND.format(path=path, extra=extra)


def rows_of(connector: Files, job: Slice) -> tuple[dict[str, pd.DataFrame], list[dict[str, Any]]]:
    """All rows of a slice by table, after landing's own checks, and what was set aside."""
    tables: dict[str, list[pa.Table]] = {}
    refused: list[dict[str, Any]] = []
    for page in connector.pages(job):
        found, bad = checked(job.stream, page, connector.map(job, page))
        refused += bad.to_pylist()
        for name, rows in found.items():
            tables.setdefault(name, []).append(rows)
    return {name: pa.concat_tables(parts).to_pandas() for name, parts in tables.items()}, refused


def as_csv(header: list[str], rows: list[list[str]], delimiter: str = ",") -> str:
    """Header and rows, every cell quoted."""
    return "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in [header, *rows]) + "\n"
